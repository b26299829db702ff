//! Events inside (網内イベント): the lines of all lists of a provider, asked for as n6 does.
//!
//! A line that an answer shows counts as handed out. Owns no table; reads `cases` for AS numbers.

mod query;

use std::collections::BTreeMap;

use formats::{
    Issue,
    isp_list::{Action, Line},
    n6,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

pub use query::{NotAQuery, Query};

use super::{
    export::{self, List},
    handed_out::{self, Receipt},
    readable::Reader,
    store::{self, machines::Told},
};
use crate::{
    access::{keys::to_hex, tenancy::Tenant},
    attribution::rights::Seen,
    audit::{self, Leaf},
    cases::{CaseRef, inquiry_id, register},
    db::Tx,
    time::Moment,
};

/// Lines that one question looks at.
const LOOKED_AT_MAX: usize = 500_000;
/// Lines that are read at a time.
const PART: i64 = 2_000;
/// Events of one answer.
pub const EVENTS_MAX: usize = 100_000;

/// How the answer is written (応答形式).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One array.
    Json,
    /// One object per line.
    Sjson,
    /// A table.
    Csv,
}

/// An answer is not given, since it would be too large (過大な照会).
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error(
    "that is more than 100,000 events, or more than 500,000 lines to look at; narrow it with \
     `time.min` and `time.max`, or take the latest by `opt.limit`"
)]
pub struct TooMuch;

/// The events that answer a question, newest first, as bytes.
pub async fn ask(
    tenant: &Tenant,
    query: &Query,
    shape: Shape,
) -> anyhow::Result<Result<Vec<u8>, TooMuch>> {
    // Whoever gave addresses away reads nothing of them that was seen since.
    let reader = Reader::of(tenant.app(), tenant.isp()).await?;
    let mut tx = tenant.begin().await?;
    // Whoever takes a file back meanwhile waits, and then finds that its lines were handed out.
    register::hold(&mut tx).await?;
    let Some(mut events) = found(tenant, &mut tx, (query, &reader)).await? else {
        return Ok(Err(TooMuch));
    };
    for event in &mut events {
        event.open(tenant, &mut tx).await?;
    }
    let bytes = write(&events, shape)?;
    receipt(tenant, &mut tx, &events, &bytes).await?;
    tx.commit().await?;
    Ok(Ok(bytes))
}

/// The events that answer a question, newest first; nothing where there is too much to look at. The
/// lines are read a part at a time, and those that do not answer are let go at once.
async fn found(
    tenant: &Tenant,
    tx: &mut Tx,
    (query, reader): (&Query, &Reader),
) -> anyhow::Result<Option<Vec<Event>>> {
    let most = query.limit.unwrap_or(EVENTS_MAX + 1);
    let within = (query.seen(), query.changed());
    let (mut events, mut behind, mut looked_at) = (Vec::new(), None, 0);
    loop {
        let part = store::machines::told(tx, tenant.isp(), within, (behind, PART)).await?;
        let is_last = i64::try_from(part.len())? < PART;
        looked_at += part.len();
        behind = part.last().map(|told| (told.seen_at, told.notice.id, told.record_no));
        for told in part {
            let mut event = Event::of(tenant, told)?;
            if !reader.may_read(event.seen()).await? {
                if !event.told.is_given {
                    continue;
                }
                event.take_back();
            }
            if query.fits(&event.line, event.told.asn, &event.issue) {
                events.push(event);
            }
        }
        // Of lines that were seen at one moment the order is that of their lists' names, so that
        // all of that moment are looked at before some are left out.
        let is_enough = |last: Moment| events.len() >= most && events[most - 1].told.seen_at > last;
        if is_last || behind.is_some_and(|(last, ..)| is_enough(last)) {
            break;
        }
        if looked_at > LOOKED_AT_MAX {
            return Ok(None);
        }
    }
    events.sort_by(|one: &Event, other| other.place().cmp(&one.place()));
    events.truncate(most);
    Ok((events.len() <= EVENTS_MAX).then_some(events))
}

/// A line and what it stands on.
struct Event {
    told: Told,
    line: Line,
    issue: Issue,
}

impl Event {
    fn of(tenant: &Tenant, mut told: Told) -> anyhow::Result<Self> {
        let list = List { notice: &told.notice, isp_code: tenant.code(), version: 1 };
        let body = serde_json::from_str(&std::mem::take(&mut told.body))?;
        let line = list.line(told.record_no, body, told.recalled_at)?;
        let issue = export::issue(tenant.app(), &told.notice);
        Ok(Self { told, line, issue })
    }

    fn seen(&self) -> Seen {
        let asn = self.told.asn.and_then(|asn| u32::try_from(asn).ok());
        Seen { ip: self.line.ip, asn, at: Moment(self.line.detected_at) }
    }

    /// Tells it as withdrawn: the provider has it, and the register gives the address to somebody
    /// else by now.
    fn take_back(&mut self) {
        self.line.action = Action::Withdrawn;
        let since = self.line.withdrawn_at.unwrap_or(self.told.notice.prepared_at.0);
        self.line.withdrawn_at = Some(since);
    }

    /// Where it stands among the others: by time, and the same each time.
    fn place(&self) -> (i64, &str, u64) {
        (self.line.detected_at, &self.line.list_id, self.line.record_no)
    }

    /// Adds the inquiry ID.
    async fn open(&mut self, tenant: &Tenant, tx: &mut Tx) -> anyhow::Result<()> {
        let case = CaseRef { isp: tenant.isp(), id: self.told.case_id };
        let sealed = self.told.sealed.as_deref();
        let id = inquiry_id::opened(tenant.app(), tx, (case, sealed)).await?;
        self.line.inquiry_id = id.reveal();
        Ok(())
    }
}

fn write(events: &[Event], shape: Shape) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let (open, between, close) = match shape {
        Shape::Csv => {
            n6::write_csv(&mut bytes, events.iter().map(|event| (&event.line, &event.issue)))?;
            return Ok(bytes);
        }
        Shape::Json => ("[\n", ",\n", "\n]\n"),
        Shape::Sjson => ("", "\n", "\n"),
    };
    bytes.extend_from_slice(open.as_bytes());
    for (number, event) in events.iter().enumerate() {
        if number > 0 {
            bytes.extend_from_slice(between.as_bytes());
        }
        serde_json::to_writer(&mut bytes, &n6::event(&event.line, &event.issue))?;
    }
    if shape == Shape::Json || !events.is_empty() {
        bytes.extend_from_slice(close.as_bytes());
    }
    Ok(bytes)
}

/// Records which lines the answer shows, and that addresses were read.
async fn receipt(
    tenant: &Tenant,
    tx: &mut Tx,
    events: &[Event],
    bytes: &[u8],
) -> anyhow::Result<()> {
    let sha256 = to_hex(&Sha256::digest(bytes));
    let mut lists: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for Event { told, .. } in events {
        lists.entry(told.notice.list_id.clone()).or_default().push(told.record_no);
    }
    handed_out::parts(tenant, tx, &lists, Receipt::of(tenant, ("n6", &sha256))).await?;
    let detail = json!({ "events": events.len(), "lists": lists.len(), "sha256": sha256 });
    let leaf = Leaf {
        at: tenant.now(),
        by: tenant.by(),
        act: "notice.query",
        on: "report/inside",
        isp: Some(tenant.code()),
        detail: Some(&detail.to_string()),
    };
    Ok(audit::note(tx, leaf).await?)
}
