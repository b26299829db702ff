//! Downloads (受渡し): which lists a provider has, and what of them was handed out, when and to whom.
//!
//! Each time that a list leaves the centre, by page, machine, mail or TAXII, it leaves a receipt
//! with the hash of what left. Owns no table.

use sqlx::FromRow;

use super::{Standing, store::downloads as store};
use crate::{access::tenancy::Tenant, time::Moment};

/// A list that was handed out (受渡しの記録).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "受渡しの記録")]
pub struct Download {
    /// The list.
    pub list_id: String,
    /// In which form, or as what.
    pub format: String,
    /// When.
    pub at: Moment,
    /// The content.
    pub sha256: String,
    /// Who took it: an account, a token, or `system` where it was sent.
    pub author: Option<String>,
}

/// The provider's lists, and what of them was handed out, the latest first, at most `limit` each.
pub async fn all(tenant: &Tenant, limit: i64) -> crate::db::Result<(Vec<Standing>, Vec<Download>)> {
    let mut tx = tenant.snapshot().await?;
    let lists = store::lists(&mut tx, (tenant.isp(), None), limit).await?;
    Ok((lists, store::downloads(&mut tx, (tenant.isp(), None), limit).await?))
}

/// That list of the provider with its receipts, the latest first, at most `limit`; another one's
/// looks like none.
pub async fn of(
    tenant: &Tenant,
    list_id: &str,
    limit: i64,
) -> crate::db::Result<Option<(Standing, Vec<Download>)>> {
    let mut tx = tenant.snapshot().await?;
    let which = (tenant.isp(), Some(list_id));
    let Some(list) = store::lists(&mut tx, which, 1).await?.pop() else { return Ok(None) };
    Ok(Some((list, store::downloads(&mut tx, which, limit).await?)))
}
