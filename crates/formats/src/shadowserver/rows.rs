//! From the cells of a report row to a detection, or to the reason why there is none.

use std::borrow::Cow;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use super::ReportType;
use super::columns::{Columns, Keys, Slot};
use crate::split::{Cell, Splitter, Step};
use crate::table::REFUSED_BYTES_MAX;
use crate::{
    Detail, Detection, Legible, Notes, Outcome, Proto, Reading, Reason, Refused, Row, Severity,
    address, credentials, stamp, text,
};

/// `infection` names these for lack of a family.
const NO_FAMILIES: [&str; 8] =
    ["sinkhole", "ddos", "ddos-amplification", "botnet", "spam", "unknown", "http-scan", "scanner"];

/// The rows of one report.
pub(super) struct ReportRows {
    pub(super) splitter: Splitter,
    pub(super) columns: Columns,
    pub(super) report: ReportType,
    pub(super) reading: Reading,
}

/// Why a row is refused, and at which column.
type Fault = (Option<usize>, Reason);

impl Iterator for ReportRows {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.splitter.step() {
            Ok(Step::End) => None,
            Err(e) => Some(Err(e)),
            Ok(Step::Uncut { reason, bytes }) => {
                let bytes = credentials::mask_uncut(&bytes, &self.columns.withheld);
                Some(Ok(Row::Refused(self.refused((None, reason), bytes))))
            }
            Ok(Step::Row) => Some(Ok(match self.detection() {
                Ok(detection) => Row::Detection(Box::new(detection)),
                Err(fault) => {
                    let flags = &self.columns.withheld;
                    let bytes = credentials::mask(self.splitter.bytes(), flags);
                    Row::Refused(self.refused(fault, bytes))
                }
            })),
        }
    }
}

impl ReportRows {
    fn refused(&self, (column, reason): Fault, mut bytes: Vec<u8>) -> Refused {
        bytes.truncate(REFUSED_BYTES_MAX);
        let column = column.and_then(|at| self.columns.names.get(at).cloned());
        let (line, legible) = (self.splitter.line(), Legible::default());
        Refused { line, column, reason, bytes, legible }
    }

    fn detection(&mut self) -> Result<Detection, Fault> {
        let line = self.splitter.line();
        let expected = self.columns.names.len();
        let open_quote = match self.splitter.broken(expected) {
            None => false,
            Some((_, Reason::UnclosedQuote)) if self.splitter.lacks_a_quote_alone(expected) => true,
            Some((at, reason)) => return Err((Some(at), reason)),
        };
        let short = fitting(self.splitter.count(), &self.columns)?;
        let Self { splitter, columns, report, reading } = self;
        let (row, cells) = splitter.decode().ok_or((None, Reason::BadEncoding))?;
        let cell = |at: usize| cells.get(at).map_or(Cow::Borrowed(""), |c| c.text(row));
        let keys = &columns.keys;
        let at = |at: usize| move |reason: Reason| (Some(at), reason);
        let detected_at = stamp::parse(&cell(keys.time), Some(0)).map_err(at(keys.time))?;
        if reading.is_future(detected_at) {
            return Err((Some(keys.time), Reason::FutureTime));
        }
        let Some(ip_at) = keys.ip else { return Err((None, Reason::NoSourceAddress)) };
        let ip = address::parse(&cell(ip_at)).map_err(at(ip_at))?;
        let port = match keys.port {
            Some(port_at) => address::port(&cell(port_at)).map_err(at(port_at))?,
            None => None,
        };
        let mut detail = Detail::default();
        if short {
            detail.notes.add(Notes::SHORT_ROW);
        }
        if open_quote {
            detail.notes.add(Notes::OPEN_QUOTE);
        }
        if address::is_special(ip) {
            detail.notes.add(Notes::SPECIAL_ADDRESS);
        }
        let proto = keys.proto.map_or(report.proto, |at| {
            proto(&cell(at), &columns.names[at], report.proto, &mut detail)
        });
        let (peer_ip, peer_port) = peer(keys, &columns.names, cell, &mut detail);
        let severity = fill(&mut detail, &columns.slots, row, cells);
        Ok(Detection {
            line,
            detected_at,
            ip,
            port,
            proto,
            peer_ip,
            peer_port,
            exposure: report.exposure.clone(),
            outcome: Outcome::Detected,
            severity: severity.unwrap_or(report.severity),
            severity_from_row: severity.is_some(),
            detail,
        })
    }
}

/// Whether the row is short. A short row is read if what it must have stands before its last cell,
/// since that one may be cut within.
fn fitting(found: usize, columns: &Columns) -> Result<bool, Fault> {
    let expected = columns.names.len();
    if found > expected {
        return Err((None, Reason::TooManyCells { found, expected }));
    }
    let keys = &columns.keys;
    if found < expected {
        let needed = [Some(keys.time), keys.ip, keys.port];
        if let Some(lost) = needed.into_iter().flatten().find(|at| at + 1 >= found) {
            return Err((Some(lost), Reason::TooFewCells { found, expected }));
        }
    }
    Ok(found < expected)
}

/// The protocol a row names; what is neither TCP nor UDP stays readable in `extra`.
fn proto(word: &str, column: &str, default: Proto, detail: &mut Detail) -> Proto {
    match word {
        "tcp" => return Proto::Tcp,
        "udp" => return Proto::Udp,
        "" => return default,
        _ => {}
    }
    match word.trim() {
        w if w.eq_ignore_ascii_case("tcp") || w == "6" => Proto::Tcp,
        w if w.eq_ignore_ascii_case("udp") || w == "17" => Proto::Udp,
        "" => default,
        other => {
            keep(detail, &Arc::from(column), Cow::Borrowed(other));
            // `type` may also hold what is no protocol at all; then the type of report decides.
            if column == "type" { default } else { Proto::Other }
        }
    }
}

/// The other side. It is not what the row is about, so an unreadable one is kept as text.
fn peer<'a>(
    keys: &Keys,
    names: &[String],
    cell: impl Fn(usize) -> Cow<'a, str>,
    detail: &mut Detail,
) -> (Option<IpAddr>, Option<u16>) {
    let mut unreadable = |at: usize, text: Cow<'_, str>| {
        detail.notes.add(Notes::PEER_UNREADABLE);
        keep(detail, &Arc::from(names[at].as_str()), text);
    };
    let mut ip = None;
    if let Some(at) = keys.peer_ip {
        let text = cell(at);
        match address::parse(&text) {
            Ok(read) => ip = Some(read),
            Err(Reason::NoSourceAddress | Reason::UnspecifiedAddress) => {}
            Err(_) => unreadable(at, text),
        }
    }
    let mut port = None;
    if let Some(at) = keys.peer_port {
        let text = cell(at);
        match address::port(&text) {
            Ok(read) => port = read,
            Err(_) => unreadable(at, text),
        }
    }
    (ip, port)
}

/// Puts each remaining cell into its place; gives the severity the row names.
fn fill(detail: &mut Detail, slots: &[Slot], row: &str, cells: &[Cell]) -> Option<Severity> {
    let mut severity = None;
    let (mut infection, mut serial) = (None, None);
    for (slot, cell) in slots.iter().zip(cells) {
        if matches!(slot, Slot::Skip) || cell.is_empty() {
            continue;
        }
        let (value, replaced) = text::clean(cell.text(row));
        if replaced {
            detail.notes.add(Notes::CONTROL_REPLACED);
        }
        match slot {
            Slot::Skip => {}
            Slot::Severity => {
                severity = value.trim().to_ascii_lowercase().parse().ok();
                if severity.is_none() {
                    keep(detail, &Arc::from("severity"), value);
                }
            }
            Slot::Asn => detail.asn = value.trim().parse().ok().filter(|asn| *asn != 0),
            Slot::Hostname => detail.hostname = some(value),
            Slot::Tag => detail.tag = some(value),
            Slot::Family => detail.malware_family = some(value),
            Slot::Infection => infection = some(value),
            Slot::Vendor => detail.device_vendor = some(value),
            Slot::DeviceType => detail.device_type = some(value),
            Slot::Model => detail.device_model = some(value),
            Slot::Firmware => detail.fw_version = some(value),
            Slot::Certificate => detail.cert_sha256 = some(value),
            Slot::HostKey => detail.hostkey_sha256 = some(value),
            Slot::Serial => serial = some(value),
            Slot::Extra(name) => {
                let cut = credentials::without_userinfo(&value);
                if cut.len() != value.len() {
                    detail.notes.add(Notes::URL_CREDENTIAL_CUT);
                }
                keep(detail, name, cut);
            }
        }
    }
    if let Some(infection) = infection {
        name_family(detail, infection);
    }
    if let Some(serial) = serial {
        detail.tell_serial(&serial);
    }
    severity
}

/// `infection` is the family where no other column names one, unless it names no family at all.
fn name_family(detail: &mut Detail, infection: Box<str>) {
    let is_family = !NO_FAMILIES.contains(&&*infection) && !infection.ends_with("-brute-force");
    match &detail.malware_family {
        None if is_family => detail.malware_family = Some(infection),
        Some(family) if *family == infection => {}
        _ => keep(detail, &Arc::from("infection"), Cow::Owned(infection.into_string())),
    }
}

fn some(value: Cow<'_, str>) -> Option<Box<str>> {
    match value {
        Cow::Borrowed(value) => (!value.is_empty()).then(|| value.into()),
        Cow::Owned(value) => (!value.is_empty()).then(|| value.into_boxed_str()),
    }
}

fn keep(detail: &mut Detail, name: &Arc<str>, value: Cow<'_, str>) {
    if let Some(value) = some(value) {
        detail.extra.push((Arc::clone(name), value));
    }
}
