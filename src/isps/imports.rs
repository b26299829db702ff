//! Imports of the register (台帳取込) as they are remembered: what each changed, and undoing it.
//!
//! Undoing has the providers that an import touched stand as they did before it, and keeps who did
//! so and why. What was attributed meanwhile stays as it was. Owns `isp_imports`.

use sqlx::FromRow;

use super::{
    Register,
    difference::Difference,
    entry::{self, Standing},
    store,
};
use crate::{
    app::App,
    audit::{self, Deed},
    db::Db,
    ids::IspId,
    time::Moment,
};

/// An import of the register (台帳取込) as it is remembered.
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "台帳取込")]
pub struct Import {
    /// Its number.
    pub no: i64,
    /// When.
    pub imported_at: Moment,
    /// What stood before, as JSON.
    pub before_it: String,
    /// What it changed, as JSON.
    pub difference: String,
    /// When it was undone.
    pub undone_at: Option<Moment>,
    /// Who undid it.
    pub undone_by: Option<String>,
    /// Why.
    pub undone_reason: Option<String>,
}

/// All imports, the latest first.
pub async fn history(db: &Db) -> crate::db::Result<Vec<Import>> {
    store::imports::all(db).await
}

/// Who undoes something, and why.
#[derive(Clone, Copy, Debug)]
pub struct Word<'a> {
    /// Who.
    pub author: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// Undoes the last import that stands: what it changed is as it was before. Nothing when none
/// stands.
pub async fn undo(app: &App, word: Word<'_>) -> anyhow::Result<Option<(Import, Difference)>> {
    let Some((last, wanted, difference)) = undoing(app).await? else { return Ok(None) };
    let mut tx = app.db.begin().await?;
    store::imports::undo(&mut tx, last.no, word, app.now()).await?;
    for (code, entry) in &wanted {
        store::write(&mut tx, (code, entry.as_ref()), IspId(app.fresh_id()), app.now()).await?;
    }
    let number = last.no.to_string();
    let leaf = Deed::new("isp.undo", &number).by(word.author, app.now());
    audit::note(&mut tx, leaf).await?;
    tx.commit().await?;
    Ok(Some((last, difference)))
}

/// What [`undo`] would do.
pub async fn rehearse_undo(app: &App) -> anyhow::Result<Option<(Import, Difference)>> {
    Ok(undoing(app).await?.map(|(last, _, difference)| (last, difference)))
}

/// The last import that stands, how its providers stood before, and what leads there.
async fn undoing(app: &App) -> anyhow::Result<Option<(Import, Standing, Difference)>> {
    let standing = store::imports::all(&app.db).await?;
    let Some(last) = standing.into_iter().find(|one| one.undone_at.is_none()) else {
        return Ok(None);
    };
    let wanted: Standing = serde_json::from_str(&last.before_it)?;
    let register = Register::load(&app.db).await?;
    let mut by_isp = entry::entries(&register);
    let now_standing = register.isps.iter().filter(|isp| isp.removed_at.is_none());
    let now: Standing = now_standing
        .filter(|isp| wanted.contains_key(&isp.code))
        .map(|isp| (isp.code.clone(), by_isp.remove(&isp.id)))
        .collect();
    let difference = Difference::between(&now, &wanted);
    Ok(Some((last, wanted, difference)))
}
