//! Tokens of machines (APIトークン): opaque, good for one thing, shown once.
//!
//! 256 bits behind a prefix that scanners for leaked secrets recognise; the store keeps their hash,
//! what they are good for, their end and when they were used last.

use std::{fmt, str::FromStr};

use serde_json::json;
use sqlx::FromRow;

use super::{sent_forms, store, tenancy::Tenant};
use crate::{
    app::App,
    audit::{self, Leaf},
    db::{Db, Tx, retry},
    ids::{FormId, IspId, TokenId},
    time::{DAY, Moment},
    web::session::{fresh_secret, tag},
};

/// What every token begins with.
pub const PREFIX: &str = "todoke_";

/// Days for which a token is good at most.
pub const DAYS_MAX: i64 = 1095;

/// Days before the end of a token at which whoever manages it is warned.
pub const WARN_DAYS: i64 = 30;

/// What a token is good for (用途).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Hand files to the feed of that name, and ask what became of them.
    Feed(String),
    /// Fetch the lists of the provider with that code, and report on them.
    Isp(String),
}

/// A word that names no scope.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is nothing that a token is good for")]
pub struct NotAScope(String);

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feed(name) => write!(f, "feed:{name}"),
            Self::Isp(code) => write!(f, "isp:{code}"),
        }
    }
}

impl FromStr for Scope {
    type Err = NotAScope;

    fn from_str(word: &str) -> Result<Self, NotAScope> {
        match word.split_once(':') {
            Some(("feed", name)) => Ok(Self::Feed(name.to_owned())),
            Some(("isp", code)) => Ok(Self::Isp(code.to_owned())),
            _ => Err(NotAScope(word.to_owned())),
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = NotAScope;

    fn try_from(word: String) -> Result<Self, NotAScope> {
        word.parse()
    }
}

/// A token as those see it who manage them (APIトークン).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "APIトークン")]
pub struct Token {
    /// Its key, which says nothing of its secret.
    pub id: TokenId,
    /// What it is called, if it is.
    pub label: Option<String>,
    /// What it is good for.
    #[sqlx(try_from = "String")]
    pub scope: Scope,
    /// The provider that it is good for, if it is one's.
    pub isp_id: Option<IspId>,
    /// Since when.
    pub made_at: Moment,
    /// Who made it.
    pub made_by: String,
    /// Until when.
    pub ends_at: Moment,
    /// When it was used last, to the hour.
    pub used_at: Option<Moment>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Moment>,
}

impl Token {
    /// The handle of its provider, if it is good for one.
    pub fn tenant(&self, app: &App) -> Option<Tenant> {
        let Scope::Isp(code) = &self.scope else { return None };
        Some(Tenant::of(app, self.isp_id?, code, &format!("token {}", self.id)))
    }

    /// How it stands at `now`.
    pub fn standing(&self, now: Moment) -> Standing {
        match (self.withdrawn_at, self.is_good(now)) {
            (Some(_), _) => Standing::Withdrawn,
            (None, false) => Standing::Over,
            (None, true) if self.ends_at < now.plus_days(WARN_DAYS) => Standing::EndsSoon,
            (None, true) => Standing::Good,
        }
    }

    /// Whether it opens anything at `now`.
    pub fn is_good(&self, now: Moment) -> bool {
        self.withdrawn_at.is_none() && now < self.ends_at
    }
}

/// How a token stands (トークンの状態).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[doc(alias = "トークンの状態")]
pub enum Standing {
    /// It opens something, and its time is over within [`WARN_DAYS`] days.
    EndsSoon,
    /// It opens something.
    Good,
    /// Its time is over.
    Over,
    /// Somebody withdrew it.
    Withdrawn,
}

impl Standing {
    /// Whether it opens anything.
    pub fn opens(self) -> bool {
        matches!(self, Self::EndsSoon | Self::Good)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::EndsSoon => "ends_soon",
            Self::Good => "good",
            Self::Over => "over",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Why no token is made (トークンを作らない理由).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// Nobody could tell it from another.
    #[error("say in at most 60 characters what it is called, such as the machine that uses it")]
    NoLabel,
    /// Not a time that a token may last.
    #[error("a token is good for 1 to {DAYS_MAX} days")]
    Days,
    /// It was made, and its secret shown, when the form was sent for the first time.
    #[error("this form was sent before and made its token then; no other one is made")]
    Sent,
}

/// What a token is to be (作るトークン).
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// What it is called.
    pub label: &'a str,
    /// For how many days it is good.
    pub days: i64,
    /// The form that asks for it, if one does; each makes one token.
    pub form: Option<FormId>,
}

fn is_label(label: &str) -> bool {
    (1..=60).contains(&label.chars().count()) && !label.chars().any(char::is_control)
}

/// Makes a token that is good for `days`; gives its secret, which is shown this once.
pub async fn make(
    app: &App,
    what: (Scope, Option<IspId>),
    days: i64,
    by: &str,
) -> crate::db::Result<(Token, String)> {
    let made = drawn(app, what, (None, days), by);
    enter(app, &made, None).await?;
    Ok(made)
}

/// Makes a token that is called so, if its name and its time are such as a token may have.
pub async fn make_called(
    app: &App,
    what: (Scope, Option<IspId>),
    wish: Wish<'_>,
    by: &str,
) -> anyhow::Result<Result<(Token, String), TokenRefused>> {
    let label = wish.label.trim();
    if !is_label(label) {
        return Ok(Err(TokenRefused::NoLabel));
    }
    if !(1..=DAYS_MAX).contains(&wish.days) {
        return Ok(Err(TokenRefused::Days));
    }
    let made = drawn(app, what, (Some(label), wish.days), by);
    let is_first = enter(app, &made, wish.form).await?;
    Ok(if is_first { Ok(made) } else { Err(TokenRefused::Sent) })
}

/// Makes a token of the own provider.
pub async fn make_own(
    tenant: &Tenant,
    wish: Wish<'_>,
) -> anyhow::Result<Result<(Token, String), TokenRefused>> {
    let what = (Scope::Isp(tenant.code().to_owned()), Some(tenant.isp()));
    make_called(tenant.app(), what, wish, tenant.by()).await
}

/// A token and its secret, which nobody knows yet.
fn drawn(
    app: &App,
    (scope, isp_id): (Scope, Option<IspId>),
    (label, days): (Option<&str>, i64),
    by: &str,
) -> (Token, String) {
    let now = app.now();
    let token = Token {
        id: TokenId(app.fresh_id()),
        label: label.map(str::to_owned),
        scope,
        isp_id,
        made_at: now,
        made_by: by.to_owned(),
        ends_at: Moment(now.0 + days * DAY),
        used_at: None,
        withdrawn_at: None,
    };
    (token, format!("{PREFIX}{}", fresh_secret(app)))
}

/// Writes it, unless the form that asks for it was sent before.
async fn enter(
    app: &App,
    (token, secret): &(Token, String),
    form: Option<FormId>,
) -> crate::db::Result<bool> {
    let sent = (token.made_by.as_str(), token.made_at);
    let enter = async || {
        let mut tx = app.db.begin().await?;
        if let Some(form) = form
            && !sent_forms::take(&mut tx, form, sent).await?
        {
            return Ok(false);
        }
        store::insert_token(&mut tx, token, &tag(secret)).await?;
        told(&mut tx, sent, "token.made", (token.id, &token.scope)).await?;
        tx.commit().await?;
        Ok(true)
    };
    retry::again(enter).await
}

/// All tokens, latest first.
pub async fn all(db: &Db) -> crate::db::Result<Vec<Token>> {
    store::tokens(db).await
}

/// The tokens of the own provider, latest first.
pub async fn own(tenant: &Tenant) -> crate::db::Result<Vec<Token>> {
    let mut tx = tenant.snapshot().await?;
    store::tokens_of(&mut tx, tenant.isp()).await
}

/// Withdraws a token of the own provider; tells whether there was one that was not before.
pub async fn withdraw_own(tenant: &Tenant, id: TokenId) -> crate::db::Result<bool> {
    if !own(tenant).await?.iter().any(|one| one.id == id) {
        return Ok(false);
    }
    withdraw(tenant.app(), id, tenant.by()).await
}

/// The token of that secret, if it is good now.
pub async fn good(app: &App, secret: &str) -> crate::db::Result<Option<Token>> {
    /// A use within this is not written again.
    const HOUR: i64 = 3_600_000_000;
    let now = app.now();
    let found = store::token(&app.db, &tag(secret)).await?;
    let Some(token) = found.filter(|token| token.is_good(now)) else { return Ok(None) };
    if token.used_at.is_none_or(|used| now.0 - used.0 > HOUR) {
        store::touch_token(&app.db, token.id, now).await?;
    }
    Ok(Some(token))
}

/// Withdraws a token; tells whether there was one that was not withdrawn before.
pub async fn withdraw(app: &App, id: TokenId, by: &str) -> crate::db::Result<bool> {
    let now = app.now();
    let Some(token) = all(&app.db).await?.into_iter().find(|token| token.id == id) else {
        return Ok(false);
    };
    let withdraw = async || {
        let mut tx = app.db.begin().await?;
        let stood = store::withdraw_token(&mut tx, id, by, now).await?;
        if stood {
            told(&mut tx, (by, now), "token.withdrawn", (id, &token.scope)).await?;
        }
        tx.commit().await?;
        Ok(stood)
    };
    retry::again(withdraw).await
}

/// Leaves what became of a token in the audit log.
async fn told(
    tx: &mut Tx,
    (by, at): (&str, Moment),
    act: &str,
    (id, scope): (TokenId, &Scope),
) -> crate::db::Result<()> {
    let (on, detail) = (id.to_string(), json!({ "scope": scope.to_string() }).to_string());
    let isp = match scope {
        Scope::Isp(code) => Some(code.as_str()),
        Scope::Feed(_) => None,
    };
    let (on, detail) = (on.as_str(), Some(detail.as_str()));
    audit::note(tx, Leaf { at, by, act, on, isp, detail }).await
}
