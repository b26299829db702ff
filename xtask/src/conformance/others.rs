//! Samples of the other formats.

use std::path::Path;

use anyhow::Result;

use super::Outcome;

/// All of them.
pub(super) fn all(_shared: &Path) -> Result<Vec<Outcome>> {
    Ok(Vec::new())
}
