//! Opening (案件化): from attributed sightings to cases opened, extended or reopened.
//!
//! The rule is a plain function, [`fate`]; the rest groups a batch by spot and ISP and writes it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    CaseRef, State,
    register::{self, Entry},
    store,
    term::Term,
    verdicts,
};
use crate::{
    app::App,
    attribution::{
        Attribution,
        identify::{Identifier, Named},
    },
    db::{Tx, bulk},
    feeds::Feed,
    ids::{CaseId, IspId},
    sightings::Sighting,
    time::Moment,
};

/// What makes sightings at one spot the same case's: provider and term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) isp: IspId,
    pub(super) term: Term,
}

/// A sighting with who served its address, and whose case it is if it is one's.
#[derive(Debug)]
pub(crate) struct Attributed<'a> {
    pub(crate) sighting: Sighting<'a>,
    pub(crate) attribution: Attribution,
    holder: Option<Holder>,
}

impl<'a> Attributed<'a> {
    /// Nobody's case where nobody is known to serve the spot, or could mend what is wrong.
    pub(crate) fn new(sighting: Sighting<'a>, attribution: Attribution) -> Self {
        let served = attribution.isp.zip(attribution.lease);
        let served = served.filter(|_| opens_a_case(sighting.kind()));
        let holder =
            served.map(|(isp, lease)| Holder { isp, term: Term::of(lease, sighting.detected_at) });
        Self { sighting, attribution, holder }
    }
}

/// What a sighting does to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was seen again; nothing else changes.
    Extended,
    /// It was verified before this sighting: the same case, reopened (再発).
    Recurred,
}

/// What a sighting at `at` does to a case in `state` since `since`.
///
/// A sighting that is older than the verdict arrived late; whether it upsets the verdict is for
/// verification to say, which reads the whole history.
pub fn fate(state: State, since: Moment, at: Moment) -> Fate {
    if state == State::Verified && at > since { Fate::Recurred } else { Fate::Extended }
}

/// Kinds of report that name victims, samples or lists rather than a device to be mended.
const NO_CASE: [&str; 6] =
    ["ddos_victim", "ddos_target", "sandbox", "blocklist", "spam_url", "device_id"];

/// Whether somebody can mend an exposure of this kind; if not, the sighting stands alone.
fn opens_a_case(kind: &[u8]) -> bool {
    !NO_CASE.iter().any(|none| kind.starts_with(none.as_bytes()))
}

/// How many cases a batch opened, extended and reopened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Opened {
    pub(crate) new: u64,
    pub(crate) extended: u64,
    pub(crate) recurred: u64,
}

/// Attributed sightings of one spot, ISP and term, oldest first.
pub(super) struct Group<'a> {
    pub(super) holder: Holder,
    pub(super) attribution: &'a Attribution,
    pub(super) first: &'a Sighting<'a>,
    pub(super) last: &'a Sighting<'a>,
}

impl Group<'_> {
    fn is_longer(&self) -> bool {
        self.first.detected_at != self.last.detected_at
    }

    /// Whether both cases lie on one shelf of the register.
    pub(super) fn shares_shelf(&self, other: &Self) -> bool {
        let shelf = |group: &Self| (group.holder.term, group.first.shelf());
        shelf(self) == shelf(other)
    }

    /// The shelf of the register on which its case is found.
    pub(super) fn shelf(&self) -> Vec<u8> {
        [&self.holder.term.0.to_be_bytes(), self.first.shelf()].concat()
    }
}

/// A case about to be opened.
pub(super) struct Opening<'a> {
    pub(super) group: &'a Group<'a>,
    pub(super) id: CaseId,
    pub(super) no: i64,
    /// What its first sighting shows of the device.
    pub(super) device: Arc<Named>,
}

/// The cases of a batch, each with what the register says of it.
pub(crate) struct Cases<'a>(Vec<(Group<'a>, Entry)>);

impl<'a> Cases<'a> {
    /// Finds the cases of `rows`, which are sorted by spot and time, and enters new ones.
    pub(crate) async fn enter(
        app: &App,
        tx: &mut Tx,
        rows: &'a [Attributed<'a>],
    ) -> crate::db::Result<Self> {
        let groups = group(rows);
        let entries = register::enter(app, tx, &groups).await?;
        Ok(Self(groups.into_iter().zip(entries).collect()))
    }

    /// Which of `rows`, of which these were made, open a case.
    pub(crate) fn openings(&self, rows: &'a [Attributed<'a>]) -> Vec<&'a Sighting<'a>> {
        let new = self.0.iter().filter(|(_, entry)| entry.fresh.is_some());
        let new: HashSet<i64> = new.map(|(group, _)| group.first.row_no).collect();
        let rows = rows.iter().map(|one| &one.sighting);
        rows.filter(|one| new.contains(&one.row_no)).collect()
    }

    /// Which of `rows`, of which these were made, are the first of their case; or, where there
    /// is none, of their spot, unless it is `listed` already. These are kept whole.
    pub(crate) fn first_of_all(
        &self,
        rows: &'a [Attributed<'a>],
        listed: &HashSet<Vec<u8>>,
    ) -> Vec<&'a Sighting<'a>> {
        let new = self.0.iter().filter(|(_, entry)| entry.fresh.is_some());
        let mut openings = new.map(|(group, _)| group.first.row_no).peekable();
        let mut previous: Option<&[u8]> = None;
        let first = rows.iter().filter(|one| {
            let spot = one.sighting.spot;
            let same = previous.replace(spot) == Some(spot);
            match one.holder {
                Some(_) => openings.next_if_eq(&one.sighting.row_no).is_some(),
                None => !same && !listed.contains(spot),
            }
        });
        first.map(|one| &one.sighting).collect()
    }
}

/// Opens, extends and reopens the cases of a batch, which were made of `rows`.
pub(crate) async fn from_sightings(
    tx: &mut Tx,
    feed: &Feed,
    rows: &[Attributed<'_>],
    cases: &Cases<'_>,
    identifier: &Identifier,
) -> anyhow::Result<Opened> {
    // A case that is opened is seen again where the batch goes on to see it.
    let mut seen: Vec<_> = cases
        .0
        .iter()
        .filter(|(group, entry)| entry.fresh.is_none() || group.is_longer())
        .collect();
    // Cases that were opened together have numbers in a row: such runs are quickly put in order.
    seen.sort_by_key(|(_, entry)| entry.no);
    for slice in seen.chunks(bulk::SLICE) {
        store::opening::extend(tx, slice).await?;
    }
    let known: Vec<_> = cases.0.iter().filter(|(_, entry)| entry.fresh.is_none()).collect();
    let mut opened = Vec::new();
    for (group, entry) in &cases.0 {
        let Some(id) = entry.fresh else { continue };
        let device = identifier.of(group.first)?;
        opened.push(Opening { group, id, no: entry.no, device });
    }
    // Cases lie by provider and age: so each provider's are appended to those it has.
    opened.sort_by_key(|one| one.group.holder.isp);
    for slice in opened.chunks(bulk::SLICE) {
        store::opening::insert(tx, feed, slice).await?;
    }
    let recurred = reopen_verified(tx, feed, rows, &known).await?;
    let (new, known) = (opened.len() as u64, known.len() as u64);
    Ok(Opened { new, extended: known - recurred, recurred })
}

/// Reopens those of `known` that are verified and were seen since; gives how many.
async fn reopen_verified(
    tx: &mut Tx,
    feed: &Feed,
    rows: &[Attributed<'_>],
    known: &[&(Group<'_>, Entry)],
) -> anyhow::Result<u64> {
    let numbers: Vec<i64> = known.iter().map(|(_, entry)| entry.no).collect();
    let verified = store::opening::verified(tx, &numbers).await?;
    let verified: HashMap<i64, (CaseId, Moment)> =
        verified.into_iter().map(|(no, id, since)| (no, (id, since))).collect();
    let mut seen = Vec::new();
    for (group, entry) in known {
        let Some((id, since)) = verified.get(&entry.no).copied() else { continue };
        let last = group.last.detected_at;
        if fate(State::Verified, since, last) == Fate::Recurred {
            // The first of them says when, as it does when verification reads the history.
            let at = first_after(rows, group, since).unwrap_or(last);
            seen.push((at, CaseRef { isp: group.holder.isp, id }));
        }
    }
    // Of several cases of a line, the one that was seen first reopens it.
    seen.sort_unstable();
    let author = format!("feed {}", feed.name);
    let mut recurred = 0;
    for (at, case) in seen {
        recurred += u64::from(verdicts::reopen(tx, case, at, &author).await?);
    }
    Ok(recurred)
}

/// The first sighting of `group` after `since`, among rows sorted by spot and time.
fn first_after(rows: &[Attributed<'_>], group: &Group<'_>, since: Moment) -> Option<Moment> {
    let spot = group.first.spot;
    let from = rows.partition_point(|one| one.sighting.spot < spot);
    let same = rows[from..].iter().take_while(|one| one.sighting.spot == spot);
    let own = same.filter(|one| one.holder == Some(group.holder));
    own.map(|one| one.sighting.detected_at).find(|at| *at > since)
}

fn group<'a>(rows: &'a [Attributed<'a>]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'_>> = Vec::with_capacity(rows.len());
    for Attributed { sighting, attribution, holder } in rows {
        let Some(holder) = *holder else { continue };
        let same_spot = |group: &&mut Group<'_>| group.first.spot == sighting.spot;
        let same_holder = |group: &&mut Group<'_>| group.holder == holder;
        match groups.iter_mut().rev().take_while(same_spot).find(same_holder) {
            Some(group) => group.last = sighting,
            None => groups.push(Group { holder, attribution, first: sighting, last: sighting }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sighting_after_the_verdict_reopens_a_verified_case() {
        let (before, verdict, after) = (Moment(1), Moment(2), Moment(3));
        assert_eq!(fate(State::Verified, verdict, after), Fate::Recurred);
        assert_eq!(fate(State::Verified, verdict, before), Fate::Extended);
        assert_eq!(fate(State::CleanOnce, verdict, after), Fate::Extended);
    }
}
