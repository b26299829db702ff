//! 報告種別: the types of Shadowserver report and what each says of a device.
//!
//! The table says it; a type without a line there is read by the beginning of its name.

use super::table::{ALIASES, Line, TYPES};
use crate::{Exposure, Kind, Proto, Severity, Weakness};
use Weakness::{ExposedService, Infected, VulnerableFirmware};

/// 報告種別: one type of Shadowserver report, and what its rows mean.
#[doc(alias = "報告種別")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportType {
    /// Today's name of the type: `scan_telnet`. IPv6 twins bear the name of the IPv4 type.
    pub name: String,
    /// What a row of this type says is wrong.
    pub exposure: Exposure,
    /// The severity of a row that names none.
    pub severity: Severity,
    /// The transport protocol of a row that names none.
    pub proto: Proto,
    /// Whether the type has a line in the table, or only the beginning of its name spoke.
    pub listed: bool,
}

/// Beginnings and endings older names were decorated with.
const FRONTS: [&str; 5] = ["accessible_", "open_", "vulnerable_", "scan_", ""];
const BACKS: [&str; 6] = ["_scan", "_servers", "_server", "_report", "_service", ""];

impl ReportType {
    /// The type of a name, living or dead: `scan_telnet`, `scan6_telnet`, `drone`, `snmp`,
    /// `accessible_vnc`, `Ssl-Freak-Scan`.
    ///
    /// A name no table holds is still understood where its beginning speaks: `scan_`, `event4_`,
    /// `population_` and so on. `None` for every other name.
    pub fn named(name: &str) -> Option<Self> {
        let name = plain(name);
        listed(&name).map(Self::of_line).or_else(|| Self::spoken(&name))
    }

    /// The type of a name that stands in one of the tables.
    pub(super) fn known(name: &str) -> Option<Self> {
        listed(&plain(name)).map(Self::of_line)
    }

    fn of_line((name, weakness, kind, severity, proto): Line) -> Self {
        let exposure = Exposure { weakness, kind: Kind::bent(kind) };
        Self { name: name.to_owned(), exposure, severity, proto, listed: true }
    }

    /// What the beginning of an unlisted name says.
    fn spoken(name: &str) -> Option<Self> {
        let (weakness, kind) = if let Some(kind) = name.strip_prefix("scan_") {
            match kind.strip_suffix("_vulnerable") {
                Some(kind) => (VulnerableFirmware, kind),
                None if kind.contains("cve") => (VulnerableFirmware, kind),
                None if kind.contains("compromised") => (Infected, kind),
                None => (ExposedService, kind),
            }
        } else if let Some(kind) = name.strip_prefix("event4_") {
            (Infected, kind.strip_prefix("honeypot_").unwrap_or(kind))
        } else if let Some(kind) = name.strip_prefix("population_") {
            (ExposedService, kind)
        } else if name.starts_with("device_id") {
            (ExposedService, "device_id")
        } else if name.starts_with("special") {
            (VulnerableFirmware, "special")
        } else if INFECTED_FRONTS.iter().any(|front| name.starts_with(front)) {
            (Infected, name)
        } else {
            return None;
        };
        let exposure = Exposure { weakness, kind: Kind::bent(kind) };
        let severity = Severity::Unknown;
        Some(Self { name: name.to_owned(), exposure, severity, proto: Proto::Other, listed: false })
    }
}

/// Beginnings of unlisted names that speak of malware.
const INFECTED_FRONTS: [&str; 9] = [
    "botnet",
    "compromised",
    "drone",
    "honeypot",
    "hp_",
    "malware",
    "ransomware",
    "sandbox",
    "sinkhole",
];

/// Lower case, `_` between words, the IPv6 twin under the name of the IPv4 type.
fn plain(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase().replace(['-', ' '], "_");
    let name = name.strip_suffix("_reconstructed").unwrap_or(&name);
    if let Some(rest) = name.strip_prefix("scan6_") {
        return format!("scan_{rest}");
    }
    if let Some(rest) = name.strip_prefix("event6_").or_else(|| name.strip_prefix("event46_")) {
        return format!("event4_{rest}");
    }
    match name {
        "device_id6" => "device_id".to_owned(),
        "compromised_iot6" => "compromised_iot".to_owned(),
        _ => name.to_owned(),
    }
}

fn listed(name: &str) -> Option<Line> {
    let line = |name: &str| TYPES.iter().find(|line| line.0 == name).copied();
    if let Some(line) = line(name) {
        return Some(line);
    }
    if let Some((_, today)) = ALIASES.iter().find(|(dead, _)| *dead == name) {
        return line(today);
    }
    for front in FRONTS {
        for back in BACKS {
            let Some(core) = name.strip_prefix(front) else { continue };
            let Some(core) = core.strip_suffix(back) else { continue };
            if let Some(line) = line(&format!("scan_{core}")) {
                return Some(line);
            }
            if core != name
                && let Some(line) = line(core)
            {
                return Some(line);
            }
        }
    }
    None
}
