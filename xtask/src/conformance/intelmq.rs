//! What IntelMQ's tests expect of Shadowserver reports, and how an event of IntelMQ is compared.

use std::path::Path;

use anyhow::Result;
use formats::{Detection, Weakness, stamp};
use serde_json::Value;

use super::Outcome;
use super::samples::{files, json, name_of, report, text};

/// Reports of today and those with old headers, against the events of IntelMQ's tests.
pub(super) fn shadowserver(shared: &Path) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for folder in ["shadowserver-intelmq", "shadowserver-intelmq-legacy"] {
        let folder = shared.join(folder);
        for path in files(&folder.join("csv"), &["csv"])? {
            let name = name_of(&path);
            let rows = report(&path)?;
            let mut outcome = Outcome::of(format!("intelmq/{name}"));
            outcome.rows = rows.len();
            outcome.refused = rows.iter().filter(|row| row.is_none()).count();
            let expected = folder.join("expected").join(name.replace(".csv", ".json"));
            if expected.exists() {
                for event in json(&expected)?["events"].as_array().into_iter().flatten() {
                    let row = event["_row"].as_u64().and_then(|row| usize::try_from(row).ok());
                    let row = row.unwrap_or_default();
                    match rows.get(row.wrapping_sub(1)).and_then(Option::as_ref) {
                        Some(ours) => compare(&mut outcome, row, event, ours),
                        None => outcome.compare("row", row, "an event", "refused"),
                    }
                }
            }
            outcomes.push(outcome);
        }
    }
    Ok(outcomes)
}

/// Compares one event with what we read, for each key that the event asserts.
pub(super) fn compare(outcome: &mut Outcome, row: usize, event: &Value, ours: &Detection) {
    let some = |value: Option<String>| value.unwrap_or_default();
    let detail = &ours.detail;
    let time = stamp::utc(ours.detected_at).replace('Z', "+00:00");
    for (key, field, value) in [
        ("source.ip", "address", ours.ip.to_string()),
        ("source.port", "port", some(ours.port.map(|port| port.to_string()))),
        ("destination.ip", "peer address", some(ours.peer_ip.map(|ip| ip.to_string()))),
        ("destination.port", "peer port", some(ours.peer_port.map(|port| port.to_string()))),
        ("time.source", "time", time),
        ("protocol.transport", "protocol", ours.proto.to_string()),
        ("malware.name", "family", some(detail.malware_family.as_deref().map(str::to_owned))),
        ("source.asn", "asn", some(detail.asn.map(|asn| asn.to_string()))),
        ("source.reverse_dns", "hostname", some(detail.hostname.as_deref().map(str::to_owned))),
    ] {
        if let Some(theirs) = text(event, key) {
            outcome.compare(field, row, &theirs, &value);
        }
    }
    if let Some(theirs) = text(event, "classification.type") {
        let infected = ours.exposure.weakness == Weakness::Infected;
        let agrees = match theirs.as_str() {
            "infected-system" | "system-compromise" | "brute-force" | "ddos" | "scanner" => {
                infected
            }
            "vulnerable-system" | "potentially-unwanted-accessible" | "ddos-amplifier" => !infected,
            // `other`, `undetermined` and the rest say nothing of what is wrong.
            _ => return,
        };
        let ours = if agrees { theirs.clone() } else { ours.exposure.weakness.to_string() };
        outcome.compare("weakness", row, &theirs, &ours);
    }
    if let Some(theirs) = text(event, "classification.identifier") {
        let plain = plain(&theirs);
        let same_family = text(event, "malware.name").is_some_and(|family| family == theirs);
        // Where the identifier repeats the family, it has been compared as such.
        if !same_family {
            outcome.compare("kind", row, &plain, ours.exposure.kind.as_str());
        }
    }
}

/// An identifier of IntelMQ without what the weakness says already: `open-ldap` is `ldap`.
fn plain(identifier: &str) -> String {
    let mut plain = identifier;
    for prefix in ["open-", "accessible-", "vulnerable-"] {
        plain = plain.strip_prefix(prefix).unwrap_or(plain);
    }
    plain.replace('-', "_")
}
