//! SQL of imports of the register.

use crate::{
    db::{Db, Tx, on, on_tx},
    isps::imports::{Import, Word},
    time::Moment,
};

/// The number of the last import; 0 before the first.
pub(in crate::isps) async fn last(db: &Db) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT COALESCE(MAX(no), 0) FROM isp_imports";
    on!(db, pool => sqlx::query_scalar(SQL).fetch_one(pool).await)
}

/// Remembers an import: what stood before, and what it changed.
pub(in crate::isps) async fn insert(
    tx: &mut Tx,
    no: i64,
    at: Moment,
    (before, difference): &(String, String),
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO isp_imports (no, imported_at, before_it, difference)
         VALUES ($1, $2, $3, $4)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(no).bind(at).bind(before).bind(difference).execute(conn).await.map(|_| ()))
}

/// All imports, the latest first.
pub(in crate::isps) async fn all(db: &Db) -> sqlx::Result<Vec<Import>> {
    const SQL: &str = "SELECT no, imported_at, before_it, difference, undone_at, undone_by,
             undone_reason FROM isp_imports ORDER BY no DESC";
    on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)
}

/// Says that an import was undone; one that somebody else undid meanwhile counts as a clash.
pub(in crate::isps) async fn undo(
    tx: &mut Tx,
    no: i64,
    word: Word<'_>,
    at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE isp_imports SET undone_at = $2, undone_by = $3, undone_reason = $4
         WHERE no = $1 AND undone_at IS NULL
           AND no = (SELECT MAX(no) FROM isp_imports WHERE undone_at IS NULL)";
    let done = on_tx!(tx, conn => sqlx::query(SQL)
        .bind(no).bind(at).bind(word.author).bind(word.reason)
        .execute(conn).await.map(|done| done.rows_affected()))?;
    if done == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}
