//! Mappings (項目対応): which column of a sender's CSV is what, kept as data under a name.
//!
//! A mapping is never edited: one saved under the same name takes its place from then on, and the
//! older ones stay with their date and author. A file keeps to the one by which it was taken in.
//! Owns `csv_mappings` with the stage.

use formats::{FileRefused, mapped_csv::Mapping};
use sqlx::FromRow;

use super::{Feed, store};
use crate::{
    app::App,
    audit::{self, Deed},
    db::Db,
    ids::FileId,
    time::Moment,
};

/// A mapping as it was saved (項目対応).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "項目対応")]
pub struct Saved {
    /// The name that feeds call it by.
    pub name: String,
    /// When.
    pub saved_at: Moment,
    /// By whom.
    pub saved_by: String,
    /// The mapping, as JSON.
    pub body: String,
}

/// Whether a word may name a mapping.
pub fn is_name(word: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=60).contains(&word.len()) && word.chars().all(fits)
}

/// Saves a mapping; tells whether it says anything that the one in force does not.
pub async fn save(app: &App, name: &str, mapping: &Mapping, by: &str) -> anyhow::Result<bool> {
    let body = serde_json::to_string(mapping)?;
    if in_force(&app.db, name).await?.is_some_and(|saved| saved.body == body) {
        return Ok(false);
    }
    let saved = Saved { name: name.to_owned(), saved_at: app.now(), saved_by: by.to_owned(), body };
    let mut tx = app.db.begin().await?;
    store::insert_mapping(&mut tx, &saved).await?;
    audit::note(&mut tx, Deed::new("feed.map", name).by(by, saved.saved_at)).await?;
    tx.commit().await?;
    Ok(true)
}

/// The mapping of that name that is in force.
pub async fn in_force(db: &Db, name: &str) -> crate::db::Result<Option<Saved>> {
    store::mapping(db, name).await
}

/// The mapping of that name by which a file was taken in, as JSON.
pub(super) async fn of_file(
    db: &Db,
    name: &str,
    file: FileId,
) -> crate::db::Result<Option<String>> {
    store::mapping_of_file(db, name, file).await
}

/// The mapping of a feed, which it was loaded with.
pub(super) fn of(feed: &Feed) -> Result<Mapping, FileRefused> {
    let absent = || format!("there is none for {}; save one by `todoke feed map`", feed.format);
    let body = feed.mapping.as_deref().ok_or_else(|| FileRefused::BadMapping(absent()))?;
    serde_json::from_str(body).map_err(|fault| FileRefused::BadMapping(fault.to_string()))
}
