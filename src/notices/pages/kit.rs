//! `/isp/kit`: the wordings in force, for a provider to send by its own hand: to look at, to copy
//! with merge fields, and as texts and letters of a list, whose lines are counted before.

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query},
    http::StatusCode,
};
use serde::Deserialize;

use super::{
    not_found, wording_words as words,
    wordings::{Shown, file, letter, of, unprinted},
};
use crate::{
    access::tenancy::Tenant,
    notices::{
        chasing::ListStanding,
        kit::{self, Count, NoKit, PART, Wanted, Which, Whom},
        lines,
        press::{Binding, NotPrinted, Press, Window},
        wordings::{Audience, Of, Way, Wording, language::Language},
    },
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        routes::Signed,
    },
};

/// A language with its kinds, and the number of the version in force of each, if one is.
type Row = (Language, Vec<(Of, Option<i64>)>);

#[derive(Template)]
#[template(path = "notices/kit.html")]
struct All {
    page: Page,
    edition: Option<String>,
    tables: Vec<(Audience, Vec<Row>)>,
    is_empty: bool,
}

/// `GET /isp/kit`
pub(super) async fn all(tenant: Tenant, signed: Signed) -> PageResult {
    let shelf = kit::shelf(&tenant).await?;
    let row = |audience: Audience, language: Language| {
        let ways = Way::ALL.map(|way| (way.to(audience), language));
        (language, ways.map(|of| (of, shelf.of(of).map(|it| it.version))).into())
    };
    let table = |audience| (audience, Language::ALL.map(|language| row(audience, language)).into());
    let is_empty = shelf.wordings.is_empty();
    let (page, edition) = (signed.page, shelf.edition.clone());
    show(&All { page, edition, tables: Audience::ALL.map(table).into(), is_empty })
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
    /// What the list that is asked for holds.
    count: Option<Count>,
    part_max: usize,
}

impl One {
    fn is_letter(&self) -> bool {
        self.wording.kind.way == Way::Letter
    }

    /// Whether the texts of a list are asked for here: those for others are among them.
    fn is_of_lists(&self) -> bool {
        self.wording.kind.audience == Audience::Subscriber
    }

    /// Where the texts of a list are asked for.
    fn of_lists(&self) -> String {
        let Wording { kind, language, .. } = &self.wording;
        self.page.href(format!("/isp/kit/{}/{}", kind.way.word(), language.word()))
    }

    fn part_hint(&self, count: &Count) -> String {
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("n", &self.part_max), ("parts", &count.parts)];
        self.page.with_all("kit-part-hint", &values)
    }

    /// How many lines of the list get no text, and why: those that need not be told again, or the
    /// others.
    fn left_out(&self, is_done: bool) -> Vec<(usize, String)> {
        let all = self.count.iter().flat_map(|count| &count.left_out);
        let all = all.filter(|(why, _)| why.is_done() == is_done);
        all.map(|(why, lines)| (*lines, words::left_out(&self.page, why))).collect()
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
    /// `all`: also what need not be sent again.
    whom: String,
}

impl Given {
    fn whom(&self) -> Whom {
        if self.whom == "all" { Whom::All } else { Whom::NotYetTold }
    }
}

/// The page of a wording, with what a list holds where one is asked for.
async fn found(
    tenant: &Tenant,
    signed: &Signed,
    (of, given): (Of, Given),
) -> anyhow::Result<Option<One>> {
    let shelf = kit::shelf(tenant).await?;
    let Some(wording) = shelf.of(of).cloned() else { return Ok(None) };
    let way = wording.kind.way;
    let mut lists = lines::summary(tenant).await?.lists;
    lists.sort_by(|a, b| (b.prepared_at, &b.list_id).cmp(&(a.prepared_at, &a.list_id)));
    let (mut errors, mut count) = (Errors::none(), None);
    let list = given.list.trim();
    if !list.is_empty() {
        match kit::count(tenant, list, (way, of.1)).await? {
            Ok(counted) => count = Some(counted),
            Err(why) => errors = Errors::of("list", words::no_kit(&signed.page, &why)),
        }
    }
    Ok(Some(One {
        page: signed.page.clone(),
        errors,
        shown: Shown::of(&shelf.sample(&wording)),
        open: Shown::of_text(shelf.open(&wording), way),
        wording,
        lists,
        given,
        count,
        part_max: PART,
    }))
}

/// `GET /isp/kit/{kind}/{language}`, and `?list=` for what that list holds.
pub(super) async fn one(
    tenant: Tenant,
    signed: Signed,
    Path(path): Path<(String, String)>,
    Query(given): Query<Given>,
) -> PageResult {
    let Some(of) = of(&path) else { return Ok(not_found()) };
    match found(&tenant, &signed, (of, given)).await? {
        Some(mut one) if one.errors.any() => {
            one.page = one.page.refused();
            show_as(StatusCode::UNPROCESSABLE_ENTITY, &one)
        }
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
    let Some(of) = of(&path).filter(|of| of.0.way == Way::Letter) else { return Ok(not_found()) };
    let shelf = kit::shelf(&tenant).await?;
    let Some(wording) = shelf.of(of) else { return Ok(not_found()) };
    letter(signed.page, (&wording.to_string(), shelf.sample(wording)), tenant.now()).await
}

/// `POST /isp/kit/{way}/{language}`: the texts or letters of a list.
pub(super) async fn hand_out(
    tenant: Tenant,
    signed: Signed,
    Path(path): Path<(String, String)>,
    Form(given): Form<Given>,
) -> PageResult {
    let Some(of) = of(&path).filter(|of| of.0.audience == Audience::Subscriber) else {
        return Ok(not_found());
    };
    let asked: Wanted = (of.0.way, of.1);
    let list = given.list.trim().to_owned();
    if list.is_empty() {
        let words = signed.page.t("kit-no-choice");
        return refused(&tenant, &signed, of, (given, Errors::of("list", words))).await;
    }
    let binding = match given.form.as_str() {
        _ if asked.0 != Way::Letter => None,
        "pdf" => Some(Binding::One),
        "zip" => Some(Binding::PerLine),
        _ => None,
    };
    let Some(binding) = binding else {
        return match kit::hand_out(
            &tenant,
            &list,
            asked,
            (Which::All, given.whom()),
            kit::PRINTS_NOTHING,
        )
        .await?
        {
            Ok(kit) => {
                let name = format!("attachment; filename=\"{}.csv\"", kit.stem());
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
    let which = (Which::Part(part), given.whom());
    let kit = match kit::hand_out(&tenant, &list, asked, which, &|kit| press.lacks(kit)).await? {
        Ok(kit) => kit,
        Err(why) => return handed_not(&tenant, &signed, of, (given, why)).await,
    };
    let window = if given.window == "empty" { Window::Empty } else { Window::Fields };
    let name = format!("attachment; filename=\"{}.{part}", kit.stem());
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
    let field = match why {
        NoKit::NoPart(..) | NoKit::EmptyPart(_) => "part",
        NoKit::AllTold(..) => "whom",
        _ => "list",
    };
    let errors = Errors::of(field, words::no_kit(&signed.page, &why));
    refused(tenant, signed, of, (given, errors)).await
}

async fn refused(
    tenant: &Tenant,
    signed: &Signed,
    of: Of,
    (given, errors): (Given, Errors),
) -> PageResult {
    let Some(mut one) = found(tenant, signed, (of, given)).await? else { return Ok(not_found()) };
    one.page = one.page.refused();
    one.errors = errors;
    show_as(StatusCode::UNPROCESSABLE_ENTITY, &one)
}
