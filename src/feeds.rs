//! Feeds (フィード): what arrives, from whom and when.
//!
//! First stage: takes files in exactly once by content, keeps each raw file compressed under its
//! hash, understands its rows or puts them in quarantine, and records which prefixes and ports a
//! scan really covered. Owns `feeds`, `csv_mappings`, `feed_files`, `feed_file_events`,
//! `file_containers`, `file_addresses`, `file_gates`, `quarantined_rows`, `quarantine_events`,
//! `raw_readings`, `run_hits`, `scan_coverage`, `feed_ways`, `way_runs`, `way_items`,
//! `way_refusals`.

pub mod accept;
pub mod archive;
pub mod calendar;
pub mod coverage;
pub mod deliver;
pub mod files;
pub mod format;
pub mod gate;
pub mod hits;
pub mod jobs;
pub mod mappings;
pub mod overview;
pub mod quarantine;
pub mod readings;
pub mod receive;
pub mod refusals;
pub(crate) mod room;
pub mod runs;
pub(crate) mod store;
pub mod ways;
pub mod withdrawal;

use formats::Stream;
use sqlx::FromRow;

use crate::{
    app::App,
    audit::{self, Deed},
    db::Db,
    ids::FeedId,
};

pub use format::Format;

/// A source of files (フィード) and how to read them.
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "フィード")]
pub struct Feed {
    /// Its key.
    pub id: FeedId,
    /// Its name in commands.
    pub name: String,
    /// How its files are read.
    #[sqlx(try_from = "String")]
    pub format: Format,
    /// The undertaking its cases belong to.
    pub stream: String,
    /// Minutes east of UTC of its naive times; nothing = such times are refused.
    pub utc_offset_minutes: Option<i64>,
    /// The least completeness at which a run of it counts as covering.
    pub completeness_floor: f64,
    /// The mapping in force, as JSON, where the format names one.
    pub mapping: Option<String>,
}

/// A word of the store that this version does not know.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no word that this version knows")]
pub struct NotAWord(String);

/// What a feed is registered with.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Its name.
    pub name: String,
    /// How its files are read.
    pub format: Format,
    /// The undertaking.
    pub stream: Stream,
    /// Minutes east of UTC of naive times.
    pub utc_offset_minutes: Option<i64>,
    /// The least completeness of a covering run, from 0 to 1.
    pub completeness_floor: f64,
}

/// Why a feed is not registered.
#[derive(Debug, thiserror::Error)]
pub enum FeedRefused {
    /// Such a name could not be typed, or stand in the address of a page.
    #[error("`{0}` is no name of a feed: {NAMES}")]
    BadName(String),
    /// The name is taken by a feed that is read or judged in another way.
    #[error("the feed `{0}` exists already with another format, stream, zone or floor")]
    NameTaken(String),
    /// No mapping has that name.
    #[error("no mapping is named `{0}`; `todoke feed map FILE --save {0}` saves one")]
    NoMapping(String),
    /// The completeness is no share.
    #[error("the completeness floor must lie between 0 and 1")]
    NoShare,
}

/// What a feed, or a way of one, may be called.
const NAMES: &str = "write up to 64 letters, digits, `.`, `_` or `-`, and not dots alone";

/// Whether a word may name a feed or a way of one: it stands in commands and in addresses of pages,
/// where dots alone would lead to the page above.
fn is_name(word: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=64).contains(&word.len()) && word.chars().all(fits) && !word.chars().all(|c| c == '.')
}

/// Registers a feed; the same registration again changes nothing. Tells whether it is new.
pub async fn add(
    app: &App,
    new: &Registration,
) -> anyhow::Result<Result<(Feed, bool), FeedRefused>> {
    if !(0.0..=1.0).contains(&new.completeness_floor) {
        return Ok(Err(FeedRefused::NoShare));
    }
    if let Some(feed) = by_name(&app.db, &new.name).await? {
        let same = feed.format == new.format
            && feed.stream == new.stream.code()
            && feed.utc_offset_minutes == new.utc_offset_minutes
            && feed.completeness_floor.total_cmp(&new.completeness_floor).is_eq();
        let taken = FeedRefused::NameTaken(new.name.clone());
        return Ok(if same { Ok((feed, false)) } else { Err(taken) });
    }
    // A feed that stands keeps its name, whatever was allowed when it was registered.
    if !is_name(&new.name) {
        return Ok(Err(FeedRefused::BadName(new.name.clone())));
    }
    let mapping = match &new.format {
        Format::Csv(name) => match mappings::in_force(&app.db, name).await? {
            Some(saved) => Some(saved.body),
            None => return Ok(Err(FeedRefused::NoMapping(name.clone()))),
        },
        _ => None,
    };
    let feed = Feed {
        id: FeedId(app.fresh_id()),
        name: new.name.clone(),
        format: new.format.clone(),
        mapping,
        stream: new.stream.code().to_owned(),
        utc_offset_minutes: new.utc_offset_minutes,
        completeness_floor: new.completeness_floor,
    };
    let mut tx = app.db.begin().await?;
    store::insert_feed(&mut tx, &feed, app.now()).await?;
    audit::note_deed(app, &mut tx, Deed::new("feed.add", &feed.name)).await?;
    tx.commit().await?;
    Ok(Ok((feed, true)))
}

/// All feeds by name.
pub async fn all(db: &Db) -> crate::db::Result<Vec<Feed>> {
    store::feeds(db).await
}

/// The feed of that name.
pub async fn by_name(db: &Db, name: &str) -> crate::db::Result<Option<Feed>> {
    Ok(all(db).await?.into_iter().find(|feed| feed.name == name))
}
