//! Campaigns (緊急支援キャンペーン): help around a one-off list, such as that of Emotet victims.
//!
//! Fifth stage: says where a list came from and under which basis, which providers take part, and
//! which cases it names; notices then go to those who take part alone. Each version of what a
//! campaign says, and each decision about it, is kept with its date and author. Owns `campaigns`,
//! `campaign_versions`, `campaign_facts`, `campaign_feeds`, `campaign_isp_facts`, `campaign_cases`,
//! `campaign_files`, with the views `campaign_standings` and `open_campaigns`; reads `feeds`,
//! `feed_files`, `quarantined_rows`, `hits` and `cases`.

pub mod decisions;
pub mod draft;
pub mod enrol;
pub mod offers;
pub(crate) mod pages;
pub mod participants;
pub(crate) mod store;
pub mod translations;

use sqlx::FromRow;

pub use decisions::Decided;
pub use draft::Said;

use crate::{
    app::App,
    audit::{self, Leaf},
    db::{Db, retry},
    feeds,
    ids::{CampaignId, FeedId},
    language::Language,
    time::Moment,
};

/// A campaign (緊急支援キャンペーン): what it says now, and how it stands.
#[derive(Clone, Debug)]
#[doc(alias = "緊急支援キャンペーン")]
pub struct Campaign {
    /// Its key.
    pub id: CampaignId,
    /// Its name in commands, on lists and in the address of its page.
    pub name: String,
    /// The number of its latest version.
    pub version: i64,
    /// What that says.
    pub said: Said,
    /// What people decided about it.
    pub decided: Decided,
    /// What the version says that two people stand for, where they do.
    pub agreed: Option<Said>,
    /// What the version says that lists, figures and providers go by: that to which two people
    /// agreed last, even where it was taken down since, and before any of them the latest.
    pub holds: Said,
    /// The number of that version.
    pub holds_version: i64,
}

impl Campaign {
    /// What the public sees of it, where it does.
    pub fn public(&self) -> Option<&Said> {
        self.agreed.as_ref().filter(|said| said.is_public)
    }

    /// How far what it says may be relied on.
    pub fn text(&self) -> Text {
        match (self.decided.published, self.decided.agreed_last) {
            (Some(_), _) => Text::Agreed,
            (None, Some(_)) => Text::TakenDown,
            (None, None) => Text::Draft,
        }
    }
}

/// How far what a campaign says may be relied on (文面の確かさ).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "文面の確かさ")]
pub enum Text {
    /// Two people never agreed to any version: it may change.
    Draft,
    /// Two people stand for it.
    Agreed,
    /// Two people stood for it, and it was taken down.
    TakenDown,
}

/// A dated decision about a campaign (経過), with its author.
#[derive(Clone, Debug, FromRow)]
pub struct Fact {
    /// Its number within the campaign, from 1.
    pub no: i64,
    /// When.
    pub at: Moment,
    /// `proposed`, `published`, `taken_down`, `closed`, `reopened`.
    pub kind: String,
    /// Of which version it speaks, where it does.
    pub version: Option<i64>,
    /// Who decided.
    pub author: String,
    /// Why, where that was said.
    pub reason: Option<String>,
}

/// Why a campaign is not entered.
#[derive(Debug, thiserror::Error)]
pub enum CampaignRefused {
    /// Such a name could not be typed, or stand in the address of a page.
    #[error("`{0}` is no name of a campaign: write up to 64 small letters, digits or `-`")]
    BadName(String),
    /// The campaign names a feed that is not registered.
    #[error("no feed is named `{0}`; register it by `todoke feed add {0} --stream campaign …`")]
    NoSuchFeed(String),
    /// The feed brings detections of another undertaking.
    #[error("the feed `{0}` is of the stream {1}; a campaign takes feeds of the stream campaign")]
    OtherStream(String, String),
    /// Another campaign has the feed.
    #[error("the feed `{0}` brings the list of another campaign")]
    FeedTaken(String),
}

/// No campaign has that name.
#[derive(Debug, thiserror::Error)]
#[error("no campaign is named `{0}`; see `todoke campaign list`")]
pub struct NoSuchCampaign(pub String);

/// What came of entering a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is new.
    New,
    /// What it says is changed: this is its next version.
    Version(i64),
    /// It says so already.
    Unchanged,
}

fn is_name(word: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=64).contains(&word.len()) && word.chars().all(fits)
}

/// Enters a campaign, or the next version of what it says; the same again changes nothing.
pub async fn add(
    app: &App,
    name: &str,
    said: &Said,
    by: &str,
) -> anyhow::Result<Result<Added, CampaignRefused>> {
    if !is_name(name) {
        return Ok(Err(CampaignRefused::BadName(name.to_owned())));
    }
    let mut of_feeds = Vec::with_capacity(said.feeds.len());
    for feed in &said.feeds {
        let Some(found) = feeds::by_name(&app.db, feed).await? else {
            return Ok(Err(CampaignRefused::NoSuchFeed(feed.clone())));
        };
        if found.stream != "campaign" {
            return Ok(Err(CampaignRefused::OtherStream(feed.clone(), found.stream)));
        }
        of_feeds.push((found.id, feed.as_str()));
    }
    retry::looking_again(|| write(app, name, (said, &of_feeds), by)).await
}

async fn write(
    app: &App,
    name: &str,
    (said, of_feeds): (&Said, &[(FeedId, &str)]),
    by: &str,
) -> anyhow::Result<Result<Added, CampaignRefused>> {
    let body = serde_json::to_string(said)?;
    let (mut tx, now) = (app.db.begin().await?, app.now());
    let known = store::id_of(&mut tx, name).await?;
    let id = known.unwrap_or_else(|| CampaignId(app.fresh_id()));
    if known.is_none() {
        store::insert(&mut tx, (id, name), now, by).await?;
    }
    let before = store::latest(&mut tx, id).await?;
    for (feed, word) in of_feeds {
        if !store::name_feed(&mut tx, id, *feed, (now, by)).await? {
            return Ok(Err(CampaignRefused::FeedTaken((*word).to_owned())));
        }
    }
    let no = match &before {
        Some((_, old)) if *old == body => return Ok(Ok(Added::Unchanged)),
        Some((no, _)) => no + 1,
        None => 1,
    };
    let runs = (said.from, said.to);
    store::insert_version(&mut tx, (id, no), (now, by), (&body, runs)).await?;
    let detail = format!("{{\"version\":{no}}}");
    let leaf =
        Leaf { at: now, by, act: "campaign.add", on: name, isp: None, detail: Some(&detail) };
    audit::note(&mut tx, leaf).await?;
    tx.commit().await?;
    Ok(Ok(if no == 1 { Added::New } else { Added::Version(no) }))
}

/// All campaigns by name.
pub async fn all(db: &Db) -> anyhow::Result<Vec<Campaign>> {
    let mut campaigns = Vec::new();
    for (id, name) in store::all(db).await? {
        campaigns.extend(load(db, id, name).await?);
    }
    Ok(campaigns)
}

/// The campaign of that name.
pub async fn find(db: &Db, name: &str) -> anyhow::Result<Option<Campaign>> {
    match store::all(db).await?.into_iter().find(|(_, known)| known == name) {
        Some((id, name)) => load(db, id, name).await,
        None => Ok(None),
    }
}

/// The path of the public page of the campaign of that name, as it is read in that language.
pub fn page_of(name: &str, language: Language) -> String {
    match language {
        Language::Ja => format!("/campaigns/{name}"),
        Language::En => format!("/en/campaigns/{name}"),
        other => format!("/campaigns/{name}/{}", other.word()),
    }
}

/// The campaign of that key.
pub async fn of_id(db: &Db, id: CampaignId) -> anyhow::Result<Option<Campaign>> {
    match store::all(db).await?.into_iter().find(|(known, _)| *known == id) {
        Some((id, name)) => load(db, id, name).await,
        None => Ok(None),
    }
}

/// Campaigns whose page the public sees and that run at `now`, the latest begun first.
pub async fn running(db: &Db, now: Moment) -> anyhow::Result<Vec<Campaign>> {
    let mut running = Vec::new();
    for (id, name) in store::open_and_agreed(db).await? {
        let campaign = load(db, id, name).await?;
        let runs = |it: &Campaign| it.public().is_some_and(|said| said.runs_at(now));
        running.extend(campaign.filter(runs));
    }
    running.sort_by_key(|one| std::cmp::Reverse(one.holds.from));
    Ok(running)
}

async fn load(db: &Db, id: CampaignId, name: String) -> anyhow::Result<Option<Campaign>> {
    let versions = store::versions(db, id).await?;
    let Some((version, body)) = versions.last() else { return Ok(None) };
    let decided = Decided::of(&facts(db, id).await?);
    let read = |wanted: Option<i64>| -> anyhow::Result<Option<(i64, Said)>> {
        let found = versions.iter().find(|(no, _)| wanted == Some(*no));
        found.map(|(no, body)| Ok((*no, serde_json::from_str(body)?))).transpose()
    };
    let said: Said = serde_json::from_str(body)?;
    let agreed = read(decided.published)?.map(|(_, said)| said);
    let last = read(decided.agreed_last)?;
    let (holds_version, holds) = last.unwrap_or_else(|| (*version, said.clone()));
    let version = *version;
    Ok(Some(Campaign { id, name, version, said, decided, agreed, holds, holds_version }))
}

/// What was decided about a campaign, in order of time.
pub async fn facts(db: &Db, id: CampaignId) -> crate::db::Result<Vec<Fact>> {
    store::facts(db, id).await
}
