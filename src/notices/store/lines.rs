//! SQL of pages of lines.

use sqlx::{AssertSqlSafe, FromRow};

use crate::{
    db::{Tx, on_tx},
    ids::{CaseId, IspId, NoticeId},
    notices::{
        clock::Bounds,
        lines::{After, Filter, LineState, SaidBefore, Waits},
    },
    time::Moment,
};

/// A line as a page shows it.
#[derive(FromRow)]
pub(in crate::notices) struct StoredRow {
    pub(in crate::notices) notice_id: NoticeId,
    pub(in crate::notices) list_id: String,
    pub(in crate::notices) record_no: i64,
    pub(in crate::notices) case_id: CaseId,
    pub(in crate::notices) seen_at: Moment,
    pub(in crate::notices) body: String,
    pub(in crate::notices) said: Option<String>,
    pub(in crate::notices) report_by: Moment,
    pub(in crate::notices) reported_at: Option<Moment>,
    pub(in crate::notices) reason_code: Option<String>,
    pub(in crate::notices) is_withdrawn: bool,
    /// Whether anything of its list was handed out, or reported on.
    pub(in crate::notices) is_begun: bool,
    /// Whether the line itself left the centre.
    pub(in crate::notices) is_handed_out: bool,
    /// The AS number of its case.
    pub(in crate::notices) asn: Option<i64>,
}

/// Whether anything of the list was handed out, or reported on.
const BEGUN: &str = is_begun!("n.isp_id", "n.id");

/// No report says how it ended; one may say that the provider is at it.
const OPEN: &str = "AND (l.said IS NULL OR l.said = 'pending')";

/// Whether the line was handed out.
const HANDED_OUT: &str = is_handed_out!("l.isp_id", "l.notice_id", "l.record_no");

/// Whether a line was taken back, tells that another one was, or is somebody else's by now.
const WITHDRAWN: &str = "(EXISTS (SELECT 1 FROM line_recalls b WHERE b.isp_id = l.isp_id
           AND b.notice_id = l.notice_id AND b.record_no = l.record_no)
       OR EXISTS (SELECT 1 FROM lines_of_others o WHERE o.isp_id = l.isp_id
           AND o.notice_id = l.notice_id AND o.record_no = l.record_no)
       OR l.case_id IN (SELECT w.case_id FROM line_recalls w WHERE w.isp_id = $1
           AND w.told_on = l.notice_id AND w.told_as = 'withdrawn'))";

/// What a page shows of a line; ends before its conditions.
fn rows() -> String {
    format!(
        "SELECT l.notice_id, n.list_id, l.record_no, l.case_id, l.seen_at, l.body, l.said,
             COALESCE(l.report_by, n.report_by) AS report_by, r.reported_at, r.reason_code,
             {WITHDRAWN} AS is_withdrawn,
             {BEGUN} AS is_begun, {HANDED_OUT} AS is_handed_out, c.asn
        FROM notice_lines l
        JOIN notices n ON n.isp_id = l.isp_id AND n.id = l.notice_id
        LEFT JOIN case_rows c ON c.isp_id = l.isp_id AND c.id = l.case_id
        LEFT JOIN line_reports r ON r.isp_id = l.isp_id AND r.notice_id = l.notice_id
             AND r.record_no = l.record_no AND r.version = l.said_version
       WHERE l.isp_id = $1"
    )
}

/// Whether the provider has a list of which there may be lines that nobody outside has seen.
pub(in crate::notices) async fn has_untold(tx: &mut Tx, isp: IspId) -> sqlx::Result<bool> {
    const SQL: &str = concat!(
        "SELECT 1 FROM notices n WHERE n.isp_id = $1 AND n.withdrawn_at IS NULL AND NOT ",
        is_out!("n.isp_id", "n.id"),
        " LIMIT 1"
    );
    let found: Option<(i32,)> = on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(isp).fetch_optional(conn).await
    })?;
    Ok(found.is_some())
}

/// Between which sightings the lines lie that pass the filter, and what was said of them.
fn seen_and_said(filter: &Filter, bounds: &Bounds) -> (Moment, Moment, String) {
    let since = filter.since.unwrap_or(Moment(i64::MIN));
    let (mut from, mut to) = (since, Moment(i64::MAX));
    let mut said = match filter.state {
        None | Some(LineState::Withdrawn) => "",
        Some(LineState::NoReport) => {
            from = from.max(bounds.expired_before);
            "AND l.said IS NULL"
        }
        Some(LineState::Pending) => {
            from = from.max(bounds.expired_before);
            "AND l.said = 'pending'"
        }
        Some(LineState::LogExpired) => {
            to = to.min(bounds.expired_before);
            OPEN
        }
        Some(LineState::Notified) => "AND l.said = 'notified'",
        Some(LineState::NotNotified) => "AND l.said = 'not_notified'",
        Some(LineState::Forwarded) => "AND l.said = 'forwarded'",
    };
    if filter.is_urgent {
        from = from.max(bounds.expired_before);
        to = to.min(bounds.urgent_before);
        if filter.state.is_none() {
            said = OPEN;
        }
    }
    if filter.waits == Some(Waits::Open) {
        from = from.max(bounds.expired_before);
    }
    let waits = if filter.waits.is_some() { OPEN } else { "" };
    (from, to, format!("{said} {waits}"))
}

/// Lines that pass the filter, behind `after`, at most `limit`.
pub(in crate::notices) async fn page(
    tx: &mut Tx,
    isp: IspId,
    (filter, bounds, now): (&Filter, &Bounds, Moment),
    (after, limit): (Option<After>, i64),
) -> sqlx::Result<Vec<StoredRow>> {
    let (from, to, said) = seen_and_said(filter, bounds);
    let (by_from, by_to) =
        filter.waits.map_or((Moment(i64::MIN), Moment(i64::MAX)), |waits| waits.dates(now));
    let not = if filter.state == Some(LineState::Withdrawn) { "" } else { "NOT" };
    // A page begins behind a line, so that the index is entered there and not at its beginning.
    let behind = match after {
        Some(_) => "AND (l.seen_at, l.notice_id, l.record_no) > ($6, $7, $8)",
        None => {
            "AND CAST($6 AS BIGINT) IS NULL AND CAST($7 AS BYTEA) IS NULL
                 AND CAST($8 AS BIGINT) IS NULL"
        }
    };
    let list = match filter.list_id {
        Some(_) => "AND n.list_id = $4",
        None => "AND CAST($4 AS TEXT) IS NULL",
    };
    let model = match filter.model {
        Some(_) => "AND l.model = $5",
        None => "AND CAST($5 AS TEXT) IS NULL",
    };
    let sql = format!(
        "{} AND l.seen_at >= $2 AND l.seen_at < $3 {said} {list} {model} {behind}
            AND COALESCE(l.report_by, n.report_by) >= $10
            AND COALESCE(l.report_by, n.report_by) < $11
            AND {not} {WITHDRAWN}
          ORDER BY l.seen_at, l.notice_id, l.record_no LIMIT $9",
        rows()
    );
    on_tx!(tx, conn => sqlx::query_as(AssertSqlSafe(sql))
        .bind(isp)
        .bind(from)
        .bind(to)
        .bind(filter.list_id.as_deref())
        .bind(filter.model.as_deref())
        .bind(after.map(|after| after.seen_at))
        .bind(after.map(|after| after.notice))
        .bind(after.map(|after| after.record_no))
        .bind(limit)
        .bind(by_from)
        .bind(by_to)
        .fetch_all(conn)
        .await)
}

/// That line.
pub(in crate::notices) async fn one(
    tx: &mut Tx,
    isp: IspId,
    list_id: &str,
    record_no: i64,
) -> sqlx::Result<Option<StoredRow>> {
    let sql = format!("{} AND n.list_id = $2 AND l.record_no = $3", rows());
    on_tx!(tx, conn => sqlx::query_as(AssertSqlSafe(sql))
        .bind(isp).bind(list_id).bind(record_no).fetch_optional(conn).await)
}

/// What was reported on a line, the latest first.
pub(in crate::notices) async fn reports(
    tx: &mut Tx,
    isp: IspId,
    list: NoticeId,
    record_no: i64,
) -> sqlx::Result<Vec<SaidBefore>> {
    const SQL: &str = "SELECT version, reported_at, received_at, state, identified, reason_code,
             channel, notice_at, delivery, corrects, body FROM line_reports
         WHERE isp_id = $1 AND notice_id = $2 AND record_no = $3
         ORDER BY reported_at DESC, version DESC";
    on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(isp).bind(list).bind(record_no).fetch_all(conn).await
    })
}

/// Where a case stands, by the date of the list.
pub(in crate::notices) async fn listings(
    tx: &mut Tx,
    isp: IspId,
    case: CaseId,
) -> sqlx::Result<Vec<(String, i64)>> {
    const SQL: &str = "SELECT n.list_id, l.record_no FROM notice_lines l
          JOIN notices n ON n.isp_id = l.isp_id AND n.id = l.notice_id
         WHERE l.isp_id = $1 AND l.case_id = $2 ORDER BY n.prepared_at, l.record_no";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(isp).bind(case).fetch_all(conn).await)
}
