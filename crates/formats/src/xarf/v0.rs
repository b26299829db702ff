//! X-ARF 0.x: the report part of a mail, `Key: value` by line, or the same keys as JSON.
//!
//! Several reports may follow each other, each begun by a line `---`.

use std::fmt::Write as _;
use std::io;

use serde_json::{Map, Value};

use super::meaning::{self, Meaning, infected, no_device};
use crate::json_value::{
    self, Bytes, Fault, MASK, Object, at, is_email, keep, keep_text, some_text,
};
use crate::{Detection, Legible, Reading, Reason, Refused, Row, Severity, stamp};
use Severity::{Critical, High};

/// No report part is longer.
const BLOCK_BYTES_MAX: usize = 64 << 10;

/// Members that have a place of their own, or none.
const PLACED: &[&str] = &["Attachment", "Date", "Port", "Report-ID", "Source", "Version"];

/// Attacks on other hosts, by the word of the report: kind and how grave.
#[rustfmt::skip]
const ATTACKS: &[(&str, &str, Severity)] = &[
    ("badbot", "badbot", High), ("botnet", "botnet", Critical), ("bots", "botnet", Critical),
    ("bruteforcelogin", "brute_force", Critical), ("ddos", "ddos", High),
    ("ftp", "brute_force", Critical), ("imap", "brute_force", Critical),
    ("infection", "botnet", Critical), ("login-attack", "brute_force", Critical),
    ("pop3", "brute_force", Critical), ("port-scan", "port_scan", High),
    ("portflood", "ddos", High), ("portscan", "port_scan", High), ("regbot", "regbot", High),
    ("sip", "brute_force", Critical), ("ssh", "brute_force", Critical),
    ("sshd", "brute_force", Critical), ("telnet", "brute_force", Critical),
];

/// Reports on mail, pages and works.
const NO_DEVICES: [&str; 9] =
    ["copyright", "fraud", "info", "mail", "phishing", "reg-spam", "reg_spam", "spam", "trademark"];

/// So much of a file tells whether it holds report parts: none of them is longer.
pub(super) const LOOK: usize = BLOCK_BYTES_MAX;

/// Members of which every report part has one.
const MARKS: [&str; 2] = ["Report-Type", "Reported-From"];

/// Whether a file begins as report parts do.
pub(super) fn begins(beginning: &[u8]) -> bool {
    let marks = |line: &[u8]| {
        let key = line.split(|b| *b == b':').next().unwrap_or_default().trim_ascii();
        MARKS.iter().any(|mark| mark.as_bytes() == key)
    };
    beginning.split(|b| *b == b'\n').any(marks)
}

/// The report parts of a text, one after the other.
pub(super) struct Blocks {
    input: Bytes,
}

impl Blocks {
    pub(super) fn open(input: Bytes) -> Self {
        Self { input }
    }

    /// The next report part; `None` at the end.
    pub(super) fn next(&mut self, reading: Reading) -> io::Result<Option<Row>> {
        let (mut text, mut line, mut too_long) = (Vec::new(), 0, false);
        loop {
            let number = self.input.line;
            let mut row = Vec::new();
            let mut ended = true;
            while let Some(byte) = self.input.peek()? {
                self.input.take();
                ended = false;
                if byte == b'\n' {
                    break;
                }
                if row.len() + text.len() < BLOCK_BYTES_MAX {
                    row.push(byte);
                } else {
                    too_long = true;
                }
            }
            if ended || row.trim_ascii_end() == b"---" {
                if line != 0 {
                    let bytes = if too_long { Err(Reason::TextTooLong) } else { Ok(text) };
                    return Ok(Some(read(bytes, line, reading)));
                }
                if ended {
                    return Ok(None);
                }
            } else if line != 0 || !row.trim_ascii().is_empty() {
                line = if line == 0 { number } else { line };
                text.extend_from_slice(&row);
                text.push(b'\n');
            }
        }
    }
}

/// The row of one report part.
fn read(bytes: Result<Vec<u8>, Reason>, line: u64, reading: Reading) -> Row {
    match bytes.and_then(|bytes| members(&bytes)) {
        Ok(members) => super::row(&Value::Object(members), line, &reading, shown),
        Err(reason) => {
            let (column, bytes, legible) = (None, MASK.into(), Legible::default());
            Row::Refused(Refused { line, column, reason, bytes, legible })
        }
    }
}

/// The members of a report part; a line that begins with a blank goes on with the one before.
fn members(bytes: &[u8]) -> Result<Map<String, Value>, Reason> {
    let text = std::str::from_utf8(bytes).map_err(|_| Reason::BadEncoding)?;
    if bytes.contains(&0) {
        return Err(Reason::NulByte);
    }
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with([' ', '\t']) && !line.trim().is_empty() {
            if let Some((_, value)) = pairs.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((key, value)) = line.split_once(':') {
            pairs.push((key.trim(), value.trim().trim_matches(['"', '\'']).to_owned()));
        }
    }
    let mut members = Map::new();
    for (key, value) in pairs {
        if members.insert(key.to_owned(), value.into()).is_some() {
            return Err(Reason::Contradiction("a key stands twice in one report"));
        }
    }
    if !MARKS.iter().any(|mark| members.contains_key(*mark)) {
        return Err(Reason::Contradiction("this is neither JSON nor the report part of an X-ARF"));
    }
    Ok(members)
}

/// How a report part stands in quarantine: as it is read again.
fn shown(report: &Value) -> Vec<u8> {
    let mut text = String::from("---\n");
    for (key, value) in json_value::mask(report).as_object().into_iter().flatten() {
        let _ = writeln!(text, "{key}: {}", value.as_str().unwrap_or_default());
    }
    text.into_bytes()
}

pub(super) fn detection(
    report: &Object<'_>,
    line: u64,
    reading: &Reading,
) -> Result<Detection, Fault> {
    report.needs_shape("Reported-From", is_email, "this is no mail address")?;
    report.needs("Category")?;
    report.needs("Source-Type")?;
    let meaning = sense(report)?;
    let detected_at = date(report, reading)?;
    let ip = report.needs_ip("Source")?;
    let serves = meaning.exposure.kind.as_str() == "malware_url";
    let mut detection = meaning::detection(meaning, line, ip, detected_at);
    // `Port` is where the attack came in; only where the device itself serves, it is its own.
    let port = report.port("Port")?;
    if serves {
        detection.port = port;
    } else {
        detection.peer_port = port;
    }
    let detail = &mut detection.detail;
    let number = report.text("Report-ID")?;
    detail.record_no = number.and_then(|number| some_text(number, &mut detail.notes));
    keep_text(detail, "reporter", report.needs("Reported-From")?)?;
    let placed = |key: &str| PLACED.contains(&key) || key == "Reported-From";
    for (key, value) in report.members.iter().filter(|(key, _)| !placed(key)) {
        keep(detail, key, value)?;
    }
    Ok(detection)
}

fn sense(report: &Object<'_>) -> Result<Meaning, Fault> {
    let word = report.needs("Report-Type")?.to_ascii_lowercase();
    if let Some((_, kind, severity)) = ATTACKS.iter().find(|(known, ..)| *known == word) {
        return Ok(infected(kind, *severity));
    }
    if word == "malware-attack" || word == "malware" {
        return Ok(infected("malware_url", Critical));
    }
    if NO_DEVICES.contains(&word.as_str()) {
        let why = "it is about a message, a page or a work, not about a weak device";
        return Err(at("Report-Type", no_device(why)));
    }
    Err(at("Report-Type", Reason::UnknownWord))
}

/// A date of a mail (`Fri, 31 Jan 2014 07:19:02 +0100`, RFC 5322) or one of RFC 3339.
fn date(report: &Object<'_>, reading: &Reading) -> Result<i64, Fault> {
    let text = report.needs("Date")?;
    let time = match of_mail(text) {
        Some(plain) => stamp::parse(&plain, reading.utc_offset),
        None => stamp::parse(text, reading.utc_offset),
    };
    match time {
        Ok(time) if reading.is_future(time) => Err(at("Date", Reason::FutureTime)),
        Ok(time) => Ok(time),
        Err(reason) => Err(at("Date", reason)),
    }
}

/// A date of a mail, written as `stamp` reads it.
fn of_mail(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = text.split_once(',').map_or(text, |(_, text)| text);
    let mut words = text.split_whitespace();
    let (day, month, year, clock) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? + 1;
    let zone = words.next().map_or("", |zone| if zone == "UT" { "UTC" } else { zone });
    Some(format!("{year}-{month}-{day} {clock} {zone}"))
}
