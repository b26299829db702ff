//! SQL of notices, their lines, exports and reports.

pub(super) mod chasing;
pub(super) mod clock;
pub(super) mod figures;
pub(super) mod lines;
pub(super) mod recall;
pub(super) mod reports;
pub(super) mod uploads;

use sqlx::FromRow;

use super::{Notice, Standing};
use crate::{
    cases::Case,
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

/// Which cases of provider `$1` wait for a list, of those whose file may go on lists, or of those
/// that are held back (`$2`) since their file is not in to its end or waits for approval.
const WAITS: &str = "FROM cases c
         WHERE c.isp_id = $1 AND c.line_of IS NULL
           AND (c.feed_file_id IN (SELECT f.id FROM feed_files f
                    LEFT JOIN file_gates g ON g.feed_file_id = f.id
                   WHERE f.completed_at IS NULL
                      OR (g.feed_file_id IS NOT NULL AND g.approved_at IS NULL))) = $2
           AND ((c.state = 'open' AND NOT EXISTS (SELECT 1 FROM notice_lines l
                    WHERE l.isp_id = c.isp_id AND l.case_id = c.id))
             OR (c.state = 'recurred' AND NOT EXISTS (SELECT 1 FROM notice_lines l
                    JOIN notices n ON n.isp_id = l.isp_id AND n.id = l.notice_id
                    WHERE l.isp_id = c.isp_id AND l.case_id IN
                         (SELECT c.id UNION ALL SELECT m.id FROM case_rows m
                           WHERE m.isp_id = c.isp_id AND m.line_of = c.id)
                      AND n.prepared_at >= c.state_since)))";

/// Cases that wait for a list, oldest first, with how often each was listed.
pub(super) async fn waiting(tx: &mut Tx, isp: IspId, limit: i64) -> sqlx::Result<Vec<(Case, i64)>> {
    let sql = format!(
        "SELECT c.*, (SELECT COUNT(*) FROM notice_lines l
                 WHERE l.isp_id = c.isp_id AND l.case_id = c.id) AS listings
          {WAITS} ORDER BY c.first_seen, c.spot LIMIT $3"
    );
    let rows: Vec<Waiting> = on_tx!(tx, conn => {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        rows.bind(isp).bind(false).bind(limit).fetch_all(conn).await
    })?;
    Ok(rows.into_iter().map(|row| (row.case, row.listings)).collect())
}

/// How many cases would wait for a list if their file did not hold them back.
pub(super) async fn held(tx: &mut Tx, isp: IspId) -> sqlx::Result<i64> {
    let sql = format!("SELECT COUNT(*) {WAITS}");
    on_tx!(tx, conn => {
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(isp).bind(true).fetch_one(conn).await
    })
}

/// The cases for which one of these speaks.
pub(super) async fn members(
    tx: &mut Tx,
    isp: IspId,
    speakers: &[Vec<u8>],
) -> sqlx::Result<Vec<Case>> {
    const SQL: &str = "SELECT * FROM cases WHERE isp_id = $1 AND line_of";
    bulk::select_of(tx, SQL, isp.0.as_bytes(), speakers).await
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

/// A line that is about to be written.
pub(super) struct NewLine {
    pub(super) case: CaseId,
    pub(super) seen_at: Moment,
    pub(super) model: Option<String>,
    pub(super) body: String,
}

/// Writes the lines of a list, numbered from 1.
pub(super) async fn insert_lines(
    tx: &mut Tx,
    notice: &Notice,
    lines: Vec<NewLine>,
) -> sqlx::Result<()> {
    let target = Target {
        table: "notice_lines",
        columns: "isp_id, notice_id, record_no, case_id, seen_at, model, body",
        conflict: "",
    };
    let count = lines.len();
    let (mut cases, mut seen, mut models, mut bodies) = (vec![], vec![], vec![], vec![]);
    for line in lines {
        cases.push(line.case.0.as_bytes().to_vec());
        seen.push(line.seen_at.0);
        models.push(line.model);
        bodies.push(line.body);
    }
    let columns = [
        Column::Bytes(vec![notice.isp_id.0.as_bytes().to_vec(); count]),
        Column::Bytes(vec![notice.id.0.as_bytes().to_vec(); count]),
        Column::Int((1..).take(count).collect()),
        Column::Bytes(cases),
        Column::Int(seen),
        Column::TextOrNull(models),
        Column::Text(bodies),
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
}

/// The lines of a list in order.
pub(super) async fn lines(tx: &mut Tx, notice: &Notice) -> sqlx::Result<Vec<StoredLine>> {
    const SQL: &str = "SELECT record_no, case_id, body FROM notice_lines
         WHERE isp_id = $1 AND notice_id = $2 ORDER BY record_no";
    on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(notice.isp_id).bind(notice.id).fetch_all(conn).await
    })
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

const NOTICE: &str =
    "SELECT isp_id, id, list_id, prepared_at, report_by, lines, withdrawn_at FROM notices";

/// The list of that name.
pub(super) async fn find(db: &Db, list_id: &str) -> sqlx::Result<Option<Notice>> {
    let sql = format!("{NOTICE} WHERE list_id = $1");
    on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(list_id).fetch_optional(pool).await
    })
}

/// All lists with what came back for them.
pub(super) async fn standings(db: &Db) -> sqlx::Result<Vec<Standing>> {
    const SQL: &str = "SELECT n.list_id, i.code AS isp, n.prepared_at, n.report_by, n.lines,
             (SELECT COUNT(l.said) FROM notice_lines l
               WHERE l.isp_id = n.isp_id AND l.notice_id = n.id) AS reported,
             (SELECT COUNT(*) FROM notice_lines l
               WHERE l.isp_id = n.isp_id AND l.notice_id = n.id
                 AND l.said = 'notified') AS notified,
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
          FROM notices n JOIN isps i ON i.id = n.isp_id ORDER BY n.prepared_at, n.list_id";
    on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)
}
