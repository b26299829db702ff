//! `/admin/feeds`: what came, what waits for a person, and the files of machines at `/api/v1`.

mod approvals;
mod calendar;
mod desk;
mod feeds;
mod lists;
mod push;
mod rows;
mod ways;

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};

use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

use crate::{
    access::{doors::Door, roles::Act},
    app::App,
    feeds::Feed,
    web::{error::PageResult, routes::Routes},
};

/// The pages of people.
pub fn routes() -> Routes {
    let sees = Door::May(Act::SeeFeeds);
    let reads = Door::May(Act::ReadRaw);
    let works = Door::May(Act::WorkQuarantine);
    let runs = Door::May(Act::RunCampaigns);
    Routes::new()
        .get("/admin/feeds", sees, feeds::all)
        .get("/admin/feeds/{name}", sees, feeds::one)
        .get("/admin/feeds/{name}/coverage", sees, calendar::show)
        .get("/admin/feeds/{name}/quarantine", reads, rows::of_feed)
        .post("/admin/feeds/{name}/retry", works, rows::retry)
        .get("/admin/feeds/{name}/ways/{way}", sees, ways::one)
        .get("/admin/approvals", sees, approvals::all)
        .post("/admin/approvals/{id}", Door::May(Act::Approve), approvals::decide)
        .get("/admin/files/{id}", sees, feeds::file)
        .get("/admin/files/{id}/raw", reads, feeds::raw)
        .upload(("/admin/campaigns/{name}/lists", Some(lists::FORM_MAX)), runs, lists::check)
        .upload(
            ("/admin/campaigns/{name}/lists/confirm", Some(lists::FORM_MAX)),
            runs,
            lists::confirm,
        )
        .get("/admin/quarantine/{file}/{row}", reads, rows::one)
        .post("/admin/quarantine/{file}/{row}", works, rows::say)
}

/// The addresses of machines; no page, no cookie.
pub fn machine_routes() -> Routes {
    Routes::new().upload(("/api/v1/feeds/{name}/files", None), Door::FeedToken, push::take).get(
        "/api/v1/feeds/{name}/files/{sha256}",
        Door::FeedToken,
        push::standing,
    )
}

/// What these addresses are, for the description of all of them.
pub fn described() -> utoipa::openapi::OpenApi {
    Described::openapi()
}

/// What machines may ask, described for machines.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Todoke",
        description = "Files of detections in, and what became of them; lists for providers out, \
            and what they report back. Providers also have a TAXII 2.1 server at `/taxii2/`."
    ),
    paths(push::take, push::standing),
    modifiers(&Tokens)
)]
struct Described;

/// How machines show who they are.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, described: &mut utoipa::openapi::OpenApi) {
        let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = described.components.get_or_insert_default();
        components.add_security_scheme("token", token);
    }
}

/// The feed of that name; else the answer, 404.
async fn feed_of(app: &App, name: &str) -> Result<Feed, PageResult> {
    match crate::feeds::by_name(&app.db, name).await {
        Ok(Some(feed)) => Ok(feed),
        Ok(None) => Err(Ok(not_found())),
        Err(fault) => Err(Err(fault.into())),
    }
}

/// 404, which gets its page further out.
fn not_found() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// Which page of a list is asked for: `?page=2`.
#[derive(serde::Deserialize)]
struct Paged {
    #[serde(default = "first")]
    page: i64,
    /// Rows that were dismissed instead of those that wait.
    #[serde(default)]
    dismissed: Option<String>,
}

fn first() -> i64 {
    1
}
