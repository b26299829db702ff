//! Readable lines (閲覧可否): what a provider may still read of a list, asked at every read.
//!
//! The register may learn late that addresses had passed to somebody else when they were seen. A
//! line of which the provider was never told then leaves the list, and its case waits again; one
//! that it has is marked as withdrawn for as long as the register says so. Owns no table.

use std::collections::HashSet;

use tokio::sync::OnceCell;

use super::{
    Notice, handed_out,
    line::LineBody,
    recall::{self, Listed},
    store::{self, StoredLine},
};
use crate::{
    app::App,
    attribution::{
        Attributor,
        rights::{Rights, Seen},
    },
    db::Tx,
    ids::IspId,
};

/// A provider as a reader (閲覧者): of what was seen it may read what the register of today gives it.
pub(super) struct Reader {
    app: App,
    isp: IspId,
    rights: Rights,
    /// The rule with the whole table, loaded where the register alone says no.
    table: OnceCell<Attributor>,
}

impl Reader {
    /// That provider, by the register of today.
    pub(super) async fn of(app: &App, isp: IspId) -> anyhow::Result<Self> {
        let rights = Rights::load(&app.db).await?;
        Ok(Self { app: app.clone(), isp, rights, table: OnceCell::new() })
    }

    /// What was declared, without the table.
    pub(super) fn declarations(&self) -> &Attributor {
        self.rights.declarations()
    }

    /// Whether the provider declared the address for when it was seen.
    fn is_declared(&self, seen: Seen) -> bool {
        self.rights.may_read(self.isp, seen)
    }

    /// Whether the provider may read today of what was seen: who gave the addresses away before it
    /// was seen may not.
    pub(super) async fn may_read(&self, seen: Seen) -> anyhow::Result<bool> {
        if self.is_declared(seen) {
            return Ok(true);
        }
        // The AS of the case is that of its first sighting; the table may have changed since.
        let table = self.table.get_or_try_init(|| Attributor::load(&self.app)).await?;
        Ok(table.attribute(seen.ip, seen.at).isp == Some(self.isp))
    }
}

/// Lines of a list that its provider may not read.
#[derive(Debug, Default)]
pub(super) struct Unreadable {
    /// Their records.
    pub(super) records: HashSet<i64>,
    /// Whether the provider has them already.
    pub(super) is_sent: bool,
    lines: Vec<Listed>,
}

/// The lines of a list with what stands on them.
pub(super) async fn bodies(
    tx: &mut Tx,
    notice: &Notice,
) -> anyhow::Result<Vec<(StoredLine, LineBody)>> {
    let mut lines = Vec::new();
    for stored in store::lines(tx, notice).await? {
        let body = serde_json::from_str(&stored.body)?;
        lines.push((stored, body));
    }
    Ok(lines)
}

/// Which of the lines of a list its provider may not read today.
pub(super) async fn unreadable(
    app: &App,
    tx: &mut Tx,
    notice: &Notice,
    lines: &[(StoredLine, LineBody)],
) -> anyhow::Result<Unreadable> {
    let reader = Reader::of(app, notice.isp_id).await?;
    let mut doubtful = Vec::new();
    for (line, body) in lines {
        let doubted = body.seen(None).is_some_and(|seen| !reader.is_declared(seen));
        doubtful.extend(doubted.then_some((line, body)));
    }
    if doubtful.is_empty() {
        return Ok(Unreadable::default());
    }
    let asns = store::asns(tx, notice).await?;
    let mut found = Unreadable::default();
    for (line, body) in doubtful {
        let Some(seen) = body.seen(asns.get(&line.case_id).copied()) else { continue };
        if !reader.may_read(seen).await? {
            found.records.insert(line.record_no);
            found.lines.push(Listed {
                isp_id: notice.isp_id,
                notice_id: notice.id,
                record_no: line.record_no,
                case_id: line.case_id,
                is_sent: false,
            });
        }
    }
    if let Some(first) = found.lines.first() {
        let listed = recall::listed(tx, &[first.case_id]).await?;
        found.is_sent = listed.iter().any(|one| one.notice_id == notice.id && one.is_sent);
    }
    Ok(found)
}

/// Before a part of a list is told that was told to nobody: lines that its provider may not read
/// leave it. Else the whole list would count as told, and they would be shown as withdrawn. Tells
/// whether it was handed out to nobody before.
pub(super) async fn settle(app: &App, tx: &mut Tx, notice: &Notice) -> anyhow::Result<bool> {
    if handed_out::is_begun(tx, notice).await? {
        return Ok(false);
    }
    let lines = bodies(tx, notice).await?;
    let unreadable = unreadable(app, tx, notice, &lines).await?;
    if !unreadable.is_sent {
        drop_untold(app, tx, &unreadable).await?;
    }
    Ok(true)
}

/// Takes lines of which the provider was never told off the list: their cases wait again.
pub(super) async fn drop_untold(
    app: &App,
    tx: &mut Tx,
    unreadable: &Unreadable,
) -> crate::db::Result<()> {
    recall::take_back(tx, &unreadable.lines, app.now(), ("register", "handed over")).await
}
