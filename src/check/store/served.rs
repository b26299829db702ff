//! SQL of what tells whose an address is: the register of providers and the address table.

use sqlx::FromRow;

use super::Rows;
use crate::{
    db::{Tx, on_tx},
    ids::{EditionId, IspId},
};

/// A provider as the rule asks for it.
#[derive(Debug, FromRow)]
pub(in crate::check) struct Provider {
    pub(in crate::check) id: IspId,
    pub(in crate::check) code: String,
    /// The code of the one it sits behind.
    pub(in crate::check) upstream: Option<String>,
    pub(in crate::check) lease_policy: String,
    pub(in crate::check) wholesale: Option<String>,
}

/// All providers, those that left the register too.
pub(in crate::check) async fn providers(tx: &mut Tx) -> sqlx::Result<Vec<Provider>> {
    const SQL: &str = "SELECT id, code, upstream, lease_policy, wholesale FROM isps";
    on_tx!(tx, conn => sqlx::query_as(SQL).fetch_all(conn).await)
}

/// A declared prefix: provider, prefix, kind, from when on, until when.
pub(in crate::check) type Declared = (IspId, String, String, i64, Option<i64>);

/// All declared prefixes.
pub(in crate::check) async fn declared(tx: &mut Tx) -> sqlx::Result<Vec<Declared>> {
    const SQL: &str = "SELECT isp_id, prefix, kind, valid_from, valid_to FROM isp_prefixes";
    on_tx!(tx, conn => sqlx::query_as(SQL).fetch_all(conn).await)
}

/// Who announces which AS, from when on, until when.
pub(in crate::check) async fn asns(
    tx: &mut Tx,
) -> sqlx::Result<Vec<(i64, IspId, i64, Option<i64>)>> {
    const SQL: &str = "SELECT asn, isp_id, valid_from, valid_to FROM isp_asns";
    on_tx!(tx, conn => sqlx::query_as(SQL).fetch_all(conn).await)
}

/// When the register or the table was changed last, if ever.
pub(in crate::check) async fn changed_at(tx: &mut Tx) -> sqlx::Result<Option<i64>> {
    const SQL: &str = "SELECT MAX(at) FROM (
             SELECT MAX(imported_at) AS at FROM isp_imports
             UNION ALL SELECT MAX(undone_at) FROM isp_imports
             UNION ALL SELECT MAX(imported_at) FROM network_imports
             UNION ALL SELECT MAX(undone_at) FROM network_imports
             UNION ALL SELECT MAX(changed_at) FROM isps) changes";
    on_tx!(tx, conn => sqlx::query_scalar(SQL).fetch_one(conn).await)
}

/// The imports of the table that stand: from when which edition holds. Of two from one date the
/// later one comes later.
pub(in crate::check) async fn imports(tx: &mut Tx) -> sqlx::Result<Vec<(i64, EditionId)>> {
    const SQL: &str = "SELECT valid_from, edition_id FROM network_imports
         WHERE undone_at IS NULL ORDER BY valid_from, no";
    on_tx!(tx, conn => sqlx::query_as(SQL).fetch_all(conn).await)
}

/// The chunks of an edition, the names of organisations left out.
pub(in crate::check) fn chunks(tx: &mut Tx, edition: EditionId) -> Rows<'_, (Vec<u8>,)> {
    const SQL: &str = "SELECT body FROM network_chunks WHERE edition_id = $1 AND no > 0";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(edition).fetch(conn))
}
