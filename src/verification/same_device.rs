//! Same device (同一個体): that the device of a line was seen again as a case of nobody's line yet.
//!
//! A weaker link than a token's: the case stands for itself, is listed, and asks its provider whose
//! it is; meanwhile the earlier line is not called fixed. Each review tells these links anew, and
//! leaves on a line exactly those that it found.

use std::collections::{BTreeSet, HashMap};

use sqlx::FromRow;

use super::store;
use crate::{
    cases::CaseRef,
    db::{Db, Tx},
    ids::{CaseId, IspId},
    sightings::identity,
    time::Moment,
};

/// Same device (同一個体): as which case it was seen again, and how that is known.
#[derive(Clone, Debug, FromRow, PartialEq, Eq, PartialOrd, Ord)]
#[doc(alias = "同一個体")]
pub struct SameDevice {
    /// The later case.
    #[sqlx(rename = "later_id")]
    pub later: CaseId,
    /// What kind of identity says so.
    #[sqlx(try_from = "String")]
    pub kind: identity::Kind,
    /// When it was seen first as that case.
    pub since: Moment,
}

/// A link as it is kept.
#[derive(Clone, Debug, FromRow)]
pub struct Link {
    /// The case that speaks for the line whose device it is.
    pub case_id: CaseId,
    /// As which case it was seen again.
    #[sqlx(flatten)]
    pub same: SameDevice,
}

/// The links that are kept, by the case that speaks for the line.
pub(super) type Kept = HashMap<CaseId, BTreeSet<SameDevice>>;

/// The links kept for the cases of `isp`.
pub(super) async fn kept(db: &Db, isp: IspId) -> crate::db::Result<Kept> {
    let mut kept = Kept::new();
    for Link { case_id, same } in store::links_of_isp(db, isp).await? {
        kept.entry(case_id).or_default().insert(same);
    }
    Ok(kept)
}

/// Leaves on a line exactly the links of `found`; its other `members` have none.
pub(super) async fn keep(
    tx: &mut Tx,
    isp: IspId,
    (speaker, members): (CaseId, impl Iterator<Item = CaseId>),
    (found, kept): (BTreeSet<SameDevice>, &Kept),
) -> crate::db::Result<()> {
    let nothing = BTreeSet::new();
    for case in members {
        let found = if case == speaker { &found } else { &nothing };
        let standing = kept.get(&case).unwrap_or(&nothing);
        if found != standing {
            store::set_links(tx, CaseRef { isp, id: case }, found).await?;
        }
    }
    Ok(())
}

/// The links of a case to later and to earlier ones, in order of time.
pub async fn of_case(db: &Db, case: CaseRef) -> crate::db::Result<Vec<Link>> {
    store::links_of_case(db, case).await
}
