//! SQL of the gate.

use std::collections::BTreeMap;

use crate::{
    db::{
        Db, Tx,
        bulk::{self, Column, Target},
        on, on_tx,
    },
    feeds::gate::Held,
    ids::{FeedId, FileId, IspId},
    time::Moment,
};

/// Adds to the addresses of providers that a file names.
pub(in crate::feeds) async fn add_addresses(
    tx: &mut Tx,
    file: FileId,
    addresses: &BTreeMap<IspId, i64>,
) -> sqlx::Result<()> {
    let target = Target {
        table: "file_addresses",
        columns: "isp_id, feed_file_id, addresses",
        conflict: "ON CONFLICT (isp_id, feed_file_id) DO UPDATE SET
             addresses = file_addresses.addresses + excluded.addresses",
    };
    let columns = [
        Column::Bytes(addresses.keys().map(|isp| isp.0.as_bytes().to_vec()).collect()),
        Column::Bytes(vec![file.0.as_bytes().to_vec(); addresses.len()]),
        Column::Int(addresses.values().copied().collect()),
    ];
    bulk::insert(tx, target, columns).await.map(|_| ())
}

/// Providers that a file names and of which its batch names more than `floor` addresses: that is
/// the file and whatever of its feed came since `since` in the same delivery or tells of the same
/// run, but what somebody approved.
pub(in crate::feeds) async fn addresses_over(
    db: &Db,
    (feed, file): (FeedId, FileId),
    since: Moment,
    floor: i64,
) -> sqlx::Result<Vec<(IspId, i64)>> {
    const SQL: &str = "WITH batch (id) AS (
             SELECT id FROM feed_files WHERE id = $1
             UNION SELECT b.feed_file_id FROM file_containers a
               JOIN file_containers b ON b.sha256 = a.sha256 WHERE a.feed_file_id = $1
             UNION SELECT b.feed_file_id FROM run_hits a
               JOIN run_hits b ON b.scan_run = a.scan_run
              WHERE a.feed_file_id = $1 AND a.scan_run <> '')
         SELECT n.isp_id, CAST(SUM(n.addresses) AS BIGINT) FROM file_addresses n
           JOIN batch ON batch.id = n.feed_file_id JOIN feed_files f ON f.id = n.feed_file_id
          WHERE f.feed_id = $2 AND f.received_at >= $3 AND f.withdrawn_at IS NULL
            AND (f.id = $1 OR f.id NOT IN
                (SELECT feed_file_id FROM file_gates WHERE approved_at IS NOT NULL))
            AND n.isp_id IN (SELECT isp_id FROM file_addresses WHERE feed_file_id = $1)
          GROUP BY n.isp_id HAVING SUM(n.addresses) > $4 ORDER BY n.isp_id";
    on!(db, pool => sqlx::query_as(SQL)
        .bind(file).bind(feed).bind(since).bind(floor).fetch_all(pool).await)
}

/// Hits of a file.
pub(in crate::feeds) async fn hits_of(db: &Db, file: FileId) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT CAST(COALESCE(SUM(hits), 0) AS BIGINT) FROM run_hits
         WHERE feed_file_id = $1";
    on!(db, pool => sqlx::query_scalar(SQL).bind(file).fetch_one(pool).await)
}

/// Hits of each whole file of a feed that came in that time, held some, and waits for nobody.
pub(in crate::feeds) async fn hits_before(
    db: &Db,
    feed: FeedId,
    (since, until): (Moment, Moment),
    file: FileId,
) -> sqlx::Result<Vec<i64>> {
    const SQL: &str = "SELECT CAST(SUM(r.hits) AS BIGINT) FROM feed_files f
         JOIN run_hits r ON r.feed_file_id = f.id
         WHERE f.feed_id = $1 AND f.received_at >= $2 AND f.received_at <= $3 AND f.id <> $4
           AND f.completed_at IS NOT NULL AND f.refused IS NULL AND f.withdrawn_at IS NULL
           AND f.id NOT IN (SELECT feed_file_id FROM file_gates WHERE approved_at IS NULL)
         GROUP BY f.id HAVING SUM(r.hits) > 0";
    on!(db, pool => sqlx::query_scalar(SQL)
        .bind(feed).bind(since).bind(until).bind(file).fetch_all(pool).await)
}

/// Lets a file wait, unless somebody has decided about it or it waits already.
pub(in crate::feeds) async fn insert(
    tx: &mut Tx,
    file: FileId,
    at: Moment,
    why: &str,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO file_gates (feed_file_id, at, why) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING";
    on_tx!(tx, conn => sqlx::query(SQL).bind(file).bind(at).bind(why).execute(conn).await
        .map(|_| ()))
}

/// Lets a file that waits for these reasons wait no more.
pub(in crate::feeds) async fn let_go(tx: &mut Tx, file: FileId, why: &str) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM file_gates
         WHERE feed_file_id = $1 AND why = $2 AND approved_at IS NULL";
    on_tx!(tx, conn => sqlx::query(SQL).bind(file).bind(why).execute(conn).await.map(|_| ()))
}

/// Lets it go on; false where it does not wait.
pub(in crate::feeds) async fn approve(tx: &mut Tx, file: FileId, at: Moment) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE file_gates SET approved_at = $1
         WHERE feed_file_id = $2 AND approved_at IS NULL";
    on_tx!(tx, conn => sqlx::query(SQL).bind(at).bind(file).execute(conn).await
        .map(|done| done.rows_affected() == 1))
}

/// Why a file waits, if it does.
pub(in crate::feeds) async fn why(db: &Db, file: FileId) -> sqlx::Result<Option<String>> {
    const SQL: &str = "SELECT why FROM file_gates WHERE feed_file_id = $1 AND approved_at IS NULL";
    on!(db, pool => sqlx::query_scalar(SQL).bind(file).fetch_optional(pool).await)
}

/// The files that wait.
pub(in crate::feeds) async fn waiting(db: &Db) -> sqlx::Result<Vec<Held>> {
    const SQL: &str = "SELECT f.id, d.name AS feed, f.name, f.sha256, g.at, g.why,
             (SELECT COUNT(*) FROM cases c WHERE c.feed_file_id = f.id) AS cases
         FROM file_gates g JOIN feed_files f ON f.id = g.feed_file_id
         JOIN feeds d ON d.id = f.feed_id
         WHERE g.approved_at IS NULL ORDER BY g.at, f.id";
    on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)
}
