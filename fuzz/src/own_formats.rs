//! CSV読取: the readers of lists. Each row is understood or refused, and none is lost in between.

use std::io::Cursor;

use formats::{Encoding, FileRefused, Reading, Row, Rows};

/// 2026-12-01T00:00:00Z in microseconds.
pub(crate) const NOW: i64 = 1_796_083_200_000_000;

pub(crate) fn reading() -> Reading {
    Reading::at(NOW).encoded(Encoding::Auto).in_japan_time()
}

pub(crate) fn input(data: &[u8]) -> Cursor<Vec<u8>> {
    Cursor::new(data.to_vec())
}

/// Reads all rows; lines never go backwards, and every refusal has words.
pub(crate) fn read_all(rows: Result<Rows, FileRefused>) {
    let Ok(rows) = rows else { return };
    let mut line = 0;
    for row in rows.flatten() {
        match row {
            Row::Detection(detection) => assert!(!detection.ip.is_unspecified()),
            Row::Refused(refused) => {
                assert!(refused.line > line, "{refused} after line {line}");
                line = refused.line;
                assert!(!refused.to_string().is_empty());
            }
        }
    }
}

pub(crate) fn shadowserver(data: &[u8]) {
    let name = "2026-11-22-scan_telnet-japan.csv";
    read_all(formats::shadowserver::open(name, None, input(data), reading()));
}

pub(crate) fn scan_list(data: &[u8]) {
    read_all(formats::scan_list::open(input(data), reading()));
}

pub(crate) fn coverage(data: &[u8]) {
    let _ = formats::coverage::read(input(data), reading());
}

pub(crate) fn report_back(data: &[u8]) {
    let _ = formats::report_back::read(input(data), reading());
}
