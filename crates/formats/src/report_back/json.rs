//! The same report as JSON lines: one object for each row, its keys named as the columns.
//!
//! Values are text, whole numbers or nothing. Each row goes through the same rules as a row of CSV,
//! so that the same facts say the same however they are written.

use std::collections::BTreeSet;
use std::io::Read;

use serde_json::{Map, Value};

use super::{READ, REQUIRED, Report, ReportFile, report};
use crate::json_rows::{JsonRows, Step};
use crate::split::cells;
use crate::table::{Fault, Line};
use crate::{FileRefused, Header, Legible, Reading, Reason, Refused, json_value};

/// Whether a file that begins so holds JSON: no header of ours begins with a brace.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

/// Reads a report of JSON lines.
pub(super) fn read(
    input: impl Read + Send + 'static,
    reading: &Reading,
) -> Result<ReportFile, FileRefused> {
    let mut rows = JsonRows::open(input)?;
    let columns: Vec<String> = REQUIRED.iter().chain(READ).map(|name| (*name).to_owned()).collect();
    let (mut reports, mut refused, mut unknown) = (Vec::new(), Vec::new(), BTreeSet::new());
    loop {
        let read = match rows.step()? {
            Step::End => break,
            Step::Uncut { reason, .. } => Err((None, reason)),
            Step::Row => object(rows.bytes()).map_err(|reason| (None, reason)).and_then(|row| {
                unknown.extend(row.keys().filter(|key| !columns.contains(key)).cloned());
                let read = one(&row, &columns, (reading, rows.line()));
                read.map_err(|(column, reason)| (Some(column.to_owned()), reason))
            }),
        };
        match read {
            Ok(report) => reports.push(report),
            // What a refused row holds may be contact data, and is shown to nobody again.
            Err((column, reason)) => refused.push(Refused {
                line: rows.line(),
                column,
                reason,
                bytes: Vec::new(),
                legible: Legible::default(),
            }),
        }
    }
    let unknown = unknown.into_iter().collect();
    let report_type = "report-back".to_owned();
    Ok(ReportFile {
        reports,
        refused,
        header: Header { report_type, columns, unknown, ..Header::default() },
    })
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Reason> {
    match json_value::parse(bytes)? {
        Value::Object(object) => Ok(object),
        _ => Err(Reason::NotJson("a row is an object")),
    }
}

/// One row: its values as cells, read as those of a table.
fn one(
    row: &Map<String, Value>,
    columns: &[String],
    (reading, number): (&Reading, u64),
) -> Result<Report, Fault> {
    let mut text = String::new();
    for column in REQUIRED.iter().chain(READ) {
        if !text.is_empty() {
            text.push(',');
        }
        text.push('"');
        match row.get(*column) {
            None | Some(Value::Null) => {}
            Some(Value::String(value)) if value.contains('\0') => {
                return Err((column, Reason::NulByte));
            }
            Some(Value::String(value)) => text.push_str(&value.replace('"', "\"\"")),
            Some(Value::Number(value)) => text.push_str(&value.to_string()),
            Some(_) => return Err((column, Reason::NotJson("a value is text or a number"))),
        }
        text.push('"');
    }
    let cells = cells(text.as_bytes());
    report(&Line::of((columns, &text, &cells), reading, number))
}
