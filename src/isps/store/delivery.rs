//! SQL of delivery preferences.

use crate::{
    db::{Tx, on_tx},
    ids::IspId,
    isps::delivery::Preference,
};

const PREFERENCE: &str = "SELECT no, way, form, schedule, target, dialling, secret, set_at, set_by
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

/// Writes a preference.
pub(in crate::isps) async fn insert(
    tx: &mut Tx,
    isp: IspId,
    preference: &Preference,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO isp_deliveries
             (isp_id, no, way, form, schedule, target, dialling, secret, set_at, set_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(isp)
        .bind(preference.no)
        .bind(preference.way.word())
        .bind(&preference.form)
        .bind(&preference.schedule)
        .bind(&preference.target)
        .bind(&preference.dialling)
        .bind(&preference.secret)
        .bind(preference.set_at)
        .bind(&preference.set_by)
        .execute(conn)
        .await
        .map(|_| ()))
}
