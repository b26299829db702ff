//! A report as it is kept (報告の本文): everything it says, but where it stood in its file and by
//! what it was named there. The same facts are the same bytes. Owns no table.

use std::io::Cursor;

use formats::{
    Reading,
    report_back::{self as wire, Report},
};

/// As it is kept.
pub(super) fn written(report: &Report, list_id: &str, record_no: i64) -> String {
    let alike = Report {
        line: 0,
        list_id: list_id.to_owned(),
        record_no: record_no.cast_unsigned(),
        inquiry_id: None,
        ..report.clone()
    };
    let mut bytes = Vec::new();
    // Writing into memory cannot fail.
    let _ = wire::write(&mut bytes, [&alike], false);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.lines().skip(1).collect::<Vec<_>>().join("\n")
}

/// Reads it back; what an older version kept and this one cannot read is nothing.
pub(in crate::notices) fn read(body: &str) -> Option<Report> {
    let columns = [wire::REQUIRED, wire::OPTIONAL].concat().join(",");
    let file = Cursor::new(format!("{columns}\n{body}\n").into_bytes());
    let read = wire::read(file, Reading::at(i64::MAX));
    read.ok().and_then(|(mut reports, _)| reports.pop())
}
