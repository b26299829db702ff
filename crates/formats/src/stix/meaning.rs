//! What a sighting says is wrong with the device: by the object that was sighted, or that is
//! related to what was observed.

use serde_json::Value;

use super::bundle::{Bundle, is_revoked, text};
use crate::json_value::cves;
use crate::{Exposure, Kind, Severity, Weakness};

/// What is wrong, and which malware or vulnerability it is.
pub(super) struct Meaning {
    pub(super) exposure: Exposure,
    pub(super) severity: Severity,
    pub(super) family: Option<String>,
    pub(super) cve: Option<String>,
}

/// Ways of being related that say what is wrong with an end. A command server, too, is related to
/// malware (`communicates-with`, `beacons-to`, `controls`), but by other words.
const TELLING: [&str; 5] = ["consists-of", "has", "indicates", "infected-by", "related-to"];

/// The meaning of an object, if it says what is wrong; an indicator and other objects mean what
/// they are related to.
pub(super) fn of(bundle: &Bundle, object: &Value) -> Option<Meaning> {
    own(object).or_else(|| {
        let related = bundle.related(text(object, "id")?);
        related.filter(|(how, _)| TELLING.contains(how)).find_map(|(_, other)| own(other))
    })
}

fn own(object: &Value) -> Option<Meaning> {
    let name = text(object, "name");
    if is_revoked(object) {
        return None;
    }
    match text(object, "type")? {
        "malware" => {
            let family = name.map(str::to_owned);
            Some(Meaning { family, ..plain(Weakness::Infected, "malware", Severity::Critical) })
        }
        "infrastructure" => {
            let types = object.get("infrastructure_types").and_then(Value::as_array);
            let mut types = types.into_iter().flatten().filter_map(Value::as_str);
            types
                .any(|kind| kind == "botnet")
                .then(|| plain(Weakness::Infected, "botnet", Severity::Critical))
        }
        "vulnerability" => Some(vulnerability(object, name?)),
        _ => None,
    }
}

/// A vulnerability by its CVE number, or by an exposure in our own words (`weak_credentials/ssh`).
fn vulnerability(object: &Value, name: &str) -> Meaning {
    if let Ok(exposure) = name.parse::<Exposure>() {
        return plain(exposure.weakness, exposure.kind.as_str(), Severity::Unknown);
    }
    let references = object.get("external_references").and_then(Value::as_array);
    let named = references.into_iter().flatten().filter_map(|r| text(r, "external_id"));
    let cve = named.chain([name]).find_map(|id| cves(std::iter::once(id)));
    let kind = cve.as_deref().unwrap_or(name).to_owned();
    let meaning = plain(Weakness::VulnerableFirmware, &kind, Severity::High);
    Meaning { cve, ..meaning }
}

fn plain(weakness: Weakness, kind: &str, severity: Severity) -> Meaning {
    let exposure = Exposure { weakness, kind: Kind::bent(kind) };
    Meaning { exposure, severity, family: None, cve: None }
}
