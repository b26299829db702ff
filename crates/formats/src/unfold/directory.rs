//! 書庫目録: the directory of a zip, checked before anything is unfolded.
//!
//! A hostile zip says one thing in its directory and another before its data, lists one piece of
//! data under many names, or counts entries without end. All of that is refused here, as are
//! links, passwords and the zips that office programmes call spreadsheets.

use std::io::{Read, Seek, SeekFrom};

use zip::read::ZipFile;
use zip::{CompressionMethod, ZipArchive};

use super::names::{bare, is_junk};
use super::place::{Packing, Place, bytes_max};
use super::{directory_end, local_header};
use crate::FileRefused;
use crate::unpack::Limits;

pub(super) fn bad(why: &str) -> FileRefused {
    FileRefused::BadArchive(why.to_owned())
}

fn broken(e: impl std::fmt::Display) -> FileRefused {
    FileRefused::BadArchive(e.to_string())
}

/// What the directory says of one entry.
pub(super) struct Entry {
    pub(super) name_raw: Vec<u8>,
    name: String,
    is_folder: bool,
    pub(super) header_start: u64,
    data_start: u64,
    pub(super) method: CompressionMethod,
    pub(super) packed: u64,
    pub(super) size: u64,
    pub(super) sum: u32,
}

/// The files of a zip of `size` bytes, in the order of its directory.
pub(super) fn files(
    input: &mut (impl Read + Seek),
    size: u64,
    limits: Limits,
) -> Result<Vec<Place>, FileRefused> {
    let count = directory_end::count(input, size, limits)?;
    input.seek(SeekFrom::Start(0))?;
    let entries = entries(input, count)?;
    is_office(&entries)?;
    let mut total: u64 = 0;
    let mut places = Vec::new();
    for entry in &entries {
        local_header::agrees(input, entry)?;
        if entry.size > limits.entry_bytes_max {
            return Err(FileRefused::TooLarge(limits.entry_bytes_max));
        }
        if entry.size > bytes_max(limits, entry.packed) {
            return Err(bad("it unfolds more than the allowed ratio"));
        }
        total = total.saturating_add(entry.size);
        if total > limits.total_bytes_max {
            return Err(FileRefused::TooLarge(limits.total_bytes_max));
        }
        if !entry.is_folder && !is_junk(&entry.name) {
            places.push(place(entry)?);
        }
    }
    Ok(places)
}

/// Reads the directory, and refuses what no honest archive holds.
fn entries(input: &mut (impl Read + Seek), count: usize) -> Result<Vec<Entry>, FileRefused> {
    let mut archive = ZipArchive::new(input).map_err(broken)?;
    if archive.len() != count {
        return Err(bad("two of its entries bear one name"));
    }
    if archive.has_overlapping_entries().map_err(broken)? {
        return Err(bad("its entries overlap"));
    }
    let mut entries = Vec::with_capacity(count);
    for index in 0..count {
        let entry = archive.by_index_raw(index).map_err(broken)?;
        if entry.encrypted() {
            return Err(bad("it is under a password"));
        }
        if entry.is_symlink() {
            return Err(bad("it holds a link"));
        }
        entries.push(Entry {
            name_raw: entry.name_raw().to_vec(),
            name: name(&entry)?,
            is_folder: entry.is_dir(),
            header_start: entry.header_start(),
            data_start: entry.data_start().ok_or_else(|| bad("an entry has no place"))?,
            method: entry.compression(),
            packed: entry.compressed_size(),
            size: entry.size(),
            sum: entry.crc32(),
        });
    }
    Ok(entries)
}

/// The name as it was meant: UTF-8 whether or not the archive says so, CP932 as Japanese systems
/// write it, else as the archive has it.
fn name<R: Read>(entry: &ZipFile<'_, R>) -> Result<String, FileRefused> {
    let raw = entry.name_raw();
    if let Ok(name) = std::str::from_utf8(raw) {
        return Ok(name.to_owned());
    }
    let japanese = encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(raw);
    match japanese {
        Some(name) => Ok(name.into_owned()),
        None => Ok(entry.name().map_err(broken)?.into_owned()),
    }
}

/// Refuses the zips that are one document: XLSX, ODS and their kin. Nothing of them is inflated.
fn is_office(entries: &[Entry]) -> Result<(), FileRefused> {
    let holds = |name: &str| entries.iter().any(|entry| entry.name == name);
    if holds("[Content_Types].xml") || (holds("mimetype") && holds("content.xml")) {
        return Err(FileRefused::Spreadsheet);
    }
    Ok(())
}

fn place(entry: &Entry) -> Result<Place, FileRefused> {
    let packing = match entry.method {
        CompressionMethod::Stored if entry.packed == entry.size => Packing::Stored,
        CompressionMethod::Stored => return Err(bad("an entry has two sizes")),
        CompressionMethod::Deflated => Packing::Deflated,
        _ => return Err(bad("it is packed in a way this reader does not have")),
    };
    Ok(Place {
        name: bare(&entry.name),
        packing,
        start: entry.data_start,
        packed: entry.packed,
        stated: Some((entry.size, entry.sum)),
        furthest: std::sync::Arc::default(),
    })
}
