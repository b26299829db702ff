//! SQL of notices, their lines, exports and reports.

pub(super) mod apartments;
pub(super) mod campaign;
pub(super) mod collection;
pub(super) mod machines;
pub(super) mod dispatch;
pub(super) mod recall;
pub(super) mod wordings;

use std::collections::HashMap;

use sqlx::FromRow;

use super::{Notice, Standing};
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

#[derive(FromRow)]
struct Waiting {
    #[sqlx(flatten)]
    case: Case,
    listings: i64,
}

/// Cases of provider `$1` that wait for a list, but for what holds them back.
const WAITS: &str = "FROM cases c
         WHERE c.isp_id = $1 AND c.line_of IS NULL
           AND ((c.state = 'open' AND NOT EXISTS (SELECT 1 FROM notice_lines l
                    WHERE l.isp_id = c.isp_id AND l.case_id = c.id))
             OR (c.state = 'recurred' AND NOT EXISTS (SELECT 1 FROM notice_lines l
                    JOIN notices n ON n.isp_id = l.isp_id AND n.id = l.notice_id
                    WHERE l.isp_id = c.isp_id AND l.case_id IN
                         (SELECT c.id UNION ALL SELECT m.id FROM case_rows m
                           WHERE m.isp_id = c.isp_id AND m.line_of = c.id)
                      AND n.prepared_at >= c.state_since)))";

/// The file that opened the case is not in to its end, or waits for approval.
const FILE_WAITS: &str = "c.feed_file_id IN (SELECT f.id FROM feed_files f
                    LEFT JOIN file_gates g ON g.feed_file_id = f.id
                   WHERE f.completed_at IS NULL
                      OR (g.feed_file_id IS NOT NULL AND g.approved_at IS NULL))";

/// A one-off list opened the case, and no open campaign names it in which the provider takes part.
const NOT_JOINED: &str = "c.stream = 'campaign' AND NOT EXISTS (SELECT 1 FROM campaign_cases e
                    JOIN campaign_standings s
                      ON s.isp_id = e.isp_id AND s.campaign_id = e.campaign_id
                    JOIN open_campaigns o ON o.id = e.campaign_id
                   WHERE e.isp_id = c.isp_id AND e.case_id = c.id AND s.kind = 'joined')";

const LISTINGS: &str = "(SELECT COUNT(*) FROM notice_lines l
                 WHERE l.isp_id = c.isp_id AND l.case_id = c.id) AS listings";

/// Cases that wait for a list, oldest first, with how often each was listed.
pub(super) async fn waiting(tx: &mut Tx, isp: IspId, limit: i64) -> sqlx::Result<Vec<(Case, i64)>> {
    let sql = format!(
        "SELECT c.*, {LISTINGS} {WAITS} AND NOT ({FILE_WAITS}) AND NOT ({NOT_JOINED})
          ORDER BY c.first_seen, c.spot LIMIT $2"
    );
    rows(tx, sql, isp, limit).await
}

/// Cases that only a campaign holds back and that were seen more than once, oldest first.
pub(super) async fn held_and_seen_again(
    tx: &mut Tx,
    isp: IspId,
    limit: i64,
) -> sqlx::Result<Vec<(Case, i64)>> {
    let sql = format!(
        "SELECT c.*, {LISTINGS} {WAITS} AND NOT ({FILE_WAITS}) AND ({NOT_JOINED})
            AND EXISTS (SELECT 1 FROM case_times t WHERE t.no = c.no)
          ORDER BY c.first_seen, c.spot LIMIT $2"
    );
    rows(tx, sql, isp, limit).await
}

async fn rows(tx: &mut Tx, sql: String, isp: IspId, limit: i64) -> sqlx::Result<Vec<(Case, i64)>> {
    let rows: Vec<Waiting> = on_tx!(tx, conn => {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        rows.bind(isp).bind(limit).fetch_all(conn).await
    })?;
    Ok(rows.into_iter().map(|row| (row.case, row.listings)).collect())
}

/// How many cases would wait for a list if their file, or a campaign in which the provider takes no
/// part, did not hold them back: those of files, and those of campaigns alone.
pub(super) async fn held(tx: &mut Tx, isp: IspId) -> sqlx::Result<(i64, i64)> {
    let sql = format!(
        "SELECT COUNT(CASE WHEN {FILE_WAITS} THEN 1 END),
                COUNT(CASE WHEN NOT ({FILE_WAITS}) AND {NOT_JOINED} THEN 1 END) {WAITS}"
    );
    on_tx!(tx, conn => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(isp).fetch_one(conn).await
    })
}

/// The case of a line that was seen last, given the case that speaks for it.
pub(super) async fn latest_of_line(tx: &mut Tx, speaker: CaseRef) -> sqlx::Result<Case> {
    const SQL: &str = "SELECT * FROM cases WHERE isp_id = $1 AND id IN
             (SELECT id FROM case_rows WHERE isp_id = $1 AND id = $2
              UNION ALL SELECT id FROM case_rows WHERE isp_id = $1 AND line_of = $2)
         ORDER BY last_seen DESC, spot LIMIT 1";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(speaker.isp).bind(speaker.id).fetch_one(conn).await)
}

/// How many lists the ISP has had.
pub(super) async fn count(tx: &mut Tx, isp: IspId) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM notices WHERE isp_id = $1";
    on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(isp).fetch_one(conn).await)
}

/// Writes a list.
pub(super) async fn insert(tx: &mut Tx, notice: &Notice) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO notices (isp_id, id, list_id, prepared_at, report_by, lines)
         VALUES ($1, $2, $3, $4, $5, $6)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(notice.isp_id)
        .bind(notice.id)
        .bind(&notice.list_id)
        .bind(notice.prepared_at)
        .bind(notice.report_by)
        .bind(notice.lines)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Writes the lines of a list, numbered from 1.
pub(super) async fn insert_lines(
    tx: &mut Tx,
    notice: &Notice,
    lines: &[(CaseId, String)],
) -> sqlx::Result<()> {
    let target = Target {
        table: "notice_lines",
        columns: "isp_id, notice_id, record_no, case_id, body",
        conflict: "",
    };
    let columns = [
        Column::Bytes(vec![notice.isp_id.0.as_bytes().to_vec(); lines.len()]),
        Column::Bytes(vec![notice.id.0.as_bytes().to_vec(); lines.len()]),
        Column::Int((1..).take(lines.len()).collect()),
        Column::Bytes(lines.iter().map(|(case, _)| case.0.as_bytes().to_vec()).collect()),
        Column::Text(lines.iter().map(|(_, body)| body.clone()).collect()),
    ];
    bulk::insert(tx, target, columns).await?;
    Ok(())
}

/// A line as it is stored.
#[derive(FromRow)]
pub(super) struct StoredLine {
    pub(super) record_no: i64,
    pub(super) case_id: CaseId,
    pub(super) body: String,
    /// The inquiry ID of the case, sealed.
    pub(super) sealed: Option<Vec<u8>>,
}

/// The lines of a list in order.
pub(super) async fn lines(tx: &mut Tx, notice: &Notice) -> sqlx::Result<Vec<StoredLine>> {
    lines_between(tx, notice, (1, i64::MAX)).await
}

/// The lines of a list from one record to another, in order.
pub(super) async fn lines_between(
    tx: &mut Tx,
    notice: &Notice,
    (from, to): (i64, i64),
) -> sqlx::Result<Vec<StoredLine>> {
    const SQL: &str = "SELECT l.record_no, l.case_id, l.body, q.sealed FROM notice_lines l
         LEFT JOIN inquiry_ids q ON q.isp_id = l.isp_id AND q.case_id = l.case_id
         WHERE l.isp_id = $1 AND l.notice_id = $2 AND l.record_no BETWEEN $3 AND $4
         ORDER BY l.record_no";
    on_tx!(tx, conn => sqlx::query_as(SQL)
        .bind(notice.isp_id).bind(notice.id).bind(from).bind(to).fetch_all(conn).await)
}

/// Under which AS the cases of a list were seen first, where the table knew.
pub(super) async fn asns(tx: &mut Tx, notice: &Notice) -> sqlx::Result<HashMap<CaseId, i64>> {
    const SQL: &str = "SELECT c.id, c.asn FROM case_rows c
         JOIN notice_lines l ON l.isp_id = c.isp_id AND l.case_id = c.id
         WHERE l.isp_id = $1 AND l.notice_id = $2 AND c.asn IS NOT NULL";
    let rows: Vec<(CaseId, i64)> = on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(notice.isp_id).bind(notice.id).fetch_all(conn).await
    })?;
    Ok(rows.into_iter().collect())
}

/// Records that a list was handed out.
pub(super) async fn insert_export(
    tx: &mut Tx,
    notice: &Notice,
    format: &str,
    at: Moment,
    sha256: &str,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO notice_exports (isp_id, notice_id, format, at, sha256)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(notice.isp_id)
        .bind(notice.id)
        .bind(format)
        .bind(at)
        .bind(sha256)
        .execute(conn)
        .await
        .map(|_| ()))
}

pub(super) const NOTICE: &str =
    "SELECT isp_id, id, list_id, prepared_at, report_by, lines, withdrawn_at FROM notices";

/// The list of that name.
pub(super) async fn find(db: &Db, list_id: &str) -> sqlx::Result<Option<Notice>> {
    let sql = format!("{NOTICE} WHERE list_id = $1");
    on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(list_id).fetch_optional(pool).await
    })
}

/// The list of that name, if it is this ISP's.
pub(super) async fn find_in(
    tx: &mut Tx,
    isp: IspId,
    list_id: &str,
) -> sqlx::Result<Option<Notice>> {
    let sql = format!("{NOTICE} WHERE isp_id = $1 AND list_id = $2");
    on_tx!(tx, conn => sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(isp).bind(list_id).fetch_optional(conn).await)
}

/// The case on a line.
pub(super) async fn case_of(
    tx: &mut Tx,
    notice: &Notice,
    record_no: i64,
) -> sqlx::Result<Option<CaseId>> {
    const SQL: &str = "SELECT case_id FROM notice_lines
         WHERE isp_id = $1 AND notice_id = $2 AND record_no = $3";
    on_tx!(tx, conn => sqlx::query_scalar(SQL)
        .bind(notice.isp_id).bind(notice.id).bind(record_no).fetch_optional(conn).await)
}

/// How many reports on a line there are, and whether one of them says exactly `body`.
pub(super) async fn reports_so_far(
    tx: &mut Tx,
    notice: &Notice,
    record_no: i64,
    body: &str,
) -> sqlx::Result<(i64, bool)> {
    const SQL: &str = "SELECT COUNT(*), COUNT(CASE WHEN body = $4 THEN 1 END) FROM line_reports
         WHERE isp_id = $1 AND notice_id = $2 AND record_no = $3";
    let (all, alike): (i64, i64) = on_tx!(tx, conn => sqlx::query_as(SQL)
        .bind(notice.isp_id).bind(notice.id).bind(record_no).bind(body).fetch_one(conn).await)?;
    Ok((all, alike > 0))
}

/// A report about to be written.
pub(super) struct StoredReport<'a> {
    pub(super) record_no: i64,
    pub(super) version: i64,
    pub(super) reported_at: Moment,
    pub(super) received_at: Moment,
    pub(super) state: &'a str,
    pub(super) identified: Option<&'a str>,
    pub(super) reason_code: Option<&'a str>,
    pub(super) channel: Option<&'a str>,
    pub(super) notice_at: Option<Moment>,
    pub(super) delivery: Option<&'a str>,
    pub(super) arm: Option<&'a str>,
    pub(super) body: &'a str,
}

/// Appends a report; earlier ones stay.
pub(super) async fn insert_report(
    tx: &mut Tx,
    notice: &Notice,
    report: &StoredReport<'_>,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO line_reports (isp_id, notice_id, record_no, version,
             reported_at, received_at, state, identified, reason_code, channel, notice_at,
             delivery, arm, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(notice.isp_id)
        .bind(notice.id)
        .bind(report.record_no)
        .bind(report.version)
        .bind(report.reported_at)
        .bind(report.received_at)
        .bind(report.state)
        .bind(report.identified)
        .bind(report.reason_code)
        .bind(report.channel)
        .bind(report.notice_at)
        .bind(report.delivery)
        .bind(report.arm)
        .bind(report.body)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Lists with what came back for them.
pub(super) const STANDINGS: &str =
    "SELECT n.list_id, i.code AS isp, n.prepared_at, n.report_by, n.lines,
             (SELECT COUNT(DISTINCT r.record_no) FROM line_reports r
               WHERE r.isp_id = n.isp_id AND r.notice_id = n.id) AS reported,
             (SELECT COUNT(*) FROM line_reports r
               WHERE r.isp_id = n.isp_id AND r.notice_id = n.id AND r.state = 'notified'
                 AND r.version = (SELECT v.version FROM line_reports v
                    WHERE v.isp_id = r.isp_id AND v.notice_id = r.notice_id
                      AND v.record_no = r.record_no
                    ORDER BY v.reported_at DESC, v.version DESC LIMIT 1)) AS notified,
             (SELECT COUNT(*) FROM notice_exports e
               WHERE e.isp_id = n.isp_id AND e.notice_id = n.id) AS exports,
             (SELECT COUNT(*) FROM line_recalls b
               WHERE b.isp_id = n.isp_id AND b.notice_id = n.id) AS recalled,
             (SELECT COUNT(*) FROM line_recalls b
               WHERE b.isp_id = n.isp_id AND b.notice_id = n.id
                 AND NOT EXISTS (SELECT 1 FROM line_reports r WHERE r.isp_id = b.isp_id
                      AND r.notice_id = b.notice_id AND r.record_no = b.record_no))
             + (SELECT COUNT(DISTINCT b.case_id) FROM line_recalls b
               WHERE b.isp_id = n.isp_id AND b.told_on = n.id
                 AND b.told_as = 'withdrawn') AS silent,
             n.withdrawn_at
          FROM notices n JOIN isps i ON i.id = n.isp_id";

/// All lists with what came back for them.
pub(super) async fn standings(db: &Db) -> sqlx::Result<Vec<Standing>> {
    let sql = format!("{STANDINGS} ORDER BY n.prepared_at, n.list_id");
    on!(db, pool => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await)
}
