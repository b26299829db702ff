//! XARF before version 4: versions 1, 2 and 3, their drafts `alpha` and `development`, and 3.x.y
//! as it is sent in practice, all read by key.

use super::meaning::{self, Meaning, infected, no_device, reflector, service};
use super::v3_checks;
use crate::json_value::{Fault, Object, keep, keep_text, some_text, texts};
use crate::{Detection, Reading, Reason, Severity, Weakness};
use Severity::{Critical, High};

const MESSAGE: &str = "it is about a message and says nothing of the device that sent it";
const CONTENT: &str = "it is about a page, a work or a person, not about a weak device";
const ACCOUNT: &str = "it is about somebody's account, not about a weak device";
const CRAWLER: &str = "it is about a crawler that reads pages, not about a weak device";

/// Members of `Report` that have a place of their own, or none.
const PLACED: &[&str] = &[
    "Account",
    "AdditionalInfo",
    "Attachment",
    "BotnetName",
    "CVE",
    "Date",
    "DestinationIp",
    "DestinationPort",
    "MalwareName",
    "ReporterCaseID",
    "Samples",
    "Source",
    "SourceIp",
    "SourcePort",
    "TransportProtocol",
];

/// Members of `AdditionalInfo` that have a place of their own.
const ADDITIONAL: &[&str] = &["DestinationIP", "DestinationPort", "MalwareFamily", "Protocol"];

pub(super) fn detection(
    whole: &Object<'_>,
    line: u64,
    reading: &Reading,
) -> Result<Detection, Fault> {
    let report = v3_checks::check(whole, reading)?;
    let additional = report.object("AdditionalInfo")?;
    let meaning = sense(&report, additional.as_ref())?;
    let source = report.object("Source")?;
    let ip = match &source {
        Some(source) if report.get("SourceIp").is_none() => source.needs_ip("IP")?,
        _ => report.needs_ip("SourceIp")?,
    };
    let detected_at = report.needs_time("Date", reading)?;
    let mut detection = meaning::detection(meaning, line, ip, detected_at);
    detection.port = match (report.port("SourcePort")?, &source) {
        (None, Some(source)) => source.port("Port")?,
        (port, _) => port,
    };
    let mut word = report.text("TransportProtocol")?;
    meaning::peer(&mut detection, &report, ["DestinationIp", "DestinationPort"])?;
    if let Some(additional) = &additional {
        word = word.or(additional.text("Protocol")?);
        if report.get("DestinationIp").is_none() {
            meaning::peer(&mut detection, additional, ["DestinationIP", "DestinationPort"])?;
        }
        if let Some(server) = additional.text("C2Server")? {
            meaning::command_server(&mut detection, server);
        }
    }
    detection.proto = meaning::proto(word).unwrap_or(detection.proto);
    if let Some(word) = report.text("ReporterSeverity")? {
        detection.severity = word.to_ascii_lowercase().parse().unwrap_or(detection.severity);
        detection.severity_from_row = true;
    }
    detail(&mut detection, whole, &report, additional.as_ref())?;
    Ok(detection)
}

fn detail(
    detection: &mut Detection,
    whole: &Object<'_>,
    report: &Object<'_>,
    additional: Option<&Object<'_>>,
) -> Result<(), Fault> {
    let detail = &mut detection.detail;
    let family = match (report.text("MalwareName")?, report.text("BotnetName")?, additional) {
        (None, None, Some(additional)) => additional.text("MalwareFamily")?,
        (malware, botnet, _) => malware.or(botnet),
    };
    detail.malware_family = family.and_then(|family| some_text(family, &mut detail.notes));
    let number = report.text("ReporterCaseID")?;
    detail.record_no = number.and_then(|number| some_text(number, &mut detail.notes));
    if let Some(cve) = report.text("CVE")? {
        keep_text(detail, "cve", cve)?;
    }
    if let Some(reporter) = whole.needs_object("ReporterInfo")?.text("ReporterOrg")? {
        keep_text(detail, "reporter", reporter)?;
    }
    for (key, value) in report.members.iter().filter(|(key, _)| !PLACED.contains(&key.as_str())) {
        keep(detail, key, value)?;
    }
    let members = additional.into_iter().flat_map(|additional| additional.members.iter());
    for (key, value) in members.filter(|(key, _)| !ADDITIONAL.contains(&key.as_str())) {
        keep(detail, key, value)?;
    }
    Ok(())
}

/// What the report says is wrong with the device.
fn sense(report: &Object<'_>, additional: Option<&Object<'_>>) -> Result<Meaning, Fault> {
    let word = report.needs("ReportType")?.to_ascii_lowercase();
    let class = report.needs("ReportClass")?.to_ascii_lowercase();
    let about = |why| Err(report.fault("ReportType", no_device(why)));
    Ok(match word.as_str() {
        "openservice" => service(Weakness::ExposedService, report.needs("ServiceName")?),
        "portscan" => infected("port_scan", High),
        "loginattack" => infected("brute_force", Critical),
        "dos" | "ddos" => {
            let attack = additional.map(|additional| additional.text("AttackType")).transpose()?;
            attack.flatten().and_then(reflector).unwrap_or_else(|| infected("ddos", High))
        }
        "exploit" => infected("exploit", High),
        "botnet" => infected("botnet", Critical),
        // The device asked a resolver for the name of a malicious host.
        "malware" if class == "activity" => infected("sinkhole_dns", Severity::Medium),
        "malware" => infected("malware_url", Critical),
        "spam" => return about(MESSAGE),
        "webcrawler" => return about(CRAWLER),
        "potentiallycompromisedaccount" => return about(ACCOUNT),
        "childabuse" | "copyright" | "csam" | "fraud" | "harassment" | "phishing" | "trademark" => {
            return about(CONTENT);
        }
        _ => return Err(report.fault("ReportType", Reason::UnknownWord)),
    })
}

/// The ports of a member that holds one or a list of them.
pub(super) fn is_ports(value: &serde_json::Value) -> bool {
    let list = std::slice::from_ref(value);
    let list = value.as_array().map_or(list, Vec::as_slice);
    let fits = |port: &str| port.parse::<u16>().is_ok();
    texts(list).len() == list.len() && texts(list).iter().all(|port| fits(port))
}
