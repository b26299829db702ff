//! The portal (支援サイト): from an inquiry ID to the manual, the claim and the verdict.
//!
//! Eighth stage: looks an ID up under a budget, opens a visit that holds no address, helps to find
//! the device, marks the steps, hands the claim to `cases`, and shows how the case stands. Owns
//! `visits`, `step_marks`, `device_choices`, `lookup_budget`; reads cases through `cases` and by
//! join.

pub mod budget;
pub mod entry;
pub mod guide;
pub mod marks;
pub mod named;
pub mod next_scan;
pub mod pages;
pub mod result;
pub(crate) mod store;
pub mod timeline;

use std::collections::HashSet;

use crate::{
    cases::CaseRef,
    db::Db,
    ids::{CaseId, VisitId},
    time::Moment,
};

/// Minutes without a request after which a visit ends.
pub const IDLE_MINUTES: i64 = 20;
/// Hours after which a visit ends whatever happens.
pub const VISIT_HOURS: i64 = 12;

/// Visit (来訪): one use of the public pages with an inquiry ID; it holds no address.
#[derive(Clone, Copy, Debug)]
#[doc(alias = "来訪")]
pub struct Visit {
    /// Its key.
    pub id: VisitId,
    /// The case whose ID was entered.
    pub case: CaseRef,
    /// When the ID was entered.
    pub opened_at: Moment,
    /// The latest request.
    pub seen_at: Moment,
    /// When it ends whatever happens.
    pub ends_at: Moment,
}

impl Visit {
    /// Whether it still runs at `now`.
    pub fn is_open(&self, now: Moment) -> bool {
        now < self.ends_at && now.0 - self.seen_at.0 < IDLE_MINUTES * 60_000_000
    }
}

/// Cases whose page somebody has opened: whoever did was told of them.
pub(crate) async fn visited(db: &Db) -> crate::db::Result<HashSet<CaseId>> {
    Ok(store::visited(db).await?.into_iter().collect())
}
