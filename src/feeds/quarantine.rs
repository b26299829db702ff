//! Quarantine (隔離): rows that were not understood, with line, column, reason and bytes.
//!
//! Nothing is lost: a row stays here until a retry understands it, and the raw file stays anyway.
//! While it waits it may be any device that looks clean. Whoever has looked at a row and knows that
//! it is none to wait for dismisses it, with name and reason; then it holds no run back any more.

pub mod reasons;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    str::FromStr,
};

use formats::Refused;
use sqlx::FromRow;

use super::{
    Feed,
    overview::PageOf,
    receive::FeedFile,
    store::{overview, quarantine as store},
};
use crate::{
    app::App,
    audit::{self, Deed},
    db::{Db, Tx},
    ids::{FeedId, FileId},
    time::Moment,
};

/// A row in quarantine (隔離行).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "隔離行")]
pub struct QuarantinedRow {
    /// The file it stands in.
    pub feed_file_id: FileId,
    /// Its number among the rows of that file.
    pub row_no: i64,
    /// The name of that file.
    pub file: String,
    /// The line of the file where it begins.
    pub line: i64,
    /// The column at fault.
    pub column_name: Option<String>,
    /// Why, as a stable word.
    pub reason: String,
    /// Its bytes, credentials masked.
    pub bytes: Vec<u8>,
    /// When a retry understood it.
    pub released_at: Option<Moment>,
    /// When somebody said that nothing is to be done about it.
    pub dismissed_at: Option<Moment>,
}

/// What names a row in commands (隔離行の番号): file key and row number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowId {
    /// The file.
    pub file: FileId,
    /// The number of the row in it.
    pub row_no: i64,
}

/// A text that names no row.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no id of a row or file, such as `todoke quarantine list` prints")]
pub struct NotARowId(String);

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.file, self.row_no)
    }
}

impl FromStr for RowId {
    type Err = NotARowId;

    fn from_str(text: &str) -> Result<Self, NotARowId> {
        let bad = || NotARowId(text.to_owned());
        let (file, row_no) = text.split_once('/').ok_or_else(bad)?;
        Ok(Self {
            file: file.parse().map_err(|_| bad())?,
            row_no: row_no.parse().map_err(|_| bad())?,
        })
    }
}

/// Which rows an operator speaks of: one, or all of a file.
#[derive(Clone, Copy, Debug)]
pub enum Rows {
    /// One.
    One(RowId),
    /// All of a file.
    Of(FileId),
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(id) => id.fmt(f),
            Self::Of(file) => file.fmt(f),
        }
    }
}

impl FromStr for Rows {
    type Err = NotARowId;

    fn from_str(text: &str) -> Result<Self, NotARowId> {
        match text.parse() {
            Ok(file) => Ok(Self::Of(file)),
            Err(_) => text.parse().map(Self::One),
        }
    }
}

impl QuarantinedRow {
    /// What names the row in commands.
    pub fn id(&self) -> RowId {
        RowId { file: self.feed_file_id, row_no: self.row_no }
    }
}

/// Puts rows of `file` in quarantine, in the caller's transaction.
pub(crate) async fn put(
    tx: &mut Tx,
    file: &FeedFile,
    rows: &[(i64, Refused)],
) -> crate::db::Result<()> {
    store::insert(tx, file.id, rows).await
}

/// Numbers of the rows of a file that a retry let go, by the mapping of that name that was in force
/// then, as JSON.
pub(super) async fn released(
    db: &Db,
    file: FileId,
    mapping: &str,
) -> crate::db::Result<HashMap<String, HashSet<i64>>> {
    let mut released: HashMap<String, HashSet<i64>> = HashMap::new();
    for (row, body) in store::released(db, file, mapping).await? {
        released.entry(body).or_default().insert(row);
    }
    Ok(released)
}

/// Rows that wait in quarantine, of one feed or all, oldest file first.
pub async fn list(db: &Db, feed: Option<FeedId>) -> crate::db::Result<Vec<QuarantinedRow>> {
    store::list(db, feed, false).await
}

/// Rows that were dismissed, of one feed or all, oldest file first.
pub async fn dismissed(db: &Db, feed: Option<FeedId>) -> crate::db::Result<Vec<QuarantinedRow>> {
    store::list(db, feed, true).await
}

/// A page of rows of a feed that wait, or that were dismissed, oldest file first.
pub async fn page(
    db: &Db,
    feed: FeedId,
    dismissed: bool,
    no: i64,
) -> crate::db::Result<PageOf<QuarantinedRow>> {
    let rows = overview::rows(db, feed, dismissed, PageOf::<()>::asked(no)).await?;
    Ok(PageOf::of(rows, no.max(1)))
}

/// The row of that name, however it stands.
pub async fn find(db: &Db, id: RowId) -> crate::db::Result<Option<QuarantinedRow>> {
    store::find(db, id).await
}

/// How many rows of `file` wait: somebody has yet to act on them.
pub async fn waiting(db: &Db, file: FileId) -> crate::db::Result<i64> {
    store::waiting(db, file).await
}

/// Lets rows go that a retry understood, read as `feed` was loaded.
pub(crate) async fn release(
    tx: &mut Tx,
    feed: &Feed,
    file: FileId,
    rows: &[i64],
    at: Moment,
) -> crate::db::Result<()> {
    for row_no in rows {
        store::release(tx, feed, (file, *row_no), at).await?;
    }
    Ok(())
}

/// Files that hold rows that wait, oldest first.
pub async fn files(db: &Db, feed: FeedId) -> crate::db::Result<Vec<FeedFile>> {
    store::files(db, feed).await
}

/// Who says something of a row, and why.
#[derive(Clone, Copy, Debug)]
pub struct Word<'a> {
    /// Who.
    pub author: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// What an operator said of a row (隔離行の処理).
#[derive(Clone, Debug, FromRow)]
pub struct Said {
    /// When.
    pub at: Moment,
    /// `dismissed` or `reopened`.
    pub kind: String,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// What operators said of a row, in order of time.
pub async fn history(db: &Db, id: RowId) -> crate::db::Result<Vec<Said>> {
    store::events(db, id).await
}

/// How many rows changed, and how many stood so already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Changed {
    /// Rows that changed.
    pub changed: u64,
    /// Rows that stood so already.
    pub unchanged: u64,
}

/// Why nothing is said of a row.
#[derive(Debug, thiserror::Error)]
pub enum NotInQuarantine {
    /// No such row, or none of that file, was ever there.
    #[error("no row `{0}` is in quarantine; see `todoke quarantine list`")]
    Unknown(String),
    /// A retry understood it: it is in.
    #[error("the row `{0}` has been understood since and is in")]
    Released(RowId),
}

/// Closes rows: somebody looked at them, and nothing is to be done. All of them or none.
pub async fn dismiss(
    app: &App,
    rows: &[Rows],
    word: Word<'_>,
) -> anyhow::Result<Result<Changed, NotInQuarantine>> {
    say(app, rows, ("dismissed", word)).await
}

/// Takes a dismissal back: the rows wait again. All of them or none.
pub async fn reopen(
    app: &App,
    rows: &[Rows],
    word: Word<'_>,
) -> anyhow::Result<Result<Changed, NotInQuarantine>> {
    say(app, rows, ("reopened", word)).await
}

async fn say(
    app: &App,
    rows: &[Rows],
    (kind, word): (&str, Word<'_>),
) -> anyhow::Result<Result<Changed, NotInQuarantine>> {
    let (now, mut done) = (app.now(), Changed::default());
    let dismissed_at = (kind == "dismissed").then_some(now);
    let mut tx = app.db.begin().await?;
    for which in rows {
        let (file, row_no) = match which {
            Rows::One(id) => (id.file, Some(id.row_no)),
            Rows::Of(file) => (*file, None),
        };
        let found = store::of_file(&mut tx, file, row_no).await?;
        if found.is_empty() {
            let name = row_no.map_or(file.to_string(), |no| format!("{file}/{no}"));
            return Ok(Err(NotInQuarantine::Unknown(name)));
        }
        for row in found {
            if row.released_at.is_some() {
                if row_no.is_some() {
                    return Ok(Err(NotInQuarantine::Released(row.id())));
                }
                continue;
            }
            if store::set_dismissed(&mut tx, row.id(), dismissed_at).await? {
                store::insert_event(&mut tx, row.id(), (kind, &word), now).await?;
                done.changed += 1;
            } else {
                done.unchanged += 1;
            }
        }
    }
    if done.changed > 0 {
        let act = if dismissed_at.is_some() { "quarantine.dismiss" } else { "quarantine.reopen" };
        let on = rows.first().map_or_else(String::new, Rows::to_string);
        let detail = serde_json::json!({ "rows": done.changed }).to_string();
        let leaf = Deed::new(act, &on).with(&detail).by(word.author, now);
        audit::note(&mut tx, leaf).await?;
    }
    tx.commit().await?;
    Ok(Ok(done))
}
