//! History of a way (取得履歴): each run is a dated fact, with what came and what went wrong.
//!
//! Reads `way_runs` and `way_refusals`, which [`super::run`] writes.

use sqlx::FromRow;

use super::{Way, store};
use crate::{db::Db, feeds::overview::PageOf, time::Moment};

/// One run of a way (取得回).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "取得回")]
pub struct WayRun {
    /// Its number; each run of a way has a greater one than those before.
    pub run_no: i64,
    /// When it began.
    pub began_at: Moment,
    /// When it ended; nothing while it goes on, or when it was cut off.
    pub ended_at: Option<Moment>,
    /// Files that came for the first time.
    pub files: i64,
    /// Files whose content was in already.
    pub known: i64,
    /// Files or messages that were refused.
    pub refused: i64,
    /// What went wrong, in one sentence.
    pub fault: Option<String>,
    /// When the next run is due, as things stood at its end.
    pub next_at: Option<Moment>,
}

impl WayRun {
    /// How it ended, in a word.
    pub fn outcome(&self) -> &'static str {
        match (&self.fault, self.ended_at) {
            (Some(_), _) => "failed",
            (None, Some(_)) => "done",
            (None, None) => "unfinished",
        }
    }
}

/// What a run refused (取得拒否): nothing of it went in.
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "取得拒否")]
pub struct Refusal {
    /// In which run.
    pub run_no: i64,
    /// Its name at its source.
    pub item: String,
    /// Why.
    pub reason: String,
}

/// The last run of a way.
pub async fn last(db: &Db, way: &Way) -> crate::db::Result<Option<WayRun>> {
    Ok(store::runs(db, way.id, (1, 0)).await?.pop())
}

/// The runs of a way with what each refused, the last one first, at most `limit`.
pub async fn runs(
    db: &Db,
    way: &Way,
    limit: i64,
) -> crate::db::Result<Vec<(WayRun, Vec<Refusal>)>> {
    with_refusals(db, way, store::runs(db, way.id, (limit, 0)).await?).await
}

/// A page of them.
pub async fn page(
    db: &Db,
    way: &Way,
    no: i64,
) -> crate::db::Result<PageOf<(WayRun, Vec<Refusal>)>> {
    let runs = store::runs(db, way.id, PageOf::<()>::asked(no)).await?;
    Ok(PageOf::of(with_refusals(db, way, runs).await?, no.max(1)))
}

async fn with_refusals(
    db: &Db,
    way: &Way,
    runs: Vec<WayRun>,
) -> crate::db::Result<Vec<(WayRun, Vec<Refusal>)>> {
    let numbers = || runs.iter().map(|run| run.run_no);
    let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else {
        return Ok(Vec::new());
    };
    let refusals = store::refusals(db, way.id, (first, last)).await?;
    let with_own = |run: WayRun| {
        let own = refusals.iter().filter(|one| one.run_no == run.run_no).cloned().collect();
        (run, own)
    };
    Ok(runs.into_iter().map(with_own).collect())
}
