//! SQL of quarantine.

use formats::Refused;

use super::FILE;
use crate::{
    db::{
        Db, Tx,
        bulk::{self, Column, Target},
        on, on_tx,
    },
    feeds::{
        Feed,
        quarantine::{QuarantinedRow, RowId, Said, Word},
        receive::FeedFile,
    },
    ids::{FeedId, FileId},
    time::Moment,
};

pub(super) const ROW: &str =
    "q.feed_file_id, q.row_no, f.name AS file, q.line, q.column_name, q.reason,
             q.bytes, q.released_at, q.dismissed_at
         FROM quarantined_rows q JOIN feed_files f ON f.id = q.feed_file_id";

/// Writes quarantined rows.
pub(in crate::feeds) async fn insert(
    tx: &mut Tx,
    file: FileId,
    rows: &[(i64, Refused)],
) -> sqlx::Result<()> {
    let target = Target {
        table: "quarantined_rows",
        columns: "feed_file_id, row_no, line, column_name, reason, bytes, scan_run, ip",
        conflict: "ON CONFLICT DO NOTHING",
    };
    let columns = [
        Column::Bytes(vec![file.0.as_bytes().to_vec(); rows.len()]),
        Column::Int(rows.iter().map(|(row_no, _)| *row_no).collect()),
        Column::Int(rows.iter().map(|(_, row)| row.line.cast_signed()).collect()),
        Column::TextOrNull(rows.iter().map(|(_, row)| row.column.clone()).collect()),
        Column::Text(rows.iter().map(|(_, row)| row.reason.code().to_owned()).collect()),
        Column::Bytes(rows.iter().map(|(_, row)| row.bytes.clone()).collect()),
        Column::TextOrNull(rows.iter().map(|(_, row)| row.legible.scan_run.clone()).collect()),
        Column::TextOrNull(
            rows.iter().map(|(_, row)| row.legible.ip.map(|ip| ip.to_string())).collect(),
        ),
    ];
    bulk::insert(tx, target, columns).await?;
    Ok(())
}

/// Rows that wait, or that were dismissed.
pub(in crate::feeds) async fn list(
    db: &Db,
    feed: Option<FeedId>,
    dismissed: bool,
) -> sqlx::Result<Vec<QuarantinedRow>> {
    let sql = format!(
        "SELECT {ROW}
         WHERE q.released_at IS NULL AND (q.dismissed_at IS NOT NULL) = $2
           AND (CAST($1 AS BYTEA) IS NULL OR f.feed_id = $1)
         ORDER BY f.received_at, f.name, q.row_no"
    );
    on!(db, pool => {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        rows.bind(feed).bind(dismissed).fetch_all(pool).await
    })
}

/// One row, however it stands.
pub(in crate::feeds) async fn find(db: &Db, id: RowId) -> sqlx::Result<Option<QuarantinedRow>> {
    let sql = format!("SELECT {ROW} WHERE q.feed_file_id = $1 AND q.row_no = $2");
    on!(db, pool => {
        let row = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        row.bind(id.file).bind(id.row_no).fetch_optional(pool).await
    })
}

/// The rows of a file, or one of them, in their order, within a transaction that will change them.
pub(in crate::feeds) async fn of_file(
    tx: &mut Tx,
    file: FileId,
    row_no: Option<i64>,
) -> sqlx::Result<Vec<QuarantinedRow>> {
    let sql = format!(
        "SELECT {ROW} WHERE q.feed_file_id = $1 AND (CAST($2 AS BIGINT) IS NULL OR q.row_no = $2)
         ORDER BY q.row_no"
    );
    on_tx!(tx, conn => {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        rows.bind(file).bind(row_no).fetch_all(conn).await
    })
}

/// How many rows of a file wait.
pub(in crate::feeds) async fn waiting(db: &Db, file: FileId) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM quarantined_rows
         WHERE feed_file_id = $1 AND released_at IS NULL AND dismissed_at IS NULL";
    on!(db, pool => sqlx::query_scalar(SQL).bind(file).fetch_one(pool).await)
}

/// Files of a feed that hold rows that wait.
pub(in crate::feeds) async fn files(db: &Db, feed: FeedId) -> sqlx::Result<Vec<FeedFile>> {
    let sql = format!(
        "SELECT {FILE} FROM feed_files WHERE feed_id = $1 AND withdrawn_at IS NULL AND id IN
         (SELECT feed_file_id FROM quarantined_rows
           WHERE released_at IS NULL AND dismissed_at IS NULL)
         ORDER BY received_at, name"
    );
    on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(feed).fetch_all(pool).await
    })
}

/// Marks a row as understood by the mapping that its feed was loaded with; one that another retry
/// has let go, or that somebody dismissed meanwhile, counts as a clash.
pub(in crate::feeds) async fn release(
    tx: &mut Tx,
    feed: &Feed,
    (file, row_no): (FileId, i64),
    at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE quarantined_rows SET released_at = $1, mapped_at =
             (SELECT MAX(saved_at) FROM csv_mappings WHERE 'csv:' || name = $4 AND body = $5)
         WHERE feed_file_id = $2 AND row_no = $3 AND released_at IS NULL AND dismissed_at IS NULL
           AND feed_file_id IN (SELECT id FROM feed_files WHERE withdrawn_at IS NULL)";
    let done = on_tx!(tx, conn => sqlx::query(SQL)
        .bind(at)
        .bind(file)
        .bind(row_no)
        .bind(feed.format.to_string())
        .bind(&feed.mapping)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    if done == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Closes a row, or lets it wait again where `dismissed_at` is nothing; tells whether it did not
/// stand so already.
pub(in crate::feeds) async fn set_dismissed(
    tx: &mut Tx,
    id: RowId,
    dismissed_at: Option<Moment>,
) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE quarantined_rows SET dismissed_at = $1
         WHERE feed_file_id = $2 AND row_no = $3 AND released_at IS NULL
           AND (dismissed_at IS NULL) = (CAST($1 AS BIGINT) IS NOT NULL)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(dismissed_at).bind(id.file).bind(id.row_no).execute(conn).await
        .map(|done| done.rows_affected() == 1))
}

/// Writes what an operator said of a row.
pub(in crate::feeds) async fn insert_event(
    tx: &mut Tx,
    id: RowId,
    (kind, word): (&str, &Word<'_>),
    at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO quarantine_events
         (feed_file_id, row_no, at, kind, author, reason) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (feed_file_id, row_no, at, kind)
         DO UPDATE SET author = excluded.author, reason = excluded.reason";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(id.file)
        .bind(id.row_no)
        .bind(at)
        .bind(kind)
        .bind(word.author)
        .bind(word.reason)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// What operators said of a row, in order of time.
pub(in crate::feeds) async fn events(db: &Db, id: RowId) -> sqlx::Result<Vec<Said>> {
    const SQL: &str = "SELECT at, kind, author, reason FROM quarantine_events
         WHERE feed_file_id = $1 AND row_no = $2 ORDER BY at, kind";
    on!(db, pool => sqlx::query_as(SQL).bind(id.file).bind(id.row_no).fetch_all(pool).await)
}

/// Rows of a file that a retry let go, each with the mapping of that name by which it was read.
pub(in crate::feeds) async fn released(
    db: &Db,
    file: FileId,
    mapping: &str,
) -> sqlx::Result<Vec<(i64, String)>> {
    const SQL: &str = "SELECT q.row_no, m.body FROM quarantined_rows q
         JOIN csv_mappings m ON m.name = $2 AND m.saved_at = q.mapped_at
         WHERE q.feed_file_id = $1 AND q.released_at IS NOT NULL";
    on!(db, pool => sqlx::query_as(SQL).bind(file).bind(mapping).fetch_all(pool).await)
}
