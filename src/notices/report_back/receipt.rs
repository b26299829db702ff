//! Receipts (受領書): that a provider handed a file in, when, and what came of it.
//!
//! The same bytes again are the same upload under the same number. Owns `report_uploads`.

use serde::Serialize;
use sqlx::FromRow;

use super::Imported;
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
    /// When it came.
    #[serde(serialize_with = "as_text")]
    pub at: Moment,
    /// Who handed it in.
    #[sqlx(rename = "author")]
    pub by: String,
    /// Rows of the file.
    #[sqlx(rename = "all_rows")]
    pub rows: i64,
    /// Rows that said something new.
    pub accepted: i64,
    /// Rows that said what was known.
    pub unchanged: i64,
    /// Rows that came back.
    pub refused: i64,
}

impl Receipt {
    /// For a file that was not handed in before.
    pub(super) fn fresh(tenant: &Tenant, sha256: &str, done: &Imported) -> Self {
        let at = tenant.now();
        let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
        let day = at.date_jst().replace('-', "");
        let mark = sha256.get(..8).unwrap_or(sha256).to_uppercase();
        Self {
            id: UploadId(tenant.fresh_id()),
            number: format!("R-{day}-{mark}"),
            sha256: sha256.to_owned(),
            at,
            by: tenant.by().to_owned(),
            rows: count(done.rows),
            accepted: count(done.accepted),
            unchanged: count(done.unchanged),
            refused: count(done.errors.len()),
        }
    }
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

/// Keeps it.
pub(super) async fn insert(
    tx: &mut Tx,
    tenant: &Tenant,
    receipt: &Receipt,
) -> crate::db::Result<()> {
    store::insert(tx, tenant.isp(), receipt).await
}
