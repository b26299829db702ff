//! What an event says is wrong, by its category, its name and its origin.

use crate::draft::Fault;
use crate::json_rows::Fields;
use crate::shadowserver::ReportType;
use crate::{Exposure, Kind, Reason, Weakness};
use Weakness::{Amplifier, ExposedService, Infected, VulnerableFirmware};

/// Which side of a connection the device is on, and so which port is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// It answers: `dport` is its port.
    Serves,
    /// It calls: `sport` is its port, `dip` and `dport` are the other side.
    Calls,
}

/// What an event says is wrong.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) exposure: Exposure,
    pub(super) side: Side,
    /// The Shadowserver report that tells of the same, where one does.
    pub(super) report: Option<ReportType>,
}

/// Reads what is wrong; `category` stays readable in `extra`.
pub(super) fn of(fields: &Fields) -> Result<Told, Fault> {
    let told = by_category(fields)?;
    // An exposure in our own words is taken at its word.
    Ok(match fields.get("exposure").and_then(|own| own.parse().ok()) {
        Some(exposure) => Told { exposure, report: None, ..told },
        None => told,
    })
}

fn by_category(fields: &Fields) -> Result<Told, Fault> {
    let refused = |reason| Err(("category".to_owned(), reason));
    let Some(category) = fields.get("category") else { return refused(Reason::MissingValue) };
    let name = fields.get("name").unwrap_or_default();
    let infected = |kind: &str| Told {
        exposure: Exposure { weakness: Infected, kind: Kind::bent(kind) },
        side: Side::Calls,
        report: None,
    };
    Ok(match category {
        "bots" if let Some(report) = fed(fields, &is_infected) => {
            let exposure = report.exposure.clone();
            Told { exposure, side: Side::Calls, report: Some(report) }
        }
        "bots" => match fields.get("origin") {
            Some(origin @ ("sinkhole" | "darknet")) => infected(origin),
            Some(origin) => infected(&format!("bots_{origin}")),
            None => infected("bots"),
        },
        "scanning" => infected("scanner"),
        "server-exploit" => infected("server_exploit"),
        "backdoor" => Told { side: Side::Serves, ..infected("backdoor") },
        "vulnerable" => open(VulnerableFirmware, name, fields),
        "exposed" => open(ExposedService, name, fields),
        "amplifier" => open(Amplifier, name, fields),
        _ => {
            return refused(Reason::NotAboutDevice("its category is not about one"));
        }
    })
}

/// What stands open. The name is the service where a table of ours lists it, and then the exposure
/// is the one our reader of Shadowserver reports gives: n6 calls an open Telnet `vulnerable`.
fn open(weakness: Weakness, name: &str, fields: &Fields) -> Told {
    let first = name.split([',', ';']).next().unwrap_or_default().trim();
    let fits = |report: &ReportType| {
        !is_infected(report) && (weakness != Amplifier || report.exposure.weakness == Amplifier)
    };
    let is_cve = first.to_ascii_lowercase().starts_with("cve-");
    let report = if is_cve { None } else { fed(fields, &fits).or_else(|| listed(first, &fits)) };
    let unlisted = || {
        let kind = Kind::bent(if first.is_empty() { "unnamed" } else { first });
        Exposure { weakness, kind }
    };
    let exposure = report.as_ref().map_or_else(unlisted, |report| report.exposure.clone());
    Told { exposure, side: Side::Serves, report }
}

/// The listed type of report of that name.
fn listed(name: &str, fits: &dyn Fn(&ReportType) -> bool) -> Option<ReportType> {
    ReportType::named(name).filter(|report| report.listed && fits(report))
}

/// The type of report an event stems from: n6 names it in `source`, unless that is masked.
fn fed(fields: &Fields, fits: &dyn Fn(&ReportType) -> bool) -> Option<ReportType> {
    listed(fields.get("source")?.strip_prefix("shadowserver.")?, fits)
}

fn is_infected(report: &ReportType) -> bool {
    report.exposure.weakness == Infected
}
