//! 目録終端: how many entries a zip says it has, before any of them is read.
//!
//! A library that trusts this number makes room for as many entries, so it is looked at first. The
//! record must end where the file ends, and the directory where the record begins: with anything
//! between them, two readers could find two directories.

use std::io::{Read, Seek, SeekFrom};

use super::directory::bad;
use crate::FileRefused;
use crate::unpack::Limits;

/// Bytes of the record, of the locator and of the record of a zip64.
const END: usize = 22;
const LOCATOR: usize = 20;
const END64: usize = 56;
/// A comment is no longer.
const COMMENT_MAX: usize = 0xFFFF;
/// The directory of a hundred entries is some 10 KiB.
const DIRECTORY_BYTES_MAX: u64 = 1 << 20;

fn number(bytes: &[u8], at: usize, width: usize) -> u64 {
    bytes[at..at + width].iter().rev().fold(0, |sum, b| sum << 8 | u64::from(*b))
}

/// What the end of a zip says of its directory.
struct End {
    count: u64,
    bytes: u64,
    start: u64,
    /// Where the directory must end.
    at: u64,
}

/// How many entries the directory of a zip of `size` bytes has.
pub(super) fn count(
    input: &mut (impl Read + Seek),
    size: u64,
    limits: Limits,
) -> Result<usize, FileRefused> {
    let end = end(input, size)?;
    let count = usize::try_from(end.count).unwrap_or(usize::MAX);
    if count > limits.entries_max {
        return Err(bad("it holds too many entries"));
    }
    if end.bytes > DIRECTORY_BYTES_MAX {
        return Err(bad("its directory is too large"));
    }
    if end.start.checked_add(end.bytes) != Some(end.at) {
        return Err(bad("its directory does not lie before its end"));
    }
    Ok(count)
}

fn end(input: &mut (impl Read + Seek), size: u64) -> Result<End, FileRefused> {
    let tail_len = size.min((END + LOCATOR + COMMENT_MAX) as u64);
    let tail_start = size - tail_len;
    input.seek(SeekFrom::Start(tail_start))?;
    let mut tail = Vec::new();
    input.take(tail_len).read_to_end(&mut tail)?;
    // The last one decides: a comment that holds another one is refused, not believed.
    let at =
        memchr::memmem::rfind(&tail, b"PK\x05\x06").ok_or_else(|| bad("its end is missing"))?;
    let record = &tail[at..];
    if record.len() < END
        || record.len() - END != usize::try_from(number(record, 20, 2)).unwrap_or(0)
    {
        return Err(bad("it does not end where it says"));
    }
    let end = End {
        count: number(record, 10, 2),
        bytes: number(record, 12, 4),
        start: number(record, 16, 4),
        at: tail_start + at as u64,
    };
    if number(record, 4, 4) != 0 || number(record, 8, 2) != end.count {
        return Err(bad("it is one of several pieces"));
    }
    match at.checked_sub(LOCATOR) {
        Some(from) if tail[from..].starts_with(b"PK\x06\x07") => {
            end64(input, &tail[from..at], end.at - LOCATOR as u64)
        }
        _ => Ok(end),
    }
}

/// The same of a zip64, whose locator stands at `at`.
fn end64(input: &mut (impl Read + Seek), locator: &[u8], at: u64) -> Result<End, FileRefused> {
    let start = number(locator, 8, 8);
    if start.checked_add(END64 as u64) != Some(at) {
        return Err(bad("its end is not where it says"));
    }
    input.seek(SeekFrom::Start(start))?;
    let mut record = [0; END64];
    input.read_exact(&mut record)?;
    if !record.starts_with(b"PK\x06\x06") {
        return Err(bad("its end is missing"));
    }
    Ok(End {
        count: number(&record, 32, 8),
        bytes: number(&record, 40, 8),
        start: number(&record, 48, 8),
        at: start,
    })
}
