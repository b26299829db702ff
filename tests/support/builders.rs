//! Rows of the files that come from outside: scan lists, coverage, registers, reports.
//!
//! A row is a list of named cells, so a test says only what matters to it:
//! `hit(…).with("port", 80)`.

/// A row by column name.
#[derive(Clone, Debug)]
pub(crate) struct Row(Vec<(String, String)>);

impl Row {
    fn of(cells: &[(&str, &str)]) -> Self {
        Self(cells.iter().map(|(name, cell)| ((*name).to_owned(), (*cell).to_owned())).collect())
    }

    /// The same row with another cell in that column.
    #[expect(clippy::needless_pass_by_value, reason = "cells are mostly written on the spot")]
    pub(crate) fn with(mut self, column: &str, cell: impl ToString) -> Self {
        match self.0.iter_mut().find(|(name, _)| name == column) {
            Some((_, old)) => *old = cell.to_string(),
            None => self.0.push((column.to_owned(), cell.to_string())),
        }
        self
    }

    /// The same row without that column.
    pub(crate) fn without(mut self, column: &str) -> Self {
        self.0.retain(|(name, _)| name != column);
        self
    }

    /// The same columns in another order.
    pub(crate) fn turned(mut self) -> Self {
        self.0.reverse();
        self
    }

    fn cell(&self, column: &str) -> &str {
        self.0.iter().find(|(name, _)| name == column).map_or("", |(_, cell)| cell)
    }
}

/// A CSV with every column that any row names.
pub(crate) fn csv(rows: &[Row]) -> String {
    let mut columns: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flat_map(|row| &row.0) {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(&columns).unwrap();
    for row in rows {
        out.write_record(columns.iter().map(|column| row.cell(column))).unwrap();
    }
    String::from_utf8(out.into_inner().unwrap()).unwrap()
}

/// A row of a scan list: Telnet with a weak password at `ip`, seen at `at` by `run`.
///
/// The model is the address, so that a test finds the case of an address again.
pub(crate) fn hit(run: &str, at: &str, ip: &str) -> Row {
    Row::of(&[
        ("scan_run", run),
        ("record_no", ip),
        ("stream", "notice"),
        ("detected_at", at),
        ("ip", ip),
        ("proto", "tcp"),
        ("port", "23"),
        ("method_version", "m1"),
        ("outcome", "detected"),
        ("application", "telnet"),
        ("weakness_code", "weak_credentials"),
        ("device_model", ip),
    ])
}

/// The infection of a device at `ip` that called from `port`.
pub(crate) fn infected(run: &str, at: &str, ip: &str, port: u16) -> Row {
    hit(run, at, ip)
        .with("stream", "nicter")
        .with("application", "mirai")
        .with("weakness_code", "infected")
        .with("port", port)
}

/// A row of coverage: `run` looked for weak Telnet passwords all over `prefix` on one day.
pub(crate) fn covered(run: &str, day: &str, prefix: &str) -> Row {
    Row::of(&[
        ("scan_run", run),
        ("from", &format!("{day}T00:00:00+09:00")),
        ("to", &format!("{day}T06:00:00+09:00")),
        ("prefix", prefix),
        ("proto", "tcp"),
        ("ports", "23"),
        ("weakness_code", "weak_credentials"),
        ("method_version", "m1"),
        ("status", "complete"),
        ("attempted", "254"),
        ("completeness", "1"),
    ])
}

/// A row of the register: `code` serves `prefix`, and lines keep addresses as `lease` says.
pub(crate) fn provider(code: &str, lease: &str, prefix: &str) -> Row {
    Row::of(&[
        ("code", code),
        ("name", &format!("{code} K.K.")),
        ("asns", ""),
        ("lease_policy", lease),
        ("prefix", prefix),
    ])
}

/// A row of a report: the subscriber of that record was told.
pub(crate) fn notified(list: &str, record: u64, at: &str) -> Row {
    Row::of(&[
        ("list_id", list),
        ("record_no", &record.to_string()),
        ("reported_at", at),
        ("state", "notified"),
        ("identified", "yes"),
        ("notice_channel", "email"),
        ("notice_at", at),
    ])
}

/// A row of a report: the subscriber was not told, for `reason`.
pub(crate) fn not_notified(list: &str, record: u64, at: &str, reason: &str) -> Row {
    Row::of(&[
        ("list_id", list),
        ("record_no", &record.to_string()),
        ("reported_at", at),
        ("state", "not_notified"),
        ("reason_code", reason),
    ])
}

/// A Shadowserver report on Telnet, with the columns of the living type that matter here.
pub(crate) fn telnet_report(at: &str, ip: &str) -> Row {
    Row::of(&[
        ("timestamp", at),
        ("severity", "high"),
        ("ip", ip),
        ("protocol", "tcp"),
        ("port", "23"),
        ("hostname", ""),
        ("tag", "telnet"),
        ("asn", "0"),
    ])
}

/// A line token: 64 times the same hexadecimal digit.
pub(crate) fn token(digit: char) -> String {
    digit.to_string().repeat(64)
}

/// A text as gzip packs it.
pub(crate) fn gzipped(text: &str) -> Vec<u8> {
    use std::{io::Write as _, process};
    let mut gzip = process::Command::new("gzip")
        .arg("-c")
        .stdin(process::Stdio::piped())
        .stdout(process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = gzip.stdin.take().unwrap();
    let text = text.to_owned();
    // Written beside the reading: a pipe holds less than a list.
    let writing = std::thread::spawn(move || input.write_all(text.as_bytes()).unwrap());
    let packed = gzip.wait_with_output().unwrap().stdout;
    writing.join().unwrap();
    packed
}
