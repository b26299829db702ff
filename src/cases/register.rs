//! Register (台帳): which case stands at a spot, for batches of hundreds of thousands of spots.
//!
//! The entries of a shelf of spots and a term lie together, sorted and packed, in one row of
//! `case_shelves`: a batch that names most shelves of a country reads each once, where an index
//! would be searched once per spot. Its name is the term and the [`Spot::shelf`]; last month's
//! shelves are never read again. A body holds the ISPs of its cases (how many, then their keys),
//! then for every case: the rest of its spot, its ISP's place in that list, its key, its number.
//!
//! Nothing but this register keeps two cases from one spot, ISP and term. Whoever takes a batch in
//! therefore holds `case_numbers` until it is done, which on SQLite is so anyway.

use std::collections::{BTreeMap, HashMap};

use super::{open::Group, store};
use crate::{
    app::App,
    db::{
        Tx,
        packed::{self, Broken, Unpacking},
    },
    ids::{CaseId, IspId},
};

/// Shelves read and written at once: they bound the memory, whatever the size of the register.
const AT_ONCE: usize = 200;

/// What the register says of the case of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its key.
    pub(crate) id: CaseId,
    /// Its number in the store, from the first case on.
    pub(crate) no: i64,
    /// Whether it is entered just now.
    pub(crate) is_new: bool,
}

/// Holds others back who take sightings in, until this transaction is over.
pub(crate) async fn hold(tx: &mut Tx) -> crate::db::Result<()> {
    store::register::draw_numbers(tx, 0).await.map(|_| ())
}

/// Finds the case of each of `groups`, which are sorted by spot, and enters those that have none.
pub(super) async fn enter(
    app: &App,
    tx: &mut Tx,
    groups: &[Group<'_>],
) -> crate::db::Result<Vec<Entry>> {
    let mut next = store::register::draw_numbers(tx, groups.len()).await?;
    let mut entries = vec![None; groups.len()];
    let shelves: Vec<_> = by_shelf(groups).into_iter().collect();
    for some in shelves.chunks(AT_ONCE) {
        let names: Vec<Vec<u8>> = some.iter().map(|(name, _)| name.clone()).collect();
        let bodies: HashMap<_, _> =
            store::register::shelves(tx, &names).await?.into_iter().collect();
        let mut changed = Vec::new();
        for (name, places) in some {
            let body = bodies.get(name).map_or(&[][..], Vec::as_slice);
            let mut shelf = Shelf::unpack(body)?;
            let known = shelf.cases.len();
            for place in places {
                let group = &groups[*place];
                let (rest, isp) = (group.first.spot.rest(), group.holder.isp);
                let found = shelf.find(known, rest, isp);
                entries[*place] = Some(found.unwrap_or_else(|| {
                    let id = CaseId(app.fresh_id());
                    shelf.cases.push(Listed { rest, isp, id, no: next });
                    next += 1;
                    Entry { id, no: next - 1, is_new: true }
                }));
            }
            if shelf.cases.len() > known {
                changed.push((name.clone(), shelf.pack()));
            }
        }
        store::register::put_shelves(tx, changed).await?;
    }
    Ok(entries.into_iter().flatten().collect())
}

/// Places of groups by the name of their shelf. Neighbours mostly share one; where a batch goes
/// over the end of a month, they take turns between two.
fn by_shelf(groups: &[Group<'_>]) -> BTreeMap<Vec<u8>, Vec<usize>> {
    let mut shelves: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
    let mut place = 0;
    for neighbours in groups.chunk_by(Group::shares_shelf) {
        let end = place + neighbours.len();
        shelves.entry(neighbours[0].shelf()).or_default().extend(place..end);
        place = end;
    }
    shelves
}

/// A shelf of the register, unpacked.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shelf<'a> {
    cases: Vec<Listed<'a>>,
}

/// A case on a shelf; in this order they are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Listed<'a> {
    rest: &'a [u8],
    isp: IspId,
    id: CaseId,
    no: i64,
}

impl<'a> Shelf<'a> {
    fn unpack(body: &'a [u8]) -> Result<Self, Broken> {
        let mut unpacking = Unpacking::new(body);
        let mut shelf = Self::default();
        if unpacking.is_done() {
            return Ok(shelf);
        }
        let mut isps = Vec::new();
        for _ in 0..unpacking.count()? {
            isps.push(key(unpacking.array()?));
        }
        while !unpacking.is_done() {
            let rest = unpacking.bytes()?;
            let isp = isps.get(unpacking.count()?);
            let isp = IspId(*isp.ok_or_else(|| unpacking.broken())?);
            let id = CaseId(key(unpacking.array()?));
            shelf.cases.push(Listed { rest, isp, id, no: unpacking.number()? });
        }
        Ok(shelf)
    }

    /// The case at `rest` of `isp` among the first `known`, which are sorted.
    fn find(&self, known: usize, rest: &[u8], isp: IspId) -> Option<Entry> {
        let known = &self.cases[..known];
        let place = known.binary_search_by(|case| (case.rest, case.isp).cmp(&(rest, isp))).ok()?;
        let Listed { id, no, .. } = known[place];
        Some(Entry { id, no, is_new: false })
    }

    fn pack(mut self) -> Vec<u8> {
        self.cases.sort_unstable();
        let mut isps: Vec<IspId> = self.cases.iter().map(|case| case.isp).collect();
        isps.sort_unstable();
        isps.dedup();
        let mut body = Vec::with_capacity(16 * isps.len() + 40 * self.cases.len());
        packed::put_count(&mut body, isps.len());
        isps.iter().for_each(|isp| body.extend_from_slice(isp.0.as_bytes()));
        for case in &self.cases {
            packed::put_bytes(&mut body, case.rest);
            let place = isps.binary_search(&case.isp).unwrap_or_default();
            packed::put_count(&mut body, place);
            body.extend_from_slice(case.id.0.as_bytes());
            packed::put_number(&mut body, case.no);
        }
        body
    }
}

fn key(bytes: [u8; 16]) -> uuid::Uuid {
    uuid::Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn a_shelf_gives_back_the_cases_on_it_whatever_order_they_came_in(
            cases in btree_map((any::<Vec<u8>>(), 0..4_u128), (any::<u128>(), any::<i64>()), 0..40),
        ) {
            let isp = |n: u128| IspId(uuid::Uuid::from_u128(n));
            let listed = cases.iter().rev().map(|((rest, n), (id, no))| Listed {
                rest,
                isp: isp(*n),
                id: CaseId(uuid::Uuid::from_u128(*id)),
                no: *no,
            });
            let body = Shelf { cases: listed.collect() }.pack();
            let shelf = Shelf::unpack(&body).unwrap();
            for ((rest, n), (id, no)) in &cases {
                let found = shelf.find(shelf.cases.len(), rest, isp(*n)).unwrap();
                prop_assert_eq!((found.id.0.as_u128(), found.no, found.is_new), (*id, *no, false));
                prop_assert_eq!(shelf.find(shelf.cases.len(), rest, isp(9)), None);
            }
            prop_assert_eq!(shelf.cases.len(), cases.len());
            prop_assert_eq!(shelf.pack(), body);
        }

        #[test]
        fn a_damaged_shelf_is_a_fault_and_no_panic(body: Vec<u8>, cut in 0_usize..60) {
            let _ = Shelf::unpack(&body);
            let one = Listed {
                rest: b"rest", isp: IspId(key([1; 16])), id: CaseId(key([2; 16])), no: 300,
            };
            let whole = Shelf { cases: vec![one] }.pack();
            let cut = &whole[..cut.min(whole.len() - 1)];
            // What is cut behind the list of ISPs is a shelf without cases.
            prop_assert!(cut.is_empty() || cut.len() == 17 || Shelf::unpack(cut).is_err());
        }
    }
}
