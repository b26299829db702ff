//! SQL of feeds and their files.

pub(super) mod coverage;
pub(super) mod gate;
pub(super) mod overview;
pub(super) mod quarantine;
pub(super) mod undo;
pub(super) mod ways;

use super::{Feed, files::Listed, mappings::Saved, receive::FeedFile};
use crate::{
    db::{Db, Tx, on, on_tx},
    ids::{FeedId, FileId},
    time::Moment,
};

const FILE: &str = "id, holds, sha256, report_type, name, received_at, rows_done, counts,
         completed_at, refused, withdrawn_at";

/// Writes a feed.
pub(super) async fn insert_feed(tx: &mut Tx, feed: &Feed, at: Moment) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO feeds
         (id, name, format, stream, utc_offset_minutes, completeness_floor, added_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(feed.id)
        .bind(&feed.name)
        .bind(feed.format.to_string())
        .bind(&feed.stream)
        .bind(feed.utc_offset_minutes)
        .bind(feed.completeness_floor)
        .bind(at)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// All feeds by name.
pub(super) async fn feeds(db: &Db) -> sqlx::Result<Vec<Feed>> {
    const SQL: &str = "SELECT id, name, format, stream, utc_offset_minutes, completeness_floor,
             (SELECT m.body FROM csv_mappings m WHERE 'csv:' || m.name = feeds.format
               ORDER BY m.saved_at DESC LIMIT 1) AS mapping
         FROM feeds ORDER BY name";
    on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)
}

/// Writes a mapping beside those of the same name.
pub(super) async fn insert_mapping(tx: &mut Tx, saved: &Saved) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO csv_mappings (name, saved_at, saved_by, body)
         VALUES ($1, $2, $3, $4) ON CONFLICT (name, saved_at)
         DO UPDATE SET saved_by = excluded.saved_by, body = excluded.body";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(&saved.name)
        .bind(saved.saved_at)
        .bind(&saved.saved_by)
        .bind(&saved.body)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// The mapping of that name that was saved last.
pub(super) async fn mapping(db: &Db, name: &str) -> sqlx::Result<Option<Saved>> {
    const SQL: &str = "SELECT name, saved_at, saved_by, body FROM csv_mappings
         WHERE name = $1 ORDER BY saved_at DESC LIMIT 1";
    on!(db, pool => sqlx::query_as(SQL).bind(name).fetch_optional(pool).await)
}

/// The mapping of that name by which a file was taken in, as JSON.
pub(super) async fn mapping_of_file(
    db: &Db,
    name: &str,
    file: FileId,
) -> sqlx::Result<Option<String>> {
    const SQL: &str =
        "SELECT m.body FROM feed_files f JOIN csv_mappings m ON m.saved_at = f.mapped_at
         WHERE m.name = $1 AND f.id = $2";
    on!(db, pool => sqlx::query_scalar(SQL).bind(name).bind(file).fetch_optional(pool).await)
}

/// Enters a file unless it is known by content and type of report.
pub(super) async fn enter_file(
    tx: &mut Tx,
    feed: FeedId,
    file: &FeedFile,
    bytes: i64,
) -> sqlx::Result<()> {
    const ENTER: &str = "INSERT INTO feed_files
         (id, feed_id, holds, sha256, report_type, name, bytes, received_at, rows_done, counts,
          mapped_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9,
             (SELECT MAX(m.saved_at) FROM csv_mappings m JOIN feeds d ON d.format = 'csv:' || m.name
               WHERE d.id = $2))
         ON CONFLICT DO NOTHING";
    on_tx!(&mut *tx, conn => sqlx::query(ENTER)
        .bind(file.id)
        .bind(feed)
        .bind(file.holds.word())
        .bind(&file.sha256)
        .bind(&file.report_type)
        .bind(&file.name)
        .bind(bytes)
        .bind(file.received_at)
        .bind(&file.counts)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// The files of a feed that have the content of this one and hold the same, oldest first.
pub(super) async fn of_content(
    tx: &mut Tx,
    feed: FeedId,
    file: &FeedFile,
) -> sqlx::Result<Vec<FeedFile>> {
    let find = format!(
        "SELECT {FILE} FROM feed_files WHERE feed_id = $1 AND holds = $2 AND sha256 = $3
         ORDER BY received_at, id"
    );
    on_tx!(tx, conn => sqlx::query_as(sqlx::AssertSqlSafe(find))
        .bind(feed).bind(file.holds.word()).bind(&file.sha256).fetch_all(conn).await)
}

/// Notes what a file came in.
pub(super) async fn set_came_in(tx: &mut Tx, file: FileId, sha256: &str) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO file_containers (sha256, feed_file_id) VALUES ($1, $2)
         ON CONFLICT DO NOTHING";
    on_tx!(tx, conn => sqlx::query(SQL).bind(sha256).bind(file).execute(conn).await.map(|_| ()))
}

/// Moves a file from one row on to another; a file that stands elsewhere counts as a clash.
pub(super) async fn set_rows_done(
    tx: &mut Tx,
    file: FileId,
    from: i64,
    to: i64,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE feed_files SET rows_done = $1
         WHERE id = $2 AND rows_done = $3 AND completed_at IS NULL";
    let done = on_tx!(tx, conn => sqlx::query(SQL)
        .bind(to).bind(file).bind(from).execute(conn).await
        .map(|done| done.rows_affected()))?;
    if done == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Writes what came of the rows of a file so far.
pub(super) async fn set_counts(tx: &mut Tx, file: FileId, counts: &str) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE feed_files SET counts = $1 WHERE id = $2";
    on_tx!(tx, conn => sqlx::query(SQL).bind(counts).bind(file).execute(conn).await.map(|_| ()))
}

/// Opens a refused file again, under the name and type that it bears now and by the mapping in
/// force; a file that stands
/// elsewhere by now counts as a clash.
pub(super) async fn reopen_file(tx: &mut Tx, old: &FeedFile, now: &FeedFile) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE feed_files
         SET completed_at = NULL, refused = NULL, name = $1, report_type = $2,
             mapped_at = (SELECT MAX(m.saved_at) FROM csv_mappings m
                 JOIN feeds d ON d.format = 'csv:' || m.name WHERE d.id = feed_files.feed_id)
         WHERE id = $3 AND COALESCE(report_type, '') = COALESCE($4, '')
           AND refused IS NOT NULL AND rows_done = 0";
    let done = on_tx!(tx, conn => sqlx::query(SQL)
        .bind(&now.name)
        .bind(&now.report_type)
        .bind(old.id)
        .bind(&old.report_type)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    if done == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Closes a file, unless somebody reads it as another type of report by now.
pub(super) async fn close_file(
    tx: &mut Tx,
    file: &FeedFile,
    at: Moment,
    refused: Option<&str>,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE feed_files SET completed_at = $1, refused = $2
         WHERE id = $3 AND completed_at IS NULL
           AND COALESCE(report_type, '') = COALESCE($4, '')";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(at).bind(refused).bind(file.id).bind(&file.report_type)
        .execute(conn).await.map(|_| ()))
}

/// A file and the feed it belongs to.
#[derive(sqlx::FromRow)]
pub(super) struct OfFeed {
    pub(super) feed_id: FeedId,
    #[sqlx(flatten)]
    pub(super) file: FeedFile,
}

/// Files that are not closed, oldest first, each with its feed.
pub(super) async fn unfinished(db: &Db, limit: i64) -> sqlx::Result<Vec<(FeedId, FeedFile)>> {
    let sql = format!(
        "SELECT feed_id, {FILE} FROM feed_files WHERE completed_at IS NULL
         ORDER BY COALESCE(tried_at, received_at), name, sha256 LIMIT $1"
    );
    let rows: Vec<OfFeed> = on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(limit).fetch_all(pool).await
    })?;
    Ok(rows.into_iter().map(|row| (row.feed_id, row.file)).collect())
}

/// Notes that a file was tried in vain.
pub(super) async fn set_tried(tx: &mut Tx, file: FileId, at: Moment) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE feed_files SET tried_at = $1 WHERE id = $2";
    on_tx!(tx, conn => sqlx::query(SQL).bind(at).bind(file).execute(conn).await.map(|_| ()))
}

/// A file and the feed it belongs to, by its key.
pub(super) async fn file(db: &Db, id: FileId) -> sqlx::Result<Option<(FeedId, FeedFile)>> {
    let sql = format!("SELECT feed_id, {FILE} FROM feed_files WHERE id = $1");
    let row: Option<OfFeed> = on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(pool).await
    })?;
    Ok(row.map(|row| (row.feed_id, row.file)))
}

/// The files of a feed whose content has that hash, or that came in a delivery that has it.
pub(super) async fn by_content(db: &Db, feed: FeedId, sha256: &str) -> sqlx::Result<Vec<FeedFile>> {
    let sql = format!(
        "SELECT {FILE} FROM feed_files WHERE feed_id = $1
             AND (sha256 = $2 OR id IN (SELECT c.feed_file_id FROM file_containers c
                 WHERE c.sha256 = $2))
         ORDER BY name, holds"
    );
    on!(db, pool => {
        let files = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        files.bind(feed).bind(sha256).fetch_all(pool).await
    })
}

/// Rows of a file that are committed, and what came of them.
pub(super) async fn standing(db: &Db, file: FileId) -> sqlx::Result<(i64, String)> {
    const SQL: &str = "SELECT rows_done, counts FROM feed_files WHERE id = $1";
    on!(db, pool => sqlx::query_as(SQL).bind(file).fetch_one(pool).await)
}

/// Files of a feed or of all, in the order in which they came.
pub(super) async fn listed(db: &Db, feed: Option<FeedId>) -> sqlx::Result<Vec<Listed>> {
    const SQL: &str = "SELECT f.id, d.name AS feed, f.holds, f.sha256, f.name, f.received_at,
             f.rows_done, f.completed_at, f.refused, f.withdrawn_at,
             (SELECT COUNT(*) FROM quarantined_rows q WHERE q.feed_file_id = f.id
                 AND q.released_at IS NULL AND q.dismissed_at IS NULL) AS waiting,
             (SELECT COUNT(*) FROM quarantined_rows q WHERE q.feed_file_id = f.id
                 AND q.dismissed_at IS NOT NULL) AS dismissed
         FROM feed_files f JOIN feeds d ON d.id = f.feed_id
         WHERE CAST($1 AS BYTEA) IS NULL OR f.feed_id = $1
         ORDER BY f.received_at, f.name, f.sha256, f.holds";
    on!(db, pool => sqlx::query_as(SQL).bind(feed).fetch_all(pool).await)
}

/// Files of a feed that hold hits, in the order in which they came.
pub(super) async fn files_with_hits(db: &Db, feed: FeedId) -> sqlx::Result<Vec<FeedFile>> {
    let sql = format!(
        "SELECT {FILE} FROM feed_files WHERE feed_id = $1 AND holds = $2 ORDER BY received_at, id"
    );
    let hits = super::files::Holds::Hits.word();
    on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(feed).bind(hits).fetch_all(pool).await
    })
}
