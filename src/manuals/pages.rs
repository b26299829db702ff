//! `/manuals`: all manuals, open to anybody; without an ID nobody can say whether theirs is meant.

use askama::Template;
use axum::{extract::Path, response::IntoResponse as _};

use super::{Manual, steps::Step};
use crate::{
    access::doors::Door,
    web::{
        error::PageResult,
        page::{Page, for_everybody, show},
        routes::Routes,
    },
};

/// The routes of this register.
pub fn routes() -> Routes {
    Routes::new().get("/manuals", Door::Public, list).get("/manuals/{id}", Door::Public, one)
}

#[derive(Template)]
#[template(path = "manuals/list.html")]
struct List {
    page: Page,
    manuals: &'static [Manual],
}

async fn list(page: Page) -> PageResult {
    Ok(for_everybody(show(&List { page, manuals: super::all() })?))
}

#[derive(Template)]
#[template(path = "manuals/one.html")]
struct One {
    page: Page,
    manual: &'static Manual,
    /// Those of a merely weak device; the one for infected ones follows apart.
    steps: Vec<&'static Step>,
    if_infected: Vec<&'static Step>,
}

async fn one(page: Page, Path(id): Path<String>) -> PageResult {
    let Some(manual) = super::named(&id) else {
        return Ok(axum::http::StatusCode::NOT_FOUND.into_response());
    };
    let steps = manual.steps(page.lang, false);
    let extra = |step: &&Step| step.only == Some(true);
    let if_infected = manual.steps(page.lang, true).into_iter().filter(extra).collect();
    Ok(for_everybody(show(&One { page, manual, steps, if_infected })?))
}
