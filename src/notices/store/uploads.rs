//! SQL of uploads and their receipts.

use crate::{
    db::{Tx, on_tx},
    ids::IspId,
    notices::report_back::Receipt,
};

const RECEIPT: &str = "SELECT id, receipt, sha256, at, author, all_rows, accepted, unchanged,
         refused FROM report_uploads WHERE isp_id = $1";

/// The receipt of that number.
pub(in crate::notices) async fn by_number(
    tx: &mut Tx,
    isp: IspId,
    number: &str,
) -> sqlx::Result<Option<Receipt>> {
    let sql = format!("{RECEIPT} AND receipt = $2");
    on_tx!(tx, conn => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        query.bind(isp).bind(number).fetch_optional(conn).await
    })
}

/// The receipt of that content.
pub(in crate::notices) async fn by_content(
    tx: &mut Tx,
    isp: IspId,
    sha256: &str,
) -> sqlx::Result<Option<Receipt>> {
    let sql = format!("{RECEIPT} AND sha256 = $2");
    on_tx!(tx, conn => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        query.bind(isp).bind(sha256).fetch_optional(conn).await
    })
}

/// The latest receipts.
pub(in crate::notices) async fn latest(
    tx: &mut Tx,
    isp: IspId,
    limit: i64,
) -> sqlx::Result<Vec<Receipt>> {
    let sql = format!("{RECEIPT} ORDER BY at DESC, receipt LIMIT $2");
    on_tx!(tx, conn => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        query.bind(isp).bind(limit).fetch_all(conn).await
    })
}

/// Keeps a receipt.
pub(in crate::notices) async fn insert(
    tx: &mut Tx,
    isp: IspId,
    receipt: &Receipt,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO report_uploads (isp_id, id, sha256, receipt, at, author,
             all_rows, accepted, unchanged, refused)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(isp)
        .bind(receipt.id)
        .bind(&receipt.sha256)
        .bind(&receipt.number)
        .bind(receipt.at)
        .bind(&receipt.by)
        .bind(receipt.rows)
        .bind(receipt.accepted)
        .bind(receipt.unchanged)
        .bind(receipt.refused)
        .execute(conn)
        .await
        .map(|_| ()))
}
