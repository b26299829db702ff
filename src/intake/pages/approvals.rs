//! Files out of all measure: let them pass, or take them back.

use std::fmt::Display;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
};
use serde::Deserialize;

use super::not_found;
use crate::{
    access::roles::Act,
    app::App,
    feeds::{
        files,
        gate::{self, Excess, Held, NotWaiting},
        withdrawal::Word,
    },
    intake::withdrawal,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show_as},
        routes::Signed,
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
    let mut waiting = Vec::new();
    for held in gate::waiting(&app.db).await? {
        let mut why: Vec<String> =
            held.excess()?.iter().map(|one| why(&signed.page, one)).collect();
        if why.is_empty() {
            why.push(signed.page.t("approvals-why-reading"));
        }
        waiting.push((held, why));
    }
    let may_decide = signed.may(Act::Approve);
    let (status, page) = signed.page.answering(&errors);
    show_as(status, &Approvals { page, waiting, errors, may_decide })
}

/// In which way a file is out of measure, in the language of the page.
fn why(page: &Page, excess: &Excess) -> String {
    match excess {
        Excess::Median { hits, median, files } => {
            let values: [(&str, &dyn Display); 5] = [
                ("hits", hits),
                ("median", median),
                ("files", files),
                ("times", &gate::TIMES_MEDIAN),
                ("days", &gate::MEDIAN_DAYS),
            ];
            page.with_all("approvals-why-median", &values)
        }
        Excess::Share { isp, addresses, of } => {
            let values: [(&str, &dyn Display); 4] = [
                ("isp", isp),
                ("addresses", addresses),
                ("of", of),
                ("percent", &gate::PERCENT_OF_ISP),
            ];
            page.with_all("approvals-why-share", &values)
        }
    }
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
    let Ok((_, file)) = files::named(&app.db, &id).await? else { return Ok(not_found()) };
    let reason = decision.reason.trim();
    if reason.is_empty() {
        let words = signed.page.t("row-reason-missing");
        return shown(&app, signed, Errors::of("reason", words)).await;
    }
    let word = Word { author: signed.name(), reason };
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
