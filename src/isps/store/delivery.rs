//! SQL of delivery preferences.

use crate::{
    db::{Tx, on_tx},
    ids::IspId,
    isps::delivery::Preference,
};

/// The latest preference of a provider.
pub(in crate::isps) async fn in_force(tx: &mut Tx, isp: IspId) -> sqlx::Result<Option<Preference>> {
    const SQL: &str = "SELECT no, way, form, schedule, target, dialling, secret, set_at, set_by
         FROM isp_deliveries WHERE isp_id = $1 ORDER BY no DESC LIMIT 1";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(isp).fetch_optional(conn).await)
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
