//! History of a way (取得履歴): each run is a dated fact, with what came and what went wrong.
//!
//! Owns `way_runs`.

use sqlx::FromRow;

use super::{Way, store};
use crate::{db::Db, time::Moment};

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

/// The runs of a way, the last one first, at most `limit`.
pub async fn runs(db: &Db, way: &Way, limit: i64) -> crate::db::Result<Vec<WayRun>> {
    store::runs(db, way.id, limit).await
}

/// What a run refused: the name at its source, and why.
pub async fn refused(db: &Db, way: &Way, run: &WayRun) -> crate::db::Result<Vec<(String, String)>> {
    store::refused_items(db, way.id, run.run_no).await
}
