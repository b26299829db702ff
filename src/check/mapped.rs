//! Mappings of a file (読み方): by which mapping each of its rows was read.
//!
//! A file keeps to the mapping by which it was taken in; a row that a retry let out of quarantine
//! is read by the one by which it left.

use std::collections::{HashMap, HashSet};

use super::store;

/// By which mappings, as JSON, the rows of a file were read; nothing where the format needs none.
#[derive(Debug, Default)]
pub(super) struct Mapped {
    /// All rows but those of `since`.
    pub(super) then: Option<String>,
    /// Rows that left quarantine by another one.
    pub(super) since: HashMap<String, HashSet<i64>>,
}

impl Mapped {
    /// `saved` are the mappings of that name in order of time.
    pub(super) fn of(
        mapped_at: Option<i64>,
        saved: &[store::Saved],
        quarantine: &[store::Quarantined],
    ) -> Self {
        let at = |moment: i64| {
            let before = saved.iter().rev().find(|(saved_at, _)| *saved_at <= moment);
            before.map(|(_, body)| body.clone())
        };
        let mut mapped = Self { then: at(mapped_at.unwrap_or(i64::MAX)), ..Self::default() };
        for row in quarantine.iter().filter(|row| row.released_at.is_some()) {
            let Some(body) = row.mapped_at.and_then(at) else { continue };
            if mapped.then.as_ref() != Some(&body) {
                mapped.since.entry(body).or_default().insert(row.row_no);
            }
        }
        mapped
    }
}
