//! Feeds at a glance (取込状況): what came last from each, and what waits for a person.

use sqlx::FromRow;

use super::{files::Listed, store};
use crate::{
    db::Db,
    ids::{FeedId, FileId},
    time::Moment,
};

/// Lines of a list that stand on one page.
pub const PAGE_LINES: i64 = 50;

/// A feed and how it fares (取込状況).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "取込状況")]
pub struct Overview {
    /// The feed.
    pub id: FeedId,
    /// Its name.
    pub name: String,
    /// How its files are read, as a word.
    pub format: String,
    /// The undertaking its cases belong to.
    pub stream: String,
    /// Files that came.
    pub files: i64,
    /// Files that were refused as a whole.
    pub refused: i64,
    /// Files that are not in to their end.
    pub unfinished: i64,
    /// Rows that wait in quarantine.
    pub waiting: i64,
    /// When the last file came.
    pub last_at: Option<Moment>,
}

/// All feeds by name.
pub async fn all(db: &Db) -> crate::db::Result<Vec<Overview>> {
    store::overview::feeds(db).await
}

/// A page of something, and whether another one follows.
#[derive(Clone, Debug)]
pub struct PageOf<T> {
    /// Its lines.
    pub lines: Vec<T>,
    /// Which page, from 1.
    pub no: i64,
    /// Whether another one follows.
    pub more: bool,
}

impl<T> PageOf<T> {
    /// Makes a page of lines that were asked for with one beyond it.
    pub(super) fn of(mut lines: Vec<T>, no: i64) -> Self {
        let more = lines.len() as u64 > PAGE_LINES.unsigned_abs();
        lines.truncate(usize::try_from(PAGE_LINES).unwrap_or(usize::MAX));
        Self { lines, no, more }
    }

    /// The lines to ask the store for: how many, and how many to pass over.
    pub(super) fn asked(no: i64) -> (i64, i64) {
        (PAGE_LINES + 1, (no.clamp(1, 1_000_000) - 1) * PAGE_LINES)
    }
}

/// A file of a feed with its key and what came of its rows, as JSON.
#[derive(Clone, Debug, FromRow)]
pub struct OneFile {
    /// Its key.
    pub id: FileId,
    /// The file.
    #[sqlx(flatten)]
    pub listed: Listed,
    /// What came of its rows, as JSON of [`Counts`](super::receive::Counts).
    pub counts: String,
    /// Its size as it came.
    pub bytes: i64,
}

/// Files of a feed, latest first.
pub async fn files(db: &Db, feed: FeedId, no: i64) -> crate::db::Result<PageOf<OneFile>> {
    let lines = store::overview::files(db, feed, PageOf::<()>::asked(no)).await?;
    Ok(PageOf::of(lines, no.max(1)))
}

/// One file, of whichever feed.
pub async fn file(db: &Db, id: FileId) -> crate::db::Result<Option<OneFile>> {
    store::overview::file(db, id).await
}
