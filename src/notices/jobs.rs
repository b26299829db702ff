//! Jobs of notices (注意喚起の定期作業): lists that are due to leave.

use super::dispatch::carry::{self, Report};
use crate::app::App;

/// Carries one list that is due; nothing when none is.
pub async fn send_next(app: &App) -> anyhow::Result<Option<Report>> {
    carry::next_due(app).await
}
