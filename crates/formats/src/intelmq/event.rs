//! From the keys of an event to a detection, or to the reason why there is none.

use super::exposure::{self, Told};
use crate::draft::{Draft, Fault, at, past};
use crate::json_rows::{Fields, Object};
use crate::{Detection, Outcome, Proto, Reading, Reason, Severity, Weakness, address};

/// Beginnings that say whose context a key is.
const SIDES: [&str; 5] =
    ["source.", "destination.", "extra.source.", "extra.destination.", "extra."];

/// Context that is dropped on purpose under each of them: Todoke looks it up itself, and contact
/// data of other parties is none of its business.
const DROPPED: [&str; 12] = [
    "abuse_contact",
    "allocated",
    "as_name",
    "hostname_source",
    "naics",
    "network",
    "registry",
    "sector",
    "sic",
    "geo",
    "region",
    "city",
];

/// Reads one event.
pub(super) fn detection(line: u64, object: &Object, reading: &Reading) -> Result<Detection, Fault> {
    let mut fields = Fields::of(object)?;
    match fields.take("__type").as_deref() {
        None | Some("Event") => {}
        Some(_) => {
            let reason = Reason::NotAboutDevice("it is a report, not an event");
            return Err(("__type".to_owned(), reason));
        }
    }
    let told = exposure::of(&fields)?;
    let time = fields.take("time.source").unwrap_or_default();
    if time.is_empty() {
        return Err(("time.source".to_owned(), Reason::MissingValue));
    }
    let detected_at = past("time.source", &time, reading.utc_offset, reading)?;
    let [ip_key, port_key, peer_key, peer_port_key] = sides(&told, &fields);
    let ip = fields.take(ip_key).unwrap_or_default();
    let ip = address::parse(&ip).map_err(at(ip_key))?;
    let port = fields.take(port_key).unwrap_or_default();
    let port = address::port(&port).map_err(at(port_key))?;
    let mut draft = Draft::default();
    let (peer_ip, peer_port) = (fields.take(peer_key), fields.take(peer_port_key));
    let peer_ip = draft.peer_ip(peer_key, peer_ip.as_deref());
    let peer_port = draft.peer_port(peer_port_key, peer_port.as_deref());
    let proto = fields.take("protocol.transport");
    let default = told.report.as_ref().map_or(Proto::Other, |report| report.proto);
    let proto = draft.proto("protocol.transport", proto.as_deref(), default);
    let severity = severity(&mut draft, &mut fields);
    fill(&mut draft, fields);
    let default = told.report.map_or(Severity::Unknown, |report| report.severity);
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
        severity: severity.unwrap_or(default),
        severity_from_row: severity.is_some(),
        detail: draft.finish(ip),
    })
}

/// The keys of address and port of the device, and of the other side.
///
/// The device is the source. There are two exceptions. A page that leads to a sinkhole stands where
/// the referring site stands. And what was merely found open, with no source at all, was written by
/// a scanner for which the device is the destination.
fn sides(told: &Told, fields: &Fields) -> [&'static str; 4] {
    if told.exposure.kind.as_str() == "sinkhole_http_referer" && fields.get("source.ip").is_none() {
        let [ip, port] = ["extra.http_referer_ip", "extra.http_referer_port"];
        return [ip, port, "destination.ip", "destination.port"];
    }
    let source = ["source.ip", "source.port", "destination.ip", "destination.port"];
    let scanned = told.exposure.weakness != Weakness::Infected
        && fields.get("source.ip").is_none()
        && fields.get("destination.ip").is_some();
    let [ip, port, peer, peer_port] = source;
    if scanned { [peer, peer_port, ip, port] } else { source }
}

/// The severity an event names; `undefined` names none.
fn severity(draft: &mut Draft, fields: &mut Fields) -> Option<Severity> {
    let word = fields.first(&["severity", "extra.severity"])?;
    let severity = word.trim().to_ascii_lowercase().parse().ok();
    if severity.is_none() && !word.trim().eq_ignore_ascii_case("undefined") {
        draft.keep("severity", &word);
    }
    severity.filter(|severity| *severity != Severity::Unknown)
}

/// Puts each remaining key into its place.
fn fill(draft: &mut Draft, mut fields: Fields) {
    draft.asn("source.asn", fields.take("source.asn").as_deref());
    let named = [
        &["malware.name", "extra.malware.family", "extra.family"][..],
        &["product.vendor", "extra.device_vendor"],
        &["extra.device_type"],
        &["extra.device_model", "product.name", "product.full_name"],
        &["extra.device_version", "product.version", "extra.firmware"],
        &["source.reverse_dns", "source.fqdn", "source.local_hostname"],
        &["extra.tag", "extra.tags"],
        &["extra.cert_sha256", "extra.sha256_fingerprint"],
        &["extra.hostkey_sha256", "extra.server_host_key_sha256"],
        &["extra.device_serial", "extra.serial_number", "extra.serial_hash"],
    ]
    .map(|keys| fields.first(keys));
    let named = named.map(|value| draft.opt(value));
    let detail = &mut draft.0;
    [
        detail.malware_family,
        detail.device_vendor,
        detail.device_type,
        detail.device_model,
        detail.fw_version,
        detail.hostname,
        detail.tag,
        detail.cert_sha256,
        detail.hostkey_sha256,
        detail.serial_hash,
    ] = named;
    let serial = detail.serial_hash.take();
    for (key, value) in fields.rest() {
        if is_dropped(&key) {
            continue;
        }
        let short = key.strip_prefix("extra.").unwrap_or(&key);
        let free = draft.0.extra(short).is_none();
        draft.keep(if free { short } else { &key }, &value);
    }
    if let Some(serial) = serial {
        draft.0.tell_serial(&serial);
    }
}

/// Whether a key is context of an address that is dropped on purpose.
fn is_dropped(key: &str) -> bool {
    key == "destination.asn"
        || SIDES
            .iter()
            .filter_map(|side| key.strip_prefix(side))
            .any(|rest| DROPPED.contains(&rest) || rest.starts_with("geolocation."))
}
