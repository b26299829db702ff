//! SQL of what people decide about a file.

use super::{FILE, OfFeed};
use crate::{
    db::{Db, Tx, on, on_tx},
    feeds::{quarantine::Word, withdrawal::Decided},
    ids::FileId,
    time::Moment,
};

/// The file of that key.
pub(in crate::feeds) async fn by_id(db: &Db, id: FileId) -> sqlx::Result<Vec<OfFeed>> {
    let sql = format!("SELECT feed_id, {FILE} FROM feed_files WHERE id = $1");
    on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_all(pool).await
    })
}

/// The files whose content hash begins so, which is all digits.
pub(in crate::feeds) async fn by_hash(db: &Db, digits: &str) -> sqlx::Result<Vec<OfFeed>> {
    let sql = format!("SELECT feed_id, {FILE} FROM feed_files WHERE sha256 LIKE $1 || '%'");
    on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(digits).fetch_all(pool).await
    })
}

/// Since when a file is being withdrawn, and since when nothing of it is left.
pub(in crate::feeds) async fn standing(
    db: &Db,
    file: FileId,
) -> sqlx::Result<(Option<Moment>, Option<Moment>)> {
    const SQL: &str = "SELECT withdrawn_at, emptied_at FROM feed_files WHERE id = $1";
    on!(db, pool => sqlx::query_as(SQL).bind(file).fetch_one(pool).await)
}

/// Whether a file is not withdrawn.
pub(in crate::feeds) async fn stands(tx: &mut Tx, file: FileId) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM feed_files WHERE id = $1 AND withdrawn_at IS NULL";
    let found: i64 = on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(file).fetch_one(conn).await)?;
    Ok(found > 0)
}

/// Marks a file as withdrawn, and closes it so that no row of it goes in any more; false where it
/// is marked already.
pub(in crate::feeds) async fn set_withdrawn(
    tx: &mut Tx,
    file: FileId,
    at: Moment,
) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE feed_files SET withdrawn_at = $1,
             completed_at = COALESCE(completed_at, $1)
         WHERE id = $2 AND withdrawn_at IS NULL";
    on_tx!(tx, conn => sqlx::query(SQL).bind(at).bind(file).execute(conn).await
        .map(|done| done.rows_affected() == 1))
}

/// Forgets what a file said.
pub(in crate::feeds) async fn empty(tx: &mut Tx, file: FileId, at: Moment) -> sqlx::Result<()> {
    const DONE: &str = "UPDATE feed_files SET emptied_at = $1 WHERE id = $2";
    for sql in [
        "DELETE FROM quarantined_rows WHERE feed_file_id = $1",
        "UPDATE run_hits SET hits = 0, first_at = NULL, last_at = NULL WHERE feed_file_id = $1",
        "DELETE FROM file_addresses WHERE feed_file_id = $1",
        "DELETE FROM file_gates WHERE feed_file_id = $1",
    ] {
        on_tx!(&mut *tx, conn => sqlx::query(sql).bind(file).execute(conn).await.map(|_| ()))?;
    }
    on_tx!(tx, conn => sqlx::query(DONE).bind(at).bind(file).execute(conn).await.map(|_| ()))
}

/// Opens a file again of which nothing is left; false where it is no such file.
pub(in crate::feeds) async fn reopen(
    tx: &mut Tx,
    file: FileId,
    counts: &str,
) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE feed_files SET withdrawn_at = NULL, emptied_at = NULL,
             completed_at = NULL, refused = NULL, rows_done = 0, counts = $1,
             mapped_at = (SELECT MAX(m.saved_at) FROM csv_mappings m
                 JOIN feeds d ON d.format = 'csv:' || m.name WHERE d.id = feed_files.feed_id)
         WHERE id = $2 AND emptied_at IS NOT NULL";
    on_tx!(tx, conn => sqlx::query(SQL).bind(counts).bind(file).execute(conn).await
        .map(|done| done.rows_affected() == 1))
}

/// Closes the rows of a file again of which the last word was that nothing is to be done.
pub(in crate::feeds) async fn dismiss_again(tx: &mut Tx, file: FileId) -> sqlx::Result<()> {
    const LAST: &str = "SELECT e.at FROM quarantine_events e
         WHERE e.feed_file_id = quarantined_rows.feed_file_id
           AND e.row_no = quarantined_rows.row_no AND e.kind = 'dismissed'
           AND NOT EXISTS (SELECT 1 FROM quarantine_events l WHERE l.feed_file_id = e.feed_file_id
                AND l.row_no = e.row_no AND l.at > e.at)";
    let sql = format!(
        "UPDATE quarantined_rows SET dismissed_at = ({LAST})
          WHERE feed_file_id = $1 AND released_at IS NULL AND dismissed_at IS NULL
            AND EXISTS ({LAST})"
    );
    on_tx!(tx, conn => sqlx::query(sqlx::AssertSqlSafe(sql)).bind(file).execute(conn).await
        .map(|_| ()))
}

/// Writes what somebody decided.
pub(in crate::feeds) async fn insert_event(
    tx: &mut Tx,
    file: FileId,
    (kind, word): (&str, &Word<'_>),
    at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO feed_file_events (feed_file_id, at, kind, author, reason)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (feed_file_id, at, kind)
         DO UPDATE SET author = excluded.author, reason = excluded.reason";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(file)
        .bind(at)
        .bind(kind)
        .bind(word.author)
        .bind(word.reason)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// What people decided, in order of time.
pub(in crate::feeds) async fn events(db: &Db, file: FileId) -> sqlx::Result<Vec<Decided>> {
    const SQL: &str = "SELECT at, kind, author, reason FROM feed_file_events
         WHERE feed_file_id = $1 ORDER BY at, kind";
    on!(db, pool => sqlx::query_as(SQL).bind(file).fetch_all(pool).await)
}

/// How many rows of a file stand in quarantine, dismissed ones included.
pub(in crate::feeds) async fn in_quarantine(db: &Db, file: FileId) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM quarantined_rows
         WHERE feed_file_id = $1 AND released_at IS NULL";
    on!(db, pool => sqlx::query_scalar(SQL).bind(file).fetch_one(pool).await)
}

/// Runs that a file names and that coverage of its feed names too.
pub(in crate::feeds) async fn covered_runs(db: &Db, file: FileId) -> sqlx::Result<Vec<String>> {
    const SQL: &str = "SELECT DISTINCT r.scan_run FROM run_hits r
         JOIN feed_files f ON f.id = r.feed_file_id
         JOIN scan_coverage c ON c.feed_id = f.feed_id AND c.scan_run = r.scan_run
         WHERE r.feed_file_id = $1 ORDER BY r.scan_run";
    on!(db, pool => sqlx::query_scalar(SQL).bind(file).fetch_all(pool).await)
}
