//! SQL of verification.

use super::evidence::CleanScan;
use crate::{
    cases::{Case, CaseRef},
    db::{
        Db, Tx,
        bulk::{self, Column, Target},
        on, on_tx,
    },
    ids::{CaseId, IspId},
    time::Moment,
};

/// All cases of a provider.
pub(super) async fn cases_of(db: &Db, isp: IspId) -> sqlx::Result<Vec<Case>> {
    const SQL: &str = "SELECT * FROM cases WHERE isp_id = $1";
    on!(db, pool => sqlx::query_as(SQL).bind(isp).fetch_all(pool).await)
}

/// Cases with a line token, and the epoch of each.
pub(super) async fn tokens(db: &Db, isp: IspId) -> sqlx::Result<Vec<(CaseId, String)>> {
    const SQL: &str = "SELECT case_id, epoch FROM line_tokens
         WHERE isp_id = $1 AND ended_at IS NULL";
    on!(db, pool => sqlx::query_as(SQL).bind(isp).fetch_all(pool).await)
}

/// Which cases still wait for the ISP's word, since `since`: first and latest sighting, and where.
pub(super) async fn unsettled(
    db: &Db,
    isp: IspId,
    since: Moment,
) -> sqlx::Result<Vec<(Moment, Moment, Vec<u8>)>> {
    const SQL: &str = "SELECT c.first_seen, c.last_seen, c.spot FROM cases c
         LEFT JOIN (SELECT DISTINCT l.case_id FROM line_reports r JOIN notice_lines l
                      ON l.isp_id = r.isp_id AND l.notice_id = r.notice_id
                     AND l.record_no = r.record_no
                    WHERE r.isp_id = $1 AND r.state <> 'pending') said
           ON said.case_id = c.id
         WHERE c.isp_id = $1 AND c.first_seen >= $2 AND c.line_of IS NULL
           AND said.case_id IS NULL";
    on!(db, pool => sqlx::query_as(SQL).bind(isp).bind(since).fetch_all(pool).await)
}

/// The clean scans kept for a provider's cases.
pub(super) async fn clean_of_isp(db: &Db, isp: IspId) -> sqlx::Result<Vec<CleanScan>> {
    const SQL: &str = "SELECT case_id, ended_at, feed_id, scan_run FROM clean_scans
         WHERE isp_id = $1";
    on!(db, pool => sqlx::query_as(SQL).bind(isp).fetch_all(pool).await)
}

/// The clean scans kept for a case, in order of time.
pub(super) async fn clean_of_case(db: &Db, case: CaseRef) -> sqlx::Result<Vec<CleanScan>> {
    const SQL: &str = "SELECT case_id, ended_at, feed_id, scan_run FROM clean_scans
         WHERE isp_id = $1 AND case_id = $2 ORDER BY ended_at, scan_run";
    on!(db, pool => sqlx::query_as(SQL).bind(case.isp).bind(case.id).fetch_all(pool).await)
}

/// Keeps clean scans; one that stands is left as it is.
pub(super) async fn insert_clean(
    tx: &mut Tx,
    isp: IspId,
    scans: &[&CleanScan],
) -> sqlx::Result<()> {
    let target = Target {
        table: "clean_scans",
        columns: "isp_id, case_id, ended_at, feed_id, scan_run",
        conflict: "ON CONFLICT DO NOTHING",
    };
    let columns = [
        Column::Bytes(vec![isp.0.as_bytes().to_vec(); scans.len()]),
        Column::Bytes(scans.iter().map(|scan| scan.case_id.0.as_bytes().to_vec()).collect()),
        Column::Int(scans.iter().map(|scan| scan.ended_at.0).collect()),
        Column::Bytes(scans.iter().map(|scan| scan.feed_id.0.as_bytes().to_vec()).collect()),
        Column::Text(scans.iter().map(|scan| scan.scan_run.clone()).collect()),
    ];
    bulk::insert(tx, target, columns).await?;
    Ok(())
}

/// Lets a clean scan go that counts no more.
pub(super) async fn delete_clean(tx: &mut Tx, isp: IspId, scan: &CleanScan) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM clean_scans WHERE isp_id = $1 AND case_id = $2
         AND ended_at = $3 AND feed_id = $4 AND scan_run = $5";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(isp)
        .bind(scan.case_id)
        .bind(scan.ended_at)
        .bind(scan.feed_id)
        .bind(&scan.scan_run)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Drops all clean scans of these cases.
pub(super) async fn forget_clean(tx: &mut Tx, isp: IspId, cases: &[CaseId]) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM clean_scans WHERE isp_id = $1 AND case_id";
    let keys: Vec<Vec<u8>> = cases.iter().map(|case| case.0.as_bytes().to_vec()).collect();
    bulk::delete_of(tx, SQL, isp.0.as_bytes(), &keys).await.map(|_| ())
}
