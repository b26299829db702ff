//! 通知明細 (`todoke/isp-list/1`): the list that asks an ISP to tell its subscribers.
//!
//! Times are Japan Standard Time to the second. Trial arms never appear here.

use std::io::{self, Write};
use std::net::IpAddr;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::detection::words;
use crate::jsonl;
use crate::report_back::{Placement, ReasonCode};
use crate::safe_csv::{CsvWriter, push_cell};
use crate::{Exposure, Kind, Proto, Severity, Stream, Weakness, stamp};

/// Every column, in the order they are written.
pub const COLUMNS: [&str; 34] = [
    "list_id",
    "list_version",
    "record_no",
    "inquiry_id",
    "isp_code",
    "action",
    "stream",
    "detected_at",
    "ip",
    "port",
    "proto",
    "identify_by",
    "report_by",
    "peer_ip",
    "peer_port",
    "first_seen",
    "last_seen",
    "repeat_count",
    "weakness_code",
    "severity",
    "confidence",
    "device_vendor",
    "device_type",
    "device_model",
    "fw_version",
    "malware_family",
    "evidence_hash",
    "manual_id",
    "campaign",
    "template_version",
    "placement_hint",
    "upstream_path",
    "network_kind",
    "reason_hint",
];

words! {
    /// What the line asks for (通知区分).
    #[doc(alias = "通知区分")]
    Action {
        /// To tell the subscriber.
        New = "new",
        /// To tell the subscriber again.
        Repeat = "repeat",
        /// To use this line instead of the former one.
        Corrected = "corrected",
        /// To forget the former line.
        Withdrawn = "withdrawn",
    }
}

/// 通知明細: one case on the list for one ISP. `ip` and `port` are the side of the device.
#[doc(alias = "通知明細")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The list.
    pub list_id: String,
    /// Its version, from 1.
    pub list_version: u32,
    /// Number of the record in the list.
    pub record_no: u64,
    /// 問合せID with its dashes, so that a spreadsheet takes it for text.
    pub inquiry_id: String,
    /// The ISP.
    pub isp_code: String,
    /// What is asked for.
    pub action: Action,
    /// The undertaking.
    pub stream: Stream,
    /// When the device was seen, in microseconds UTC.
    pub detected_at: i64,
    /// The address of the device.
    pub ip: IpAddr,
    /// The port on the device, if known.
    pub port: Option<u16>,
    /// The transport protocol.
    pub proto: Proto,
    /// Until when to identify the line, in microseconds UTC: the logs are gone after that.
    pub identify_by: i64,
    /// Until when to report back, in microseconds UTC.
    pub report_by: i64,
    /// The address on the other side.
    pub peer_ip: Option<IpAddr>,
    /// The port on the other side.
    pub peer_port: Option<u16>,
    /// First seen, in microseconds UTC.
    pub first_seen: Option<i64>,
    /// Last seen, in microseconds UTC.
    pub last_seen: Option<i64>,
    /// How often it was on a list before.
    pub repeat_count: Option<u32>,
    /// What is wrong.
    pub weakness: Option<Weakness>,
    /// How grave it is.
    pub severity: Option<Severity>,
    /// How sure the detection is, from 0 to 100.
    pub confidence: Option<u8>,
    /// Maker of the device.
    pub device_vendor: Option<String>,
    /// Type of the device.
    pub device_type: Option<String>,
    /// Model of the device.
    pub device_model: Option<String>,
    /// Version of the software in it.
    pub fw_version: Option<String>,
    /// Malware family.
    pub malware_family: Option<String>,
    /// Hash of the evidence held.
    pub evidence_hash: Option<String>,
    /// The manual that fits.
    pub manual_id: Option<String>,
    /// The campaign the line belongs to.
    pub campaign: Option<String>,
    /// Version of the text to be used.
    pub template_version: Option<String>,
    /// Where the device may stand.
    pub placement_hint: Option<Placement>,
    /// ISPs between the address holder and the subscriber, the holder first.
    pub upstream_path: Vec<String>,
    /// What the ISP declared the network to be: `declared`, `apartment`, `shared`, `wholesale`.
    pub network_kind: Option<String>,
    /// Why the ISP may find no line.
    pub reason_hint: Option<ReasonCode>,
    /// What exactly is wrong, for the formats of other programs; no column of the list.
    pub kind: Option<Kind>,
    /// When the line was taken back, in microseconds UTC; no column of the list, where its action
    /// says so.
    pub withdrawn_at: Option<i64>,
}

impl Line {
    /// What is wrong, as far as it is known.
    pub fn exposure(&self) -> Option<Exposure> {
        let kind = self.kind.clone().unwrap_or_else(|| Kind::bent("unknown"));
        self.weakness.map(|weakness| Exposure { weakness, kind })
    }

    /// Whether nobody is to be told because of this line.
    pub fn is_withdrawn(&self) -> bool {
        self.action == Action::Withdrawn
    }
}

/// 変換不能文字: a character CP932 does not have; `〓` stands in its place.
#[doc(alias = "変換不能文字")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unmappable {
    /// The record it stands in.
    pub record_no: u64,
    /// The column.
    pub column: &'static str,
    /// The character.
    pub character: char,
}

/// Writes CSV: UTF-8, CRLF, header, no cell a formula; a byte-order mark on request.
pub fn write_csv<'a>(
    out: &mut impl Write,
    lines: impl IntoIterator<Item = &'a Line>,
    bom: bool,
) -> io::Result<()> {
    let mut csv = CsvWriter::new(out, bom, &COLUMNS)?;
    for line in lines {
        for cell in cells(line) {
            csv.cell(&cell);
        }
        csv.end_row()?;
    }
    csv.finish().map(drop)
}

/// Writes the same in CP932 and tells which characters became `〓`.
pub fn write_csv_sjis<'a>(
    out: &mut impl Write,
    lines: impl IntoIterator<Item = &'a Line>,
) -> io::Result<Vec<Unmappable>> {
    let mut lost = Vec::new();
    out.write_all((COLUMNS.join(",") + "\r\n").as_bytes())?;
    let mut row = String::new();
    for line in lines {
        row.clear();
        for (at, cell) in cells(line).iter().enumerate() {
            if at > 0 {
                row.push(',');
            }
            let mut missing = Vec::new();
            push_cell(&mut row, &mappable(cell, &mut missing));
            let of_cell = |character| Unmappable {
                record_no: line.record_no,
                column: COLUMNS[at],
                character,
            };
            lost.extend(missing.into_iter().map(of_cell));
        }
        row.push_str("\r\n");
        out.write_all(&encoding_rs::SHIFT_JIS.encode(&row).0)?;
    }
    out.flush()?;
    Ok(lost)
}

/// Text in which every character has a place in CP932.
fn mappable(text: &str, missing: &mut Vec<char>) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let c = twin(c);
        let mut buffer = [0; 4];
        if c.is_ascii() || !encoding_rs::SHIFT_JIS.encode(c.encode_utf8(&mut buffer)).2 {
            out.push(c);
        } else {
            missing.push(c);
            out.push('〓');
        }
    }
    out
}

/// Characters of JIS X 0208 whose place in CP932 bears another Unicode name.
fn twin(c: char) -> char {
    match c {
        '\u{301C}' => '\u{FF5E}',
        '\u{2212}' => '\u{FF0D}',
        '\u{2016}' => '\u{2225}',
        '\u{2014}' => '\u{2015}',
        '\u{00A2}' => '\u{FFE0}',
        '\u{00A3}' => '\u{FFE1}',
        '\u{00AC}' => '\u{FFE2}',
        // A yen sign would become a backslash in the file.
        '\u{00A5}' => '\u{FFE5}',
        _ => c,
    }
}

/// Writes JSON Lines (UTF-8, LF): the names of the columns, absent values left out.
pub fn write_jsonl<'a>(
    out: &mut impl Write,
    lines: impl IntoIterator<Item = &'a Line>,
) -> io::Result<()> {
    jsonl::write(out, lines)
}

impl Serialize for Line {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Map::new();
        for (name, cell) in COLUMNS.into_iter().zip(cells(self)) {
            let value = match name {
                _ if cell.is_empty() => continue,
                "upstream_path" => Value::from(self.upstream_path.clone()),
                "list_version" | "record_no" | "port" | "peer_port" | "repeat_count"
                | "confidence" => cell.parse::<u64>().map_or(Value::from(cell), Value::from),
                _ => Value::from(cell),
            };
            object.insert(name.to_owned(), value);
        }
        object.serialize(serializer)
    }
}

/// The cells of a line, in the order of [`COLUMNS`].
fn cells(line: &Line) -> [String; 34] {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let time = |at: Option<i64>| at.map(stamp::japan).unwrap_or_default();
    [
        line.list_id.clone(),
        line.list_version.to_string(),
        line.record_no.to_string(),
        line.inquiry_id.clone(),
        line.isp_code.clone(),
        line.action.to_string(),
        line.stream.to_string(),
        stamp::japan(line.detected_at),
        line.ip.to_string(),
        shown(line.port),
        line.proto.to_string(),
        stamp::japan(line.identify_by),
        stamp::japan(line.report_by),
        shown(line.peer_ip),
        shown(line.peer_port),
        time(line.first_seen),
        time(line.last_seen),
        shown(line.repeat_count),
        shown(line.weakness),
        shown(line.severity),
        shown(line.confidence),
        text(&line.device_vendor),
        text(&line.device_type),
        text(&line.device_model),
        text(&line.fw_version),
        text(&line.malware_family),
        text(&line.evidence_hash),
        text(&line.manual_id),
        text(&line.campaign),
        text(&line.template_version),
        shown(line.placement_hint),
        line.upstream_path.join(";"),
        text(&line.network_kind),
        shown(line.reason_hint),
    ]
}

fn shown(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
