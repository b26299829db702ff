//! SQL of notices, their lines, exports and reports.

/// Whether anything of a list was handed out or is ready to be, or was reported on, given the
/// columns that name it.
macro_rules! is_begun {
    ($isp:literal, $list:literal) => {
        concat!(
            "(EXISTS (SELECT 1 FROM notice_exports e WHERE e.isp_id = ",
            $isp,
            " AND e.notice_id = ",
            $list,
            ")
              OR EXISTS (SELECT 1 FROM line_reports t WHERE t.isp_id = ",
            $isp,
            " AND t.notice_id = ",
            $list,
            "))"
        )
    };
}

/// Whether anybody outside may have seen all of a list, given the columns that name it: it was
/// handed out as a whole, or a message with it was made, of which nobody knows for certain that it
/// never left.
macro_rules! is_out {
    ($isp:literal, $list:literal) => {
        concat!(
            "(EXISTS (SELECT 1 FROM whole_lists x WHERE x.isp_id = ",
            $isp,
            " AND x.notice_id = ",
            $list,
            ")
              OR EXISTS (SELECT 1 FROM deliveries d WHERE d.isp_id = ",
            $isp,
            " AND d.notice_id = ",
            $list,
            " AND d.made_at IS NOT NULL))"
        )
    };
}

/// Whether a line was handed out, given the columns that name it: with its whole list, or as part
/// of it.
macro_rules! is_handed_out {
    ($isp:literal, $list:literal, $record:literal) => {
        concat!(
            "(EXISTS (SELECT 1 FROM whole_lists x WHERE x.isp_id = ",
            $isp,
            " AND x.notice_id = ",
            $list,
            ")
              OR EXISTS (SELECT 1 FROM lines_handed_out h WHERE h.isp_id = ",
            $isp,
            " AND h.notice_id = ",
            $list,
            " AND h.record_no = ",
            $record,
            "))"
        )
    };
}

/// Whether the provider has a line, given the columns that name it: it was handed out, or a report
/// on it came.
macro_rules! is_given {
    ($isp:literal, $list:literal, $record:literal) => {
        concat!(
            "(",
            is_handed_out!($isp, $list, $record),
            "
              OR EXISTS (SELECT 1 FROM line_reports t WHERE t.isp_id = ",
            $isp,
            " AND t.notice_id = ",
            $list,
            " AND t.record_no = ",
            $record,
            "))"
        )
    };
}

/// Whether the provider may have a line, given the columns that name it.
macro_rules! is_told {
    ($isp:literal, $list:literal, $record:literal) => {
        concat!("(", is_out!($isp, $list), " OR ", is_given!($isp, $list, $record), ")")
    };
}

/// What counts lines `l` joins them with: `b` where one was taken back, `w` where one tells that
/// another was, `e` where its whole list left, `h` where it left as part of that, and `o` where it
/// is somebody else's by now.
macro_rules! line_joins {
    () => {
        "LEFT JOIN line_recalls b ON b.isp_id = l.isp_id AND b.notice_id = l.notice_id
              AND b.record_no = l.record_no
         LEFT JOIN (SELECT DISTINCT isp_id, told_on, case_id FROM line_recalls
                     WHERE told_as = 'withdrawn') w
           ON w.isp_id = l.isp_id AND w.told_on = l.notice_id AND w.case_id = l.case_id
         LEFT JOIN (SELECT DISTINCT isp_id, notice_id FROM whole_lists) e
           ON e.isp_id = l.isp_id AND e.notice_id = l.notice_id
         LEFT JOIN lines_handed_out h ON h.isp_id = l.isp_id AND h.notice_id = l.notice_id
              AND h.record_no = l.record_no
         LEFT JOIN lines_of_others o ON o.isp_id = l.isp_id AND o.notice_id = l.notice_id
              AND o.record_no = l.record_no"
    };
}

pub(super) mod apartments;
pub(super) mod calls;
pub(super) mod campaign;
pub(super) mod chasing;
pub(super) mod collection;
pub(super) mod dispatch;
pub(super) mod downloads;
pub(super) mod figures;
pub(super) mod handed_out;
pub(super) mod kit;
pub(super) mod lines;
pub(super) mod machines;
pub(super) mod others;
pub(super) mod outbox;
pub(super) mod recall;
pub(super) mod reminders;
pub(super) mod reports;
pub(super) mod returns;
pub(super) mod uploads;
pub(super) mod wordings;

use std::collections::HashMap;

use sqlx::FromRow;

use super::{Notice, Standing};
use crate::{
    campaigns::store::HOLDS,
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

/// A one-off list opened the case, and no open campaign names it that runs at `now` and in which
/// the provider takes part.
fn not_joined(now: Moment) -> String {
    let now = now.0;
    format!(
        "c.stream = 'campaign' AND NOT EXISTS (SELECT 1 FROM campaign_cases e
                    JOIN campaign_standings s
                      ON s.isp_id = e.isp_id AND s.campaign_id = e.campaign_id
                    JOIN open_campaigns o ON o.id = e.campaign_id
                    JOIN campaign_versions v ON v.campaign_id = o.id
                     AND COALESCE(v.runs_from, 0) <= {now}
                     AND COALESCE(v.runs_to, {FOREVER}) > {now}
                     AND v.no = {HOLDS}
                   WHERE e.isp_id = c.isp_id AND e.case_id = c.id AND s.kind = 'joined')"
    )
}

const FOREVER: i64 = i64::MAX;

/// How often a case was listed; one that waits open never was.
const LISTINGS: &str = "CASE WHEN c.state = 'open' THEN 0 ELSE (SELECT COUNT(*) FROM notice_lines l
                 WHERE l.isp_id = c.isp_id AND l.case_id = c.id) END AS listings";

/// Cases that wait for a list, oldest first, with how often each was listed.
pub(super) async fn waiting(
    tx: &mut Tx,
    isp: IspId,
    (limit, now): (i64, Moment),
) -> sqlx::Result<Vec<(Case, i64)>> {
    let sql = format!(
        "SELECT c.*, {LISTINGS} {WAITS} AND NOT ({FILE_WAITS}) AND NOT ({})
          ORDER BY c.first_seen, c.spot LIMIT $2",
        not_joined(now)
    );
    rows(tx, sql, isp, limit).await
}

/// Cases that only a campaign holds back and that were seen more than once, oldest first.
pub(super) async fn held_and_seen_again(
    tx: &mut Tx,
    isp: IspId,
    (limit, now): (i64, Moment),
) -> sqlx::Result<Vec<(Case, i64)>> {
    let sql = format!(
        "SELECT c.*, {LISTINGS} {WAITS} AND NOT ({FILE_WAITS}) AND ({})
            AND EXISTS (SELECT 1 FROM case_times t WHERE t.no = c.no)
          ORDER BY c.first_seen, c.spot LIMIT $2",
        not_joined(now)
    );
    rows(tx, sql, isp, limit).await
}

async fn rows(tx: &mut Tx, sql: String, isp: IspId, limit: i64) -> sqlx::Result<Vec<(Case, i64)>> {
    let rows: Vec<Waiting> = on_tx!(tx, conn => {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        bulk::gathered(rows.bind(isp).bind(limit).fetch(conn)).await
    })?;
    Ok(rows.into_iter().map(|row| (row.case, row.listings)).collect())
}

/// How many cases would wait for a list if their file, or a campaign in which the provider takes no
/// part, did not hold them back: those of files, and those of campaigns alone.
pub(super) async fn held(tx: &mut Tx, isp: IspId, now: Moment) -> sqlx::Result<(i64, i64)> {
    let sql = format!(
        "SELECT COUNT(CASE WHEN {FILE_WAITS} THEN 1 END),
                COUNT(CASE WHEN NOT ({FILE_WAITS}) AND {} THEN 1 END) {WAITS}",
        not_joined(now)
    );
    on_tx!(tx, conn => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(isp).fetch_one(conn).await
    })
}

/// The cases for which one of these speaks. Which they are is asked first and by itself: told
/// `line_of` beside a case's own columns, SQLite reads all cases of the provider.
pub(super) async fn members(
    tx: &mut Tx,
    isp: IspId,
    speakers: &[Vec<u8>],
) -> sqlx::Result<Vec<Case>> {
    const IDS: &str = "SELECT id FROM case_rows WHERE isp_id = $1 AND line_of";
    const SQL: &str = "SELECT * FROM cases WHERE isp_id = $1 AND id";
    let ids: Vec<(CaseId,)> = bulk::select_of(tx, IDS, isp.0.as_bytes(), speakers).await?;
    let ids: Vec<Vec<u8>> = ids.into_iter().map(|(id,)| id.0.as_bytes().to_vec()).collect();
    bulk::select_of(tx, SQL, isp.0.as_bytes(), &ids).await
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
    pub(super) report_by: Option<Moment>,
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
        columns: "isp_id, notice_id, record_no, case_id, seen_at, report_by, model, body",
        conflict: "",
    };
    let count = lines.len();
    let (mut cases, mut seen, mut models, mut bodies) = (vec![], vec![], vec![], vec![]);
    let mut report_by = vec![];
    for line in lines {
        cases.push(line.case.0.as_bytes().to_vec());
        seen.push(line.seen_at.0);
        report_by.push(line.report_by.map(|by| by.0));
        models.push(line.model);
        bodies.push(line.body);
    }
    let columns = [
        Column::Bytes(vec![notice.isp_id.0.as_bytes().to_vec(); count]),
        Column::Bytes(vec![notice.id.0.as_bytes().to_vec(); count]),
        Column::Int((1..).take(count).collect()),
        Column::Bytes(cases),
        Column::Int(seen),
        Column::IntOrNull(report_by),
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
    /// The inquiry ID of the case, sealed.
    pub(super) sealed: Option<Vec<u8>>,
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
    on_tx!(tx, conn => {
        let rows = sqlx::query_as(SQL).bind(notice.isp_id).bind(notice.id).bind(from).bind(to);
        bulk::gathered(rows.fetch(conn)).await
    })
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

/// Lists with what came back for them.
pub(super) const STANDINGS: &str =
    "SELECT n.list_id, i.code AS isp, n.prepared_at, n.report_by, n.lines,
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
          FROM notices n JOIN isps i ON i.id = n.isp_id";

/// All lists with what came back for them.
pub(super) async fn standings(db: &Db) -> sqlx::Result<Vec<Standing>> {
    let sql = format!("{STANDINGS} ORDER BY n.prepared_at, n.list_id");
    on!(db, pool => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await)
}
