//! Rows of the register file (台帳行): what each says, and what is wrong with it.

use std::{collections::HashSet, io::Read};

use serde::{Deserialize, Serialize};

use super::{
    Kind, LeasePolicy, Wholesale,
    apartments::HOUSE,
    entry::{Announced, Declared, Entry},
    register::RegisterRefused,
};
use crate::time::Moment;

/// A row of the file as it stands there.
#[derive(Debug, Deserialize)]
struct Row {
    code: String,
    name: String,
    #[serde(default)]
    upstream: String,
    #[serde(default)]
    wholesale: String,
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
    network_name: String,
    #[serde(default)]
    notify: String,
    #[serde(default)]
    valid_from: String,
    #[serde(default)]
    valid_to: String,
}

/// A row that did not go in (取込不可行), and what to do about it.
#[derive(Clone, Debug, Serialize)]
pub struct RowError {
    /// The line in the file.
    pub line: u64,
    /// The column at fault; `row` when it is the row as a whole.
    pub column: &'static str,
    /// What is wrong.
    pub reason: String,
}

/// What a file says of a provider.
pub(super) struct Told {
    /// What its rows say together.
    pub(super) entry: Entry,
    /// The line of its first row.
    pub(super) line: u64,
    /// Whether every row that may be its own was understood.
    pub(super) is_whole: bool,
}

/// What a file says: providers in the order of their first rows, and rows that did not go in.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) told: Vec<Told>,
    pub(super) errors: Vec<RowError>,
}

/// Reads a file to its end.
pub(super) fn read(file: impl Read) -> anyhow::Result<Result<Contents, RegisterRefused>> {
    let mut done = Contents::default();
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
        let row = match record.deserialize::<Row>(Some(&headers)) {
            Ok(row) => row,
            Err(fault) => {
                let reason = fault.to_string();
                done.errors.push(RowError { line, column: "code", reason });
                nobodys = true;
                continue;
            }
        };
        if let Err((column, reason)) = take(&mut done.told, &row, line) {
            done.errors.push(RowError { line, column, reason });
            nobodys |= column == "code";
            bad.insert(row.code);
        }
    }
    for told in &mut done.told {
        told.is_whole = !nobodys && !bad.contains(&told.entry.code);
    }
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

fn take(told: &mut Vec<Told>, row: &Row, line: u64) -> Result<(), Fault> {
    if row.code.is_empty() || row.code.chars().any(char::is_whitespace) {
        return Err(("code", "a provider needs a code without spaces".into()));
    }
    let lease_policy: LeasePolicy =
        row.lease_policy.parse().map_err(|e| ("lease_policy", format!("{e}")))?;
    let wholesale = Wholesale::try_from(Some(row.wholesale.clone()));
    let wholesale = wholesale.map_err(|e| ("wholesale", e.to_string()))?;
    let asns = row.asns.split(';').filter(|asn| !asn.is_empty());
    let asns: Vec<u32> = asns
        .map(|asn| asn.trim_start_matches("AS").parse().ok().filter(|asn| *asn != 0))
        .collect::<Option<_>>()
        .ok_or_else(|| ("asns", format!("`{}` is no list of AS numbers", row.asns)))?;
    let lines = match row.lines.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| ("lines", format!("`{text}` is no number")))?),
    };
    let place = told.iter().position(|told| told.entry.code == row.code);
    let place = place.unwrap_or_else(|| {
        let entry = Entry {
            code: row.code.clone(),
            name: row.name.clone(),
            upstream: (!row.upstream.is_empty()).then(|| row.upstream.clone()),
            wholesale,
            lease_policy: lease_policy.to_string(),
            lines,
            ..Entry::default()
        };
        told.push(Told { entry, line, is_whole: true });
        told.len() - 1
    });
    let entry = &mut told[place].entry;
    // The times of a row are those of its prefix; in a row without one, of its AS numbers.
    let mut times = (Moment(i64::MIN), None);
    if row.prefix.is_empty() {
        times = validity(row)?;
        for (column, given) in [("valid_from", &row.valid_from), ("valid_to", &row.valid_to)] {
            if asns.is_empty() && !given.is_empty() {
                return Err((column, "the row has neither a prefix nor AS numbers".into()));
            }
        }
    } else {
        entry.declare(declared(row)?);
    }
    let (from, to) = times;
    asns.into_iter().for_each(|asn| entry.announce(Announced { asn, from, to }));
    Ok(())
}

fn declared(row: &Row) -> Result<Declared, Fault> {
    let prefix: ipnet::IpNet =
        row.prefix.parse().map_err(|_| ("prefix", format!("`{}` is no prefix", row.prefix)))?;
    if prefix.trunc() != prefix {
        let reason =
            format!("`{prefix}` has bits beyond its length; do you mean {}?", prefix.trunc());
        return Err(("prefix", reason));
    }
    let kind = match row.kind.as_str() {
        "" => Kind::Declared,
        word => word.parse().map_err(|e| ("kind", format!("{e}")))?,
    };
    let name = (!row.network_name.is_empty()).then(|| row.network_name.clone());
    let notify = match row.notify.as_str() {
        "" => None,
        word => {
            let reason = || format!("`{word}` is none of owner, management_company, association");
            let known = HOUSE.into_iter().find(|one| one.code() == word);
            Some(known.ok_or_else(|| ("notify", reason()))?)
        }
    };
    if kind != Kind::Apartment {
        for (column, given) in [("network_name", name.is_some()), ("notify", notify.is_some())] {
            if given {
                return Err((column, "only a prefix of kind apartment has one".into()));
            }
        }
    }
    let (from, to) = validity(row)?;
    Ok(Declared { prefix, kind, from, to, name, notify })
}

fn validity(row: &Row) -> Result<(Moment, Option<Moment>), Fault> {
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
    Ok((from, to))
}
