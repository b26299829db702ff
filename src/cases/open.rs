//! Opening (案件化): from attributed sightings to cases opened, extended or reopened.
//!
//! The rule is a plain function, [`fate`]; the rest groups a batch by spot and ISP and writes it.

use std::collections::HashMap;

use super::{CaseRef, State, store, term::Term, verdicts};
use crate::{
    app::App,
    attribution::Attribution,
    db::{Tx, bulk},
    feeds::Feed,
    ids::{CaseId, IspId},
    sightings::{Sighting, Spot},
    time::Moment,
};

/// A case that a spot already has.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Known {
    spot: Vec<u8>,
    pub(super) isp_id: IspId,
    term: Term,
    pub(super) id: CaseId,
    #[sqlx(try_from = "String")]
    state: State,
    state_since: Moment,
}

/// Cases by spot; one spot has several when its address changed hands.
pub(crate) type KnownCases = HashMap<Vec<u8>, Vec<Known>>;

/// The cases that stand at `spots`.
pub(crate) async fn known(tx: &mut Tx, spots: &[Vec<u8>]) -> crate::db::Result<KnownCases> {
    let mut cases: KnownCases = HashMap::with_capacity(spots.len());
    for case in store::opening::at_spots(tx, spots).await? {
        cases.entry(case.spot.clone()).or_default().push(case);
    }
    Ok(cases)
}

/// What makes sightings at one spot the same case's: provider and term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    isp: IspId,
    term: Term,
}

impl Holder {
    /// Who held the spot of a sighting; nothing where nobody is known to serve it.
    pub(crate) fn of(sighting: &Sighting, attribution: &Attribution) -> Option<Self> {
        let (isp, lease) = (attribution.isp?, attribution.lease?);
        Some(Self { isp, term: Term::of(lease, Moment(sighting.row.detected_at)) })
    }

    /// Its case, where one is known at `spot`.
    fn case<'a>(&self, known: &'a KnownCases, spot: &Spot) -> Option<&'a Known> {
        let mut cases = known.get(&spot.0)?.iter();
        cases.find(|case| case.isp_id == self.isp && case.term == self.term)
    }

    /// Whether it has a case at `spot`.
    pub(crate) fn is_known(&self, known: &KnownCases, spot: &Spot) -> bool {
        self.case(known, spot).is_some()
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

/// Whether somebody can mend what `exposure` speaks of; if not, the sighting stands alone.
pub fn opens_a_case(exposure: &formats::Exposure) -> bool {
    !NO_CASE.iter().any(|kind| exposure.kind.as_str().starts_with(kind))
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
    pub(super) isp: IspId,
    pub(super) term: Term,
    pub(super) attribution: &'a Attribution,
    pub(super) first: &'a Sighting,
    pub(super) last: &'a Sighting,
}

impl Group<'_> {
    fn holder(&self) -> Holder {
        Holder { isp: self.isp, term: self.term }
    }
}

/// Opens, extends and reopens cases from `rows`, which are sorted by spot and time.
pub(crate) async fn from_sightings(
    app: &App,
    tx: &mut Tx,
    feed: &Feed,
    rows: &[(Sighting, Attribution)],
    known: &KnownCases,
) -> anyhow::Result<Opened> {
    let mut opened = Vec::new();
    let mut extended: Vec<(&Known, Group<'_>)> = Vec::new();
    for group in group(rows) {
        match group.holder().case(known, &group.first.spot) {
            Some(case) => extended.push((case, group)),
            None => opened.push((CaseId(app.fresh_id()), group)),
        }
    }
    let author = format!("feed {}", feed.name);
    let mut done = Opened { new: opened.len() as u64, ..Opened::default() };
    for slice in opened.chunks(bulk::SLICE) {
        store::opening::insert(tx, feed, &author, slice).await?;
    }
    for slice in extended.chunks(bulk::SLICE) {
        store::opening::extend(tx, slice).await?;
    }
    for (case, group) in &extended {
        let last = Moment(group.last.row.detected_at);
        match fate(case.state, case.state_since, last) {
            Fate::Extended => done.extended += 1,
            Fate::Recurred => {
                done.recurred += 1;
                // The first of them says when, as it does when verification reads the history.
                let at = first_after(rows, group, case.state_since).unwrap_or(last);
                verdicts::reopen(tx, CaseRef { isp: case.isp_id, id: case.id }, at, &author)
                    .await?;
            }
        }
    }
    Ok(done)
}

/// The first sighting of `group` after `since`, among rows sorted by spot and time.
fn first_after(
    rows: &[(Sighting, Attribution)],
    group: &Group<'_>,
    since: Moment,
) -> Option<Moment> {
    let from = rows.partition_point(|(sighting, _)| sighting.spot < group.first.spot);
    let spot = rows[from..].iter().take_while(|(one, _)| one.spot == group.first.spot);
    let own = spot.filter(|(one, served)| Holder::of(one, served) == Some(group.holder()));
    own.map(|(one, _)| Moment(one.row.detected_at)).find(|at| *at > since)
}

fn group(rows: &[(Sighting, Attribution)]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (sighting, attribution) in rows {
        let Some(holder) = Holder::of(sighting, attribution) else { continue };
        if !opens_a_case(&sighting.row.exposure) {
            continue;
        }
        let same_spot = |group: &&mut Group<'_>| group.first.spot == sighting.spot;
        let same_holder = |group: &&mut Group<'_>| group.holder() == holder;
        if let Some(group) = groups.iter_mut().rev().take_while(same_spot).find(same_holder) {
            group.last = sighting;
        } else {
            let Holder { isp, term } = holder;
            groups.push(Group { isp, term, attribution, first: sighting, last: sighting });
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
