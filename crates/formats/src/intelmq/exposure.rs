//! What an event says is wrong: the same exposure that our reader of Shadowserver reports gives.

use super::names::{plain, report, report_of_file};
use crate::draft::Fault;
use crate::json_rows::Fields;
use crate::shadowserver::ReportType;
use crate::{Exposure, Kind, Reason, Weakness};
use Weakness::{Amplifier, ExposedService, Infected, VulnerableFirmware, WeakCredentials};

/// What an event says is wrong, and the type of report that decided it, where one did.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) exposure: Exposure,
    pub(super) report: Option<ReportType>,
}

/// What `classification.type` says of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Somebody else's program runs on it.
    Infected,
    /// It stands open, or has a hole: `VulnerableFirmware`, `ExposedService` or `Amplifier` unless
    /// the identifier knows better.
    Open(Weakness),
    /// The type alone says nothing; the feed or the identifier may.
    Unsaid,
    /// Only the feed may say that it tells of a device.
    Foreign,
}

/// Identifiers that speak of a password that is known.
const WEAK: [&str; 5] = ["weak_pass", "weak_cred", "default_pass", "default_cred", "weak_login"];

/// Beginnings of an identifier before the service it names.
const FRONTS: [&str; 4] = ["open_", "accessible_", "exposed_", "vulnerable_"];

/// Reads what is wrong. Neither `classification.*` nor `feed.*` nor `protocol.application` is taken
/// out: they stay readable in `extra`.
pub(super) fn of(fields: &Fields) -> Result<Told, Fault> {
    let word = fields.get("classification.type").unwrap_or_default();
    let word = word.trim().to_lowercase().replace([' ', '_'], "-");
    let refused = |reason| Err(("classification.type".to_owned(), reason));
    let class = match word.as_str() {
        "test" => return refused(Reason::NotAboutDevice("it is a test")),
        "" => return refused(Reason::MissingValue),
        word => class(word),
    };
    let own = fields.get("extra.exposure").and_then(|own| own.parse().ok());
    if let (Class::Infected | Class::Open(_), Some(exposure)) = (class, own) {
        return Ok(Told { exposure, report: None });
    }
    let identifier = plain(fields.get("classification.identifier").unwrap_or_default());
    let application = plain(fields.get("protocol.application").unwrap_or_default());
    if WEAK.iter().any(|weak| identifier.contains(weak)) && class != Class::Infected {
        let kind = if application.is_empty() { "login" } else { &application };
        let exposure = Exposure { weakness: WeakCredentials, kind: Kind::bent(kind) };
        return Ok(Told { exposure, report: None });
    }
    if let Some(report) = listed(fields, class, &identifier, &application) {
        return Ok(Told { exposure: report.exposure.clone(), report: Some(report) });
    }
    let (weakness, kind) = match class {
        // An identifier names the family here, which is no kind.
        Class::Infected => (Infected, plain(&word)),
        Class::Open(weakness) => open(weakness, &identifier, &application, fields),
        Class::Unsaid | Class::Foreign => {
            return refused(Reason::NotAboutDevice("neither its type nor its feed names one"));
        }
    };
    let kind = Kind::bent(if kind.is_empty() { &word } else { &kind });
    Ok(Told { exposure: Exposure { weakness, kind }, report: None })
}

fn class(word: &str) -> Class {
    match word {
        "infected-system" | "botnet-drone" | "brute-force" | "scanner" | "system-compromise"
        | "compromised" => Class::Infected,
        "vulnerable-system" | "vulnerable-service" | "weak-crypto" => {
            Class::Open(VulnerableFirmware)
        }
        "potentially-unwanted-accessible" | "misconfiguration" => Class::Open(ExposedService),
        "ddos-amplifier" => Class::Open(Amplifier),
        "other" | "undetermined" | "unknown" => Class::Unsaid,
        _ => Class::Foreign,
    }
}

/// The type of report an event stems from, by what its sender says of it, the surest first.
fn listed(
    fields: &Fields,
    class: Class,
    identifier: &str,
    application: &str,
) -> Option<ReportType> {
    let transport = fields.get("protocol.transport");
    let named = |name: &str| report(name, transport);
    let file = fields.get("extra.file_name").and_then(report_of_file);
    let feed = |key| fields.get(key).and_then(named);
    let service = FRONTS.iter().any(|front| identifier.starts_with(front));
    let fits = |report: &ReportType| class != Class::Infected || is_infected(report);
    let by_feed = || feed("feed.code").or_else(|| feed("feed.name")).filter(fits);
    if let Some(report) = file.filter(fits) {
        return Some(report);
    }
    match class {
        // An attack over SSH is no open SSH: the feed decides, never the protocol.
        Class::Infected => by_feed(),
        Class::Foreign => by_feed().filter(is_infected),
        Class::Open(_) | Class::Unsaid => {
            let by_identifier = || named(identifier).filter(|_| !identifier.is_empty());
            let first = if service { by_identifier() } else { None };
            let found = first.or_else(by_feed).or_else(by_identifier);
            let amplifies = class == Class::Open(Amplifier);
            let is_said = matches!(class, Class::Open(_)) && !application.is_empty();
            let by_application = || named(application).filter(|_| is_said && identifier.is_empty());
            let found = found.or_else(by_application);
            found.filter(|report| !amplifies || report.exposure.weakness == Amplifier)
        }
    }
}

fn is_infected(report: &ReportType) -> bool {
    // The target of a flood stands among the infected types as well: the source is the device.
    report.exposure.weakness == Infected
}

/// The exposure of a service no table lists.
fn open(
    weakness: Weakness,
    identifier: &str,
    application: &str,
    fields: &Fields,
) -> (Weakness, String) {
    let front = FRONTS.iter().find_map(|front| identifier.strip_prefix(front).map(|r| (front, r)));
    let has_hole = identifier.contains("cve_") || fields.get("product.vulnerabilities").is_some();
    let weakness = match front {
        _ if weakness == Amplifier => weakness,
        _ if has_hole => VulnerableFirmware,
        Some((&"vulnerable_", _)) => VulnerableFirmware,
        Some(_) => ExposedService,
        None => weakness,
    };
    let kind = match front {
        Some((_, service)) => service,
        None if identifier.is_empty() => application,
        None => identifier,
    };
    (weakness, kind.to_owned())
}
