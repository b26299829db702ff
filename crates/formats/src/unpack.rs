//! 展開: from a delivered file to its one CSV, as a stream and within bounds.
//!
//! Magic bytes decide, not names. One level, one CSV, no link, no password, and no more bytes than
//! the limits allow: a bomb fails while it is read and never fills the memory.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use zip::{CompressionMethod, ZipArchive};

use crate::FileRefused;

/// Bounds of an archive (展開の上限).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The CSV may unfold to so many bytes.
    pub entry_bytes_max: u64,
    /// The CSV may be so many times larger than its packed form.
    pub ratio_max: u64,
    /// The archive may hold so many entries.
    pub entries_max: usize,
}

impl Limits {
    /// For what a person or a mail brings: 64 MiB, 100:1, 100 entries.
    pub const UPLOAD: Self = Self { entry_bytes_max: 64 << 20, ratio_max: 100, entries_max: 100 };
    /// For a feed that is fetched under contract: 8 GiB, 100:1, 100 entries. A national scan of ten
    /// million rows is 1.5 GB; it is read as a stream, so its size costs no memory.
    pub const FEED: Self = Self { entry_bytes_max: 8 << 30, ratio_max: 100, entries_max: 100 };
}

/// So much may unfold before the ratio counts.
const RATIO_SLACK: u64 = 64 << 10;

/// 展開済みファイル: one plain CSV, read as a stream.
///
/// A breach of the limits or a wrong checksum is an [`io::ErrorKind::InvalidData`] while reading.
pub struct Unpacked {
    /// The inner name of an archive, else the name given.
    pub name: String,
    reader: Box<dyn Read + Send>,
}

impl std::fmt::Debug for Unpacked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacked").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

/// Unpacks a delivered file within [`Limits::UPLOAD`]: plain, zip with exactly one CSV, or gzip.
pub fn unpack(
    name: &str,
    input: impl Read + Seek + Send + 'static,
) -> Result<Unpacked, FileRefused> {
    unpack_within(name, input, Limits::UPLOAD)
}

/// The same within other limits. A plain file is bound by `entry_bytes_max` too.
pub fn unpack_within(
    name: &str,
    mut input: impl Read + Seek + Send + 'static,
    limits: Limits,
) -> Result<Unpacked, FileRefused> {
    let mut magic = [0; 4];
    let seen = read_some(&mut input, &mut magic)?;
    let size = input.seek(SeekFrom::End(0))?;
    input.seek(SeekFrom::Start(0))?;
    let bounded = |reader, packed| Bounded { reader, left: left(limits, packed), crc: None };
    match &magic[..seen] {
        [] => Err(FileRefused::Empty),
        [0x50, 0x4B, 3..=8, 4..=8] => unzip(input, limits),
        [0x1F, 0x8B, ..] => {
            let reader = bounded(MultiGzDecoder::new(input), size);
            let name = name.strip_suffix(".gz").unwrap_or(name).to_owned();
            Ok(Unpacked { name, reader: Box::new(reader) })
        }
        _ if size > limits.entry_bytes_max => Err(FileRefused::TooLarge(limits.entry_bytes_max)),
        _ => Ok(Unpacked { name: name.to_owned(), reader: Box::new(input) }),
    }
}

fn read_some(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match input.read(&mut buffer[read..])? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}

/// How many bytes so many packed bytes may unfold to.
fn left(limits: Limits, packed: u64) -> u64 {
    let by_ratio = packed.saturating_mul(limits.ratio_max).saturating_add(RATIO_SLACK);
    by_ratio.min(limits.entry_bytes_max)
}

/// Where the one CSV of an archive lies.
struct Place {
    name: String,
    start: u64,
    packed: u64,
    size: u64,
    crc: u32,
    method: CompressionMethod,
}

fn unzip(
    mut input: impl Read + Seek + Send + 'static,
    limits: Limits,
) -> Result<Unpacked, FileRefused> {
    let place = find_csv(&mut input, limits)?;
    if place.size > limits.entry_bytes_max {
        return Err(FileRefused::TooLarge(limits.entry_bytes_max));
    }
    if place.size > left(limits, place.packed) {
        return Err(bad("it unfolds more than the allowed ratio"));
    }
    input.seek(SeekFrom::Start(place.start))?;
    let packed = input.take(place.packed);
    let left = left(limits, place.packed);
    let crc = Some((Crc::new(), place.crc));
    let reader: Box<dyn Read + Send> = match place.method {
        CompressionMethod::Stored => Box::new(Bounded { reader: packed, left, crc }),
        CompressionMethod::Deflated => {
            Box::new(Bounded { reader: DeflateDecoder::new(packed), left, crc })
        }
        _ => return Err(bad("it is packed in a way this reader does not have")),
    };
    Ok(Unpacked { name: place.name, reader })
}

fn bad(why: &str) -> FileRefused {
    FileRefused::BadArchive(why.to_owned())
}

fn broken(e: impl std::fmt::Display) -> FileRefused {
    FileRefused::BadArchive(e.to_string())
}

/// Goes through the directory of a zip and finds the one CSV.
fn find_csv(input: &mut (impl Read + Seek), limits: Limits) -> Result<Place, FileRefused> {
    let mut archive = ZipArchive::new(input).map_err(broken)?;
    if archive.len() > limits.entries_max {
        return Err(bad("it holds too many entries"));
    }
    let mut found = None;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(broken)?;
        let full = entry.name().map_err(broken)?;
        let name = full.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let is_csv = name.to_ascii_lowercase().ends_with(".csv") && !name.starts_with("._");
        if entry.is_dir() || !is_csv {
            continue;
        }
        if entry.encrypted() || entry.is_symlink() {
            return Err(bad("its CSV is under a password or a link"));
        }
        if found.is_some() {
            return Err(bad("it holds more than one CSV"));
        }
        found = Some(Place {
            name,
            start: entry.data_start().ok_or_else(|| bad("its CSV has no place"))?,
            packed: entry.compressed_size(),
            size: entry.size(),
            crc: entry.crc32(),
            method: entry.compression(),
        });
    }
    found.ok_or_else(|| bad("it holds no CSV"))
}

/// A reader that gives no more than it may, and checks the sum at the end.
struct Bounded<R> {
    reader: R,
    left: u64,
    crc: Option<(Crc, u32)>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let broken = |what| io::Error::new(io::ErrorKind::InvalidData, what);
        let read = self.reader.read(buffer)?;
        let more = u64::try_from(read).unwrap_or(u64::MAX);
        self.left = self
            .left
            .checked_sub(more)
            .ok_or_else(|| broken("the archive unfolds to more than allowed"))?;
        if let Some((crc, expected)) = &mut self.crc {
            crc.update(&buffer[..read]);
            if read == 0 && !buffer.is_empty() && crc.sum() != *expected {
                return Err(broken("the checksum of the archive does not fit"));
            }
        }
        Ok(read)
    }
}
