//! Calls (連絡の記録): that somebody spoke with a provider about a list, and that it was a mistake.
//!
//! A call that was noted is never erased: a later fact takes it back, and the list waits as if
//! nobody had called. Owns no table beside `reminders`.

use super::Reminder;
use crate::{
    access::tenancy::Tenant,
    app::App,
    audit::{self, Leaf},
    cases::register,
    db::retry,
    ids::{IspId, ReminderId},
    notices::store::calls as store,
};

/// What was noted last of a provider and stands, at most `limit`, the latest first.
pub async fn latest(app: &App, isp: IspId, limit: i64) -> crate::db::Result<Vec<Reminder>> {
    let mut tx = app.db.snapshot().await?;
    store::latest(&mut tx, isp, limit).await
}

/// Nothing of that name was noted, or it was taken back already (取り消せない記録).
#[derive(Debug, thiserror::Error)]
#[error("no such call stands; `todoke isp calls` tells which do")]
pub struct NotNotedBefore;

/// Takes back what was noted of a list of the provider.
pub async fn take_back(
    tenant: &Tenant,
    id: ReminderId,
) -> anyhow::Result<Result<(), NotNotedBefore>> {
    retry::looking_again(|| enter(tenant, id)).await
}

async fn enter(tenant: &Tenant, id: ReminderId) -> anyhow::Result<Result<(), NotNotedBefore>> {
    let mut tx = tenant.begin().await?;
    // Of two who take it back at once the second finds that it was.
    register::hold(&mut tx).await?;
    let Some(noted) = store::one(&mut tx, tenant.isp(), id).await? else {
        return Ok(Err(NotNotedBefore));
    };
    let (now, fresh) = (tenant.now(), ReminderId(tenant.fresh_id()));
    store::take_back(&mut tx, tenant.isp(), (fresh, id), (now, tenant.by())).await?;
    let detail = serde_json::json!({ "way": noted.way, "noted_by": noted.author }).to_string();
    let leaf = Leaf {
        at: now,
        by: tenant.by(),
        act: "isp.reminded.back",
        on: &noted.list_id,
        isp: Some(tenant.code()),
        detail: Some(&detail),
    };
    audit::note(&mut tx, leaf).await?;
    tx.commit().await?;
    Ok(Ok(()))
}
