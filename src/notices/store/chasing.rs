//! SQL of how lists stand, and of reminders.

use crate::{
    db::{Tx, on_tx},
    ids::{IspId, NoticeId, ReminderId, ReminderMailId},
    notices::{
        chasing::{ListStanding, Reminder, SOON_DAYS},
        clock::Bounds,
    },
    time::Moment,
};

/// How lists stand by now: of one provider, or of all.
const STANDINGS: &str = concat!(
    "SELECT n.isp_id, n.id AS notice_id, i.code AS isp, i.name, n.list_id,
             n.prepared_at,
             CASE WHEN l.first_by < n.report_by THEN l.first_by ELSE n.report_by END AS report_by,
             CAST(COALESCE(l.lines, 0) AS BIGINT) AS lines,
             CAST(COALESCE(l.unreported, 0) AS BIGINT) AS unreported,
             CAST(COALESCE(l.expiring, 0) AS BIGINT) AS expiring,
             CAST(COALESCE(l.expired, 0) AS BIGINT) AS expired,
             CAST(COALESCE(l.pending, 0) AS BIGINT) AS pending,
             CAST(COALESCE(l.over, 0) + CASE WHEN n.report_by < $2
                 THEN COALESCE(l.undated, 0) ELSE 0 END AS BIGINT) AS overdue,
             CAST(COALESCE(l.near, 0) + CASE WHEN n.report_by >= $2 AND n.report_by <= $6
                 THEN COALESCE(l.undated, 0) ELSE 0 END AS BIGINT) AS due,
             CAST(COALESCE(l.untaken, 0) AS BIGINT) AS untaken, l.last_found,
             (SELECT MIN(e.at) FROM notice_exports e
               WHERE e.isp_id = n.isp_id AND e.notice_id = n.id) AS fetched_at,
             m.asked_at, m.reminded_at
          FROM notices n JOIN isps i ON i.id = n.isp_id
          LEFT JOIN (
              SELECT l.isp_id, l.notice_id, COUNT(*) AS lines,
                  SUM(l.is_open) AS unreported,
                  SUM(CASE WHEN l.seen_at >= $2 - t.days * $3
                      AND l.seen_at < $2 - t.days * $3 + $4 THEN l.is_open ELSE 0 END) AS expiring,
                  SUM(CASE WHEN l.seen_at < $2 - t.days * $3 THEN l.is_open ELSE 0 END) AS expired,
                  MIN(CASE WHEN l.is_open = 1 THEN l.report_by END) AS first_by,
                  SUM(CASE WHEN l.report_by < $2 THEN l.is_open ELSE 0 END) AS over,
                  SUM(CASE WHEN l.report_by >= $2 AND l.report_by <= $6 THEN l.is_open ELSE 0 END)
                      AS near,
                  SUM(CASE WHEN l.report_by IS NULL THEN l.is_open ELSE 0 END) AS undated,
                  MAX(CASE WHEN l.is_open = 1 THEN l.seen_at + t.days * $3 END) AS last_found,
                  COUNT(CASE WHEN l.said = 'pending' THEN 1 END) AS pending,
                  COUNT(CASE WHEN l.said IS NULL AND e.notice_id IS NULL AND h.record_no IS NULL
                      THEN 1 END) AS untaken
                FROM (SELECT isp_id, notice_id, record_no, case_id, seen_at, report_by, said,
                          CASE WHEN said IS NULL OR said = 'pending' THEN 1 ELSE 0 END AS is_open
                        FROM notice_lines) l
                JOIN (SELECT i.id, COALESCE((SELECT o.days FROM log_terms o
                          WHERE o.isp_id = i.id ORDER BY o.at DESC LIMIT 1), $5) AS days
                        FROM isps i) t ON t.id = l.isp_id
                ",
    line_joins!(),
    "
               WHERE (CAST($1 AS BYTEA) IS NULL OR l.isp_id = $1) AND w.case_id IS NULL
                 AND ((b.record_no IS NULL AND o.record_no IS NULL)
                   OR (l.said IS NOT NULL AND l.said <> 'pending'))
               GROUP BY l.isp_id, l.notice_id) l
            ON l.isp_id = n.isp_id AND l.notice_id = n.id
          LEFT JOIN (
              SELECT m.isp_id, m.notice_id, MAX(m.at) AS asked_at,
                  MAX(CASE WHEN m.state = 'noted' AND (s.state IS NULL
                      OR s.state NOT IN ('bounced', 'refused')) THEN m.at END) AS reminded_at
                FROM reminders m
                LEFT JOIN reminder_mails s ON s.isp_id = m.isp_id AND s.id = m.mail_id
               WHERE m.takes_back IS NULL AND NOT EXISTS (SELECT 1 FROM reminders u
                     WHERE u.isp_id = m.isp_id AND u.takes_back = m.id)
               GROUP BY m.isp_id, m.notice_id) m
            ON m.isp_id = n.isp_id AND m.notice_id = n.id
         WHERE n.withdrawn_at IS NULL AND (CAST($1 AS BYTEA) IS NULL OR n.isp_id = $1)
         ORDER BY i.code, n.report_by, n.list_id"
);

/// Lists that stand, of one provider or of all, with what came back for them by now.
///
/// Lines that were taken back, or became somebody else's, before it was reported how they ended
/// await nothing, nor do those that tell of another one that was: neither counts.
pub(in crate::notices) async fn standings(
    tx: &mut Tx,
    isp: Option<IspId>,
    now: Moment,
    (log_days, urgent_days): (i64, i64),
) -> sqlx::Result<Vec<ListStanding>> {
    // Today, and how many days of sightings are urgent from the first that is not expired on.
    let today = Bounds::at(now, 0);
    let urgent = today.urgent_before.0 - today.expired_before.0;
    debug_assert_eq!(urgent, (urgent_days + 1) * crate::time::DAY);
    on_tx!(tx, conn => sqlx::query_as(STANDINGS)
        .bind(isp)
        .bind(today.expired_before)
        .bind(crate::time::DAY)
        .bind(urgent)
        .bind(log_days)
        .bind(now.plus_days(SOON_DAYS))
        .fetch_all(conn)
        .await)
}

/// A reminder that is about to be written.
pub(in crate::notices) struct NewReminder<'a> {
    pub(in crate::notices) id: ReminderId,
    pub(in crate::notices) notice: NoticeId,
    pub(in crate::notices) reason: &'a str,
    pub(in crate::notices) state: &'a str,
    pub(in crate::notices) way: Option<&'a str>,
    pub(in crate::notices) at: Moment,
    pub(in crate::notices) author: &'a str,
    pub(in crate::notices) mail: Option<ReminderMailId>,
}

/// Writes a reminder.
pub(in crate::notices) async fn insert(
    tx: &mut Tx,
    isp: IspId,
    fact: &NewReminder<'_>,
) -> sqlx::Result<()> {
    const SQL: &str =
        "INSERT INTO reminders (isp_id, id, notice_id, reason, state, way, at, author, mail_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(isp)
        .bind(fact.id)
        .bind(fact.notice)
        .bind(fact.reason)
        .bind(fact.state)
        .bind(fact.way)
        .bind(fact.at)
        .bind(fact.author)
        .bind(fact.mail)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// What a reminder says; ends before its conditions.
pub(super) const REMINDER: &str =
    "SELECT m.isp_id, m.id, i.code AS isp, n.list_id, m.reason, m.state, m.way,
         m.at, m.author
      FROM reminders m JOIN isps i ON i.id = m.isp_id
      JOIN notices n ON n.isp_id = m.isp_id AND n.id = m.notice_id";

/// Reminders that are due, the earliest first: no later one of their list went out.
pub(in crate::notices) async fn due(tx: &mut Tx) -> sqlx::Result<Vec<Reminder>> {
    let sql = format!(
        "{REMINDER} WHERE m.state = 'due' AND NOT EXISTS (SELECT 1 FROM reminders s
             WHERE s.isp_id = m.isp_id AND s.notice_id = m.notice_id AND s.state = 'noted'
               AND s.at >= m.at AND NOT EXISTS (SELECT 1 FROM reminders u
                   WHERE u.isp_id = s.isp_id AND u.takes_back = s.id))
         ORDER BY m.at, i.code, n.list_id"
    );
    on_tx!(tx, conn => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(conn).await)
}

/// All reminders of a provider, the latest first.
pub(in crate::notices) async fn of_isp(tx: &mut Tx, isp: IspId) -> sqlx::Result<Vec<Reminder>> {
    let sql = format!("{REMINDER} WHERE m.isp_id = $1 ORDER BY m.at DESC, n.list_id");
    on_tx!(tx, conn => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(isp).fetch_all(conn).await
    })
}
