//! XARF's own samples: what a report asserts by name is compared; those that break the schemas
//! have to be refused.

use anyhow::Result;
use formats::{Detection, Kind, Weakness, stamp, xarf};
use serde_json::Value;

use super::intelmq::utc;
use super::outcome::Outcome;
use super::samples::{Samples, below, read, text};

/// Folders of samples, and whether those in it have to be refused.
const FOLDERS: [(&str, bool); 3] = [
    ("xarf/spec/samples", false),
    ("xarf/abusix/samples/positive", false),
    ("xarf/abusix/samples/negative", true),
];

/// Reports of XARF 4 and before.
pub(super) fn reports(samples: &Samples) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for (folder, wrong) in FOLDERS {
        // `spec/samples/v4/x.json` is told as `v4/x.json`, the others as `positive/3/x.json`.
        let root = if folder.ends_with("/samples") { folder } else { "xarf/abusix/samples" };
        for file in samples.files(folder, &[".json"])? {
            let mut outcome = Outcome::of(format!("xarf/{}", below(&file, root)));
            let rows = read("XARF", xarf::open, samples.bytes(&file)?);
            outcome.take(&rows);
            if wrong {
                outcome.expect_refusal();
            }
            if let [Ok(ours)] = &rows[..] {
                outcome.records += 1;
                asserted(&mut outcome, &samples.json(&file)?, ours);
            }
            outcomes.push(outcome);
        }
    }
    Ok(outcomes)
}

/// What a report says of the device and the other side.
#[derive(Default)]
struct Said {
    ip: Option<String>,
    port: Option<String>,
    peer_ip: Option<String>,
    peer_port: Option<String>,
    proto: Option<String>,
    time: Option<String>,
    family: Option<String>,
    /// What was seen: the service where there is one, else the type of the report.
    kind: Option<String>,
    /// The category or class: whether the device stands open or does something.
    class: Option<String>,
}

fn asserted(outcome: &mut Outcome, sample: &Value, ours: &Detection) {
    let said = if sample.get("Report").is_some() { of_report(sample) } else { of_v4(sample) };
    let time = said.time.map(|time| utc(&time));
    outcome.compare_asserted("address", 1, said.ip, Some(ours.ip));
    outcome.compare_asserted("port", 1, said.port, ours.port);
    outcome.compare_asserted("peer address", 1, said.peer_ip, ours.peer_ip);
    outcome.compare_asserted("peer port", 1, said.peer_port, ours.peer_port);
    outcome.compare_asserted("protocol", 1, said.proto, Some(ours.proto));
    outcome.compare_asserted("time", 1, time, Some(stamp::utc(ours.detected_at)));
    outcome.compare_asserted("family", 1, said.family, ours.detail.malware_family.as_deref());
    let kind = said.kind.map(|kind| Kind::bent(&kind).to_string());
    outcome.compare_asserted("kind", 1, kind, Some(&ours.exposure.kind));
    if let Some(class) = said.class {
        let stands_open = class.eq_ignore_ascii_case("vulnerability");
        let agrees = stands_open != (ours.exposure.weakness == Weakness::Infected);
        let ours = if agrees { &class } else { ours.exposure.weakness.code() };
        outcome.compare("weakness", 1, &class, ours);
    }
}

/// A report of version 4. Where a service is named, its port is the device's.
fn of_v4(sample: &Value) -> Said {
    let of = |keys: &[&str]| keys.iter().find_map(|key| text(sample, key));
    Said {
        ip: of(&["source_identifier"]),
        port: of(&["service_port", "port", "source_port"]),
        peer_ip: of(&["destination_ip"]),
        peer_port: of(&["destination_port"]),
        proto: of(&["protocol"]),
        time: of(&["timestamp"]),
        family: of(&["malware_family"]),
        kind: of(&["service", "type"]),
        class: of(&["category"]),
    }
}

/// A report of the versions before, as their schemas have it or as it was sent in practice.
fn of_report(sample: &Value) -> Said {
    let report = &sample["Report"];
    let (source, more) = (&report["Source"], &report["AdditionalInfo"]);
    let of = |key: &str| text(report, key);
    Said {
        ip: of("SourceIp").or_else(|| text(source, "IP")),
        port: of("SourcePort").or_else(|| text(source, "Port")),
        peer_ip: of("DestinationIp").or_else(|| text(more, "DestinationIP")),
        peer_port: of("DestinationPort").or_else(|| text(more, "DestinationPort")),
        proto: of("TransportProtocol").or_else(|| text(more, "Protocol")),
        time: of("Date"),
        family: ["MalwareName", "BotnetName"]
            .into_iter()
            .find_map(of)
            .or_else(|| text(more, "MalwareFamily")),
        kind: of("ServiceName").or_else(|| of("ReportType").map(|word| apart(&word))),
        class: of("ReportClass"),
    }
}

/// `PortScan` is two words.
fn apart(word: &str) -> String {
    let mut apart = String::new();
    let mut before = None;
    for c in word.chars() {
        if c.is_uppercase() && before.is_some_and(char::is_lowercase) {
            apart.push('_');
        }
        apart.push(c);
        before = Some(c);
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_service_and_its_port_go_before_the_type_and_the_port_of_the_traffic() {
        let said = of_v4(&json!({
            "type": "open_service", "service": "telnet", "service_port": 23, "source_port": 1,
        }));
        assert_eq!((said.kind.as_deref(), said.port.as_deref()), (Some("telnet"), Some("23")));
        let said = of_v4(&json!({"type": "ddos", "source_port": 1}));
        assert_eq!((said.kind.as_deref(), said.port.as_deref()), (Some("ddos"), Some("1")));
    }

    #[test]
    fn older_reports_are_read_in_both_shapes() {
        let said = of_report(&json!({"Report": {"ReportType": "PortScan", "SourcePort": 5}}));
        assert_eq!((said.kind.as_deref(), said.port.as_deref()), (Some("Port_Scan"), Some("5")));
        let said = of_report(&json!({"Report": {"Source": {"IP": "192.0.2.7"}}}));
        assert_eq!(said.ip.as_deref(), Some("192.0.2.7"));
    }
}
