//! Quarantine: look at a row, then read it again, mend it, close it, or let it wait again.

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::Deserialize;

use super::{Paged, feed_of, not_found};
use crate::{
    access::roles::Act,
    app::App,
    audit::{self, Deed},
    feeds::{
        Feed,
        overview::PageOf,
        quarantine::{self, QuarantinedRow, RowId, Rows, Said, Word, reasons},
        receive::{self, FeedFile},
    },
    intake::{mend, retry as again},
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        routes::Signed,
    },
};

#[derive(Template)]
#[template(path = "intake/quarantine.html")]
struct OfFeed {
    page: Page,
    name: String,
    rows: PageOf<QuarantinedRow>,
    dismissed: bool,
}

/// `/admin/feeds/{name}/quarantine`
pub(super) async fn of_feed(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
    Query(paged): Query<Paged>,
) -> PageResult {
    let feed = match feed_of(&app, &name).await {
        Ok(feed) => feed,
        Err(answer) => return answer,
    };
    let app = app.in_the_hands_of(signed.name());
    // A reason quotes the cell that was not understood.
    audit::note_first(&app, Deed::new("quarantine.list", &name)).await?;
    let dismissed = paged.dismissed.is_some();
    let rows = quarantine::page(&app.db, feed.id, dismissed, paged.page).await?;
    show(&OfFeed { page: signed.page, name, rows, dismissed })
}

/// `/admin/feeds/{name}/retry`: reads all waiting rows of a feed again.
pub(super) async fn retry(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
) -> PageResult {
    let feed = match feed_of(&app, &name).await {
        Ok(feed) => feed,
        Err(answer) => return answer,
    };
    again::of_feed(&app.in_the_hands_of(signed.name()), &feed).await?;
    Ok(signed.page.onwards(&format!("/admin/feeds/{name}/quarantine#main")))
}

#[derive(Template)]
#[template(path = "intake/row.html")]
struct OneRow {
    page: Page,
    feed: String,
    row: QuarantinedRow,
    history: Vec<Said>,
    means: String,
    advice: String,
    errors: Errors,
    /// What stands in the field: the row as it came, or as somebody typed it.
    text: String,
    reason: String,
    may_work: bool,
}

impl OneRow {
    fn waits(&self) -> bool {
        self.row.released_at.is_none() && self.row.dismissed_at.is_none()
    }
}

/// A row with its file and its feed.
struct Found {
    feed: Feed,
    file: FeedFile,
    row: QuarantinedRow,
}

async fn find(app: &App, file: &str, row: &str) -> anyhow::Result<Option<Found>> {
    let Ok(id) = format!("{file}/{row}").parse::<RowId>() else { return Ok(None) };
    let Some(row) = quarantine::find(&app.db, id).await? else { return Ok(None) };
    let Some((feed, file)) = receive::with_feed(&app.db, id.file).await? else { return Ok(None) };
    Ok(Some(Found { feed, file, row }))
}

async fn page_of(app: &App, signed: Signed, found: Found) -> anyhow::Result<OneRow> {
    let (by, name) = (signed.name(), found.row.id().to_string());
    audit::note_first(&app.clone().in_the_hands_of(by), Deed::new("quarantine.show", &name))
        .await?;
    let told = reasons::told(&found.row.reason, signed.page.lang);
    let text = String::from_utf8_lossy(&found.row.bytes).into_owned();
    Ok(OneRow {
        history: quarantine::history(&app.db, found.row.id()).await?,
        may_work: signed.may(Act::WorkQuarantine),
        page: signed.page,
        feed: found.feed.name,
        means: told.means,
        advice: told.advice,
        errors: Errors::none(),
        text,
        reason: String::new(),
        row: found.row,
    })
}

/// `/admin/quarantine/{file}/{row}`
pub(super) async fn one(
    State(app): State<App>,
    signed: Signed,
    Path((file, row)): Path<(String, String)>,
) -> PageResult {
    match find(&app, &file, &row).await? {
        Some(found) => show(&page_of(&app, signed, found).await?),
        None => Ok(not_found()),
    }
}

/// What a person says of a row.
#[derive(Deserialize)]
pub(super) struct Saying {
    /// `mend`, `dismiss` or `reopen`.
    act: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    text: String,
}

/// Takes what a person says of a row; a refusal keeps what was typed.
pub(super) async fn say(
    State(app): State<App>,
    signed: Signed,
    Path((file, row)): Path<(String, String)>,
    Form(said): Form<Saying>,
) -> PageResult {
    let Some(found) = find(&app, &file, &row).await? else { return Ok(not_found()) };
    let reason = said.reason.trim();
    let refused = if reason.is_empty() {
        Some(Errors::of("reason", signed.page.t("row-reason-missing")))
    } else {
        act(&app, &signed, &found, &said).await?
    };
    let Some(errors) = refused else {
        return Ok(signed.page.onwards(&format!("/admin/quarantine/{file}/{row}#main")));
    };
    let mut page = page_of(&app, signed, found).await?;
    page.page.refused = true;
    let text = if said.act == "mend" { said.text } else { page.text.clone() };
    let shown = OneRow { errors, text, reason: said.reason, ..page };
    show_as(StatusCode::UNPROCESSABLE_ENTITY, &shown)
}

async fn act(
    app: &App,
    signed: &Signed,
    found: &Found,
    said: &Saying,
) -> anyhow::Result<Option<Errors>> {
    let word = Word { author: signed.name(), reason: said.reason.trim() };
    let which = [Rows::One(found.row.id())];
    let (field, why) = match said.act.as_str() {
        "mend" => {
            let of = (&found.feed, &found.file);
            let mended = mend::mend(app, of, &found.row, (&said.text, word)).await?;
            ("text", mended.err().map(|why| why.to_string()))
        }
        "dismiss" => {
            let done = quarantine::dismiss(app, &which, word).await?;
            ("reason", done.err().map(|why| why.to_string()))
        }
        _ => {
            let done = quarantine::reopen(app, &which, word).await?;
            ("reason", done.err().map(|why| why.to_string()))
        }
    };
    Ok(why.map(|why| Errors::of(field, why)))
}
