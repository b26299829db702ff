//! What a page tells (画面での告知): only what its provider may read today, and that counts as told.
//!
//! A page is a way of handing lines out like any other. Whoever gave addresses away sees no line of
//! which it was never told, and one that it has as withdrawn, just as on a list that is fetched.
//! The first page on which a list is seen leaves a receipt of the form `page`, and each line that a
//! page shows counts as handed out. Owns no table.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::{
    access::{keys::to_hex, tenancy::Tenant},
    cases::register,
    db::Tx,
    ids::NoticeId,
    notices::{
        handed_out::{self, Receipt},
        line::LineBody,
        readable::Reader,
        store::lines::{self as store, StoredRow},
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

/// Of the lines found, those that the provider may see, as it sees them; the first sight of each is
/// entered.
pub(super) async fn shown(
    tenant: &Tenant,
    tx: &mut Tx,
    (reader, found): (&Reader, Vec<StoredRow>),
) -> anyhow::Result<Vec<StoredRow>> {
    let shown = readable_now(reader, found).await?;
    let mut first_sights: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut more: BTreeMap<NoticeId, Vec<i64>> = BTreeMap::new();
    let mut digest = Sha256::new();
    for line in shown.iter().filter(|line| !line.is_handed_out) {
        if line.is_begun {
            more.entry(line.notice_id).or_default().push(line.record_no);
        } else {
            first_sights.entry(line.list_id.clone()).or_default().push(line.record_no);
            digest.update(&line.body);
        }
    }
    let sha256 = to_hex(&digest.finalize());
    let receipt = Receipt::of(tenant, ("page", &sha256));
    handed_out::parts(tenant, tx, &first_sights, receipt).await?;
    for (list, records) in more {
        handed_out::lines(tx, (tenant.isp(), list), &records, tenant.now()).await?;
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
            // A message that waits still may never have left.
            if !line.is_handed_out && line.said.is_none() {
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
