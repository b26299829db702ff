//! SQL of uploads, their receipts, and each time that they came.

use sqlx::FromRow;

use crate::{
    db::{
        Tx,
        bulk::{self, Column, Target},
        on_tx,
    },
    ids::{IspId, UploadId},
    notices::report_back::{Attempt, Receipt, RowError},
};

/// Receipts with the figures of the latest attempt; ends before further conditions.
const RECEIPT: &str = "SELECT u.id, u.receipt, u.sha256, u.at, u.author, a.at AS last_at,
             a.no AS times, a.all_rows, a.accepted, a.unchanged, a.refused
        FROM report_uploads u
        JOIN report_attempts a ON a.isp_id = u.isp_id AND a.upload_id = u.id
             AND a.no = (SELECT MAX(b.no) FROM report_attempts b
                  WHERE b.isp_id = u.isp_id AND b.upload_id = u.id)
       WHERE u.isp_id = $1";

/// The receipt of that number.
pub(in crate::notices) async fn by_number(
    tx: &mut Tx,
    isp: IspId,
    number: &str,
) -> sqlx::Result<Option<Receipt>> {
    let sql = format!("{RECEIPT} AND u.receipt = $2");
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
    let sql = format!("{RECEIPT} AND u.sha256 = $2");
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
    let sql = format!("{RECEIPT} ORDER BY a.at DESC, u.receipt LIMIT $2");
    on_tx!(tx, conn => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        query.bind(isp).bind(limit).fetch_all(conn).await
    })
}

/// Keeps a receipt; what came of the file the first time stands there as well.
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

/// Each time that a file came, the latest first.
pub(in crate::notices) async fn attempts(
    tx: &mut Tx,
    isp: IspId,
    upload: UploadId,
) -> sqlx::Result<Vec<Attempt>> {
    const SQL: &str = "SELECT no, at, author, accepted, unchanged, refused, refusals_no
         FROM report_attempts WHERE isp_id = $1 AND upload_id = $2 ORDER BY no DESC";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(isp).bind(upload).fetch_all(conn).await)
}

/// Appends that it came.
pub(in crate::notices) async fn insert_attempt(
    tx: &mut Tx,
    isp: IspId,
    receipt: &Receipt,
    attempt: &Attempt,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO report_attempts (isp_id, upload_id, no, at, author, all_rows,
             accepted, unchanged, refused, refusals_no)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(isp)
        .bind(receipt.id)
        .bind(attempt.no)
        .bind(attempt.at)
        .bind(&attempt.by)
        .bind(receipt.rows)
        .bind(attempt.accepted)
        .bind(attempt.unchanged)
        .bind(attempt.refused)
        .bind(attempt.refusals_no)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// A row that came back, as it is kept.
#[derive(FromRow)]
pub(in crate::notices) struct KeptRefusal {
    pub(in crate::notices) line_no: i64,
    pub(in crate::notices) column_name: Option<String>,
    pub(in crate::notices) code: String,
    pub(in crate::notices) reason: String,
    pub(in crate::notices) instead: String,
}

/// The rows that came back, as they are kept under that attempt.
pub(in crate::notices) async fn refusals(
    tx: &mut Tx,
    isp: IspId,
    upload: UploadId,
    attempt: i64,
) -> sqlx::Result<Vec<KeptRefusal>> {
    const SQL: &str = "SELECT line_no, column_name, code, reason, instead FROM report_refusals
         WHERE isp_id = $1 AND upload_id = $2 AND attempt_no = $3 ORDER BY no";
    on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(isp).bind(upload).bind(attempt).fetch_all(conn).await
    })
}

/// Keeps the rows that came back under that attempt.
pub(in crate::notices) async fn insert_refusals(
    tx: &mut Tx,
    isp: IspId,
    (upload, attempt): (UploadId, i64),
    errors: &[RowError],
) -> sqlx::Result<()> {
    let target = Target {
        table: "report_refusals",
        columns: "isp_id, upload_id, attempt_no, no, line_no, column_name, code, reason, instead",
        conflict: "",
    };
    let mut first = 1;
    for some in errors.chunks(bulk::SLICE) {
        let texts = |text: fn(&RowError) -> &str| {
            Column::Text(some.iter().map(|error| text(error).to_owned()).collect())
        };
        let next = first + i64::try_from(some.len()).unwrap_or(i64::MAX);
        let columns = [
            Column::Bytes(vec![isp.0.as_bytes().to_vec(); some.len()]),
            Column::Bytes(vec![upload.0.as_bytes().to_vec(); some.len()]),
            Column::Int(vec![attempt; some.len()]),
            Column::Int((first..next).collect()),
            Column::Int(some.iter().map(|error| error.line.cast_signed()).collect()),
            Column::TextOrNull(some.iter().map(|error| error.column.clone()).collect()),
            texts(|error| &error.code),
            texts(|error| &error.reason),
            texts(|error| &error.instead),
        ];
        bulk::insert(tx, target, columns).await?;
        first = next;
    }
    Ok(())
}
