//! 展開: from a delivered file to its one list, as a stream and within bounds.
//!
//! Magic bytes decide, not names. One level, one list, no link, no password, and no more bytes than
//! the limits allow: a bomb fails while it is read and never fills the memory. A delivery of
//! several files, or a mail, is for [`crate::unfold()`].

use std::io::{self, Read, Seek};
use std::sync::Arc;

use crate::FileRefused;
use crate::unfold::place::{self, Place};
use crate::unfold::stream::Total;

/// Bounds of a delivery (展開の上限).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// One file may unfold to so many bytes.
    pub entry_bytes_max: u64,
    /// All files of a delivery together may unfold to so many bytes.
    pub total_bytes_max: u64,
    /// A file may be so many times larger than its packed form.
    pub ratio_max: u64,
    /// An archive may hold so many entries.
    pub entries_max: usize,
}

impl Limits {
    /// For what a person or a mail brings: 64 MiB a file, 256 MiB in all, 100:1, 100 entries.
    pub const UPLOAD: Self = Self {
        entry_bytes_max: 64 << 20,
        total_bytes_max: 256 << 20,
        ratio_max: 100,
        entries_max: 100,
    };
    /// For a feed that is fetched under contract: 8 GiB a file, 16 GiB in all, 100:1, 100 entries.
    /// A national scan of ten million rows is 1.5 GB; it is read as a stream, so its size costs no
    /// memory.
    pub const FEED: Self = Self {
        entry_bytes_max: 8 << 30,
        total_bytes_max: 16 << 30,
        ratio_max: 100,
        entries_max: 100,
    };

    /// The narrower of both in each.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            entry_bytes_max: self.entry_bytes_max.min(other.entry_bytes_max),
            total_bytes_max: self.total_bytes_max.min(other.total_bytes_max),
            ratio_max: self.ratio_max.min(other.ratio_max),
            entries_max: self.entries_max.min(other.entries_max),
        }
    }
}

/// 展開済みファイル: one plain file, read as a stream.
///
/// A breach of the limits or a wrong checksum is an [`io::ErrorKind::InvalidData`] while reading.
pub struct Unpacked {
    /// The inner name of an archive, else the name given; never with a path.
    pub name: String,
    pub(crate) reader: Box<dyn Read + Send>,
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

/// Unpacks a delivered file within [`Limits::UPLOAD`]: plain, gzip, zstd, or zip with one list.
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
    let place = the_list(place::find(name, &mut input, limits)?)?;
    place.open(input, limits, &Arc::new(Total::new(limits.total_bytes_max)))
}

/// Endings of a list.
const LISTS: [&str; 6] = [".csv", ".json", ".jsonl", ".ndjson", ".sjson", ".xml"];

/// The one list among the files of an archive: the only file there is, or the only one whose name
/// ends like a list's; a text beside it is mostly an explanation.
fn the_list(mut places: Vec<Place>) -> Result<Place, FileRefused> {
    let bad = |why: &str| FileRefused::BadArchive(why.to_owned());
    if places.len() > 1 {
        let ends = |place: &Place, endings: &[&str]| {
            let name = place.name.to_ascii_lowercase();
            endings.iter().any(|ending| name.ends_with(ending))
        };
        let endings: &[&str] =
            if places.iter().any(|place| ends(place, &LISTS)) { &LISTS } else { &[".txt"] };
        places.retain(|place| ends(place, endings));
        if places.len() > 1 {
            return Err(bad("it holds more than one list"));
        }
    }
    places.pop().ok_or_else(|| bad("it holds no list"))
}
