//! What a page tells (画面での告知): only what its provider may read today, and that counts as told.
//!
//! A page is a way of handing lines out like any other. Whoever gave addresses away sees no line of
//! which it was never told, and one that it has as withdrawn, just as on a list that is fetched.
//! The first page on which a list is seen is entered in `notice_exports` under the form `page`.
//! Owns no table.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::{
    access::{keys::to_hex, tenancy::Tenant},
    cases::register,
    db::Tx,
    notices::{
        line::LineBody,
        readable::{self, Reader},
        store::{
            find_in, insert_export,
            lines::{self as store, StoredRow},
        },
    },
};

/// Before lines are read: where a list is shown for the first time, whoever takes a file back
/// meanwhile waits, and then finds that its lines were handed out.
pub(super) async fn hold(tenant: &Tenant, tx: &mut Tx) -> crate::db::Result<()> {
    if store::has_untold(tx, tenant.isp()).await? {
        register::hold(tx).await?;
    }
    Ok(())
}

/// Of the lines found, those that the provider may see, as it sees them; the first sight of a list
/// is entered.
pub(super) async fn shown(
    tenant: &Tenant,
    tx: &mut Tx,
    (reader, found): (&Reader, Vec<StoredRow>),
) -> anyhow::Result<Vec<StoredRow>> {
    let shown = readable_now(reader, found).await?;
    let mut first_sights: BTreeMap<String, Sha256> = BTreeMap::new();
    for line in shown.iter().filter(|line| !line.is_told) {
        first_sights.entry(line.list_id.clone()).or_default().update(&line.body);
    }
    for (list, digest) in first_sights {
        if let Some(notice) = find_in(tx, tenant.isp(), &list).await? {
            readable::settle(tenant.app(), tx, &notice).await?;
            let (sha256, by) = (to_hex(&digest.finalize()), (tenant.now(), tenant.by()));
            insert_export(tx, &notice, ("page", &sha256), by).await?;
        }
    }
    Ok(shown)
}

/// Of the lines found, those that the provider may read today, as it sees them.
pub(super) async fn readable_now(
    reader: &Reader,
    found: Vec<StoredRow>,
) -> anyhow::Result<Vec<StoredRow>> {
    let mut shown = Vec::with_capacity(found.len());
    for mut line in found {
        if !may_read(reader, &line).await? {
            if !line.is_told {
                continue;
            }
            line.is_withdrawn = true;
        }
        shown.push(line);
    }
    Ok(shown)
}

async fn may_read(reader: &Reader, line: &StoredRow) -> anyhow::Result<bool> {
    let body: LineBody = serde_json::from_str(&line.body)?;
    match body.seen(line.asn) {
        Some(seen) => reader.may_read(seen).await,
        None => Ok(true),
    }
}
