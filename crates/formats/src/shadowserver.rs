//! Shadowserver報告: the report CSV of the Shadowserver Foundation, all scan and event types.
//!
//! <https://www.shadowserver.org/what-we-do/network-reporting/>. The header decides; the type is
//! known from the file name. Times are UTC and unmarked. The page `docs/formats/shadowserver.md`
//! lists every column.

mod columns;
mod names;
mod rows;
mod table;
mod types;

use std::io::Read;

pub use columns::{DROPPED, SIDES, is_dropped};
pub use names::report_type;
pub use types::ReportType;

use crate::split::Splitter;
use crate::table::header;
use crate::{FileRefused, Header, Reading, Rows, credentials};

/// Opens a report for reading.
///
/// `file_name` is the delivered name, which gives the type; `declared_type` goes before it where
/// the sender stated one (the API, the subject of a mail). `input` is plain CSV: see
/// [`crate::unpack()`]. Refused as a whole: an empty file, one without `timestamp` or without any
/// address column, one of a type no rule knows.
pub fn open(
    file_name: &str,
    declared_type: Option<&str>,
    input: impl Read + Send + 'static,
    reading: Reading,
) -> Result<Rows, FileRefused> {
    let report = declared_type.and_then(ReportType::named).or_else(|| report_type(file_name));
    let unknown = || FileRefused::UnknownType(declared_type.unwrap_or(file_name).to_owned());
    let report = report.ok_or_else(unknown)?;
    let mut splitter = Splitter::open(input, reading.encoding)?;
    let names = header(&mut splitter)?;
    let columns = columns::resolve(names)?;
    let secret = columns.names.iter().filter(|name| credentials::is_credential(name));
    let header = Header {
        report_type: report.name.clone(),
        columns: columns.names.clone(),
        unknown: columns.unknown.clone(),
        missing: columns.missing.clone(),
        credentials: secret.cloned().collect(),
    };
    Ok(Rows::new(header, rows::ReportRows { splitter, columns, report, reading }))
}
