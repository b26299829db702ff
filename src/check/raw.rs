//! Raw files as the check reads them (原本): from the archive, by hash, through the format readers.

use std::{
    fs::{self, File},
    io::{self, Cursor, Read, Seek, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use formats::{
    Detection, FileRefused, Reading, Rows, Weakness, intelmq, mapped_csv, misp, n6, scan_list,
    shadowserver, stix, unpack, xarf,
};
use sha2::{Digest as _, Sha256};

use super::{hits::Hit, mapped::Mapped, store};
use crate::{
    access::keys::{private, to_hex},
    sightings::identity::Identity,
};

/// Bytes that are read in memory; more are laid out beside the archive. So a check of files of a
/// common size needs no room on a disk that may be full.
const IN_MEMORY_MAX: i64 = 64 << 20;

/// What the archive holds of a file.
pub(super) struct Raw {
    place: Place,
    /// The hash of its bytes.
    pub(super) sha256: String,
    /// How many there are.
    pub(super) bytes: i64,
}

/// A row of a coverage file: understood, or for quarantine.
pub(super) type Covering = Result<formats::coverage::Covered, formats::Refused>;

/// Where the bytes lie while they are read.
enum Place {
    Memory(Arc<[u8]>),
    Disk(LaidOut),
}

/// A working copy, gone when dropped.
struct LaidOut(PathBuf);

impl Drop for LaidOut {
    fn drop(&mut self) {
        // What cannot be removed is a stray copy of what the archive holds anyway.
        let _ = fs::remove_file(&self.0);
    }
}

/// Why a raw file is not there as it came.
pub(super) enum NotThere {
    /// The archive does not have it, or it cannot be unpacked.
    Damaged(String),
    /// There is no room to read it; that says nothing of the archive.
    NoRoom(io::Error),
}

/// Bytes that readers may seek in, in memory or on disk.
trait Seekable: Read + Seek + Send {}
impl<T: Read + Seek + Send> Seekable for T {}

impl Raw {
    /// Unpacks the `size` bytes of a hash, and hashes them again on the way.
    pub(super) fn unpack(archive: &Path, sha256: &str, size: i64) -> Result<Self, NotThere> {
        let damaged = |what: &str, fault: io::Error| NotThere::Damaged(format!("{what}: {fault}"));
        let packed = File::open(archive.join(format!("{sha256}.zst")))
            .map_err(|fault| damaged("it is not in the archive", fault))?;
        let cannot = |fault| damaged("it cannot be unpacked", fault);
        let mut unpacked = zstd::Decoder::new(packed).map_err(cannot)?;
        let laid = LaidOut(archive.join(format!(".check-{}", std::process::id())));
        let (mut memory, mut disk) = (Vec::new(), None);
        if size > IN_MEMORY_MAX {
            let mut open = private();
            let open = open.write(true).create(true).truncate(true);
            disk = Some(open.open(&laid.0).map_err(NotThere::NoRoom)?);
        }
        let (mut hash, mut piece, mut bytes) = (Sha256::new(), vec![0; 1 << 20], 0_i64);
        loop {
            let read = unpacked.read(&mut piece).map_err(cannot)?;
            let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else { break };
            hash.update(piece);
            bytes = bytes.saturating_add(i64::try_from(read).unwrap_or(i64::MAX));
            match &mut disk {
                Some(disk) => disk.write_all(piece).map_err(NotThere::NoRoom)?,
                // More than came is other than came, and is not kept.
                None if bytes <= size => memory.extend_from_slice(piece),
                None => {}
            }
        }
        let sha256 = to_hex(&hash.finalize());
        let place = match disk {
            Some(_) => Place::Disk(laid),
            None => Place::Memory(memory.into()),
        };
        Ok(Self { place, sha256, bytes })
    }

    fn open(&self) -> io::Result<Box<dyn Seekable>> {
        Ok(match &self.place {
            Place::Memory(bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
            Place::Disk(laid) => Box::new(File::open(&laid.0)?),
        })
    }

    /// Opens it as its feed reads it. Rows that are dated later than `now` are refused.
    pub(super) fn rows(
        &self,
        file: &store::File,
        now: i64,
        mapped: &Mapped,
    ) -> Result<Rows, FileRefused> {
        let mut rows = self.rows_by(file, mapped.then.as_deref(), now)?;
        for (mapping, released) in &mapped.since {
            let (newer, released) = (self.rows_by(file, Some(mapping), now)?, released.clone());
            rows = rows.but(newer, move |row| released.contains(&row));
        }
        Ok(rows)
    }

    fn rows_by(
        &self,
        file: &store::File,
        mapping: Option<&str>,
        now: i64,
    ) -> Result<Rows, FileRefused> {
        let reading = reading(file, now);
        let unpacked = unpack::unpack_within(&file.name, self.open()?, unpack::Limits::FEED)?;
        match file.format.as_str() {
            "shadowserver" => {
                let name = unpacked.name.clone();
                let utf8 = reading.encoded(formats::Encoding::Utf8);
                shadowserver::open(&name, None, unpacked, utf8)
            }
            "scan-list" => scan_list::open(unpacked, reading),
            "intelmq" => intelmq::open(unpacked, reading),
            "n6" => n6::open(unpacked, reading),
            "xarf" => xarf::open(unpacked, reading),
            "stix" => stix::open(unpacked, reading),
            "misp" => misp::open(unpacked, reading),
            _ => {
                let mapping = serde_json::from_str(mapping.unwrap_or_default());
                let mapping: mapped_csv::Mapping =
                    mapping.map_err(|fault| FileRefused::BadMapping(fault.to_string()))?;
                mapped_csv::open(&mapping, unpacked, reading)
            }
        }
    }

    /// Opens it as coverage.
    pub(super) fn coverage(
        &self,
        file: &store::File,
        now: i64,
    ) -> Result<impl Iterator<Item = io::Result<Covering>> + use<>, FileRefused> {
        let unpacked = unpack::unpack_within(&file.name, self.open()?, unpack::Limits::UPLOAD)?;
        formats::coverage::open(unpacked, reading(file, now))
    }
}

fn reading(file: &store::File, now: i64) -> Reading {
    let offset = file.utc_offset_minutes.and_then(|minutes| i32::try_from(minutes * 60).ok());
    Reading { now, encoding: formats::Encoding::Auto, utc_offset: offset }
}

/// The hit that a row must have left: its spot is sixteen bytes of address (IPv4 mapped), protocol,
/// port, weakness, kind. An infected device calls from a new port each time, so its spot has none.
/// Which texts tell a device from others is asked of the stage itself.
pub(super) fn hit(row: &Detection) -> Hit {
    let infected = row.exposure.weakness == Weakness::Infected;
    let port = row.port.unwrap_or(0);
    let mut spot = match row.ip {
        std::net::IpAddr::V4(v4) => v4.to_ipv6_mapped().octets().to_vec(),
        std::net::IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    spot.push(row.proto.number());
    spot.extend(if infected { 0 } else { port }.to_be_bytes());
    let weakness = Weakness::ALL.iter().position(|one| *one == row.exposure.weakness);
    spot.push(weakness.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX));
    spot.extend(row.exposure.kind.as_str().bytes());
    Hit {
        spot,
        at: row.detected_at,
        line: row.line.cast_signed(),
        port: if infected { i64::from(port) } else { 0 },
        peer_port: row.peer_port.map_or(0, i64::from),
        identities: Identity::all_of(&row.detail).flat_map(|one| one.0).collect(),
    }
}
