//! How long a provider keeps its access logs (ログ保存期間): by them it finds which line held an
//! address.
//!
//! Each word of it is dated and has its author; the latest holds, for lines that stand too, and
//! [`DAYS`] where none was said. The settings of a provider and the command write the same words.
//! Owns `log_terms`, which notices read to tell what can still be found.

use sqlx::FromRow;

use super::store::log_terms as store;
use crate::{
    access::tenancy::Tenant,
    audit::{self, Leaf},
    db::{Tx, retry},
    ids::IspId,
    time::Moment,
};

/// Days for which a provider keeps its logs, unless it says otherwise: about six months is usual.
pub const DAYS: i64 = 150;
/// No provider keeps its logs for longer.
pub const DAYS_MAX: i64 = 3_650;

/// A word on how long logs are kept (ログ保存期間).
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[doc(alias = "ログ保存期間")]
pub struct Term {
    /// For how many days.
    pub days: i64,
    /// Since when that holds.
    pub at: Moment,
    /// By whom it was said.
    pub author: String,
    /// Why, where that was said.
    pub reason: Option<String>,
}

/// A number of days for which no provider keeps its logs (保存日数の誤り).
#[derive(Debug, thiserror::Error)]
#[error("logs are kept for 1 to {DAYS_MAX} days; this is {0}")]
pub struct NotATerm(i64);

/// The provider's latest word, if it gave one.
pub async fn in_force(tx: &mut Tx, isp: IspId) -> crate::db::Result<Option<Term>> {
    store::in_force(tx, isp).await
}

/// The same of whoever asks.
pub async fn own(tenant: &Tenant) -> crate::db::Result<Option<Term>> {
    in_force(&mut tenant.snapshot().await?, tenant.isp()).await
}

/// Days for which this provider keeps its logs.
pub async fn days(tx: &mut Tx, isp: IspId) -> crate::db::Result<i64> {
    Ok(in_force(tx, isp).await?.map_or(DAYS, |term| term.days))
}

/// Says for how many days this provider keeps its logs.
pub async fn say(
    tenant: &Tenant,
    days: i64,
    reason: Option<&str>,
) -> anyhow::Result<Result<(), NotATerm>> {
    if !(1..=DAYS_MAX).contains(&days) {
        return Ok(Err(NotATerm(days)));
    }
    retry::looking_again(|| async {
        let mut tx = tenant.begin().await?;
        write(&mut tx, tenant, (days, reason)).await?;
        let detail = serde_json::json!({ "days": days }).to_string();
        let leaf = Leaf {
            at: tenant.now(),
            by: tenant.by(),
            act: "isp.log_days",
            on: tenant.code(),
            isp: Some(tenant.code()),
            detail: Some(&detail),
        };
        audit::note(&mut tx, leaf).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    Ok(Ok(()))
}

/// Appends a word, part of a transaction that notes who gave it; of two of one moment the second
/// stands right after the first, so that none is overwritten and the later one counts.
pub(super) async fn write(
    tx: &mut Tx,
    tenant: &Tenant,
    (days, reason): (i64, Option<&str>),
) -> crate::db::Result<()> {
    let last = in_force(tx, tenant.isp()).await?;
    let at = last.map_or(tenant.now(), |last| tenant.now().max(Moment(last.at.0 + 1)));
    let (author, reason) = (tenant.by().to_owned(), reason.map(str::to_owned));
    store::insert(tx, tenant.isp(), &Term { days, at, author, reason }).await
}
