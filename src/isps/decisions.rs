//! Decisions (決裁) about what providers claim and propose: once each, dated, by whom and why.
//!
//! Two persons: whoever asked never decides, and whoever decides has a confirmed account at the
//! centre that may. Owns `isp_decisions`.

use serde::{Deserialize, Serialize};

use super::{claims::Conflict, imports::Word, store};
use crate::{
    access::{
        accounts::{self, NoAccount},
        roles,
    },
    app::App,
    audit::{self, Leaf},
    db::{Tx, retry},
    ids::{ClaimId, IspId},
    time::Moment,
};

/// How it was decided (決裁の別).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[doc(alias = "決裁の別")]
pub enum Decided {
    /// It holds.
    Approved,
    /// It does not.
    Declined,
    /// The provider took it back before anybody decided.
    Withdrawn,
}

impl Decided {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Approved, Self::Declined, Self::Withdrawn];

    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A decision (決裁).
#[derive(Clone, Debug)]
#[doc(alias = "決裁")]
pub struct Decision {
    /// How.
    pub decided: Decided,
    /// When.
    pub at: Moment,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The import by which the register says so.
    pub import_no: Option<i64>,
    /// When that was undone.
    pub undone_at: Option<Moment>,
    /// Declarations of others that stand beside it by this decision.
    pub beside: Vec<Conflict>,
}

impl Decision {
    /// How things stand by it: `undone` where what was approved was taken back.
    pub fn state(&self) -> &'static str {
        if self.undone_at.is_some() { "undone" } else { self.decided.word() }
    }
}

/// Why somebody decides nothing (決裁の拒否).
#[derive(Debug, thiserror::Error)]
pub enum NotDecided {
    /// It is decided.
    #[error("this is decided already: {0}")]
    Over(&'static str),
    /// Whoever asks does not decide.
    #[error("`{0}` asked for it, so somebody else at the centre decides")]
    SamePerson(String),
    /// No account of the centre that may.
    #[error(
        "`{0}` is no account of the centre that decides this; an account of the role isp-office \
         does, see `todoke account list`"
    )]
    NotAllowed(String),
    /// Nobody has come in by that account yet.
    #[error(transparent)]
    Unconfirmed(NoAccount),
    /// No reason.
    #[error("say in a few words why, for whoever asks later: at most 500 characters")]
    NoReason,
}

/// Whether whoever says `word` may decide on what `asked_by` asked for.
pub(super) async fn may_decide(
    app: &App,
    asked_by: &str,
    word: Word<'_>,
) -> anyhow::Result<Result<(), NotDecided>> {
    let plain = |name: &str| name.trim().to_lowercase();
    if plain(word.author) == plain(asked_by) {
        return Ok(Err(NotDecided::SamePerson(word.author.to_owned())));
    }
    if !is_reason(word.reason) {
        return Ok(Err(NotDecided::NoReason));
    }
    let may = accounts::may(&app.db, word.author, roles::Act::DecideClaims).await?;
    Ok(may.map_err(|why| match why {
        NoAccount::Unconfirmed(_) => NotDecided::Unconfirmed(why),
        NoAccount::Unknown(name) | NoAccount::Role(name, ..) => NotDecided::NotAllowed(name),
    }))
}

/// Whether a text says something to whoever asks later.
pub(super) fn is_reason(text: &str) -> bool {
    (1..=500).contains(&text.trim().chars().count())
}

/// A decision about to be written.
pub(super) struct New<'a> {
    pub(super) decided: Decided,
    pub(super) word: Word<'a>,
    pub(super) import_no: Option<i64>,
    pub(super) beside: Option<String>,
}

/// Writes a decision; one that somebody else took meanwhile counts as a clash.
pub(super) async fn write(
    tx: &mut Tx,
    at: Moment,
    subject: (IspId, ClaimId),
    decision: &New<'_>,
) -> crate::db::Result<()> {
    store::decisions::insert(tx, at, subject, decision).await
}

/// What is closed without a change of the register.
pub(super) struct Closing<'a> {
    pub(super) isp: IspId,
    pub(super) code: &'a str,
    pub(super) id: ClaimId,
    pub(super) act: &'a str,
    pub(super) at: Moment,
}

/// Closes something in its own transaction.
pub(super) async fn close(
    mut tx: Tx,
    closing: &Closing<'_>,
    decided: Decided,
    word: Word<'_>,
) -> anyhow::Result<Result<(), NotDecided>> {
    if !is_reason(word.reason) {
        return Ok(Err(NotDecided::NoReason));
    }
    let decision = New { decided, word, import_no: None, beside: None };
    match write(&mut tx, closing.at, (closing.isp, closing.id), &decision).await {
        Err(fault) if retry::is_beaten(&fault) => {
            return Ok(Err(NotDecided::Over("somebody else was quicker")));
        }
        written => written?,
    }
    let leaf = Leaf {
        at: closing.at,
        by: word.author,
        act: closing.act,
        on: &closing.id.to_string(),
        isp: Some(closing.code),
        detail: None,
    };
    audit::note(&mut tx, leaf).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Notes that something was approved, and by which import the register says so, if it does.
pub(super) async fn note_import(
    tx: &mut Tx,
    at: Moment,
    word: Word<'_>,
    (act, on, code): (&str, &str, &str),
    number: Option<i64>,
) -> crate::db::Result<()> {
    let detail = number.map(|number| format!("{{\"import\":{number}}}"));
    let (by, isp, detail) = (word.author, Some(code), detail.as_deref());
    audit::note(tx, Leaf { at, by, act, on, isp, detail }).await
}
