//! SQL of effects: it only reads, and nothing dated after the moment asked for.

use super::Scope;
use crate::{
    db::{Db, on},
    ids::{CaseId, FeedId, IspId},
    time::Moment,
};

/// A line, as its speaking case stands for it.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Speaker {
    pub(super) isp_id: IspId,
    pub(super) id: CaseId,
    pub(super) isp: String,
    pub(super) lease_policy: String,
    pub(super) stream: String,
    pub(super) feed_id: FeedId,
    pub(super) spot: Vec<u8>,
    pub(super) model: Option<String>,
    /// The latest sighting of any of its cases.
    pub(super) last_seen: Moment,
    pub(super) state: String,
    pub(super) state_since: Moment,
    pub(super) first_clean: Option<Moment>,
    /// 1 when a line token was given.
    pub(super) has_token: i64,
}

/// One standing of a line on a notice, with the latest report on it.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Listing {
    pub(super) isp_id: IspId,
    pub(super) speaker: CaseId,
    pub(super) prepared_at: Moment,
    pub(super) fetched_at: Option<Moment>,
    pub(super) state: Option<String>,
    pub(super) identified: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) delivery: Option<String>,
    pub(super) arm: Option<String>,
}

/// A mark at a step of the manual.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Mark {
    pub(super) isp_id: IspId,
    pub(super) speaker: CaseId,
    pub(super) manual: String,
    pub(super) step: i64,
    pub(super) outcome: String,
}

/// A listed case as counting addresses would see it.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct ListedAddress {
    pub(super) feed_id: FeedId,
    pub(super) last_seen: Moment,
    pub(super) prepared_at: Moment,
}

/// Lines within the scope, in order of detection.
pub(super) async fn speakers(db: &Db, scope: &Scope) -> sqlx::Result<Vec<Speaker>> {
    const SQL: &str = "
        WITH line AS (
            SELECT isp_id, COALESCE(line_of, id) AS speaker,
                   MIN(first_seen) AS first_seen, MAX(last_seen) AS last_seen
              FROM cases GROUP BY isp_id, COALESCE(line_of, id)),
        token AS (
            SELECT DISTINCT t.isp_id, COALESCE(c.line_of, c.id) AS speaker
              FROM line_tokens t JOIN cases c ON c.isp_id = t.isp_id AND c.id = t.case_id
             WHERE t.ended_at IS NULL)
        SELECT c.isp_id, c.id, i.code AS isp, i.lease_policy, c.stream, c.feed_id, c.spot, c.model,
               l.last_seen, c.state, c.state_since, c.first_clean,
               CAST(CASE WHEN t.speaker IS NULL THEN 0 ELSE 1 END AS BIGINT) AS has_token
          FROM line l
          JOIN cases c ON c.isp_id = l.isp_id AND c.id = l.speaker
          JOIN isps i ON i.id = c.isp_id
          LEFT JOIN token t ON t.isp_id = c.isp_id AND t.speaker = c.id
         WHERE (CAST($1 AS TEXT) IS NULL OR c.stream = $1)
           AND l.first_seen >= $2 AND l.first_seen < $3 AND l.first_seen <= $4
         ORDER BY l.first_seen, c.isp_id, c.id";
    on!(db, pool => {
        sqlx::query_as(SQL)
            .bind(scope.stream.as_deref())
            .bind(scope.from)
            .bind(scope.to)
            .bind(scope.as_of)
            .fetch_all(pool)
            .await
    })
}

/// Standings on notices prepared by then, earliest first, each with its latest report by then.
pub(super) async fn listings(db: &Db, as_of: Moment) -> sqlx::Result<Vec<Listing>> {
    const SQL: &str = "
        WITH fetched AS (
            SELECT isp_id, notice_id, MIN(at) AS at FROM whole_lists
             WHERE at <= $1 GROUP BY isp_id, notice_id),
        latest AS (
            SELECT isp_id, notice_id, record_no, version,
                   ROW_NUMBER() OVER (PARTITION BY isp_id, notice_id, record_no
                                      ORDER BY reported_at DESC, version DESC) AS place
              FROM line_reports WHERE received_at <= $1)
        SELECT l.isp_id, COALESCE(c.line_of, c.id) AS speaker, n.prepared_at,
               COALESCE(f.at, h.at) AS fetched_at,
               r.state, r.identified, r.channel, r.delivery, r.arm
          FROM notice_lines l
          JOIN notices n ON n.isp_id = l.isp_id AND n.id = l.notice_id
          JOIN cases c ON c.isp_id = l.isp_id AND c.id = l.case_id
          LEFT JOIN fetched f ON f.isp_id = l.isp_id AND f.notice_id = l.notice_id
          LEFT JOIN lines_handed_out h ON h.isp_id = l.isp_id AND h.notice_id = l.notice_id
                                      AND h.record_no = l.record_no AND h.at <= $1
          LEFT JOIN latest v ON v.isp_id = l.isp_id AND v.notice_id = l.notice_id
                            AND v.record_no = l.record_no AND v.place = 1
          LEFT JOIN line_reports r ON r.isp_id = v.isp_id AND r.notice_id = v.notice_id
                                  AND r.record_no = v.record_no AND r.version = v.version
         WHERE n.prepared_at <= $1
         ORDER BY n.prepared_at, l.isp_id, l.notice_id, l.record_no";
    on!(db, pool => sqlx::query_as(SQL).bind(as_of).fetch_all(pool).await)
}

/// Lines whose inquiry ID was entered.
pub(super) async fn came(db: &Db, as_of: Moment) -> sqlx::Result<Vec<(IspId, CaseId)>> {
    const SQL: &str = "SELECT DISTINCT v.isp_id, COALESCE(c.line_of, c.id)
          FROM visits v JOIN cases c ON c.isp_id = v.isp_id AND c.id = v.case_id
         WHERE v.opened_at <= $1";
    on!(db, pool => sqlx::query_as(SQL).bind(as_of).fetch_all(pool).await)
}

/// Lines of which the person said that it is done.
pub(super) async fn claimed(db: &Db, as_of: Moment) -> sqlx::Result<Vec<(IspId, CaseId)>> {
    const SQL: &str = "SELECT DISTINCT e.isp_id, COALESCE(c.line_of, c.id)
          FROM case_events e JOIN cases c ON c.isp_id = e.isp_id AND c.id = e.case_id
         WHERE e.kind = 'claimed' AND e.at <= $1";
    on!(db, pool => sqlx::query_as(SQL).bind(as_of).fetch_all(pool).await)
}

/// Marks at steps in order of time.
pub(super) async fn marks(db: &Db, as_of: Moment) -> sqlx::Result<Vec<Mark>> {
    const SQL: &str = "SELECT m.isp_id, COALESCE(c.line_of, c.id) AS speaker,
               m.manual, m.step, m.outcome
          FROM step_marks m JOIN cases c ON c.isp_id = m.isp_id AND c.id = m.case_id
         WHERE m.at <= $1 ORDER BY m.at";
    on!(db, pool => sqlx::query_as(SQL).bind(as_of).fetch_all(pool).await)
}

/// Which cases, since `since`, still waited for the ISP's word at `as_of`: when seen, and where.
pub(super) async fn unsettled(
    db: &Db,
    since: Moment,
    as_of: Moment,
) -> sqlx::Result<Vec<(IspId, (Moment, Moment), Vec<u8>)>> {
    const SQL: &str = "SELECT c.isp_id, c.first_seen, c.last_seen, c.spot FROM cases c
         LEFT JOIN (SELECT DISTINCT l.isp_id, l.case_id FROM line_reports r JOIN notice_lines l
                      ON l.isp_id = r.isp_id AND l.notice_id = r.notice_id
                     AND l.record_no = r.record_no
                    WHERE r.received_at <= $2 AND r.state <> 'pending') said
           ON said.isp_id = c.isp_id AND said.case_id = c.id
         WHERE c.first_seen >= $1 AND c.line_of IS NULL AND said.case_id IS NULL";
    let rows: Vec<(IspId, Moment, Moment, Vec<u8>)> =
        on!(db, pool => sqlx::query_as(SQL).bind(since).bind(as_of).fetch_all(pool).await)?;
    Ok(rows.into_iter().map(|(isp, first, last, spot)| (isp, (first, last), spot)).collect())
}

/// Cases on notices, each address on its own, whatever line it belongs to.
pub(super) async fn listed_addresses(db: &Db, scope: &Scope) -> sqlx::Result<Vec<ListedAddress>> {
    const SQL: &str = "
        WITH seen AS (
            SELECT isp_id, spot, MAX(last_seen) AS last_seen FROM cases GROUP BY isp_id, spot),
        listed AS (
            SELECT c.isp_id, c.spot, c.feed_id, MIN(n.prepared_at) AS prepared_at
              FROM notice_lines l
              JOIN notices n ON n.isp_id = l.isp_id AND n.id = l.notice_id
              JOIN cases c ON c.isp_id = l.isp_id AND c.id = l.case_id
             WHERE (CAST($1 AS TEXT) IS NULL OR c.stream = $1)
               AND c.first_seen >= $2 AND c.first_seen < $3 AND n.prepared_at <= $4
             GROUP BY c.isp_id, c.spot, c.feed_id)
        SELECT l.feed_id, l.prepared_at, s.last_seen
          FROM listed l JOIN seen s ON s.isp_id = l.isp_id AND s.spot = l.spot";
    on!(db, pool => {
        sqlx::query_as(SQL)
            .bind(scope.stream.as_deref())
            .bind(scope.from)
            .bind(scope.to)
            .bind(scope.as_of)
            .fetch_all(pool)
            .await
    })
}

/// That a line was verified, or seen again after that.
#[derive(sqlx::FromRow)]
pub(super) struct Proof {
    pub(super) isp_id: IspId,
    pub(super) speaker: CaseId,
    pub(super) at: Moment,
    pub(super) kind: String,
    pub(super) detail: Option<String>,
}

/// Verified fixes and recurrences known by then, in order of time.
pub(super) async fn proofs(db: &Db, as_of: Moment) -> sqlx::Result<Vec<Proof>> {
    const SQL: &str = "SELECT e.isp_id, COALESCE(c.line_of, c.id) AS speaker, e.at, e.kind,
               e.detail
          FROM case_events e JOIN cases c ON c.isp_id = e.isp_id AND c.id = e.case_id
         WHERE e.kind IN ('verified', 'recurred') AND e.withdrawn_at IS NULL AND e.at <= $1
         ORDER BY e.at, e.kind";
    on!(db, pool => sqlx::query_as(SQL).bind(as_of).fetch_all(pool).await)
}
