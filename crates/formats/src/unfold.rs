//! 開封: from a delivery to its files: a plain file, a zip, gzip or zstd, or a mail (`.eml`).
//!
//! Content decides, not names. One level is opened: an archive, or a mail whose attachments may
//! each be an archive; an archive inside an archive is refused. Nothing is written to disk, nothing
//! is fetched, and no file unfolds to more than [`Limits`] allow. The page
//! `docs/formats/containers.md` lists what is opened and what is refused.

pub(crate) mod magic;
pub(crate) mod place;
pub(crate) mod stream;
mod directory;
mod directory_end;
mod local_header;
mod names;

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use names::bare;

use crate::unpack::{Limits, Unpacked};
use crate::{FileRefused, mail};
use place::Place;
use stream::Total;

/// 納品物の一部: one file of a delivery, not yet read.
#[doc(alias = "納品物の一部")]
#[derive(Debug, Clone)]
pub struct Part {
    /// Its name without a path. A Shadowserver mail whose file does not tell its type, but whose
    /// subject does, gives `<date>-<type>-<name>.csv`.
    pub name: String,
    source: Source,
    /// `None` where the attachment of a mail is refused: opening it tells why.
    place: Option<Place>,
    limits: Limits,
    total: Arc<Total>,
}

/// Where the bytes of a delivery lie.
#[derive(Debug, Clone)]
enum Source {
    /// In a file.
    File(PathBuf),
    /// In memory: what a mail carries, taken out of its encoding.
    Bytes(Bytes),
}

/// Bytes in memory that several files share.
#[derive(Debug, Clone)]
struct Bytes(Arc<Vec<u8>>);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

trait Input: Read + Seek + Send {}
impl<T: Read + Seek + Send> Input for T {}

impl Source {
    fn of(bytes: Vec<u8>) -> Self {
        Self::Bytes(Bytes(Arc::new(bytes)))
    }

    fn open(&self) -> io::Result<Box<dyn Input>> {
        Ok(match self {
            Self::File(path) => Box::new(File::open(path)?),
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes.clone())),
        })
    }
}

impl Part {
    /// Whether it came inside something else that was read into memory, as what a mail carries is.
    pub fn is_mailed(&self) -> bool {
        matches!(self.source, Source::Bytes(_))
    }

    /// Opens the file for reading, plain, as often as needed.
    ///
    /// A breach of the limits or a wrong checksum shows while reading, as
    /// [`io::ErrorKind::InvalidData`].
    pub fn open(&self) -> Result<Unpacked, FileRefused> {
        let mut input = self.source.open()?;
        let Some(place) = &self.place else {
            place::find(&self.name, &mut input, self.limits)?;
            return Err(FileRefused::BadArchive("it cannot be opened".to_owned()));
        };
        let opened = place.open(input, self.limits, &self.total)?;
        Ok(Unpacked { name: self.name.clone(), ..opened })
    }
}

/// The files of the delivery at `path`, which was delivered under `name`.
///
/// What a mail carries is bound by [`Limits::UPLOAD`] too. A mail is refused as a whole where its
/// limits are broken; an attachment that cannot be opened
/// is a [`Part`] that is refused when it is opened, so that it stops no other one.
pub fn unfold(name: &str, path: &Path, limits: Limits) -> Result<Vec<Part>, FileRefused> {
    unfold_source(name, &Source::File(path.to_owned()), limits)
}

/// The same for a delivery in memory.
pub fn unfold_bytes(name: &str, bytes: Vec<u8>, limits: Limits) -> Result<Vec<Part>, FileRefused> {
    unfold_source(name, &Source::of(bytes), limits)
}

fn unfold_source(name: &str, source: &Source, limits: Limits) -> Result<Vec<Part>, FileRefused> {
    let mut input = source.open()?;
    let mail = read_mail(name, &mut input)?;
    // Anybody may send a mail, to whatever feed.
    let limits = if mail.is_some() { limits.and(Limits::UPLOAD) } else { limits };
    let total = Arc::new(Total::new(limits.total_bytes_max));
    let part = |name: String, source: &Source, place: Option<Place>| {
        let (source, total) = (source.clone(), Arc::clone(&total));
        Part { name, source, place, limits, total }
    };
    let Some(raw) = mail else {
        let places = place::find(name, &mut input, limits)?;
        if places.is_empty() {
            return Err(FileRefused::BadArchive("it holds no file".to_owned()));
        }
        return Ok(places.into_iter().map(|at| part(at.name.clone(), source, Some(at))).collect());
    };
    let mut parts = Vec::new();
    for enclosure in mail::enclosures(raw)? {
        let bytes = Source::of(enclosure.bytes);
        match place::find(&enclosure.name, &mut bytes.open()?, limits) {
            Ok(places) => {
                let is_one = places.len() == 1;
                parts.extend(places.into_iter().map(|at| {
                    let better = is_one.then(|| enclosure.subject.better_than(&at.name));
                    part(better.unwrap_or_else(|| at.name.clone()), &bytes, Some(at))
                }));
            }
            Err(_) => parts.push(part(enclosure.name, &bytes, None)),
        }
    }
    alone(parts)
}

/// A mail with one attachment stands or falls with it.
fn alone(parts: Vec<Part>) -> Result<Vec<Part>, FileRefused> {
    match &parts[..] {
        [] => Err(FileRefused::BadMail("it brings no file".to_owned())),
        [part] => part.open().map(drop).map(|()| parts),
        _ => Ok(parts),
    }
}

/// The whole of a mail; `None` for what is no mail.
fn read_mail(name: &str, input: &mut Box<dyn Input>) -> Result<Option<Vec<u8>>, FileRefused> {
    let mut beginning = vec![0; mail::LOOK];
    let seen = place::read_some(input, &mut beginning)?;
    let size = input.seek(SeekFrom::End(0))?;
    input.seek(SeekFrom::Start(0))?;
    beginning.truncate(seen);
    if !mail::is_mail(name, &beginning) {
        return Ok(None);
    }
    if size > mail::BYTES_MAX {
        return Err(FileRefused::TooLarge(mail::BYTES_MAX));
    }
    let mut raw = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    input.take(mail::BYTES_MAX).read_to_end(&mut raw)?;
    Ok(Some(raw))
}
