//! SQL of the audit log.

use super::{
    Leaf,
    list::{Filter, Noted},
};
use crate::db::{Db, Tx, on, on_tx};

/// Takes the head for the rest of the transaction; gives the number and hash of the last leaf.
pub(super) async fn hold_head(tx: &mut Tx) -> sqlx::Result<(i64, Vec<u8>)> {
    // Enters the head where the log is empty, and otherwise holds its row.
    const SQL: &str = "INSERT INTO audit_head (id, no, hash) VALUES (1, 0, $1)
         ON CONFLICT (id) DO UPDATE SET id = 1 RETURNING no, hash";
    let beginning = vec![0_u8; 32];
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(beginning).fetch_one(conn).await)
}

/// Writes a leaf.
pub(super) async fn insert(tx: &mut Tx, no: i64, leaf: &Leaf<'_>, hash: &[u8]) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO audit_leaves (no, at, author, act, object, isp, detail, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(no)
        .bind(leaf.at)
        .bind(leaf.by)
        .bind(leaf.act)
        .bind(leaf.on)
        .bind(leaf.isp)
        .bind(leaf.detail)
        .bind(hash)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Moves the head on.
pub(super) async fn set_head(tx: &mut Tx, no: i64, hash: &[u8]) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE audit_head SET no = $1, hash = $2 WHERE id = 1";
    on_tx!(tx, conn => sqlx::query(SQL).bind(no).bind(hash).execute(conn).await.map(|_| ()))
}

const HEAD: &str = "SELECT no, hash FROM audit_head WHERE id = 1";

/// The number and hash of the last leaf; of an empty log the hash that the first one follows.
pub(super) async fn head(db: &Db) -> sqlx::Result<(i64, Vec<u8>)> {
    let head = on!(db, pool => sqlx::query_as(HEAD).fetch_optional(pool).await)?;
    Ok(head.unwrap_or_else(|| (0, vec![0; 32])))
}

/// The same, as a transaction sees it.
pub(super) async fn head_in(tx: &mut Tx) -> sqlx::Result<(i64, Vec<u8>)> {
    let head = on_tx!(tx, conn => sqlx::query_as(HEAD).fetch_optional(conn).await)?;
    Ok(head.unwrap_or_else(|| (0, vec![0; 32])))
}

/// At most `limit` leaves behind the one of that number, in their order.
pub(super) async fn after(tx: &mut Tx, no: i64, limit: i64) -> sqlx::Result<Vec<Noted>> {
    const SQL: &str = "SELECT no, at, author, act, object, isp, detail, hash FROM audit_leaves
         WHERE no > $1 ORDER BY no LIMIT $2";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(no).bind(limit).fetch_all(conn).await)
}

/// At most `limit` leaves that fit, the latest first.
pub(super) async fn latest(db: &Db, filter: &Filter, limit: i64) -> sqlx::Result<Vec<Noted>> {
    const SQL: &str = "SELECT no, at, author, act, object, isp, detail, hash FROM audit_leaves
         WHERE (CAST($1 AS TEXT) IS NULL OR author = $1)
           AND (CAST($2 AS TEXT) IS NULL OR act = $2 OR SUBSTR(act, 1, LENGTH($2) + 1) = $2 || '.')
           AND (CAST($3 AS TEXT) IS NULL OR isp = $3)
           AND at >= $4 AND no < $5
         ORDER BY no DESC LIMIT $6";
    let since = filter.since.map_or(i64::MIN, |since| since.0);
    on!(db, pool => sqlx::query_as(SQL)
        .bind(&filter.by)
        .bind(&filter.act)
        .bind(&filter.isp)
        .bind(since)
        .bind(filter.before.unwrap_or(i64::MAX))
        .bind(limit)
        .fetch_all(pool)
        .await)
}
