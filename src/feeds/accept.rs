//! Accepting (受理): the bytes of a file are archived and its name stands in the store, once.
//!
//! A file is known by its content and, where names say it, by the type of report that it is; what
//! else it is called says nothing. From here on the file is durable, and whoever is killed goes on
//! with it later (see [`super::receive`]).

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{
    Feed, archive, coverage,
    files::Holds,
    format,
    receive::{Counts, FeedFile},
    store,
};
use crate::{
    app::App,
    audit::{self, Deed},
    db::{Tx, retry},
    ids::FileId,
};

/// A file whose bytes are archived and whose name stands in the store.
#[derive(Debug)]
pub struct Accepted {
    /// The file.
    pub file: FeedFile,
    /// Where its raw bytes lie, compressed.
    pub archived: PathBuf,
    /// Whether its content came for the first time.
    pub is_new: bool,
}

/// Archives `path` and enters it; a file that is known gives the entry it already has.
pub async fn accept(app: &App, feed: &Feed, holds: Holds, path: &Path) -> anyhow::Result<Accepted> {
    let folder = app.data.join("archive");
    let source = path.to_owned();
    let archiving = tokio::task::spawn_blocking(move || archive::keep(&folder, &source));
    let (sha256, bytes, archived) = archiving.await??;
    let name = name_of(path);
    let report_type = match holds {
        Holds::Hits => format::report_type(feed, &name, path),
        Holds::Coverage => None,
    };
    let fresh = FeedFile {
        id: FileId(app.fresh_id()),
        holds,
        sha256,
        report_type: Some(report_type.unwrap_or_default()),
        name,
        received_at: app.now(),
        rows_done: 0,
        counts: match holds {
            Holds::Hits => serde_json::to_string(&Counts::default())?,
            Holds::Coverage => serde_json::to_string(&coverage::Counts::default())?,
        },
        completed_at: None,
        refused: None,
        withdrawn_at: None,
    };
    loop {
        let file = enter(app, feed, &fresh, bytes).await?;
        let is_new = file.id == fresh.id;
        // Whoever was overtaken looks again at what stands by now.
        if let Some(file) = reconsider(app, feed, file, (&fresh, path)).await? {
            return Ok(Accepted { file, archived, is_new });
        }
    }
}

/// Enters a file unless one is known that it comes to; gives the entry that stands.
async fn enter(app: &App, feed: &Feed, fresh: &FeedFile, bytes: i64) -> anyhow::Result<FeedFile> {
    let enter = || async {
        let mut tx = app.db.begin().await?;
        let mut alike = store::of_content(&mut tx, feed.id, fresh).await?;
        if stands_for(&alike, fresh).is_none() {
            store::enter_file(&mut tx, feed.id, fresh, bytes).await?;
            alike = store::of_content(&mut tx, feed.id, fresh).await?;
            note_entry(app, &mut tx, feed, fresh).await?;
        }
        let file = stands_for(&alike, fresh).cloned();
        tx.commit().await?;
        Ok(file)
    };
    retry::until_settled(enter).await?.context("a file that was just entered does not stand")
}

/// Which of the files with the same content a fresh one comes to, if any.
///
/// The same bytes may be two reports: an empty day looks alike in types with the same columns. A
/// name that says no type is no reason to take bytes in anew that are known; and where they were
/// refused under such a name, the right name mends that.
fn stands_for<'a>(alike: &'a [FeedFile], fresh: &FeedFile) -> Option<&'a FeedFile> {
    let is_nameless = |file: &FeedFile| file.report_type.as_deref() == Some("");
    let same =
        |file: &&FeedFile| file.report_type.is_none() || file.report_type == fresh.report_type;
    let same = alike.iter().find(same);
    if is_nameless(fresh) {
        alike.iter().find(|file| !file.may_be_reopened()).or(same)
    } else {
        same.or_else(|| alike.iter().find(|file| is_nameless(file) && file.may_be_reopened()))
    }
}

/// Lets a file that was refused as a whole go on if it can be read now: its type may stand in the
/// name that it bears only this time, and a newer version may know what an older one did not.
/// Nothing where somebody else let it go on, or entered it under this type, in the meantime.
async fn reconsider(
    app: &App,
    feed: &Feed,
    file: FeedFile,
    (fresh, path): (&FeedFile, &Path),
) -> crate::db::Result<Option<FeedFile>> {
    let name = &fresh.name;
    let hopeless = || match file.holds {
        Holds::Hits => format::open_rows(feed, name, path, app.now()).is_err(),
        Holds::Coverage => coverage::open_rows(feed, name, path, app.now()).is_err(),
    };
    if !file.may_be_reopened() || hopeless() {
        return Ok(Some(file));
    }
    let reopen = || async {
        let mut tx = app.db.begin().await?;
        store::reopen_file(&mut tx, &file, fresh).await?;
        note_entry(app, &mut tx, feed, &file).await?;
        tx.commit().await
    };
    match retry::until_settled(reopen).await {
        Err(fault) if retry::is_beaten(&fault) => return Ok(None),
        reopened => reopened?,
    }
    let (name, report_type) = (name.clone(), fresh.report_type.clone());
    Ok(Some(FeedFile { name, report_type, completed_at: None, refused: None, ..file }))
}

/// Leaves in the audit log that a person handed a file in.
async fn note_entry(app: &App, tx: &mut Tx, feed: &Feed, file: &FeedFile) -> crate::db::Result<()> {
    let detail = serde_json::json!({
        "feed": feed.name, "holds": file.holds.word(), "sha256": file.sha256,
    });
    let (name, detail) = (file.id.to_string(), detail.to_string());
    audit::note_deed(app, tx, Deed::new("file.enter", &name).with(&detail)).await
}

/// The name a file bears, without its folder.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
