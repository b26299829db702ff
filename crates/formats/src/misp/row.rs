//! From attributes to rows: which address, when it was seen, what is wrong there.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::event::{Part, playing, tags, text};
use super::meaning::{self, End};
use crate::json_value::{Fault, MASK, Object, at, cves, keep, keep_text, mask, some_text};
use crate::table::REFUSED_BYTES_MAX;
use crate::{
    Detail, Detection, Legible, Notes, Outcome, Proto, Reading, Reason, Refused, Row, address,
};

const UNSEEN: Reason = Reason::Unseen("ask for first_seen or last_seen of the attribute or object");
const OTHER_END: Reason = Reason::NotAboutDevice(
    "it is the other end of the traffic, mostly a command server or a victim, not the device",
);
const NO_MEANING: Reason = Reason::NotAboutDevice(
    "no tag says what is wrong with the device; ask for one of rsit: or of a malware galaxy",
);

/// No more attributes of an object are shown with a refused row.
const SHOWN_MAX: usize = 64;

/// Members of the event and the attribute that go with a row, under these names.
const CONTEXT: [(&str, &str); 4] = [
    ("info", "event_info"),
    ("date", "event_date"),
    ("uuid", "event_uuid"),
    ("threat_level_id", "threat_level_id"),
];

/// So many addresses of a part become rows at a time: each row holds what goes with it.
pub(super) const ROWS_AT_ONCE: usize = 256;

/// The rows of one part of an event, from its address `from` on; `None` past the last. `line`
/// counts them, for want of lines.
pub(super) fn rows(
    event: &Value,
    part: &Part<'_>,
    reading: &Reading,
    line: &mut u64,
    from: usize,
) -> Option<Vec<Row>> {
    let addresses = part.attributes.iter().filter_map(|attribute| {
        let kind = text(attribute, "type")?;
        let (kind, has_port) = kind.strip_suffix("|port").map_or((kind, false), |k| (k, true));
        let end = match kind {
            "ip-src" => End::Source,
            "ip-dst" => End::Target,
            _ => return None,
        };
        Some((*attribute, end, has_port))
    });
    let addresses: Vec<_> = addresses.collect();
    // Where an object has both ends, they are the two ends of one traffic and one row.
    let both = part.object.is_some()
        && [End::Source, End::Target].iter().all(|end| addresses.iter().any(|a| a.1 == *end));
    // Decided once for the traffic, so that tags of its ends cannot make both the other one.
    let device = addresses.first().and_then(|first| meaning(event, part, first.0));
    let device = device.map_or(End::Source, |meaning| meaning.end);
    let mut rows = Vec::new();
    for (attribute, end, has_port) in addresses.get(from..)?.iter().take(ROWS_AT_ONCE) {
        let meaning = meaning(event, part, attribute);
        if both && *end != device {
            continue;
        }
        let other = if both { addresses.iter().find(|a| a.1 != *end) } else { None };
        *line += 1;
        let address = Address { attribute, end: *end, has_port: *has_port };
        let other = other.map(|(attribute, end, has_port)| Address {
            attribute,
            end: *end,
            has_port: *has_port,
        });
        let place = Place { event, part, reading, line: *line };
        rows.push(match place.detection(&address, other.as_ref(), meaning) {
            Ok(detection) => Row::Detection(Box::new(detection)),
            Err(fault) => place.refused(&address, fault),
        });
    }
    (from < addresses.len()).then_some(rows)
}

fn meaning(event: &Value, part: &Part<'_>, attribute: &Value) -> Option<meaning::Meaning> {
    // The nearest tag counts: of the attribute, of its object, of the event.
    let tags = tags(attribute).chain(part.object.into_iter().flat_map(tags)).chain(tags(event));
    let service = playing(part, "protocol").or(playing(part, "layer7-protocol"));
    meaning::of(tags, service)
}

/// An attribute that is an address.
struct Address<'a> {
    attribute: &'a Value,
    end: End,
    has_port: bool,
}

impl Address<'_> {
    fn read(&self) -> Result<(IpAddr, Option<u16>), Fault> {
        let value = text(self.attribute, "value").unwrap_or_default();
        let (ip, port) = match value.split_once('|') {
            Some((ip, port)) if self.has_port => (ip, address::port(port)),
            _ => (value, Ok(None)),
        };
        let fault = |reason| at("value", reason);
        Ok((address::parse(ip).map_err(fault)?, port.map_err(fault)?))
    }
}

/// Where a row stands.
struct Place<'a> {
    event: &'a Value,
    part: &'a Part<'a>,
    reading: &'a Reading,
    line: u64,
}

impl Place<'_> {
    fn detection(
        &self,
        device: &Address<'_>,
        other: Option<&Address<'_>>,
        meaning: Option<meaning::Meaning>,
    ) -> Result<Detection, Fault> {
        let (ip, own) = device.read()?;
        if device.end == End::Target && meaning.as_ref().is_none_or(|m| m.end == End::Source) {
            return Err(at("type", OTHER_END));
        }
        let meaning = meaning.ok_or_else(|| at("Tag", NO_MEANING))?;
        if device.end != meaning.end {
            return Err(at("type", OTHER_END));
        }
        let detected_at = self.seen(device.attribute)?;
        let (names, peers) = match device.end {
            End::Source => ("src-port", "dst-port"),
            End::Target => ("dst-port", "src-port"),
        };
        let port = |name| playing(self.part, name).and_then(|port| address::port(port).ok()?);
        let (peer_ip, peer_port) = other.and_then(|other| other.read().ok()).unzip();
        let mut detail = Detail::default();
        if address::is_special(ip) {
            detail.notes.add(Notes::SPECIAL_ADDRESS);
        }
        let family = meaning.family.as_deref();
        detail.malware_family = family.and_then(|family| some_text(family, &mut detail.notes));
        self.context(&mut detail, device.attribute)?;
        Ok(Detection {
            line: self.line,
            detected_at,
            ip,
            port: own.or_else(|| port(names)),
            proto: self.proto(),
            peer_ip,
            peer_port: peer_port.flatten().or_else(|| port(peers)),
            exposure: meaning.exposure,
            outcome: Outcome::Detected,
            severity: meaning.severity,
            severity_from_row: false,
            detail,
        })
    }

    fn proto(&self) -> Proto {
        let names = ["layer4-protocol", "protocol"];
        let word = names.into_iter().find_map(|name| playing(self.part, name));
        match word.map(str::to_ascii_lowercase).as_deref() {
            Some("tcp") => Proto::Tcp,
            Some("udp") => Proto::Udp,
            _ => Proto::Other,
        }
    }

    /// When it was seen last; `timestamp` and `date` only say when the entry was made.
    fn seen(&self, attribute: &Value) -> Result<i64, Fault> {
        let holders = [Some(attribute), self.part.object];
        for holder in holders.into_iter().flatten().filter_map(Object::of) {
            for key in ["last_seen", "first_seen"] {
                if let Some(time) = holder.time(key, self.reading)? {
                    return Ok(time);
                }
            }
        }
        for relation in ["last-seen", "first-seen"] {
            if let Some(time) = playing(self.part, relation) {
                let value = json!({ "last_seen": time });
                let time = Object::of(&value).map(|o| o.time("last_seen", self.reading));
                return time.transpose()?.flatten().ok_or_else(|| at("last_seen", UNSEEN));
            }
        }
        Err(at("last_seen", UNSEEN))
    }

    /// What goes with the row, and how far it may be told.
    fn context(&self, detail: &mut Detail, attribute: &Value) -> Result<(), Fault> {
        detail.record_no = text(attribute, "uuid").map(Into::into);
        for (key, name) in CONTEXT {
            if let Some(value) = self.event.get(key) {
                keep(detail, name, value)?;
            }
        }
        for key in ["comment", "category", "first_seen"] {
            if let Some(value) = attribute.get(key) {
                keep(detail, key, value)?;
            }
        }
        if let Some(org) = self.event.get("Orgc").and_then(|org| text(org, "name")) {
            keep_text(detail, "reporter", org)?;
        }
        if let Some(level) = self.distribution(attribute) {
            keep_text(detail, "distribution", &level)?;
        }
        let all = || tags(attribute).chain(self.part.object.into_iter().flat_map(tags));
        let mut names: Vec<&str> = Vec::new();
        for name in all().chain(tags(self.event)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let levels: Vec<&str> = names.iter().filter_map(|tag| tag.strip_prefix("tlp:")).collect();
        if !levels.is_empty() {
            keep_text(detail, "tlp", &levels.join(";"))?;
        }
        let numbers = self
            .part
            .attributes
            .iter()
            .filter(|a| self.part.object.is_some() && text(a, "type") == Some("vulnerability"));
        let numbers = cves(numbers.filter_map(|a| text(a, "value"))).unwrap_or_default();
        keep_text(detail, "cve", &numbers)?;
        detail.tag = some_text(&names.join(";"), &mut detail.notes);
        Ok(())
    }

    /// How far the attribute may go: 0 own organisation … 3 everybody, 4 a sharing group; 5 is
    /// what the object or event says.
    fn distribution(&self, attribute: &Value) -> Option<String> {
        let holders = [Some(attribute), self.part.object, Some(self.event)];
        let levels = holders.into_iter().flatten().filter_map(|holder| holder.get("distribution"));
        let texts = levels.map(|level| level.as_str().map_or(level.to_string(), str::to_owned));
        texts.into_iter().find(|level| level != "5" && level != "null")
    }

    /// An object with those attributes alone that are about traffic: others, such as what was
    /// tried in a login, may be credentials under any name.
    fn traffic(&self, object: &Value) -> Value {
        let shown = self.part.attributes.iter().filter(|attribute| {
            let kind = text(attribute, "type").unwrap_or_default();
            kind.starts_with("ip-") || ["port", "datetime", "vulnerability"].contains(&kind)
        });
        let shown: Vec<&&Value> = shown.take(SHOWN_MAX).collect();
        let mut members = serde_json::Map::new();
        for key in ["name", "uuid", "distribution", "first_seen", "last_seen", "Tag"] {
            if let Some(value) = object.get(key) {
                members.insert(key.to_owned(), value.clone());
            }
        }
        members.insert("Attribute".to_owned(), json!(shown));
        Value::Object(members)
    }

    /// A refused attribute, shown as an event of its own that reads again.
    fn refused(&self, device: &Address<'_>, (column, reason): Fault) -> Row {
        let mut event = serde_json::Map::new();
        for key in ["uuid", "info", "date", "distribution"] {
            let short = |value: &&Value| value.as_str().is_none_or(|text| text.len() <= 4096);
            let plain = |value: &&Value| !value.is_array() && !value.is_object();
            if let Some(value) = self.event.get(key).filter(plain).filter(short) {
                event.insert(key.to_owned(), value.clone());
            }
        }
        let tags = tags(self.event).filter(|name| name.len() <= 256);
        let tags: Vec<Value> = tags.map(|name| json!({ "name": name })).collect();
        event.insert("Tag".to_owned(), tags.into());
        match self.part.object {
            Some(object) => event.insert("Object".to_owned(), json!([self.traffic(object)])),
            None => event.insert("Attribute".to_owned(), json!([device.attribute])),
        };
        let shown = mask(&json!({ "Event": event })).to_string().into_bytes();
        // Cut JSON is of no use to anybody.
        let bytes = if shown.len() > REFUSED_BYTES_MAX { MASK.into() } else { shown };
        let ip = device.read().ok().map(|(ip, _)| ip);
        let (line, column) = (self.line, Some(column.into_owned()));
        Row::Refused(Refused {
            line,
            column,
            reason,
            bytes,
            legible: Legible { scan_run: None, ip },
        })
    }
}
