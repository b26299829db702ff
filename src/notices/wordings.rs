//! Wordings (文面): what a notice says, per kind and language, as versions that two people stand for.
//!
//! Part of the seventh stage. A version is drafted by one account and approved by another, is in
//! force from a moment on, and is never edited: a change is the next version. The wordings in force
//! at a moment are the kit of that moment; its edition stands on each line of a list, so that
//! later nobody has to guess which words a subscriber was asked with. Owns `wordings`,
//! `wording_events`; reads `accounts`.

pub mod difference;
pub mod fill;
pub mod kind;
pub mod plain;
pub mod shipped;
pub mod text;

use std::{collections::BTreeSet, fmt};

use sqlx::FromRow;

use super::store::wordings::{self as store, Decided};
pub use crate::language;
use crate::{
    access::{
        accounts::{self, NoAccount},
        roles::Act,
    },
    app::App,
    audit::{self, Leaf},
    db::{Tx, retry},
    time::Moment,
};
pub use kind::{Audience, Kind, Way};
use language::Language;
use text::{NotAText, Text};

/// A kind in a language: what there is one wording of at a time (文面の見出し).
pub type Of = (Kind, Language);

/// The name of a version (版の名前): `letter-ja-2`. It stands on what a subscriber gets.
pub fn name((kind, language): Of, version: i64) -> String {
    format!("{}-{}-{version}", kind.word(), language.word())
}

/// A version of a wording, with the dated facts about it (文面の版).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "文面")]
pub struct Wording {
    /// By which way, and for whom.
    #[sqlx(try_from = "String")]
    pub kind: Kind,
    /// In which language.
    #[sqlx(try_from = "String")]
    pub language: Language,
    /// Counted from 1.
    pub version: i64,
    /// What it says.
    #[sqlx(flatten)]
    pub text: Text,
    /// When it was drafted.
    pub drafted_at: Moment,
    /// By whom.
    pub drafted_by: String,
    /// When somebody else approved it.
    pub approved_at: Option<Moment>,
    /// Who.
    pub approved_by: Option<String>,
    /// From when on it is in force.
    pub from_at: Option<Moment>,
    /// When it was retired.
    pub retired_at: Option<Moment>,
    /// By whom.
    pub retired_by: Option<String>,
    /// Why.
    pub retired_because: Option<String>,
}

impl Wording {
    /// A text that is kept nowhere, to be looked at.
    pub fn unsaved(of: Of, text: &Text, at: Moment) -> Self {
        drafted(of, 0, text, ("", at))
    }

    /// What it is a version of.
    pub fn of(&self) -> Of {
        (self.kind, self.language)
    }

    /// When it comes into force, unless it is retired before.
    fn comes_into_force(&self) -> Option<Moment> {
        let is_before = |from: &Moment| self.retired_at.is_none_or(|retired| *from < retired);
        self.from_at.filter(is_before)
    }

    /// How it stands at `at`.
    pub fn standing(&self, at: Moment) -> Standing {
        match (self.retired_at, self.from_at) {
            (Some(retired), _) if retired <= at => Standing::Retired,
            (_, None) => Standing::Draft,
            (_, Some(from)) if from > at => Standing::Coming,
            _ => Standing::Approved,
        }
    }
}

impl fmt::Display for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name(self.of(), self.version))
    }
}

/// How a version stands (文面の状態); it follows from dated facts and is stored nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody but its author stands for it.
    Draft,
    /// Approved, and in force later.
    Coming,
    /// Approved, and in force unless a later version is.
    Approved,
    /// Used no more.
    Retired,
}

impl Standing {
    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Coming => "coming",
            Self::Approved => "approved",
            Self::Retired => "retired",
        }
    }
}

/// The version of `of` in force at `at`: the one that came into force last. Where that one is
/// retired none is: an earlier one does not come back by itself. One that was retired before its
/// day never came.
pub fn in_force(all: &[Wording], of: Of, at: Moment) -> Option<&Wording> {
    let come = |wording: &&Wording| {
        wording.of() == of && wording.comes_into_force().is_some_and(|from| from <= at)
    };
    let last = all.iter().filter(come).max_by_key(|it| (it.from_at, it.version))?;
    (last.standing(at) == Standing::Approved).then_some(last)
}

/// How a version stands among the others at `at`, as a wire word: `in_force`, `superseded` by a
/// later one, or that of its [`Standing`].
pub fn state(all: &[Wording], wording: &Wording, at: Moment) -> &'static str {
    match wording.standing(at) {
        Standing::Approved => match in_force(all, wording.of(), at) {
            Some(current) if current.version == wording.version => "in_force",
            _ => "superseded",
        },
        standing => standing.word(),
    }
}

/// The edition of the kit at `at` (文面一式の版): `kit-3` after the third moment at which any
/// wording came into force or out of it. None before the first.
pub fn edition(all: &[Wording], at: Moment) -> Option<String> {
    let approved = all.iter().filter(|wording| wording.comes_into_force().is_some());
    let changes = approved.flat_map(|it| [it.from_at, it.retired_at]).flatten();
    let changes: BTreeSet<Moment> = changes.filter(|change| *change <= at).collect();
    (!changes.is_empty()).then(|| format!("kit-{}", changes.len()))
}

/// All versions of all wordings, by kind, language and version.
pub async fn all(tx: &mut Tx) -> crate::db::Result<Vec<Wording>> {
    store::all(tx).await
}

/// The same, in a transaction of its own.
pub async fn list(app: &App) -> crate::db::Result<Vec<Wording>> {
    let mut tx = app.db.snapshot().await?;
    store::all(&mut tx).await
}

/// Why nothing is drafted (起案できない理由).
#[derive(Debug, thiserror::Error)]
pub enum NotDrafted {
    /// The author has no account.
    #[error(transparent)]
    NoAccount(#[from] NoAccount),
    /// The text is not fit to be sent.
    #[error(transparent)]
    Text(#[from] NotAText),
    /// It says what the latest version says.
    #[error("`{0}` says the same, word for word")]
    Same(String),
}

/// Drafts the next version of `of`.
pub async fn draft(
    app: &App,
    by: &str,
    of: Of,
    text: &Text,
) -> anyhow::Result<Result<Wording, NotDrafted>> {
    if let Err(refused) = accounts::may(&app.db, by, Act::DraftWording).await? {
        return Ok(Err(refused.into()));
    }
    if let Err(refused) = text.check(of) {
        return Ok(Err(refused.into()));
    }
    retry::looking_again(|| async {
        let mut tx = app.db.begin().await?;
        let all = store::all(&mut tx).await?;
        let latest = all.iter().rfind(|wording| wording.of() == of);
        if let Some(same) = latest.filter(|wording| wording.text == *text) {
            return Ok(Err(NotDrafted::Same(same.to_string())));
        }
        let version = latest.map_or(0, |wording| wording.version) + 1;
        let wording = drafted(of, version, text, (by, app.now()));
        store::insert(&mut tx, &wording).await?;
        note(&mut tx, (by, app.now()), "wording.draft", &wording.to_string()).await?;
        tx.commit().await?;
        Ok(Ok(wording))
    })
    .await
}

fn drafted((kind, language): Of, version: i64, text: &Text, (by, at): (&str, Moment)) -> Wording {
    Wording {
        kind,
        language,
        version,
        text: text.clone(),
        drafted_at: at,
        drafted_by: by.to_owned(),
        approved_at: None,
        approved_by: None,
        from_at: None,
        retired_at: None,
        retired_by: None,
        retired_because: None,
    }
}

/// Why nothing is approved or retired (承認できない理由).
#[derive(Debug, thiserror::Error)]
pub enum NotDecided {
    /// Whoever decides has no account.
    #[error(transparent)]
    NoAccount(#[from] NoAccount),
    /// There is no such version.
    #[error("there is no `{0}`; see `todoke wording list`")]
    Unknown(String),
    /// The author approves.
    #[error("`{0}` was drafted by {1}; somebody else must approve it")]
    SamePerson(String, String),
    /// It is approved.
    #[error("`{0}` was approved by {1} already")]
    Approved(String, String),
    /// It is retired.
    #[error("`{0}` was retired by {1}; draft the next version")]
    Retired(String, String),
    /// It would have been in force before anybody approved it.
    #[error(
        "a wording is in force from its approval on at the earliest; leave `--from` out for now"
    )]
    Past,
    /// Nothing says why it is retired.
    #[error("say why it is retired: whoever wonders later finds it in the history")]
    NoReason,
}

/// Approves versions, all or none: they are in force from `from` on, or from now on.
pub async fn approve(
    app: &App,
    by: &str,
    which: &[(Of, i64)],
    from: Option<Moment>,
) -> anyhow::Result<Result<Vec<Wording>, NotDecided>> {
    if let Err(refused) = accounts::may(&app.db, by, Act::ApproveWording).await? {
        return Ok(Err(refused.into()));
    }
    let now = app.now();
    let from = from.unwrap_or(now);
    retry::looking_again(|| async {
        let mut tx = app.db.begin().await?;
        let mut approved = Vec::new();
        for (of, version) in which {
            let wording = match found(&mut tx, *of, *version).await? {
                Ok(wording) => wording,
                Err(refused) => return Ok(Err(refused)),
            };
            if let Some(refused) = not_approved(&wording, by, from < now) {
                return Ok(Err(refused));
            }
            store::insert_event(&mut tx, &wording, (by, now), Decided::Approved(from)).await?;
            let (approved_at, approved_by) = (Some(now), Some(by.to_owned()));
            let from_at = Some(from);
            approved.push(Wording { approved_at, approved_by, from_at, ..wording });
        }
        for wording in &approved {
            note(&mut tx, (by, now), "wording.approve", &wording.to_string()).await?;
        }
        tx.commit().await?;
        Ok(Ok(approved))
    })
    .await
}

fn not_approved(wording: &Wording, by: &str, is_past: bool) -> Option<NotDecided> {
    let name = wording.to_string();
    if let Some(by) = &wording.retired_by {
        return Some(NotDecided::Retired(name, by.clone()));
    }
    if let Some(by) = &wording.approved_by {
        return Some(NotDecided::Approved(name, by.clone()));
    }
    if wording.drafted_by == by {
        return Some(NotDecided::SamePerson(name, by.to_owned()));
    }
    is_past.then_some(NotDecided::Past)
}

/// Retires a version from now on, and says why. Whoever drafted it may take it back as long as
/// nobody approved it.
pub async fn retire(
    app: &App,
    by: &str,
    (of, version): (Of, i64),
    reason: &str,
) -> anyhow::Result<Result<(), NotDecided>> {
    let now = app.now();
    let is_own = |it: &&Wording| it.drafted_by == by && it.standing(now) == Standing::Draft;
    let all = list(app).await?;
    let own = all.iter().filter(|it| it.of() == of && it.version == version).find(is_own);
    let act = if own.is_some() { Act::DraftWording } else { Act::ApproveWording };
    if let Err(refused) = accounts::may(&app.db, by, act).await? {
        return Ok(Err(refused.into()));
    }
    let reason = reason.trim();
    if reason.is_empty() {
        return Ok(Err(NotDecided::NoReason));
    }
    retry::looking_again(|| async {
        let mut tx = app.db.begin().await?;
        let wording = match found(&mut tx, of, version).await? {
            Ok(wording) => wording,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Some(earlier) = &wording.retired_by {
            return Ok(Err(NotDecided::Retired(wording.to_string(), earlier.clone())));
        }
        if let (Some(_), Some(other)) = (own, &wording.approved_by) {
            return Ok(Err(NotDecided::Approved(wording.to_string(), other.clone())));
        }
        store::insert_event(&mut tx, &wording, (by, now), Decided::Retired(reason)).await?;
        note(&mut tx, (by, now), "wording.retire", &wording.to_string()).await?;
        tx.commit().await?;
        Ok(Ok(()))
    })
    .await
}

async fn found(
    tx: &mut Tx,
    of: Of,
    version: i64,
) -> crate::db::Result<Result<Wording, NotDecided>> {
    let mut all = store::all(tx).await?.into_iter();
    let found = all.find(|wording| wording.of() == of && wording.version == version);
    Ok(found.ok_or_else(|| NotDecided::Unknown(name(of, version))))
}

async fn note(tx: &mut Tx, (by, at): (&str, Moment), act: &str, on: &str) -> crate::db::Result<()> {
    audit::note(tx, Leaf { at, by, act, on, isp: None, detail: None }).await
}

#[cfg(test)]
mod tests;
