//! Receipts (受領書): that a provider handed a file in, when, and what came of it each time.
//!
//! The same bytes again are the same upload under the same number, and one more attempt: what was
//! refused may be taken meanwhile. The figures of a receipt are those of the latest attempt. The
//! rows that came back are kept with it, without what stood in them. Owns `report_uploads`,
//! `report_attempts` and `report_refusals`.

use serde::Serialize;
use sqlx::FromRow;

use super::{Imported, RowError};
use crate::{
    access::tenancy::Tenant, db::Tx, ids::UploadId, notices::store::uploads as store, time::Moment,
};

/// That a file was handed in (受領書).
#[derive(Clone, Debug, FromRow, Serialize)]
#[doc(alias = "受領書")]
pub struct Receipt {
    /// Its key.
    #[serde(skip)]
    pub id: UploadId,
    /// The number to ask for it by.
    #[sqlx(rename = "receipt")]
    pub number: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// When it came first.
    #[serde(serialize_with = "as_text")]
    pub at: Moment,
    /// Who handed it in first.
    #[sqlx(rename = "author")]
    pub by: String,
    /// When it came last.
    #[serde(serialize_with = "as_text")]
    pub last_at: Moment,
    /// How often it came.
    pub times: i64,
    /// Rows of the file.
    #[sqlx(rename = "all_rows")]
    pub rows: i64,
    /// Rows that said something new, when it came last.
    pub accepted: i64,
    /// Rows that said what was known.
    pub unchanged: i64,
    /// Rows that came back.
    pub refused: i64,
}

/// One time that a file came (取込みの記録).
#[derive(Clone, Debug, FromRow, Serialize)]
#[doc(alias = "取込みの記録")]
pub struct Attempt {
    /// Its number, from 1.
    pub no: i64,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Moment,
    /// Who handed it in.
    #[sqlx(rename = "author")]
    pub by: String,
    /// Rows that said something new.
    pub accepted: i64,
    /// Rows that said what was known.
    pub unchanged: i64,
    /// Rows that came back.
    pub refused: i64,
    /// The attempt under which the rows that came back are kept, if they are.
    #[serde(skip)]
    pub refusals_no: Option<i64>,
}

impl Receipt {
    /// For a file that was not handed in before.
    pub(super) fn fresh(tenant: &Tenant, sha256: &str, done: &Imported) -> Self {
        let at = tenant.now();
        let day = at.date_jst().replace('-', "");
        let mark = sha256.get(..8).unwrap_or(sha256).to_uppercase();
        let first = Self {
            id: UploadId(tenant.fresh_id()),
            number: format!("R-{day}-{mark}"),
            sha256: sha256.to_owned(),
            at,
            by: tenant.by().to_owned(),
            last_at: at,
            times: 0,
            rows: 0,
            accepted: 0,
            unchanged: 0,
            refused: 0,
        };
        first.again(tenant, done)
    }

    /// The same, after the file came once more.
    pub(super) fn again(self, tenant: &Tenant, done: &Imported) -> Self {
        Self {
            last_at: tenant.now(),
            times: self.times + 1,
            rows: count(done.rows),
            accepted: count(done.accepted),
            unchanged: count(done.unchanged),
            refused: count(done.errors.len()),
            ..self
        }
    }
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields on by reference")]
fn as_text<S: serde::Serializer>(at: &Moment, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&at.rfc3339())
}

/// The receipt of that number.
pub async fn find(tenant: &Tenant, number: &str) -> crate::db::Result<Option<Receipt>> {
    let mut tx = tenant.snapshot().await?;
    store::by_number(&mut tx, tenant.isp(), number).await
}

/// Receipts, the latest first, at most `limit`.
pub async fn latest(tenant: &Tenant, limit: i64) -> crate::db::Result<Vec<Receipt>> {
    let mut tx = tenant.snapshot().await?;
    store::latest(&mut tx, tenant.isp(), limit).await
}

/// Each time that the file of a receipt came, the latest first.
pub async fn attempts(tenant: &Tenant, receipt: &Receipt) -> crate::db::Result<Vec<Attempt>> {
    let mut tx = tenant.snapshot().await?;
    store::attempts(&mut tx, tenant.isp(), receipt.id).await
}

/// The rows that came back at that attempt, as far as they are kept.
pub async fn refusals(
    tenant: &Tenant,
    receipt: &Receipt,
    attempt: &Attempt,
) -> crate::db::Result<Vec<RowError>> {
    let Some(no) = attempt.refusals_no else { return Ok(Vec::new()) };
    let mut tx = tenant.snapshot().await?;
    kept(&mut tx, tenant, (receipt.id, no)).await
}

async fn kept(
    tx: &mut Tx,
    tenant: &Tenant,
    (upload, no): (UploadId, i64),
) -> crate::db::Result<Vec<RowError>> {
    let rows = store::refusals(tx, tenant.isp(), upload, no).await?;
    let row = |row: store::KeptRefusal| {
        let line = row.line_no.cast_unsigned();
        let error = RowError::of(line, row.column_name.as_deref(), row.code, row.reason);
        RowError { instead: row.instead, ..error }
    };
    Ok(rows.into_iter().map(row).collect())
}

/// The receipt of a file of that content, if it was handed in before.
pub(super) async fn of_content(
    tx: &mut Tx,
    tenant: &Tenant,
    sha256: Option<&str>,
) -> crate::db::Result<Option<Receipt>> {
    match sha256 {
        Some(sha256) => store::by_content(tx, tenant.isp(), sha256).await,
        None => Ok(None),
    }
}

/// Keeps that the file came, and the rows that came back unless they are those of the last time.
pub(super) async fn note(
    tx: &mut Tx,
    tenant: &Tenant,
    receipt: &Receipt,
    errors: &[RowError],
) -> crate::db::Result<()> {
    let isp = tenant.isp();
    let before = if receipt.times == 1 {
        store::insert(tx, isp, receipt).await?;
        None
    } else {
        let attempts = store::attempts(tx, isp, receipt.id).await?;
        attempts.first().and_then(|last| last.refusals_no)
    };
    let errors: Vec<RowError> = errors.iter().map(without_cells).collect();
    let same = match before {
        Some(no) if kept(tx, tenant, (receipt.id, no)).await? == errors => Some(no),
        _ => None,
    };
    let attempt = Attempt {
        no: receipt.times,
        at: receipt.last_at,
        by: tenant.by().to_owned(),
        accepted: receipt.accepted,
        unchanged: receipt.unchanged,
        refused: receipt.refused,
        refusals_no: Some(same.unwrap_or(receipt.times)),
    };
    store::insert_attempt(tx, isp, receipt, &attempt).await?;
    if same.is_none() {
        store::insert_refusals(tx, isp, (receipt.id, attempt.no), &errors).await?;
    }
    Ok(())
}

/// What is kept of a row that came back. What was typed where a name belongs may be anything, even
/// contact data, and stays out.
fn without_cells(error: &RowError) -> RowError {
    match error.code.as_ref() {
        "unknown_list" => {
            let reason = "the provider has no list of this name".to_owned();
            RowError { reason, ..error.clone() }
        }
        _ => error.clone(),
    }
}
