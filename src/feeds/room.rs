//! Room on disk (空き容量): what comes from outside takes no more than the store can spare.
//!
//! A delivery of a few kilobytes may unfold to gigabytes. A disk that is filled to the last byte by
//! it stops everybody: no case, no report and no word of a visitor can be written any more. So
//! whoever writes what came from outside leaves a reserve.

use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// The reserve, where the disk is large; of a small one it is a twentieth.
const RESERVE: u64 = 256 << 20;

/// Bytes that are written before the disk is asked again: fewer than the reserve of a disk on which
/// a store finds room.
const STRIDE: u64 = 256 << 10;

/// What keeps writing in a folder within bounds.
#[derive(Debug)]
pub(crate) struct Gauge {
    folder: PathBuf,
    /// Bytes since the disk was asked.
    written: u64,
}

impl Gauge {
    /// Of a folder whose disk has room to begin with.
    pub(crate) fn of(folder: &Path) -> io::Result<Self> {
        check(folder)?;
        Ok(Self { folder: folder.to_owned(), written: 0 })
    }

    /// Lets so many bytes more be written, unless that takes of the reserve.
    pub(crate) fn pass(&mut self, bytes: usize) -> io::Result<()> {
        if self.written >= STRIDE {
            check(&self.folder)?;
            self.written = 0;
        }
        self.written += bytes as u64;
        Ok(())
    }
}

/// Refuses where no more than the reserve is left on the disk of `folder`.
fn check(folder: &Path) -> io::Result<()> {
    let disk = rustix::fs::statvfs(folder)?;
    let (left, all) = (disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize);
    if is_enough(left, all) {
        return Ok(());
    }
    let why = format!(
        "the disk of {} is all but full: {} MiB of {} MiB are left, which the store needs to go \
         on; make room, then give the file again",
        folder.display(),
        left >> 20,
        all >> 20
    );
    Err(io::Error::new(ErrorKind::StorageFull, why))
}

/// A file system that tells no size has no bounds of its own.
fn is_enough(left: u64, all: u64) -> bool {
    all == 0 || left > RESERVE.min(all / 20)
}

/// Whether something failed since there is no room.
pub(crate) fn is_full(fault: &anyhow::Error) -> bool {
    let full = |fault: &io::Error| fault.kind() == ErrorKind::StorageFull;
    fault.chain().any(|cause| cause.downcast_ref().is_some_and(full))
}

/// A file that is written as long as there is room.
#[derive(Debug)]
pub(super) struct Roomy {
    file: File,
    gauge: Gauge,
}

impl Roomy {
    /// Of a file in `folder`.
    pub(super) fn new(file: File, folder: &Path) -> io::Result<Self> {
        Ok(Self { file, gauge: Gauge::of(folder)? })
    }

    /// The file.
    pub(super) fn into_file(self) -> File {
        self.file
    }
}

impl Write for Roomy {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.gauge.pass(piece.len())?;
        self.file.write(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twentieth_of_a_small_disk_is_left_and_a_quarter_gigabyte_of_a_large_one() {
        for (left, all, enough) in [
            (1 << 40, 1 << 40, true),
            (RESERVE + 1, 1 << 40, true),
            (RESERVE, 1 << 40, false),
            (6 << 20, 100 << 20, true),
            (5 << 20, 100 << 20, false),
            (0, 100 << 20, false),
            (0, 0, true),
        ] {
            assert_eq!(is_enough(left, all), enough, "{left} of {all}");
        }
    }
}
