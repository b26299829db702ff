//! The log as people read it (監査記録の閲覧): filtered, the latest first; it bears no address.

use sqlx::FromRow;

use super::store;
use crate::{db::Db, time::Moment};

/// A leaf as it stands in the log (監査記録の一件).
#[derive(Clone, Debug, FromRow)]
pub struct Noted {
    /// Its number, from 1 without a gap.
    pub no: i64,
    /// When.
    pub at: Moment,
    /// Who.
    pub author: String,
    /// What was done.
    pub act: String,
    /// To what.
    pub object: String,
    /// Of which provider.
    pub isp: Option<String>,
    /// What else is to be known, as JSON.
    pub detail: Option<String>,
    /// Its hash.
    pub hash: Vec<u8>,
}

impl Noted {
    /// When, on the Japanese clock.
    pub fn at_jst(&self) -> String {
        self.at.in_japan().strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

/// Which leaves are asked for (条件).
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this person.
    pub by: Option<String>,
    /// Only this act, or all whose word begins so up to a dot.
    pub act: Option<String>,
    /// Only of this provider.
    pub isp: Option<String>,
    /// Only since then.
    pub since: Option<Moment>,
    /// Only before the leaf of this number: the next page.
    pub before: Option<i64>,
}

/// At most `limit` leaves, the latest first.
pub async fn latest(db: &Db, filter: &Filter, limit: i64) -> crate::db::Result<Vec<Noted>> {
    store::latest(db, filter, limit).await
}
