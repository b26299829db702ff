//! Withdrawn cases (取下げ案件): what becomes of cases when a file that saw them is withdrawn.
//!
//! A case that other files saw too stays, with the times that they tell; if the withdrawn file
//! opened it, their earliest row opens it instead. A case that nobody else saw goes as if it had
//! never been, unless somebody outside was told of it: then it stays as *withdrawn*, out of the
//! view `cases` and so out of every list, verdict and figure, and its page says that it was a
//! mistake.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
};

use sqlx::FromRow;

use super::{
    Case, CaseRef, inquiry_id, lines,
    register::{self, Registered},
    store::{self, withdrawn as sql},
    term::Term,
};
use crate::{
    attribution::{Attribution, Attributor, identify::Identifier},
    db::Tx,
    feeds::Feed,
    ids::{CaseId, FileId, IspId},
    sightings::{Sighting, Spot, retract::Told},
    time::Moment,
};

/// Whose case a sighting at `ip` at `at` is by the register of today: provider and term.
fn holder(attributor: &Attributor, ip: IpAddr, at: Moment) -> Option<(IspId, Term)> {
    let served = attributor.attribute(ip, at);
    let (isp, lease) = served.isp.zip(served.lease)?;
    Some((isp, Term::of(lease, at)))
}

/// A case with its number in the store.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Numbered {
    pub(crate) no: i64,
    /// When the row was seen that opened it.
    opened_at: Moment,
    #[sqlx(flatten)]
    pub(crate) case: Case,
}

/// A case that a file saw which is withdrawn.
#[derive(Clone, Debug)]
pub(crate) struct Touched {
    pub(crate) no: i64,
    pub(crate) case: Case,
    /// From when to when others saw it; nothing if nobody did.
    pub(crate) left: Option<(Moment, Moment)>,
}

/// The cases that `file` saw, given all that is told on some shelves: to whom a sighting belongs is
/// read from the register as it stands today.
pub(crate) async fn touched(
    tx: &mut Tx,
    attributor: &Attributor,
    file: FileId,
    told: &[Told],
) -> anyhow::Result<Vec<Touched>> {
    let mut spots: BTreeMap<&[u8], (Vec<Moment>, Vec<Moment>)> = BTreeMap::new();
    for one in told {
        let (own, others) = spots.entry(&one.spot).or_default();
        if one.file == file { own } else { others }.push(one.at);
    }
    spots.retain(|_, (own, _)| !own.is_empty());
    let mut wanted: BTreeSet<(Term, &[u8])> = BTreeSet::new();
    for (spot, (own, _)) in &spots {
        wanted.insert((Term::FOR_GOOD, *spot));
        wanted.extend(own.iter().map(|at| (Term::month(*at), *spot)));
    }
    let wanted: Vec<_> = wanted.into_iter().collect();
    let registered = register::standing_at(tx, &wanted).await?;
    let numbers: Vec<i64> = registered.iter().map(|one| one.no).collect();
    let cases = sql::of_numbers(tx, &numbers).await?;
    let mut cases: HashMap<i64, Numbered> = cases.into_iter().map(|one| (one.no, one)).collect();
    let mut all = Vec::new();
    for Registered { no, isp, term, spot } in registered {
        let Some(Numbered { opened_at, case, .. }) = cases.remove(&no) else { continue };
        let (own, others) = &spots[&spot[..]];
        let ip = Spot(spot.clone()).place().map(|place| place.ip);
        let is_its =
            |at: &&Moment| ip.is_some_and(|ip| holder(attributor, ip, **at) == Some((isp, term)));
        let mut left: Vec<Moment> = others.iter().filter(is_its).copied().collect();
        // Whatever the register says today, the file that opened a case did see it.
        left.extend((case.feed_file_id != file).then_some(opened_at));
        let left = left.iter().min().copied().zip(left.iter().max().copied());
        // What this file neither opened nor saw by today's register is none of its cases.
        if case.feed_file_id == file || own.iter().any(|at| is_its(&at)) {
            all.push(Touched { no, case, left });
        }
    }
    Ok(all)
}

/// Says anew from when to when the cases that stay were seen.
pub(crate) async fn retime(
    tx: &mut Tx,
    file: FileId,
    touched: &[&Touched],
) -> crate::db::Result<()> {
    for one in touched {
        let Some(times) = one.left else { continue };
        sql::set_times(tx, one.no, times).await?;
        if one.case.feed_file_id == file {
            // Until its new opening is read, it counts from the first time that others tell.
            sql::set_opened_at(tx, one.case.reference(), times.0).await?;
        }
    }
    Ok(())
}

/// Removes cases of which nobody was told, as if they had never been.
pub(crate) async fn remove(
    tx: &mut Tx,
    gone: &[&Touched],
    now: Moment,
    author: &str,
) -> anyhow::Result<()> {
    part(tx, gone, now, author).await?;
    for (isp, cases) in by_isp(gone) {
        let keys: Vec<Vec<u8>> = cases.iter().map(|one| key(one.case.id)).collect();
        sql::delete(tx, isp, &keys).await?;
    }
    for one in gone {
        sql::delete_times(tx, one.no).await?;
    }
    Ok(())
}

/// Marks cases as withdrawn of which somebody was told: their pages say so from now on.
pub(crate) async fn recall(
    tx: &mut Tx,
    gone: &[&Touched],
    now: Moment,
    (author, reason): (&str, &str),
) -> anyhow::Result<()> {
    part(tx, gone, now, author).await?;
    for one in gone {
        let case = one.case.reference();
        sql::set_withdrawn(tx, case, now).await?;
        let event = store::Event { at: now, kind: "withdrawn", author, detail: Some(reason) };
        store::write_event(tx, case, event).await?;
        let ends_at = now.plus_days(inquiry_id::DAYS_AFTER_CLOSING);
        inquiry_id::end(tx, case, Some(ends_at)).await?;
    }
    Ok(())
}

/// Parts cases from the register and from their lines; whoever they spoke for is joined anew.
async fn part(tx: &mut Tx, gone: &[&Touched], now: Moment, author: &str) -> anyhow::Result<()> {
    let struck: Vec<(Term, &[u8], i64)> =
        gone.iter().map(|one| (one.case.term, &one.case.spot[..], one.no)).collect();
    register::strike(tx, &struck).await?;
    for (isp, cases) in by_isp(gone) {
        // A review that is under way has read these cases: it starts over.
        store::tokens::count_join(tx, isp).await?;
        let keys: Vec<Vec<u8>> = cases.iter().map(|one| key(one.case.id)).collect();
        let followers = sql::part(tx, isp, &keys, now).await?;
        for id in followers {
            lines::join(tx, CaseRef { isp, id }, now, author).await?;
        }
    }
    Ok(())
}

fn key(case: CaseId) -> Vec<u8> {
    case.0.as_bytes().to_vec()
}

fn by_isp<'a>(cases: &[&'a Touched]) -> BTreeMap<IspId, Vec<&'a Touched>> {
    let mut all: BTreeMap<IspId, Vec<&Touched>> = BTreeMap::new();
    for one in cases {
        all.entry(one.case.isp_id).or_default().push(one);
    }
    all
}

/// Cases that stand and whose opening is a row of `file`, at most `limit`.
pub(crate) async fn opened_by(
    tx: &mut Tx,
    file: FileId,
    limit: i64,
) -> crate::db::Result<Vec<Numbered>> {
    sql::opened_by(tx, file, limit).await
}

/// Of all that is told, the sighting that opens `case` instead of one of `file`: the first in the
/// file that came first, as it would have been without.
pub(crate) fn opener<'a>(
    attributor: &Attributor,
    (case, file): (&Case, FileId),
    told: &[&'a Told],
) -> Option<&'a Told> {
    let ip = Spot(case.spot.clone()).place()?.ip;
    let its = told.iter().filter(|one| one.file != file && one.spot == case.spot);
    let its = its.filter(|one| holder(attributor, ip, one.at) == Some((case.isp_id, case.term)));
    its.min_by_key(|one| (one.came, one.file, one.at, one.line)).copied()
}

/// Lets rows of one file open cases that stand already, in place of the ones that opened them.
pub(crate) async fn reopen(
    tx: &mut Tx,
    feed: &Feed,
    cases: &[(&Numbered, &Sighting<'_>, Attribution)],
    identifier: &Identifier,
) -> anyhow::Result<()> {
    let mut next = store::register::draw_numbers(tx, cases.len()).await?;
    for (one, sighting, attribution) in cases {
        let device = identifier.of(sighting)?;
        let opening = (next, *sighting, attribution);
        store::opening::insert_trait(tx, feed, opening, &device).await?;
        sql::set_opening(tx, one.case.reference(), (next, sighting, attribution.asn)).await?;
        next += 1;
    }
    Ok(())
}

/// Drops what only cases shared that `file` opened, once none of them is left.
pub(crate) async fn drop_traits(tx: &mut Tx, file: FileId) -> crate::db::Result<()> {
    sql::drop_traits(tx, file).await
}

/// A case that was withdrawn (取下げ案件), as whoever was told of it may know it.
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "取下げ案件")]
pub struct Withdrawn {
    /// The ISP that owns it.
    pub isp_id: IspId,
    /// Its key.
    pub id: CaseId,
    /// Where it was said to be.
    pub spot: Vec<u8>,
    /// When it was withdrawn.
    pub at: Moment,
    /// Who did.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// The withdrawn case of that key, whosever it is.
pub async fn find(db: &crate::db::Db, id: CaseId) -> crate::db::Result<Option<Withdrawn>> {
    sql::find(db, id).await
}

/// Whether a case was withdrawn.
pub(crate) async fn is_withdrawn(db: &crate::db::Db, case: CaseRef) -> crate::db::Result<bool> {
    sql::stands_withdrawn(db, case).await
}
