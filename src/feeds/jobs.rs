//! Jobs of feeds (フィードの定期作業): ways that are due.

use super::ways::run::{self, Report};
use crate::app::App;

/// Runs one way that is due; nothing when none is.
pub async fn fetch_next(app: &App) -> anyhow::Result<Option<Report>> {
    run::next_due(app).await
}
