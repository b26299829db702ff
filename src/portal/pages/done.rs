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
        guide::{self, Guide},
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

fn ticked(form: &Ticked, count: usize) -> Vec<usize> {
    (1..=count).filter(|no| form.contains_key(&format!("step-{no}"))).collect()
}

fn as_query(done: &[usize]) -> String {
    let boxes: Vec<String> = done.iter().map(|no| format!("step-{no}=on")).collect();
    boxes.join("&")
}

#[derive(Template)]
#[template(path = "portal/done.html")]
struct DoneForm {
    page: Page,
    errors: Errors,
    steps: Vec<&'static Step>,
    done: Vec<usize>,
}

pub(super) async fn form(
    State(app): State<App>,
    visitor: Visitor,
    Query(form): Query<Ticked>,
) -> PageResult {
    let Visitor { page, visit } = visitor;
    let guide = Guide::of(&app, &visit).await?;
    let steps = guide.manual.steps(page.lang, guide.infected());
    let mut done = ticked(&form, steps.len());
    if done.is_empty() {
        let marked = guide::done_steps(&app, &visit, guide.manual).await?;
        done = marked.into_iter().filter_map(|no| usize::try_from(no).ok()).collect();
    }
    show(&DoneForm { page, errors: Errors::none(), steps, done })
}

pub(super) async fn check_form(
    State(app): State<App>,
    visitor: Visitor,
    Form(form): Form<Ticked>,
) -> PageResult {
    let Visitor { page, visit } = visitor;
    let guide = Guide::of(&app, &visit).await?;
    let steps = guide.manual.steps(page.lang, guide.infected());
    let done = ticked(&form, steps.len());
    if done.is_empty() {
        let errors = Errors::of("step-1", page.t("done-none"));
        let form = DoneForm { page: page.refused(), errors, steps, done };
        return show_as(StatusCode::UNPROCESSABLE_ENTITY, &form);
    }
    Ok(page.onwards(&format!("/case/done/check?{}#main", as_query(&done))))
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
    fn change(&self) -> String {
        format!("/case/done?{}", as_query(&self.done))
    }
}

pub(super) async fn check(
    State(app): State<App>,
    visitor: Visitor,
    Query(form): Query<Ticked>,
) -> PageResult {
    let Visitor { page, visit } = visitor;
    let guide = Guide::of(&app, &visit).await?;
    let steps = guide.manual.steps(page.lang, guide.infected());
    let done = ticked(&form, steps.len());
    if done.is_empty() {
        return Ok(page.onwards("/case/done#main"));
    }
    let steps = done.iter().filter_map(|no| steps.get(no - 1).copied()).collect();
    show(&Check { page, steps, done, today: app.now() })
}

pub(super) async fn send(
    State(app): State<App>,
    visitor: Visitor,
    Form(form): Form<Ticked>,
) -> PageResult {
    let Visitor { page, visit } = visitor;
    let guide = Guide::of(&app, &visit).await?;
    let done = ticked(&form, guide.manual.steps(page.lang, guide.infected()).len());
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
}

pub(super) async fn sent(State(app): State<App>, visitor: Visitor) -> PageResult {
    let Visitor { page, visit } = visitor;
    match result::of(&app, &visit).await?.claimed {
        Some(claimed) => show(&Sent { page, claimed }),
        None => Ok(page.onwards("/case/done#main")),
    }
}

#[derive(Template)]
#[template(path = "portal/result.html")]
struct ResultPage {
    page: Page,
    outcome: Outcome,
}

pub(super) async fn result(State(app): State<App>, visitor: Visitor) -> PageResult {
    let outcome = result::of(&app, &visitor.visit).await?;
    show(&ResultPage { page: visitor.page, outcome })
}
