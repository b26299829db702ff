//! Hits (検知時刻): that a spot was seen, when, by which file, as which device, for every sighting.
//!
//! A verdict reads the whole history of many neighbouring spots, and a day's list adds one hit to
//! each of a million: so hits are packed by [`Spot::shelf`], one row of `hits` for each shelf that
//! a batch touches. Its body holds, sorted by spot and time:
//!
//! | value | packed as |
//! |---|---|
//! | rest of the spot behind the shelf | its length plus 1, its bytes; 0 for the one before |
//! | time | microseconds since `from_at` of the row |
//! | line of the file | number |
//! | ports, identities | number: port it called from, 2¹⁶ times the other's, 2³² times how many |
//! | each identity | its sixteen bytes |

use super::{Sighting, identity::Identity};
use crate::{
    db::packed::{self, Broken, Unpacking},
    ids::FileId,
    time::Moment,
};

/// The hits of one shelf in one batch, packed.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) shelf: Vec<u8>,
    pub(super) file: FileId,
    /// The lowest number among its rows, which names it among those of its file.
    pub(super) first_row: i64,
    pub(super) from: Moment,
    pub(super) to: Moment,
    /// How many of its hits tell which device it was.
    pub(super) identified: i64,
    pub(super) body: Vec<u8>,
}

/// One hit, unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) spot: Vec<u8>,
    pub(crate) at: Moment,
    pub(super) line: i64,
    pub(super) port: Option<u16>,
    pub(super) peer_port: Option<u16>,
    pub(super) identities: Vec<Identity>,
}

/// How many identities lie in `bytes`: a row tells three at most.
fn count(bytes: &[u8]) -> i64 {
    Identity::all_in(bytes).map(|_| 1).sum()
}

/// Two ports in one number.
fn ports(port: Option<u16>, peer_port: Option<u16>) -> i64 {
    let number = |port: Option<u16>| port.map_or(0, i64::from);
    number(port) | number(peer_port) << 16
}

/// The port in the low bits, 0 being none.
fn low(ports: i64) -> Option<u16> {
    u16::try_from(ports & 0xffff).ok().filter(|port| *port != 0)
}

/// Packs sightings of one file that are sorted by spot and time, shelf by shelf.
pub(super) fn pack(sightings: &[&Sighting<'_>]) -> impl Iterator<Item = Packed> {
    let shelves = sightings.chunk_by(|a, b| a.shelf() == b.shelf());
    shelves.filter_map(|shelf| {
        let from = shelf.iter().map(|one| one.detected_at).min()?;
        let to = shelf.iter().map(|one| one.detected_at).max()?;
        let mut body = Vec::with_capacity(24 * shelf.len());
        let (mut before, mut identified): (Option<&[u8]>, _) = (None, 0);
        for one in shelf {
            if before.replace(one.spot) == Some(one.spot) {
                packed::put_number(&mut body, 0);
            } else {
                let rest = one.rest();
                packed::put_count(&mut body, rest.len() + 1);
                body.extend_from_slice(rest);
            }
            packed::put_number(&mut body, one.detected_at.0.wrapping_sub(from.0));
            packed::put_number(&mut body, one.line);
            let identities = count(one.identities);
            let ports = ports(one.calling_port, one.peer_port);
            packed::put_number(&mut body, ports | identities << 32);
            body.extend_from_slice(one.identities);
            identified += i64::from(identities > 0);
        }
        Some(Packed {
            shelf: shelf[0].shelf().to_vec(),
            file: shelf[0].file,
            first_row: shelf.iter().map(|one| one.row_no).min()?,
            from,
            to,
            identified,
            body,
        })
    })
}

/// The hits of a packed row of `shelf` that begins at `from`, sorted by spot and time.
pub(crate) fn unpack(shelf: &[u8], from: Moment, body: &[u8]) -> Result<Vec<Seen>, Broken> {
    let mut unpacking = Unpacking::new(body);
    let mut hits = Vec::new();
    let mut spot: Vec<u8> = Vec::new();
    while !unpacking.is_done() {
        match unpacking.count()? {
            0 if spot.is_empty() => return Err(unpacking.broken()),
            0 => {}
            length => {
                let rest = unpacking.take(length - 1)?;
                spot.clear();
                spot.extend_from_slice(shelf);
                spot.extend_from_slice(rest);
            }
        }
        let at = Moment(from.0.wrapping_add(unpacking.number()?));
        let line = unpacking.number()?;
        let ports = unpacking.number()?;
        let many = usize::try_from(ports >> 32).map_err(|_| unpacking.broken())?;
        let length = many.checked_mul(Identity::LENGTH).ok_or_else(|| unpacking.broken())?;
        let identities = Identity::all_in(unpacking.take(length)?).collect();
        let (port, peer_port) = (low(ports), low(ports >> 16));
        hits.push(Seen { spot: spot.clone(), at, line, port, peer_port, identities });
    }
    Ok(hits)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::sightings::tests::sheaf;

    proptest! {
        #[test]
        fn every_hit_comes_back_from_its_shelf(
            rows in vec((any::<u32>(), any::<i64>(), any::<u16>(), any::<bool>()), 0..60),
        ) {
            let sheaf = sheaf(1, &rows);
            let mut all: Vec<Sighting<'_>> = sheaf.sightings().collect();
            all.sort_by_key(|one| (one.spot, one.detected_at, one.row_no));
            let wanted: Vec<Seen> = all.iter().map(|one| Seen {
                spot: one.spot.to_vec(),
                at: one.detected_at,
                line: one.line,
                port: one.calling_port,
                peer_port: one.peer_port,
                identities: Identity::all_in(one.identities).collect(),
            }).collect();
            let rows: Vec<&Sighting<'_>> = all.iter().collect();
            let mut got = Vec::new();
            for row in pack(&rows) {
                let hits = unpack(&row.shelf, row.from, &row.body).unwrap();
                prop_assert!(hits.iter().all(|hit| (row.from..=row.to).contains(&hit.at)));
                got.extend(hits);
            }
            prop_assert_eq!(got, wanted);
        }

        #[test]
        fn a_damaged_row_of_hits_is_a_fault_and_no_panic(body: Vec<u8>, cut: u8) {
            let _ = unpack(b"shelf", Moment(0), &body);
            let sheaf = sheaf(300, &[(7, 8, 9, true)]);
            let whole = sheaf.sightings().next().unwrap();
            let row = pack(&[&whole]).next().unwrap();
            let cut = &row.body[..usize::from(cut) % row.body.len()];
            prop_assert!(cut.is_empty() || unpack(&row.shelf, row.from, cut).is_err());
        }
    }
}
