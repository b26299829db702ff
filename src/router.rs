//! The router (経路): every stage's pages under one roof, in both languages.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state},
    response::Redirect,
    routing::get,
};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    access,
    app::App,
    effects, intake, manuals, portal, site,
    web::{self, assets, error, guard, health},
};

/// The largest form; a route that takes uploads sets a larger `DefaultBodyLimit` of its own.
const BODY_MAX: usize = 64 * 1024;

/// All routes of `app`.
///
/// A later stage joins by a `.merge(stage::pages::routes())` in `pages`, and is there in both
/// languages with headers, error pages and the check against other sites' forms.
pub fn build(app: App) -> Router {
    let pages = Router::new()
        .merge(manuals::pages::routes())
        .merge(site::pages::routes())
        .merge(portal::pages::routes())
        .merge(effects::pages::routes())
        .merge(access::pages::routes())
        .merge(intake::pages::routes());
    Router::new()
        .nest("/en", pages.clone())
        .route("/en/", get(async || Redirect::permanent("/en")))
        .merge(pages)
        .merge(assets::routes())
        .merge(health::routes())
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .merge(intake::pages::machine_routes())
        .layer(from_fn(guard::same_site))
        .layer(from_fn(guard::language_in_path))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(app.clone(), error::dress))
        .layer(from_fn(guard::headers))
        .with_state(app)
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
