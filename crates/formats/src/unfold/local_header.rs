//! 局所見出し: what a zip says before the data of an entry must be what its directory says.
//!
//! Readers that stream believe the one, readers that seek the other; an archive that tells them
//! different things wants to be two archives.

use std::io::{Read, Seek, SeekFrom};

use zip::CompressionMethod;

use super::directory::{Entry, bad};
use crate::FileRefused;

/// Bytes before the name.
const HEADER: usize = 30;
/// The sizes follow behind the data, and the header has none.
const SIZES_BEHIND: u16 = 1 << 3;
/// The real size stands in an extra field.
const IN_EXTRA: u32 = u32::MAX;

/// Refuses an entry whose own header contradicts the directory.
pub(super) fn agrees(input: &mut (impl Read + Seek), entry: &Entry) -> Result<(), FileRefused> {
    input.seek(SeekFrom::Start(entry.header_start))?;
    let mut header = [0; HEADER];
    input.read_exact(&mut header).map_err(|_| bad("an entry is cut off"))?;
    let short = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let long = |at: usize| u32::from(short(at)) | u32::from(short(at + 2)) << 16;
    let mut name = vec![0; usize::from(short(26))];
    input.read_exact(&mut name).map_err(|_| bad("an entry is cut off"))?;
    let says = |stated: u32, known: u64| stated == IN_EXTRA || u64::from(stated) == known;
    let flags = short(6);
    let same = header.starts_with(b"PK\x03\x04")
        && flags & 1 == 0
        && name == entry.name_raw
        && method(entry.method).is_none_or(|number| short(8) == number)
        && (flags & SIZES_BEHIND != 0
            || (long(14) == entry.sum
                && says(long(18), entry.packed)
                && says(long(22), entry.size)));
    if same { Ok(()) } else { Err(bad("an entry is not what the directory says")) }
}

/// The number of a method this reader has; another one is refused anyway.
fn method(method: CompressionMethod) -> Option<u16> {
    match method {
        CompressionMethod::Stored => Some(0),
        CompressionMethod::Deflated => Some(8),
        _ => None,
    }
}
