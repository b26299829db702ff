//! `/case/manual`: all steps for print, and one step a page.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse as _,
};
use serde::Deserialize;

use super::Visitor;
use crate::{
    app::App,
    manuals::{
        Manual,
        steps::{Cause, Step},
    },
    portal::{
        guide::Guide,
        marks::{self, Became, Mark, NO_KNOWN_CAUSE},
    },
    web::{
        error::PageResult,
        page::{Page, show},
        texts::Lang,
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
    let steps = guide.steps(page.lang);
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
    /// Whether the person said last that it does not work.
    stuck: bool,
    /// The known cause they named.
    cause: Option<&'static Cause>,
    /// Whether they said that it is none of them.
    none_fits: bool,
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

    /// Whether `cause` is the one that was named: the others are offered below it.
    fn is_named(&self, cause: &Cause) -> bool {
        self.cause.is_some_and(|named| named.name == cause.name)
    }
}

fn after(no: usize, count: usize) -> String {
    if no < count { format!("/case/manual/{}", no + 1) } else { "/case/done".to_owned() }
}

pub(super) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    Path(no): Path<String>,
) -> PageResult {
    let Visitor { page, visit } = visitor;
    let guide = Guide::of(&app, &visit).await?;
    let manual = guide.manual;
    let steps = guide.steps(page.lang);
    let Some((no, step)) = step_at(&no, &steps) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let progress = marks::progress(&app, &visit, manual).await?;
    let (stuck, named) = match progress.at(u32::try_from(no)?) {
        Some(Became::Stuck(cause)) => (true, cause.as_deref()),
        _ => (false, None),
    };
    let cause = named.and_then(|named| guide.cause(page.lang, no, named));
    let none_fits = named == Some(NO_KNOWN_CAUSE);
    show(&One { page, manual, step, no, count: steps.len(), stuck, cause, none_fits })
}

/// The step that the end of an address names, from 1; a word names none.
fn step_at<'a>(no: &str, steps: &[&'a Step]) -> Option<(usize, &'a Step)> {
    let no: usize = no.parse().ok()?;
    Some((no, *steps.get(no.checked_sub(1)?)?))
}

/// What the buttons of a step say.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    Done,
    NotNeeded,
    Stuck,
}

#[derive(Deserialize)]
pub(super) struct Marked {
    outcome: Said,
    /// Which known cause, from 1, or 0 for none of them.
    cause: Option<usize>,
}

pub(super) async fn mark(
    State(app): State<App>,
    visitor: Visitor,
    Path(no): Path<String>,
    Form(marked): Form<Marked>,
) -> PageResult {
    let Visitor { page, visit } = visitor;
    let guide = Guide::of(&app, &visit).await?;
    // The cause is kept in the words of the Japanese manual, whatever language it was read in.
    let steps = guide.steps(Lang::Ja);
    let Some((no, step)) = step_at(&no, &steps) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let became = match (marked.outcome, marked.cause) {
        (Said::Done, _) => Became::Done,
        (Said::NotNeeded, _) => Became::NotNeeded,
        (Said::Stuck, None) => Became::Stuck(None),
        (Said::Stuck, Some(0)) => Became::Stuck(Some(NO_KNOWN_CAUSE.to_owned())),
        (Said::Stuck, Some(cause)) => match step.causes.get(cause - 1) {
            Some(cause) => Became::Stuck(Some(cause.name.clone())),
            None => return Ok(StatusCode::UNPROCESSABLE_ENTITY.into_response()),
        },
    };
    let onwards = if became.is_settled() {
        format!("{}#main", after(no, steps.len()))
    } else {
        format!("/case/manual/{no}#causes")
    };
    marks::note(&app, &visit, guide.manual, &Mark { step: u32::try_from(no)?, became }).await?;
    Ok(page.onwards(&onwards))
}
