//! What a report before version 4 must have, and what its members must look like.

use serde_json::Value;

use super::v3::is_ports;
use crate::json_value::{Fault, Object, cves, is_email, is_hostname, is_uri};
use crate::{Reading, Reason, address};

const VERSIONS: [&str; 5] = ["1", "2", "3", "alpha", "development"];
/// Before version 3, a report on a malicious file had to say where the file lies.
const URL_NEEDED: [&str; 3] = ["1", "2", "alpha"];
/// Three by the schemas, the others by what is sent as 3.x.y.
const CLASSES: [&str; 6] =
    ["Content", "Activity", "Vulnerability", "System", "Network", "Messaging"];

const NO_MAIL: &str = "this is no mail address";
const NO_HOST: &str = "this is no host name";

/// Checks the report and gives its `Report`.
pub(super) fn check<'a>(whole: &Object<'a>, reading: &Reading) -> Result<Object<'a>, Fault> {
    let version = whole.text("Version")?.unwrap_or("alpha");
    if !VERSIONS.contains(&version) && !version.starts_with("3.") {
        return Err(whole.fault("Version", Reason::UnknownWord));
    }
    must(whole, "Disclosure", Value::is_boolean)?;
    party(&whole.needs_object("ReporterInfo")?, "Reporter")?;
    if let Some(complainant) = whole.object("OnBehalfOf")? {
        party(&complainant, "Complainant")?;
    }
    let report = whole.needs_object("Report")?;
    report.needs("ReportClass")?;
    report.word("ReportClass", &CLASSES)?;
    report.needs("ReportType")?;
    report.needs_time("Date", reading)?;
    report.time("FirstSeen", reading)?;
    for key in ["ReportSubType", "ReporterCaseID", "ReporterNotes", "ServiceName"] {
        report.text(key)?;
    }
    report.text("ServiceVersion")?;
    report.word("ReporterSeverity", &["low", "medium", "high"])?;
    report.word("TransportProtocol", &["tcp", "udp"])?;
    report.may_have_shape("RpzDomain", is_hostname, NO_HOST)?;
    report.may_have_shape("SourceUrl", is_uri, "this is no URL")?;
    let is_cve = |text: &str| cves(std::iter::once(text)).is_some();
    report.may_have_shape("CVE", is_cve, "this is no number like CVE-2024-12345")?;
    if let Some(score) = report.object("CVSS")? {
        score.needs("Version")?;
        score.word("Version", &["2", "3.0", "3.1"])?;
        score.needs("Vector")?;
    }
    report.port("SourcePort")?;
    let is_address = |text: &Value| text.as_str().is_some_and(|ip| address::parse(ip).is_ok());
    must(&report, "DestinationIp", is_address)?;
    must(&report, "DestinationPort", is_ports)?;
    must(&report, "FileSize", Value::is_u64)?;
    parts(&report)?;
    account(&report)?;
    let is_file = report.needs("ReportType")?.eq_ignore_ascii_case("Malware")
        && report.needs("ReportClass")?.eq_ignore_ascii_case("Content");
    if is_file && URL_NEEDED.contains(&version) {
        report.needs("SourceUrl")?;
    }
    Ok(report)
}

/// A member that must be so where it is there.
fn must(object: &Object<'_>, key: &str, fits: impl Fn(&Value) -> bool) -> Result<(), Fault> {
    match object.get(key) {
        Some(value) if !fits(value) => {
            Err(object.fault(key, Reason::Contradiction("it does not look as it should")))
        }
        _ => Ok(()),
    }
}

/// Who reports, or for whom: an organisation with domain and mail, or a person.
fn party(party: &Object<'_>, who: &str) -> Result<(), Fault> {
    let named = |part: &str| format!("{who}{part}");
    let is_person = party.text(&named("Type"))? == Some("Person");
    let long = |text: &str| text.chars().count() >= 3;
    if !is_person {
        for part in ["Org", "OrgDomain", "OrgEmail"] {
            party.needs(&named(part))?;
        }
    }
    for part in ["Org", "ContactName", "ContactPhone"] {
        party.may_have_shape(&named(part), long, "it has fewer than three characters")?;
    }
    party.may_have_shape(&named("OrgDomain"), is_hostname, NO_HOST)?;
    party.may_have_shape(&named("OrgEmail"), is_email, NO_MAIL)?;
    party.may_have_shape(&named("ContactEmail"), is_email, NO_MAIL)?;
    Ok(())
}

/// The samples, and the members the sender adds.
fn parts(report: &Object<'_>) -> Result<(), Fault> {
    for sample in report.objects("Samples")? {
        if sample.get("FileName").is_none() || sample.get("Payload").is_some() {
            sample.needs("ContentType")?;
            if !sample.get("Payload").is_some_and(Value::is_string) {
                return Err(sample.fault("Payload", Reason::MissingValue));
            }
        }
        sample.text("FileName")?;
        sample.text("Description")?;
        must(&sample, "Base64Encoded", Value::is_boolean)?;
    }
    if let Some(custom) = report.object("Custom")? {
        for key in custom.members.keys() {
            must(&custom, key, |value| value.is_string() || value.is_i64() || value.is_u64())?;
        }
    }
    Ok(())
}

/// A report on an account names the account, and no source beside it.
fn account(report: &Object<'_>) -> Result<(), Fault> {
    if report.needs("ReportType")? != "PotentiallyCompromisedAccount" {
        return Ok(());
    }
    let account = report.needs_object("Account")?;
    if account.members.is_empty() {
        return Err(report.fault("Account", Reason::MissingValue));
    }
    let no_mail = |text: &str| !is_email(text);
    account.may_have_shape("AccountIdentifier", no_mail, "a mail address stands elsewhere")?;
    for key in ["SourceIp", "SourceUrl"] {
        if report.get(key).is_some() {
            let why = "a report on an account names no source";
            return Err(report.fault(key, Reason::Contradiction(why)));
        }
    }
    Ok(())
}
