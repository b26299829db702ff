//! SQL of places.

use crate::{
    cases::CaseRef,
    db::{Tx, on_tx},
    time::Moment,
};

/// A word about to be written.
pub(in crate::cases) struct Row<'a> {
    pub(in crate::cases) no: i64,
    pub(in crate::cases) at: Moment,
    pub(in crate::cases) kind: &'a str,
    pub(in crate::cases) value: Option<String>,
    pub(in crate::cases) used: Option<&'a str>,
    pub(in crate::cases) author: &'a str,
    pub(in crate::cases) reason: &'a str,
}

/// Appends a word.
pub(in crate::cases) async fn append(
    tx: &mut Tx,
    case: CaseRef,
    row: &Row<'_>,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO case_places
             (isp_id, case_id, no, at, kind, value, address_use, author, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(case.isp)
        .bind(case.id)
        .bind(row.no)
        .bind(row.at)
        .bind(row.kind)
        .bind(row.value.as_deref())
        .bind(row.used)
        .bind(row.author)
        .bind(row.reason)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// A word as it is stored: when, kind, value, use of addresses, author, reason.
pub(in crate::cases) type Stored = (Moment, String, Option<String>, Option<String>, String, String);

/// Everything that was said of a case, in order.
pub(in crate::cases) async fn of(tx: &mut Tx, case: CaseRef) -> sqlx::Result<Vec<Stored>> {
    const SQL: &str = "SELECT at, kind, value, address_use, author, reason FROM case_places
         WHERE isp_id = $1 AND case_id = $2 ORDER BY no";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(case.isp).bind(case.id).fetch_all(conn).await)
}
