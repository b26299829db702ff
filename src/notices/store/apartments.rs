//! SQL of cases in apartment houses.

use sqlx::FromRow;

use crate::{
    cases::Case,
    db::{Tx, bulk, on_tx},
    ids::{CaseId, IspId},
    time::Moment,
};

/// Keys as statements take them.
fn keys(cases: &[CaseId]) -> Vec<Vec<u8>> {
    cases.iter().map(|case| case.0.as_bytes().to_vec()).collect()
}

/// Cases for which one of these speaks, each with the one that does.
pub(in crate::notices) async fn members(
    tx: &mut Tx,
    isp: IspId,
    speakers: &[CaseId],
) -> sqlx::Result<Vec<(CaseId, CaseId)>> {
    const SQL: &str = "SELECT id, line_of FROM case_rows WHERE isp_id = $1 AND line_of";
    bulk::select_of(tx, SQL, isp.0.as_bytes(), &keys(speakers)).await
}

/// Where these cases were seen.
pub(in crate::notices) async fn spots(
    tx: &mut Tx,
    isp: IspId,
    cases: &[CaseId],
) -> sqlx::Result<Vec<(CaseId, Vec<u8>)>> {
    const SQL: &str = "SELECT id, spot FROM case_rows WHERE isp_id = $1 AND id";
    bulk::select_of(tx, SQL, isp.0.as_bytes(), &keys(cases)).await
}

/// These cases.
pub(in crate::notices) async fn cases(
    tx: &mut Tx,
    isp: IspId,
    cases: &[CaseId],
) -> sqlx::Result<Vec<Case>> {
    const SQL: &str = "SELECT * FROM cases c WHERE c.isp_id = $1 AND c.id";
    bulk::select_of(tx, SQL, isp.0.as_bytes(), &keys(cases)).await
}

/// A report on a case.
#[derive(FromRow)]
pub(in crate::notices) struct OnCase {
    pub(in crate::notices) case_id: CaseId,
    pub(in crate::notices) body: String,
    pub(in crate::notices) reported_at: Moment,
    pub(in crate::notices) received_at: Moment,
    pub(in crate::notices) version: i64,
}

/// The reports on these cases, in no order.
pub(in crate::notices) async fn reports(
    tx: &mut Tx,
    isp: IspId,
    cases: &[CaseId],
) -> sqlx::Result<Vec<OnCase>> {
    const SQL: &str = "SELECT l.case_id, r.body, r.reported_at, r.received_at, r.version
         FROM notice_lines l JOIN line_reports r ON r.isp_id = l.isp_id
              AND r.notice_id = l.notice_id AND r.record_no = l.record_no
              AND r.version = l.said_version
         WHERE l.isp_id = $1 AND l.case_id";
    bulk::select_of(tx, SQL, isp.0.as_bytes(), &keys(cases)).await
}

/// Cases of a provider that are not verified to be fixed and speak for themselves, behind that key,
/// each with where it was seen.
pub(in crate::notices) async fn open(
    tx: &mut Tx,
    isp: IspId,
    after: CaseId,
    limit: i64,
) -> sqlx::Result<Vec<(CaseId, Vec<u8>)>> {
    const SQL: &str = "SELECT id, spot FROM case_rows
         WHERE isp_id = $1 AND id > $2 AND line_of IS NULL
           AND state NOT IN ('verified', 'withdrawn')
         ORDER BY id LIMIT $3";
    on_tx!(tx, conn => sqlx::query_as(SQL)
        .bind(isp).bind(after).bind(limit).fetch_all(conn).await)
}
