//! Quarantine (隔離): rows that were not understood, with line, column, reason and bytes.
//!
//! Nothing is lost: a row stays here until a retry understands it, and the raw file stays anyway.

use formats::Refused;
use sqlx::FromRow;

use super::{receive::FeedFile, store};
use crate::{
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
}

impl QuarantinedRow {
    /// What names the row in commands: file key and row number.
    pub fn id(&self) -> String {
        format!("{}/{}", self.feed_file_id, self.row_no)
    }
}

/// Puts rows of `file` in quarantine, in the caller's transaction.
pub(crate) async fn put(
    tx: &mut Tx,
    file: &FeedFile,
    rows: &[(i64, Refused)],
) -> crate::db::Result<()> {
    store::insert_quarantined(tx, file.id, rows).await
}

/// Rows that wait in quarantine, of one feed or all, oldest file first.
pub async fn list(db: &Db, feed: Option<FeedId>) -> crate::db::Result<Vec<QuarantinedRow>> {
    store::quarantined(db, feed).await
}

/// Lets rows go that a retry understood.
pub(crate) async fn release(
    tx: &mut Tx,
    file: FileId,
    rows: &[i64],
    at: Moment,
) -> crate::db::Result<()> {
    for row_no in rows {
        store::release(tx, file, *row_no, at).await?;
    }
    Ok(())
}

/// Files that hold quarantined rows, with their feed, oldest first.
pub async fn files(db: &Db, feed: FeedId) -> crate::db::Result<Vec<FeedFile>> {
    store::files_in_quarantine(db, feed).await
}
