//! `/case/manual`: all steps for print, and one step a page.

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::IntoResponse as _,
};
use serde::Deserialize;

use super::Visitor;
use crate::{
    app::App,
    manuals::{Manual, steps::Step},
    portal::guide::{self, Guide, Mark},
    web::{
        error::PageResult,
        page::{Page, show},
    },
};

#[derive(Template)]
#[template(path = "portal/manual_full.html")]
struct Full {
    page: Page,
    manual: &'static Manual,
    steps: Vec<&'static Step>,
}

pub(super) async fn all(State(app): State<App>, visitor: Visitor) -> PageResult {
    let guide = Guide::of(&app, &visitor.visit).await?;
    let page = visitor.page;
    let steps = guide.manual.steps(page.lang, guide.infected());
    show(&Full { manual: guide.manual, steps, page })
}

#[derive(Template)]
#[template(path = "portal/manual_step.html")]
struct One {
    page: Page,
    manual: &'static Manual,
    step: &'static Step,
    no: usize,
    count: usize,
    stuck: bool,
}

impl One {
    fn place(&self) -> String {
        let values: [(&str, &dyn std::fmt::Display); 2] = [("n", &self.no), ("all", &self.count)];
        self.page.lang.say_with("step-place", &values)
    }

    fn here(&self) -> String {
        format!("/case/manual/{}", self.no)
    }

    fn before(&self) -> String {
        if self.no == 1 { "/case".to_owned() } else { format!("/case/manual/{}", self.no - 1) }
    }

    fn after(&self) -> String {
        after(self.no, self.count)
    }
}

fn after(no: usize, count: usize) -> String {
    if no < count { format!("/case/manual/{}", no + 1) } else { "/case/done".to_owned() }
}

#[derive(Deserialize)]
pub(super) struct Shown {
    stuck: Option<String>,
}

pub(super) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    Path(no): Path<usize>,
    Query(shown): Query<Shown>,
) -> PageResult {
    let guide = Guide::of(&app, &visitor.visit).await?;
    let (page, manual) = (visitor.page, guide.manual);
    let steps = manual.steps(page.lang, guide.infected());
    let Some(step) = no.checked_sub(1).and_then(|i| steps.get(i)) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let stuck = shown.stuck.is_some();
    show(&One { page, manual, step, no, count: steps.len(), stuck })
}

#[derive(Deserialize)]
pub(super) struct Outcome {
    outcome: String,
}

pub(super) async fn mark(
    State(app): State<App>,
    visitor: Visitor,
    Path(no): Path<usize>,
    Form(Outcome { outcome }): Form<Outcome>,
) -> PageResult {
    let Visitor { page, visit } = visitor;
    let guide = Guide::of(&app, &visit).await?;
    let count = guide.manual.steps(page.lang, guide.infected()).len();
    if no == 0 || no > count {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let done = outcome == "done";
    let (manual, step) = (guide.manual.fit.id.clone(), u32::try_from(no).unwrap_or(0));
    guide::mark(&app, &visit, &Mark { manual, step, done, cause: None }).await?;
    Ok(if done {
        page.onwards(&format!("{}#main", after(no, count)))
    } else {
        page.onwards(&format!("/case/manual/{no}?stuck=1#causes"))
    })
}
