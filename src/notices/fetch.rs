//! Fetching (取得): a provider's machine asks which lists there are, and takes one.
//!
//! A list that is taken counts as handed out, with the hash of what went over the wire. Owns no
//! table.

use serde_json::json;

use super::{
    Standing,
    export::{self, Exported, Form},
    handed_out::{self, Receipt},
    store,
};
use crate::{
    access::tenancy::Tenant,
    audit::{self, Leaf},
};

/// Some lists of a provider, oldest first (リスト一覧).
#[derive(Debug)]
pub struct Lists {
    /// The lists.
    pub lists: Vec<Standing>,
    /// Whether there are more after them.
    pub more: bool,
}

/// The provider's lists after the one named `after`, at most `limit`; nothing where it has no list
/// of that name.
pub async fn lists(
    tenant: &Tenant,
    after: Option<&str>,
    limit: i64,
) -> crate::db::Result<Option<Lists>> {
    let mut tx = tenant.snapshot().await?;
    let since = match after {
        None => None,
        Some(name) => match store::find_in(&mut tx, tenant.isp(), name).await? {
            Some(notice) => Some((notice.prepared_at, notice.list_id)),
            None => return Ok(None),
        },
    };
    let mut lists = store::machines::lists(&mut tx, tenant.isp(), since, limit + 1).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = lists.len() > most;
    lists.truncate(most);
    Ok(Some(Lists { lists, more }))
}

/// What a machine gets that asks for a list (取得結果).
#[derive(Debug)]
pub enum Fetched {
    /// The list.
    List(Exported),
    /// It has that very list already; this is its hash.
    Known(String),
    /// The provider has no list of that name; another one's list is none.
    NoSuchList,
    /// All its lines were withdrawn before it was handed out.
    Withdrawn,
}

/// Hands a list to the provider, unless it says that it has the one of the hash `known` already.
pub async fn fetch(
    tenant: &Tenant,
    list_id: &str,
    form: Form,
    known: Option<&str>,
) -> anyhow::Result<Fetched> {
    let mut seen = tenant.snapshot().await?;
    let ahead = match store::find_in(&mut seen, tenant.isp(), list_id).await? {
        Some(notice) if notice.withdrawn_at.is_none() => {
            export::ahead(tenant.app(), &mut seen, (&notice, tenant.code()), form).await?
        }
        _ => None,
    };
    drop(seen);
    let mut tx = tenant.begin().await?;
    let Some(notice) = store::find_in(&mut tx, tenant.isp(), list_id).await? else {
        return Ok(Fetched::NoSuchList);
    };
    if notice.withdrawn_at.is_some() {
        return Ok(Fetched::Withdrawn);
    }
    let whose = (&notice, tenant.code());
    let exported = export::write_in(tenant.app(), &mut tx, whose, (form, ahead)).await?;
    if known == Some(exported.sha256.as_str()) {
        return Ok(Fetched::Known(exported.sha256));
    }
    let receipt = Receipt::of(tenant, (form.word(), &exported.sha256));
    handed_out::whole(&mut tx, &notice, receipt).await?;
    let detail = json!({
        "format": form.word(), "lines": exported.lines, "sha256": exported.sha256,
    });
    let leaf = Leaf {
        at: tenant.now(),
        by: tenant.by(),
        act: "notice.fetch",
        on: list_id,
        isp: Some(tenant.code()),
        detail: Some(&detail.to_string()),
    };
    audit::note(&mut tx, leaf).await?;
    tx.commit().await?;
    Ok(Fetched::List(exported))
}
