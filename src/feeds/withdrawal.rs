//! Withdrawal (取下げ): that somebody takes a file back, or brings it back, and says why.
//!
//! These are the facts about the file. What is taken out of the later stages, and in which order,
//! is for `intake` to know, which stands above them. Owns `feed_file_events`.

use sqlx::FromRow;

use super::{
    files::Holds,
    receive::{Counts, FeedFile},
    store::undo as store,
};
use crate::{
    app::App,
    audit::{self, Deed},
    db::{Db, Tx},
    ids::FileId,
    time::Moment,
};

pub use super::quarantine::Word;

/// What somebody decided about a file (ファイルの処理).
#[derive(Clone, Debug, FromRow)]
pub struct Decided {
    /// When.
    pub at: Moment,
    /// `withdrawn`, `restored` or `approved`.
    pub kind: String,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// What people decided about a file, in order of time.
pub async fn history(db: &Db, file: FileId) -> crate::db::Result<Vec<Decided>> {
    store::events(db, file).await
}

/// Why a file is not withdrawn or restored (取下げできない理由).
#[derive(Debug, thiserror::Error)]
pub enum NotUndone {
    /// Coverage is corrected, not withdrawn.
    #[error("`{0}` holds coverage; a newer coverage file of the same run corrects it")]
    Coverage(String),
    /// All of it is out.
    #[error("`{0}` is withdrawn already; `todoke feed restore` brings it back")]
    Withdrawn(String),
    /// It stands.
    #[error("`{0}` is not withdrawn: there is nothing to restore")]
    Stands(String),
    /// Somebody began and was interrupted.
    #[error("`{0}` is not withdrawn to its end: run `todoke feed withdraw` again first")]
    Unfinished(String),
}

/// Begins to withdraw a file, or goes on: from here on it is given no further row, and is no word
/// on any run. The first word stays.
pub(crate) async fn begin(
    app: &App,
    file: &FeedFile,
    word: Word<'_>,
) -> anyhow::Result<Result<Decided, NotUndone>> {
    if let Err(why) = may_begin(&app.db, file).await? {
        return Ok(Err(why));
    }
    let now = app.now();
    let mut tx = app.db.begin().await?;
    if store::set_withdrawn(&mut tx, file.id, now).await? {
        store::insert_event(&mut tx, file.id, ("withdrawn", &word), now).await?;
        let name = file.id.to_string();
        audit::note(&mut tx, Deed::new("file.withdraw", &name).by(word.author, now)).await?;
    }
    tx.commit().await?;
    let said = store::events(&app.db, file.id).await?;
    let last = said.into_iter().rev().find(|one| one.kind == "withdrawn");
    Ok(Ok(last.ok_or_else(|| anyhow::anyhow!("nobody withdrew {}", file.name))?))
}

/// Whether a file may be withdrawn, or its withdrawal go on.
pub(crate) async fn may_begin(
    db: &Db,
    file: &FeedFile,
) -> crate::db::Result<Result<(), NotUndone>> {
    let name = || file.name.clone();
    if file.holds == Holds::Coverage {
        return Ok(Err(NotUndone::Coverage(name())));
    }
    let (_, emptied) = store::standing(db, file.id).await?;
    Ok(if emptied.is_some() { Err(NotUndone::Withdrawn(name())) } else { Ok(()) })
}

/// Forgets what this stage holds of a file, in one transaction: rows in quarantine, what it said of
/// runs (whose names stay), its weight.
pub(crate) async fn empty(tx: &mut Tx, file: FileId, at: Moment) -> crate::db::Result<()> {
    store::empty(tx, file, at).await
}

/// Opens a withdrawn file again, under the name it had: it is then like one that came and of which
/// no row is in yet.
pub(crate) async fn reopen(
    app: &App,
    file: &FeedFile,
    word: Word<'_>,
) -> anyhow::Result<Result<(), NotUndone>> {
    let name = || file.name.clone();
    match store::standing(&app.db, file.id).await? {
        (None, _) => return Ok(Err(NotUndone::Stands(name()))),
        (Some(_), None) => return Ok(Err(NotUndone::Unfinished(name()))),
        (Some(_), Some(_)) => {}
    }
    let counts = serde_json::to_string(&Counts::default())?;
    let mut tx = app.db.begin().await?;
    if !store::reopen(&mut tx, file.id, &counts).await? {
        return Ok(Err(NotUndone::Stands(name())));
    }
    store::insert_event(&mut tx, file.id, ("restored", &word), app.now()).await?;
    let name = file.id.to_string();
    audit::note(&mut tx, Deed::new("file.restore", &name).by(word.author, app.now())).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// The file as it stands in the store.
pub(crate) async fn anew(db: &Db, file: FileId) -> anyhow::Result<FeedFile> {
    let found = store::by_id(db, file).await?.into_iter().next();
    found.map(|one| one.file).ok_or_else(|| anyhow::anyhow!("file {file} is gone"))
}

/// Whether nobody has begun to withdraw a file, as a transaction sees it.
pub(crate) async fn stands(tx: &mut Tx, file: FileId) -> crate::db::Result<bool> {
    store::stands(tx, file).await
}

/// How many rows of a file stand in quarantine.
pub(crate) async fn in_quarantine(db: &Db, file: FileId) -> crate::db::Result<i64> {
    store::in_quarantine(db, file).await
}

/// Runs that a file spoke of, and that are covered: without another file they are read as if they
/// had found nothing.
pub(crate) async fn covered_runs(db: &Db, file: FileId) -> crate::db::Result<Vec<String>> {
    store::covered_runs(db, file).await
}
