//! SQL of the check: all of it reads, in views of the store that hold no writer up.

pub(super) mod audit;
pub(super) mod engine;
mod heads;
pub(super) mod loose;
pub(super) mod reminders;
pub(super) mod served;

use anyhow::bail;
use sqlx::FromRow;

use crate::{
    db::{Db, Tx, on_tx},
    ids::{CaseId, FeedId, FileId, IspId},
};

pub(super) use heads::{Heads, Rows};

/// A row on either engine.
pub(super) trait Readable:
    for<'r> FromRow<'r, sqlx::sqlite::SqliteRow>
    + for<'r> FromRow<'r, sqlx::postgres::PgRow>
    + Send
    + Unpin
{
}

impl<T> Readable for T where
    T: for<'r> FromRow<'r, sqlx::sqlite::SqliteRow>
        + for<'r> FromRow<'r, sqlx::postgres::PgRow>
        + Send
        + Unpin
{
}

fn rows<'a, T: Readable + 'a>(tx: &'a mut Tx, sql: &'static str) -> Rows<'a, T> {
    on_tx!(tx, conn => sqlx::query_as(sql).fetch(conn))
}

/// Views of one and the same store, since each can hand out one kind of rows at a time.
pub(super) type Views = [Tx; 4];

/// How often views are taken anew while others write.
const TRIES: usize = 200;

/// Opens the views; where somebody wrote between two of them, they are opened anew.
pub(super) async fn views(db: &Db) -> anyhow::Result<Views> {
    for _ in 0..TRIES {
        let mut views = [
            db.snapshot().await?,
            db.snapshot().await?,
            db.snapshot().await?,
            db.snapshot().await?,
        ];
        let mut marks = Vec::new();
        for view in &mut views {
            marks.push(mark(view).await?);
        }
        if marks.windows(2).all(|pair| pair[0] == pair[1]) {
            return Ok(views);
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    bail!("others keep writing: check again when fewer files come in")
}

/// What changes with everything that intake, quarantine and the registers write.
async fn mark(tx: &mut Tx) -> sqlx::Result<(i64, i64, i64, i64, i64)> {
    const SQL: &str = "SELECT (SELECT MAX(next) FROM case_numbers),
         (SELECT CAST(COALESCE(SUM(rows_done), 0) AS BIGINT) FROM feed_files),
         (SELECT COUNT(*) FROM feed_files) + (SELECT COUNT(completed_at) FROM feed_files),
         (SELECT COUNT(released_at) FROM quarantined_rows),
         (SELECT COALESCE(MAX(changed_at), 0) FROM isps)
             + (SELECT COUNT(*) + COUNT(undone_at) FROM network_imports)";
    on_tx!(tx, conn => sqlx::query_as(SQL).fetch_one(conn).await)
}

/// The number that a query answers.
pub(super) async fn count(tx: &mut Tx, sql: &'static str) -> sqlx::Result<i64> {
    on_tx!(tx, conn => sqlx::query_scalar(sql).fetch_one(conn).await)
}

/// A file that was accepted, and how its feed is read.
#[derive(Debug, FromRow)]
pub(super) struct File {
    pub(super) id: FileId,
    pub(super) feed_id: FeedId,
    pub(super) format: String,
    /// When the mapping was saved by which it was taken in.
    pub(super) mapped_at: Option<i64>,
    pub(super) utc_offset_minutes: Option<i64>,
    pub(super) holds: String,
    pub(super) sha256: String,
    pub(super) name: String,
    pub(super) bytes: i64,
    pub(super) received_at: i64,
    pub(super) rows_done: i64,
    pub(super) counts: String,
    pub(super) completed_at: Option<i64>,
    pub(super) refused: Option<String>,
    /// How often people withdrew files of the store or brought them back.
    pub(super) undone: i64,
}

/// All files that were not withdrawn, in the order in which they came.
pub(super) async fn files(tx: &mut Tx) -> sqlx::Result<Vec<File>> {
    const SQL: &str = "SELECT f.id, f.feed_id, d.format, f.mapped_at, d.utc_offset_minutes,
             f.holds, f.sha256, f.name, f.bytes, f.received_at, f.rows_done,
             f.counts, f.completed_at, f.refused, (SELECT COUNT(*) FROM feed_file_events) AS undone
         FROM feed_files f JOIN feeds d ON d.id = f.feed_id
         WHERE f.withdrawn_at IS NULL
         ORDER BY f.received_at, f.name, f.sha256, f.holds";
    on_tx!(tx, conn => sqlx::query_as(SQL).fetch_all(conn).await)
}

/// A mapping: when it was saved, and what it says, as JSON.
pub(super) type Saved = (i64, String);

/// The mappings by which files of that format were read, in order of time.
pub(super) async fn mappings(tx: &mut Tx, format: &str) -> sqlx::Result<Vec<Saved>> {
    const SQL: &str = "SELECT saved_at, body FROM csv_mappings WHERE 'csv:' || name = $1
         ORDER BY saved_at";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(format).fetch_all(conn).await)
}

/// A row that is, or was, in quarantine.
#[derive(Debug, FromRow)]
pub(super) struct Quarantined {
    pub(super) row_no: i64,
    /// When a retry let it go.
    pub(super) released_at: Option<i64>,
    /// When the mapping was saved by which it was read then.
    pub(super) mapped_at: Option<i64>,
}

/// Those of a file.
pub(super) async fn quarantine(tx: &mut Tx, file: FileId) -> sqlx::Result<Vec<Quarantined>> {
    const SQL: &str = "SELECT row_no, released_at, mapped_at FROM quarantined_rows
         WHERE feed_file_id = $1 ORDER BY row_no";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(file).fetch_all(conn).await)
}

/// What was noted of the runs of a file.
pub(super) async fn run_hits(tx: &mut Tx, file: FileId) -> sqlx::Result<Vec<(String, i64)>> {
    const SQL: &str = "SELECT scan_run, hits FROM run_hits WHERE feed_file_id = $1";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(file).fetch_all(conn).await)
}

/// Bodies of the chunks of sightings of a file that were kept whole.
pub(super) fn chunks(tx: &mut Tx, file: FileId) -> Rows<'_, (Vec<u8>,)> {
    const SQL: &str = "SELECT body FROM sighting_chunks WHERE feed_file_id = $1 ORDER BY first_row";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(file).fetch(conn))
}

/// How many rows of coverage stand under this key: run, prefix, protocol, weakness.
pub(super) async fn covered(
    tx: &mut Tx,
    feed: FeedId,
    (run, prefix, proto, weakness): (&str, &str, i64, &str),
) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM scan_coverage WHERE feed_id = $1 AND scan_run = $2
         AND prefix = $3 AND proto = $4 AND weakness = $5";
    on_tx!(tx, conn => sqlx::query_scalar(SQL)
        .bind(feed).bind(run).bind(prefix).bind(proto).bind(weakness).fetch_one(conn).await)
}

/// Packed hits of one shelf, file and batch.
#[derive(Debug, FromRow)]
pub(super) struct Packed {
    pub(super) shelf: Vec<u8>,
    pub(super) feed_file_id: FileId,
    pub(super) from_at: i64,
    pub(super) to_at: i64,
    pub(super) identified: i64,
    pub(super) body: Vec<u8>,
}

/// All packed hits, shelf by shelf.
pub(super) fn hits(tx: &mut Tx) -> Rows<'_, Packed> {
    rows(
        tx,
        "SELECT shelf, feed_file_id, from_at, to_at, identified, body FROM hits ORDER BY shelf",
    )
}

/// Packed hits of a file.
pub(super) fn hits_of(tx: &mut Tx, file: FileId) -> Rows<'_, Packed> {
    const SQL: &str = "SELECT shelf, feed_file_id, from_at, to_at, identified, body FROM hits
         WHERE feed_file_id = $1";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(file).fetch(conn))
}

/// A case with what its hits must bear out.
#[derive(Debug, FromRow)]
pub(super) struct Case {
    pub(super) spot: Vec<u8>,
    pub(super) isp_id: IspId,
    pub(super) id: CaseId,
    pub(super) no: i64,
    pub(super) term: i64,
    pub(super) asn: Option<i64>,
    pub(super) opened_at: i64,
    pub(super) first_seen: Option<i64>,
    pub(super) last_seen: Option<i64>,
    pub(super) feed_file_id: Option<FileId>,
    pub(super) basis: Option<String>,
}

/// Numbers of the rows of a file that opened cases.
pub(super) async fn openings(tx: &mut Tx, file: FileId) -> sqlx::Result<Vec<i64>> {
    const SQL: &str = "SELECT row_no FROM case_rows WHERE state <> 'withdrawn'
         AND traits IN (SELECT no FROM case_traits WHERE feed_file_id = $1)";
    on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(file).fetch_all(conn).await)
}

/// All cases in order of their spots.
pub(super) fn cases(tx: &mut Tx) -> Rows<'_, Case> {
    rows(
        tx,
        "SELECT r.spot, r.isp_id, r.id, r.no, r.term, r.asn, r.opened_at, t.first_seen,
             t.last_seen, c.feed_file_id, c.basis
         FROM case_rows r LEFT JOIN case_traits c ON c.no = r.traits
         LEFT JOIN case_times t ON t.no = r.no WHERE r.state <> 'withdrawn' ORDER BY r.spot",
    )
}

/// The shelves of the register, those of one neighbourhood side by side: name and body.
pub(super) fn register(tx: &mut Tx) -> Rows<'_, (Vec<u8>, Vec<u8>)> {
    rows(tx, "SELECT shelf, body FROM case_shelves ORDER BY SUBSTR(shelf, 9), shelf")
}

/// The unattributed in order of their spots: spot, first and latest sighting.
pub(super) fn unattributed(tx: &mut Tx) -> Rows<'_, (Vec<u8>, i64, i64)> {
    rows(tx, "SELECT spot, first_seen, last_seen FROM unattributed ORDER BY spot")
}

/// A case with one of its facts, if it has any.
#[derive(Debug, FromRow)]
pub(super) struct Fact {
    pub(super) isp_id: IspId,
    pub(super) id: CaseId,
    pub(super) state: String,
    pub(super) state_since: Option<i64>,
    pub(super) first_clean: Option<i64>,
    pub(super) line_of: Option<CaseId>,
    pub(super) at: Option<i64>,
    pub(super) kind: Option<String>,
    pub(super) detail: Option<String>,
}

/// All cases with the facts that decide how they stand, in order of time.
pub(super) fn facts(tx: &mut Tx) -> Rows<'_, Fact> {
    rows(
        tx,
        "SELECT r.isp_id, r.id, r.state, r.state_since, r.first_clean, r.line_of, e.at, e.kind,
             e.detail
         FROM case_rows r LEFT JOIN case_events e ON e.isp_id = r.isp_id AND e.case_id = r.id
          AND e.withdrawn_at IS NULL AND e.kind IN
              ('reopened', 'clean_once', 'verified', 'recurred', 'unknown', 'joined', 'parted')
         WHERE r.state <> 'withdrawn'
         ORDER BY r.isp_id, r.id, e.at",
    )
}

/// How a case stands.
pub(super) async fn state_of(tx: &mut Tx, case: CaseId) -> sqlx::Result<Option<String>> {
    const SQL: &str = "SELECT state FROM case_rows WHERE id = $1";
    on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(case).fetch_optional(conn).await)
}
