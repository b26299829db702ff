//! XARF version 4: flat members, one category and type, the device in `source_identifier`.

use serde_json::Value;

use super::{meaning, v4_types, write};
use crate::json_value::{
    Fault, Object, cves, is_base64, is_digest, is_email, is_hostname, is_tag, is_uuid, keep,
    keep_text, some_text,
};
use crate::{Detection, Reading, Reason, Severity, Weakness};

/// Members that have a place of their own, or none.
const PLACED: &[&str] = &[
    "_internal",
    "confidence",
    "cve_id",
    "cve_ids",
    "destination_ip",
    "destination_port",
    "evidence",
    "exposure",
    "malware_family",
    "port",
    "protocol",
    "report_id",
    "reporter",
    "sender",
    "service",
    "service_port",
    "source_identifier",
    "source_port",
    "tags",
    "timestamp",
    "xarf_version",
];

const EVIDENCE_MAX: usize = 50;
const EVIDENCE_BYTES_MAX: u64 = 5 << 20;
const TAGS_MAX: usize = 20;

pub(super) fn detection(
    report: &Object<'_>,
    line: u64,
    reading: &Reading,
) -> Result<Detection, Fault> {
    let version = |text: &str| {
        let mut parts = text.split('.');
        let number = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
        parts.next() == Some("4") && parts.clone().count() == 2 && parts.all(number)
    };
    report.needs_shape("xarf_version", version, "this is no version 4.x.y")?;
    let id = report.needs_shape("report_id", is_uuid, "this is no UUID")?;
    let detected_at = report.needs_time("timestamp", reading)?;
    contact(&report.needs_object("reporter")?)?;
    contact(&report.needs_object("sender")?)?;
    let hashes = evidence(report)?;
    let tags = tags(report)?;
    let confidence = confidence(report)?;
    if tags.split(';').any(|tag| tag == write::WITHDRAWN) {
        return Err(report.fault("tags", meaning::no_device("its sender has withdrawn it")));
    }
    let mut meaning = v4_types::meaning(report)?;
    // An exposure in our own words is taken at its word.
    if let Some(own) = report.text("exposure")?.and_then(|own| own.parse().ok()) {
        meaning.exposure = own;
    }
    let ip = report.needs_ip("source_identifier")?;
    let mut detection = meaning::detection(meaning, line, ip, detected_at);
    ports(&mut detection, report)?;
    severity(&mut detection, report);
    let cves = vulnerabilities(report)?;
    let detail = &mut detection.detail;
    detail.record_no = Some(id.into());
    detail.tag = some_text(&tags, &mut detail.notes);
    let family = report.text("malware_family")?;
    detail.malware_family = family.and_then(|family| some_text(family, &mut detail.notes));
    for (name, value) in [("cve", cves), ("evidence_hash", hashes), ("confidence", confidence)] {
        if let Some(value) = value {
            keep_text(detail, name, &value)?;
        }
    }
    keep_text(detail, "reporter", report.needs_object("reporter")?.needs("org")?)?;
    if let Some(service) = report.text("service")? {
        keep_text(detail, "service", service)?;
    }
    for (key, value) in report.members.iter().filter(|(key, _)| !PLACED.contains(&key.as_str())) {
        keep(detail, key, value)?;
    }
    if let Some(server) = report.get("c2_server").and_then(Value::as_str) {
        meaning::command_server(&mut detection, server);
    }
    Ok(detection)
}

/// Who reports, or who sends: an organisation, its mail address, its domain.
fn contact(contact: &Object<'_>) -> Result<(), Fault> {
    if contact.needs("org")?.chars().count() > 200 {
        return Err(contact.fault("org", Reason::TextTooLong));
    }
    contact.needs_shape("contact", is_email, "this is no mail address")?;
    contact.needs_shape("domain", is_hostname, "this is no host name")?;
    Ok(())
}

/// Checks the evidence and gives the hashes of it; nothing else of it is kept.
fn evidence(report: &Object<'_>) -> Result<Option<String>, Fault> {
    let items = report.objects("evidence")?;
    if items.len() > EVIDENCE_MAX {
        return Err(report.fault("evidence", Reason::Contradiction("it has more than 50 items")));
    }
    let mut hashes = Vec::new();
    for item in &items {
        item.needs("content_type")?;
        item.needs_shape("payload", is_base64, "this is no Base64")?;
        if item.get("size").is_some_and(|s| s.as_u64().is_none_or(|s| s > EVIDENCE_BYTES_MAX)) {
            return Err(item.fault("size", Reason::BadNumber));
        }
        hashes.extend(item.may_have_shape("hash", is_digest, "this is no digest")?);
    }
    Ok((!hashes.is_empty()).then(|| hashes.join(";")))
}

fn tags(report: &Object<'_>) -> Result<String, Fault> {
    let tags: Option<Vec<&str>> = report.list("tags")?.iter().map(Value::as_str).collect();
    let tags = tags.filter(|tags| tags.len() <= TAGS_MAX && tags.iter().all(|tag| is_tag(tag)));
    let why = Reason::Contradiction("these are no more than 20 tags like malware:mirai");
    tags.map(|tags| tags.join(";")).ok_or_else(|| report.fault("tags", why))
}

/// From 0–1 to the 0–100 of the lists.
fn confidence(report: &Object<'_>) -> Result<Option<String>, Fault> {
    let Some(value) = report.get("confidence") else { return Ok(None) };
    let share = value.as_f64().filter(|share| (0.0..=1.0).contains(share));
    let share = share.ok_or_else(|| report.fault("confidence", Reason::BadNumber))?;
    Ok(Some(format!("{:.0}", share * 100.0)))
}

/// The port of the device: of the service that answers, else where its traffic came from.
fn ports(detection: &mut Detection, report: &Object<'_>) -> Result<(), Fault> {
    let own = report.port("source_port")?;
    detection.port = match detection.exposure.weakness {
        Weakness::Infected => own,
        _ => report.port("service_port")?.or(report.port("port")?).or(own),
    };
    let word = report.text("protocol")?;
    match meaning::proto(word) {
        Some(proto) => detection.proto = proto,
        None => {
            if let Some(word) = word {
                keep_text(&mut detection.detail, "protocol", word)?;
            }
        }
    }
    meaning::peer(detection, report, ["destination_ip", "destination_port"])
}

fn severity(detection: &mut Detection, report: &Object<'_>) {
    let word = ["severity", "risk_level"].into_iter().find_map(|key| report.get(key)?.as_str());
    let named = word.and_then(|word| match word.to_ascii_lowercase().as_str() {
        "informational" => Some(Severity::Info),
        word => word.parse().ok(),
    });
    if let Some(severity) = named {
        (detection.severity, detection.severity_from_row) = (severity, true);
    }
}

fn vulnerabilities(report: &Object<'_>) -> Result<Option<String>, Fault> {
    let list = report.list("cve_ids")?.iter().map(|id| id.as_str().unwrap_or_default());
    let all = cves(report.text("cve_id")?.into_iter().chain(list));
    let why = Reason::Contradiction("this is no number like CVE-2024-12345");
    let all = all.ok_or_else(|| report.fault("cve_id", why))?;
    Ok((!all.is_empty()).then_some(all))
}
