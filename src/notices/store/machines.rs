//! SQL of what machines of providers ask for.

use sqlx::FromRow;

use super::STANDINGS;
use crate::{
    db::{Tx, on_tx},
    ids::{CaseId, IspId},
    notices::{Notice, Standing},
    time::Moment,
};

/// Lists of a provider that stand, oldest first, after the one prepared then of that name.
pub(in crate::notices) async fn lists(
    tx: &mut Tx,
    isp: IspId,
    after: Option<(Moment, String)>,
    limit: i64,
) -> sqlx::Result<Vec<Standing>> {
    let sql = format!(
        "{STANDINGS} WHERE n.isp_id = $1 AND n.withdrawn_at IS NULL
             AND (n.prepared_at > $2 OR (n.prepared_at = $2 AND n.list_id > $3))
         ORDER BY n.prepared_at, n.list_id LIMIT $4"
    );
    let (since, name) = after.unwrap_or((Moment(-1), String::new()));
    on_tx!(tx, conn => sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(isp).bind(since).bind(name).bind(limit).fetch_all(conn).await)
}

/// A line with its list, its case's AS number and inquiry ID, and when it was taken back.
#[derive(FromRow)]
pub(in crate::notices) struct Told {
    #[sqlx(flatten)]
    pub(in crate::notices) notice: Notice,
    pub(in crate::notices) record_no: i64,
    pub(in crate::notices) case_id: CaseId,
    pub(in crate::notices) body: String,
    pub(in crate::notices) sealed: Option<Vec<u8>>,
    pub(in crate::notices) asn: Option<i64>,
    pub(in crate::notices) recalled_at: Option<Moment>,
}

/// Lines of the lists that a provider got since then; one more than `most` where there are more.
pub(in crate::notices) async fn told(
    tx: &mut Tx,
    isp: IspId,
    since: i64,
    most: i64,
) -> sqlx::Result<Vec<Told>> {
    const SQL: &str = "SELECT n.isp_id, n.id, n.list_id, n.prepared_at, n.report_by, n.lines,
             n.withdrawn_at, l.record_no, l.case_id, l.body, q.sealed, c.asn, b.at AS recalled_at
         FROM notices n JOIN notice_lines l ON l.isp_id = n.isp_id AND l.notice_id = n.id
         LEFT JOIN inquiry_ids q ON q.isp_id = l.isp_id AND q.case_id = l.case_id
         LEFT JOIN case_rows c ON c.isp_id = l.isp_id AND c.id = l.case_id
         LEFT JOIN line_recalls b ON b.isp_id = l.isp_id AND b.notice_id = l.notice_id
          AND b.record_no = l.record_no
         WHERE n.isp_id = $1 AND n.prepared_at >= $2 AND n.withdrawn_at IS NULL
         ORDER BY n.prepared_at DESC, n.id, l.record_no LIMIT $3";
    on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(isp).bind(since).bind(most + 1).fetch_all(conn).await
    })
}
