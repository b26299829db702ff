//! SQL of how long providers keep their logs.

use crate::{
    db::{Tx, on_tx},
    ids::IspId,
    isps::log_terms::Term,
};

/// The provider's latest word, if it gave one.
pub(in crate::isps) async fn in_force(tx: &mut Tx, isp: IspId) -> sqlx::Result<Option<Term>> {
    const SQL: &str = "SELECT days, at, author, reason FROM log_terms
         WHERE isp_id = $1 ORDER BY at DESC LIMIT 1";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(isp).fetch_optional(conn).await)
}

/// Appends a word; one of that moment that somebody else gave counts as a clash.
pub(in crate::isps) async fn insert(tx: &mut Tx, isp: IspId, term: &Term) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO log_terms (isp_id, at, days, author, reason)
         VALUES ($1, $2, $3, $4, $5)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(isp)
        .bind(term.at)
        .bind(term.days)
        .bind(&term.author)
        .bind(&term.reason)
        .execute(conn)
        .await
        .map(|_| ()))
}
