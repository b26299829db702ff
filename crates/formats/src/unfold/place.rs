//! 格納位置: where in a delivery each file lies and how it is packed; opening one.

use std::io::{Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use flate2::Crc;
use flate2::read::{DeflateDecoder, MultiGzDecoder};

use super::magic::{MAGIC_BYTES, Magic};
use super::stream::{Bounded, Share, Total};
use super::{directory, names};
use crate::FileRefused;
use crate::unpack::{Limits, Unpacked};

/// How a file is packed (圧縮方式).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Not at all, and in no archive.
    Plain,
    /// Not at all, in a zip.
    Stored,
    Deflated,
    Gzip,
    Zstd,
}

/// 格納位置: one file within a delivery.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) packing: Packing,
    pub(crate) start: u64,
    pub(crate) packed: u64,
    /// Size and CRC-32, where an archive states them.
    pub(crate) stated: Option<(u64, u32)>,
    pub(crate) furthest: Arc<AtomicU64>,
}

/// So much may unfold before the ratio counts.
const RATIO_SLACK: u64 = 64 << 10;

/// The window of a zstd frame is no larger than 2^23 bytes, which RFC 8878 asks every decoder to
/// have; the frame decides otherwise how much memory is taken.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// How many bytes so many packed bytes may unfold to.
pub(super) fn bytes_max(limits: Limits, packed: u64) -> u64 {
    let by_ratio = packed.saturating_mul(limits.ratio_max).saturating_add(RATIO_SLACK);
    by_ratio.min(limits.entry_bytes_max)
}

/// Finds the files of a delivery by its first bytes; what it unfolds to is not looked at.
pub(crate) fn find(
    name: &str,
    input: &mut (impl Read + Seek),
    limits: Limits,
) -> Result<Vec<Place>, FileRefused> {
    input.seek(SeekFrom::Start(0))?;
    let mut magic = [0; MAGIC_BYTES];
    let seen = read_some(input, &mut magic)?;
    let size = input.seek(SeekFrom::End(0))?;
    let whole = |packing, endings: &[&str]| Place {
        name: names::bare(names::without_ending(name, endings)),
        packing,
        start: 0,
        packed: size,
        stated: None,
        furthest: Arc::default(),
    };
    match Magic::of(&magic[..seen]) {
        Magic::Empty => Err(FileRefused::Empty),
        Magic::Zip => directory::files(input, size, limits),
        Magic::Gzip => Ok(vec![whole(Packing::Gzip, &[".gz", ".gzip"])]),
        Magic::Zstd => Ok(vec![whole(Packing::Zstd, &[".zst", ".zstd"])]),
        Magic::OldOffice => Err(FileRefused::Spreadsheet),
        Magic::Foreign(what) => Err(FileRefused::BadArchive(format!(
            "it is packed as {what}: zip, gzip and zstd are read"
        ))),
        Magic::Plain if size > limits.entry_bytes_max => {
            Err(FileRefused::TooLarge(limits.entry_bytes_max))
        }
        Magic::Plain => Ok(vec![whole(Packing::Plain, &[])]),
    }
}

/// Reads until the buffer is full or the input over.
pub(crate) fn read_some(input: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match input.read(&mut buffer[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(read)
}

impl Place {
    /// Opens the file. What lies in an archive must not be an archive again.
    pub(crate) fn open(
        &self,
        mut input: impl Read + Seek + Send + 'static,
        limits: Limits,
        total: &Arc<Total>,
    ) -> Result<Unpacked, FileRefused> {
        input.seek(SeekFrom::Start(self.start))?;
        let input = input.take(self.packed);
        let mut reader: Box<dyn Read + Send> = match self.packing {
            Packing::Plain | Packing::Stored => Box::new(self.bounded(input, limits, total)),
            Packing::Deflated => Box::new(self.bounded(DeflateDecoder::new(input), limits, total)),
            Packing::Gzip => Box::new(self.bounded(MultiGzDecoder::new(input), limits, total)),
            Packing::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::new(input)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(self.bounded(decoder, limits, total))
            }
        };
        if self.packing != Packing::Plain {
            let mut beginning = vec![0; MAGIC_BYTES];
            let seen = read_some(&mut reader, &mut beginning)?;
            beginning.truncate(seen);
            Magic::of(&beginning).within_archive(&self.name)?;
            reader = Box::new(Cursor::new(beginning).chain(reader));
        }
        Ok(Unpacked { name: self.name.clone(), reader })
    }

    fn bounded<R: Read>(&self, reader: R, limits: Limits, total: &Arc<Total>) -> Bounded<R> {
        let share = Share { total: Arc::clone(total), furthest: Arc::clone(&self.furthest) };
        let bytes_max = match self.packing {
            Packing::Plain | Packing::Stored => limits.entry_bytes_max,
            _ => bytes_max(limits, self.packed),
        };
        let stated = self.stated.map(|(size, sum)| (size, Crc::new(), sum));
        let bytes_max = stated.as_ref().map_or(bytes_max, |(size, ..)| bytes_max.min(*size));
        Bounded { reader, bytes_max, stated, share, given: 0 }
    }
}
