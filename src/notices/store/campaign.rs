//! SQL of lines that campaigns name, and of what came of them.

use sqlx::{AssertSqlSafe, FromRow};

use crate::{
    db::{
        Db, Tx,
        bulk::{self, Column, Target},
        on, on_tx,
    },
    ids::{CampaignId, CaseId, FileId, IspId},
    notices::Notice,
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

/// Where a statement may be narrowed to the rows of one provider.
const NARROWED: &str = "/* of one provider */";

/// Runs a statement about a campaign, for all providers or for one.
async fn of_campaign<T>(
    tx: &mut Tx,
    sql: &str,
    (campaign, narrow): (CampaignId, &str),
    own: Option<IspId>,
) -> sqlx::Result<Vec<T>>
where
    T: for<'r> FromRow<'r, sqlx::sqlite::SqliteRow>
        + for<'r> FromRow<'r, sqlx::postgres::PgRow>
        + Send
        + Unpin,
{
    let sql = sql.replace(NARROWED, if own.is_some() { narrow } else { "" });
    on_tx!(tx, conn => {
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(campaign);
        let query = match own {
            Some(isp) => query.bind(isp),
            None => query,
        };
        query.fetch_all(conn).await
    })
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
         WHERE e.campaign_id = $1 /* of one provider */
         GROUP BY e.isp_id, i.code ORDER BY i.code";
    of_campaign(tx, SQL, (campaign, "AND e.isp_id = $2"), own).await
}

/// A provider and what came of the campaign's lines that it was given.
#[derive(FromRow)]
pub(in crate::notices) struct Lines {
    pub(in crate::notices) isp: String,
    pub(in crate::notices) distributed: i64,
    pub(in crate::notices) handed_out: i64,
    pub(in crate::notices) reported: i64,
    pub(in crate::notices) notified: i64,
}

/// By provider: cases on its lists under the campaign's name, those of lists that were handed out,
/// those on which any report came, and those whose latest report says that somebody was warned.
pub(in crate::notices) async fn lines(
    tx: &mut Tx,
    campaign: CampaignId,
    own: Option<IspId>,
) -> sqlx::Result<Vec<Lines>> {
    const SQL: &str = "WITH lines AS (
             SELECT k.isp_id, k.notice_id, k.record_no, k.case_id
               FROM campaign_lines k
               JOIN notice_lines l ON l.isp_id = k.isp_id AND l.notice_id = k.notice_id
                    AND l.record_no = k.record_no
               JOIN cases c ON c.isp_id = k.isp_id AND c.id = k.case_id
              WHERE k.campaign_id = $1 /* of one provider */),
         latest AS (
             SELECT r.isp_id, r.notice_id, r.record_no, r.state, ROW_NUMBER() OVER (
                      PARTITION BY r.isp_id, r.notice_id, r.record_no
                      ORDER BY r.reported_at DESC, r.version DESC) AS place
               FROM line_reports r
               JOIN lines l ON l.isp_id = r.isp_id AND l.notice_id = r.notice_id
                    AND l.record_no = r.record_no)
         SELECT i.code AS isp, COUNT(DISTINCT l.case_id) AS distributed,
                COUNT(DISTINCT CASE WHEN EXISTS (SELECT 1 FROM notice_exports x
                    WHERE x.isp_id = l.isp_id AND x.notice_id = l.notice_id)
                    THEN l.case_id END) AS handed_out,
                COUNT(DISTINCT CASE WHEN r.state IS NOT NULL THEN l.case_id END) AS reported,
                COUNT(DISTINCT CASE WHEN r.state = 'notified' THEN l.case_id END) AS notified
           FROM lines l JOIN isps i ON i.id = l.isp_id
           LEFT JOIN latest r ON r.isp_id = l.isp_id AND r.notice_id = l.notice_id
                AND r.record_no = l.record_no AND r.place = 1
          GROUP BY l.isp_id, i.code ORDER BY i.code";
    of_campaign(tx, SQL, (campaign, "AND k.isp_id = $2"), own).await
}

/// Spots on the campaign's list that nobody is known to have served.
pub(in crate::notices) async fn unattributed(db: &Db, campaign: CampaignId) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM unattributed u
         JOIN feed_files f ON f.id = u.feed_file_id JOIN campaign_feeds d ON d.feed_id = f.feed_id
         WHERE d.campaign_id = $1 AND f.withdrawn_at IS NULL";
    on!(db, pool => sqlx::query_scalar(SQL).bind(campaign).fetch_one(pool).await)
}
