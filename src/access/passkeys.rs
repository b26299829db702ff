//! Passkeys (パスキー): a key that a person's device keeps and shows to this site alone (WebAuthn).
//!
//! Each ceremony has two halves: options that the browser hands to the device, and the device's
//! answer. What must be remembered between them lies sealed in the session. A passkey is bound to
//! the domain of the settings; under the placeholder that is `localhost`, which browsers accept
//! without TLS. An address such as `127.0.0.1` has no name that a passkey could be bound to.

use anyhow::Context as _;
use serde_json::Value;
use webauthn_rs::prelude::{
    Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder,
};

use super::{
    accounts::Account,
    factors::{self, Factor, FactorRefused, Kind, Offered},
    sessions::Session,
    store,
};
use crate::{app::App, db::retry};

/// The relying party: this centre under its domain.
fn webauthn(app: &App) -> anyhow::Result<Webauthn> {
    let centre = &app.centre;
    let domain = if centre.is_placeholder() { "localhost" } else { &centre.domain };
    let origin = Url::parse(&centre.site()).context("the domain of the settings is no domain")?;
    let builder = WebauthnBuilder::new(domain, &origin)?.rp_name(&centre.name_ja);
    // A program that only this machine reaches listens where it likes.
    Ok(builder.allow_any_port(centre.is_placeholder()).build()?)
}

/// The passkeys of an account, each with its row.
async fn passkeys(app: &App, account: &Account) -> anyhow::Result<Vec<(Factor, Passkey)>> {
    let mut keys = Vec::new();
    for factor in factors::of(app, account).await? {
        if factor.kind == Kind::Passkey {
            let text = factor.open(app, account.id).context("a passkey cannot be opened")?;
            let key = serde_json::from_slice(&text).context("a passkey is malformed")?;
            keys.push((factor, key));
        }
    }
    Ok(keys)
}

/// Begins to add a passkey; gives what to remember, and the options for the browser as JSON.
pub(super) async fn offer(app: &App, account: &Account) -> anyhow::Result<(Value, String)> {
    let known = passkeys(app, account).await?.into_iter().map(|(_, key)| key.cred_id().clone());
    let (options, state) = webauthn(app)?.start_passkey_registration(
        account.id.0,
        &account.name,
        &account.name,
        Some(known.collect()),
    )?;
    Ok((serde_json::to_value(&state)?, serde_json::to_string(&options)?))
}

/// Adds the passkey that the device made; `answer` is what the browser says, as JSON.
pub async fn accept(
    app: &App,
    session: &Session,
    (label, answer): (&str, &str),
) -> anyhow::Result<Result<(), FactorRefused>> {
    let offered = Offered::last(app, session).passkey;
    let Ok(state) = serde_json::from_value::<PasskeyRegistration>(offered) else {
        return Ok(Err(FactorRefused::NotAsked));
    };
    session.remember(app, None).await?;
    let answer: Option<RegisterPublicKeyCredential> = serde_json::from_str(answer).ok();
    let Some(answer) = answer else { return Ok(Err(FactorRefused::Wrong)) };
    let key = match webauthn(app)?.finish_passkey_registration(&answer, &state) {
        Ok(key) => key,
        Err(why) => {
            tracing::warn!("a passkey was not added: {why}");
            return Ok(Err(FactorRefused::Wrong));
        }
    };
    let what = (Kind::Passkey, label, &serde_json::to_vec(&key)?[..]);
    let factor = Factor::fresh(app, session.account.id, what);
    factors::add(app, &session.account, &factor).await?;
    Ok(Ok(()))
}

/// Asks for one of the account's passkeys; gives the options for the browser as JSON, or nothing
/// where it has none.
pub async fn ask(app: &App, session: &Session) -> anyhow::Result<Option<String>> {
    let keys: Vec<_> = passkeys(app, &session.account).await?.into_iter().map(|(_, k)| k).collect();
    if keys.is_empty() {
        return Ok(None);
    }
    let (options, state) = webauthn(app)?.start_passkey_authentication(&keys)?;
    session.remember(app, Some(&serde_json::to_vec(&state)?)).await?;
    Ok(Some(serde_json::to_string(&options)?))
}

/// Whether the device showed one of the account's passkeys; the question is used up by this.
pub async fn is_shown(app: &App, session: &Session, answer: &str) -> anyhow::Result<bool> {
    let asked = session.recall(app);
    let state = asked.and_then(|text| serde_json::from_slice::<PasskeyAuthentication>(&text).ok());
    let Some(state) = state else { return Ok(false) };
    session.remember(app, None).await?;
    let answer: Option<PublicKeyCredential> = serde_json::from_str(answer).ok();
    let Some(answer) = answer else { return Ok(false) };
    let shown = match webauthn(app)?.finish_passkey_authentication(&answer, &state) {
        Ok(shown) => shown,
        Err(why) => {
            tracing::warn!("a passkey was not shown: {why}");
            return Ok(false);
        }
    };
    let account = &session.account;
    for (factor, mut key) in passkeys(app, account).await? {
        if key.update_credential(&shown).is_none() {
            continue;
        }
        let sealed = factor.sealed_anew(app, account.id, &serde_json::to_vec(&key)?);
        let note = async || {
            let mut tx = app.db.begin().await?;
            let used = (&sealed[..], app.now());
            store::factors::use_passkey(&mut tx, account.id, factor.id, used).await?;
            tx.commit().await
        };
        retry::again(note).await?;
        return Ok(true);
    }
    Ok(false)
}
