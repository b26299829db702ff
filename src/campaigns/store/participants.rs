//! SQL of participants.

use sqlx::FromRow;

use crate::{
    campaigns::participants::Said,
    db::{Db, Tx, on, on_tx},
    ids::{CampaignId, IspId},
    time::Moment,
};

/// A word about to be written.
pub(in crate::campaigns) struct Word<'a> {
    pub(in crate::campaigns) no: i64,
    pub(in crate::campaigns) at: Moment,
    pub(in crate::campaigns) kind: &'a str,
    pub(in crate::campaigns) author: &'a str,
    pub(in crate::campaigns) reason: Option<&'a str>,
}

/// The last word about a provider's part: its number, and what was said.
pub(in crate::campaigns) async fn last(
    tx: &mut Tx,
    isp: IspId,
    campaign: CampaignId,
) -> sqlx::Result<Option<(i64, String)>> {
    const SQL: &str = "SELECT no, kind FROM campaign_isp_facts
         WHERE isp_id = $1 AND campaign_id = $2 ORDER BY no DESC LIMIT 1";
    on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(isp).bind(campaign).fetch_optional(conn).await
    })
}

/// Appends a word.
pub(in crate::campaigns) async fn insert(
    tx: &mut Tx,
    isp: IspId,
    campaign: CampaignId,
    word: &Word<'_>,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO campaign_isp_facts
             (isp_id, campaign_id, no, at, kind, author, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(isp)
        .bind(campaign)
        .bind(word.no)
        .bind(word.at)
        .bind(word.kind)
        .bind(word.author)
        .bind(word.reason)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// The last word about each provider, by code.
pub(in crate::campaigns) async fn standings(
    db: &Db,
    campaign: CampaignId,
) -> sqlx::Result<Vec<Said>> {
    const SQL: &str = "SELECT s.isp_id, i.code AS isp, i.name AS isp_name, s.kind, s.at, s.author,
             s.reason
         FROM campaign_standings s JOIN isps i ON i.id = s.isp_id
         WHERE s.campaign_id = $1 ORDER BY i.code";
    on!(db, pool => sqlx::query_as(SQL).bind(campaign).fetch_all(pool).await)
}

/// Every word, in order of time.
pub(in crate::campaigns) async fn history(
    db: &Db,
    campaign: CampaignId,
) -> sqlx::Result<Vec<Said>> {
    const SQL: &str = "SELECT f.isp_id, i.code AS isp, i.name AS isp_name, f.kind, f.at, f.author,
             f.reason
         FROM campaign_isp_facts f JOIN isps i ON i.id = f.isp_id
         WHERE f.campaign_id = $1 ORDER BY f.at, i.code, f.no";
    on!(db, pool => sqlx::query_as(SQL).bind(campaign).fetch_all(pool).await)
}

/// A word about a provider's part in a campaign.
#[derive(FromRow)]
pub(in crate::campaigns) struct Own {
    pub(in crate::campaigns) campaign_id: CampaignId,
    pub(in crate::campaigns) name: String,
    #[sqlx(flatten)]
    pub(in crate::campaigns) said: Said,
}

/// Every word about one provider, by the name of the campaign, then in order.
pub(in crate::campaigns) async fn of_isp(tx: &mut Tx, isp: IspId) -> sqlx::Result<Vec<Own>> {
    const SQL: &str = "SELECT f.campaign_id, c.name, f.isp_id, i.code AS isp, i.name AS isp_name,
             f.kind, f.at, f.author, f.reason
         FROM campaign_isp_facts f JOIN isps i ON i.id = f.isp_id
         JOIN campaigns c ON c.id = f.campaign_id
         WHERE f.isp_id = $1 ORDER BY c.name, f.no";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(isp).fetch_all(conn).await)
}
