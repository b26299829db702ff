//! `/sign-in`: by name and password or by a link, then by a second factor.

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use serde::Deserialize;

use super::{Source, home};
use crate::{
    access::{
        accounts,
        doors::{Level, Standing},
        factors::{self, Kind, Shown},
        locks::{self, Attempt},
        passkeys,
        passwords::Busy,
        sessions,
    },
    app::App,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        routes::Signed,
        session::STAFF,
    },
};

#[derive(Template)]
#[template(path = "access/sign_in.html")]
struct SignIn {
    page: Page,
    errors: Errors,
    name: String,
}

/// `GET /sign-in`
pub(super) async fn form(page: Page) -> PageResult {
    show(&SignIn { page, errors: Errors::none(), name: String::new() })
}

/// The form again, with what is wrong.
fn refused(page: Page, name: String, errors: Errors) -> PageResult {
    let form = SignIn { page: page.refused(), errors, name };
    show_as(StatusCode::UNPROCESSABLE_ENTITY, &form)
}

/// The form again, to be sent once more after so many seconds.
fn later(page: Page, name: String, (status, key, seconds): (StatusCode, &str, u64)) -> PageResult {
    let errors = Errors::of("sign-in-name", page.with(key, "seconds", seconds));
    let mut answer = show_as(status, &SignIn { page: page.refused(), errors, name })?;
    answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    Ok(answer)
}

#[derive(Deserialize)]
pub(super) struct Given {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

/// `POST /sign-in`: name and password.
pub(super) async fn by_password(
    State(app): State<App>,
    page: Page,
    Source(source): Source,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> PageResult {
    let name = given.name.trim().to_owned();
    let account = accounts::named(&app.db, &name)
        .await?
        .filter(|account| matches!(account.standing(), Standing::Confirmed | Standing::Invited));
    let attempt = Attempt { what: "password", name: &name, source, account: account.as_ref() };
    let counted = match locks::admit(&app, &attempt).await? {
        Ok(counted) => counted,
        Err(early) => {
            let how = (StatusCode::TOO_MANY_REQUESTS, "sign-in-early", early.seconds(app.now()));
            return later(page, name, how);
        }
    };
    let Ok(is_right) = factors::is_password(&app, account.as_ref(), &given.password).await? else {
        counted.taken_back(&app).await?;
        let how = (StatusCode::SERVICE_UNAVAILABLE, "sign-in-busy", Busy::SECONDS);
        return later(page, name, how);
    };
    let Some(account) = account.as_ref().filter(|_| is_right) else {
        counted.failed(&app, &attempt).await?;
        let words = page.t("sign-in-wrong");
        return refused(page, name, Errors::of("sign-in-name", words));
    };
    counted.succeeded(&app).await?;
    let secret = sessions::open(&app, account, Level::First).await?;
    let next =
        if account.confirmed_at.is_some() { "/sign-in/second#main" } else { "/account/setup#main" };
    Ok(handed(page.onwards(next), &headers, &secret))
}

/// An answer that hands a session out.
pub(super) fn handed(mut answer: Response, headers: &HeaderMap, secret: &str) -> Response {
    answer.headers_mut().insert(header::SET_COOKIE, STAFF.hand_out(headers, secret));
    answer
}

#[derive(Deserialize)]
pub(super) struct Linked {
    #[serde(default)]
    code: String,
}

/// `POST /sign-in/link`: what stands behind a one-time link.
pub(super) async fn by_link(
    State(app): State<App>,
    page: Page,
    headers: HeaderMap,
    Form(Linked { code }): Form<Linked>,
) -> PageResult {
    let Some(secret) = sessions::enter_by_link(&app, &code).await? else {
        let errors = Errors::of("sign-in-code", page.t("sign-in-refused"));
        return refused(page, String::new(), errors);
    };
    Ok(handed(page.onwards("/account/setup#main"), &headers, &secret))
}

#[derive(Template)]
#[template(path = "access/second.html")]
struct Second {
    page: Page,
    errors: Errors,
    /// What the browser hands to the device, where the account has a passkey.
    options: Option<String>,
    has_app: bool,
    /// Whether the role may use codes at all.
    takes_codes: bool,
    /// Whether it was shown before, and is asked for anew.
    again: bool,
}

async fn second_of(app: &App, signed: &Signed, errors: Errors) -> anyhow::Result<Second> {
    let account = signed.account();
    let known = factors::of(app, account).await?;
    let has_app =
        known.iter().any(|one| one.kind == Kind::Totp && factors::suits(account.role, one.kind));
    let options = passkeys::ask(app, &signed.session).await?;
    let (takes_codes, again) =
        (factors::has_codes(account.role), signed.session.level == Level::Full);
    Ok(Second { page: signed.page.clone(), errors, options, has_app, takes_codes, again })
}

/// `GET /sign-in/second`
pub(super) async fn second(State(app): State<App>, signed: Signed) -> PageResult {
    if signed.account().confirmed_at.is_none() {
        return Ok(signed.page.onwards("/account/setup#main"));
    }
    show(&second_of(&app, &signed, Errors::none()).await?)
}

async fn second_refused(app: &App, signed: Signed, words: String) -> PageResult {
    let mut page = second_of(app, &signed, Errors::of("second-code", words)).await?;
    page.page = page.page.refused();
    show_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// `POST /sign-in/second`: a code of an app, or a recovery code.
pub(super) async fn by_code(
    State(app): State<App>,
    signed: Signed,
    Source(source): Source,
    headers: HeaderMap,
    Form(Linked { code }): Form<Linked>,
) -> PageResult {
    let account = signed.account().clone();
    let attempt =
        Attempt { what: locks::CODE, name: &account.name, source, account: Some(&account) };
    let counted = match locks::admit(&app, &attempt).await? {
        Ok(counted) => counted,
        Err(early) => {
            let words = if early.is_over_for_today(app.now()) {
                signed.page.t("second-locked")
            } else {
                signed.page.with("sign-in-early", "seconds", early.seconds(app.now()))
            };
            return second_refused(&app, signed, words).await;
        }
    };
    let shown = match account.confirmed_at {
        Some(_) => factors::use_code(&app, &account, &code).await?,
        None => None,
    };
    let Some(shown) = shown else {
        counted.failed(&app, &attempt).await?;
        let words = signed.page.t("second-wrong");
        return second_refused(&app, signed, words).await;
    };
    counted.succeeded(&app).await?;
    let_in(&app, &signed, shown, &headers).await
}

/// Raises the session and leads to the first page of the role; to the own account where a factor
/// was shown anew, and to a second passkey where one device that is lost would shut the account.
async fn let_in(app: &App, signed: &Signed, shown: Shown, headers: &HeaderMap) -> PageResult {
    let secret = sessions::raise(app, &signed.session, shown).await?;
    let next = if factors::lacks_a_spare(app, signed.account()).await? {
        "/account/setup"
    } else if signed.session.level == Level::Full {
        "/account"
    } else {
        home(signed.account().role)
    };
    Ok(handed(signed.page.onwards(&format!("{next}#main")), headers, &secret))
}

/// `GET /admin`: on to the first page of the role.
pub(super) async fn first_page(signed: Signed) -> PageResult {
    Ok(signed.page.onwards(&format!("{}#main", home(signed.account().role))))
}

#[derive(Deserialize)]
pub(super) struct Answered {
    #[serde(default)]
    answer: String,
}

/// `POST /sign-in/passkey`: the answer of a device.
pub(super) async fn by_passkey(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    Form(Answered { answer }): Form<Answered>,
) -> PageResult {
    if signed.account().confirmed_at.is_none()
        || !passkeys::is_shown(&app, &signed.session, &answer).await?
    {
        let words = signed.page.t("passkey-wrong");
        return second_refused(&app, signed, words).await;
    }
    let_in(&app, &signed, Shown::Factor(Kind::Passkey), &headers).await
}

/// `POST /sign-out`
pub(super) async fn leave(State(app): State<App>, page: Page, headers: HeaderMap) -> PageResult {
    if let Some(secret) = STAFF.secret(&headers) {
        sessions::leave(&app, secret).await?;
    }
    let mut answer = page.onwards("/signed-out#main");
    answer.headers_mut().insert(header::SET_COOKIE, STAFF.take_back(&headers));
    Ok(answer)
}

#[derive(Template)]
#[template(path = "access/signed_out.html")]
struct SignedOut {
    page: Page,
}

/// `GET /signed-out`
pub(super) async fn left(page: Page) -> PageResult {
    show(&SignedOut { page })
}
