//! `/sign-in/oidc`, `/account/oidc`: out to the provider, back again, bound and taken off.
//!
//! Forms of this site go to this site alone, so a browser is sent out by a page and not by the
//! answer to a form. What it brings back stands in an address, which the answer's links leave out.

use std::net::IpAddr;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use super::{Source, enter::handed, own, setup::not_yet};
use crate::{
    access::{
        accounts::Account,
        doors::Level,
        locks::{self, Bucket},
        oidc::{self, Answered, OidcRefused, Outing},
        outside_ids::{self, OutsideId},
        sessions::{self, Session},
    },
    app::App,
    config::Oidc,
    ids::AccountId,
    web::{
        error::PageResult,
        page::{Page, show, show_as},
        routes::Signed,
        session::{OUTING, STAFF},
        texts::Lang,
    },
};

#[derive(Template)]
#[template(path = "access/out.html")]
struct Out {
    page: Page,
    provider: String,
    url: String,
}

#[derive(Template)]
#[template(path = "access/not_in.html")]
struct NotIn {
    page: Page,
    provider: String,
    words: String,
    /// Where to begin again.
    back: String,
}

/// `POST /sign-in/oidc`: somebody wants to sign in.
///
/// What waits is the way out: each costs a row and, on the way back, a question to the provider.
/// The way back needs one, so that it needs no lock of its own, and whoever comes without is only
/// turned away.
pub(super) async fn begin(
    State(app): State<App>,
    page: Page,
    Source(from): Source,
    headers: HeaderMap,
) -> PageResult {
    let Some(settings) = &app.centre.oidc else { return Ok(off()) };
    let page = Page::at(&app, page.lang, "/sign-in", "");
    if let Err(early) = locks::pace(&app, &bucket(&app, from)).await? {
        let seconds = early.seconds(app.now());
        let words = page.with("sign-in-early", "seconds", seconds);
        let mut answer = said(page, StatusCode::TOO_MANY_REQUESTS, words)?;
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        return Ok(answer);
    }
    sends_out(&app, settings, (page, &headers), None).await
}

/// `POST /account/oidc`: whoever is signed in wants to bind the own account.
pub(super) async fn begin_to_bind(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
) -> PageResult {
    let Some(settings) = &app.centre.oidc else { return Ok(off()) };
    if !signed.session.may_change_factors(app.now()) {
        return Ok(not_yet(&signed));
    }
    let page = Page::at(&app, signed.page.lang, own_page(signed.account()), "");
    let page = page.at_work(signed.account());
    sends_out(&app, settings, (page, &headers), Some(signed.account().id)).await
}

/// Nobody has a name before the provider gives one, so that going out is counted by source alone.
fn bucket(app: &App, from: IpAddr) -> Bucket {
    locks::bucket(app, ("oidc", ""), from)
}

/// Where no provider is set, there is no such page.
fn off() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// The page from which an account is bound.
fn own_page(account: &Account) -> &'static str {
    if account.confirmed_at.is_some() { "/account" } else { "/account/setup" }
}

async fn sends_out(
    app: &App,
    settings: &Oidc,
    (page, headers): (Page, &HeaderMap),
    account: Option<AccountId>,
) -> PageResult {
    match oidc::send_out(app, settings, (account, page.lang.code())).await? {
        Ok(away) => {
            let provider = page.outside_name().unwrap_or_default().to_owned();
            let mut answer = show(&Out { page, provider, url: away.url })?;
            let cookie = OUTING.hand_out(headers, &away.secret);
            answer.headers_mut().append(header::SET_COOKIE, cookie);
            Ok(answer)
        }
        Err(why) => refused(page, why),
    }
}

/// Says why nothing is opened, and leads back to where it began.
fn refused(page: Page, why: OidcRefused) -> PageResult {
    let key = match why {
        OidcRefused::Lost => "oidc-lost",
        OidcRefused::Declined => "oidc-declined",
        OidcRefused::Unproven => "oidc-unproven",
        OidcRefused::Unreached => "oidc-unreached",
        OidcRefused::Unknown => "oidc-unknown",
        OidcRefused::Taken => "oidc-taken",
        OidcRefused::HasOne => "oidc-has-one",
        OidcRefused::SignedOut => "oidc-signed-out",
        OidcRefused::Only => "oidc-only",
    };
    let status = match why {
        OidcRefused::Unreached => StatusCode::BAD_GATEWAY,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let words = page.with(key, "provider", page.outside_name().unwrap_or_default());
    said(page, status, words)
}

fn said(page: Page, status: StatusCode, words: String) -> PageResult {
    let provider = page.outside_name().unwrap_or_default().to_owned();
    let back = page.href(&page.path);
    show_as(status, &NotIn { page, provider, words, back })
}

/// `GET /sign-in/oidc/back`: the provider has sent a browser back.
pub(super) async fn back(
    State(app): State<App>,
    page: Page,
    Source(from): Source,
    headers: HeaderMap,
    Query(answered): Query<Answered>,
) -> PageResult {
    let Some(settings) = &app.centre.oidc else { return Ok(off()) };
    let outing = oidc::take_back(&app, OUTING.secret(&headers), &answered).await?;
    let Some(outing) = outing else {
        return refused(Page::at(&app, page.lang, "/sign-in", ""), OidcRefused::Lost);
    };
    let lang = Lang::of_code(&outing.lang).unwrap_or(page.lang);
    let path = if outing.account.is_some() { "/account" } else { "/sign-in" };
    let page = Page::at(&app, lang, path, "");
    let mut answer = match oidc::prove(&app, settings, &outing, &answered).await? {
        Ok(who) => {
            let answer = arrived(&app, page, (&headers, &outing), &who).await?;
            if answer.status().is_redirection() {
                locks::succeeded(&app, &bucket(&app, from)).await?;
            }
            answer
        }
        Err(why) => refused(page, why)?,
    };
    answer.headers_mut().append(header::SET_COOKIE, OUTING.take_back(&headers));
    Ok(answer)
}

/// Whoever the provider has named signs in, or has the own account bound.
async fn arrived(
    app: &App,
    page: Page,
    (headers, outing): (&HeaderMap, &Outing),
    who: &OutsideId,
) -> PageResult {
    let Some(wanted) = outing.account else {
        let account = outside_ids::account_of(app, who).await?;
        let Some(account) = account else { return refused(page, OidcRefused::Unknown) };
        let secret = sessions::open(app, &account, Level::First).await?;
        let next = match account.confirmed_at {
            Some(_) => "/sign-in/second#main",
            None => "/account/setup#main",
        };
        return Ok(handed(page.onwards(next), headers, &secret));
    };
    let session = match STAFF.secret(headers) {
        Some(secret) => sessions::resume(app, secret).await?,
        None => None,
    };
    let may = |one: &Session| one.account.id == wanted && one.may_change_factors(app.now());
    let Some(session) = session.filter(may) else {
        return refused(page, OidcRefused::SignedOut);
    };
    let next = own_page(&session.account);
    if let Err(why) = outside_ids::bind(app, &session.account, who).await? {
        let page = Page::at(app, page.lang, next, "").at_work(&session.account);
        return refused(page, why);
    }
    Ok(page.onwards(&format!("{next}#main")))
}

/// `POST /account/oidc/unbind`
pub(super) async fn unbind(State(app): State<App>, signed: Signed) -> PageResult {
    if !signed.session.may_change_factors(app.now()) {
        return Ok(not_yet(&signed));
    }
    match outside_ids::unbind(&app, &signed.session).await? {
        Ok(()) => Ok(signed.page.onwards("/account#outside")),
        Err(_) => own::outside_refused(&app, signed).await,
    }
}
