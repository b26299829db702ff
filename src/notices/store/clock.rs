//! SQL of how long providers keep their logs.

use crate::{
    db::{Tx, on_tx},
    ids::IspId,
    time::Moment,
};

/// The provider's latest word, if it gave one.
pub(in crate::notices) async fn log_days(tx: &mut Tx, isp: IspId) -> sqlx::Result<Option<i64>> {
    const SQL: &str = "SELECT days FROM log_terms WHERE isp_id = $1 ORDER BY at DESC LIMIT 1";
    on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(isp).fetch_optional(conn).await)
}

/// Keeps its word; of two of one moment the later one.
pub(in crate::notices) async fn insert(
    tx: &mut Tx,
    isp: IspId,
    days: i64,
    (at, author): (Moment, &str),
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO log_terms (isp_id, at, days, author) VALUES ($1, $2, $3, $4)
         ON CONFLICT (isp_id, at) DO UPDATE SET days = excluded.days, author = excluded.author";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(isp).bind(at).bind(days).bind(author).execute(conn).await.map(|_| ()))
}
