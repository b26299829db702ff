//! People of the centre (職員): they enter by a one-time link, and their session ends by itself.
//!
//! A link is good for an hour and once. A session ends half an hour after it was last used and
//! twelve hours after it began (OWASP ASVS 5.0, 7.3). The store knows hashes of both alone.

use sqlx::FromRow;

use super::{roles::Role, store};
use crate::{
    app::App,
    db::Db,
    ids::StaffId,
    time::Moment,
    web::session::{fresh_secret, tag},
};

/// Minutes for which a link is good.
pub const LINK_MINUTES: i64 = 60;
/// Minutes after which a session that nobody uses ends.
pub const IDLE_MINUTES: i64 = 30;
/// Hours after which a session ends in any case.
pub const SESSION_HOURS: i64 = 12;

const MINUTE: i64 = 60_000_000;

/// A person of the centre (職員).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "職員")]
pub struct Staff {
    /// The key.
    pub id: StaffId,
    /// The name of the account, which stands beside whatever is done under it.
    pub name: String,
    /// What the person may do.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// Since when.
    pub added_at: Moment,
    /// Until when, if it is over.
    pub ended_at: Option<Moment>,
}

/// Why an account is not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum StaffRefused {
    /// The name is taken.
    #[error("`{0}` is an account already, as {1}; `todoke staff link {0}` makes a new link")]
    Taken(String, Role),
    /// No such account.
    #[error("no account is named `{0}`; see `todoke staff list`")]
    Unknown(String),
    /// The account is over.
    #[error("the account `{0}` has ended; make another under another name")]
    Ended(String),
    /// A name that would look strange wherever it stands.
    #[error("`{0}` is no name of an account: 1 to 40 letters, digits, `-`, `_` or `.`")]
    NoName(String),
}

/// All accounts by name.
pub async fn all(db: &Db) -> crate::db::Result<Vec<Staff>> {
    store::staff(db).await
}

/// Makes an account.
pub async fn add(
    app: &App,
    (name, role): (&str, Role),
    by: &str,
) -> anyhow::Result<Result<Staff, StaffRefused>> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !(1..=40).contains(&name.chars().count()) || !name.chars().all(fits) {
        return Ok(Err(StaffRefused::NoName(name.to_owned())));
    }
    if let Some(known) = named(&app.db, name).await? {
        return Ok(Err(match known.ended_at {
            Some(_) => StaffRefused::Ended(name.to_owned()),
            None => StaffRefused::Taken(name.to_owned(), known.role),
        }));
    }
    let (id, added_at) = (StaffId(app.fresh_id()), app.now());
    let staff = Staff { id, name: name.to_owned(), role, added_at, ended_at: None };
    store::insert_staff(&app.db, &staff, by).await?;
    Ok(Ok(staff))
}

/// Makes a one-time link for an account; gives what stands behind the address.
pub async fn link(app: &App, name: &str, by: &str) -> anyhow::Result<Result<String, StaffRefused>> {
    let staff = match known(&app.db, name).await? {
        Ok(staff) => staff,
        Err(refused) => return Ok(Err(refused)),
    };
    let secret = fresh_secret(app);
    let now = app.now();
    let until = Moment(now.0 + LINK_MINUTES * MINUTE);
    store::insert_link(&app.db, (&tag(&secret), staff.id), by, (now, until)).await?;
    Ok(Ok(secret))
}

/// Ends an account; its sessions and links end with it.
pub async fn end(app: &App, name: &str, by: &str) -> anyhow::Result<Result<(), StaffRefused>> {
    let staff = match known(&app.db, name).await? {
        Ok(staff) => staff,
        Err(refused) => return Ok(Err(refused)),
    };
    store::end_staff(&app.db, staff.id, by, app.now()).await?;
    Ok(Ok(()))
}

async fn named(db: &Db, name: &str) -> crate::db::Result<Option<Staff>> {
    Ok(all(db).await?.into_iter().find(|staff| staff.name == name))
}

async fn known(db: &Db, name: &str) -> crate::db::Result<Result<Staff, StaffRefused>> {
    Ok(match named(db, name).await? {
        None => Err(StaffRefused::Unknown(name.to_owned())),
        Some(staff) if staff.ended_at.is_some() => Err(StaffRefused::Ended(name.to_owned())),
        Some(staff) => Ok(staff),
    })
}

/// Opens a session by what stands behind a one-time link; gives the secret of its cookie. A link
/// that was used, has ended or never was gives nothing, without saying which.
pub async fn enter(app: &App, code: &str) -> anyhow::Result<Option<String>> {
    let now = app.now();
    let secret = fresh_secret(app);
    let until = Moment(now.0 + SESSION_HOURS * 60 * MINUTE);
    let tags = (&tag(code.trim())[..], &tag(&secret)[..]);
    let opened = store::open_session(&app.db, tags, now, until).await?;
    Ok(opened.then_some(secret))
}

/// Who a session belongs to, if it still runs.
pub async fn resume(app: &App, secret: &str) -> anyhow::Result<Option<Staff>> {
    /// A session that was seen within this is not written again.
    const FRESH: i64 = MINUTE;
    let now = app.now();
    let tag = tag(secret);
    let Some((staff, seen_at, ends_at)) = store::session(&app.db, &tag).await? else {
        return Ok(None);
    };
    let idle = now.0 - seen_at.0 > IDLE_MINUTES * MINUTE;
    if idle || ends_at <= now || staff.ended_at.is_some() {
        return Ok(None);
    }
    if now.0 - seen_at.0 > FRESH {
        store::touch_session(&app.db, &tag, now).await?;
    }
    Ok(Some(staff))
}

/// Ends a session.
pub async fn leave(app: &App, secret: &str) -> anyhow::Result<()> {
    Ok(store::end_session(&app.db, &tag(secret), app.now()).await?)
}
