//! `/isp/downloads`: the provider's lists, each in every form as often as asked, and who took what.

use askama::Template;
use axum::{Form as Typed, extract::Path};
use serde::Deserialize;

use super::{lists, not_found, said};
use crate::{
    access::tenancy::Tenant,
    isps::delivery,
    notices::{
        Standing,
        downloads::{self, Download},
        export::Form,
        fetch::{self, Fetched},
    },
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        routes::Signed,
    },
};

/// Lists and receipts that are shown.
const SHOWN: i64 = 200;

/// The version that a list is in: each line that was taken back makes another one.
fn version(list: &Standing) -> i64 {
    list.recalled + 1
}

/// Who took it, in the language of the page.
fn taker(page: &Page, one: &Download) -> String {
    match one.author.as_deref() {
        Some("system") => page.t("office-sent-by-itself"),
        Some(author) => author.to_owned(),
        None => page.t("office-taker-unknown"),
    }
}

#[derive(Template)]
#[template(path = "notices/downloads.html")]
struct Downloads {
    page: Page,
    lists: Vec<Standing>,
    receipts: Vec<Download>,
}

/// `GET /isp/downloads`
pub(super) async fn all(tenant: Tenant, signed: Signed) -> PageResult {
    let (lists, receipts) = downloads::all(&tenant, SHOWN).await?;
    show(&Downloads { page: signed.page, lists, receipts })
}

#[derive(Template)]
#[template(path = "notices/download.html")]
struct OneList {
    page: Page,
    errors: Errors,
    list: Standing,
    forms: [Form; 7],
    /// The form that is chosen: the one that the provider prefers, before it chooses another.
    chosen: String,
    receipts: Vec<Download>,
}

/// `GET /isp/downloads/{list}`
pub(super) async fn one(tenant: Tenant, signed: Signed, Path(list): Path<String>) -> PageResult {
    shown(&tenant, signed, &list, Errors::none()).await
}

async fn shown(tenant: &Tenant, signed: Signed, list: &str, errors: Errors) -> PageResult {
    let Some((list, receipts)) = downloads::of(tenant, list, SHOWN).await? else {
        return Ok(not_found());
    };
    let preferred = delivery::of(tenant).await?;
    let chosen = preferred.map_or_else(|| Form::Csv.word().to_owned(), |one| one.form);
    let (status, page) = signed.page.answering(&errors);
    show_as(status, &OneList { page, errors, list, forms: Form::ALL, chosen, receipts })
}

/// How a list is wanted.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    format: String,
}

/// `POST /isp/downloads/{list}`: the file; that it was taken is kept.
pub(super) async fn take(
    tenant: Tenant,
    signed: Signed,
    Path(list): Path<String>,
    Typed(wanted): Typed<Wanted>,
) -> PageResult {
    let Ok(form) = wanted.format.parse::<Form>() else {
        let words = signed.page.t("office-choose-form");
        return shown(&tenant, signed, &list, Errors::of("format", words)).await;
    };
    match fetch::fetch(&tenant, &list, form, None).await? {
        Fetched::List(exported) => Ok(lists::file(&list, form, exported)?),
        // Its page says so.
        Fetched::Withdrawn => Ok(signed.page.onwards(&format!("/isp/downloads/{list}#main"))),
        Fetched::Known(_) | Fetched::NoSuchList => Ok(not_found()),
    }
}
