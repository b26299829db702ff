//! `/isp/kit`: the wordings in force, for a provider to send by its own hand: to look at, to copy
//! with merge fields, and as texts and letters of a list.

use askama::Template;
use axum::{Form, extract::Path, http::StatusCode};
use serde::Deserialize;

use super::{
    not_found, wording_words as words,
    wordings::{Shown, file, letter, of, unprinted},
};
use crate::{
    access::tenancy::Tenant,
    notices::{
        chasing::ListStanding,
        kit::{self, NoKit, PART, Which},
        lines,
        press::{Binding, NotPrinted, Press, Window},
        wordings::{Kind, Of, Wording, language::Language},
    },
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        routes::Signed,
    },
};

/// Each kind, and the number of its version in force, if one is.
type Row = Vec<(Kind, Option<i64>)>;

#[derive(Template)]
#[template(path = "notices/kit.html")]
struct All {
    page: Page,
    edition: Option<String>,
    rows: Vec<(Language, Row)>,
    is_empty: bool,
}

/// `GET /isp/kit`
pub(super) async fn all(tenant: Tenant, signed: Signed) -> PageResult {
    let shelf = kit::shelf(&tenant).await?;
    let cell = |kind, language| (kind, shelf.of((kind, language)).map(|it| it.version));
    let row = |language| (language, Kind::ALL.map(|kind| cell(kind, language)).into());
    let rows = Language::ALL.map(row).into();
    let is_empty = shelf.wordings.is_empty();
    let (page, edition) = (signed.page, shelf.edition.clone());
    show(&All { page, edition, rows, is_empty })
}

#[derive(Template)]
#[template(path = "notices/kit_one.html")]
struct One {
    page: Page,
    errors: Errors,
    wording: Wording,
    /// With example values.
    shown: Shown,
    /// With merge fields.
    open: Shown,
    lists: Vec<ListStanding>,
    given: Given,
    part_max: usize,
}

impl One {
    fn is_letter(&self) -> bool {
        self.wording.kind == Kind::Letter
    }
}

/// What is asked for.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    list: String,
    form: String,
    window: String,
    part: String,
}

async fn found(tenant: &Tenant, signed: &Signed, of: Of) -> anyhow::Result<Option<One>> {
    let shelf = kit::shelf(tenant).await?;
    let Some(wording) = shelf.of(of).cloned() else { return Ok(None) };
    let sample = shelf.sample(&wording);
    let mut opened = sample.clone();
    opened.sheets.clear();
    opened.wording.text = shelf.open(&wording);
    let mut lists = lines::summary(tenant).await?.lists;
    lists.sort_by(|a, b| (b.prepared_at, &b.list_id).cmp(&(a.prepared_at, &a.list_id)));
    Ok(Some(One {
        page: signed.page.clone(),
        errors: Errors::none(),
        shown: Shown::of(&sample),
        open: Shown::of(&opened),
        wording,
        lists,
        given: Given::default(),
        part_max: PART,
    }))
}

/// `GET /isp/kit/{kind}/{language}`
pub(super) async fn one(
    tenant: Tenant,
    signed: Signed,
    Path(path): Path<(String, String)>,
) -> PageResult {
    let Some(of) = of(&path) else { return Ok(not_found()) };
    match found(&tenant, &signed, of).await? {
        Some(one) => show(&one),
        None => Ok(not_found()),
    }
}

/// `GET /isp/kit/{kind}/{language}/sample.pdf`
pub(super) async fn sample(
    tenant: Tenant,
    signed: Signed,
    Path(path): Path<(String, String)>,
) -> PageResult {
    let Some(of) = of(&path).filter(|of| of.0 == Kind::Letter) else { return Ok(not_found()) };
    let shelf = kit::shelf(&tenant).await?;
    let Some(wording) = shelf.of(of) else { return Ok(not_found()) };
    letter(signed.page, (&wording.to_string(), shelf.sample(wording)), tenant.now()).await
}

/// `POST /isp/kit/{kind}/{language}`: the texts or letters of a list.
pub(super) async fn hand_out(
    tenant: Tenant,
    signed: Signed,
    Path(path): Path<(String, String)>,
    Form(given): Form<Given>,
) -> PageResult {
    let Some(of) = of(&path) else { return Ok(not_found()) };
    let list = given.list.trim().to_owned();
    if list.is_empty() {
        let words = signed.page.t("kit-no-choice");
        return refused(&tenant, &signed, of, (given, Errors::of("list", words))).await;
    }
    let binding = match given.form.as_str() {
        _ if of.0 != Kind::Letter => None,
        "pdf" => Some(Binding::One),
        "zip" => Some(Binding::PerLine),
        _ => None,
    };
    let Some(binding) = binding else {
        return match kit::hand_out(&tenant, &list, of, Which::All).await? {
            Ok(kit) => {
                let name = format!("attachment; filename=\"{list}.{}.csv\"", kit.wording);
                Ok(file(kit.csv()?, "text/csv; charset=utf-8", &name))
            }
            Err(why) => handed_not(&tenant, &signed, of, (given, why)).await,
        };
    };
    let Some(part) = part_of(&given.part) else {
        let words = signed.page.t("kit-bad-part");
        return refused(&tenant, &signed, of, (given, Errors::of("part", words))).await;
    };
    let press = match Press::take().await? {
        Ok(press) => press,
        Err(why) => return unprinted(signed.page, &why),
    };
    let kit = match kit::hand_out(&tenant, &list, of, Which::Part(part)).await? {
        Ok(kit) => kit,
        Err(why) => return handed_not(&tenant, &signed, of, (given, why)).await,
    };
    let window = if given.window == "empty" { Window::Empty } else { Window::Fields };
    let name = format!("attachment; filename=\"{list}.{}.{part}", kit.wording);
    match (press.print(kit, (binding, window), tenant.now()).await?, binding) {
        (Ok(pdf), Binding::One) => Ok(file(pdf, "application/pdf", &format!("{name}.pdf\""))),
        (Ok(zip), Binding::PerLine) => Ok(file(zip, "application/zip", &format!("{name}.zip\""))),
        (Err(why @ NotPrinted::Nothing), _) => {
            let words = words::not_printed(&signed.page, &why);
            refused(&tenant, &signed, of, (given, Errors::of("list", words))).await
        }
        (Err(why), _) => unprinted(signed.page, &why),
    }
}

/// The part that is asked for; nothing typed is the first.
fn part_of(typed: &str) -> Option<usize> {
    match typed.trim() {
        "" => Some(1),
        typed => typed.parse().ok(),
    }
}

async fn handed_not(
    tenant: &Tenant,
    signed: &Signed,
    of: Of,
    (given, why): (Given, NoKit),
) -> PageResult {
    let field = if matches!(why, NoKit::NoPart(..)) { "part" } else { "list" };
    let errors = Errors::of(field, words::no_kit(&signed.page, &why));
    refused(tenant, signed, of, (given, errors)).await
}

async fn refused(
    tenant: &Tenant,
    signed: &Signed,
    of: Of,
    (given, errors): (Given, Errors),
) -> PageResult {
    let Some(mut one) = found(tenant, signed, of).await? else { return Ok(not_found()) };
    one.page = one.page.refused();
    (one.given, one.errors) = (given, errors);
    show_as(StatusCode::UNPROCESSABLE_ENTITY, &one)
}
