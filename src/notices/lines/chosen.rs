//! Chosen lines (絞り込んだ明細): exactly what a filter shows, all of its pages, as a file.
//!
//! Whoever takes it was told of its lines, and each of them counts as handed out. It says where
//! each line stands and holds no inquiry ID. Owns no table.

use std::collections::BTreeMap;

use formats::{safe_csv, stamp};
use sha2::{Digest as _, Sha256};

use super::{Filter, LineRow, row, store, told};
use crate::{
    access::{keys::to_hex, tenancy::Tenant},
    audit::{self, Leaf},
    db::{Tx, retry},
    isps::log_terms,
    notices::{
        clock::Bounds,
        handed_out::{self, Receipt},
        readable::Reader,
    },
    time::Moment,
};

/// Lines of one file.
pub const LINES_MAX: i64 = 100_000;

/// What each line says.
const COLUMNS: [&str; 13] = [
    "list_id",
    "record_no",
    "detected_at",
    "ip",
    "port",
    "device_vendor",
    "device_model",
    "severity",
    "line_state",
    "reason_code",
    "reported_at",
    "days_left",
    "report_by",
];

/// Lines as a file (絞り込んだ明細).
#[derive(Debug)]
pub struct Chosen {
    /// CSV in UTF-8 with a byte-order mark; no cell is a formula.
    pub csv: Vec<u8>,
    /// How many lines.
    pub lines: usize,
}

/// More lines than one file holds (多すぎる明細).
#[derive(Debug, thiserror::Error)]
#[error("more than {LINES_MAX} lines fit; name a list, a state or a later day")]
pub struct TooMany;

/// All lines of the provider that pass the filter; that it took them is kept.
pub async fn take(tenant: &Tenant, filter: &Filter) -> anyhow::Result<Result<Chosen, TooMany>> {
    let reader = Reader::of(tenant.app(), tenant.isp()).await?;
    retry::looking_again(|| choose(tenant, &reader, filter)).await
}

async fn choose(
    tenant: &Tenant,
    reader: &Reader,
    filter: &Filter,
) -> anyhow::Result<Result<Chosen, TooMany>> {
    let mut tx = tenant.begin().await?;
    let log_days = log_terms::days(&mut tx, tenant.isp()).await?;
    let bounds = Bounds::at(tenant.now(), log_days);
    told::hold(tenant, &mut tx).await?;
    let found =
        store::page(&mut tx, tenant.isp(), (filter, &bounds, tenant.now()), (None, LINES_MAX + 1))
            .await?;
    if found.len() > usize::try_from(LINES_MAX)? {
        return Ok(Err(TooMany));
    }
    let shown = told::readable_now(reader, found).await?;
    let now = tenant.now();
    let mut lists: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for line in &shown {
        lists.entry(line.list_id.clone()).or_default().push(line.record_no);
    }
    let lines = shown.iter().map(|line| row(line, log_days, now));
    let lines = lines.collect::<anyhow::Result<Vec<_>>>()?;
    let csv = safe_csv::table(&COLUMNS, lines.iter().map(cells))?;
    receipt(tenant, &mut tx, (filter, &lists), (&csv, lines.len())).await?;
    tx.commit().await?;
    Ok(Ok(Chosen { csv, lines: lines.len() }))
}

/// Enters that these lines were handed out, and that addresses were read.
async fn receipt(
    tenant: &Tenant,
    tx: &mut Tx,
    (filter, lists): (&Filter, &BTreeMap<String, Vec<i64>>),
    (csv, lines): (&[u8], usize),
) -> anyhow::Result<()> {
    let sha256 = to_hex(&Sha256::digest(csv));
    handed_out::parts(tenant, tx, lists, Receipt::of(tenant, ("lines", &sha256))).await?;
    let detail = serde_json::json!({
        "lines": lines, "lists": lists.len(), "sha256": sha256,
        "state": filter.state.map(super::LineState::word), "urgent": filter.is_urgent,
        "waits": filter.waits.map(super::Waits::word),
        "model": filter.model, "since": filter.since.map(Moment::rfc3339),
    });
    let leaf = Leaf {
        at: tenant.now(),
        by: tenant.by(),
        act: "notice.lines.take",
        on: filter.list_id.as_deref().unwrap_or("all lists"),
        isp: Some(tenant.code()),
        detail: Some(&detail.to_string()),
    };
    Ok(audit::note(tx, leaf).await?)
}

fn cells(line: &LineRow) -> [String; 13] {
    let japan = |at: Moment| stamp::japan(at.0);
    [
        line.list_id.clone(),
        line.record_no.to_string(),
        japan(line.seen_at),
        line.ip.map(|ip| ip.to_string()).unwrap_or_default(),
        line.port.map(|port| port.to_string()).unwrap_or_default(),
        line.maker.clone().unwrap_or_default(),
        line.model.clone().unwrap_or_default(),
        line.severity.clone(),
        line.state.word().to_owned(),
        line.reason_code.clone().unwrap_or_default(),
        line.reported_at.map(japan).unwrap_or_default(),
        line.days_left.max(0).to_string(),
        japan(line.report_by),
    ]
}
