//! SQL of providers' keys.

use crate::{
    db::{Tx, on_tx},
    ids::{IspId, IspKeyId},
    isps::keys::IspKey,
    mail::Standard,
    time::Moment,
};

const KEY: &str = "SELECT id, standard, fingerprint, owner, algorithm, certificate, expires_at,
         added_at, added_by, removed_at, removed_by
     FROM isp_keys";

/// All keys of a provider, the latest first.
pub(in crate::isps) async fn all(tx: &mut Tx, isp: IspId) -> sqlx::Result<Vec<IspKey>> {
    let sql = format!(
        "{KEY} WHERE isp_id = $1 ORDER BY
         CASE WHEN removed_at IS NULL THEN 0 ELSE 1 END, added_at DESC, id DESC"
    );
    on_tx!(tx, conn => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(isp).fetch_all(conn).await
    })
}

/// Keys of that standard that nobody removed, the latest first.
pub(in crate::isps) async fn standing(
    tx: &mut Tx,
    isp: IspId,
    standard: Standard,
) -> sqlx::Result<Vec<IspKey>> {
    let sql = format!(
        "{KEY} WHERE isp_id = $1 AND standard = $2 AND removed_at IS NULL
         ORDER BY added_at DESC, id DESC"
    );
    on_tx!(tx, conn => sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(isp).bind(standard.word()).fetch_all(conn).await)
}

/// Writes a key.
pub(in crate::isps) async fn insert(tx: &mut Tx, isp: IspId, key: &IspKey) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO isp_keys (isp_id, id, standard, fingerprint, owner, algorithm,
             certificate, expires_at, added_at, added_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(isp)
        .bind(key.id)
        .bind(key.standard.word())
        .bind(&key.fingerprint)
        .bind(&key.owner)
        .bind(&key.algorithm)
        .bind(&key.certificate)
        .bind(key.expires_at)
        .bind(key.added_at)
        .bind(&key.added_by)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Writes that a key is not used any more.
pub(in crate::isps) async fn remove(
    tx: &mut Tx,
    (isp, key): (IspId, IspKeyId),
    at: Moment,
    by: &str,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE isp_keys SET removed_at = $1, removed_by = $2
         WHERE isp_id = $3 AND id = $4 AND removed_at IS NULL";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(at).bind(by).bind(isp).bind(key).execute(conn).await.map(|_| ()))
}
