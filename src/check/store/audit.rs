//! SQL by which the check reads the audit log.

use sqlx::FromRow;

use super::{Rows, rows};
use crate::db::{Tx, on_tx};

/// A leaf as it is stored.
#[derive(Debug, FromRow)]
pub(in crate::check) struct Row {
    pub(in crate::check) no: i64,
    pub(in crate::check) at: i64,
    pub(in crate::check) author: String,
    pub(in crate::check) act: String,
    pub(in crate::check) object: String,
    pub(in crate::check) isp: Option<String>,
    pub(in crate::check) detail: Option<String>,
    pub(in crate::check) hash: Vec<u8>,
}

/// All leaves in their order.
pub(in crate::check) fn leaves(tx: &mut Tx) -> Rows<'_, Row> {
    rows(tx, "SELECT no, at, author, act, object, isp, detail, hash FROM audit_leaves ORDER BY no")
}

/// What the head says of the last leaf, if there is one.
pub(in crate::check) async fn head(tx: &mut Tx) -> sqlx::Result<Option<(i64, Vec<u8>)>> {
    const SQL: &str = "SELECT no, hash FROM audit_head WHERE id = 1";
    on_tx!(tx, conn => sqlx::query_as(SQL).fetch_optional(conn).await)
}
