//! Devices of cases (案件の機器): the words under which open cases stand, for whoever keeps the
//! catalogue.

use sqlx::FromRow;

use super::store;
use crate::db::Db;

/// Words for a device, and how many open cases stand under them (機器の呼び名).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "機器の呼び名")]
pub struct Words {
    /// The maker.
    pub maker: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The kind.
    pub device_kind: Option<String>,
    /// Open and recurred cases with these words.
    pub cases: i64,
}

/// The words of open cases whose device no rule told, most frequent first.
pub async fn in_feeds_words(db: &Db) -> crate::db::Result<Vec<Words>> {
    store::in_words_of(db, crate::devices::FEED).await
}
