//! SQL of what operators see of feeds and files.

use crate::{
    db::{Db, Tx, on, on_tx},
    feeds::{
        overview::{OneFile, Overview},
        quarantine::QuarantinedRow,
        readings::Reading,
    },
    ids::{FeedId, FileId},
    time::Moment,
};

/// All feeds by name, with counts.
pub(in crate::feeds) async fn feeds(db: &Db) -> sqlx::Result<Vec<Overview>> {
    const SQL: &str = "SELECT d.id, d.name, d.format, d.stream,
             COUNT(f.id) AS files, COUNT(f.refused) AS refused,
             CAST(COALESCE(SUM(CASE WHEN f.id IS NOT NULL AND f.completed_at IS NULL
                 THEN 1 ELSE 0 END), 0) AS BIGINT) AS unfinished,
             (SELECT COUNT(*) FROM quarantined_rows q JOIN feed_files w ON w.id = q.feed_file_id
               WHERE w.feed_id = d.id AND q.released_at IS NULL AND q.dismissed_at IS NULL)
                 AS waiting,
             MAX(f.received_at) AS last_at
         FROM feeds d LEFT JOIN feed_files f ON f.feed_id = d.id
         GROUP BY d.id, d.name, d.format, d.stream ORDER BY d.name";
    on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)
}

const FILE: &str = "SELECT f.id, d.name AS feed, f.holds, f.sha256, f.name, f.received_at,
             f.rows_done, f.completed_at, f.refused, f.withdrawn_at, f.counts, f.bytes,
             (SELECT COUNT(*) FROM quarantined_rows q WHERE q.feed_file_id = f.id
                 AND q.released_at IS NULL AND q.dismissed_at IS NULL) AS waiting,
             (SELECT COUNT(*) FROM quarantined_rows q WHERE q.feed_file_id = f.id
                 AND q.dismissed_at IS NOT NULL) AS dismissed
         FROM feed_files f JOIN feeds d ON d.id = f.feed_id";

/// Files of a feed, latest first: at most so many, behind so many.
pub(in crate::feeds) async fn files(
    db: &Db,
    feed: FeedId,
    (limit, behind): (i64, i64),
) -> sqlx::Result<Vec<OneFile>> {
    let sql = format!(
        "{FILE} WHERE f.feed_id = $1
         ORDER BY f.received_at DESC, f.name, f.sha256, f.holds LIMIT $2 OFFSET $3"
    );
    on!(db, pool => {
        let files = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        files.bind(feed).bind(limit).bind(behind).fetch_all(pool).await
    })
}

/// One file.
pub(in crate::feeds) async fn file(db: &Db, id: FileId) -> sqlx::Result<Option<OneFile>> {
    let sql = format!("{FILE} WHERE f.id = $1");
    on!(db, pool => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(pool).await)
}

/// Rows of a feed that wait or that were dismissed: at most so many, behind so many.
pub(in crate::feeds) async fn rows(
    db: &Db,
    feed: FeedId,
    dismissed: bool,
    (limit, behind): (i64, i64),
) -> sqlx::Result<Vec<QuarantinedRow>> {
    let sql = format!(
        "SELECT {} WHERE q.released_at IS NULL AND (q.dismissed_at IS NOT NULL) = $2
           AND f.feed_id = $1
         ORDER BY f.received_at, f.name, q.row_no LIMIT $3 OFFSET $4",
        super::quarantine::ROW
    );
    on!(db, pool => {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        rows.bind(feed).bind(dismissed).bind(limit).bind(behind).fetch_all(pool).await
    })
}

/// Writes that somebody fetched a file.
pub(in crate::feeds) async fn insert_reading(
    tx: &mut Tx,
    file: FileId,
    reader: &str,
    at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO raw_readings (feed_file_id, at, reader) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING";
    on_tx!(tx, conn => {
        sqlx::query(SQL).bind(file).bind(at).bind(reader).execute(conn).await.map(|_| ())
    })
}

/// Who fetched a file, latest first.
pub(in crate::feeds) async fn readings(db: &Db, file: FileId) -> sqlx::Result<Vec<Reading>> {
    const SQL: &str = "SELECT at, reader FROM raw_readings WHERE feed_file_id = $1
         ORDER BY at DESC, reader";
    on!(db, pool => sqlx::query_as(SQL).bind(file).fetch_all(pool).await)
}
