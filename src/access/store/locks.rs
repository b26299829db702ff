//! SQL of failed attempts to sign in.

use crate::{
    db::{Db, Tx, on, on_tx},
    time::Moment,
};

/// The failures of a bucket and when the last one was; nothing is taken and nothing written.
pub(in crate::access) async fn look(db: &Db, bucket: &[u8]) -> sqlx::Result<Option<(i64, Moment)>> {
    const SQL: &str = "SELECT failures, last_at FROM sign_in_failures WHERE bucket = $1";
    on!(db, pool => sqlx::query_as(SQL).bind(bucket).fetch_optional(pool).await)
}

/// Takes a bucket for the rest of the transaction; gives its failures and when the last one was.
pub(in crate::access) async fn hold(tx: &mut Tx, bucket: &[u8]) -> sqlx::Result<(i64, Moment)> {
    const SQL: &str = "INSERT INTO sign_in_failures (bucket, failures, last_at)
         VALUES ($1, 0, 0)
         ON CONFLICT (bucket) DO UPDATE SET failures = sign_in_failures.failures
         RETURNING failures, last_at";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(bucket).fetch_one(conn).await)
}

/// Counts an attempt as failed.
pub(in crate::access) async fn count(tx: &mut Tx, bucket: &[u8], now: Moment) -> sqlx::Result<()> {
    const SQL: &str =
        "UPDATE sign_in_failures SET failures = failures + 1, last_at = $1 WHERE bucket = $2";
    on_tx!(tx, conn => sqlx::query(SQL).bind(now).bind(bucket).execute(conn).await.map(|_| ()))
}

/// Sets how full a bucket is, and as of when.
pub(in crate::access) async fn set(
    tx: &mut Tx,
    bucket: &[u8],
    (failures, at): (i64, Moment),
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE sign_in_failures SET failures = $1, last_at = $2 WHERE bucket = $3";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(failures).bind(at).bind(bucket).execute(conn).await.map(|_| ()))
}

/// Takes one failure back.
pub(in crate::access) async fn take_back(tx: &mut Tx, bucket: &[u8]) -> sqlx::Result<()> {
    const LAST: &str = "DELETE FROM sign_in_failures WHERE bucket = $1 AND failures <= 1";
    const ONE: &str = "UPDATE sign_in_failures SET failures = failures - 1 WHERE bucket = $1";
    for sql in [LAST, ONE] {
        on_tx!(&mut *tx, conn => sqlx::query(sql)
            .bind(bucket).execute(conn).await.map(|_| ()))?;
    }
    Ok(())
}

/// Forgets the failures of a bucket.
pub(in crate::access) async fn forget(tx: &mut Tx, bucket: &[u8]) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM sign_in_failures WHERE bucket = $1";
    on_tx!(tx, conn => sqlx::query(SQL).bind(bucket).execute(conn).await.map(|_| ()))
}

/// Forgets buckets in which nothing has happened since.
pub(in crate::access) async fn sweep(tx: &mut Tx, before: Moment) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM sign_in_failures WHERE last_at < $1";
    on_tx!(tx, conn => sqlx::query(SQL).bind(before).execute(conn).await.map(|_| ()))
}
