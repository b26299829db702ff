//! SQL of cases in apartment houses.

use ipnet::IpNet;

use crate::{
    cases::{Case, CaseRef},
    db::{Tx, on_tx},
    ids::IspId,
    sightings::mapped,
    time::Moment,
};

/// The reports on a case or one of its line, the last one first: what they say, and when.
pub(in crate::notices) async fn reports(
    tx: &mut Tx,
    case: CaseRef,
) -> sqlx::Result<Vec<(String, Moment)>> {
    const SQL: &str = "SELECT r.body, r.reported_at FROM line_reports r
         JOIN notice_lines l ON l.isp_id = r.isp_id AND l.notice_id = r.notice_id
              AND l.record_no = r.record_no
         WHERE l.isp_id = $1 AND l.case_id IN (SELECT id FROM case_rows
                 WHERE isp_id = $1 AND (id = $2 OR line_of = $2))
         ORDER BY r.reported_at DESC, r.received_at DESC, r.version DESC";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(case.isp).bind(case.id).fetch_all(conn).await)
}

/// Cases of a provider in a network that are not verified to be fixed, oldest first.
pub(in crate::notices) async fn open_in(
    tx: &mut Tx,
    isp: IspId,
    prefix: IpNet,
    limit: i64,
) -> sqlx::Result<Vec<Case>> {
    const SQL: &str = "SELECT * FROM cases c
         WHERE c.isp_id = $1 AND c.line_of IS NULL AND c.state <> 'verified'
           AND c.spot >= $2 AND c.spot < $3
         ORDER BY c.first_seen, c.spot LIMIT $4";
    let first = mapped(prefix.network()).octets().to_vec();
    // A spot goes on behind its address: all that begin with the last one lie below this.
    let mut beyond = mapped(prefix.broadcast()).octets().to_vec();
    beyond.extend([0xff; 64]);
    on_tx!(tx, conn => sqlx::query_as(SQL)
        .bind(isp).bind(first).bind(beyond).bind(limit).fetch_all(conn).await)
}
