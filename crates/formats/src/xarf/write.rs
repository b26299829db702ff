//! A notice list as XARF 4 reports, one JSON object per line: one line of the list, one report.
//!
//! The format knows no withdrawal. A line that was taken back is a report of its own name with the
//! tag `todoke:withdrawn` and no confidence at all, and says so in words.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::isp_list::Line;
use crate::issue::{self, Issue, Member, object, second, text, without};
use crate::jsonl;
use crate::{Severity, Stream, Weakness};

/// The tag of a report that its sender has taken back.
pub(super) const WITHDRAWN: &str = "todoke:withdrawn";

/// The version whose schemas these reports obey.
const VERSION: &str = "4.2.0";

/// Writes the lines of a list, one report each.
pub fn write<'a>(
    out: &mut impl Write,
    lines: impl IntoIterator<Item = &'a Line>,
    issue: &Issue,
) -> io::Result<()> {
    jsonl::write(out, lines.into_iter().map(|line| report(line, issue)))
}

fn report(line: &Line, issue: &Issue) -> Value {
    let infected = line.weakness == Some(Weakness::Infected);
    let org: String = issue.org.chars().take(200).collect();
    let who = json!({"contact": issue.contact, "domain": issue.domain, "org": org});
    let withdrawn = line.is_withdrawn();
    let what = if withdrawn { "xarf withdrawn" } else { "xarf" };
    let confidence = match (withdrawn, line.confidence) {
        (true, _) => Some(0.0),
        (false, share) => share.map(|share| f64::from(share.min(100)) / 100.0),
    };
    let port = line.port.map(Value::from);
    let mut members = vec![
        ("xarf_version", Some(VERSION.into())),
        ("report_id", Some(issue.uuid_of(line, what).to_string().into())),
        ("timestamp", Some(second(line.detected_at).into())),
        ("reporter", Some(who.clone())),
        ("sender", Some(who)),
        ("source_identifier", Some(line.ip.to_string().into())),
        ("source_port", port.clone()),
        ("service_port", port.filter(|_| !infected)),
        ("protocol", issue::proto(line)),
        ("destination_ip", line.peer_ip.map(|ip| ip.to_string().into())),
        ("destination_port", line.peer_port.map(Value::from)),
        ("severity", severity(line)),
        ("confidence", confidence.map(Value::from)),
        ("tags", Some(tags(line))),
        ("description", Some(description(line).into())),
        ("malware_family", family(line)),
        ("fw_version", text(line.fw_version.as_ref())),
    ];
    members.extend(kind(line));
    members.extend(without(issue::own(line), &["weakness_code"]));
    object(members)
}

/// Category and type, with what they require.
fn kind(line: &Line) -> Vec<Member> {
    let exposure = line.exposure();
    let service = exposure.as_ref().map_or("unknown", |exposure| exposure.kind.as_str());
    let cve = exposure.as_ref().and_then(issue::cve).filter(|_| line.port.is_some());
    let of = |category: &'static str, kind: &'static str| {
        vec![("category", Some(category.into())), ("type", Some(kind.into()))]
    };
    let found = |how: &'static str| ("evidence_source", Some(Value::from(how)));
    let misconfigured = |how: Option<&'static str>| {
        let mut members = of("vulnerability", "misconfiguration");
        members.push(("service", Some(service.into())));
        members.push(("misconfiguration_type", how.map(Value::from)));
        members.push(found("automated_scan"));
        members
    };
    match (line.weakness, cve) {
        (Some(Weakness::Infected), _) => {
            let (evidence, source) = compromise(line.stream);
            let mut members = of("infrastructure", "botnet");
            members.push(("compromise_evidence", Some(evidence.into())));
            members.push(found(source));
            members
        }
        (Some(Weakness::WeakCredentials), _) => misconfigured(Some("weak_authentication")),
        (Some(Weakness::VulnerableFirmware), Some(cve)) => {
            let mut members = of("vulnerability", "cve");
            // The kind is the number itself; which program answers, only the port tells.
            members.push(("service", Some(on_port(line).into())));
            members.push(("cve_id", Some(cve.into())));
            members.push(found("vulnerability_scan"));
            members
        }
        (Some(Weakness::VulnerableFirmware), None) => misconfigured(Some("outdated_software")),
        (Some(Weakness::ExposedService | Weakness::Amplifier), _) => {
            let mut members = of("vulnerability", "open_service");
            members.push(("service", Some(service.into())));
            members.push(found("automated_scan"));
            members
        }
        (None, _) => misconfigured(None),
    }
}

/// A service of which no more than its place is known: `80/tcp`.
fn on_port(line: &Line) -> String {
    line.port.map_or_else(|| line.proto.to_string(), |port| format!("{port}/{}", line.proto))
}

/// By what it was noticed that a device is infected, and the word for such a source.
fn compromise(stream: Stream) -> (&'static str, &'static str) {
    match stream {
        Stream::Nicter => {
            ("It sent to unused addresses what only malware sends", "traffic_analysis")
        }
        Stream::Campaign => {
            ("It stands on a list of infected devices that was handed over", "threat_intelligence")
        }
        Stream::Notice | Stream::Firmware | Stream::Reflector => {
            ("A sensor or sinkhole saw it act as malware does", "traffic_analysis")
        }
    }
}

fn severity(line: &Line) -> Option<Value> {
    match line.severity? {
        Severity::Unknown => None,
        Severity::Info => Some("informational".into()),
        severity => Some(severity.code().into()),
    }
}

fn family(line: &Line) -> Option<Value> {
    let family = text(line.malware_family.as_ref())?;
    Some(family.as_str()?.chars().take(200).collect::<String>().into())
}

fn tags(line: &Line) -> Value {
    let mut tags = vec!["tlp:amber".to_owned(), format!("todoke:{}", line.stream)];
    if let Some(family) = &line.malware_family {
        let small = family.to_ascii_lowercase();
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let plain: String = small.chars().map(|c| if fits(c) { c } else { '-' }).collect();
        let plain = plain.trim_matches('-');
        if !plain.is_empty() {
            tags.push(format!("malware:{plain}"));
        }
    }
    if line.is_withdrawn() {
        tags.push(WITHDRAWN.to_owned());
    }
    tags.into()
}

fn description(line: &Line) -> String {
    if line.is_withdrawn() {
        return format!(
            "Withdrawn: this was listed by mistake; warn nobody because of it. Inquiry ID {}.",
            line.inquiry_id
        );
    }
    let wrong = match line.weakness {
        Some(Weakness::WeakCredentials) => "A known or guessable password worked",
        Some(Weakness::VulnerableFirmware) => "The software in the device has a known hole",
        Some(Weakness::ExposedService) => "A service answers that has no business on the Internet",
        Some(Weakness::Amplifier) => "A service answers that multiplies an attacker's traffic",
        Some(Weakness::Infected) => "The device takes part in a botnet",
        None => "The device is weak",
    };
    format!("{wrong}. Please tell the subscriber, with the inquiry ID {}.", line.inquiry_id)
}
