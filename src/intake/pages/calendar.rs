//! The coverage calendar of a feed.

use askama::Template;
use axum::extract::{Path, Query, State};
use jiff::{ToSpan as _, civil::Date};
use serde::Deserialize;

use super::feed_of;
use crate::{
    app::App,
    feeds::calendar::{self, Day},
    web::{
        error::PageResult,
        page::{self, Page},
        routes::Signed,
    },
};

#[derive(Template)]
#[template(path = "intake/coverage.html")]
struct Calendar {
    page: Page,
    name: String,
    month: Date,
    days: Vec<Day>,
}

impl Calendar {
    fn month(&self) -> String {
        self.month.strftime("%Y-%m").to_string()
    }

    fn before(&self) -> String {
        shifted(self.month, -1)
    }

    fn after(&self) -> String {
        shifted(self.month, 1)
    }

    fn is_empty(&self) -> bool {
        self.days.iter().all(|day| day.runs.is_empty())
    }
}

fn shifted(month: Date, by: i64) -> String {
    month.saturating_add(by.months()).strftime("%Y-%m").to_string()
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    month: String,
}

/// `/admin/feeds/{name}/coverage?month=2026-05`; without a month that can be read, this one.
pub(super) async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let feed = match feed_of(&app, &name).await {
        Ok(feed) => feed,
        Err(answer) => return answer,
    };
    let today = app.now().in_japan().date();
    let month = format!("{}-01", asked.month).parse().unwrap_or(today).first_of_month();
    let days = calendar::month(&app.db, feed.id, month).await?;
    page::show(&Calendar { page: signed.page, name, month, days })
}
