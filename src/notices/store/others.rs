//! SQL of lines that the register gives to somebody else.

use sqlx::AssertSqlSafe;

use super::NOTICE;
use crate::{
    db::{
        Tx,
        bulk::{self, Column, Target},
        on_tx,
    },
    ids::IspId,
    notices::Notice,
};

/// Lists that stand and were not looked through with that state of the register; of one provider,
/// or of all.
pub(in crate::notices) async fn not_looked_through(
    tx: &mut Tx,
    isp: Option<IspId>,
    mark: &str,
) -> sqlx::Result<Vec<Notice>> {
    let sql = format!(
        "{NOTICE} WHERE withdrawn_at IS NULL AND (looked_at IS NULL OR looked_at <> $2)
             AND (CAST($1 AS BYTEA) IS NULL OR isp_id = $1) ORDER BY isp_id, id"
    );
    on_tx!(tx, conn => {
        sqlx::query_as(AssertSqlSafe(sql)).bind(isp).bind(mark).fetch_all(conn).await
    })
}

/// Keeps which records of a list are somebody else's, in place of what was known before.
pub(in crate::notices) async fn put(
    tx: &mut Tx,
    notice: &Notice,
    records: &[i64],
    mark: &str,
) -> sqlx::Result<()> {
    const OLD: &str = "DELETE FROM lines_of_others WHERE isp_id = $1 AND notice_id = $2";
    const LIST: &str = "UPDATE notices SET looked_at = $1 WHERE isp_id = $2 AND id = $3";
    on_tx!(&mut *tx, conn => sqlx::query(OLD)
        .bind(notice.isp_id).bind(notice.id).execute(conn).await.map(|_| ()))?;
    on_tx!(&mut *tx, conn => sqlx::query(LIST)
        .bind(mark).bind(notice.isp_id).bind(notice.id).execute(conn).await.map(|_| ()))?;
    let target =
        Target { table: "lines_of_others", columns: "isp_id, notice_id, record_no", conflict: "" };
    let columns = [
        Column::Bytes(vec![notice.isp_id.0.as_bytes().to_vec(); records.len()]),
        Column::Bytes(vec![notice.id.0.as_bytes().to_vec(); records.len()]),
        Column::Int(records.to_vec()),
    ];
    bulk::insert(tx, target, columns).await.map(|_| ())
}
