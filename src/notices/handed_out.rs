//! Handed out (受渡し): what left the centre, of which list, whole or in part.
//!
//! A receipt says in which form something of a list left, with the hash of what left. A page, the
//! answer to a question, chosen lines and the texts of a list are parts: each of their lines is
//! entered by itself, and the others still wait to be taken. A message that was made to be sent, or
//! a list that a client of TAXII may now ask for, tells of the list, so that what is taken back is
//! marked and does not vanish; it counts as handed out once it arrives, or line by line. Owns
//! `notice_exports`, `lines_handed_out` and the view `whole_lists`, which reads `deliveries`.

use std::collections::BTreeMap;

use super::{
    Notice, readable,
    store::{find_in, handed_out as store},
};
use crate::{
    access::tenancy::Tenant,
    db::Tx,
    ids::{IspId, NoticeId},
    time::Moment,
};

/// That something left (受領記録): in which form, with which content, when, and to whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Receipt<'a> {
    /// The word of the form.
    pub(super) form: &'a str,
    /// The SHA-256 of what left, in hexadecimal digits.
    pub(super) sha256: &'a str,
    /// When.
    pub(super) at: Moment,
    /// Who took it: an account, a token, or `system` where it was sent.
    pub(super) by: &'a str,
}

impl<'a> Receipt<'a> {
    /// That the provider takes this now.
    pub(super) fn of(tenant: &'a Tenant, (form, sha256): (&'a str, &'a str)) -> Self {
        Self { form, sha256, at: tenant.now(), by: tenant.by() }
    }
}

/// What the bytes of a list follow from, and how many lines it has.
pub(super) async fn edition(tx: &mut Tx, notice: &Notice) -> crate::db::Result<(String, i64)> {
    store::edition(tx, notice).await
}

/// How often what stands on the lines of a list was changed.
pub(super) async fn changes(tx: &mut Tx, notice: &Notice) -> crate::db::Result<i64> {
    store::changes(tx, notice).await
}

/// Whether anything of a list left before.
pub(super) async fn is_begun(tx: &mut Tx, notice: &Notice) -> crate::db::Result<bool> {
    store::is_begun(tx, notice).await
}

/// The records of a list that its provider has: they were handed out, or reported on. What is in a
/// message that waits is not among them.
pub(super) async fn given(tx: &mut Tx, notice: &Notice) -> crate::db::Result<Vec<i64>> {
    store::given(tx, notice).await
}

/// Enters that a whole list left.
pub(super) async fn whole(
    tx: &mut Tx,
    notice: &Notice,
    receipt: Receipt<'_>,
) -> crate::db::Result<()> {
    store::insert(tx, notice, receipt, false).await
}

/// Enters that a whole list is ready to leave: whether it does, `deliveries` or its lines tell.
pub(super) async fn ready(
    tx: &mut Tx,
    notice: &Notice,
    receipt: Receipt<'_>,
) -> crate::db::Result<()> {
    store::insert(tx, notice, receipt, true).await
}

/// Enters that these lines of a list left.
pub(super) async fn part(
    tx: &mut Tx,
    notice: &Notice,
    records: &[i64],
    receipt: Receipt<'_>,
) -> crate::db::Result<()> {
    store::insert(tx, notice, receipt, true).await?;
    lines(tx, (notice.isp_id, notice.id), records, receipt.at).await
}

/// Enters lines of a list that left, where a receipt stands already.
pub(super) async fn lines(
    tx: &mut Tx,
    (isp, list): (IspId, NoticeId),
    records: &[i64],
    at: Moment,
) -> crate::db::Result<()> {
    if store::is_whole(tx, isp, list).await? {
        return Ok(());
    }
    store::insert_lines(tx, (isp, list), records, at).await
}

/// Enters that the provider got lines of several lists at once, by the names of the lists. From a
/// list of which nothing was told before, what it may not read leaves first.
pub(super) async fn parts(
    tenant: &Tenant,
    tx: &mut Tx,
    of_lists: &BTreeMap<String, Vec<i64>>,
    receipt: Receipt<'_>,
) -> anyhow::Result<()> {
    for (list, records) in of_lists {
        let Some(notice) = find_in(tx, tenant.isp(), list).await? else { continue };
        readable::settle(tenant.app(), tx, &notice).await?;
        part(tx, &notice, records, receipt).await?;
    }
    Ok(())
}
