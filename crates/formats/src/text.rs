//! Text of a cell (文字列): control characters, full-width digits, numbers a spreadsheet has spoilt,
//! and bytes as digits.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::Reason;

/// Whether a character is C0 other than TAB, LF and CR.
fn is_control(b: u8) -> bool {
    b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')
}

/// Puts U+FFFD for each C0 character except TAB, LF and CR; says whether there was one. A row with
/// a NUL does not come as far as this.
pub(crate) fn clean(text: Cow<'_, str>) -> (Cow<'_, str>, bool) {
    if !text.bytes().any(is_control) {
        return (text, false);
    }
    let cleaned = text.chars().map(|c| match u8::try_from(c) {
        Ok(b) if is_control(b) => '\u{FFFD}',
        _ => c,
    });
    (Cow::Owned(cleaned.collect()), true)
}

/// Trims blanks, the ideographic one included, and turns full-width ASCII into plain ASCII.
///
/// For cells that hold a code, a number or a time; never for names and free text.
pub(crate) fn narrow(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let narrowed = text.chars().map(|c| match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        '\u{2212}' => '-',
        _ => c,
    });
    Cow::Owned(narrowed.collect())
}

/// A whole number within `0..=max`. Refuses what a spreadsheet has rounded (`4.82E+14`).
pub(crate) fn number(text: &str, max: u64) -> Result<u64, Reason> {
    let text = narrow(text);
    if is_rounded(&text) {
        return Err(Reason::RoundedNumber);
    }
    if text.is_empty() || text.len() > 20 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::BadNumber);
    }
    match text.parse() {
        Ok(number) if number <= max => Ok(number),
        _ => Err(Reason::BadNumber),
    }
}

/// Bytes in small hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether this is how a spreadsheet shows a long number: `4.82E+14`. A model may well be called
/// `78e5`: no spreadsheet leaves the sign out.
pub(crate) fn is_rounded(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let Some(exponent) = exponent.strip_prefix('+') else { return false };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    [whole, fraction, exponent]
        .iter()
        .all(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
        && whole.len() <= 2
}
