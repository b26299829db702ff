//! Register (台帳): which case stands at a spot, for batches of hundreds of thousands of spots.
//!
//! The entries of a shelf of spots and a term lie together, sorted and packed, in one row of
//! `case_shelves`: a batch that names most shelves of a country reads each once, where an index
//! would be searched once per spot. Its name is the term and the [`Spot::shelf`]; last month's
//! shelves are never read again. A body holds its classes, which are what spots at many addresses
//! share (how many, then ISP and end of spot of each); then for every case the last two bytes of
//! its address, the place of its class in that list, its number.
//!
//! Nothing but this register keeps two cases from one spot, ISP and term. Whoever takes a batch in
//! therefore holds `case_numbers` until it is done, which on SQLite is so anyway.
//!
//! [`Spot::shelf`]: crate::sightings::Spot::shelf

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{open::Group, store, term::Term};
use crate::{
    app::App,
    db::{
        Tx,
        packed::{self, Broken, Unpacking},
    },
    ids::{CaseId, IspId},
    sightings::SHELF,
};

/// Shelves read and written at once: they bound the memory, whatever the size of the register.
const AT_ONCE: usize = 200;

/// Bytes that a case takes on its shelf, as a rule.
const LISTED: usize = 7;

/// What the register says of the case of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its number in the store, from the first case on.
    pub(crate) no: i64,
    /// Its key, if it is entered just now.
    pub(crate) fresh: Option<CaseId>,
}

/// Holds others back who take sightings in, join lines or review them, until this transaction is
/// over.
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
            let mut before = None;
            for place in places {
                let (host, class) = class_of(&groups[*place]);
                // Neighbours mostly share their class.
                let known_class = before.filter(|(same, _)| *same == class);
                let (_, class) =
                    *before.insert(known_class.unwrap_or_else(|| (class, shelf.place_of(class))));
                let found = shelf.find(known, host, class).map(|no| Entry { no, fresh: None });
                entries[*place] = Some(found.unwrap_or_else(|| {
                    shelf.cases.push(Listed { host, class, no: next });
                    next += 1;
                    Entry { no: next - 1, fresh: Some(CaseId(app.fresh_id())) }
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

/// A case as the register names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Registered {
    pub(super) no: i64,
    pub(super) isp: IspId,
    pub(super) term: Term,
    pub(super) spot: Vec<u8>,
}

fn name_of(term: Term, shelf: &[u8]) -> Vec<u8> {
    [&term.0.to_be_bytes(), shelf].concat()
}

/// Terms and spots by the name of their shelf.
fn named<'a>(spots: &[(Term, &'a [u8])]) -> BTreeMap<Vec<u8>, (Term, HashSet<&'a [u8]>)> {
    let mut names: BTreeMap<_, (Term, HashSet<&[u8]>)> = BTreeMap::new();
    for (term, spot) in spots {
        let shelf = spot.get(..SHELF).unwrap_or(spot);
        names.entry(name_of(*term, shelf)).or_insert((*term, HashSet::new())).1.insert(spot);
    }
    names
}

/// The cases that stand at these spots in these terms, whosever they are.
pub(super) async fn standing_at(
    tx: &mut Tx,
    spots: &[(Term, &[u8])],
) -> crate::db::Result<Vec<Registered>> {
    let mut found = Vec::new();
    let wanted: Vec<_> = named(spots).into_iter().collect();
    for some in wanted.chunks(AT_ONCE) {
        let names: Vec<Vec<u8>> = some.iter().map(|(name, _)| name.clone()).collect();
        let bodies: HashMap<_, _> =
            store::register::shelves(tx, &names).await?.into_iter().collect();
        for (name, (term, spots)) in some {
            let Some(body) = bodies.get(name) else { continue };
            let shelf = Shelf::unpack(body)?;
            for case in &shelf.cases {
                let class = shelf.classes[case.class];
                let spot = [&name[8..], &case.host, class.tail].concat();
                if spots.contains(&spot[..]) {
                    found.push(Registered { no: case.no, isp: class.isp, term: *term, spot });
                }
            }
        }
    }
    Ok(found)
}

/// Strikes cases out: what is seen at their spots from now on opens others.
pub(super) async fn strike(tx: &mut Tx, cases: &[(Term, &[u8], i64)]) -> crate::db::Result<()> {
    let numbers: HashSet<i64> = cases.iter().map(|(_, _, no)| *no).collect();
    let spots: Vec<(Term, &[u8])> = cases.iter().map(|(term, spot, _)| (*term, *spot)).collect();
    let names: Vec<Vec<u8>> = named(&spots).into_keys().collect();
    for some in names.chunks(AT_ONCE) {
        let mut changed = Vec::new();
        for (name, body) in store::register::shelves(tx, some).await? {
            let mut shelf = Shelf::unpack(&body)?;
            shelf.cases.retain(|case| !numbers.contains(&case.no));
            changed.push((name, shelf.pack()));
        }
        let (left, empty): (Vec<_>, Vec<_>) =
            changed.into_iter().partition(|(_, body)| !is_empty(body));
        store::register::put_shelves(tx, left).await?;
        let empty: Vec<Vec<u8>> = empty.into_iter().map(|(name, _)| name).collect();
        store::register::drop_shelves(tx, &empty).await?;
    }
    Ok(())
}

fn is_empty(body: &[u8]) -> bool {
    Shelf::unpack(body).is_ok_and(|shelf| shelf.cases.is_empty())
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

/// The last bytes of an address.
type Host = [u8; 2];

/// What cases at many addresses of a shelf have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Class<'a> {
    isp: IspId,
    /// A spot behind its address.
    tail: &'a [u8],
}

fn class_of<'a>(group: &Group<'a>) -> (Host, Class<'a>) {
    let spot = group.first.rest().split_first_chunk();
    let (host, tail) = spot.expect("a spot begins with a whole address");
    (*host, Class { isp: group.holder.isp, tail })
}

/// A shelf of the register, unpacked.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shelf<'a> {
    classes: Vec<Class<'a>>,
    places: HashMap<Class<'a>, usize>,
    cases: Vec<Listed>,
}

/// A case on a shelf; in this order they are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    host: Host,
    class: usize,
    no: i64,
}

impl<'a> Shelf<'a> {
    fn unpack(body: &'a [u8]) -> Result<Self, Broken> {
        let mut unpacking = Unpacking::new(body);
        let mut shelf = Self::default();
        if unpacking.is_done() {
            return Ok(shelf);
        }
        for _ in 0..unpacking.count()? {
            let isp = IspId(uuid::Uuid::from_bytes(unpacking.array()?));
            shelf.place_of(Class { isp, tail: unpacking.bytes()? });
        }
        shelf.cases.reserve(body.len() / LISTED);
        while !unpacking.is_done() {
            let (host, class) = (unpacking.array()?, unpacking.count()?);
            if class >= shelf.classes.len() {
                return Err(unpacking.broken());
            }
            shelf.cases.push(Listed { host, class, no: unpacking.number()? });
        }
        Ok(shelf)
    }

    /// The place of a class in the list, where it is put if it does not stand there.
    fn place_of(&mut self, class: Class<'a>) -> usize {
        *self.places.entry(class).or_insert_with(|| {
            self.classes.push(class);
            self.classes.len() - 1
        })
    }

    /// The number of the case of `class` at `host` among the first `known`, which are sorted.
    fn find(&self, known: usize, host: Host, class: usize) -> Option<i64> {
        let known = &self.cases[..known];
        let place = known.binary_search_by_key(&(host, class), |case| (case.host, case.class));
        place.ok().map(|place| known[place].no)
    }

    fn pack(mut self) -> Vec<u8> {
        self.cases.sort_unstable();
        let mut body = Vec::with_capacity(32 * self.classes.len() + LISTED * self.cases.len());
        packed::put_count(&mut body, self.classes.len());
        for class in &self.classes {
            body.extend_from_slice(class.isp.0.as_bytes());
            packed::put_bytes(&mut body, class.tail);
        }
        for case in &self.cases {
            body.extend_from_slice(&case.host);
            packed::put_count(&mut body, case.class);
            packed::put_number(&mut body, case.no);
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, prelude::*};

    use super::*;

    fn class(isp: u128, tail: &[u8]) -> Class<'_> {
        Class { isp: IspId(uuid::Uuid::from_u128(isp)), tail }
    }

    proptest! {
        #[test]
        fn a_shelf_gives_back_the_cases_on_it_whatever_order_they_came_in(
            cases in btree_map((any::<Host>(), any::<Vec<u8>>(), 0..4_u128), any::<i64>(), 0..40),
        ) {
            let mut fresh = Shelf::default();
            for ((host, tail, isp), no) in cases.iter().rev() {
                let class = fresh.place_of(class(*isp, tail));
                fresh.cases.push(Listed { host: *host, class, no: *no });
            }
            let body = fresh.pack();
            let mut shelf = Shelf::unpack(&body).unwrap();
            let known = shelf.cases.len();
            prop_assert_eq!(known, cases.len());
            prop_assert_eq!(Shelf::unpack(&body).unwrap().pack(), &body[..]);
            for ((host, tail, isp), no) in &cases {
                let place = shelf.place_of(class(*isp, tail));
                prop_assert_eq!(shelf.find(known, *host, place), Some(*no));
                let stranger = shelf.place_of(class(9, tail));
                prop_assert_eq!(shelf.find(known, *host, stranger), None);
            }
        }

        #[test]
        fn a_damaged_shelf_is_a_fault_and_no_panic(body: Vec<u8>, cut in 0_usize..60) {
            let _ = Shelf::unpack(&body);
            let mut whole = Shelf::default();
            let place = whole.place_of(class(1, b"tail"));
            let classes = whole.pack().len();
            let mut whole = Shelf::default();
            whole.place_of(class(1, b"tail"));
            whole.cases.push(Listed { host: [1, 2], class: place, no: 300 });
            let whole = whole.pack();
            let cut = &whole[..cut.min(whole.len() - 1)];
            // What is cut behind the classes is a shelf without cases.
            let is_whole = cut.is_empty() || cut.len() == classes;
            prop_assert_eq!(Shelf::unpack(cut).is_ok(), is_whole);
        }
    }
}
