//! Evidence (根拠走査): the clean scans that the verdict on a line rests on.
//!
//! They are kept with the case that speaks for the line, and shown to whoever asks why it is called
//! fixed. A review that reads a line's history anew leaves the first ones after each sighting, as
//! many as a verdict takes: a coverage that was corrected takes its clean scans away with it.

use std::collections::{HashMap, HashSet};

use sqlx::FromRow;

use super::store;
use crate::{
    cases::CaseRef,
    db::{Db, Tx},
    feeds::runs::Run,
    ids::{CaseId, FeedId, IspId},
    time::Moment,
};

/// A clean scan (検知なし) of a line: which run covered its place and did not list it.
#[derive(Clone, Debug, FromRow, PartialEq, Eq, Hash)]
#[doc(alias = "検知なし")]
pub struct CleanScan {
    /// The case that speaks for the line.
    pub case_id: CaseId,
    /// When the run ended.
    pub ended_at: Moment,
    /// The feed whose run it was.
    pub feed_id: FeedId,
    /// The run's name within that feed.
    pub scan_run: String,
}

impl CleanScan {
    /// That `run` missed the line that `case` speaks for.
    pub(super) fn of(case: CaseRef, run: &Run) -> Self {
        let (ended_at, feed_id, scan_run) = (run.to, run.feed, run.scan_run.clone());
        Self { case_id: case.id, ended_at, feed_id, scan_run }
    }
}

/// The clean scans that are kept, by case.
pub(super) type Kept = HashMap<CaseId, HashSet<CleanScan>>;

/// The clean scans kept for the cases of `isp`.
pub(super) async fn kept(db: &Db, isp: IspId) -> crate::db::Result<Kept> {
    let mut kept = Kept::new();
    for scan in store::clean_of_isp(db, isp).await? {
        kept.entry(scan.case_id).or_default().insert(scan);
    }
    Ok(kept)
}

/// Leaves of what is kept for `cases` exactly the scans of `found`.
pub(super) async fn keep(
    tx: &mut Tx,
    isp: IspId,
    cases: impl Iterator<Item = CaseId>,
    (found, kept): (Vec<CleanScan>, &Kept),
) -> crate::db::Result<()> {
    let found: HashSet<CleanScan> = found.into_iter().collect();
    let standing: HashSet<&CleanScan> =
        cases.filter_map(|case| kept.get(&case)).flatten().collect();
    for gone in standing.iter().filter(|scan| !found.contains(**scan)) {
        store::delete_clean(tx, isp, gone).await?;
    }
    let fresh: Vec<&CleanScan> = found.iter().filter(|scan| !standing.contains(scan)).collect();
    store::insert_clean(tx, isp, &fresh).await
}

/// Forgets the clean scans of cases that no longer stand, and as what their devices were seen.
pub(crate) async fn forget(
    tx: &mut Tx,
    cases: impl Iterator<Item = CaseRef>,
) -> crate::db::Result<()> {
    let mut by_isp: HashMap<IspId, Vec<CaseId>> = HashMap::new();
    cases.for_each(|case| by_isp.entry(case.isp).or_default().push(case.id));
    for (isp, cases) in by_isp {
        store::forget_clean(tx, isp, &cases).await?;
        store::forget_links(tx, isp, &cases).await?;
    }
    Ok(())
}

/// The clean scans that the verdict on a case rests on, in order of time.
pub async fn of_case(db: &Db, case: CaseRef) -> crate::db::Result<Vec<CleanScan>> {
    store::clean_of_case(db, case).await
}
