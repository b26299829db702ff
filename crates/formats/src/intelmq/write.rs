//! A notice list as events of IntelMQ, one JSON object per line.
//!
//! A line that was taken back is of the type `undetermined` and has the status `withdrawn`, so that
//! a program that knows nothing of lists warns nobody because of it.

use std::io::{self, Write};

use serde_json::Value;

use crate::isp_list::Line;
use crate::issue::{self, Issue, Member, object, second, text};
use crate::jsonl;
use crate::{Severity, Weakness};

/// Writes the lines of a list, one event each.
pub fn write<'a>(
    out: &mut impl Write,
    lines: impl IntoIterator<Item = &'a Line>,
    issue: &Issue,
) -> io::Result<()> {
    jsonl::write(out, lines.into_iter().map(|line| event(line, issue)))
}

fn event(line: &Line, issue: &Issue) -> Value {
    // `2026-04-01T00:00:00+00:00`: the zone is spelt out.
    let time = |at: i64| Some(Value::from(second(at).replace('Z', "+00:00")));
    let withdrawn = line.is_withdrawn().then(|| Value::from("withdrawn"));
    let severity = line.severity.filter(|severity| *severity != Severity::Unknown);
    let mut members = vec![
        ("__type", Some("Event".into())),
        ("feed.provider", Some(issue.org.as_str().into())),
        ("feed.name", Some("Todoke".into())),
        ("feed.code", Some(format!("todoke-{}", line.stream).into())),
        ("feed.accuracy", line.confidence.map(|share| f64::from(share).into())),
        ("time.source", time(line.detected_at)),
        ("time.observation", time(issue.issued_at)),
        ("source.ip", Some(line.ip.to_string().into())),
        ("source.port", line.port.map(Value::from)),
        ("destination.ip", line.peer_ip.map(|ip| ip.to_string().into())),
        ("destination.port", line.peer_port.map(Value::from)),
        ("protocol.transport", issue::proto(line)),
        ("severity", severity.map(|severity| severity.code().into())),
        ("status", withdrawn),
        ("tlp", Some("AMBER".into())),
        ("product.vendor", text(line.device_vendor.as_ref())),
        ("product.name", text(line.device_model.as_ref())),
        ("product.version", text(line.fw_version.as_ref())),
    ];
    members.extend(classification(line));
    members.extend(malware(line));
    members.extend(extra(line));
    object(members)
}

/// Type, taxonomy and identifier in the words of the format.
fn classification(line: &Line) -> Vec<Member> {
    let exposure = line.exposure().filter(|_| !line.is_withdrawn());
    let (taxonomy, class) = match exposure.as_ref().map(|exposure| exposure.weakness) {
        Some(Weakness::Infected) => ("malicious-code", "infected-system"),
        Some(Weakness::WeakCredentials | Weakness::VulnerableFirmware) => {
            ("vulnerable", "vulnerable-system")
        }
        Some(Weakness::ExposedService) => ("vulnerable", "potentially-unwanted-accessible"),
        Some(Weakness::Amplifier) => ("vulnerable", "ddos-amplifier"),
        None => ("other", "undetermined"),
    };
    let mut members = vec![
        ("classification.taxonomy", Some(taxonomy.into())),
        ("classification.type", Some(class.into())),
    ];
    let Some(exposure) = exposure else { return members };
    let kind = exposure.kind.as_str().replace('_', "-");
    let cve = issue::cve(&exposure).map(|cve| cve.to_ascii_lowercase());
    let identifier = match exposure.weakness {
        Weakness::Infected => kind.clone(),
        Weakness::WeakCredentials => "weak-credentials".to_owned(),
        Weakness::VulnerableFirmware => cve.clone().unwrap_or_else(|| format!("vulnerable-{kind}")),
        Weakness::ExposedService | Weakness::Amplifier => format!("open-{kind}"),
    };
    let is_service = exposure.weakness != Weakness::Infected && cve.is_none();
    members.extend([
        ("classification.identifier", Some(identifier.into())),
        ("protocol.application", is_service.then(|| exposure.kind.as_str().into())),
        ("product.vulnerabilities", cve.map(Value::from)),
    ]);
    members
}

/// The family: the format wants plain small letters, and what is written otherwise stands beside.
fn malware(line: &Line) -> [Member; 2] {
    let family = line.malware_family.as_ref().map(|family| family.trim());
    let family = family.filter(|family| !family.is_empty());
    let is_plain = |family: &&str| family.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let plain = family.filter(is_plain).map(str::to_ascii_lowercase);
    let other = family.filter(|family| !is_plain(family));
    [("malware.name", plain.map(Value::from)), ("extra.family", other.map(Value::from))]
}

/// What the format has no place for, under `extra`.
fn extra(line: &Line) -> Vec<Member> {
    let named = |(name, value)| Some((EXTRA.into_iter().find(|e| &e[6..] == name)?, value));
    issue::own(line).into_iter().filter_map(named).collect()
}

/// What stands under `extra`; vendor and model have a place of their own.
const EXTRA: [&str; 21] = [
    "extra.list_id",
    "extra.record_no",
    "extra.inquiry_id",
    "extra.isp_code",
    "extra.action",
    "extra.stream",
    "extra.exposure",
    "extra.weakness_code",
    "extra.identify_by",
    "extra.report_by",
    "extra.first_seen",
    "extra.repeat_count",
    "extra.device_type",
    "extra.evidence_hash",
    "extra.manual_id",
    "extra.campaign",
    "extra.template_version",
    "extra.placement_hint",
    "extra.upstream_path",
    "extra.network_kind",
    "extra.reason_hint",
];
