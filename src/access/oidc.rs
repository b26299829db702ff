//! OpenID Connect (外部ID連携): an outside provider says who somebody is, in place of a password.
//!
//! A browser is sent out with a state, a nonce and a PKCE challenge (RFC 7636), which are good
//! once, for ten minutes and in that browser alone. It comes back with a code, which we exchange
//! for an ID token; the library checks its signature, issuer, audience, end and nonce. What comes
//! of it is an issuer and a subject: neither mail nor name is asked for. Owns `account_outings`.

mod known;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use openidconnect::{
    AuthType, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, TokenResponse as _,
    core::{
        CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenVerifier,
        CoreJwsSigningAlgorithm as Algorithm, CoreProviderMetadata, CoreResponseType,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    outside_ids::OutsideId,
    seal::{self, Place},
    store,
};
use crate::{
    app::App,
    config::Oidc,
    db::retry,
    ids::AccountId,
    time::Moment,
    web::session::{fresh_secret, tag},
};
pub use known::Known;

/// Minutes within which a browser must be back.
pub const OUTING_MINUTES: i64 = 10;

const MINUTE: i64 = 60_000_000;
/// For how long what the provider says of itself is not asked again.
const FRESH: i64 = 60 * MINUTE;

/// Signatures that only the provider can make: none by a secret that it shares with us.
const SIGNED: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

/// Why an outside provider does not open anything (外部IDの拒否).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcRefused {
    /// Nobody is awaited back in this browser with that state.
    #[error("begin again: this browser was not sent out, or more than ten minutes ago")]
    Lost,
    /// The provider sends the person back without saying who it is.
    #[error("the provider did not say who this is; try again")]
    Declined,
    /// What the provider says is not proven.
    #[error("what the provider says is not proven; the log tells why")]
    Unproven,
    /// The provider is out of reach.
    #[error("the provider is out of reach; sign in by a password, or later")]
    Unreached,
    /// No account that is in use is bound to this identity.
    #[error("this identity opens no account; sign in by a password and bind it")]
    Unknown,
    /// Another account is bound to this identity.
    #[error("another account is bound to this identity; have that unbound first")]
    Taken,
    /// The account is bound to another identity.
    #[error("this account is bound to another identity; unbind that first")]
    HasOne,
    /// Whoever began to bind is not signed in any more.
    #[error("whoever began this is not signed in any more; sign in and begin again")]
    SignedOut,
    /// Without it nothing would open the account.
    #[error("choose a password first: nothing else opens this account")]
    Only,
}

/// A browser that was sent out and is awaited back (外部確認).
#[derive(Serialize, Deserialize)]
#[doc(alias = "外部確認")]
pub struct Outing {
    /// The account that is to be bound; nothing = somebody wants to sign in.
    pub account: Option<AccountId>,
    /// The language of the page that sent it out.
    pub lang: String,
    state: String,
    nonce: String,
    verifier: String,
}

/// Where a browser is sent, and the secret of the cookie by which it is known again.
pub struct Away {
    /// The address at the provider.
    pub url: String,
    /// The secret.
    pub secret: String,
}

/// What a browser brings back in its query (RFC 6749, RFC 9207).
#[derive(Default, Deserialize)]
pub struct Answered {
    code: Option<String>,
    /// The state that it was sent out with.
    pub state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Sends a browser out, to sign in or to bind `account`.
pub async fn send_out(
    app: &App,
    settings: &Oidc,
    (account, lang): (Option<AccountId>, &str),
) -> anyhow::Result<Result<Away, OidcRefused>> {
    let known = match app.outside.of(app, settings, FRESH).await {
        Ok(known) => known,
        Err(refused) => return Ok(Err(refused)),
    };
    let [secret, state, nonce, verifier] = [(); 4].map(|()| fresh_secret(app));
    let lang = lang.to_owned();
    let outing = Outing { account, lang, state, nonce, verifier };
    let client = client(app, settings, known)?;
    let verifier = PkceCodeVerifier::new(outing.verifier.clone());
    let (state, nonce) = (CsrfToken::new(outing.state.clone()), Nonce::new(outing.nonce.clone()));
    let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    let request = client
        .authorize_url(flow, move || state, move || nonce)
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    let (url, _, _) = request.url();
    keep(app, &secret, &outing).await?;
    Ok(Ok(Away { url: url.into(), secret }))
}

async fn keep(app: &App, secret: &str, outing: &Outing) -> anyhow::Result<()> {
    let (tag, now) = (tag(secret), app.now());
    let sealed = seal::seal(app, place(&tag), &serde_json::to_vec(outing)?);
    let ends_at = Moment(now.0 + OUTING_MINUTES * MINUTE);
    let keep = async || {
        let mut tx = app.db.begin().await?;
        store::outside::sweep_outings(&mut tx, now).await?;
        store::outside::insert_outing(&mut tx, (&tag, outing.account), &sealed, ends_at).await?;
        tx.commit().await
    };
    Ok(retry::again(keep).await?)
}

fn place(tag: &[u8]) -> Place<'_> {
    Place { table: "account_outings", column: "sealed", row: tag }
}

/// Takes back the browser of that cookie; nobody is awaited a second time, whatever it brings.
pub async fn take_back(
    app: &App,
    secret: Option<&str>,
    answered: &Answered,
) -> anyhow::Result<Option<Outing>> {
    let Some(tag) = secret.map(tag) else { return Ok(None) };
    let now = app.now();
    let take = async || {
        let mut tx = app.db.begin().await?;
        let taken = store::outside::take_outing(&mut tx, &tag, now).await?;
        tx.commit().await?;
        Ok(taken)
    };
    let sealed = retry::again(take).await?;
    let text = sealed.and_then(|sealed| seal::open(app, place(&tag), &sealed));
    let outing: Option<Outing> = text.and_then(|text| serde_json::from_slice(&text).ok());
    Ok(outing.filter(|outing| answered.state.as_deref() == Some(outing.state.as_str())))
}

/// Has the provider say who came back.
pub async fn prove(
    app: &App,
    settings: &Oidc,
    outing: &Outing,
    answered: &Answered,
) -> anyhow::Result<Result<OutsideId, OidcRefused>> {
    if answered.iss.as_ref().is_some_and(|issuer| *issuer != settings.issuer) {
        return Ok(Err(OidcRefused::Unproven));
    }
    let (None, Some(code)) = (&answered.error, &answered.code) else {
        return Ok(Err(OidcRefused::Declined));
    };
    let known = match app.outside.of(app, settings, FRESH).await {
        Ok(known) => known,
        Err(refused) => return Ok(Err(refused)),
    };
    let verifier = PkceCodeVerifier::new(outing.verifier.clone());
    let client = client(app, settings, known.clone())?;
    let token = match exchange(settings, &client, code, verifier).await? {
        Ok(token) => token,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut proven = proven(app, settings, &known, (&token, outing));
    if matches!(proven, Err(ClaimsVerificationError::SignatureVerification(_))) {
        // It may sign by a new key since we asked for its keys.
        match app.outside.of(app, settings, MINUTE).await {
            Ok(fresh) => proven = self::proven(app, settings, &fresh, (&token, outing)),
            Err(refused) => return Ok(Err(refused)),
        }
    }
    Ok(proven.map_err(|why| {
        tracing::warn!("an ID token of the provider is refused: {:?}", why.to_string());
        OidcRefused::Unproven
    }))
}

/// Exchanges a code for an ID token, which nobody has looked at yet.
async fn exchange(
    settings: &Oidc,
    client: &Client,
    code: &str,
    verifier: PkceCodeVerifier,
) -> anyhow::Result<Result<CoreIdToken, OidcRefused>> {
    let http = known::http(settings)?;
    let request = client.exchange_code(AuthorizationCode::new(code.to_owned()))?;
    let request = request.set_pkce_verifier(verifier);
    let answer = request.request_async(&http).await;
    Ok(match answer {
        Ok(answer) => answer.id_token().cloned().ok_or(OidcRefused::Unproven),
        Err(RequestTokenError::Request(why)) => {
            tracing::warn!("the provider does not exchange a code: {why}");
            Err(OidcRefused::Unreached)
        }
        Err(why) => {
            // Words of a stranger, which must not look like lines of ours.
            tracing::warn!("the provider does not exchange a code: {:?}", why.to_string());
            Err(OidcRefused::Unproven)
        }
    })
}

/// Who an ID token names, if it is the provider's, for us, in time, and for this outing.
fn proven(
    app: &App,
    settings: &Oidc,
    known: &CoreProviderMetadata,
    (token, outing): (&CoreIdToken, &Outing),
) -> Result<OutsideId, ClaimsVerificationError> {
    let now = DateTime::from_timestamp_micros(app.now().0).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let us = ClientId::new(settings.client_id.clone());
    // Of a client that shares no secret, so that no token is taken which such a secret signs.
    let verifier =
        CoreIdTokenVerifier::new_public_client(us, known.issuer().clone(), known.jwks().clone())
            .set_allowed_algs(SIGNED)
            .set_time_fn(move || now);
    let claims = token.claims(&verifier, &Nonce::new(outing.nonce.clone()))?;
    let (issuer, subject) = (claims.issuer().to_string(), claims.subject().to_string());
    if subject.is_empty() {
        return Err(ClaimsVerificationError::InvalidSubject("it is empty".to_owned()));
    }
    Ok(OutsideId { issuer, subject })
}

fn client(app: &App, settings: &Oidc, known: CoreProviderMetadata) -> anyhow::Result<Client> {
    let methods = known.token_endpoint_auth_methods_supported();
    let by_header =
        methods.is_none_or(|known| known.contains(&CoreClientAuthMethod::ClientSecretBasic));
    let us = ClientId::new(settings.client_id.clone());
    let client =
        CoreClient::from_provider_metadata(known, us, settings.secret()?.map(ClientSecret::new));
    let back = RedirectUrl::new(format!("{}/sign-in/oidc/back", app.centre.site()))
        .context("the domain of the settings is no domain")?;
    let how = if by_header { AuthType::BasicAuth } else { AuthType::RequestBody };
    Ok(client.set_redirect_uri(back).set_auth_type(how))
}
