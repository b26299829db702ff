//! Sheaves (束): some sightings of a file on their way to the store, in one piece of memory.
//!
//! A row as it was read lies in a dozen pieces all over the memory, and a batch holds hundreds of
//! thousands of rows. So the thread that reads lays what is kept of a row end to end, while it is
//! at hand, and whoever looks at sightings afterwards borrows it.

use formats::{Detection, Severity, Weakness};

use super::{Sighting, identity::Identity, kept, push_spot};
use crate::{ids::FileId, time::Moment};

/// Sightings of one file, in the order of its rows or of their spots.
#[derive(Debug)]
pub struct Sheaf {
    file: FileId,
    /// Spot, packed detail and identities of each, one after the other.
    bytes: Vec<u8>,
    marks: Vec<Mark>,
}

/// What is no text of a sighting, and where its texts lie.
#[derive(Clone, Copy, Debug)]
struct Mark {
    row_no: i64,
    line: i64,
    detected_at: Moment,
    calling_port: Option<u16>,
    peer_port: Option<u16>,
    severity: Severity,
    spot: usize,
    detail: usize,
    identities: usize,
    end: usize,
}

impl Sheaf {
    /// An empty one.
    pub fn of(file: FileId) -> Self {
        Self { file, bytes: Vec::new(), marks: Vec::new() }
    }

    /// Lays an understood row on it.
    pub fn lay(&mut self, row_no: i64, row: &Detection) {
        let infected = row.exposure.weakness == Weakness::Infected;
        let spot = self.bytes.len();
        let port = row.port.filter(|_| !infected);
        push_spot(&mut self.bytes, row.ip, row.proto, port, &row.exposure);
        let detail = self.bytes.len();
        kept::put_detail(&mut self.bytes, &row.detail);
        let identities = self.bytes.len();
        Identity::all_of(&row.detail).for_each(|one| self.bytes.extend_from_slice(&one.0));
        self.marks.push(Mark {
            row_no,
            line: row.line.cast_signed(),
            detected_at: Moment(row.detected_at),
            calling_port: row.port.filter(|_| infected),
            peer_port: row.peer_port,
            severity: row.severity,
            spot,
            detail,
            identities,
            end: self.bytes.len(),
        });
    }

    /// Everything that lies on `sheaves` of one file, by spot and time, so that neighbours lie
    /// side by side. They are put in order by their addresses alone, and each is then looked at
    /// once; only what shares an address is compared.
    pub fn bound(file: FileId, sheaves: &[&Self]) -> Self {
        let mut order: Vec<(u128, u32, u32)> =
            Vec::with_capacity(sheaves.iter().map(|sheaf| sheaf.marks.len()).sum());
        for (which, sheaf) in (0..).zip(sheaves) {
            let address = |mark: &Mark| sheaf.sighting(mark).address();
            order
                .extend((0..).zip(&sheaf.marks).map(|(place, mark)| (address(mark), which, place)));
        }
        order.sort_unstable();
        let lying = |(_, which, place): &(u128, u32, u32)| {
            let sheaf = sheaves[*which as usize];
            sheaf.sighting(&sheaf.marks[*place as usize])
        };
        for same in order.chunk_by_mut(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            same.sort_by_key(|one| {
                let Sighting { spot, detected_at, row_no, .. } = lying(one);
                (spot, detected_at, row_no)
            });
        }
        let bytes = sheaves.iter().map(|sheaf| sheaf.bytes.len()).sum();
        let (bytes, marks) = (Vec::with_capacity(bytes), Vec::with_capacity(order.len()));
        let mut bound = Self { file, bytes, marks };
        for (_, which, place) in order {
            let sheaf = sheaves[which as usize];
            bound.take(sheaf, sheaf.marks[place as usize]);
        }
        bound
    }

    /// Lays on it what `mark` says of another one.
    fn take(&mut self, other: &Self, mark: Mark) {
        let Mark { spot, detail, identities, end, .. } = mark;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&other.bytes[spot..end]);
        let [detail, identities, end] = [detail, identities, end].map(|at| start + at - spot);
        self.marks.push(Mark { spot: start, detail, identities, end, ..mark });
    }

    /// What lies on it.
    pub fn sightings(&self) -> impl ExactSizeIterator<Item = Sighting<'_>> {
        self.marks.iter().map(|mark| self.sighting(mark))
    }

    fn sighting(&self, mark: &Mark) -> Sighting<'_> {
        Sighting {
            file: self.file,
            row_no: mark.row_no,
            line: mark.line,
            spot: &self.bytes[mark.spot..mark.detail],
            detected_at: mark.detected_at,
            calling_port: mark.calling_port,
            peer_port: mark.peer_port,
            severity: mark.severity,
            detail: &self.bytes[mark.detail..mark.identities],
            identities: &self.bytes[mark.identities..mark.end],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::sightings::tests::sheaf;

    proptest! {
        #[test]
        fn what_lies_on_several_sheaves_is_bound_by_spot_and_time(
            rows in vec((0..9_u32, 0..3_i64, 0..3_u16, any::<bool>()), 0..60), cut in 0..60_usize,
        ) {
            let (one, two) = rows.split_at(cut.min(rows.len()));
            let second = i64::try_from(one.len()).unwrap() + 1;
            let (one, two, all) = (sheaf(1, one), sheaf(second, two), sheaf(1, &rows));
            let mut wanted: Vec<Sighting<'_>> = all.sightings().collect();
            wanted.sort_by_key(|one| (one.spot, one.detected_at, one.row_no));
            let bound = Sheaf::bound(all.file, &[&one, &two]);
            let said = |one: Sighting<'_>| format!("{one:?}");
            let got: Vec<String> = bound.sightings().map(said).collect();
            prop_assert_eq!(got, wanted.into_iter().map(said).collect::<Vec<_>>());
        }
    }
}
