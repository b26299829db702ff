//! SQL of scan coverage, and of the hits that its runs wait for.

use std::collections::{BTreeMap, HashSet};

use anyhow::Context as _;
use formats::{Weakness, coverage::Covered};

use crate::{
    db::{
        Db, Tx,
        bulk::{self, Column, Target},
        on, on_tx,
    },
    feeds::{
        calendar::RunDays,
        hits::{RunHits, Said},
        receive::FeedFile,
        runs::{Part, Run},
    },
    ids::{FeedId, FileId},
    time::Moment,
};

/// Writes one covered prefix; the same key again is a correction, unless its file came earlier than
/// what stands: a row that waited in quarantine corrects nothing that was said since.
pub(in crate::feeds) async fn upsert(
    tx: &mut Tx,
    feed: FeedId,
    row: &Covered,
    file: &FeedFile,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO scan_coverage
         (feed_id, scan_run, prefix, proto, weakness, ports, from_at, to_at, method_version,
          status, attempted, completeness, hits, excluded, file_sha256, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (feed_id, scan_run, prefix, proto, weakness) DO UPDATE SET
             ports = excluded.ports, from_at = excluded.from_at, to_at = excluded.to_at,
             method_version = excluded.method_version, status = excluded.status,
             attempted = excluded.attempted, completeness = excluded.completeness,
             hits = excluded.hits, excluded = excluded.excluded,
             file_sha256 = excluded.file_sha256, recorded_at = excluded.recorded_at
         WHERE scan_coverage.recorded_at <= excluded.recorded_at";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(feed)
        .bind(&row.scan_run)
        .bind(row.prefix.to_string())
        .bind(i64::from(row.proto.number()))
        .bind(row.weakness.code())
        .bind(joined(&row.ports))
        .bind(row.from)
        .bind(row.to)
        .bind(&row.method_version)
        .bind(row.status.code())
        .bind(row.attempted.cast_signed())
        .bind(row.completeness)
        .bind(hits(row))
        .bind(joined(&row.excluded_prefixes))
        .bind(&file.sha256)
        .bind(file.received_at)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// How many hits the row announces; where nothing answered, nothing can be listed.
fn hits(row: &Covered) -> Option<i64> {
    let none = row.answered.filter(|answered| *answered == 0);
    row.hits.or(none).map(u64::cast_signed)
}

fn joined(parts: &[impl ToString]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
}

/// A row of coverage as it is stored.
#[derive(sqlx::FromRow)]
struct Stored {
    feed_id: FeedId,
    scan_run: String,
    prefix: String,
    proto: i64,
    weakness: String,
    ports: String,
    from_at: Moment,
    to_at: Moment,
    status: String,
    completeness: f64,
    hits: Option<i64>,
    excluded: String,
    completeness_floor: f64,
}

/// All runs with the parts of them that count.
pub(in crate::feeds) async fn runs(db: &Db) -> anyhow::Result<Vec<Run>> {
    const SQL: &str = "SELECT c.feed_id, c.scan_run, c.prefix, c.proto, c.weakness, c.ports,
             c.from_at, c.to_at, c.status, c.completeness, c.hits, c.excluded, f.completeness_floor
         FROM scan_coverage c JOIN feeds f ON f.id = c.feed_id";
    into_runs(on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)?)
}

/// The runs that ended since then, with those parts of them alone that lie over one address and
/// look for one weakness; `prefixes` are all that hold the address.
pub(in crate::feeds) async fn runs_over(
    db: &Db,
    prefixes: &[String],
    weakness: Weakness,
    since: Moment,
) -> anyhow::Result<Vec<Run>> {
    let places: Vec<String> = (3..).take(prefixes.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT c.feed_id, c.scan_run, c.prefix, c.proto, c.weakness, c.ports,
             c.from_at, c.to_at, c.status, c.completeness, c.hits, c.excluded, f.completeness_floor
         FROM scan_coverage c JOIN feeds f ON f.id = c.feed_id
         WHERE c.weakness = $1 AND c.to_at >= $2 AND c.prefix IN ({})",
        places.join(", ")
    );
    into_runs(on!(db, pool => {
        let mut rows = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        rows = rows.bind(weakness.code()).bind(since);
        for prefix in prefixes {
            rows = rows.bind(prefix);
        }
        rows.fetch_all(pool).await
    })?)
}

/// From when to when a run lasted in all its parts, and how many hits all of them announce.
pub(in crate::feeds) async fn extent(
    db: &Db,
    (feed, scan_run): (FeedId, &str),
) -> sqlx::Result<(Moment, Moment, Option<i64>)> {
    const SQL: &str = "SELECT MIN(from_at), MAX(to_at),
             CASE WHEN COUNT(hits) = COUNT(*) THEN CAST(SUM(hits) AS BIGINT) END
         FROM scan_coverage WHERE feed_id = $1 AND scan_run = $2";
    on!(db, pool => sqlx::query_as(SQL).bind(feed).bind(scan_run).fetch_one(pool).await)
}

fn into_runs(rows: Vec<Stored>) -> anyhow::Result<Vec<Run>> {
    let mut runs: BTreeMap<(FeedId, String), Run> = BTreeMap::new();
    for row in rows {
        let key = (row.feed_id, row.scan_run.clone());
        let run = runs.entry(key).or_insert_with(|| Run {
            feed: row.feed_id,
            scan_run: row.scan_run.clone(),
            from: row.from_at,
            to: row.to_at,
            announced: Some(0),
            unread_at: HashSet::new(),
            parts: Vec::new(),
        });
        run.announced = run.announced.zip(row.hits).map(|(all, more)| all.saturating_add(more));
        run.from = run.from.min(row.from_at);
        run.to = run.to.max(row.to_at);
        if row.status != "aborted" && row.completeness >= row.completeness_floor {
            run.parts.push(part(&row)?);
        }
    }
    Ok(runs.into_values().collect())
}

fn part(row: &Stored) -> anyhow::Result<Part> {
    let list = |text: &str| {
        let parts = text.split(';').filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect::<Vec<String>>()
    };
    Ok(Part {
        prefix: row.prefix.parse().context("a stored prefix")?,
        proto: row.proto,
        ports: list(&row.ports).iter().map(|p| p.parse()).collect::<Result<_, _>>()?,
        weakness: row.weakness.parse()?,
        excluded: list(&row.excluded).iter().map(|p| p.parse()).collect::<Result<_, _>>()?,
    })
}

/// Adds to what a file says of runs.
pub(in crate::feeds) async fn add_hits(
    tx: &mut Tx,
    file: FileId,
    runs: &BTreeMap<String, RunHits>,
) -> sqlx::Result<()> {
    let target = Target {
        table: "run_hits",
        columns: "feed_file_id, scan_run, hits, first_at, last_at",
        conflict: "ON CONFLICT (feed_file_id, scan_run) DO UPDATE SET
             hits = run_hits.hits + excluded.hits,
             first_at = CASE WHEN run_hits.first_at <= excluded.first_at
                 THEN run_hits.first_at ELSE COALESCE(excluded.first_at, run_hits.first_at) END,
             last_at = CASE WHEN run_hits.last_at >= excluded.last_at
                 THEN run_hits.last_at ELSE COALESCE(excluded.last_at, run_hits.last_at) END",
    };
    let columns = [
        Column::Bytes(vec![file.0.as_bytes().to_vec(); runs.len()]),
        Column::Text(runs.keys().cloned().collect()),
        Column::Int(runs.values().map(|run| run.hits).collect()),
        Column::IntOrNull(runs.values().map(|run| run.span.map(|(first, _)| first)).collect()),
        Column::IntOrNull(runs.values().map(|run| run.span.map(|(_, last)| last)).collect()),
    ];
    bulk::insert(tx, target, columns).await.map(|_| ())
}

/// What all files say of runs.
pub(in crate::feeds) async fn said(db: &Db) -> sqlx::Result<Vec<Said>> {
    const SQL: &str = "WITH unread AS (
             SELECT feed_file_id, COALESCE(scan_run, '') AS scan_run, COUNT(*) AS rows_
              FROM quarantined_rows
             WHERE released_at IS NULL AND dismissed_at IS NULL
               AND (scan_run IS NULL OR ip IS NULL)
             GROUP BY feed_file_id, COALESCE(scan_run, '')),
         closed AS (
             SELECT feed_file_id, scan_run, COUNT(*) AS rows_ FROM quarantined_rows
              WHERE released_at IS NULL AND dismissed_at IS NOT NULL AND scan_run IS NOT NULL
              GROUP BY feed_file_id, scan_run)
         SELECT f.feed_id, d.format, r.scan_run, r.hits, r.first_at, r.last_at,
             f.completed_at, f.refused,
             COALESCE(own.rows_, 0) + COALESCE(any_.rows_, 0) AS unread,
             COALESCE(closed.rows_, 0) AS dismissed
         FROM run_hits r JOIN feed_files f ON f.id = r.feed_file_id
         JOIN feeds d ON d.id = f.feed_id
         LEFT JOIN unread own ON own.feed_file_id = r.feed_file_id AND own.scan_run = r.scan_run
          AND r.scan_run <> ''
         LEFT JOIN unread any_ ON any_.feed_file_id = r.feed_file_id AND any_.scan_run = ''
         LEFT JOIN closed ON closed.feed_file_id = r.feed_file_id
          AND closed.scan_run = r.scan_run
         WHERE f.withdrawn_at IS NULL";
    on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)
}

/// Rows in quarantine of which run and address are legible.
pub(in crate::feeds) async fn located(db: &Db) -> sqlx::Result<Vec<(FeedId, String, String)>> {
    const SQL: &str = "SELECT DISTINCT f.feed_id, q.scan_run, q.ip
         FROM quarantined_rows q JOIN feed_files f ON f.id = q.feed_file_id
         WHERE f.holds = 'hits' AND q.released_at IS NULL AND q.dismissed_at IS NULL
           AND q.scan_run IS NOT NULL AND q.ip IS NOT NULL";
    on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)
}

/// When the last file of each feed came that may hold hits of any run: not in to its end, refused
/// without a row that names one, or with a row in quarantine that names none.
pub(in crate::feeds) async fn mute(db: &Db) -> sqlx::Result<Vec<(FeedId, Moment)>> {
    const SQL: &str = "SELECT f.feed_id, MAX(f.received_at) FROM feed_files f
         WHERE f.holds = 'hits' AND f.withdrawn_at IS NULL AND (f.completed_at IS NULL
            OR (f.refused IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM run_hits r WHERE r.feed_file_id = f.id))
            OR f.id IN (SELECT q.feed_file_id FROM quarantined_rows q
                         WHERE q.released_at IS NULL AND q.dismissed_at IS NULL
                           AND q.scan_run IS NULL))
         GROUP BY f.feed_id";
    on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)
}

/// The runs of a feed that touch a time, with how many of their parts count.
pub(in crate::feeds) async fn days(
    db: &Db,
    feed: FeedId,
    (from, to): (Moment, Moment),
) -> sqlx::Result<Vec<RunDays>> {
    const SQL: &str = "SELECT c.scan_run, MIN(c.from_at) AS from_at, MAX(c.to_at) AS to_at,
             COUNT(*) AS parts,
             COUNT(CASE WHEN c.status <> 'aborted' AND c.completeness >= f.completeness_floor
                 THEN 1 END) AS counting,
             CAST(SUM(c.attempted) AS BIGINT) AS attempted
         FROM scan_coverage c JOIN feeds f ON f.id = c.feed_id
         WHERE c.feed_id = $1 AND c.to_at >= $2 AND c.from_at < $3
         GROUP BY c.scan_run ORDER BY MAX(c.to_at), c.scan_run";
    on!(db, pool => sqlx::query_as(SQL).bind(feed).bind(from).bind(to).fetch_all(pool).await)
}
