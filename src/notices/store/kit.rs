//! SQL of the notice kit: how the lines of a list stand.

use sqlx::FromRow;

use crate::{
    db::{Tx, on_tx},
    ids::CaseId,
    notices::Notice,
};

/// How a line stands.
#[derive(FromRow)]
pub(in crate::notices) struct Standing {
    pub(in crate::notices) record_no: i64,
    pub(in crate::notices) case_id: CaseId,
    /// The state that was reported last.
    pub(in crate::notices) said: Option<String>,
    pub(in crate::notices) reason_code: Option<String>,
    /// Whether the notice arrived, as it was reported last.
    pub(in crate::notices) delivery: Option<String>,
    /// How its case stands, or the one that speaks for its line.
    pub(in crate::notices) case_state: Option<String>,
}

/// How the lines of a list stand, by what was reported last.
pub(in crate::notices) async fn standings(
    tx: &mut Tx,
    notice: &Notice,
) -> sqlx::Result<Vec<Standing>> {
    const SQL: &str = "SELECT l.record_no, l.case_id, l.said, r.reason_code, r.delivery,
               COALESCE(s.state, c.state) AS case_state
          FROM notice_lines l
          LEFT JOIN case_rows c ON c.isp_id = l.isp_id AND c.id = l.case_id
          LEFT JOIN case_rows s ON s.isp_id = c.isp_id AND s.id = c.line_of
          LEFT JOIN line_reports r ON r.isp_id = l.isp_id AND r.notice_id = l.notice_id
               AND r.record_no = l.record_no AND r.version = l.said_version
         WHERE l.isp_id = $1 AND l.notice_id = $2";
    on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(notice.isp_id).bind(notice.id).fetch_all(conn).await
    })
}
