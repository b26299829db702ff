//! The types of version 4: what each must say, and what it says is wrong with the device.

use super::meaning::{Meaning, infected, no_device, reflector, service};
use crate::json_value::{Fault, Object};
use crate::{Reason, Severity, Weakness};
use Severity::{Critical, High, Medium};

const MESSAGE: &str = "it is about a message and says nothing of the device that sent it";
const CONTENT: &str = "it is about a page or a name, not about a weak device";
const WORK: &str = "it is about a copyrighted work, not about a weak device";
const OPINION: &str = "it is what somebody thinks of the address; nothing was seen of the device";
const CRAWLER: &str = "it is about a crawler that reads pages, not about a weak device";

/// What becomes of a type.
enum Sense {
    /// The device attacks, or is held by somebody else.
    Infected(&'static str, Severity),
    /// The device takes part in a denial of service, maybe as a reflector.
    Flood,
    /// `bot_type` says whether it is a bot or a search engine.
    Bot,
    /// A service answers.
    OpenService,
    /// A service is set up badly; `misconfiguration_type` says how.
    Misconfigured,
    /// A known hole.
    Hole,
    /// About no device.
    No(&'static str),
}

/// Category, type, what a report of it must have besides, what becomes of it.
#[rustfmt::skip]
const TYPES: &[(&str, &str, &[&str], Sense)] = &[
    ("connection", "ddos", &["protocol", "first_seen"], Sense::Flood),
    ("connection", "infected_host", &["protocol", "bot_type", "first_seen"], Sense::Bot),
    ("connection", "login_attack", &["protocol", "first_seen"],
        Sense::Infected("brute_force", Critical)),
    ("connection", "port_scan", &["protocol", "first_seen"], Sense::Infected("port_scan", High)),
    ("connection", "reconnaissance", &["protocol", "probed_resources", "first_seen"],
        Sense::Infected("http_scan", High)),
    ("connection", "scraping", &["protocol", "first_seen", "total_requests"], Sense::No(CRAWLER)),
    ("connection", "sql_injection", &["protocol", "first_seen"],
        Sense::Infected("sql_injection", High)),
    ("connection", "vulnerability_scan", &["scan_type", "protocol", "first_seen"],
        Sense::Infected("vulnerability_scan", High)),
    ("content", "brand_infringement", &["url", "infringement_type"], Sense::No(CONTENT)),
    ("content", "csam", &["url", "classification", "detection_method"], Sense::No(CONTENT)),
    ("content", "csem", &["url", "exploitation_type", "detection_method"], Sense::No(CONTENT)),
    ("content", "exposed_data", &["url", "data_types", "exposure_method"], Sense::No(CONTENT)),
    ("content", "fraud", &["url", "fraud_type"], Sense::No(CONTENT)),
    ("content", "malware", &["url"], Sense::Infected("malware_url", Critical)),
    ("content", "phishing", &["url"], Sense::No(CONTENT)),
    ("content", "remote_compromise", &["url", "compromise_type"],
        Sense::Infected("compromised_website", Critical)),
    ("content", "suspicious_registration", &["url", "registration_date"], Sense::No(CONTENT)),
    ("copyright", "copyright", &["infringing_url"], Sense::No(WORK)),
    ("copyright", "cyberlocker", &["infringing_url", "hosting_service"], Sense::No(WORK)),
    ("copyright", "link_site", &["infringing_url", "site_name"], Sense::No(WORK)),
    ("copyright", "p2p", &["p2p_protocol"], Sense::No(WORK)),
    ("copyright", "ugc_platform", &["infringing_url", "platform_name"], Sense::No(WORK)),
    ("copyright", "usenet", &["newsgroup"], Sense::No(WORK)),
    ("infrastructure", "botnet", &["compromise_evidence"], Sense::Infected("botnet", Critical)),
    ("infrastructure", "compromised_server", &["compromise_method"],
        Sense::Infected("compromised_server", Critical)),
    ("messaging", "bulk_messaging", &["protocol", "recipient_count"], Sense::No(MESSAGE)),
    ("messaging", "spam", &["protocol"], Sense::No(MESSAGE)),
    ("reputation", "blocklist", &["threat_type"], Sense::No(OPINION)),
    ("reputation", "threat_intelligence", &["threat_type"], Sense::No(OPINION)),
    ("vulnerability", "cve", &["service", "service_port", "cve_id"], Sense::Hole),
    ("vulnerability", "misconfiguration", &["service"], Sense::Misconfigured),
    ("vulnerability", "open_service", &["service"], Sense::OpenService),
];

/// The words of `misconfiguration_type` that speak of a password.
const WEAK: [&str; 6] = [
    "weak_authentication",
    "default_credentials",
    "weak_credentials",
    "default_password",
    "weak_password",
    "no_authentication",
];

/// The meaning of a report of this category and type.
pub(super) fn meaning(report: &Object<'_>) -> Result<Meaning, Fault> {
    let category = report.needs("category")?;
    if !TYPES.iter().any(|(known, ..)| *known == category) {
        return Err(report.fault("category", Reason::UnknownWord));
    }
    let word = report.needs("type")?;
    let found = TYPES.iter().find(|(of, known, ..)| (*of, *known) == (category, word));
    let (_, _, required, sense) = found.ok_or_else(|| report.fault("type", Reason::UnknownWord))?;
    if let Some(missing) = required.iter().find(|key| report.get(key).is_none()) {
        return Err(report.fault(missing, Reason::MissingValue));
    }
    let about = |why| report.fault("type", no_device(why));
    Ok(match sense {
        Sense::No(why) => return Err(about(why)),
        Sense::Infected(kind, severity) => infected(kind, *severity),
        Sense::Flood => {
            let attack = report.text("attack_vector")?.and_then(reflector);
            attack.unwrap_or_else(|| infected("ddos", High))
        }
        Sense::Bot => match report.needs("bot_type")? {
            "malicious" | "unknown" => infected("infected_host", High),
            _ => return Err(about(CRAWLER)),
        },
        Sense::OpenService => service(Weakness::ExposedService, report.needs("service")?),
        Sense::Hole => service(Weakness::VulnerableFirmware, report.needs("service")?),
        Sense::Misconfigured => {
            let how = report.text("misconfiguration_type")?.unwrap_or_default();
            let weak = WEAK.contains(&how);
            let weakness = if weak { Weakness::WeakCredentials } else { Weakness::ExposedService };
            let mut meaning = service(weakness, report.needs("service")?);
            if !weak {
                meaning.severity = Medium;
            }
            meaning
        }
    })
}
