//! The router (経路): every stage's pages under one roof, in both languages.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{StatusCode, Uri},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse as _, Redirect, Response},
};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    access::{self, doors::Door},
    app::App,
    audit, campaigns, cases, effects, intake, isps, manuals, notices, portal, site,
    web::{
        self, assets, error, guard, health,
        problem::Problem,
        routes::{self, AllRoutes, OfficeRoutes, Route, Routes},
        unread,
    },
};

/// The largest form; a route that takes uploads sets a larger `DefaultBodyLimit` of its own.
const BODY_MAX: usize = 64 * 1024;

/// The pages of people, in each language.
///
/// A stage joins by a `.merge(stage::pages::routes())`, and is there in both languages with
/// headers, error pages and the check against other sites' forms. What providers use joins by
/// `.merge_office(…)`.
fn pages() -> Routes {
    Routes::new()
        .merge(manuals::pages::routes())
        .merge(site::pages::routes(campaigns::pages::headlines))
        .merge(portal::pages::routes())
        .merge(effects::pages::routes())
        .merge(access::pages::routes())
        .merge(audit::pages::routes())
        .merge(intake::pages::routes())
        .merge(cases::pages::routes())
        .merge(notices::pages::routes())
        .merge_office(office())
}

/// The pages of providers.
fn office() -> OfficeRoutes {
    OfficeRoutes::new()
        .merge(access::pages::office_routes())
        .merge(isps::pages::office_routes())
        .merge(notices::pages::office_routes())
}

/// What machines ask: no language, no cookie.
fn machines() -> Routes {
    Routes::new()
        .merge(intake::pages::machine_routes())
        .merge_office(notices::pages::machine_routes())
        .get("/api/openapi.json", Door::Public, async || axum::Json(described()))
}

/// What all addresses of machines are, described for machines.
fn described() -> utoipa::openapi::OpenApi {
    intake::pages::described().merge_from(notices::pages::described())
}

/// What is the same for everybody and in no language.
fn fixed() -> Routes {
    Routes::new()
        .get("/en/", Door::Public, async || Redirect::permanent("/en"))
        .merge(assets::routes())
        .merge(health::routes())
}

/// All routes with the doors before them, pages once.
pub fn list() -> Vec<Route> {
    [pages(), machines(), fixed()].iter().flat_map(|part| part.list().to_vec()).collect()
}

/// All routes of `app`.
pub fn build(app: App) -> Router {
    let pages = pages().into_router();
    let held = (app.clone(), AllRoutes(Arc::new(list())));
    Router::new()
        .nest("/en", pages.clone())
        .merge(pages)
        .merge(fixed().into_router())
        .merge(machines().into_router())
        .fallback(nothing_there)
        .method_not_allowed_fallback(other_method)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn(notices::pages::in_taxii))
        .layer(from_fn(guard::same_site))
        .layer(from_fn(guard::language_in_path))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(app.clone(), error::dress))
        .layer(from_fn(guard::headers))
        .layer(from_fn(move |request, next| routes::hand_in(held.clone(), request, next)))
        .layer(from_fn(unread::read_on))
        .with_state(app)
}

/// Whether an address is a machine's, which gets a problem instead of a page (RFC 9457).
fn is_of_machines(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/taxii2/") || path == "/taxii2"
}

async fn nothing_there(uri: Uri) -> Response {
    if !is_of_machines(uri.path()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let detail = "`/api/openapi.json` lists the addresses that there are";
    Problem::of(StatusCode::NOT_FOUND, "No such address", detail).into_response()
}

async fn other_method(uri: Uri) -> Response {
    if !is_of_machines(uri.path()) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let detail = "`/api/openapi.json` says which methods an address takes; the header `Allow` too";
    let title = "The address does not take this method";
    Problem::of(StatusCode::METHOD_NOT_ALLOWED, title, detail).into_response()
}

/// Serves `app` on `listener` until `shutdown`; under a placeholder only this machine itself.
pub async fn serve(
    app: App,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    app.centre.fit_to_serve(listener.local_addr()?.ip())?;
    web::serve(build(app), listener, shutdown).await
}
