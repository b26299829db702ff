//! Jobs of providers (電気通信事業者の定期作業): what once stood in the clear is sealed.

use super::delivery::sealing;
use crate::app::App;

/// Seals some of what once stood in the clear; tells whether there was any.
pub async fn seal_some(app: &App) -> anyhow::Result<bool> {
    Ok(sealing::some(app).await? > 0)
}
