//! SQL of delivery preferences.

use crate::{
    db::{Tx, on_tx},
    ids::IspId,
    isps::delivery::Preference,
};

const PREFERENCE: &str = "SELECT no, way, form, schedule, target, sealed_target, dialling, secret,
         set_at, set_by
     FROM isp_deliveries WHERE isp_id = $1 ORDER BY no DESC";

/// The latest preference of a provider.
pub(in crate::isps) async fn in_force(tx: &mut Tx, isp: IspId) -> sqlx::Result<Option<Preference>> {
    let sql = format!("{PREFERENCE} LIMIT 1");
    on_tx!(tx, conn => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(isp).fetch_optional(conn).await
    })
}

/// All preferences of a provider, the latest first.
pub(in crate::isps) async fn all(tx: &mut Tx, isp: IspId) -> sqlx::Result<Vec<Preference>> {
    on_tx!(tx, conn => sqlx::query_as(PREFERENCE).bind(isp).fetch_all(conn).await)
}

/// Writes a preference; to where lists go only as it is sealed.
pub(in crate::isps) async fn insert(
    tx: &mut Tx,
    isp: IspId,
    preference: &Preference,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO isp_deliveries
             (isp_id, no, way, form, schedule, sealed_target, dialling, secret, set_at, set_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(isp)
        .bind(preference.no)
        .bind(preference.way.word())
        .bind(&preference.form)
        .bind(&preference.schedule)
        .bind(preference.sealed_target())
        .bind(&preference.dialling)
        .bind(&preference.secret)
        .bind(preference.set_at)
        .bind(&preference.set_by)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// A preference of which the target stands in the clear.
#[derive(sqlx::FromRow)]
pub(in crate::isps) struct Clear {
    pub(in crate::isps) isp_id: IspId,
    pub(in crate::isps) no: i64,
    pub(in crate::isps) target: String,
}

/// Preferences of which the target stands in the clear, at most `limit`.
pub(in crate::isps) async fn clear(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Clear>> {
    const SQL: &str = "SELECT isp_id, no, target FROM isp_deliveries
         WHERE target IS NOT NULL ORDER BY isp_id, no LIMIT $1";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(limit).fetch_all(conn).await)
}

/// Puts the sealed target in the place of the clear one.
pub(in crate::isps) async fn set_sealed(
    tx: &mut Tx,
    (isp, no): (IspId, i64),
    sealed: &[u8],
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE isp_deliveries SET sealed_target = $1, target = NULL
         WHERE isp_id = $2 AND no = $3";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(sealed).bind(isp).bind(no).execute(conn).await.map(|_| ()))
}
