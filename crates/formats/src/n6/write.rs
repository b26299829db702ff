//! A notice list as events of n6, as its REST interface shows them: JSON lines, or CSV.
//!
//! IPv6 is our extension, and so is every key that n6 does not name. A line that was taken back has
//! the status `delisted`.

use std::io::{self, Write};

use serde_json::Value;

use crate::isp_list::Line;
use crate::issue::{self, Issue, object, second, text, without};
use crate::jsonl;
use crate::safe_csv::CsvWriter;
use crate::{Stream, Weakness, stamp};

/// Writes the lines of a list, one event each (`sjson`).
pub fn write<'a>(
    out: &mut impl Write,
    lines: impl IntoIterator<Item = &'a Line>,
    issue: &Issue,
) -> io::Result<()> {
    jsonl::write(out, lines.into_iter().map(|line| event(line, issue)))
}

/// The category of a weakness.
pub fn category(weakness: Option<Weakness>) -> &'static str {
    match weakness {
        Some(Weakness::Infected) => "bots",
        Some(Weakness::WeakCredentials | Weakness::VulnerableFirmware) => "vulnerable",
        Some(Weakness::ExposedService) => "exposed",
        Some(Weakness::Amplifier) => "amplifier",
        None => "other",
    }
}

/// What n6 calls the source of an undertaking.
pub fn source(stream: Stream) -> String {
    format!("todoke.{stream}")
}

/// What n6 calls the name of an event: malware, or service, or number of a vulnerability.
pub fn name(line: &Line) -> Option<String> {
    let exposure = line.exposure()?;
    match exposure.weakness {
        Weakness::Infected => line.malware_family.clone().filter(|name| !name.trim().is_empty()),
        _ => Some(issue::cve(&exposure).unwrap_or_else(|| exposure.kind.as_str().to_owned())),
    }
}

/// The identifier of the event of a line: 32 hexadecimal digits.
pub fn id(line: &Line, issue: &Issue) -> String {
    issue.uuid_of(line, "n6").simple().to_string()
}

/// How sure an event is: `low`, `medium` or `high`, in thirds of a hundred.
pub fn confidence(line: &Line) -> &'static str {
    match line.confidence {
        Some(67..) => "high",
        Some(..34) => "low",
        _ => "medium",
    }
}

/// The event of a line.
pub fn event(line: &Line, issue: &Issue) -> Value {
    let infected = line.weakness == Some(Weakness::Infected);
    let (served, called) =
        if infected { (line.peer_port, line.port) } else { (line.port, line.peer_port) };
    let address = object(vec![("ip", Some(line.ip.to_string().into()))]);
    let modified = line.withdrawn_at.unwrap_or(issue.issued_at);
    let mut members = vec![
        ("id", Some(id(line, issue).into())),
        ("source", Some(source(line.stream).into())),
        ("restriction", Some("need-to-know".into())),
        ("confidence", Some(confidence(line).into())),
        ("category", Some(category(line.weakness).into())),
        ("time", Some(second(line.detected_at).into())),
        ("modified", Some(second(modified).into())),
        ("address", Some(Value::Array(vec![address]))),
        ("dip", line.peer_ip.map(|ip| ip.to_string().into())),
        ("dport", served.map(Value::from)),
        ("sport", called.map(Value::from)),
        ("proto", issue::proto(line)),
        ("name", name(line).map(Value::from)),
        ("status", line.is_withdrawn().then(|| "delisted".into())),
        ("severity", line.severity.map(|severity| severity.code().into())),
        ("device_version", text(line.fw_version.as_ref())),
    ];
    members.extend(without(issue::own(line), &["stream", "weakness_code"]));
    object(members)
}

/// The columns of the CSV form, of which the names before `list_id` are those of n6.
pub const COLUMNS: [&str; 21] = [
    "time",
    "id",
    "source",
    "restriction",
    "confidence",
    "category",
    "modified",
    "ip",
    "proto",
    "dport",
    "sport",
    "dip",
    "name",
    "status",
    "list_id",
    "record_no",
    "inquiry_id",
    "action",
    "exposure",
    "report_by",
    "severity",
];

/// Writes events as CSV in which no cell is a formula.
pub fn write_csv<'a>(
    out: &mut impl Write,
    lines: impl IntoIterator<Item = (&'a Line, &'a Issue)>,
) -> io::Result<()> {
    let mut csv = CsvWriter::new(out, false, &COLUMNS)?;
    for (line, issue) in lines {
        let event = event(line, issue);
        for column in COLUMNS {
            let value = match column {
                "ip" => Some(&event["address"][0]["ip"]),
                _ => event.get(column),
            };
            csv.cell(&match value {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            });
        }
        csv.end_row()?;
    }
    csv.finish().map(drop)
}

/// The moment of a query's bound: a time without zone is UTC, as everywhere in n6; a date is its
/// first moment.
pub fn moment(text: &str) -> Result<i64, crate::Reason> {
    let is_date = text.len() == 10;
    let text = if is_date { format!("{text}T00:00:00") } else { text.to_owned() };
    stamp::parse(&text, Some(0))
}
