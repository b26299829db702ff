//! Files out of all measure: let them pass, or take them back.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;

use super::not_found;
use crate::{
    access::{pages::Signed, roles::Act},
    app::App,
    feeds::{
        files,
        gate::{self, Held, NotWaiting},
        withdrawal::Word,
    },
    intake::withdrawal,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show_as},
    },
};

#[derive(Template)]
#[template(path = "intake/approvals.html")]
struct Approvals {
    page: Page,
    waiting: Vec<(Held, Vec<String>)>,
    errors: Errors,
    may_decide: bool,
}

/// `/admin/approvals`
pub(super) async fn all(State(app): State<App>, signed: Signed) -> PageResult {
    shown(&app, signed, Errors::none()).await
}

async fn shown(app: &App, signed: Signed, errors: Errors) -> PageResult {
    if let Some(no) = signed.refused(Act::SeeFeeds) {
        return Ok(no);
    }
    let mut waiting = Vec::new();
    for held in gate::waiting(&app.db).await? {
        let why = held.excess()?.iter().map(ToString::to_string).collect();
        waiting.push((held, why));
    }
    let may_decide = signed.staff.role.may(Act::Approve);
    let is_bad = errors.any();
    let page = if is_bad { signed.page.refused() } else { signed.page };
    let status = if is_bad { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    show_as(status, &Approvals { page, waiting, errors, may_decide })
}

/// What a person decides.
#[derive(Deserialize)]
pub(super) struct Decision {
    /// `approve`, or `decline`, which withdraws the file.
    act: String,
    #[serde(default)]
    reason: String,
}

/// `POST /admin/approvals/{id}`
pub(super) async fn decide(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(decision): Form<Decision>,
) -> PageResult {
    if let Some(no) = signed.refused(Act::Approve) {
        return Ok(no);
    }
    let Ok((_, file)) = files::named(&app.db, &id).await? else { return Ok(not_found()) };
    let reason = decision.reason.trim();
    if reason.is_empty() {
        let words = signed.page.t("row-reason-missing");
        return shown(&app, signed, Errors::of("reason", words)).await;
    }
    let word = Word { author: &signed.staff.name, reason };
    let refused = if gate::why(&app.db, file.id).await?.is_none() {
        Some(NotWaiting(file.name.clone()).to_string())
    } else if decision.act == "approve" {
        gate::approve(&app, file.id, word).await?;
        None
    } else {
        let done = withdrawal::withdraw(&app, &file, word, false).await?;
        done.err().map(|why| why.to_string())
    };
    match refused {
        Some(words) => shown(&app, signed, Errors::of("reason", words)).await,
        None => Ok(signed.page.onwards("/admin/approvals#main")),
    }
}
