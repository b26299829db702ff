//! What n6's tests expect of Shadowserver reports, and n6's own records to our reader of them.

use std::collections::BTreeSet;

use anyhow::Result;
use formats::{Detection, Weakness, n6, stamp};
use serde_json::Value;

use super::intelmq::{report, utc};
use super::outcome::{Outcome, Taken};
use super::samples::{Samples, list, name_of, read, text};

/// Short reports and the records that n6 makes of them, or its refusal.
pub(super) fn reports(samples: &Samples) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for file in samples.files("shadowserver-n6/csv", &[".csv"])? {
        let name = name_of(&file);
        let rows = report(samples, &file)?;
        let mut outcome = Outcome::of(format!("n6/{name}"));
        outcome.take(&rows);
        let expected = expected(samples, name)?;
        if expected["events"].is_array() {
            let records: Vec<Value> = records(&expected).collect();
            against(&mut outcome, &records, &rows);
        } else {
            outcome.expect_refusal();
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn expected(samples: &Samples, name: &str) -> Result<Value> {
    let name = name.replace(".csv", ".json");
    samples.json(&format!("shadowserver-n6/expected/{name}"))
}

/// The records of a sample, each with what belongs to all of them.
fn records(expected: &Value) -> impl Iterator<Item = Value> {
    list(expected, "events").map(|event| {
        let mut record = expected["constant_items"].clone();
        if let (Some(record), Some(event)) = (record.as_object_mut(), event.as_object()) {
            record.extend(event.clone());
        }
        record
    })
}

/// Compares all records with the rows they were made of; a row may have given several.
fn against(outcome: &mut Outcome, records: &[Value], rows: &[Taken]) {
    let mut asserted = BTreeSet::new();
    for (number, record) in (1..).zip(records) {
        outcome.records += 1;
        let ip = record["address"][0]["ip"].as_str().unwrap_or_default();
        let time = text(record, "time").map(|time| utc(&time)).unwrap_or_default();
        let there = |one: &&Detection| one.ip.to_string() == ip;
        let ours = rows.iter().flatten().filter(there);
        let same = |one: &&Detection| stamp::utc(one.detected_at) == time;
        match ours.clone().find(same).or_else(|| ours.clone().next()) {
            Some(ours) => compare(outcome, number, record, ours),
            None => outcome.compare("address", number, ip, "no row has it"),
        }
        asserted.insert((ip.to_owned(), time));
    }
    let ours = rows.iter().filter(|row| row.is_ok()).count();
    outcome.compare("rows", 0, &asserted.len().to_string(), &ours.to_string());
}

fn compare(outcome: &mut Outcome, row: usize, record: &Value, ours: &Detection) {
    let said = |key: &str| text(record, key);
    let address = &record["address"][0];
    outcome.compare_asserted("address", row, text(address, "ip"), Some(ours.ip));
    outcome.compare_asserted("asn", row, text(address, "asn"), ours.detail.asn);
    let time = said("time").map(|time| utc(&time));
    outcome.compare_asserted("time", row, time, Some(stamp::utc(ours.detected_at)));
    // Infected devices connect from their port; exposed ones listen on it.
    if said("sport").is_some() {
        outcome.compare_asserted("port", row, said("sport"), ours.port);
        outcome.compare_asserted("peer port", row, said("dport"), ours.peer_port);
    } else {
        outcome.compare_asserted("port", row, said("dport"), ours.port);
    }
    outcome.compare_asserted("protocol", row, said("proto"), Some(ours.proto));
    outcome.compare_asserted("peer address", row, said("dip"), ours.peer_ip);
    outcome.compare_asserted("hostname", row, said("fqdn"), ours.detail.hostname.as_deref());
    if let Some(theirs) = said("category") {
        let agrees = means(&theirs, ours.exposure.weakness);
        let ours = if agrees { &theirs } else { ours.exposure.weakness.code() };
        outcome.compare("weakness", row, &theirs, ours);
    }
    if let Some(name) = said("name") {
        compare_name(outcome, row, &name, ours);
    }
}

/// Whether a category of n6's goes with a weakness of ours; one we do not know goes with none.
fn means(category: &str, weakness: Weakness) -> bool {
    match category {
        "amplifier" => weakness == Weakness::Amplifier,
        "vulnerable" | "exposed" => weakness != Weakness::Infected,
        // What a device does that is no longer its owner's alone.
        "bots" | "backdoor" | "scanning" | "server-exploit" | "spam" | "cnc" | "dos-attacker"
        | "malurl" | "phish" | "sandbox-url" => weakness == Weakness::Infected,
        "other" => true,
        _ => false,
    }
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

/// What n6's own records look like to our reader of them, against what they say themselves.
pub(super) fn own_records(samples: &Samples) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for file in samples.files("shadowserver-n6/expected", &[".json"])? {
        let expected = samples.json(&file)?;
        if !expected["events"].is_array() {
            continue;
        }
        let mut outcome = Outcome::of(format!("n6-records/{}", name_of(&file)));
        for (number, mut record) in (1..).zip(records(&expected)) {
            outcome.records += 1;
            if let Some(record) = record.as_object_mut() {
                // The tests leave out what n6 adds to every record afterwards.
                for (key, value) in [("id", "1"), ("modified", "2026-01-01T00:00:00Z")] {
                    record.entry(key).or_insert(Value::from(value));
                }
                record.entry("source").or_insert(expected["source"].clone());
            }
            let rows = read("n6", n6::open, record.to_string().into_bytes());
            outcome.take(&rows);
            if let Some(Ok(ours)) = rows.first() {
                compare(&mut outcome, number, &record, ours);
            }
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record() -> Value {
        json!({
            "category": "bots", "name": "mirai", "origin": "sinkhole", "source": "a.b",
            "time": "2026-11-22 01:02:03", "address": [{"ip": "192.0.2.7"}], "sport": 40000,
        })
    }

    fn rows() -> Vec<Taken> {
        read("n6", n6::open, record().to_string().into_bytes())
    }

    fn fields(records: &[Value]) -> Vec<&'static str> {
        let mut outcome = Outcome::of("own/a");
        against(&mut outcome, records, &rows());
        outcome.differing.iter().map(|one| one.field).collect()
    }

    #[test]
    fn every_key_that_a_record_asserts_is_compared() {
        assert!(fields(&[record()]).is_empty());
        let mut more = record();
        for (key, value) in [
            ("time", json!("2026-11-22 01:02:04")),
            ("address", json!([{"ip": "192.0.2.7", "asn": 64500}])),
            ("sport", json!(40001)),
            ("dport", json!(80)),
            ("dip", json!("192.0.2.9")),
            ("fqdn", json!("a.example")),
            ("category", json!("no word of theirs")),
            ("name", json!("gafgyt")),
        ] {
            more[key] = value;
        }
        let all =
            ["asn", "time", "port", "peer port", "peer address", "hostname", "weakness", "kind"];
        assert_eq!(fields(&[more]), all);
    }

    #[test]
    fn a_record_without_a_row_and_a_row_without_a_record_differ() {
        let mut other = record();
        other["address"][0]["ip"] = json!("192.0.2.8");
        assert_eq!(fields(&[record(), other]), ["address", "rows"]);
        assert_eq!(fields(&[]), ["rows"]);
    }
}
