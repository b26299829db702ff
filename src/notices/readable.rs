//! Readable lines (閲覧可否): what a provider may still read of a list, asked at every read.
//!
//! The register may learn late that addresses had passed to somebody else when they were seen. A
//! line of which the provider was never told then leaves the list, and its case waits again, also
//! where other lines of that list were told or a message with it waits; one that it has is marked
//! as withdrawn for as long as the register says so. Owns no table.

use std::collections::{BTreeMap, HashSet};

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

    /// Whether it is that provider.
    pub(super) fn is_of(&self, isp: IspId) -> bool {
        self.isp == isp
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
    /// The records of those that it has.
    pub(super) told: HashSet<i64>,
    /// Those of which it was never told, by record.
    untold: BTreeMap<i64, Listed>,
}

impl Unreadable {
    /// All of their records.
    pub(super) fn records(&self) -> Vec<i64> {
        self.told.iter().chain(self.untold.keys()).copied().collect()
    }

    /// Of how many it was never told.
    pub(super) fn hidden(&self) -> usize {
        self.untold.len()
    }

    /// Whether the provider was never told of that record and may not be.
    pub(super) fn hides(&self, record_no: i64) -> bool {
        self.untold.contains_key(&record_no)
    }
}

/// The lines of a list with what stands on them.
pub(super) async fn bodies(
    tx: &mut Tx,
    notice: &Notice,
) -> anyhow::Result<Vec<(StoredLine, LineBody)>> {
    bodies_between(tx, notice, (1, i64::MAX)).await
}

/// The same from one record to another.
pub(super) async fn bodies_between(
    tx: &mut Tx,
    notice: &Notice,
    records: (i64, i64),
) -> anyhow::Result<Vec<(StoredLine, LineBody)>> {
    let mut lines = Vec::new();
    for stored in store::lines_between(tx, notice, records).await? {
        let body = serde_json::from_str(&stored.body)?;
        lines.push((stored, body));
    }
    Ok(lines)
}

/// Which of these lines of a list its provider may not read today.
pub(super) async fn unreadable(
    reader: &Reader,
    tx: &mut Tx,
    notice: &Notice,
    lines: &[(StoredLine, LineBody)],
) -> anyhow::Result<Unreadable> {
    let mut doubtful = Vec::new();
    for (line, body) in lines {
        let doubted = body.seen(None).is_some_and(|seen| !reader.is_declared(seen));
        doubtful.extend(doubted.then_some((line, body)));
    }
    if doubtful.is_empty() {
        return Ok(Unreadable::default());
    }
    let asns = store::asns(tx, notice).await?;
    let given: HashSet<i64> = handed_out::given(tx, notice).await?.into_iter().collect();
    let mut found = Unreadable::default();
    for (line, body) in doubtful {
        let (record_no, case_id) = (line.record_no, line.case_id);
        let Some(seen) = body.seen(asns.get(&case_id).copied()) else { continue };
        if reader.may_read(seen).await? {
            continue;
        }
        if given.contains(&record_no) {
            found.told.insert(record_no);
            continue;
        }
        let (isp_id, notice_id) = (notice.isp_id, notice.id);
        let line = Listed { isp_id, notice_id, record_no, case_id, is_sent: false };
        found.untold.insert(record_no, line);
    }
    Ok(found)
}

/// Which of the lines of a list its provider may not read today, from one record to another.
pub(super) async fn among(
    reader: &Reader,
    tx: &mut Tx,
    notice: &Notice,
    records: (i64, i64),
) -> anyhow::Result<Unreadable> {
    let lines = bodies_between(tx, notice, records).await?;
    unreadable(reader, tx, notice, &lines).await
}

/// Before a part of a list is told that was told to nobody: lines that its provider may not read
/// leave it, so that their cases wait again. Tells whether it was handed out to nobody before.
pub(super) async fn settle(app: &App, tx: &mut Tx, notice: &Notice) -> anyhow::Result<bool> {
    if handed_out::is_begun(tx, notice).await? {
        return Ok(false);
    }
    clear(app, tx, notice).await?;
    Ok(true)
}

/// Takes lines off a list that its provider may not read and of which it was never told.
pub(super) async fn clear(app: &App, tx: &mut Tx, notice: &Notice) -> anyhow::Result<()> {
    let lines = bodies(tx, notice).await?;
    let reader = Reader::of(app, notice.isp_id).await?;
    let unreadable = unreadable(&reader, tx, notice, &lines).await?;
    Ok(drop_untold(app, tx, &unreadable).await?)
}

/// Takes lines of which the provider was never told off the list: their cases wait again.
pub(super) async fn drop_untold(
    app: &App,
    tx: &mut Tx,
    unreadable: &Unreadable,
) -> crate::db::Result<()> {
    let untold: Vec<Listed> = unreadable.untold.values().copied().collect();
    recall::take_back(tx, &untold, app.now(), ("register", "handed over")).await
}
