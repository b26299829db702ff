//! Health (死活): whether this process lives, and whether it can reach its store.

use axum::{extract::State, http::StatusCode};

use super::routes::Routes;
use crate::{access::doors::Door, app::App};

/// `/healthz` and `/readyz`, for a load balancer.
pub fn routes() -> Routes {
    Routes::new().get("/healthz", Door::Public, async || "ok\n").get("/readyz", Door::Public, ready)
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
