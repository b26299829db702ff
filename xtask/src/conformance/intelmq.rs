//! What IntelMQ's tests expect of Shadowserver reports, and how an event of IntelMQ is compared.

use std::collections::BTreeSet;
use std::io::Cursor;

use anyhow::Result;
use formats::{Detection, Weakness, shadowserver, stamp};
use serde_json::Value;

use super::outcome::{Outcome, Taken};
use super::samples::{READING, Samples, list, name_of, taken, text};

/// Reports of today, and those with old headers, against the events of IntelMQ's tests.
pub(super) fn reports(samples: &Samples) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for (peer, folder) in
        [("intelmq", "shadowserver-intelmq"), ("intelmq-legacy", "shadowserver-intelmq-legacy")]
    {
        for file in samples.files(&format!("{folder}/csv"), &[".csv"])? {
            let name = name_of(&file);
            let rows = report(samples, &file)?;
            let mut outcome = Outcome::of(format!("{peer}/{name}"));
            outcome.take(&rows);
            let expected = format!("{folder}/expected/{}", name.replace(".csv", ".json"));
            if samples.has(&expected) {
                against(&mut outcome, &samples.json(&expected)?, &rows);
            }
            outcomes.push(outcome);
        }
    }
    Ok(outcomes)
}

/// The rows of a Shadowserver report.
pub(super) fn report(samples: &Samples, file: &str) -> Result<Vec<Taken>> {
    let bytes = Cursor::new(samples.bytes(file)?);
    Ok(taken("Shadowserver", shadowserver::open(name_of(file), None, bytes, READING)))
}

fn against(outcome: &mut Outcome, expected: &Value, rows: &[Taken]) {
    let mut asserted = BTreeSet::new();
    for event in list(expected, "events") {
        outcome.records += 1;
        let row = event["_row"].as_u64().and_then(|row| usize::try_from(row).ok()).unwrap_or(0);
        asserted.insert(row);
        match rows.get(row.wrapping_sub(1)) {
            Some(Ok(ours)) => compare(outcome, row, event, ours),
            Some(Err(why)) => outcome.compare("row", row, "an event", &why.words),
            None => outcome.compare("row", row, "an event", "no such row"),
        }
    }
    let ours = rows.iter().filter(|row| row.is_ok()).count();
    outcome.compare("rows", 0, &asserted.len().to_string(), &ours.to_string());
}

/// Compares one event with what we read, for each key that the event asserts.
pub(super) fn compare(outcome: &mut Outcome, row: usize, event: &Value, ours: &Detection) {
    let detail = &ours.detail;
    let said = |key| text(event, key);
    outcome.compare_asserted("address", row, said("source.ip"), Some(ours.ip));
    outcome.compare_asserted("port", row, said("source.port"), ours.port);
    outcome.compare_asserted("peer address", row, said("destination.ip"), ours.peer_ip);
    outcome.compare_asserted("peer port", row, said("destination.port"), ours.peer_port);
    let time = said("time.source").map(|time| utc(&time));
    outcome.compare_asserted("time", row, time, Some(stamp::utc(ours.detected_at)));
    outcome.compare_asserted("protocol", row, said("protocol.transport"), Some(ours.proto));
    let family = detail.malware_family.as_deref();
    outcome.compare_asserted("family", row, said("malware.name"), family);
    outcome.compare_asserted("asn", row, said("source.asn"), detail.asn);
    // A name that an address has goes before the name it was called by.
    let host = said("source.reverse_dns").or_else(|| said("source.fqdn"));
    outcome.compare_asserted("hostname", row, host, detail.hostname.as_deref());
    if let Some(theirs) = said("classification.type") {
        let agrees = means(&theirs, ours.exposure.weakness);
        let ours = if agrees { &theirs } else { ours.exposure.weakness.code() };
        outcome.compare("weakness", row, &theirs, ours);
    }
    if let Some(theirs) = said("classification.identifier") {
        // Where the identifier repeats the family, it has been compared as such.
        if said("malware.name").is_none_or(|family| family != theirs) {
            outcome.compare("kind", row, &plain(&theirs), ours.exposure.kind.as_str());
        }
    }
}

/// A time as we write it, so that only another moment is another time.
pub(super) fn utc(time: &str) -> String {
    stamp::parse(time, Some(0)).map_or_else(|_| time.to_owned(), stamp::utc)
}

/// Whether a type of IntelMQ's goes with a weakness of ours; one we do not know goes with none.
fn means(theirs: &str, weakness: Weakness) -> bool {
    let infected = weakness == Weakness::Infected;
    match theirs {
        "infected-system"
        | "system-compromise"
        | "brute-force"
        | "ddos"
        | "scanner"
        | "spam"
        | "malware-distribution"
        | "unauthorised-information-modification" => infected,
        "vulnerable-system" | "potentially-unwanted-accessible" | "ddos-amplifier" => !infected,
        // These say nothing of what is wrong.
        "other" | "undetermined" => true,
        _ => false,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::samples::read;
    use formats::intelmq;
    use serde_json::json;

    fn event() -> Value {
        json!({
            "classification.type": "infected-system",
            "classification.identifier": "mirai",
            "malware.name": "mirai",
            "source.ip": "192.0.2.7",
            "time.source": "2026-11-22T01:02:03+00:00",
        })
    }

    fn compared(theirs: &Value) -> Vec<&'static str> {
        let rows = read("IntelMQ", intelmq::open, event().to_string().into_bytes());
        let mut outcome = Outcome::of("own/a");
        compare(&mut outcome, 1, theirs, rows[0].as_ref().unwrap());
        outcome.differing.iter().map(|one| one.field).collect()
    }

    #[test]
    fn every_field_that_an_event_asserts_is_compared() {
        assert!(compared(&event()).is_empty());
        let mut more = event();
        for (key, value) in [
            ("source.port", json!(23)),
            ("source.asn", json!(64500)),
            ("source.fqdn", json!("a.example")),
            ("destination.ip", json!("192.0.2.9")),
            ("destination.port", json!(80)),
            ("classification.identifier", json!("telnet")),
            ("classification.type", json!("no word of theirs")),
            ("malware.name", json!("gafgyt")),
            ("time.source", json!("2026-11-22T01:02:04Z")),
            ("source.ip", json!("192.0.2.8")),
        ] {
            more[key] = value;
        }
        let fields = [
            "address",
            "port",
            "peer address",
            "peer port",
            "time",
            "family",
            "asn",
            "hostname",
            "weakness",
            "kind",
        ];
        assert_eq!(compared(&more), fields);
    }

    #[test]
    fn an_event_for_a_row_we_refuse_and_a_row_without_an_event_differ() {
        let refused = read("IntelMQ", intelmq::open, b"{\"source.ip\": 1}".to_vec());
        let mut outcome = Outcome::of("own/a");
        against(&mut outcome, &json!({"events": [{"_row": 1}, {"_row": 2}]}), &refused);
        let fields: Vec<_> = outcome.differing.iter().map(|one| one.field).collect();
        assert_eq!(fields, ["row", "row", "rows"]);
    }
}
