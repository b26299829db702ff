//! SQL of ways in, their runs and what each has fetched.

use crate::{
    db::{Db, Tx, on, on_tx},
    feeds::ways::{
        Way,
        history::{Refusal, WayRun},
        run::Came,
    },
    ids::{FeedId, WayId},
    time::Moment,
};

const WAY: &str = "SELECT w.id, w.feed_id, f.name AS feed, w.name, w.kind, w.settings,
         w.secret_file, w.schedule, w.position, w.paused_at
     FROM feed_ways w JOIN feeds f ON f.id = w.feed_id";

const RUN: &str = "r.run_no, r.began_at, r.ended_at, r.files, r.known, r.refused, r.fault,
     r.next_at";

/// Writes a way unless its feed has one of that name; tells whether it is written.
pub(in crate::feeds) async fn insert(tx: &mut Tx, way: &Way, at: Moment) -> sqlx::Result<bool> {
    const SQL: &str = "INSERT INTO feed_ways
         (id, feed_id, name, kind, settings, secret_file, schedule, position, added_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(way.id)
        .bind(way.feed_id)
        .bind(&way.name)
        .bind(way.kind.word())
        .bind(&way.settings)
        .bind(&way.secret_file)
        .bind(&way.schedule)
        .bind(&way.position)
        .bind(at)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// Ways of a feed or of all, by feed and name.
pub(in crate::feeds) async fn all(db: &Db, feed: Option<FeedId>) -> sqlx::Result<Vec<Way>> {
    let sql =
        format!("{WAY} WHERE CAST($1 AS BYTEA) IS NULL OR w.feed_id = $1 ORDER BY f.name, w.name");
    on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(feed).fetch_all(pool).await
    })
}

/// The way with that key.
pub(in crate::feeds) async fn by_id(db: &Db, way: WayId) -> sqlx::Result<Option<Way>> {
    let sql = format!("{WAY} WHERE w.id = $1");
    on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(way).fetch_optional(pool).await
    })
}

/// Writes since when a way rests; nothing = it does not.
pub(in crate::feeds) async fn set_paused(
    tx: &mut Tx,
    way: WayId,
    at: Option<Moment>,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE feed_ways SET paused_at = $1 WHERE id = $2";
    on_tx!(tx, conn => sqlx::query(SQL).bind(at).bind(way).execute(conn).await.map(|_| ()))
}

/// Since when a way rests.
pub(in crate::feeds) async fn paused_at(tx: &mut Tx, way: WayId) -> sqlx::Result<Option<Moment>> {
    const SQL: &str = "SELECT paused_at FROM feed_ways WHERE id = $1";
    on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(way).fetch_one(conn).await)
}

/// Writes where a way goes on the next time.
pub(in crate::feeds) async fn set_position(
    tx: &mut Tx,
    way: WayId,
    position: &str,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE feed_ways SET position = $1 WHERE id = $2";
    on_tx!(tx, conn => sqlx::query(SQL).bind(position).bind(way).execute(conn).await.map(|_| ()))
}

/// Takes a way out, with its runs and what it remembers; the files that came by it stay.
pub(in crate::feeds) async fn delete(tx: &mut Tx, way: WayId) -> sqlx::Result<()> {
    for sql in [
        "DELETE FROM way_items WHERE way_id = $1",
        "DELETE FROM way_refusals WHERE way_id = $1",
        "DELETE FROM way_runs WHERE way_id = $1",
        "DELETE FROM feed_ways WHERE id = $1",
    ] {
        on_tx!(&mut *tx, conn => sqlx::query(sql).bind(way).execute(conn).await.map(|_| ()))?;
    }
    Ok(())
}

/// Writes that a run began.
pub(in crate::feeds) async fn begin_run(
    tx: &mut Tx,
    way: WayId,
    run_no: i64,
    at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO way_runs (way_id, run_no, began_at, files, known, refused)
         VALUES ($1, $2, $3, 0, 0, 0) ON CONFLICT DO NOTHING";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(way).bind(run_no).bind(at).execute(conn).await.map(|_| ()))
}

/// How a run ended.
pub(in crate::feeds) struct Ending<'a> {
    pub(in crate::feeds) at: Moment,
    pub(in crate::feeds) came: Came,
    pub(in crate::feeds) fault: Option<&'a str>,
    pub(in crate::feeds) next_at: Option<Moment>,
}

/// Writes that a run ended, and how.
pub(in crate::feeds) async fn end_run(
    tx: &mut Tx,
    (way, run_no): (WayId, i64),
    ending: &Ending<'_>,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE way_runs SET ended_at = $1, files = $2, known = $3, refused = $4,
             fault = $5, next_at = $6
         WHERE way_id = $7 AND run_no = $8";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(ending.at)
        .bind(ending.came.files)
        .bind(ending.came.known)
        .bind(ending.came.refused)
        .bind(ending.fault)
        .bind(ending.next_at)
        .bind(way)
        .bind(run_no)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Whether a run is written as ended: the answer to a commit that nobody saw end.
pub(in crate::feeds) async fn has_ended(
    tx: &mut Tx,
    (way, run_no): (WayId, i64),
) -> sqlx::Result<bool> {
    const SQL: &str =
        "SELECT COUNT(*) FROM way_runs WHERE way_id = $1 AND run_no = $2 AND ended_at IS NOT NULL";
    let ended: i64 =
        on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(way).bind(run_no).fetch_one(conn).await)?;
    Ok(ended > 0)
}

/// Runs of a way, the last one first: at most so many, behind so many.
pub(in crate::feeds) async fn runs(
    db: &Db,
    way: WayId,
    (limit, behind): (i64, i64),
) -> sqlx::Result<Vec<WayRun>> {
    let sql = format!(
        "SELECT {RUN} FROM way_runs r WHERE r.way_id = $1 ORDER BY r.run_no DESC
         LIMIT $2 OFFSET $3"
    );
    on!(db, pool => {
        let runs = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        runs.bind(way).bind(limit).bind(behind).fetch_all(pool).await
    })
}

/// What was refused in runs of these numbers, from the first to the last.
pub(in crate::feeds) async fn refusals(
    db: &Db,
    way: WayId,
    (first, last): (i64, i64),
) -> sqlx::Result<Vec<Refusal>> {
    const SQL: &str = "SELECT run_no, item, reason FROM way_refusals
         WHERE way_id = $1 AND run_no BETWEEN $2 AND $3 ORDER BY run_no, item";
    on!(db, pool => sqlx::query_as(SQL).bind(way).bind(first).bind(last).fetch_all(pool).await)
}

/// An item that was fetched before: why it was refused, if it was.
pub(in crate::feeds) async fn item(
    db: &Db,
    way: WayId,
    item: &str,
) -> sqlx::Result<Option<Option<String>>> {
    const SQL: &str = "SELECT refused FROM way_items WHERE way_id = $1 AND item = $2";
    on!(db, pool => sqlx::query_scalar(SQL).bind(way).bind(item).fetch_optional(pool).await)
}

/// Writes that an item was fetched; what came under its name before stands.
pub(in crate::feeds) async fn insert_item(
    tx: &mut Tx,
    (way, run_no): (WayId, i64),
    item: &str,
    at: Moment,
    refused: Option<&str>,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO way_items (way_id, item, run_no, at, refused)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(way).bind(item).bind(run_no).bind(at).bind(refused)
        .execute(conn).await.map(|_| ()))
}

/// Writes why a run refused an item.
pub(in crate::feeds) async fn insert_refusal(
    tx: &mut Tx,
    (way, run_no): (WayId, i64),
    item: &str,
    reason: &str,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO way_refusals (way_id, run_no, item, reason)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(way).bind(run_no).bind(item).bind(reason).execute(conn).await.map(|_| ()))
}

/// Forgets items that were fetched before `until`: their source no longer lists them.
pub(in crate::feeds) async fn forget_items(
    tx: &mut Tx,
    way: WayId,
    until: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM way_items WHERE way_id = $1 AND at < $2";
    on_tx!(tx, conn => sqlx::query(SQL).bind(way).bind(until).execute(conn).await.map(|_| ()))
}
