//! Sessions (セッション): a person who is signed in, and how far they have shown who they are.
//!
//! A session ends half an hour after it was last used and twelve hours after it began (OWASP ASVS
//! 5.0, 7.3). It gets a new secret when its holder shows the second factor, so that whoever planted
//! the first one gains nothing. Whoever changes by what an account is entered shows a second factor
//! anew unless that was just done, and all other sessions of the account end by the change (7.4,
//! 7.5). The store knows hashes of secrets alone.

use super::{
    accounts::{self, Account},
    doors::{Level, Standing},
    factors::Shown,
    seal::{self, Place},
    store::{self, accounts::Fact},
};
use crate::{
    app::App,
    db::{Tx, retry},
    time::{DAY, Moment},
    web::session::{fresh_secret, tag},
};

/// Minutes after which a session that nobody uses ends.
pub const IDLE_MINUTES: i64 = 30;
/// Hours after which a session ends in any case.
pub const SESSION_HOURS: i64 = 12;
/// Days after which the row of a session that has ended is swept away.
pub const ENDED_DAYS: i64 = 30;

/// Minutes for which a second factor that was shown is proof enough to change factors.
pub const PROOF_MINUTES: i64 = 10;

const MINUTE: i64 = 60_000_000;

/// A session that runs (セッション).
#[derive(Clone)]
#[doc(alias = "セッション")]
pub struct Session {
    /// Whose it is.
    pub account: Account,
    /// How far its holder got.
    pub level: Level,
    /// Since when it is at that level.
    opened_at: Moment,
    ends_at: Moment,
    tag: [u8; 32],
    ceremony: Option<Vec<u8>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("account", &self.account.name).finish_non_exhaustive()
    }
}

/// Opens a session by what stands behind a one-time link; gives the secret of its cookie. A link
/// that was used, has ended or never was gives nothing, without saying which.
pub async fn enter_by_link(app: &App, code: &str) -> anyhow::Result<Option<String>> {
    let (now, secret) = (app.now(), fresh_secret(app));
    let enter = async || {
        let mut tx = app.db.begin().await?;
        let link = tag(code.trim());
        let Some(account) = store::accounts::use_link(&mut tx, &link, now).await? else {
            return Ok(false);
        };
        let session = (&tag(&secret)[..], account.id);
        store::sessions::insert(&mut tx, session, Level::First, (now, end(now))).await?;
        tx.commit().await?;
        Ok(true)
    };
    Ok(retry::again(enter).await?.then_some(secret))
}

/// Opens a session for an account whose password was right; gives the secret of its cookie.
pub async fn open(app: &App, account: &Account, level: Level) -> anyhow::Result<String> {
    let (now, secret) = (app.now(), fresh_secret(app));
    let open = async || {
        let mut tx = app.db.begin().await?;
        store::sessions::sweep(&mut tx, Moment(now.0 - ENDED_DAYS * DAY)).await?;
        let session = (&tag(&secret)[..], account.id);
        store::sessions::insert(&mut tx, session, level, (now, end(now))).await?;
        tx.commit().await
    };
    retry::again(open).await?;
    Ok(secret)
}

fn end(now: Moment) -> Moment {
    Moment(now.0 + SESSION_HOURS * 60 * MINUTE)
}

/// The session of that secret, if it still runs.
pub async fn resume(app: &App, secret: &str) -> anyhow::Result<Option<Session>> {
    /// A session that was seen within this is not written again.
    const FRESH: i64 = MINUTE;
    let now = app.now();
    let tag = tag(secret);
    let Some(found) = store::sessions::find(&app.db, &tag).await? else { return Ok(None) };
    let idle = now.0 - found.seen_at.0 > IDLE_MINUTES * MINUTE;
    let shut = matches!(found.account.standing(), Standing::Suspended | Standing::Ended);
    if idle || found.ends_at <= now || shut {
        return Ok(None);
    }
    if now.0 - found.seen_at.0 > FRESH {
        let touch = async || {
            let mut tx = app.db.begin().await?;
            store::sessions::touch(&mut tx, &tag, now).await?;
            tx.commit().await
        };
        retry::again(touch).await?;
    }
    let store::sessions::Stored { account, level, opened_at, ends_at, ceremony, .. } = found;
    Ok(Some(Session { account, level, opened_at, ends_at, tag, ceremony }))
}

/// Raises a session whose holder has shown a second factor; gives its new secret. An account that
/// was only invited is confirmed by it. One that was raised before is proven anew.
pub async fn raise(app: &App, session: &Session, by: Shown) -> anyhow::Result<String> {
    let (now, secret) = (app.now(), fresh_secret(app));
    let shown = serde_json::json!({ "factor": by.word() }).to_string();
    let fact = if session.level == Level::First { Fact::SignedIn } else { Fact::Proven };
    let account = &session.account;
    let raise = async || {
        let mut tx = app.db.begin().await?;
        store::sessions::end(&mut tx, &session.tag, now).await?;
        let fresh = (&tag(&secret)[..], account.id);
        store::sessions::insert(&mut tx, fresh, Level::Full, (now, session.ends_at)).await?;
        let by = (account.name.as_str(), now);
        if account.confirmed_at.is_none() {
            store::accounts::set(&mut tx, account.id, Fact::Confirmed, now).await?;
            accounts::told(&mut tx, account, Fact::Confirmed, by).await?;
        }
        accounts::told_with(&mut tx, account, fact, by, Some(&shown)).await?;
        tx.commit().await
    };
    retry::again(raise).await?;
    Ok(secret)
}

/// Ends a session.
pub async fn leave(app: &App, secret: &str) -> anyhow::Result<()> {
    let leave = async || {
        let mut tx = app.db.begin().await?;
        store::sessions::end(&mut tx, &tag(secret), app.now()).await?;
        tx.commit().await
    };
    Ok(retry::again(leave).await?)
}

/// Ends whatever runs under an account but the session in which its factors are changed.
pub(super) async fn end_others(
    tx: &mut Tx,
    account: &Account,
    own: Option<&Session>,
    now: Moment,
) -> crate::db::Result<()> {
    match own {
        Some(own) => store::sessions::end_others(tx, (account.id, &own.tag[..]), now).await,
        None => store::sessions::end_all(tx, account.id, now).await,
    }
}

impl Session {
    /// Whether its holder may change by what the account is entered: whoever has just shown a
    /// second factor, or whose account has none yet.
    pub fn may_change_factors(&self, now: Moment) -> bool {
        let is_fresh = now.0 - self.opened_at.0 <= PROOF_MINUTES * MINUTE;
        self.account.confirmed_at.is_none() || (self.level == Level::Full && is_fresh)
    }

    fn place(&self) -> Place<'_> {
        Place { table: "account_sessions", column: "ceremony", row: &self.tag }
    }

    /// Keeps what the next answer of this session is held against, or forgets it.
    pub(super) async fn remember(&self, app: &App, what: Option<&[u8]>) -> anyhow::Result<()> {
        let sealed = what.map(|what| seal::seal(app, self.place(), what));
        let remember = async || {
            let mut tx = app.db.begin().await?;
            store::sessions::remember(&mut tx, &self.tag, sealed.as_deref()).await?;
            tx.commit().await
        };
        Ok(retry::again(remember).await?)
    }

    /// What was kept by [`Session::remember`].
    pub(super) fn recall(&self, app: &App) -> Option<Vec<u8>> {
        seal::open(app, self.place(), self.ceremony.as_deref()?)
    }
}
