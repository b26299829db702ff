//! SQL of what machines of providers ask for.

use sqlx::FromRow;
use uuid::Uuid;

use super::STANDINGS;
use crate::{
    db::{Tx, on_tx},
    ids::{CaseId, IspId, NoticeId},
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
    pub(in crate::notices) seen_at: Moment,
    pub(in crate::notices) case_id: CaseId,
    pub(in crate::notices) body: String,
    pub(in crate::notices) sealed: Option<Vec<u8>>,
    pub(in crate::notices) asn: Option<i64>,
    pub(in crate::notices) recalled_at: Option<Moment>,
    /// Whether the provider has the line already.
    pub(in crate::notices) is_given: bool,
}

/// Where a question goes on: behind that line, with those that were seen before it.
pub(in crate::notices) type Behind = (Moment, NoticeId, i64);

/// Between which moments, both within.
pub(in crate::notices) type Within = (Moment, Moment);

/// Lines of a provider's lists that were seen, and listed or taken back, within these times; the
/// latest seen first, at most `most`.
pub(in crate::notices) async fn told(
    tx: &mut Tx,
    isp: IspId,
    (seen, changed): (Within, Within),
    (behind, most): (Option<Behind>, i64),
) -> sqlx::Result<Vec<Told>> {
    const LAST: Behind = (Moment(i64::MAX), NoticeId(Uuid::max()), i64::MAX);
    const SQL: &str = concat!(
        "SELECT n.isp_id, n.id, n.list_id, n.prepared_at, n.report_by, n.lines,
             n.withdrawn_at, l.record_no, l.seen_at, l.case_id, l.body, q.sealed, c.asn,
             b.at AS recalled_at, ",
        is_given!("l.isp_id", "l.notice_id", "l.record_no"),
        " AS is_given
         FROM notices n JOIN notice_lines l ON l.isp_id = n.isp_id AND l.notice_id = n.id
         LEFT JOIN inquiry_ids q ON q.isp_id = l.isp_id AND q.case_id = l.case_id
         LEFT JOIN case_rows c ON c.isp_id = l.isp_id AND c.id = l.case_id
         LEFT JOIN line_recalls b ON b.isp_id = l.isp_id AND b.notice_id = l.notice_id
          AND b.record_no = l.record_no
         WHERE l.isp_id = $1 AND n.withdrawn_at IS NULL
           AND l.seen_at >= $2 AND l.seen_at <= $3
           AND (l.seen_at, l.notice_id, l.record_no) < ($4, $5, $6)
           AND COALESCE(b.at, n.prepared_at) >= $7 AND COALESCE(b.at, n.prepared_at) <= $8
         ORDER BY l.seen_at DESC, l.notice_id DESC, l.record_no DESC LIMIT $9"
    );
    let behind = behind.unwrap_or(LAST);
    on_tx!(tx, conn => sqlx::query_as(SQL)
        .bind(isp)
        .bind(seen.0)
        .bind(seen.1)
        .bind(behind.0)
        .bind(behind.1)
        .bind(behind.2)
        .bind(changed.0)
        .bind(changed.1)
        .bind(most)
        .fetch_all(conn)
        .await)
}
