//! A way of a feed: every run that it has made, with what came and what went wrong.

use askama::Template;
use axum::extract::{Path, Query, State};

use super::{Paged, feed_of, feeds::in_words, not_found};
use crate::{
    app::App,
    feeds::{
        overview::PageOf,
        ways::{
            self, Way,
            history::{self, Refusal, WayRun},
        },
    },
    web::{
        error::PageResult,
        page::{Page, show},
        routes::Signed,
    },
};

#[derive(Template)]
#[template(path = "intake/way.html")]
struct OneWay {
    page: Page,
    way: Way,
    schedule: String,
    runs: PageOf<(WayRun, Vec<Refusal>)>,
}

/// `/admin/feeds/{name}/ways/{way}`
pub(super) async fn one(
    State(app): State<App>,
    signed: Signed,
    Path((name, way)): Path<(String, String)>,
    Query(paged): Query<Paged>,
) -> PageResult {
    let feed = match feed_of(&app, &name).await {
        Ok(feed) => feed,
        Err(answer) => return answer,
    };
    let ways = ways::all(&app.db, Some(feed.id)).await?;
    let Some(way) = ways.into_iter().find(|one| one.name == way) else { return Ok(not_found()) };
    let runs = history::page(&app.db, &way, paged.page).await?;
    let schedule = in_words(&signed.page, &way)?;
    show(&OneWay { page: signed.page, way, schedule, runs })
}
