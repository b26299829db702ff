//! Hits as the check reads them (検知): one by one out of their packed rows, and summed up by file.
//!
//! A file of a million rows has a million hits, on thousands of shelves. They are compared by a sum
//! over them that hangs on no order, so that the hits of all files are read once, shelf by shelf,
//! and each file is read once, row by row. Where two sums differ, the file is looked at in full.

use sha2::{Digest as _, Sha256};

use crate::db::packed::{Broken, Unpacking};

/// One hit of a file: where and when it was seen, by which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) spot: Vec<u8>,
    pub(super) at: i64,
    pub(super) line: i64,
    /// The port that an infected device called from, else 0.
    pub(super) port: i64,
    /// The port on the other side, else 0.
    pub(super) peer_port: i64,
    /// What tells the device from others, end to end.
    pub(super) identities: Vec<u8>,
}

impl Hit {
    /// Half a SHA-256 of all of it: enough to tell any two apart, and small enough to keep.
    pub(super) fn print(&self) -> u128 {
        self.print_with(self.peer_port, &self.identities)
    }

    /// The same of one that was taken in before devices were told from each other.
    pub(super) fn print_unidentified(&self) -> u128 {
        self.print_with(self.peer_port, &[])
    }

    /// The same of what is kept whole, whose other side and identities lie in its detail.
    pub(super) fn print_kept(&self) -> u128 {
        self.print_with(0, &[])
    }

    fn print_with(&self, peer_port: i64, identities: &[u8]) -> u128 {
        let mut hash = Sha256::new();
        for number in [self.at, self.line, self.port, peer_port] {
            hash.update(number.to_be_bytes());
        }
        hash.update((identities.len() as u64).to_be_bytes());
        hash.update(identities);
        hash.update(&self.spot);
        let digest: [u8; 32] = hash.finalize().into();
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        u128::from_be_bytes(half)
    }
}

/// Hits of one file, summed up; the order does not matter, and one told twice counts twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) hits: u64,
    prints: u128,
}

impl Sum {
    /// Adds a hit.
    pub(super) fn add(&mut self, print: u128) {
        self.hits += 1;
        self.prints = self.prints.wrapping_add(print);
    }
}

/// Hands the hits of a packed row of `shelf`, which begins at `from`, to `take`. The layout stands
/// in `sightings/hits.rs`.
pub(super) fn unpack(
    shelf: &[u8],
    from: i64,
    body: &[u8],
    mut take: impl FnMut(Hit),
) -> Result<(), Broken> {
    let mut packed = Unpacking::new(body);
    let mut spot: Option<Vec<u8>> = None;
    while !packed.is_done() {
        let length = packed.count()?;
        if length > 0 {
            spot = Some([shelf, packed.take(length - 1)?].concat());
        }
        let Some(spot) = &spot else { return Err(packed.broken()) };
        let at = from.wrapping_add(packed.number()?);
        let (line, ports) = (packed.number()?, packed.number()?);
        let length = usize::try_from(ports >> 32).ok().and_then(|many| many.checked_mul(16));
        let identities = packed.take(length.ok_or_else(|| packed.broken())?)?.to_vec();
        let (port, peer_port) = (ports & 0xffff, ports >> 16 & 0xffff);
        take(Hit { spot: spot.clone(), at, line, port, peer_port, identities });
    }
    Ok(())
}
