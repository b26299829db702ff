//! Collections (コレクション): the lists of a provider as objects of STIX, for clients of TAXII 2.1.
//!
//! A list enters the collection when its provider asks for it first, and then counts as told; each
//! line counts as handed out once an object of it was.
//! The store keeps which objects are in since when and not the objects: these bear addresses and
//! inquiry IDs, and are made anew from the lines. Each has a time of its own, so that no page ends
//! between two of the same time. A line that was taken back, or whose address turns out to have
//! been another provider's, adds a revoked version of its sighting, for good; what was given stays,
//! and what was not leaves with its line.
//! Owns `taxii_objects`, `taxii_lists`; reads how often register and address table changed.

use std::collections::{HashMap, hash_map::Entry as Place};

use anyhow::Context as _;
use formats::{
    isp_list::Line,
    stix::{Version, Writer},
};
use serde_json::{Value, json};
use sqlx::FromRow;

use super::{
    Notice,
    export::{self, Form, List},
    handed_out::{self, Receipt},
    readable,
    store::{self, StoredLine, collection::Pending},
};
use crate::{
    access::tenancy::Tenant,
    audit::{self, Leaf},
    cases::{CaseRef, inquiry_id, register},
    db::Tx,
    ids::NoticeId,
    time::Moment,
};

/// Objects of one page.
pub const PAGE_MAX: i64 = 1_000;
/// Lines that enter the collection at one request; what is over enters at the next.
const LINES_MAX: i64 = 100_000;

/// An object in a collection (収録オブジェクト).
#[derive(Clone, Debug, FromRow)]
pub struct Entry {
    /// Since when; no other object of the collection has the same time.
    pub added_at: Moment,
    /// Its id.
    pub object_id: String,
    /// When this version of it was made; 0 for an observable, which has none.
    pub version: i64,
    /// Its type.
    pub kind: String,
    /// The list it was made from first.
    pub notice_id: NoticeId,
    /// The record there.
    pub record_no: i64,
}

impl Entry {
    /// Whether it tells of what was seen, and not only of the centre or of a weakness.
    fn is_of_line(&self) -> bool {
        ["ipv4-addr", "ipv6-addr", "network-traffic", "observed-data", "sighting"]
            .contains(&self.kind.as_str())
    }

    /// When this version was made; of an observable, since when it is in.
    pub fn version_at(&self) -> Moment {
        if self.version == 0 { self.added_at } else { Moment(self.version) }
    }
}

/// Which versions of an object (版の選択).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The latest.
    Last,
    /// The earliest.
    First,
    /// Each.
    All,
    /// The one made then.
    At(i64),
}

/// Which objects are wanted (抽出条件).
#[derive(Clone, Debug)]
pub struct Filter {
    /// Added after this.
    pub added_after: Option<i64>,
    /// After the last object of the page before.
    pub next: Option<i64>,
    /// At most so many.
    pub limit: i64,
    /// Of these ids; none = all.
    pub ids: Vec<String>,
    /// Of these types; none = all.
    pub kinds: Vec<String>,
    /// In these versions.
    pub versions: Vec<Which>,
}

impl Filter {
    /// After which time the page begins.
    pub(super) fn after(&self) -> i64 {
        self.added_after.max(self.next).unwrap_or(-1)
    }
}

/// A page of a collection (ページ).
#[derive(Debug)]
pub struct Page {
    /// What stands on it, in the order of the times they were added.
    pub entries: Vec<Entry>,
    /// Whether more follows.
    pub more: bool,
}

/// Which objects fit, without the objects themselves.
pub async fn manifest(tenant: &Tenant, filter: &Filter) -> anyhow::Result<Page> {
    refresh(tenant).await?;
    let mut tx = tenant.snapshot().await?;
    Ok(page(tenant, &mut tx, filter).await?)
}

/// The objects that fit.
pub async fn objects(tenant: &Tenant, filter: &Filter) -> anyhow::Result<(Page, Vec<Value>)> {
    refresh(tenant).await?;
    let mut tx = tenant.begin().await?;
    let page = page(tenant, &mut tx, filter).await?;
    let objects = made(tenant, &mut tx, &page.entries).await?;
    if !objects.is_empty() {
        let mut of_lists: HashMap<NoticeId, Vec<i64>> = HashMap::new();
        for entry in page.entries.iter().filter(|entry| entry.is_of_line()) {
            of_lists.entry(entry.notice_id).or_default().push(entry.record_no);
        }
        for (list, records) in of_lists {
            handed_out::lines(&mut tx, (tenant.isp(), list), &records, tenant.now()).await?;
        }
        note(tenant, &mut tx, ("collection.read", "taxii2"), objects.len()).await?;
    }
    tx.commit().await?;
    Ok((page, objects))
}

/// Whether an object of that id is in.
pub async fn holds(tenant: &Tenant, object_id: &str) -> anyhow::Result<bool> {
    let filter = Filter {
        added_after: None,
        next: None,
        limit: 1,
        ids: vec![object_id.to_owned()],
        kinds: Vec::new(),
        versions: vec![Which::Last],
    };
    Ok(!manifest(tenant, &filter).await?.entries.is_empty())
}

async fn page(tenant: &Tenant, tx: &mut Tx, filter: &Filter) -> crate::db::Result<Page> {
    let mut entries = store::collection::entries(tx, tenant.isp(), filter).await?;
    let most = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let more = entries.len() > most;
    entries.truncate(most);
    Ok(Page { entries, more })
}

/// Takes in what was prepared or taken back since anybody asked.
async fn refresh(tenant: &Tenant) -> anyhow::Result<()> {
    let mut tx = tenant.snapshot().await?;
    let mark = store::collection::mark(&mut tx).await?;
    if store::collection::pending(&mut tx, tenant.isp(), &mark).await?.is_empty() {
        return Ok(());
    }
    drop(tx);
    let mut tx = tenant.begin().await?;
    // Whoever takes a file back meanwhile waits, and then finds that its lines were handed out; so
    // does whoever asks for the same collection.
    register::hold(&mut tx).await?;
    let mark = store::collection::mark(&mut tx).await?;
    // Objects that were never given and may not be given now go first: what other lines share with
    // theirs enters anew.
    for pending in store::collection::pending(&mut tx, tenant.isp(), &mark).await? {
        if pending.is_in {
            readable::clear(tenant.app(), &mut tx, &pending.notice).await?;
        }
    }
    let mut lines = 0;
    for pending in store::collection::pending(&mut tx, tenant.isp(), &mark).await? {
        lines += pending.notice.lines;
        take_in(tenant, &mut tx, (&pending, &mark)).await?;
        if lines > LINES_MAX {
            break;
        }
    }
    Ok(tx.commit().await?)
}

async fn take_in(
    tenant: &Tenant,
    tx: &mut Tx,
    (pending, mark): (&Pending, &str),
) -> anyhow::Result<()> {
    let Pending { notice, recalled, is_in } = pending;
    let app = tenant.app();
    let issue = export::issue(app, notice);
    let writer = Writer::new(&issue);
    let last = store::collection::last(tx, tenant.isp()).await?;
    let mut next = last.map_or(tenant.now(), |last| tenant.now().max(Moment(last.0 + 1)));
    let taken_back: HashMap<i64, Moment> =
        store::recall::records(tx, notice).await?.into_iter().collect();
    let revoked = store::collection::revoked(tx, notice, issue.issued_at).await?;
    let mut entries = Vec::new();
    let lines = export::read(app, tx, (notice, tenant.code()), true).await?;
    for line in &lines {
        if *is_in && !line.is_withdrawn() {
            continue;
        }
        let mut line = line.clone();
        if *is_in && !taken_back.contains_key(&line.record_no.cast_signed()) {
            // The register does not say when it changed its mind; this is when it is told.
            line.withdrawn_at = Some(tenant.now().0);
        }
        for object in writer.objects(&line).into_iter().filter(|one| !revoked.contains(&one.id)) {
            entries.push(Entry {
                added_at: next,
                kind: object.kind().to_owned(),
                object_id: object.id,
                version: object.modified.unwrap_or(0),
                notice_id: notice.id,
                record_no: line.record_no.cast_signed(),
            });
            next = Moment(next.0 + 1);
        }
    }
    store::collection::add(tx, tenant.isp(), &entries).await?;
    store::collection::set_in(tx, notice, (*recalled, mark)).await?;
    if *is_in && entries.is_empty() {
        return Ok(());
    }
    let exported = export::in_form(app, notice, &lines, Form::Stix)?;
    let receipt = Receipt::of(tenant, ("taxii", &exported.sha256));
    handed_out::ready(tx, notice, receipt).await?;
    Ok(note(tenant, tx, ("notice.publish", &notice.list_id), entries.len()).await?)
}

async fn note(
    tenant: &Tenant,
    tx: &mut Tx,
    (act, on): (&str, &str),
    objects: usize,
) -> crate::db::Result<()> {
    let detail = json!({ "objects": objects }).to_string();
    let leaf = Leaf {
        at: tenant.now(),
        by: tenant.by(),
        act,
        on,
        isp: Some(tenant.code()),
        detail: Some(&detail),
    };
    audit::note(tx, leaf).await
}

/// The objects of these entries, in their order.
async fn made(tenant: &Tenant, tx: &mut Tx, entries: &[Entry]) -> anyhow::Result<Vec<Value>> {
    let mut keys: Vec<NoticeId> = entries.iter().map(|entry| entry.notice_id).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut values: HashMap<i64, Value> = HashMap::new();
    for notice in store::collection::lists(tx, tenant.isp(), &keys).await? {
        let of_list: Vec<&Entry> =
            entries.iter().filter(|entry| entry.notice_id == notice.id).collect();
        made_of(tenant, tx, (&notice, &of_list), &mut values).await?;
    }
    let value = |entry: &Entry| {
        values.remove(&entry.added_at.0).context("an object of a collection stands on no line")
    };
    entries.iter().map(value).collect()
}

/// Makes the objects of these entries of one list, by the times they were added.
async fn made_of(
    tenant: &Tenant,
    tx: &mut Tx,
    (notice, entries): (&Notice, &[&Entry]),
    values: &mut HashMap<i64, Value>,
) -> anyhow::Result<()> {
    let records = || entries.iter().map(|entry| entry.record_no);
    let (from, to) = (records().min().unwrap_or(1), records().max().unwrap_or(0));
    let recalled: HashMap<i64, Moment> =
        store::recall::records(tx, notice).await?.into_iter().collect();
    let issue = export::issue(tenant.app(), notice);
    let writer = Writer::new(&issue);
    let list = List { notice, isp_code: tenant.code(), version: 1 };
    let stored = store::lines_between(tx, notice, (from, to)).await?;
    let stored: HashMap<i64, &StoredLine> =
        stored.iter().map(|line| (line.record_no, line)).collect();
    let mut objects: HashMap<i64, Vec<Version>> = HashMap::new();
    for entry in entries {
        let record_no = entry.record_no;
        let stored = stored.get(&record_no).context("a line of a collection is gone")?;
        if let Place::Vacant(place) = objects.entry(record_no) {
            let case = CaseRef { isp: tenant.isp(), id: stored.case_id };
            let sealed = stored.sealed.as_deref();
            let id = inquiry_id::opened(tenant.app(), tx, (case, sealed)).await?.reveal();
            let mut all = Vec::new();
            // As the line was told first, and as it is told since it was taken back, or since it
            // was found to be another provider's, which its version alone remembers.
            let of_line = entries.iter().filter(|one| one.record_no == record_no);
            let told = of_line.map(|one| Moment(one.version)).filter(|at| at.0 > issue.issued_at);
            let told: Vec<Moment> =
                recalled.get(&record_no).copied().into_iter().chain(told).collect();
            for recalled_at in std::iter::once(None).chain(told.into_iter().map(Some)) {
                let body = serde_json::from_str(&stored.body)?;
                let line = list.line(record_no, body, recalled_at)?;
                all.extend(writer.objects(&Line { inquiry_id: id.clone(), ..line }));
            }
            place.insert(all);
        }
        let wanted = (entry.version != 0).then_some(entry.version);
        let all = objects.get(&record_no).into_iter().flatten();
        let mut all = all.filter(|object| object.id == entry.object_id);
        let found = all.find(|object| object.modified == wanted);
        values.extend(found.map(|object| (entry.added_at.0, object.value.clone())));
    }
    Ok(())
}
