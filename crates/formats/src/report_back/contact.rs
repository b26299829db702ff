//! 連絡先の混入: mail addresses and telephone numbers in free text, where they must not be.

use crate::text;

/// Whether free text holds a mail address or a Japanese or international telephone number.
///
/// Full-width characters count as plain ones. Dates and inquiry IDs are no telephone numbers: a
/// number counts if it has 9 to 11 digits and begins with 0, or begins with `+`.
pub fn holds_contact_data(note: &str) -> bool {
    let note: String = text::narrow(note).chars().map(dash).collect();
    holds_mail(&note) || holds_phone(&note)
}

/// The dashes of a Japanese keyboard, made plain.
fn dash(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{30FC}' | '\u{FF70}' | '\u{2500}' => '-',
        _ => c,
    }
}

fn holds_mail(note: &str) -> bool {
    note.match_indices('@').any(|(at, _)| {
        let local = note[..at].chars().next_back();
        let host = &note[at + 1..];
        let end = host.find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-');
        let host = host[..end.unwrap_or(host.len())].trim_end_matches('.');
        local.is_some_and(|c| c.is_ascii_alphanumeric() || "._%+-\"".contains(c))
            && host.split_once('.').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty())
    })
}

fn holds_phone(note: &str) -> bool {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '(' | ')' | '+' | '.');
    // Whatever else stands between two numbers parts them; a blank may stand within one.
    note.split(|c: char| !is_part(c) && c != ' ').any(|run| {
        let parts: Vec<&str> = run.split(' ').filter(|part| !part.is_empty()).collect();
        (1..=4).any(|size| parts.windows(size).any(|window| is_phone(&window.concat())))
    })
}

fn is_phone(number: &str) -> bool {
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let front = number.trim_start_matches('(');
    match front.as_bytes().first() {
        Some(b'0') => (9..=11).contains(&digits),
        Some(b'+') => (9..=15).contains(&digits),
        _ => false,
    }
}
