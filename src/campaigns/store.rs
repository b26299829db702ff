//! SQL of campaigns: what they say, and what was decided about them.

pub(super) mod enrol;
pub(super) mod participants;

use super::Fact;
use crate::{
    db::{Db, Tx, on, on_tx},
    ids::{CampaignId, FeedId},
    time::Moment,
};

/// Keys and names of all campaigns by name.
pub(super) async fn all(db: &Db) -> sqlx::Result<Vec<(CampaignId, String)>> {
    const SQL: &str = "SELECT id, name FROM campaigns ORDER BY name";
    on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)
}

/// Keys and names of campaigns that are open and to which two people agreed once.
pub(super) async fn open_and_agreed(db: &Db) -> sqlx::Result<Vec<(CampaignId, String)>> {
    const SQL: &str = "SELECT o.id, o.name FROM open_campaigns o WHERE EXISTS
             (SELECT 1 FROM campaign_facts f WHERE f.campaign_id = o.id AND f.kind = 'published')
         ORDER BY o.name";
    on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)
}

/// The number of the version of campaign `o` that lists go by: to which two people agreed last,
/// and before that the latest; see [`super::Campaign::holds`].
pub(crate) const HOLDS: &str = "COALESCE(
             (SELECT f.version FROM campaign_facts f
               WHERE f.campaign_id = o.id AND f.kind = 'published' ORDER BY f.no DESC LIMIT 1),
             (SELECT MAX(w.no) FROM campaign_versions w WHERE w.campaign_id = o.id))";

/// The key of the campaign of that name.
pub(super) async fn id_of(tx: &mut Tx, name: &str) -> sqlx::Result<Option<CampaignId>> {
    const SQL: &str = "SELECT id FROM campaigns WHERE name = $1";
    on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(name).fetch_optional(conn).await)
}

/// Enters a campaign.
pub(super) async fn insert(
    tx: &mut Tx,
    (id, name): (CampaignId, &str),
    at: Moment,
    by: &str,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO campaigns (id, name, added_at, author) VALUES ($1, $2, $3, $4)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(id).bind(name).bind(at).bind(by).execute(conn).await.map(|_| ()))
}

/// The number and text of the latest version.
pub(super) async fn latest(tx: &mut Tx, id: CampaignId) -> sqlx::Result<Option<(i64, String)>> {
    const SQL: &str = "SELECT no, body FROM campaign_versions WHERE campaign_id = $1
         ORDER BY no DESC LIMIT 1";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(id).fetch_optional(conn).await)
}

/// Appends a version.
pub(super) async fn insert_version(
    tx: &mut Tx,
    (id, no): (CampaignId, i64),
    (at, by): (Moment, &str),
    (body, runs): (&str, (Moment, Option<Moment>)),
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO campaign_versions
             (campaign_id, no, at, author, body, runs_from, runs_to)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(id)
        .bind(no)
        .bind(at)
        .bind(by)
        .bind(body)
        .bind(runs.0)
        .bind(runs.1)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Numbers and texts of all versions, in order.
pub(super) async fn versions(db: &Db, id: CampaignId) -> sqlx::Result<Vec<(i64, String)>> {
    const SQL: &str = "SELECT no, body FROM campaign_versions WHERE campaign_id = $1 ORDER BY no";
    on!(db, pool => sqlx::query_as(SQL).bind(id).fetch_all(pool).await)
}

/// Says that a feed brings the list of a campaign; false where it brings that of another one.
pub(super) async fn name_feed(
    tx: &mut Tx,
    id: CampaignId,
    feed: FeedId,
    (at, by): (Moment, &str),
) -> sqlx::Result<bool> {
    const INSERT: &str = "INSERT INTO campaign_feeds (feed_id, campaign_id, at, author)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    const WHOSE: &str = "SELECT campaign_id FROM campaign_feeds WHERE feed_id = $1";
    on_tx!(&mut *tx, conn => sqlx::query(INSERT)
        .bind(feed).bind(id).bind(at).bind(by).execute(conn).await.map(|_| ()))?;
    let whose: CampaignId =
        on_tx!(tx, conn => sqlx::query_scalar(WHOSE).bind(feed).fetch_one(conn).await)?;
    Ok(whose == id)
}

const FACTS: &str = "SELECT no, at, kind, version, author, reason FROM campaign_facts
         WHERE campaign_id = $1 ORDER BY no";

/// What was decided, in order.
pub(super) async fn facts(db: &Db, id: CampaignId) -> sqlx::Result<Vec<Fact>> {
    on!(db, pool => sqlx::query_as(FACTS).bind(id).fetch_all(pool).await)
}

/// What was decided, as a transaction sees it.
pub(super) async fn facts_in(tx: &mut Tx, id: CampaignId) -> sqlx::Result<Vec<Fact>> {
    on_tx!(tx, conn => sqlx::query_as(FACTS).bind(id).fetch_all(conn).await)
}

/// Appends a decision.
pub(super) async fn insert_fact(tx: &mut Tx, id: CampaignId, fact: &Fact) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO campaign_facts
             (campaign_id, no, at, kind, version, author, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(id)
        .bind(fact.no)
        .bind(fact.at)
        .bind(&fact.kind)
        .bind(fact.version)
        .bind(&fact.author)
        .bind(&fact.reason)
        .execute(conn)
        .await
        .map(|_| ()))
}
