//! From the keys of an event to a detection, or to the reason why there is none.

use serde_json::Value;

use super::exposure::{self, Side};
use crate::draft::{Draft, Fault, at, past};
use crate::json_rows::{Fields, Object};
use crate::{Detection, Outcome, Proto, Reading, Reason, Severity, address};

/// Keys about persons, which are kept nowhere.
const PERSONS: [&str; 4] = ["email", "phone", "iban", "username"];

/// Context of an address that is dropped on purpose: Todoke looks it up itself.
const DROPPED: [&str; 3] = ["address.cc", "address.ipv", "address.dir"];

/// The event with that one address.
pub(super) fn at_address(event: &Object, address: Value) -> Object {
    let mut part = event.clone();
    part.insert("address".to_owned(), Value::Array(vec![address]));
    part
}

/// The event without what it says of persons.
pub(super) fn without_persons(mut event: Object) -> Object {
    for key in PERSONS {
        event.remove(key);
    }
    event
}

/// Reads one event with at most one address.
pub(super) fn detection(line: u64, event: &Object, reading: &Reading) -> Result<Detection, Fault> {
    let mut event = event.clone();
    // The list of one address becomes the keys `address.ip`, `address.asn`.
    if let Some(Value::Array(mut list)) = event.remove("address")
        && let Some(one) = list.pop()
    {
        event.insert("address".to_owned(), one);
    }
    let mut fields = Fields::of(&event)?;
    if let Some("bl-delist" | "bl-expire") = fields.get("type") {
        let reason = Reason::NotAboutDevice("it takes an entry off a list");
        return Err(("type".to_owned(), reason));
    }
    if fields.get("status") == Some("delisted") {
        let reason = Reason::NotAboutDevice("it was taken off its list");
        return Err(("status".to_owned(), reason));
    }
    let told = exposure::of(&fields)?;
    let time = fields.take("time").unwrap_or_default();
    if time.is_empty() {
        return Err(("time".to_owned(), Reason::MissingValue));
    }
    // Every time of n6 is UTC, marked or not.
    let detected_at = past("time", &time, Some(0), reading)?;
    let ip = fields.take("address.ip").unwrap_or_default();
    let ip = address::parse(&ip).map_err(at("address"))?;
    let mut draft = Draft::default();
    let (port_key, peer_key) = match told.side {
        Side::Serves => ("dport", "sport"),
        Side::Calls => ("sport", "dport"),
    };
    let port = fields.take(port_key).unwrap_or_default();
    let port = address::port(&port).map_err(at(port_key))?;
    let (peer_ip, peer_port) = (fields.take("dip"), fields.take(peer_key));
    let peer_ip = draft.peer_ip("dip", peer_ip.as_deref());
    let peer_port = draft.peer_port(peer_key, peer_port.as_deref());
    let default = told.report.as_ref().map_or(Proto::Other, |report| report.proto);
    let proto = fields.take("proto");
    let proto = draft.proto("proto", proto.as_deref(), default);
    let infected = told.side == Side::Calls;
    fill(&mut draft, fields, infected);
    Ok(Detection {
        line,
        detected_at,
        ip,
        port,
        proto,
        peer_ip,
        peer_port,
        exposure: told.exposure,
        outcome: Outcome::Detected,
        severity: told.report.map_or(Severity::Unknown, |report| report.severity),
        severity_from_row: false,
        detail: draft.finish(ip),
    })
}

/// Puts each remaining key into its place. The name of an infected device is the malware.
fn fill(draft: &mut Draft, mut fields: Fields, infected: bool) {
    draft.asn("address.asn", fields.take("address.asn").as_deref());
    let family = if infected { fields.take("name") } else { None };
    draft.0.malware_family = draft.opt(family);
    draft.0.device_vendor = draft.opt(fields.take("device_vendor"));
    draft.0.device_type = draft.opt(fields.take("device_type"));
    draft.0.device_model = draft.opt(fields.take("device_model"));
    draft.0.fw_version = draft.opt(fields.take("device_version"));
    draft.0.hostname = draft.opt(fields.take("address.rdns"));
    for (key, value) in fields.rest() {
        if !DROPPED.contains(&key.as_str()) && !PERSONS.contains(&key.as_str()) {
            draft.keep(&key, &value);
        }
    }
}
