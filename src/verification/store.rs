//! SQL of verification.

use std::collections::BTreeSet;

use super::{
    evidence::CleanScan,
    same_device::{Link, SameDevice},
};
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

/// As what the devices of a provider's cases were seen again.
pub(super) async fn links_of_isp(db: &Db, isp: IspId) -> sqlx::Result<Vec<Link>> {
    const SQL: &str = "SELECT case_id, later_id, kind, since FROM same_devices WHERE isp_id = $1";
    on!(db, pool => sqlx::query_as(SQL).bind(isp).fetch_all(pool).await)
}

/// The links of a case to later and to earlier ones, in order of time.
pub(super) async fn links_of_case(db: &Db, case: CaseRef) -> sqlx::Result<Vec<Link>> {
    const SQL: &str = "SELECT case_id, later_id, kind, since FROM same_devices
         WHERE isp_id = $1 AND (case_id = $2 OR later_id = $2) ORDER BY since, case_id, later_id";
    on!(db, pool => sqlx::query_as(SQL).bind(case.isp).bind(case.id).fetch_all(pool).await)
}

/// Says as what the device of a case was seen again, and as nothing else.
pub(super) async fn set_links(
    tx: &mut Tx,
    case: CaseRef,
    links: &BTreeSet<SameDevice>,
) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM same_devices WHERE isp_id = $1 AND case_id = $2";
    on_tx!(&mut *tx, conn => {
        sqlx::query(SQL).bind(case.isp).bind(case.id).execute(conn).await.map(|_| ())
    })?;
    let target = Target {
        table: "same_devices",
        columns: "isp_id, case_id, later_id, kind, since",
        conflict: "",
    };
    let columns = [
        Column::Bytes(vec![case.isp.0.as_bytes().to_vec(); links.len()]),
        Column::Bytes(vec![case.id.0.as_bytes().to_vec(); links.len()]),
        Column::Bytes(links.iter().map(|link| link.later.0.as_bytes().to_vec()).collect()),
        Column::Text(links.iter().map(|link| link.kind.word().to_owned()).collect()),
        Column::Int(links.iter().map(|link| link.since.0).collect()),
    ];
    bulk::insert(tx, target, columns).await.map(|_| ())
}

/// Drops all links to and from these cases.
pub(super) async fn forget_links(tx: &mut Tx, isp: IspId, cases: &[CaseId]) -> sqlx::Result<()> {
    let keys: Vec<Vec<u8>> = cases.iter().map(|case| case.0.as_bytes().to_vec()).collect();
    for sql in [
        "DELETE FROM same_devices WHERE isp_id = $1 AND case_id",
        "DELETE FROM same_devices WHERE isp_id = $1 AND later_id",
    ] {
        bulk::delete_of(tx, sql, isp.0.as_bytes(), &keys).await?;
    }
    Ok(())
}
