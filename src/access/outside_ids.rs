//! Outside identities (外部ID): what an outside provider calls somebody, bound to an account.
//!
//! An identity is an issuer and a subject together (OpenID Connect Core 1.0, 5.7; OWASP ASVS 5.0,
//! 6.8.1), never a mail, which others may come to have. Whoever is signed in binds it to the own
//! account and takes it off again; nobody else does, and no account comes of it. The store keeps a
//! keyed hash. Owns `account_outside_ids`.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use sqlx::FromRow;

use super::{
    accounts::{self, Account},
    doors::Standing,
    factors,
    oidc::OidcRefused,
    sessions::{self, Session},
    store::{self, accounts::Fact},
};
use crate::{app::App, db::retry, ids::FactorId, time::Moment};

/// What a provider calls somebody (外部ID).
#[derive(Clone, PartialEq, Eq)]
#[doc(alias = "外部ID")]
pub struct OutsideId {
    /// The provider.
    pub issuer: String,
    /// Its name for the person, which it gives to nobody else.
    pub subject: String,
}

impl std::fmt::Debug for OutsideId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutsideId").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl OutsideId {
    /// What the store keeps of it.
    fn tag(&self, app: &App) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&app.keys.lookup)
            .expect("HMAC takes keys of any length");
        for part in ["outside id", &self.issuer, &self.subject] {
            // With its length before it, no two pairs look alike.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

/// An identity that is bound to an account.
#[derive(Clone, Debug, FromRow)]
pub struct Bound {
    /// The provider.
    pub issuer: String,
    /// Since when.
    pub bound_at: Moment,
}

/// The identity that an account is bound to.
pub async fn of(app: &App, account: &Account) -> crate::db::Result<Option<Bound>> {
    store::outside::standing(&app.db, account.id).await
}

/// Whether an account is opened by the provider that the settings name.
pub async fn opens(app: &App, account: &Account) -> crate::db::Result<bool> {
    let Some(settings) = &app.centre.oidc else { return Ok(false) };
    Ok(of(app, account).await?.is_some_and(|bound| bound.issuer == settings.issuer))
}

/// The account that an identity opens, if it is in use.
pub async fn account_of(app: &App, who: &OutsideId) -> crate::db::Result<Option<Account>> {
    let account = store::outside::account(&app.db, &who.tag(app)).await?;
    let in_use = |one: &Account| matches!(one.standing(), Standing::Confirmed | Standing::Invited);
    Ok(account.filter(in_use))
}

/// Binds an identity to the account of whoever is signed in; again changes nothing.
pub async fn bind(
    app: &App,
    account: &Account,
    who: &OutsideId,
) -> crate::db::Result<Result<(), OidcRefused>> {
    let (tag, now) = (who.tag(app), app.now());
    let id = FactorId(app.fresh_id());
    let bind = async || {
        let mut tx = app.db.begin().await?;
        let by = (account.name.as_str(), now);
        if !store::outside::bind(&mut tx, (account.id, id), (&tag, &who.issuer), by).await? {
            return Ok(false);
        }
        accounts::told(&mut tx, account, Fact::OutsideIdBound, by).await?;
        tx.commit().await?;
        Ok(true)
    };
    if retry::again(bind).await? {
        return Ok(Ok(()));
    }
    Ok(match store::outside::account(&app.db, &tag).await? {
        Some(owner) if owner.id == account.id => Ok(()),
        Some(_) => Err(OidcRefused::Taken),
        None => Err(OidcRefused::HasOne),
    })
}

/// Takes the identity off the account of whoever is signed in, where a password is left; other
/// sessions of the account end.
pub async fn unbind(app: &App, own: &Session) -> crate::db::Result<Result<(), OidcRefused>> {
    let account = &own.account;
    if !factors::has_password(app, account).await? {
        return Ok(Err(OidcRefused::Only));
    }
    let by = (account.name.as_str(), app.now());
    let unbind = async || {
        let mut tx = app.db.begin().await?;
        if store::outside::unbind(&mut tx, account.id, by).await? {
            sessions::end_others(&mut tx, account, Some(own), by.1).await?;
            accounts::told(&mut tx, account, Fact::OutsideIdUnbound, by).await?;
        }
        tx.commit().await
    };
    retry::again(unbind).await?;
    Ok(Ok(()))
}
