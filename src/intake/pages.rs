//! `/admin/feeds`: what came, what waits for a person, and the files of machines at `/api/v1`.

mod approvals;
mod calendar;
mod desk;
mod feeds;
mod push;
mod rows;
mod ways;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::{any, get, post},
};

use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

use crate::{
    access::{pages::Signed, roles::Act},
    app::App,
    feeds::Feed,
    web::{error::PageResult, problem::Problem},
};

/// The pages of people.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin", get(async || Redirect::to("/admin/feeds")))
        .route("/admin/feeds", get(feeds::all))
        .route("/admin/feeds/{name}", get(feeds::one))
        .route("/admin/feeds/{name}/coverage", get(calendar::show))
        .route("/admin/feeds/{name}/quarantine", get(rows::of_feed))
        .route("/admin/feeds/{name}/retry", post(rows::retry))
        .route("/admin/feeds/{name}/ways/{way}", get(ways::one))
        .route("/admin/approvals", get(approvals::all))
        .route("/admin/approvals/{id}", post(approvals::decide))
        .route("/admin/files/{id}", get(feeds::file))
        .route("/admin/files/{id}/raw", get(feeds::raw))
        .route("/admin/quarantine/{file}/{row}", get(rows::one).post(rows::say))
}

/// The addresses of machines; no page, no cookie.
pub fn machine_routes() -> Router<App> {
    Router::new()
        .route("/api/v1/feeds/{name}/files", post(push::take))
        .layer(DefaultBodyLimit::disable())
        .route("/api/v1/feeds/{name}/files/{sha256}", get(push::standing))
        .route("/api/openapi.json", get(async || axum::Json(Described::openapi())))
        .route("/api/{*path}", any(async || unknown()))
        .method_not_allowed_fallback(async || other_method())
}

fn unknown() -> Problem {
    let detail = "`/api/openapi.json` lists the addresses that there are";
    Problem::of(StatusCode::NOT_FOUND, "No such address", detail)
}

fn other_method() -> Problem {
    let detail = "`/api/openapi.json` says which methods an address takes; the header `Allow` too";
    Problem::of(StatusCode::METHOD_NOT_ALLOWED, "The address does not take this method", detail)
}

/// What machines may ask, described for machines.
#[derive(OpenApi)]
#[openapi(
    info(title = "Todoke", description = "Files of detections in, and what became of them."),
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

/// The feed of that name for whoever may do `act` with it; else the answer: 403 or 404.
async fn feed_for(app: &App, signed: &Signed, act: Act, name: &str) -> Result<Feed, PageResult> {
    if let Some(no) = signed.refused(act) {
        return Err(Ok(no));
    }
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
