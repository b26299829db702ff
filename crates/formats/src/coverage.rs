//! 走査範囲 (`todoke/coverage/1`): which prefixes and ports a scan run really covered, and when.
//!
//! Without it the silence of a scan is *unknown*; with it, silence is a clean scan.

use std::io::{self, Read, Write};

use ipnet::IpNet;

use crate::detection::words;
use crate::safe_csv::CsvWriter;
use crate::table::{Fault, Line, Sheet, due};
use crate::{FileRefused, Proto, Reading, Reason, Refused, Weakness, stamp};

/// Columns that must be there and filled.
pub const REQUIRED: &[&str] = &[
    "scan_run",
    "from",
    "to",
    "prefix",
    "proto",
    "ports",
    "weakness_code",
    "method_version",
    "status",
    "attempted",
    "completeness",
];

/// Columns that may be there.
pub const OPTIONAL: &[&str] = &["answered", "hits", "vantage", "excluded_prefixes"];

/// No count is larger: more addresses than these nobody tries.
const COUNT_MAX: u64 = 1 << 53;

words! {
    /// How far a run got (走査状況).
    #[doc(alias = "走査状況")]
    Status {
        /// To the end.
        Complete = "complete",
        /// Not everywhere.
        Partial = "partial",
        /// Broken off.
        Aborted = "aborted",
    }
}

/// 走査範囲: one prefix, protocol and weakness that a scan run covered.
///
/// A correction replaces by `scan_run, prefix, proto, weakness`.
#[doc(alias = "走査範囲")]
#[derive(Debug, Clone, PartialEq)]
pub struct Covered {
    /// Physical line of the file; 0 for a row that is to be written.
    pub line: u64,
    /// The scan run.
    pub scan_run: String,
    /// When it began on this prefix, in microseconds UTC.
    pub from: i64,
    /// When it ended on this prefix, in microseconds UTC; not before `from`.
    pub to: i64,
    /// The covered prefix, without host bits.
    pub prefix: IpNet,
    /// The transport protocol tried.
    pub proto: Proto,
    /// The ports tried; at least one.
    pub ports: Vec<u16>,
    /// The weakness looked for.
    pub weakness: Weakness,
    /// Version of the method.
    pub method_version: String,
    /// How far it got.
    pub status: Status,
    /// Addresses tried.
    pub attempted: u64,
    /// Share of what was planned, from 0 to 1.
    pub completeness: f64,
    /// Addresses that answered, at most `attempted`.
    pub answered: Option<u64>,
    /// Detections that the hits of the run list here; 0 says that it found nothing.
    pub hits: Option<u64>,
    /// From where it was scanned.
    pub vantage: Option<String>,
    /// Prefixes inside that were left out.
    pub excluded_prefixes: Vec<IpNet>,
}

/// Opens a coverage file; its rows come one by one, understood or refused.
///
/// An `Err` of the outer kind is a failing input, not a bad row: it is given once, at the end.
pub fn open(
    input: impl Read + Send + 'static,
    reading: Reading,
) -> Result<impl Iterator<Item = io::Result<Result<Covered, Refused>>>, FileRefused> {
    let mut sheet = Sheet::open(input, reading, "coverage", [REQUIRED, OPTIONAL, &[]])?;
    Ok(std::iter::from_fn(move || sheet.next(&mut covered).transpose()))
}

/// Reads a whole coverage file: the rows understood, and the rows refused.
pub fn read(
    input: impl Read + Send + 'static,
    reading: Reading,
) -> Result<(Vec<Covered>, Vec<Refused>), FileRefused> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for row in open(input, reading)? {
        match row? {
            Ok(covered) => good.push(covered),
            Err(refused) => bad.push(refused),
        }
    }
    Ok((good, bad))
}

fn covered(line: &Line<'_>) -> Result<Covered, Fault> {
    let covered = Covered {
        line: line.number,
        scan_run: due("scan_run", line.text("scan_run", 200)?)?,
        from: due("from", line.time("from")?)?,
        to: due("to", line.time("to")?)?,
        prefix: prefix(&due("prefix", line.code("prefix"))?)
            .ok_or(("prefix", Reason::BadPrefix))?,
        proto: due("proto", line.word("proto")?)?,
        ports: ports(line)?,
        weakness: due("weakness_code", line.word("weakness_code")?)?,
        method_version: due("method_version", line.text("method_version", 200)?)?,
        status: due("status", line.word("status")?)?,
        attempted: due("attempted", line.number("attempted", COUNT_MAX)?)?,
        completeness: completeness(&due("completeness", line.code("completeness"))?)?,
        answered: line.number("answered", COUNT_MAX)?,
        hits: line.number("hits", COUNT_MAX)?,
        vantage: line.text("vantage", 200)?,
        excluded_prefixes: excluded(line)?,
    };
    if covered.to < covered.from {
        return Err(("to", Reason::Contradiction("it lies before from")));
    }
    if covered.answered.is_some_and(|answered| answered > covered.attempted) {
        return Err(("answered", Reason::Contradiction("it is more than attempted")));
    }
    Ok(covered)
}

/// A prefix in CIDR notation without host bits; IPv4 mapped into IPv6 is unfolded.
fn prefix(text: &str) -> Option<IpNet> {
    let net: IpNet = text.parse().ok()?;
    if net.network() != net.addr() {
        return None;
    }
    match (net.addr().to_canonical(), net.prefix_len()) {
        (ip, len @ 96..) if net.addr().is_ipv6() && ip.is_ipv4() => IpNet::new(ip, len - 96).ok(),
        _ => Some(net),
    }
}

fn excluded(line: &Line<'_>) -> Result<Vec<IpNet>, Fault> {
    let column = "excluded_prefixes";
    let read = |part: String| prefix(&part).ok_or((column, Reason::BadPrefix));
    line.list(column).into_iter().map(read).collect()
}

fn ports(line: &Line<'_>) -> Result<Vec<u16>, Fault> {
    let column = "ports";
    let read = |part: String| match part.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err((column, Reason::BadPort)),
    };
    let ports: Vec<u16> = line.list(column).into_iter().map(read).collect::<Result<_, _>>()?;
    if ports.is_empty() { Err((column, Reason::MissingValue)) } else { Ok(ports) }
}

fn completeness(code: &str) -> Result<f64, Fault> {
    let plain = code.len() <= 20 && code.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match code.parse::<f64>() {
        Ok(share) if plain && (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(("completeness", Reason::BadNumber)),
    }
}

/// Writes a coverage file: UTF-8, CRLF, times in UTC, a byte-order mark on request.
pub fn write<'a>(
    out: impl Write,
    rows: impl IntoIterator<Item = &'a Covered>,
    bom: bool,
) -> io::Result<()> {
    let mut csv = CsvWriter::new(out, bom, &[REQUIRED, OPTIONAL].concat())?;
    for row in rows {
        csv.cell(&row.scan_run);
        csv.cell(&stamp::utc(row.from));
        csv.cell(&stamp::utc(row.to));
        csv.cell(&row.prefix.to_string());
        csv.cell(row.proto.code());
        csv.cell(&joined(&row.ports));
        csv.cell(row.weakness.code());
        csv.cell(&row.method_version);
        csv.cell(row.status.code());
        csv.cell(&row.attempted.to_string());
        csv.cell(&row.completeness.to_string());
        csv.shown(row.answered);
        csv.shown(row.hits);
        csv.shown(row.vantage.as_deref());
        csv.cell(&joined(&row.excluded_prefixes));
        csv.end_row()?;
    }
    csv.finish().map(drop)
}

fn joined(parts: &[impl ToString]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
}
