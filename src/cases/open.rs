//! Opening (案件化): from attributed sightings to cases opened, extended or reopened.
//!
//! The rule is a plain function, [`fate`]; the rest groups a batch by spot and ISP and writes it.

use std::collections::HashMap;

use super::{CaseRef, State, store};
use crate::{
    app::App,
    attribution::Attribution,
    db::{
        Tx,
        bulk::{self, Change, Column, Target},
    },
    feeds::Feed,
    ids::{CaseId, IspId},
    sightings::Sighting,
    time::Moment,
};

/// A case that a spot already has.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Known {
    spot: Vec<u8>,
    isp_id: IspId,
    id: CaseId,
    #[sqlx(try_from = "String")]
    state: State,
    state_since: Moment,
}

/// Cases by spot; one spot has several when its address changed hands between ISPs.
pub(crate) type KnownCases = HashMap<Vec<u8>, Vec<Known>>;

/// The cases that stand at `spots`.
pub(crate) async fn known(tx: &mut Tx, spots: &[Vec<u8>]) -> sqlx::Result<KnownCases> {
    const SQL: &str = "SELECT spot, isp_id, id, state, state_since FROM cases";
    let mut cases: KnownCases = HashMap::with_capacity(spots.len());
    for case in bulk::select_in::<Known>(tx, SQL, "spot", spots).await? {
        cases.entry(case.spot.clone()).or_default().push(case);
    }
    Ok(cases)
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
    ["honeypot_ddos", "sandbox", "blocklist", "spam_url", "device_id", "phish_url"];

/// Whether somebody can mend what `exposure` speaks of; if not, the sighting stands alone.
pub fn opens_a_case(exposure: &formats::Exposure) -> bool {
    !NO_CASE.iter().any(|kind| exposure.kind.as_str().starts_with(kind))
}

/// How many cases a batch opened, extended and reopened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Opened {
    pub(crate) opened: u64,
    pub(crate) extended: u64,
    pub(crate) recurred: u64,
}

/// Attributed sightings of one spot and ISP, oldest first.
struct Group<'a> {
    isp: IspId,
    attribution: &'a Attribution,
    first: &'a Sighting,
    last: &'a Sighting,
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
        let cases = known.get(&group.first.spot.0);
        match cases.and_then(|cases| cases.iter().find(|case| case.isp_id == group.isp)) {
            Some(case) => extended.push((case, group)),
            None => opened.push((CaseId(app.fresh_id()), group)),
        }
    }
    let author = format!("feed {}", feed.name);
    let mut done = Opened { opened: opened.len() as u64, ..Opened::default() };
    insert(tx, feed, &author, &opened).await?;
    extend(tx, &extended).await?;
    for (case, group) in &extended {
        let at = Moment(group.last.row.detected_at);
        match fate(case.state, case.state_since, at) {
            Fate::Extended => done.extended += 1,
            Fate::Recurred => {
                done.recurred += 1;
                reopen(tx, CaseRef { isp: case.isp_id, id: case.id }, at, &author).await?;
            }
        }
    }
    Ok(done)
}

fn group(rows: &[(Sighting, Attribution)]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (sighting, attribution) in rows {
        let Some(isp) = attribution.isp else { continue };
        if !opens_a_case(&sighting.row.exposure) {
            continue;
        }
        let same_spot = |group: &&mut Group<'_>| group.first.spot == sighting.spot;
        let same_isp = |group: &&mut Group<'_>| group.isp == isp;
        match groups.iter_mut().rev().take_while(same_spot).find(same_isp) {
            Some(group) => group.last = sighting,
            None => groups.push(Group { isp, attribution, first: sighting, last: sighting }),
        }
    }
    groups
}

async fn reopen(tx: &mut Tx, case: CaseRef, at: Moment, author: &str) -> sqlx::Result<()> {
    let verdict = super::Verdict { case, state: State::Recurred, since: at, first_clean: None };
    if store::set_state(tx, &verdict).await? {
        let event = store::Event { at, kind: "recurred", author, detail: None };
        store::write_event(tx, case, event).await?;
        super::inquiry_id::end(tx, case, None).await?;
    }
    Ok(())
}

const CASES: Target = Target {
    table: "cases",
    columns: "isp_id, id, spot, stream, feed_id, feed_file_id, row_no, maker, model, device_kind,
        severity, asn, basis, first_seen, last_seen, state, state_since",
    conflict: "",
};

const EVENTS: Target =
    Target { table: "case_events", columns: "isp_id, case_id, at, kind, author", conflict: "" };

async fn insert(
    tx: &mut Tx,
    feed: &Feed,
    author: &str,
    opened: &[(CaseId, Group<'_>)],
) -> sqlx::Result<()> {
    let ids =
        |of: fn(&(CaseId, Group<'_>)) -> Vec<u8>| Column::Bytes(opened.iter().map(of).collect());
    let ints = |of: fn(&(CaseId, Group<'_>)) -> i64| Column::Int(opened.iter().map(of).collect());
    let same = |text: &str| Column::Text(vec![text.to_owned(); opened.len()]);
    let detail = |of: fn(&formats::Detail) -> Option<&str>| {
        let texts = opened.iter().map(|(_, g)| of(&g.first.row.detail).map(str::to_owned));
        Column::TextOrNull(texts.collect())
    };
    let texts = |of: fn(&Group<'_>) -> String| {
        Column::Text(opened.iter().map(|(_, group)| of(group)).collect())
    };
    let asns = opened.iter().map(|(_, group)| group.attribution.asn.map(i64::from)).collect();
    let columns = [
        ids(|(_, g)| g.isp.0.as_bytes().to_vec()),
        ids(|(id, _)| id.0.as_bytes().to_vec()),
        ids(|(_, g)| g.first.spot.0.clone()),
        same(&feed.stream),
        Column::Bytes(vec![feed.id.0.as_bytes().to_vec(); opened.len()]),
        ids(|(_, g)| g.first.file.0.as_bytes().to_vec()),
        ints(|(_, g)| g.first.row_no),
        detail(|d| d.device_vendor.as_deref()),
        detail(|d| d.device_model.as_deref()),
        detail(|d| d.device_type.as_deref()),
        texts(|g| g.first.row.severity.code().to_owned()),
        Column::IntOrNull(asns),
        texts(|g| g.attribution.basis.word().to_owned()),
        ints(|(_, g)| g.first.row.detected_at),
        ints(|(_, g)| g.last.row.detected_at),
        same(State::Open.word()),
        ints(|(_, g)| g.first.row.detected_at),
    ];
    bulk::insert(tx, CASES, &columns).await?;
    let facts = [
        ids(|(_, g)| g.isp.0.as_bytes().to_vec()),
        ids(|(id, _)| id.0.as_bytes().to_vec()),
        ints(|(_, g)| g.first.row.detected_at),
        same("opened"),
        same(author),
    ];
    bulk::insert(tx, EVENTS, &facts).await?;
    Ok(())
}

async fn extend(tx: &mut Tx, extended: &[(&Known, Group<'_>)]) -> sqlx::Result<()> {
    let change = Change {
        table: "cases",
        columns: "isp_id, id, first_at, last_at",
        set: "first_seen = CASE WHEN v.first_at < cases.first_seen
                 THEN v.first_at ELSE cases.first_seen END,
             last_seen = CASE WHEN v.last_at > cases.last_seen
                 THEN v.last_at ELSE cases.last_seen END",
        matching: "cases.isp_id = v.isp_id AND cases.id = v.id",
    };
    let columns = [
        Column::Bytes(extended.iter().map(|(k, _)| k.isp_id.0.as_bytes().to_vec()).collect()),
        Column::Bytes(extended.iter().map(|(k, _)| k.id.0.as_bytes().to_vec()).collect()),
        Column::Int(extended.iter().map(|(_, g)| g.first.row.detected_at).collect()),
        Column::Int(extended.iter().map(|(_, g)| g.last.row.detected_at).collect()),
    ];
    bulk::update(tx, change, &columns).await?;
    Ok(())
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
