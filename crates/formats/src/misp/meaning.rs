//! What the tags of an event say is wrong with the device at an address.
//!
//! The reference security incident taxonomy (`rsit:`) says it outright; a malware family alone
//! makes the *source* of traffic an infected device.

use crate::{Exposure, Kind, Severity, Weakness};
use Severity::{Critical, High, Medium};
use Weakness::{Amplifier, ExposedService, Infected, VulnerableFirmware};

/// Which end of the traffic is the device.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Source,
    Target,
}

/// What is wrong, and which family of malware it is.
pub(super) struct Meaning {
    pub(super) exposure: Exposure,
    pub(super) severity: Severity,
    pub(super) family: Option<String>,
    /// A scan lists what it has reached as `ip-dst`; an attacker is an `ip-src`.
    pub(super) end: End,
}

/// Words of `rsit:` about a device: taxonomy and type, weakness, kind, how grave, which end.
#[rustfmt::skip]
const RSIT: &[(&str, Weakness, &str, Severity, End)] = &[
    ("malicious-code=infected-system", Infected, "malware", Critical, End::Source),
    ("intrusion-attempts=brute-force", Infected, "brute_force", Critical, End::Source),
    ("intrusion-attempts=exploit", Infected, "exploit", High, End::Source),
    ("intrusion-attempts=ids-alert", Infected, "exploit", High, End::Source),
    ("information-gathering=scanner", Infected, "port_scan", High, End::Source),
    ("availability=ddos", Infected, "ddos", High, End::Source),
    ("vulnerable=ddos-amplifier", Amplifier, "unknown", Medium, End::Target),
    ("vulnerable=potentially-unwanted-accessible", ExposedService, "unknown", Medium,
        End::Target),
    ("vulnerable=vulnerable-system", VulnerableFirmware, "unknown", High, End::Target),
    ("vulnerable=weak-crypto", VulnerableFirmware, "weak_crypto", Medium, End::Target),
];

/// Galaxies whose members are malware.
const FAMILIES: [&str; 11] = [
    "backdoor",
    "banker",
    "botnet",
    "cryptominers",
    "malpedia",
    "mitre-malware",
    "ransomware",
    "rat",
    "stealer",
    "tool",
    "android",
];

/// Reads the tags; `service` names the service where the object around the address does.
pub(super) fn of<'a>(
    tags: impl Iterator<Item = &'a str>,
    service: Option<&str>,
) -> Option<Meaning> {
    let (mut said, mut family) = (None, None);
    for tag in tags {
        let Some((space, rest)) = tag.split_once(':') else { continue };
        if space == "rsit" {
            let word = rest.replace('"', "");
            said = said.or(RSIT.iter().find(|(known, ..)| *known == word));
        } else if space == "misp-galaxy" {
            family = family.or(member(rest));
        }
    }
    if let Some((_, weakness, kind, severity, end)) = said {
        let kind = if *kind == "unknown" { service.unwrap_or(kind) } else { kind };
        let exposure = Exposure { weakness: *weakness, kind: Kind::bent(kind) };
        return Some(Meaning { exposure, severity: *severity, family, end: *end });
    }
    let exposure = Exposure { weakness: Infected, kind: Kind::bent("malware") };
    family.is_some().then_some(Meaning { exposure, severity: Critical, family, end: End::Source })
}

/// The member of a galaxy of malware: `botnet="Mirai"`, without the number MITRE adds.
fn member(tag: &str) -> Option<String> {
    let (galaxy, name) = tag.split_once('=')?;
    let name = name.trim_matches('"');
    let name = name.split_once(" - S").map_or(name, |(name, _)| name);
    FAMILIES.contains(&galaxy).then(|| name.to_owned())
}
