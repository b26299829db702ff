//! SQL of the queue.

use super::queue::Standing;
use crate::{
    db::{Db, Tx, dialect, on, on_tx},
    ids::SubjectId,
    time::Moment,
};

/// A job that may be taken: what it is done to, the fence it stands at, failures in a row.
pub(super) type Due = (SubjectId, i64, i64);

/// Enters a job, or moves it to another time; a lease on it stays.
pub(super) async fn plan(
    tx: &mut Tx,
    kind: &str,
    subject: SubjectId,
    due: Option<Moment>,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO jobs (kind, subject, due_at, attempts, fence)
         VALUES ($1, $2, $3, 0, 0)
         ON CONFLICT (kind, subject) DO UPDATE SET due_at = excluded.due_at, attempts = 0";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(kind).bind(subject).bind(due)
        .execute(conn).await.map(|_| ()))
}

/// Enters a job unless it is known.
pub(super) async fn enter(
    tx: &mut Tx,
    kind: &str,
    subject: SubjectId,
    due: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO jobs (kind, subject, due_at, attempts, fence)
         VALUES ($1, $2, $3, 0, 0) ON CONFLICT DO NOTHING";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(kind).bind(subject).bind(due)
        .execute(conn).await.map(|_| ()))
}

/// Takes a job out.
pub(super) async fn forget(tx: &mut Tx, kind: &str, subject: SubjectId) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM jobs WHERE kind = $1 AND subject = $2";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(kind).bind(subject).execute(conn).await.map(|_| ()))
}

/// When the jobs of a kind are due, and until when they are lent.
pub(super) async fn standings(db: &Db, kind: &str) -> sqlx::Result<Vec<Standing>> {
    const SQL: &str = "SELECT subject, due_at, leased_until FROM jobs WHERE kind = $1";
    on!(db, pool => sqlx::query_as(SQL).bind(kind).fetch_all(pool).await)
}

/// The job of that kind that has been due longest and that nobody holds.
pub(super) async fn next_due(tx: &mut Tx, kind: &str, now: Moment) -> sqlx::Result<Option<Due>> {
    let sql = format!(
        "SELECT subject, fence, attempts FROM jobs
         WHERE kind = $1 AND due_at <= $2 AND (leased_until IS NULL OR leased_until <= $2)
         ORDER BY due_at, subject LIMIT 1 {}",
        dialect::for_update_skip_locked(tx)
    );
    on_tx!(tx, conn => sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(kind).bind(now).fetch_optional(conn).await)
}

/// One job, due or not, unless somebody holds it.
pub(super) async fn free(
    tx: &mut Tx,
    kind: &str,
    subject: SubjectId,
    now: Moment,
) -> sqlx::Result<Option<Due>> {
    let sql = format!(
        "SELECT subject, fence, attempts FROM jobs
         WHERE kind = $1 AND subject = $2 AND (leased_until IS NULL OR leased_until <= $3) {}",
        dialect::for_update_skip_locked(tx)
    );
    on_tx!(tx, conn => sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(kind).bind(subject).bind(now).fetch_optional(conn).await)
}

/// The lease with that fence; a change by its holder fails as overtaken where it is lost.
pub(super) struct Held<'a> {
    pub(super) kind: &'a str,
    pub(super) subject: SubjectId,
    pub(super) fence: i64,
}

/// A change that found its job in other hands: for the caller it is overtaken.
fn still(held: bool) -> sqlx::Result<()> {
    if held { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Lends the job that stands at `held.fence`: the fence moves on by one.
pub(super) async fn lend(tx: &mut Tx, held: Held<'_>, until: Moment) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE jobs SET fence = fence + 1, leased_until = $1
         WHERE kind = $2 AND subject = $3 AND fence = $4";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(until).bind(held.kind).bind(held.subject).bind(held.fence)
        .execute(conn).await.map(|done| done.rows_affected() == 1))
}

/// Prolongs a lease.
pub(super) async fn prolong(tx: &mut Tx, held: Held<'_>, until: Moment) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE jobs SET leased_until = $1
         WHERE kind = $2 AND subject = $3 AND fence = $4 AND leased_until IS NOT NULL";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(until).bind(held.kind).bind(held.subject).bind(held.fence)
        .execute(conn).await.map(|done| done.rows_affected() == 1))
}

/// Locks the job for the rest of the transaction, without a change.
pub(super) async fn hold(tx: &mut Tx, held: Held<'_>) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE jobs SET fence = fence
         WHERE kind = $1 AND subject = $2 AND fence = $3 AND leased_until IS NOT NULL";
    let held = on_tx!(tx, conn => sqlx::query(SQL)
        .bind(held.kind).bind(held.subject).bind(held.fence)
        .execute(conn).await.map(|done| done.rows_affected() == 1))?;
    still(held)
}

/// Gives a job back, to be done again at `due`.
pub(super) async fn give_back(
    tx: &mut Tx,
    held: Held<'_>,
    attempts: i64,
    due: Option<Moment>,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE jobs SET leased_until = NULL, attempts = $1, due_at = $2
         WHERE kind = $3 AND subject = $4 AND fence = $5 AND leased_until IS NOT NULL";
    let held = on_tx!(tx, conn => sqlx::query(SQL)
        .bind(attempts).bind(due)
        .bind(held.kind).bind(held.subject).bind(held.fence)
        .execute(conn).await.map(|done| done.rows_affected() == 1))?;
    still(held)
}
