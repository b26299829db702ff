//! `/admin/isps`: who did not fetch, did not report, and whose lines soon expire; in numbers alone.

use askama::Template;
use axum::{Form, extract::State};
use serde::Deserialize;

use super::not_found;
use crate::{
    access::{roles::Act, tenancy::Tenant},
    app::App,
    isps::{
        self,
        contacts::desk::{self, Unreached},
    },
    notices::{
        chasing::{self, ListStanding, Reason},
        figures::{self, Figures, Share},
    },
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show_as},
        routes::Signed,
    },
};

#[derive(Template)]
#[template(path = "notices/board.html")]
struct Board {
    page: Page,
    errors: Errors,
    unreached: Vec<Unreached>,
    chased: Vec<(ListStanding, Vec<Reason>)>,
    /// Each with its share of those distributed, and of those identified.
    figures: Vec<(Figures, String, String)>,
    may_work: bool,
}

/// A share with its band, or a dash for a share of nothing.
fn share(one: &Figures, figure: &str, denominator: &str) -> String {
    let shares = one.shares();
    let is_it = |one: &&Share| one.figure == figure && one.denominator == denominator;
    let found = shares.iter().find(is_it);
    match found.map(|share| (share.estimate, share.lower, share.upper)) {
        Some((Some(p), Some(low), Some(high))) => {
            format!("{:.1} % ({:.1}–{:.1})", p * 100.0, low * 100.0, high * 100.0)
        }
        _ => "–".to_owned(),
    }
}

/// `GET /admin/isps`
pub(super) async fn show(State(app): State<App>, signed: Signed) -> PageResult {
    shown(&app, signed, Errors::none()).await
}

async fn shown(app: &App, signed: Signed, errors: Errors) -> PageResult {
    let may_work = signed.may(Act::WorkOffice);
    let (unreached, chased) = (desk::unreached(app).await?, chasing::list(app).await?);
    let shares = |one: Figures| {
        let (of_all, of_found) =
            (share(&one, "notified", "distributed"), share(&one, "notified", "identified"));
        (one, of_all, of_found)
    };
    let figures = figures::of(&app.db, None, None, app.now()).await?;
    let figures = figures.into_iter().map(shares).collect();
    let (status, page) = signed.page.answering(&errors);
    show_as(status, &Board { page, errors, unreached, chased, figures, may_work })
}

/// That a provider was reminded.
#[derive(Deserialize)]
pub(super) struct Reminded {
    isp: String,
    list: String,
    #[serde(default)]
    way: String,
}

/// `POST /admin/isps/reminded`
pub(super) async fn reminded(
    State(app): State<App>,
    signed: Signed,
    Form(said): Form<Reminded>,
) -> PageResult {
    let Some(isp) = isps::by_code(&app.db, &said.isp).await? else { return Ok(not_found()) };
    if !["phone", "mail", "other"].contains(&said.way.as_str()) {
        let words = signed.page.t("office-remind-how");
        return shown(&app, signed, Errors::of("way", words)).await;
    }
    let tenant = Tenant::of(&app, isp.id, &isp.code, signed.name());
    match chasing::noted(&tenant, &said.list, &said.way).await? {
        Ok(_) => Ok(signed.page.onwards("/admin/isps#main")),
        Err(_) => Ok(not_found()),
    }
}
