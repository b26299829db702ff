//! The register file (事業者台帳): CSV by column name, one row per declared prefix.
//!
//! Columns: **code**, **name**, `upstream`, `asns` (`;`-joined), **lease_policy**, `lines`,
//! `prefix`, `kind` (`declared`, `apartment`, `shared`), `valid_from`, `valid_to`. Rows of one
//! provider repeat its fields. A provider in the file is replaced whole; others stay as they are.
//! Of a provider with a bad row nothing is dropped: what it declared before stays beside the new.

use std::{
    collections::{BTreeMap, HashSet},
    io::Read,
};

use serde::{Deserialize, Serialize};

use super::{DeclaredPrefix, Isp, LeasePolicy, store};
use crate::{app::App, ids::IspId, time::Moment};

/// A row of the file as it stands there.
#[derive(Debug, Deserialize)]
struct Row {
    code: String,
    name: String,
    #[serde(default)]
    upstream: String,
    #[serde(default)]
    asns: String,
    lease_policy: String,
    #[serde(default)]
    lines: String,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    valid_from: String,
    #[serde(default)]
    valid_to: String,
}

/// A row that did not go in (取込不可行), and what to do about it.
#[derive(Debug, Serialize)]
pub struct RowError {
    /// The line in the file.
    pub line: u64,
    /// The column at fault; `row` when it is the row as a whole.
    pub column: &'static str,
    /// What is wrong.
    pub reason: String,
}

/// What an import did.
#[derive(Debug, Default, Serialize)]
pub struct Imported {
    /// Providers written.
    pub isps: usize,
    /// Prefixes written.
    pub prefixes: usize,
    /// Rows that did not go in.
    pub errors: Vec<RowError>,
    /// Providers of which nothing was dropped, since a row that may be theirs did not go in.
    pub kept: Vec<String>,
}

/// Why a register is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub enum RegisterRefused {
    /// No header that names the columns which every row needs.
    #[error("the column `{0}` is missing: the header names code, name and lease_policy at least")]
    MissingColumn(&'static str),
    /// Not even a header can be read.
    #[error("the header is no CSV in UTF-8: {0}")]
    NotATable(csv::Error),
}

struct Entry {
    isp: Isp,
    asns: Vec<u32>,
    prefixes: Vec<DeclaredPrefix>,
    is_whole: bool,
}

/// Reads a register and writes the providers in it; bad rows are reported, good ones go in.
pub async fn import(
    app: &App,
    file: impl Read,
) -> anyhow::Result<Result<Imported, RegisterRefused>> {
    let mut done = Imported::default();
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    // A row that is not even a row may be anybody's.
    let (mut nobodys, mut bad) = (false, HashSet::new());
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(fault) if fault.is_io_error() => return Err(fault.into()),
        Err(fault) => return Ok(Err(RegisterRefused::NotATable(fault))),
    };
    for column in ["code", "name", "lease_policy"] {
        if !headers.iter().any(|header| header == column) {
            return Ok(Err(RegisterRefused::MissingColumn(column)));
        }
    }
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(fault) if fault.is_io_error() => return Err(fault.into()),
            Err(fault) => {
                done.errors.push(unread(&fault));
                nobodys = true;
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let read = record.deserialize::<Row>(Some(&headers));
        let row = match read {
            Ok(row) => row,
            Err(fault) => {
                let reason = fault.to_string();
                done.errors.push(RowError { line, column: "code", reason });
                nobodys = true;
                continue;
            }
        };
        if let Err((column, reason)) = take(app, &mut entries, &row) {
            done.errors.push(RowError { line, column, reason });
            nobodys |= column == "code";
            bad.insert(row.code);
        }
    }
    for (code, entry) in &mut entries {
        entry.is_whole = !nobodys && !bad.contains(code);
    }
    write(app, &entries).await?;
    let kept = entries.iter().filter(|(_, entry)| !entry.is_whole);
    done.kept = kept.map(|(code, _)| code.clone()).collect();
    done.isps = entries.len();
    done.prefixes = entries.values().map(|entry| entry.prefixes.len()).sum();
    Ok(Ok(done))
}

/// A row that is not even a row: cells too many or too few, or bytes that are no text.
fn unread(fault: &csv::Error) -> RowError {
    let line = fault.position().map_or(0, csv::Position::line);
    let reason = match fault.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the row has {len} cells, the header has {expected_len} columns")
        }
        csv::ErrorKind::Utf8 { .. } => "the row is no text in UTF-8".to_owned(),
        _ => fault.to_string(),
    };
    RowError { line, column: "row", reason }
}

type Fault = (&'static str, String);

fn take(app: &App, entries: &mut BTreeMap<String, Entry>, row: &Row) -> Result<(), Fault> {
    if row.code.is_empty() || row.code.chars().any(char::is_whitespace) {
        return Err(("code", "a provider needs a code without spaces".into()));
    }
    let lease_policy: LeasePolicy =
        row.lease_policy.parse().map_err(|e| ("lease_policy", format!("{e}")))?;
    let asns = row.asns.split(';').filter(|asn| !asn.is_empty());
    let asns: Vec<u32> = asns
        .map(|asn| asn.trim_start_matches("AS").parse())
        .collect::<Result<_, _>>()
        .map_err(|_| ("asns", format!("`{}` is no list of AS numbers", row.asns)))?;
    let lines = match row.lines.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| ("lines", format!("`{text}` is no number")))?),
    };
    let entry = entries.entry(row.code.clone()).or_insert_with(|| Entry {
        isp: Isp {
            id: IspId(app.fresh_id()),
            code: row.code.clone(),
            name: row.name.clone(),
            upstream: (!row.upstream.is_empty()).then(|| row.upstream.clone()),
            lease_policy,
            lines,
        },
        asns: Vec::new(),
        prefixes: Vec::new(),
        is_whole: true,
    });
    entry.asns.extend(asns);
    if !row.prefix.is_empty() {
        let prefix = declared(entry.isp.id, row)?;
        entry.prefixes.push(prefix);
    }
    Ok(())
}

fn declared(isp: IspId, row: &Row) -> Result<DeclaredPrefix, Fault> {
    let prefix: ipnet::IpNet =
        row.prefix.parse().map_err(|_| ("prefix", format!("`{}` is no prefix", row.prefix)))?;
    if prefix.trunc() != prefix {
        let reason =
            format!("`{prefix}` has bits beyond its length; do you mean {}?", prefix.trunc());
        return Err(("prefix", reason));
    }
    let kind = if row.kind.is_empty() { "declared" } else { &row.kind };
    if !["declared", "apartment", "shared"].contains(&kind) {
        return Err(("kind", format!("`{kind}` is none of declared, apartment, shared")));
    }
    let from = match row.valid_from.as_str() {
        "" => Moment(i64::MIN),
        text => Moment::parse_day(text).map_err(|e| ("valid_from", e.to_string()))?,
    };
    let to = match row.valid_to.as_str() {
        "" => None,
        text => Some(Moment::parse_day(text).map_err(|e| ("valid_to", e.to_string()))?),
    };
    if to.is_some_and(|to| to <= from) {
        return Err(("valid_to", "it must lie after valid_from".into()));
    }
    Ok(DeclaredPrefix { isp, prefix, kind: kind.to_owned(), from, to })
}

async fn write(app: &App, entries: &BTreeMap<String, Entry>) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    for entry in entries.values() {
        let isp = store::upsert(&mut tx, &entry.isp, app.now()).await?;
        if entry.is_whole {
            store::clear(&mut tx, isp).await?;
        }
        for asn in &entry.asns {
            store::add_asn(&mut tx, isp, *asn).await?;
        }
        for prefix in &entry.prefixes {
            store::add_prefix(&mut tx, &DeclaredPrefix { isp, ..prefix.clone() }).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}
