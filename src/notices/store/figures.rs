//! SQL of the figures per provider.

use sqlx::FromRow;

use crate::{
    db::{Tx, on_tx},
    ids::IspId,
    notices::{clock::Bounds, figures::Figures},
    time::{DAY, Moment},
};

/// How far the lines of one provider came, or of all.
const FIGURES: &str = concat!(
    "
        WITH terms AS (
            SELECT i.id, COALESCE((SELECT o.days FROM log_terms o
                WHERE o.isp_id = i.id ORDER BY o.at DESC LIMIT 1), $5) AS days FROM isps i),
        told AS (
            SELECT l.isp_id, COALESCE(c.line_of, c.id) AS speaker,
                   MAX(CASE WHEN e.notice_id IS NULL AND h.record_no IS NULL THEN 0 ELSE 1 END)
                       AS fetched,
                   MAX(CASE WHEN l.said IS NULL THEN 0 ELSE 1 END) AS said,
                   MAX(CASE WHEN l.said <> 'pending' THEN 1 ELSE 0 END) AS reported,
                   MAX(CASE WHEN l.seen_at >= $3 - t.days * $4 THEN 1 ELSE 0 END) AS in_time,
                   MAX(CASE WHEN r.identified = 'yes' OR l.said = 'notified' THEN 1 ELSE 0 END)
                       AS identified,
                   MAX(CASE WHEN l.said = 'notified' THEN 1 ELSE 0 END) AS notified,
                   MAX(CASE WHEN r.delivery = 'delivered' THEN 1 ELSE 0 END) AS delivered,
                   MAX(CASE WHEN r.delivery IN ('bounced', 'returned')
                            OR r.reason_code = 'BOUNCED' THEN 1 ELSE 0 END) AS bounced
              FROM notice_lines l
              JOIN cases c ON c.isp_id = l.isp_id AND c.id = l.case_id
              JOIN terms t ON t.id = l.isp_id
              ",
    line_joins!(),
    "
              LEFT JOIN line_reports r ON r.isp_id = l.isp_id AND r.notice_id = l.notice_id
                   AND r.record_no = l.record_no AND r.version = l.said_version
             WHERE (CAST($1 AS BYTEA) IS NULL OR l.isp_id = $1) AND c.first_seen >= $2
               AND ((b.record_no IS NULL AND o.record_no IS NULL)
                   OR (l.said IS NOT NULL AND l.said <> 'pending'))
               AND w.case_id IS NULL
             GROUP BY l.isp_id, COALESCE(c.line_of, c.id)),
        sums AS (
            SELECT isp_id, COUNT(*) AS listed, SUM(fetched) AS fetched, SUM(reported) AS reported,
                   SUM(said - reported) AS pending,
                   SUM(CASE WHEN reported = 0 AND in_time = 0 THEN 1 ELSE 0 END) AS log_expired,
                   SUM(identified) AS identified, SUM(notified) AS notified,
                   SUM(delivered) AS delivered, SUM(bounced) AS bounced
              FROM told GROUP BY isp_id)
        SELECT i.code AS isp, i.name,
               (SELECT COUNT(*) FROM cases c WHERE c.isp_id = i.id AND c.line_of IS NULL
                   AND c.first_seen >= $2) AS detected,
               COALESCE(s.listed, 0) AS listed,
               CAST(COALESCE(s.fetched, 0) AS BIGINT) AS fetched,
               CAST(COALESCE(s.reported, 0) AS BIGINT) AS reported,
               CAST(COALESCE(s.pending, 0) AS BIGINT) AS pending,
               CAST(COALESCE(s.listed, 0) - COALESCE(s.reported, 0) - COALESCE(s.pending, 0)
                   AS BIGINT) AS no_report,
               CAST(COALESCE(s.log_expired, 0) AS BIGINT) AS log_expired,
               CAST(COALESCE(s.identified, 0) AS BIGINT) AS identified,
               CAST(COALESCE(s.notified, 0) AS BIGINT) AS notified,
               CAST(COALESCE(s.delivered, 0) AS BIGINT) AS delivered,
               CAST(COALESCE(s.bounced, 0) AS BIGINT) AS bounced
          FROM isps i LEFT JOIN sums s ON s.isp_id = i.id
         WHERE i.removed_at IS NULL AND (CAST($1 AS BYTEA) IS NULL OR i.id = $1)
         ORDER BY i.code"
);

/// How far the lines of each provider came that were first seen at `since` or later.
pub(in crate::notices) async fn figures(
    tx: &mut Tx,
    isp: Option<IspId>,
    since: Moment,
    (now, log_days): (Moment, i64),
) -> sqlx::Result<Vec<Figures>> {
    on_tx!(tx, conn => sqlx::query_as(FIGURES)
        .bind(isp)
        .bind(since)
        .bind(Bounds::at(now, 0).expired_before)
        .bind(DAY)
        .bind(log_days)
        .fetch_all(conn)
        .await)
}

/// That a line was told, or that its notice came back.
#[derive(FromRow)]
pub(in crate::notices) struct Telling {
    pub(in crate::notices) isp: String,
    /// The case that speaks for the line.
    pub(in crate::notices) speaker: Vec<u8>,
    pub(in crate::notices) channel: String,
    pub(in crate::notices) template_version: Option<String>,
    /// The whole report, where it is older than the column.
    pub(in crate::notices) body: Option<String>,
    pub(in crate::notices) is_told: bool,
    pub(in crate::notices) is_there: bool,
    pub(in crate::notices) is_back: bool,
}

/// How each line was told by the report that stands for it, of lines first seen at `since` or
/// later.
pub(in crate::notices) async fn tellings(
    tx: &mut Tx,
    isp: Option<IspId>,
    since: Moment,
) -> sqlx::Result<Vec<Telling>> {
    const SQL: &str = "
        SELECT i.code AS isp, COALESCE(c.line_of, c.id) AS speaker, r.channel, r.template_version,
               CASE WHEN r.template_version IS NULL THEN r.body END AS body,
               r.state = 'notified' AS is_told,
               COALESCE(r.delivery, '') = 'delivered' AS is_there,
               (COALESCE(r.delivery, '') IN ('bounced', 'returned')
                    OR COALESCE(r.reason_code, '') = 'BOUNCED') AS is_back
          FROM notice_lines l
          JOIN isps i ON i.id = l.isp_id
          JOIN cases c ON c.isp_id = l.isp_id AND c.id = l.case_id
          JOIN line_reports r ON r.isp_id = l.isp_id AND r.notice_id = l.notice_id
               AND r.record_no = l.record_no AND r.version = l.said_version
         WHERE (CAST($1 AS BYTEA) IS NULL OR l.isp_id = $1) AND c.first_seen >= $2
           AND r.channel IS NOT NULL AND i.removed_at IS NULL";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(isp).bind(since).fetch_all(conn).await)
}
