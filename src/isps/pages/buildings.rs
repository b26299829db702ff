//! `/isp/buildings`: how a provider's apartment houses are built, as a file and one by one.
//!
//! Between looking and handing in, the file lies in the form itself: nothing of it is kept here
//! before the provider says so.

use std::io::Cursor;

use askama::Template;
use axum::{
    Form,
    extract::{Multipart, Query},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use formats::report_back::Recipient;
use serde::Deserialize;

use super::{onwards, times};
use crate::{
    access::tenancy::Tenant,
    isps::{
        Kind,
        apartments::{
            buildings::{Building, Part},
            register::{self, BuildingsRefused, Imported, Word, WordRefused},
        },
        entry::Declared,
        own,
        register::RowError,
    },
    time::Moment,
    web::{
        error::PageResult,
        form::{Errors, Held, Sent, escaped, file_refused, held},
        page::{Page, show, show_as},
        routes::Signed,
    },
};

/// A file as base64 in a form, and what stands around it.
pub(super) const FILE_MAX: usize = 16 << 20;
/// Buildings, and rows that came back, that are shown; the files have all of them.
const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "isps/buildings.html")]
struct Buildings {
    page: Page,
    errors: Errors,
    networks: Vec<Declared>,
    register: Vec<Building>,
    /// Buildings that are not shown.
    more: usize,
    columns: [&'static str; 10],
}

impl Buildings {
    fn of_network(&self, one: &Declared) -> String {
        times(&self.page, one.from, one.to)
    }

    fn party(&self, one: &Building) -> String {
        party(&self.page, one.contract_party)
    }

    fn href(&self, one: &Building) -> String {
        self.page.href(format!("/isp/buildings/one?building={}", escaped(&one.label)))
    }
}

/// With whom the provider has its contract, in words.
fn party(page: &Page, party: Option<Recipient>) -> String {
    party.map_or_else(|| page.t("settings-unsaid"), |one| page.t_of("apartments-who", one.code()))
}

/// `GET /isp/buildings`
pub(super) async fn all(tenant: Tenant, signed: Signed) -> PageResult {
    choose(&tenant, signed, Errors::none()).await
}

async fn choose(tenant: &Tenant, signed: Signed, errors: Errors) -> PageResult {
    let mut networks = own(tenant).await?.prefixes;
    networks.retain(|one| one.kind == Kind::Apartment);
    let columns = register::COLUMNS;
    let mut register = register::read(tenant).await?;
    let more = register.len().saturating_sub(SHOWN);
    register.truncate(SHOWN);
    let (status, page) = signed.page.answering(&errors);
    show_as(status, &Buildings { page, errors, networks, register, more, columns })
}

#[derive(Template)]
#[template(path = "isps/buildings_check.html")]
struct Check {
    page: Page,
    done: Imported,
    rows: Vec<RowError>,
    more: usize,
    data: String,
}

/// `POST /isp/buildings`: what handing the file in would do.
pub(super) async fn check(tenant: Tenant, signed: Signed, sent: Multipart) -> PageResult {
    let file = match Sent::of(sent, FILE_MAX).await.file {
        Ok(file) => file,
        Err(why) => {
            let errors = Errors::of("file", file_refused(signed.page.lang, &why));
            return choose(&tenant, signed, errors).await;
        }
    };
    if file.is_empty() {
        let errors = Errors::of("file", signed.page.t("buildings-no-file"));
        return choose(&tenant, signed, errors).await;
    }
    let data = held(&file);
    match register::import(&tenant, Cursor::new(file), true).await? {
        Ok(mut done) => {
            let more = done.errors.len().saturating_sub(SHOWN);
            let rows = std::mem::take(&mut done.errors).into_iter().take(SHOWN).collect();
            show(&Check { page: signed.page, done, rows, more, data })
        }
        Err(why) => refused(&tenant, signed, &why).await,
    }
}

async fn refused(tenant: &Tenant, signed: Signed, why: &BuildingsRefused) -> PageResult {
    let words = match why {
        BuildingsRefused::MissingColumn(column) => {
            signed.page.with("buildings-no-column", "column", column)
        }
        BuildingsRefused::NotATable(_) => signed.page.t("buildings-no-table"),
    };
    choose(tenant, signed, Errors::of("file", words)).await
}

/// `POST /isp/buildings/confirm`: hands it in.
pub(super) async fn confirm(
    tenant: Tenant,
    signed: Signed,
    Form(checked): Form<Held>,
) -> PageResult {
    let file = checked.file();
    match register::import(&tenant, Cursor::new(file), false).await? {
        Ok(_) => Ok(signed.page.onwards("/isp/buildings#buildings")),
        Err(why) => refused(&tenant, signed, &why).await,
    }
}

/// `GET /isp/buildings/file.csv`: the register as a file, to be changed and handed in again.
pub(super) async fn file(tenant: Tenant) -> Result<Response, crate::web::error::Fault> {
    let csv = register::csv(&register::read(&tenant).await?)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"buildings.csv\""),
    ];
    Ok((headers, csv).into_response())
}

/// Which building is asked for.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    building: String,
}

#[derive(Template)]
#[template(path = "isps/building.html")]
struct One {
    page: Page,
    errors: Errors,
    label: String,
    words: Vec<Word>,
    /// The day of its end as it was typed.
    to: String,
}

impl One {
    fn stands(&self) -> Option<&Building> {
        self.words.last()?.building.as_ref()
    }

    fn party(&self, one: &Building) -> String {
        party(&self.page, one.contract_party)
    }

    fn of_part(&self, part: &Part) -> String {
        times(&self.page, part.from, part.to)
    }
}

/// `GET /isp/buildings/one?building=LABEL`
pub(super) async fn one(tenant: Tenant, signed: Signed, Query(asked): Query<Asked>) -> PageResult {
    shown(&tenant, signed, (asked.building, String::new()), Errors::none()).await
}

async fn shown(
    tenant: &Tenant,
    signed: Signed,
    (label, to): (String, String),
    errors: Errors,
) -> PageResult {
    let words = register::history(tenant, &label).await?;
    if words.is_empty() {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let (status, page) = signed.page.answering(&errors);
    show_as(status, &One { page, errors, label, words, to })
}

/// What is said of a building.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    building: String,
    act: String,
    to: String,
}

/// `POST /isp/buildings/one`: it ends, leaves the register, or its last change is taken back.
pub(super) async fn say(tenant: Tenant, signed: Signed, Form(given): Form<Given>) -> PageResult {
    let label = given.building;
    let done = match given.act.as_str() {
        "end" => {
            let Ok(at) = Moment::parse_day(given.to.trim()) else {
                let errors = Errors::of("to", signed.page.t("networks-no-day"));
                return shown(&tenant, signed, (label, given.to), errors).await;
            };
            register::end(&tenant, &label, at).await?
        }
        "remove" if register::remove(&tenant, &label).await? => Ok(()),
        "remove" => Err(WordRefused::NoSuchBuilding),
        "take_back" => register::take_back(&tenant, &label).await?,
        _ => return Ok(onwards(&signed, "/isp/buildings")),
    };
    let (field, key) = match done {
        Ok(()) => {
            let to = format!("/isp/buildings/one?building={}", escaped(&label));
            return Ok(onwards(&signed, &to));
        }
        Err(WordRefused::NoSuchBuilding) => ("label", "buildings-off"),
        Err(WordRefused::EndsBeforeItBegins) => ("to", "buildings-begins-later"),
        Err(WordRefused::EndsAlready) => ("to", "buildings-ends-already"),
    };
    let errors = Errors::of(field, signed.page.t(key));
    shown(&tenant, signed, (label, given.to), errors).await
}
