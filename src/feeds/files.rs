//! Files of feeds (取込回): what came, under which name, and what became of it as a whole.

use std::fmt;

use sqlx::FromRow;

use super::{Feed, NotAWord, receive::FeedFile, store};
use crate::{
    db::Db,
    ids::{FeedId, FileId},
    time::Moment,
};

/// What the rows of a file are (内容).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Detections, in the format of the feed.
    Hits,
    /// What its runs covered.
    Coverage,
}

impl Holds {
    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hits => "hits",
            Self::Coverage => "coverage",
        }
    }
}

impl TryFrom<String> for Holds {
    type Error = NotAWord;

    fn try_from(word: String) -> Result<Self, NotAWord> {
        let known = [Self::Hits, Self::Coverage].into_iter().find(|holds| holds.word() == word);
        known.ok_or(NotAWord(word))
    }
}

/// A file as operators see it.
#[derive(Clone, Debug, FromRow)]
pub struct Listed {
    /// Its key.
    pub id: FileId,
    /// The name of its feed.
    pub feed: String,
    /// What its rows are.
    #[sqlx(try_from = "String")]
    pub holds: Holds,
    /// The hash of its content.
    pub sha256: String,
    /// The name it came under.
    pub name: String,
    /// When it came.
    pub received_at: Moment,
    /// Rows that are in.
    pub rows_done: i64,
    /// When its last row went in, or when it was refused.
    pub completed_at: Option<Moment>,
    /// Why it was refused as a whole, or where it breaks off.
    pub refused: Option<String>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Moment>,
    /// Rows of it that wait in quarantine.
    pub waiting: i64,
    /// Rows of it that somebody looked at and closed.
    pub dismissed: i64,
}

/// What became of a file as a whole (取込結果).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Taken in to its end.
    Taken,
    /// Refused before its first row, or broken off within.
    Refused,
    /// Begun and not ended: the same file given again goes on.
    Unfinished,
    /// Taken back by somebody, with all that came of it.
    Withdrawn,
}

impl Outcome {
    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Refused => "refused",
            Self::Unfinished => "unfinished",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Listed {
    /// What became of it.
    pub fn outcome(&self) -> Outcome {
        match (&self.refused, self.completed_at) {
            _ if self.withdrawn_at.is_some() => Outcome::Withdrawn,
            (Some(_), _) => Outcome::Refused,
            (None, Some(_)) => Outcome::Taken,
            (None, None) => Outcome::Unfinished,
        }
    }
}

/// Files of a feed or of all, in the order in which they came.
pub async fn all(db: &Db, feed: Option<FeedId>) -> crate::db::Result<Vec<Listed>> {
    store::listed(db, feed).await
}

/// Files of a feed that hold hits, in the order in which they came.
pub(crate) async fn with_hits(db: &Db, feed: FeedId) -> crate::db::Result<Vec<FeedFile>> {
    store::files_with_hits(db, feed).await
}

/// The fewest characters of a content hash that name a file.
pub const HASH_MIN: usize = 8;

/// Why a text names no file (ファイル指定の誤り).
#[derive(Debug, thiserror::Error)]
pub enum NoSuchFile {
    /// Nothing of that name came.
    #[error("no file `{0}` came; see `todoke feed files --json` for ids and hashes")]
    Unknown(String),
    /// Several begin so.
    #[error("several files begin with `{0}`: {1}; give the id of one")]
    Several(String, String),
    /// It says too little.
    #[error("`{0}` names no file: give its id, or at least {HASH_MIN} digits of its sha256")]
    TooShort(String),
}

/// The file of that id, or whose content hash begins so, with its feed.
pub async fn named(db: &Db, text: &str) -> anyhow::Result<Result<(Feed, FeedFile), NoSuchFile>> {
    let is_hash = text.len() >= HASH_MIN && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let found = if let Ok(id) = text.parse::<FileId>() {
        store::undo::by_id(db, id).await?
    } else if is_hash {
        store::undo::by_hash(db, &text.to_ascii_lowercase()).await?
    } else {
        return Ok(Err(NoSuchFile::TooShort(text.to_owned())));
    };
    if found.len() > 1 {
        let ids: Vec<String> = found.iter().map(|one| one.file.id.to_string()).collect();
        return Ok(Err(NoSuchFile::Several(text.to_owned(), ids.join(", "))));
    }
    let feeds = super::all(db).await?;
    let found = found.into_iter().next().and_then(|one| {
        let feed = feeds.into_iter().find(|feed| feed.id == one.feed_id)?;
        Some((feed, one.file))
    });
    Ok(found.ok_or_else(|| NoSuchFile::Unknown(text.to_owned())))
}
