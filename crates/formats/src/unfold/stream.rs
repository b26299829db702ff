//! 上限付き読取: streams that give no more than they may.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::Crc;

/// How many bytes all files of one delivery may still unfold to (合計の上限).
#[derive(Debug)]
pub(crate) struct Total {
    left: AtomicU64,
}

impl Total {
    pub(crate) fn new(bytes_max: u64) -> Self {
        Self { left: AtomicU64::new(bytes_max) }
    }

    fn take(&self, bytes: u64) -> bool {
        let less = |left: u64| left.checked_sub(bytes);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

/// What one file takes of the [`Total`]: reading it again takes nothing more.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    pub(crate) total: Arc<Total>,
    pub(crate) furthest: Arc<AtomicU64>,
}

/// A reader that gives no more than it may, and checks size and sum at the end.
pub(crate) struct Bounded<R> {
    pub(crate) reader: R,
    /// The file may have no more bytes.
    pub(crate) bytes_max: u64,
    /// Size and CRC-32 as the archive states them.
    pub(crate) stated: Option<(u64, Crc, u32)>,
    pub(crate) share: Share,
    /// Bytes given so far.
    pub(crate) given: u64,
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self.reader.read(buffer) {
            // A library tells a broken stream in its own words; a failing disk keeps its kind.
            Err(e) if matches!(e.kind(), io::ErrorKind::Other | io::ErrorKind::InvalidInput) => {
                return Err(broken(&format!("the archive is damaged: {e}")));
            }
            read => read?,
        };
        self.given += u64::try_from(read).unwrap_or(u64::MAX);
        if self.given > self.bytes_max {
            return Err(broken("the archive unfolds to more than allowed"));
        }
        let before = self.share.furthest.fetch_max(self.given, Ordering::Relaxed);
        if !self.share.total.take(self.given.saturating_sub(before)) {
            return Err(broken("the files of the delivery unfold to more than allowed"));
        }
        if let Some((size, crc, sum)) = &mut self.stated {
            crc.update(&buffer[..read]);
            let is_over = read == 0 && !buffer.is_empty();
            if is_over && (crc.sum() != *sum || self.given != *size) {
                return Err(broken("the checksum of the archive does not fit"));
            }
        }
        Ok(read)
    }
}
