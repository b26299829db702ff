//! Ways in (取得経路): where the files of a feed are fetched from, and when.
//!
//! A folder that somebody writes into, a mailbox, the reports of Shadowserver, a TAXII collection.
//! Each way has a schedule; each of its runs is a dated fact. A run hands every file over by
//! `hand_over`, which makes it durable and enters it once by content; taking in is for `intake`.
//! Secrets lie in files of their own. Owns `feed_ways`, `way_runs`, `way_items`, `way_refusals`;
//! reads `feeds` and, by its verbs, `jobs`.

pub mod folder;
mod hand_over;
pub mod history;
pub mod mailbox;
pub mod run;
mod secret;
pub mod shadowserver_api;
pub mod taxii;

use std::{fmt, path::PathBuf, str::FromStr};

use sqlx::FromRow;

use super::{Feed, NAMES, NotAWord, is_name, store::ways as store};
use crate::{
    app::App,
    audit::{self, Deed},
    db::{Db, retry},
    ids::{FeedId, SubjectId, WayId},
    jobs::{
        queue,
        schedule::{NotASchedule, Schedule},
    },
    time::Moment,
};

/// The kind of jobs that runs of ways are.
pub const JOB: &str = "way";

/// A way in (取得経路).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "取得経路")]
pub struct Way {
    /// Its key.
    pub id: WayId,
    /// The feed its files belong to.
    pub feed_id: FeedId,
    /// The name of that feed.
    pub feed: String,
    /// Its own name, one of a kind within its feed.
    pub name: String,
    /// Where it leads.
    #[sqlx(try_from = "String")]
    pub kind: Kind,
    /// [`Settings`] as JSON.
    pub settings: String,
    /// The file that holds its secret.
    pub secret_file: Option<String>,
    /// A [`Schedule`] as it is written.
    pub schedule: String,
    /// Where it goes on the next time, as its kind writes it.
    pub position: String,
    /// Since when it rests.
    pub paused_at: Option<Moment>,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.feed, self.name)
    }
}

impl Way {
    /// Its schedule.
    pub fn schedule(&self) -> Result<Schedule, NotASchedule> {
        self.schedule.parse()
    }
}

/// Where a way leads (取得経路の種類).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "取得経路の種類")]
pub enum Kind {
    /// A folder that somebody else writes into.
    Folder,
    /// A mailbox, by IMAP.
    Mailbox,
    /// The reports API of Shadowserver.
    ShadowserverApi,
    /// A collection of a TAXII 2.1 server.
    Taxii,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Folder, Self::Mailbox, Self::ShadowserverApi, Self::Taxii];

    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Mailbox => "mailbox",
            Self::ShadowserverApi => "shadowserver-api",
            Self::Taxii => "taxii",
        }
    }
}

impl FromStr for Kind {
    type Err = NotAWord;

    fn from_str(word: &str) -> Result<Self, NotAWord> {
        let known = Self::ALL.into_iter().find(|kind| kind.word() == word);
        known.ok_or_else(|| NotAWord(word.to_owned()))
    }
}

impl TryFrom<String> for Kind {
    type Error = NotAWord;

    fn try_from(word: String) -> Result<Self, NotAWord> {
        word.parse()
    }
}

/// What a way needs to know (取得経路の設定); no secret is among it.
#[derive(Clone, Debug)]
pub enum Settings {
    /// Of a folder.
    Folder(folder::Settings),
    /// Of a mailbox.
    Mailbox(mailbox::Settings),
    /// Of the reports API.
    ShadowserverApi(shadowserver_api::Settings),
    /// Of a TAXII collection.
    Taxii(taxii::Settings),
}

impl Settings {
    /// The kind whose settings these are.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Folder(_) => Kind::Folder,
            Self::Mailbox(_) => Kind::Mailbox,
            Self::ShadowserverApi(_) => Kind::ShadowserverApi,
            Self::Taxii(_) => Kind::Taxii,
        }
    }

    fn written(&self) -> serde_json::Result<String> {
        match self {
            Self::Folder(it) => serde_json::to_string(it),
            Self::Mailbox(it) => serde_json::to_string(it),
            Self::ShadowserverApi(it) => serde_json::to_string(it),
            Self::Taxii(it) => serde_json::to_string(it),
        }
    }

    fn read(kind: Kind, text: &str) -> serde_json::Result<Self> {
        Ok(match kind {
            Kind::Folder => Self::Folder(serde_json::from_str(text)?),
            Kind::Mailbox => Self::Mailbox(serde_json::from_str(text)?),
            Kind::ShadowserverApi => Self::ShadowserverApi(serde_json::from_str(text)?),
            Kind::Taxii => Self::Taxii(serde_json::from_str(text)?),
        })
    }

    /// What shows to be wrong without a run.
    fn objection(&self) -> Option<String> {
        match self {
            Self::Folder(it) => it.objection(),
            Self::Mailbox(it) => it.objection(),
            Self::ShadowserverApi(it) => it.objection(),
            Self::Taxii(it) => it.objection(),
        }
    }
}

/// What a way is made of.
#[derive(Clone, Debug)]
pub struct NewWay {
    /// Its name within its feed.
    pub name: String,
    /// Where it leads, and how.
    pub settings: Settings,
    /// The file that holds its secret.
    pub secret_file: Option<PathBuf>,
    /// When it runs.
    pub schedule: Schedule,
}

/// Why a way is not made (取得経路の登録拒否).
#[derive(Debug, thiserror::Error)]
pub enum WayRefused {
    /// Such a name could not be told from the feed's, or not be typed.
    #[error("`{0}` is no name of a way: {NAMES}")]
    BadName(String),
    /// The feed has another way of that name.
    #[error("the feed `{0}` has a way `{1}` already; remove it first by `todoke feed way remove`")]
    NameTaken(String, String),
    /// The settings cannot be right.
    #[error("{0}")]
    BadSettings(String),
    /// The secret cannot be used.
    #[error("{0}")]
    BadSecret(#[from] secret::SecretRefused),
}

/// Makes a way of `feed`; its first run is due at once.
pub async fn add(app: &App, feed: &Feed, new: &NewWay) -> anyhow::Result<Result<Way, WayRefused>> {
    if !is_name(&new.name) {
        return Ok(Err(WayRefused::BadName(new.name.clone())));
    }
    if let Some(why) = new.settings.objection() {
        return Ok(Err(WayRefused::BadSettings(why)));
    }
    let kind = new.settings.kind();
    if let Err(why) = secret::check(kind, new.secret_file.as_deref()) {
        return Ok(Err(why.into()));
    }
    let way = Way {
        id: WayId(app.fresh_id()),
        feed_id: feed.id,
        feed: feed.name.clone(),
        name: new.name.clone(),
        kind,
        settings: new.settings.written()?,
        secret_file: new.secret_file.as_ref().map(|path| path.display().to_string()),
        schedule: new.schedule.to_string(),
        position: "{}".to_owned(),
        paused_at: None,
    };
    let enter = || async {
        let mut tx = app.db.begin().await?;
        let is_new = store::insert(&mut tx, &way, app.now()).await?;
        if is_new {
            queue::plan(&mut tx, JOB, way.subject(), Some(app.now())).await?;
            audit::note_deed(app, &mut tx, Deed::new("way.add", &way.to_string())).await?;
        }
        tx.commit().await?;
        Ok(is_new)
    };
    let taken = || WayRefused::NameTaken(feed.name.clone(), new.name.clone());
    Ok(if retry::again(enter).await? { Ok(way) } else { Err(taken()) })
}

impl Way {
    /// What its jobs are done to.
    pub(super) fn subject(&self) -> SubjectId {
        SubjectId(self.id.0)
    }
}

/// Ways of a feed or of all, by feed and name.
pub async fn all(db: &Db, feed: Option<FeedId>) -> crate::db::Result<Vec<Way>> {
    store::all(db, feed).await
}

/// The way that is written as `FEED/NAME`.
pub async fn named(db: &Db, feed_and_name: &str) -> crate::db::Result<Option<Way>> {
    let ways = all(db, None).await?;
    Ok(ways.into_iter().find(|way| way.to_string() == feed_and_name))
}

/// Lets a way rest; a run that is going on ends first.
pub async fn pause(app: &App, way: &Way) -> anyhow::Result<()> {
    set_paused(app, way, Some(app.now())).await
}

/// Lets a way run again, at once and then by its schedule.
pub async fn resume(app: &App, way: &Way) -> anyhow::Result<()> {
    set_paused(app, way, None).await
}

async fn set_paused(app: &App, way: &Way, since: Option<Moment>) -> anyhow::Result<()> {
    let due = if since.is_some() { None } else { Some(app.now()) };
    let set = || async {
        let mut tx = app.db.begin().await?;
        // The job first: a run that ends at this moment locks it first too, then reads the date.
        queue::plan(&mut tx, JOB, way.subject(), due).await?;
        store::set_paused(&mut tx, way.id, since).await?;
        let act = if since.is_some() { "way.pause" } else { "way.resume" };
        audit::note_deed(app, &mut tx, Deed::new(act, &way.to_string())).await?;
        tx.commit().await
    };
    Ok(retry::until_settled(set).await?)
}

/// Takes a way out, with its history; the files that came by it stay.
pub async fn remove(app: &App, way: &Way) -> anyhow::Result<()> {
    let remove = || async {
        let mut tx = app.db.begin().await?;
        queue::forget(&mut tx, JOB, way.subject()).await?;
        store::delete(&mut tx, way.id).await?;
        audit::note_deed(app, &mut tx, Deed::new("way.remove", &way.to_string())).await?;
        tx.commit().await
    };
    Ok(retry::until_settled(remove).await?)
}
