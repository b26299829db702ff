//! `/case/done`: which steps, check, send; and `/case/result`: what the scans say.

use std::collections::HashMap;

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
};

use super::Visitor;
use crate::{
    app::App,
    cases::claims::{self, Claim},
    manuals::steps::Step,
    portal::{
        Visit,
        guide::Guide,
        marks,
        next_scan::{self, Next},
        result::{self, Outcome},
    },
    time::Moment,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
    },
};

/// Ticked boxes: `step-3=on`.
type Ticked = HashMap<String, String>;

/// What a person is about to tell (申告の内容): the form, its check and the sending read it alike.
struct Telling {
    page: Page,
    visit: Visit,
    guide: Guide,
    steps: Vec<&'static Step>,
    /// The ticked steps, from 1.
    done: Vec<usize>,
}

impl Telling {
    async fn read(app: &App, visitor: Visitor, boxes: &Ticked) -> anyhow::Result<Self> {
        let Visitor { page, visit } = visitor;
        let guide = Guide::of(app, &visit).await?;
        let steps = guide.steps(page.lang);
        let ticked = |no: &usize| boxes.contains_key(&format!("step-{no}"));
        let done = (1..=steps.len()).filter(ticked).collect();
        Ok(Self { page, visit, guide, steps, done })
    }

    fn form(self, errors: Errors) -> DoneForm {
        DoneForm { page: self.page, errors, steps: self.steps, done: self.done }
    }
}

#[derive(Template)]
#[template(path = "portal/done.html")]
struct DoneForm {
    page: Page,
    errors: Errors,
    steps: Vec<&'static Step>,
    done: Vec<usize>,
}

/// The form; on the first visit with the steps that were marked done, later with what was ticked.
pub(super) async fn form(
    State(app): State<App>,
    visitor: Visitor,
    Query(boxes): Query<Ticked>,
) -> PageResult {
    let mut telling = Telling::read(&app, visitor, &boxes).await?;
    if telling.done.is_empty() {
        let marks = marks::progress(&app, &telling.visit, telling.guide.manual).await?;
        telling.done = marks.done().into_iter().filter_map(|no| usize::try_from(no).ok()).collect();
    }
    show(&telling.form(Errors::none()))
}

#[derive(Template)]
#[template(path = "portal/check.html")]
struct Check {
    page: Page,
    steps: Vec<&'static Step>,
    done: Vec<usize>,
    today: Moment,
}

impl Check {
    /// The form again, filled in alike.
    fn change(&self) -> String {
        let boxes: Vec<String> = self.done.iter().map(|no| format!("step-{no}=on")).collect();
        format!("/case/done?{}", boxes.join("&"))
    }
}

/// What was ticked, for a second look; the form again where nothing was.
pub(super) async fn check(
    State(app): State<App>,
    visitor: Visitor,
    Query(boxes): Query<Ticked>,
) -> PageResult {
    let mut telling = Telling::read(&app, visitor, &boxes).await?;
    if telling.done.is_empty() {
        let errors = Errors::of("step-1", telling.page.t("done-none"));
        telling.page = telling.page.refused();
        return show_as(StatusCode::UNPROCESSABLE_ENTITY, &telling.form(errors));
    }
    let Telling { page, steps, done, .. } = telling;
    let steps = done.iter().filter_map(|no| steps.get(no - 1).copied()).collect();
    show(&Check { page, steps, done, today: app.now() })
}

/// Takes the claim.
pub(super) async fn send(
    State(app): State<App>,
    visitor: Visitor,
    Form(boxes): Form<Ticked>,
) -> PageResult {
    let Telling { page, visit, done, .. } = Telling::read(&app, visitor, &boxes).await?;
    if done.is_empty() {
        return Ok(page.onwards("/case/done#main"));
    }
    let steps_done = done.into_iter().filter_map(|no| u32::try_from(no).ok()).collect();
    claims::record(&app, visit.case, &Claim { steps_done, on: None }).await?;
    Ok(page.onwards("/case/done/sent#main"))
}

#[derive(Template)]
#[template(path = "portal/sent.html")]
struct Sent {
    page: Page,
    claimed: Moment,
    next: String,
}

pub(super) async fn sent(State(app): State<App>, visitor: Visitor) -> PageResult {
    let Visitor { page, visit } = visitor;
    let Some(claimed) = result::of(&app, visit.case).await?.claimed else {
        return Ok(page.onwards("/case/done#main"));
    };
    let next = next_words(&page, "sent-next", next_scan::of(&app, visit.case).await?);
    show(&Sent { page, claimed, next })
}

#[derive(Template)]
#[template(path = "portal/result.html")]
struct ResultPage {
    page: Page,
    outcome: Outcome,
    next: String,
}

pub(super) async fn result(State(app): State<App>, visitor: Visitor) -> PageResult {
    let Visitor { page, visit } = visitor;
    let outcome = result::of(&app, visit.case).await?;
    let next = next_words(&page, "result-next", next_scan::of(&app, visit.case).await?);
    show(&ResultPage { page, outcome, next })
}

/// The next scan in words that promise no day.
fn next_words(page: &Page, stem: &str, next: Next) -> String {
    match next {
        Next::Around(day) => page.with(&format!("{stem}-around"), "day", page.around(&day)),
        Next::Due => page.t(format!("{stem}-due")),
        Next::NotKnown => page.t(format!("{stem}-not-known")),
    }
}
