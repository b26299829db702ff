//! XARF報告: abuse reports in the eXtended Abuse Reporting Format, one report per incident.
//!
//! <https://xarf.org/>. Version 4 and 3, the versions before them and X-ARF 0.x, as one object, a
//! JSON array, JSON Lines or, for 0.x, the text of the report part. Many reports are about mail,
//! pages or works and not about a weak device: such a row is refused and says so. The page
//! `docs/formats/xarf.md` lists what becomes of each type.

mod meaning;
mod v0;
mod v3;
mod v3_checks;
mod v4;
mod v4_types;
mod write;

use std::io::{self, Read};
use std::net::IpAddr;

use serde_json::Value;

use crate::json_value::{self, Bytes, Fault, Items, MASK, Object, at};
use crate::table::REFUSED_BYTES_MAX;
use crate::unfold::place::read_some;
use crate::{
    Detection, FileRefused, Header, Legible, Reading, Reason, Refused, Row, Rows, address,
};

pub use write::write;

/// A report with all its evidence is no longer; a row of any format is no longer.
const REPORT_BYTES_MAX: usize = 8 << 20;

/// Opens a file of reports for reading.
///
/// A report that names its device by anything but an address is refused, and so is one that is
/// about no device. Evidence is dropped but for its hash, and what the sender marks as internal.
pub fn open(input: impl Read + Send + 'static, reading: Reading) -> Result<Rows, FileRefused> {
    json_value::no_other_encoding(reading)?;
    let mut input = input;
    let mut beginning = vec![0; v0::LOOK];
    let seen = read_some(&mut input, &mut beginning)?;
    beginning.truncate(seen);
    let is_text = v0::begins(&beginning);
    let mut input = Bytes::open(io::Cursor::new(beginning).chain(input))?;
    let header = Header { report_type: "xarf".to_owned(), ..Header::default() };
    match input.peek()? {
        None => Err(FileRefused::Empty),
        Some(b'{' | b'[') => {
            let mut items = Items::open(input, REPORT_BYTES_MAX);
            Ok(Rows::new(header, std::iter::from_fn(move || next(&mut items, reading).transpose())))
        }
        // A log, or a text for people, as mails bring along beside their report.
        Some(_) if !is_text => Err(FileRefused::NotXarf),
        Some(_) => {
            let mut blocks = v0::Blocks::open(input);
            Ok(Rows::new(header, std::iter::from_fn(move || blocks.next(reading).transpose())))
        }
    }
}

fn next(items: &mut Items, reading: Reading) -> io::Result<Option<Row>> {
    let Some(item) = items.next()? else { return Ok(None) };
    let line = item.line;
    Ok(Some(match item.bytes.and_then(json_value::parse) {
        Ok(value) => {
            row(&value, line, &reading, |value| json_value::mask(value).to_string().into_bytes())
        }
        // What is no JSON cannot be masked member by member, so nothing of it is shown.
        Err(reason) => {
            let (column, bytes) = (None, MASK.into());
            Row::Refused(Refused { line, column, reason, bytes, legible: Legible::default() })
        }
    }))
}

/// The row of one report; `shown` says how it stands in quarantine.
fn row(value: &Value, line: u64, reading: &Reading, shown: impl Fn(&Value) -> Vec<u8>) -> Row {
    match detection(value, line, reading) {
        Ok(detection) => Row::Detection(Box::new(detection)),
        Err((column, reason)) => {
            let mut bytes = shown(value);
            bytes.truncate(REFUSED_BYTES_MAX);
            let column = (!column.is_empty()).then(|| column.into_owned());
            let legible = Legible { scan_run: None, ip: device(value) };
            Row::Refused(Refused { line, column, reason, bytes, legible })
        }
    }
}

/// Reads one report of whatever version.
fn detection(value: &Value, line: u64, reading: &Reading) -> Result<Detection, Fault> {
    let no_object = at("", Reason::Contradiction("a report is one JSON object"));
    let report = Object::of(value).ok_or(no_object)?;
    let has = |key: &str| report.get(key).is_some();
    if has("xarf_version") {
        v4::detection(&report, line, reading)
    } else if has("Report-Type") || has("Reported-From") {
        v0::detection(&report, line, reading)
    } else if has("Report") || has("ReporterInfo") || has("Version") {
        v3::detection(&report, line, reading)
    } else {
        Err(at("xarf_version", Reason::MissingValue))
    }
}

/// The address of the device, where a refused report names one all the same.
fn device(value: &Value) -> Option<IpAddr> {
    let report = value.get("Report");
    let places = [
        value.get("source_identifier"),
        report.and_then(|report| report.get("SourceIp")),
        report.and_then(|report| report.get("Source")?.get("IP")),
        value.get("Source"),
    ];
    places.into_iter().flatten().find_map(|place| address::parse(place.as_str()?).ok())
}
