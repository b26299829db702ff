//! SQL of the audit log.

use super::Leaf;
use crate::db::{Tx, on_tx};

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
