//! Tells UTF-8 from CP932 where nobody states it: by what the bytes can be, not by the first slip.

use crate::Encoding;

/// What is looked at, from the first row on that is not plain ASCII.
pub(super) const SAMPLE: usize = 64 << 10;

/// Proofs of UTF-8 that outweigh one broken place: a handful of CP932 bytes may pass for a
/// character of UTF-8 by chance, but not again and again.
const PROOFS_PER_SLIP: usize = 2;

/// The encoding of a text of which `sample` is a part.
///
/// Text of either encoding is hardly ever sound in the other one: each character of UTF-8 proves
/// its lead by its trail. So a few bytes that do not belong cost their rows, not the whole file.
pub(super) fn encoding(sample: &[u8]) -> Encoding {
    let sample = &sample[..sample.len().min(SAMPLE)];
    let (mut proven, mut broken) = (0, 0);
    for chunk in sample.utf8_chunks() {
        // Two trails prove a lead. One does not: two half-width katakana look alike.
        proven += chunk.valid().chars().filter(|c| c.len_utf8() > 2).count();
        broken += usize::from(!chunk.invalid().is_empty() && !is_begun(chunk.invalid()));
    }
    if broken == 0 || proven > PROOFS_PER_SLIP * broken || misread(sample) >= broken {
        Encoding::Utf8
    } else {
        Encoding::Cp932
    }
}

/// Whether these are the first bytes of a character that the sample cuts off.
fn is_begun(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|e| e.error_len().is_none())
}

/// What CP932 makes nothing of.
fn misread(sample: &[u8]) -> usize {
    let (text, _) = encoding_rs::SHIFT_JIS.decode_without_bom_handling(sample);
    text.matches('\u{FFFD}').count()
}
