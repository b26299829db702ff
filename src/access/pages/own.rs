//! `/account`: the own account, by what it is entered, and what it may do.

use askama::Template;
use axum::{Form, extract::State};
use serde::Deserialize;

use super::setup::{ShowCodes, not_yet};
use crate::{
    access::{
        factors::{self, Factor},
        outside_ids::{self, Bound},
    },
    app::App,
    ids::FactorId,
    web::{
        error::PageResult,
        form::Errors,
        page::{self, Page, show_as},
        routes::Signed,
    },
};

#[derive(Template)]
#[template(path = "access/account.html")]
struct Own {
    page: Page,
    errors: Errors,
    role: &'static str,
    factors: Vec<Factor>,
    /// How many recovery codes are left, where the role has any.
    codes_left: Option<i64>,
    /// Whether one device that is lost would shut the account.
    lacks_a_spare: bool,
    /// Whether the old password is asked for: there may be none.
    asks_old: bool,
    outside: Option<Bound>,
    /// Whether that identity is one of the provider that the settings name.
    opens: bool,
}

async fn shown(app: &App, signed: Signed, errors: Errors) -> PageResult {
    let account = signed.account();
    let codes_left = if factors::has_codes(account.role) {
        Some(factors::codes_left(app, account).await?)
    } else {
        None
    };
    let lacks_a_spare = factors::lacks_a_spare(app, account).await?;
    let factors = factors::of(app, account).await?;
    let (outside, opens) =
        (outside_ids::of(app, account).await?, outside_ids::opens(app, account).await?);
    let asks_old = factors::has_password(app, account).await?;
    let role = account.role.word();
    let (status, page) = signed.page.answering(&errors);
    let shown =
        Own { page, errors, role, factors, codes_left, lacks_a_spare, asks_old, outside, opens };
    show_as(status, &shown)
}

/// The own account, with why its outside identity stays.
pub(super) async fn outside_refused(app: &App, signed: Signed) -> PageResult {
    let words = signed.page.t("oidc-only");
    shown(app, signed, Errors::of("outside", words)).await
}

/// `GET /account`
pub(super) async fn show(State(app): State<App>, signed: Signed) -> PageResult {
    shown(&app, signed, Errors::none()).await
}

/// `POST /account/codes`: ten fresh recovery codes.
pub(super) async fn codes(State(app): State<App>, signed: Signed) -> PageResult {
    if !signed.session.may_change_factors(app.now()) {
        return Ok(not_yet(&signed));
    }
    let own = (signed.account(), Some(&signed.session));
    if let Ok(codes) = factors::make_codes(&app, own).await? {
        return page::show(&ShowCodes { page: signed.page, codes });
    }
    let words = signed.page.t("factor-passkey-only");
    shown(&app, signed, Errors::of("factors", words)).await
}

#[derive(Deserialize)]
pub(super) struct Which {
    id: String,
}

/// `POST /account/factors`: takes one away.
pub(super) async fn remove(
    State(app): State<App>,
    signed: Signed,
    Form(Which { id }): Form<Which>,
) -> PageResult {
    let Ok(id) = id.parse::<FactorId>() else { return Ok(signed.page.onwards("/account#main")) };
    if !signed.session.may_change_factors(app.now()) {
        return Ok(not_yet(&signed));
    }
    if factors::remove(&app, &signed.session, id).await?.is_err() {
        let words = signed.page.t("factor-last");
        return shown(&app, signed, Errors::of("factors", words)).await;
    }
    Ok(signed.page.onwards("/account#main"))
}
