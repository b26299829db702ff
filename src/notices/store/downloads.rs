//! SQL of what was handed out.

use super::STANDINGS;
use crate::{
    db::{Tx, on_tx},
    ids::IspId,
    notices::{Standing, downloads::Download},
};

/// Lists of a provider, or the one of that name, the latest first.
pub(in crate::notices) async fn lists(
    tx: &mut Tx,
    (isp, list_id): (IspId, Option<&str>),
    limit: i64,
) -> sqlx::Result<Vec<Standing>> {
    let sql = format!(
        "{STANDINGS} WHERE n.isp_id = $1 AND (CAST($2 AS TEXT) IS NULL OR n.list_id = $2)
         ORDER BY n.prepared_at DESC, n.list_id DESC LIMIT $3"
    );
    on_tx!(tx, conn => sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(isp).bind(list_id).bind(limit).fetch_all(conn).await)
}

/// What of them was handed out, the latest first.
pub(in crate::notices) async fn downloads(
    tx: &mut Tx,
    (isp, list_id): (IspId, Option<&str>),
    limit: i64,
) -> sqlx::Result<Vec<Download>> {
    const SQL: &str = "SELECT n.list_id, e.format, e.at, e.sha256, e.author FROM notice_exports e
          JOIN notices n ON n.isp_id = e.isp_id AND n.id = e.notice_id
         WHERE e.isp_id = $1 AND (CAST($2 AS TEXT) IS NULL OR n.list_id = $2)
         ORDER BY e.at DESC, n.list_id, e.format LIMIT $3";
    on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(isp).bind(list_id).bind(limit).fetch_all(conn).await
    })
}
