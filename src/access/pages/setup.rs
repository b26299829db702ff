//! `/account/setup`: what an account still needs before it opens anything, one thing a page.

use std::net::IpAddr;

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;

use super::{Source, enter::handed, home};
use crate::{
    access::{
        factors::{self, FactorRefused, Kind, Offer, Offered, Shown},
        locks::{self, Attempt},
        passkeys,
        passwords::{Busy, PasswordRefused},
        sessions,
    },
    app::App,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        qr,
        routes::Signed,
    },
};

#[derive(Template)]
#[template(path = "access/password.html")]
struct SetPassword {
    page: Page,
    errors: Errors,
    /// Whether the old one is asked for first.
    asks_old: bool,
}

#[derive(Template)]
#[template(path = "access/factor.html")]
struct AddFactor {
    page: Page,
    errors: Errors,
    /// What the browser hands to the device.
    options: String,
    /// What an app is shown, where the role may use one.
    offer: Option<(Offer, String)>,
    /// Where to go without a second passkey for now, where one is asked for.
    later: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "access/codes.html")]
pub(super) struct ShowCodes {
    pub(super) page: Page,
    pub(super) codes: Vec<String>,
}

/// To the second factor, which a change of factors needs anew.
pub(super) fn not_yet(signed: &Signed) -> Response {
    signed.page.onwards("/sign-in/second#main")
}

/// `GET /account/setup`: a password first, then a second factor.
pub(super) async fn next(State(app): State<App>, signed: Signed) -> PageResult {
    if !signed.session.may_change_factors(app.now()) {
        return Ok(not_yet(&signed));
    }
    if !factors::has_first(&app, signed.account()).await? {
        let page = signed.page;
        return show(&SetPassword { page, errors: Errors::none(), asks_old: false });
    }
    offered(&app, signed, Errors::none()).await
}

async fn offered(app: &App, signed: Signed, errors: Errors) -> PageResult {
    let account = signed.account();
    let (passkey, options) = passkeys::offer(app, account).await?;
    let (totp, offer) = if factors::suits(account.role, Kind::Totp) {
        let (secret, offer) = factors::offer_totp(app, &signed.session);
        let picture = qr::svg(&offer.uri)?;
        (Some(secret), Some((offer, picture)))
    } else {
        (None, None)
    };
    Offered { passkey, totp }.keep(app, &signed.session).await?;
    let has_one = account.confirmed_at.is_some() && factors::lacks_a_spare(app, account).await?;
    let later = has_one.then(|| home(account.role));
    let (status, page) = signed.page.answering(&errors);
    show_as(status, &AddFactor { page, errors, options, offer, later })
}

#[derive(Deserialize)]
pub(super) struct NewPassword {
    #[serde(default)]
    old: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

/// `POST /account/password`
pub(super) async fn password(
    State(app): State<App>,
    signed: Signed,
    Source(source): Source,
    Form(given): Form<NewPassword>,
) -> PageResult {
    if !signed.session.may_change_factors(app.now()) {
        return Ok(not_yet(&signed));
    }
    let account = signed.account();
    let asks_old = factors::has_password(&app, account).await?;
    let page = signed.page.clone();
    let wrong = |field, words| {
        let errors = Errors::of(field, words);
        let form = SetPassword { page: page.clone().refused(), errors, asks_old };
        show_as(StatusCode::UNPROCESSABLE_ENTITY, &form)
    };
    let old =
        if asks_old { old_password(&app, &signed, source, &given.old).await? } else { Ok(()) };
    if let Err(words) = old {
        return wrong("password-old", words);
    }
    if given.password != given.again {
        return wrong("password-again", said(&page, PasswordRefused::Differ));
    }
    let own = (account, Some(&signed.session));
    if let Err(why) = factors::set_password(&app, own, &given.password).await? {
        return wrong("password-new", said(&page, why));
    }
    let next = if account.confirmed_at.is_some() { "/account#main" } else { "/account/setup#main" };
    Ok(page.onwards(next))
}

/// Looks at the old password as at one by which somebody signs in; gives what is wrong.
async fn old_password(
    app: &App,
    signed: &Signed,
    source: IpAddr,
    old: &str,
) -> anyhow::Result<Result<(), String>> {
    let account = signed.account();
    let attempt = Attempt { what: "password", name: &account.name, source, account: Some(account) };
    let counted = match locks::admit(app, &attempt).await? {
        Ok(counted) => counted,
        Err(early) => {
            let seconds = early.seconds(app.now());
            return Ok(Err(signed.page.with("sign-in-early", "seconds", seconds)));
        }
    };
    match factors::is_password(app, Some(account), old).await? {
        Ok(true) => {
            counted.succeeded(app).await?;
            Ok(Ok(()))
        }
        Ok(false) => {
            counted.failed(app, &attempt).await?;
            Ok(Err(signed.page.t("password-old-wrong")))
        }
        Err(busy) => {
            counted.taken_back(app).await?;
            Ok(Err(said(&signed.page, busy.into())))
        }
    }
}

fn said(page: &Page, why: PasswordRefused) -> String {
    page.t(match why {
        PasswordRefused::Busy(_) => return page.with("sign-in-busy", "seconds", Busy::SECONDS),
        PasswordRefused::Short => "password-short",
        PasswordRefused::Long => "password-long",
        PasswordRefused::Name => "password-name",
        PasswordRefused::Pattern => "password-pattern",
        PasswordRefused::Differ => "password-differ",
    })
}

#[derive(Deserialize)]
pub(super) struct FirstCode {
    #[serde(default)]
    label: String,
    #[serde(default)]
    code: String,
}

/// `POST /account/app`: the first code of an app.
pub(super) async fn app(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    Form(given): Form<FirstCode>,
) -> PageResult {
    if !signed.session.may_change_factors(app.now()) {
        return Ok(not_yet(&signed));
    }
    let added = factors::accept_totp(&app, &signed.session, (&given.label, &given.code)).await?;
    match added {
        Ok(()) => added_one(&app, signed, Kind::Totp, &headers).await,
        Err(why) => wrong(&app, signed, ("app-code", why)).await,
    }
}

#[derive(Deserialize)]
pub(super) struct NewPasskey {
    #[serde(default)]
    label: String,
    #[serde(default)]
    answer: String,
}

/// `POST /account/passkey`: what a device made.
pub(super) async fn passkey(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    Form(given): Form<NewPasskey>,
) -> PageResult {
    if !signed.session.may_change_factors(app.now()) {
        return Ok(not_yet(&signed));
    }
    let given = (given.label.as_str(), given.answer.as_str());
    match passkeys::accept(&app, &signed.session, given).await? {
        Ok(()) => added_one(&app, signed, Kind::Passkey, &headers).await,
        Err(why) => wrong(&app, signed, ("passkey-label", why)).await,
    }
}

async fn wrong(
    app: &App,
    signed: Signed,
    (field, why): (&'static str, FactorRefused),
) -> PageResult {
    let words = signed.page.t(match why {
        FactorRefused::PasskeyOnly => "factor-passkey-only",
        FactorRefused::NotAsked => "factor-not-asked",
        FactorRefused::Wrong if field == "passkey-label" => "passkey-wrong",
        FactorRefused::Wrong | FactorRefused::Last => "factor-app-wrong",
    });
    offered(app, signed, Errors::of(field, words)).await
}

/// After a factor was added: an account that had none gets its recovery codes, shown this once; one
/// that has no such codes is asked for another passkey.
async fn added_one(app: &App, signed: Signed, kind: Kind, headers: &HeaderMap) -> PageResult {
    let account = signed.account();
    if account.confirmed_at.is_some() {
        return Ok(signed.page.onwards("/account#main"));
    }
    if !factors::has_first(app, account).await? {
        return Ok(signed.page.onwards("/account/setup#main"));
    }
    let codes = factors::make_codes(app, (account, Some(&signed.session))).await?;
    let secret = sessions::raise(app, &signed.session, Shown::Factor(kind)).await?;
    let answer = match codes {
        Ok(codes) => show(&ShowCodes { page: signed.page, codes })?.into_response(),
        Err(_) => signed.page.onwards("/account/setup#main"),
    };
    Ok(handed(answer, headers, &secret))
}
