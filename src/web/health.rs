//! Health (死活): whether this process lives, and whether it can reach its store.

use axum::{Router, extract::State, http::StatusCode, routing::get};

use crate::app::App;

/// `/healthz` and `/readyz`, for a load balancer.
pub fn routes() -> Router<App> {
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(ready))
}

async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    match app.db.answers().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(fault) => {
            tracing::warn!("the store does not answer: {fault}");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n")
        }
    }
}
