//! SQL of lines that campaigns name, and of what came of them.

use sqlx::FromRow;

use crate::{
    db::{
        Db, Tx,
        bulk::{self, Column, Target},
        on, on_tx,
    },
    ids::{CampaignId, CaseId, FileId, IspId},
    notices::Notice,
    time::Moment,
};

/// Notes which lines of a list stand there under the name of which campaign.
pub(in crate::notices) async fn insert(
    tx: &mut Tx,
    notice: &Notice,
    lines: &[(i64, CaseId, CampaignId)],
) -> sqlx::Result<()> {
    let target = Target {
        table: "campaign_lines",
        columns: "isp_id, notice_id, record_no, campaign_id, case_id",
        conflict: "",
    };
    let columns = [
        Column::Bytes(vec![notice.isp_id.0.as_bytes().to_vec(); lines.len()]),
        Column::Bytes(vec![notice.id.0.as_bytes().to_vec(); lines.len()]),
        Column::Int(lines.iter().map(|(no, _, _)| *no).collect()),
        Column::Bytes(lines.iter().map(|(_, _, one)| one.0.as_bytes().to_vec()).collect()),
        Column::Bytes(lines.iter().map(|(_, case, _)| case.0.as_bytes().to_vec()).collect()),
    ];
    bulk::insert(tx, target, columns).await?;
    Ok(())
}

/// Whether there is any feed of one-off lists.
pub(in crate::notices) async fn is_any(tx: &mut Tx) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM feeds WHERE stream = 'campaign'";
    let feeds: i64 = on_tx!(tx, conn => sqlx::query_scalar(SQL).fetch_one(conn).await)?;
    Ok(feeds > 0)
}

/// Files of feeds of one-off lists.
pub(in crate::notices) async fn files(tx: &mut Tx) -> sqlx::Result<Vec<FileId>> {
    const SQL: &str = "SELECT f.id FROM feed_files f JOIN feeds d ON d.id = f.feed_id
         WHERE d.stream = 'campaign' AND f.holds = 'hits'";
    on_tx!(tx, conn => sqlx::query_scalar(SQL).fetch_all(conn).await)
}

/// A provider and how many of something it has.
#[derive(FromRow)]
pub(in crate::notices) struct OfIsp {
    pub(in crate::notices) isp: String,
    pub(in crate::notices) cases: i64,
    pub(in crate::notices) told_before: i64,
}

/// By provider: cases that the campaign names, and those of them that stand on lists under another
/// heading alone.
pub(in crate::notices) async fn enrolled(
    tx: &mut Tx,
    campaign: CampaignId,
    own: Option<IspId>,
) -> sqlx::Result<Vec<OfIsp>> {
    const SQL: &str = "SELECT i.code AS isp, COUNT(*) AS cases,
             COUNT(CASE WHEN NOT EXISTS (SELECT 1 FROM campaign_lines k
                              WHERE k.isp_id = e.isp_id AND k.case_id = e.case_id
                                AND k.campaign_id = e.campaign_id)
                         AND EXISTS (SELECT 1 FROM notice_lines l
                              WHERE l.isp_id = e.isp_id AND l.case_id = e.case_id)
                        THEN 1 END) AS told_before
         FROM campaign_cases e JOIN isps i ON i.id = e.isp_id
         JOIN cases c ON c.isp_id = e.isp_id AND c.id = e.case_id
         WHERE e.campaign_id = $1 AND (CAST($2 AS BYTEA) IS NULL OR e.isp_id = $2)
         GROUP BY e.isp_id, i.code ORDER BY i.code";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(campaign).bind(own).fetch_all(conn).await)
}

/// A provider and what came of the campaign's lines that it was given.
#[derive(FromRow)]
pub(in crate::notices) struct Lines {
    pub(in crate::notices) isp: String,
    pub(in crate::notices) distributed: i64,
    pub(in crate::notices) handed_out: i64,
    pub(in crate::notices) reported: i64,
    pub(in crate::notices) notices: i64,
    pub(in crate::notices) late: i64,
    pub(in crate::notices) outside: i64,
}

/// By provider: cases on its lists under the campaign's name, those of lists that were handed out,
/// those on which any report came, and those whose latest report says that somebody was warned: in
/// time, in the period but told after the deadline, outside the period. Lines that were taken back
/// are none, nor are those that tell of it.
pub(in crate::notices) async fn lines(
    tx: &mut Tx,
    campaign: CampaignId,
    (from, to, report_by): (Moment, Moment, Moment),
    own: Option<IspId>,
) -> sqlx::Result<Vec<Lines>> {
    const SQL: &str = concat!(
        "WITH told AS (
             SELECT k.isp_id, k.case_id,
                    CASE WHEN ",
        is_handed_out!("k.isp_id", "k.notice_id", "k.record_no"),
        " THEN 1 ELSE 0 END AS handed_out,
                    CASE WHEN r.state IS NULL THEN 0 ELSE 1 END AS reported,
                    CASE WHEN r.state = 'notified' THEN 1 ELSE 0 END AS notified,
                    CASE WHEN COALESCE(r.notice_at, r.reported_at) >= $2
                          AND COALESCE(r.notice_at, r.reported_at) < $3 THEN 1 ELSE 0 END AS inside,
                    CASE WHEN (SELECT MIN(f.received_at) FROM line_reports f
                         WHERE f.isp_id = k.isp_id AND f.notice_id = k.notice_id
                           AND f.record_no = k.record_no AND f.state = 'notified') < $4
                         THEN 1 ELSE 0 END AS in_time
               FROM campaign_lines k
               JOIN notice_lines l ON l.isp_id = k.isp_id AND l.notice_id = k.notice_id
                    AND l.record_no = k.record_no
               JOIN cases c ON c.isp_id = k.isp_id AND c.id = k.case_id
               LEFT JOIN line_reports r ON r.isp_id = k.isp_id AND r.notice_id = k.notice_id
                    AND r.record_no = k.record_no AND r.version = l.said_version
              WHERE k.campaign_id = $1 AND (CAST($5 AS BYTEA) IS NULL OR k.isp_id = $5)
                AND NOT EXISTS (SELECT 1 FROM line_recalls b WHERE b.isp_id = k.isp_id
                    AND b.notice_id = k.notice_id AND b.record_no = k.record_no)
                AND NOT EXISTS (SELECT 1 FROM line_recalls w WHERE w.isp_id = k.isp_id
                    AND w.told_on = k.notice_id AND w.case_id = k.case_id
                    AND w.told_as = 'withdrawn')),
         of_case AS (
             SELECT isp_id, case_id, MAX(handed_out) AS handed_out, MAX(reported) AS reported,
                    MAX(notified * inside * in_time) AS counts, MAX(notified * inside) AS inside,
                    MAX(notified) AS notified
               FROM told GROUP BY isp_id, case_id)
         SELECT i.code AS isp, COUNT(*) AS distributed,
                CAST(SUM(o.handed_out) AS BIGINT) AS handed_out,
                CAST(SUM(o.reported) AS BIGINT) AS reported,
                CAST(SUM(o.counts) AS BIGINT) AS notices,
                CAST(SUM(o.inside - o.counts) AS BIGINT) AS late,
                CAST(SUM(o.notified - o.inside) AS BIGINT) AS outside
           FROM of_case o JOIN isps i ON i.id = o.isp_id
          GROUP BY o.isp_id, i.code ORDER BY i.code"
    );
    on_tx!(tx, conn => sqlx::query_as(SQL)
        .bind(campaign)
        .bind(from)
        .bind(to)
        .bind(report_by)
        .bind(own)
        .fetch_all(conn)
        .await)
}

/// Spots on the campaign's list that nobody is known to have served.
pub(in crate::notices) async fn unattributed(db: &Db, campaign: CampaignId) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM unattributed u
         JOIN feed_files f ON f.id = u.feed_file_id JOIN campaign_feeds d ON d.feed_id = f.feed_id
         WHERE d.campaign_id = $1 AND f.withdrawn_at IS NULL";
    on!(db, pool => sqlx::query_scalar(SQL).bind(campaign).fetch_one(pool).await)
}
