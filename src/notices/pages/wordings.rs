//! `/admin/wordings`: what notices say, by kind and language; one wording with its versions, its
//! difference to the one in force, and how its reader gets it.

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;

use super::{not_found, wording_words as words};
use crate::{
    access::roles::Act,
    app::App,
    notices::{
        kit::{self, Kit, Sheet},
        press::{Binding, NotPrinted, Press, Window},
        wordings::{
            self, Audience, NotDecided, Of, Standing, Way, Wording, difference,
            difference::Became,
            edition, in_force,
            language::Language,
            shipped,
            text::{self, Text, Variable, variables_of},
        },
    },
    time::Moment,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        routes::Signed,
    },
};

/// One kind in one language, in the table of all of its audience.
struct Cell {
    of: Of,
    /// Versions that matter now, each with how it stands: in force, coming, waiting; the last one
    /// where none does.
    now: Vec<(Wording, &'static str)>,
}

#[derive(Template)]
#[template(path = "notices/wordings.html")]
struct All {
    page: Page,
    edition: Option<String>,
    waiting: Vec<Wording>,
    ways: [Way; 4],
    tables: Vec<(Audience, Vec<Row>)>,
}

/// A language, and what there is in it.
type Row = (Language, Vec<Cell>);

/// `GET /admin/wordings`
pub(super) async fn all(State(app): State<App>, signed: Signed) -> PageResult {
    let (all, now) = (wordings::list(&app).await?, app.now());
    let cell = |of: Of| {
        let of_it = all.iter().filter(|it| it.of() == of);
        let of_it = of_it.map(|it| (it.clone(), wordings::state(&all, it, now)));
        let last = of_it.clone().next_back();
        let standing: Vec<_> = of_it.filter(|(_, state)| counts(state)).collect();
        Cell { of, now: if standing.is_empty() { last.into_iter().collect() } else { standing } }
    };
    let row = |audience: Audience, language: Language| {
        (language, Way::ALL.map(|way| cell((way.to(audience), language))).into())
    };
    let table = |audience| (audience, Language::ALL.map(|language| row(audience, language)).into());
    let waits = |it: &&Wording| it.standing(now) == Standing::Draft;
    show(&All {
        page: signed.page,
        edition: edition(&all, now),
        waiting: all.iter().filter(waits).cloned().collect(),
        ways: Way::ALL,
        tables: Audience::ALL.map(table).into(),
    })
}

/// Whether a version that stands so is of interest now.
fn counts(state: &str) -> bool {
    matches!(state, "in_force" | "coming" | "draft")
}

/// What the address names, if it names a kind and a language.
pub(super) fn of((kind, language): &(String, String)) -> Option<Of> {
    Some((kind.parse().ok()?, language.parse().ok()?))
}

/// Which version is asked for; nothing = the latest.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    version: String,
}

/// What a reader gets: the subject and the text, and in how many parts a short message goes.
pub(super) struct Shown {
    pub(super) subject: String,
    pub(super) body: String,
    pub(super) parts: Option<usize>,
}

impl Shown {
    /// The first line of a kit.
    pub(super) fn of(kit: &Kit) -> Self {
        let text = kit.sheets.first().map(Sheet::text);
        Self::of_text(text.unwrap_or_default(), kit.way)
    }

    /// A text that goes by that way.
    pub(super) fn of_text(text: Text, way: Way) -> Self {
        let body = text.plain(way);
        let parts = (way == Way::Sms).then(|| text::parts(&body));
        Self { subject: text.subject, body, parts }
    }

    /// Lines that a box needs to show it in whole.
    pub(super) fn rows(&self) -> usize {
        let wide = |c: char| if c < '\u{1100}' { 1_usize } else { 2 };
        let wrapped = |line: &str| line.chars().map(wide).sum::<usize>() / 72 + 1;
        self.body.lines().map(wrapped).sum::<usize>().clamp(4, 40)
    }
}

#[derive(Template)]
#[template(path = "notices/wording.html")]
struct One {
    page: Page,
    errors: Errors,
    wording: Wording,
    state: &'static str,
    versions: Vec<(Wording, &'static str)>,
    /// The version in force, and what this one says anew.
    against: Option<(String, Vec<(Became, String)>)>,
    shown: Shown,
    variables: Vec<Variable>,
    may_draft: bool,
    may_approve: bool,
    is_own: bool,
    given: Given,
}

async fn found(
    app: &App,
    signed: &Signed,
    (of, version): (Of, &str),
) -> anyhow::Result<Option<One>> {
    let (all, now) = (wordings::list(app).await?, app.now());
    let is_it =
        |it: &&Wording| it.of() == of && (version.is_empty() || version == it.version.to_string());
    let wording = match all.iter().rfind(is_it) {
        Some(found) => found.clone(),
        // Before there is any, the text that comes with the program.
        None if version.is_empty() => Wording::unsaved(of, &shipped::text(of), now),
        None => return Ok(None),
    };
    let is_none = wording.version == 0;
    let state = if is_none { "none" } else { wordings::state(&all, &wording, now) };
    let against = in_force(&all, of, now).filter(|it| it.version != wording.version && !is_none);
    let against = against.map(|it| (it.to_string(), difference::lines(&it.text, &wording.text)));
    let versions = all.iter().rev().filter(|it| it.of() == of);
    let versions = versions.map(|it| (it.clone(), wordings::state(&all, it, now))).collect();
    let is_own = wording.drafted_by == signed.name();
    let shown = Shown::of(&kit::sample(app, wording.clone()));
    Ok(Some(One {
        page: signed.page.clone(),
        errors: Errors::none(),
        variables: variables_of(wording.kind.audience).collect(),
        wording,
        state,
        versions,
        against,
        shown,
        may_draft: signed.may(Act::DraftWording),
        may_approve: signed.may(Act::ApproveWording),
        is_own,
        given: Given::default(),
    }))
}

/// `GET /admin/wordings/{kind}/{language}`
pub(super) async fn one(
    State(app): State<App>,
    signed: Signed,
    Path(path): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let Some(of) = of(&path) else { return Ok(not_found()) };
    match found(&app, &signed, (of, &asked.version)).await? {
        Some(one) => show(&one),
        None => Ok(not_found()),
    }
}

/// `GET /admin/wordings/{kind}/{language}/sample.pdf`
pub(super) async fn sample(
    State(app): State<App>,
    signed: Signed,
    Path(path): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let Some(of) = of(&path).filter(|of| of.0.way == Way::Letter) else { return Ok(not_found()) };
    let Some(one) = found(&app, &signed, (of, &asked.version)).await? else {
        return Ok(not_found());
    };
    let name = one.wording.to_string();
    letter(signed.page, (&name, kit::sample(&app, one.wording)), app.now()).await
}

/// One letter as PDF, or the page that says why there is none.
pub(super) async fn letter(page: Page, (name, kit): (&str, Kit), on: Moment) -> PageResult {
    let press = match Press::take().await? {
        Ok(press) => press,
        Err(why) => return unprinted(page, &why),
    };
    match press.print(kit, (Binding::One, Window::Fields), on).await? {
        Ok(pdf) => Ok(file(pdf, "application/pdf", &format!("inline; filename=\"{name}.pdf\""))),
        Err(why) => unprinted(page, &why),
    }
}

/// Bytes for a browser to keep or to show.
pub(super) fn file(bytes: Vec<u8>, media: &'static str, name: &str) -> Response {
    let headers =
        [(header::CONTENT_TYPE, media.to_owned()), (header::CONTENT_DISPOSITION, name.to_owned())];
    (headers, bytes).into_response()
}

#[derive(Template)]
#[template(path = "notices/unprinted.html")]
struct Unprinted {
    page: Page,
    words: String,
}

/// Says why nothing is printed.
pub(super) fn unprinted(page: Page, why: &NotPrinted) -> PageResult {
    if matches!(why, NotPrinted::NoFont(_)) {
        tracing::warn!("no letter is printed: {why}");
    }
    let words = words::not_printed(&page, why);
    show_as(StatusCode::SERVICE_UNAVAILABLE, &Unprinted { page, words })
}

/// What is decided about a version.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    version: String,
    from: String,
    reason: String,
}

/// `POST /admin/wordings/{kind}/{language}/approve`
pub(super) async fn approve(
    State(app): State<App>,
    signed: Signed,
    Path(path): Path<(String, String)>,
    Form(given): Form<Given>,
) -> PageResult {
    let (Some(of), Ok(version)) = (of(&path), given.version.parse()) else {
        return Ok(not_found());
    };
    let day = Some(given.from.trim()).filter(|day| !day.is_empty());
    let Ok(from) = day.map(Moment::parse_day).transpose() else {
        let words = signed.page.t("wording-no-day");
        return refused(&app, &signed, of, (given, Errors::of("from", words))).await;
    };
    let done = wordings::approve(&app, signed.name(), &[(of, version)], from).await?;
    decided((&app, &signed), of, given, done.err()).await
}

/// `POST /admin/wordings/{kind}/{language}/retire`, and `…/withdraw` for the author of a draft.
pub(super) async fn retire(
    State(app): State<App>,
    signed: Signed,
    Path(path): Path<(String, String)>,
    Form(given): Form<Given>,
) -> PageResult {
    let (Some(of), Ok(version)) = (of(&path), given.version.parse()) else {
        return Ok(not_found());
    };
    let done = wordings::retire(&app, signed.name(), (of, version), &given.reason).await?;
    decided((&app, &signed), of, given, done.err()).await
}

fn onwards(page: &Page, (kind, language): Of) -> Response {
    page.onwards(&format!("/admin/wordings/{}/{}#main", kind.word(), language.word()))
}

/// What follows a decision: the wording as it stands now, or why it was not taken.
async fn decided(
    (app, signed): (&App, &Signed),
    of: Of,
    given: Given,
    refused_as: Option<NotDecided>,
) -> PageResult {
    match refused_as {
        None => Ok(onwards(&signed.page, of)),
        Some(NotDecided::Unknown(_)) => Ok(not_found()),
        Some(why) => {
            let errors = words::not_decided(&signed.page, &why);
            refused(app, signed, of, (given, errors)).await
        }
    }
}

async fn refused(
    app: &App,
    signed: &Signed,
    of: Of,
    (given, errors): (Given, Errors),
) -> PageResult {
    let Some(mut one) = found(app, signed, (of, &given.version)).await? else {
        return Ok(not_found());
    };
    one.page = one.page.refused();
    (one.given, one.errors) = (given, errors);
    show_as(StatusCode::UNPROCESSABLE_ENTITY, &one)
}
