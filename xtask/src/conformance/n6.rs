//! What n6's tests expect of Shadowserver reports.

use std::path::Path;

use anyhow::Result;
use formats::{Detection, Weakness, stamp};
use serde_json::Value;

use super::Outcome;
use super::samples::{files, json, name_of, report, text};

/// Short reports and the records that n6 makes of them, or its refusal.
pub(super) fn shadowserver(shared: &Path) -> Result<Vec<Outcome>> {
    let folder = shared.join("shadowserver-n6");
    let mut outcomes = Vec::new();
    for path in files(&folder.join("csv"), &["csv"])? {
        let name = name_of(&path);
        let rows = report(&path)?;
        let mut outcome = Outcome::of(format!("n6/{name}"));
        outcome.rows = rows.len();
        outcome.refused = rows.iter().filter(|row| row.is_none()).count();
        let expected = json(&folder.join("expected").join(name.replace(".csv", ".json")))?;
        match expected["events"].as_array() {
            None => {
                let ours = if rows.iter().all(Option::is_none) { "refused" } else { "read" };
                outcome.compare("file", 0, "refused", ours);
            }
            Some(events) => {
                let constant = &expected["constant_items"];
                for (row, event) in (1..).zip(events) {
                    compare(&mut outcome, row, (event, constant), &rows);
                }
            }
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn compare(
    outcome: &mut Outcome,
    row: usize,
    (event, constant): (&Value, &Value),
    rows: &[Option<Detection>],
) {
    let said = |key: &str| text(event, key).or_else(|| text(constant, key));
    let ip = event["address"][0]["ip"].as_str().unwrap_or_default();
    let Some(ours) = rows.iter().flatten().find(|one| one.ip.to_string() == ip) else {
        outcome.compare("address", row, ip, "");
        return;
    };
    outcome.compare("address", row, ip, ip);
    let time = said("time").and_then(|time| stamp::parse(&time, Some(0)).ok());
    outcome.compare("time", row, &stamp::utc(time.unwrap_or(0)), &stamp::utc(ours.detected_at));
    // Infected devices connect from their port; exposed ones listen on it.
    if let Some(port) = said("sport").or_else(|| said("dport")) {
        outcome.compare("port", row, &port, &number(ours.port));
    }
    if let Some(proto) = said("proto") {
        outcome.compare("protocol", row, &proto, ours.proto.code());
    }
    if let Some(peer) = said("dip") {
        let ours = ours.peer_ip.map_or_else(String::new, |ip| ip.to_string());
        outcome.compare("peer address", row, &peer, &ours);
    }
    if let Some(host) = said("fqdn") {
        outcome.compare("hostname", row, &host, ours.detail.hostname.as_deref().unwrap_or(""));
    }
    let category = said("category").unwrap_or_default();
    let weakness = ours.exposure.weakness;
    let agrees = match category.as_str() {
        "bots" => weakness == Weakness::Infected,
        "amplifier" => weakness == Weakness::Amplifier,
        "vulnerable" | "exposed" => weakness != Weakness::Infected,
        _ => return,
    };
    outcome.compare("weakness", row, &category, if agrees { &category } else { weakness.code() });
    compare_name(outcome, row, &said("name").unwrap_or_default(), ours);
}

/// n6 puts what it found, a family or a tag into one name.
fn compare_name(outcome: &mut Outcome, row: usize, name: &str, ours: &Detection) {
    let tags = ours.detail.tag.as_deref().unwrap_or_default();
    let family = ours.detail.malware_family.as_deref().unwrap_or_default();
    let kind = name.replace('-', "_") == ours.exposure.kind.as_str();
    let tag = tags.split([';', ',']).any(|tag| tag.trim().eq_ignore_ascii_case(name));
    let same = kind || tag || family.eq_ignore_ascii_case(name);
    outcome.compare("kind", row, name, if same { name } else { ours.exposure.kind.as_str() });
}

fn number(port: Option<u16>) -> String {
    port.map_or_else(String::new, |port| port.to_string())
}
