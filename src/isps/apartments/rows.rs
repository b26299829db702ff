//! Rows of the file of buildings (建物台帳の行): what each says, and what is wrong with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use formats::{
    report_back::{Placement, Recipient},
    safe_csv,
};
use ipnet::IpNet;
use serde::Deserialize;

use super::{
    HOUSE,
    buildings::{Building, Part},
};
use crate::{isps::register::RowError, time::Moment};

/// The columns of the file.
pub const COLUMNS: [&str; 10] = [
    "building",
    "name",
    "contract_party",
    "unit",
    "placement",
    "prefix",
    "ports",
    "addressing",
    "valid_from",
    "valid_to",
];

/// A row of the file as it stands there.
#[derive(Debug, Deserialize)]
struct Row {
    building: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    contract_party: String,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    placement: String,
    prefix: String,
    #[serde(default)]
    ports: String,
    addressing: String,
    #[serde(default)]
    valid_from: String,
    #[serde(default)]
    valid_to: String,
}

/// Why a file of buildings is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub enum BuildingsRefused {
    /// No header that names the columns which every row needs.
    #[error(
        "the column `{0}` is missing: the header names building, prefix and addressing at least"
    )]
    MissingColumn(&'static str),
    /// Not even a header can be read.
    #[error("the header is no CSV in UTF-8: {0}")]
    NotATable(csv::Error),
}

/// What a file says: buildings whose rows are all understood, and rows that did not go in.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) buildings: BTreeMap<String, Building>,
    pub(super) errors: Vec<RowError>,
    /// Buildings that stay as they were, since a row of theirs did not go in.
    pub(super) kept: BTreeSet<String>,
}

type Fault = (&'static str, String);

/// Reads a file to its end; parts lie within the `networks` that the provider declared to be those
/// of apartment houses.
pub(super) fn read(
    file: impl Read,
    networks: &[IpNet],
) -> anyhow::Result<Result<Contents, BuildingsRefused>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(fault) if fault.is_io_error() => return Err(fault.into()),
        Err(fault) => return Ok(Err(BuildingsRefused::NotATable(fault))),
    };
    for column in ["building", "prefix", "addressing"] {
        if !headers.iter().any(|header| header.trim_start_matches('\u{feff}') == column) {
            return Ok(Err(BuildingsRefused::MissingColumn(column)));
        }
    }
    let headers: csv::StringRecord =
        headers.iter().map(|header| header.trim_start_matches('\u{feff}')).collect();
    let mut done = Contents::default();
    let mut is_anybodys = false;
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(fault) if fault.is_io_error() => return Err(fault.into()),
            Err(fault) => {
                let line = fault.position().map_or(0, csv::Position::line);
                done.errors.push(RowError { line, column: "row", reason: fault.to_string() });
                is_anybodys = true;
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        // As the file of the register was written.
        let record: csv::StringRecord = record.iter().map(safe_csv::unguard).collect();
        let row: Row = match record.deserialize(Some(&headers)) {
            Ok(row) => row,
            Err(fault) => {
                done.errors.push(RowError { line, column: "row", reason: fault.to_string() });
                is_anybodys = true;
                continue;
            }
        };
        if let Err((column, reason)) = take(&mut done.buildings, &row, networks) {
            done.errors.push(RowError { line, column, reason });
            done.kept.insert(row.building);
        }
    }
    // A row that is not even a row may be anybody's.
    if is_anybodys {
        done.kept.extend(done.buildings.keys().cloned());
    }
    done.buildings.retain(|label, _| !done.kept.contains(label));
    Ok(Ok(done))
}

/// Buildings as a file that is read to the same (建物台帳のCSV), with the mark of UTF-8 that
/// spreadsheets want, and in which no label is a formula.
pub fn csv(buildings: &[Building]) -> anyhow::Result<Vec<u8>> {
    let rows = buildings.iter().flat_map(|one| one.parts.iter().map(move |part| row_of(one, part)));
    Ok(safe_csv::table(&COLUMNS, rows)?)
}

fn row_of(building: &Building, part: &Part) -> [String; 10] {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let ports = part.ports.map(|(first, last)| format!("{first}-{last}"));
    let from = (part.from > Moment(i64::MIN)).then(|| part.from.rfc3339());
    [
        building.label.clone(),
        text(building.name.as_deref()),
        text(building.contract_party.map(Recipient::code)),
        text(part.unit.as_deref()),
        text(part.placement.map(Placement::code)),
        part.prefix.to_string(),
        ports.unwrap_or_default(),
        part.addressing.word().to_owned(),
        from.unwrap_or_default(),
        part.to.map(Moment::rfc3339).unwrap_or_default(),
    ]
}

fn take(
    buildings: &mut BTreeMap<String, Building>,
    row: &Row,
    networks: &[IpNet],
) -> Result<(), Fault> {
    if row.building.is_empty() || row.building.len() > 100 {
        return Err(("building", "a building needs a label of at most 100 bytes".into()));
    }
    let part = part(row, networks)?;
    let others = buildings.values().flat_map(|one| one.parts.iter().map(move |part| (one, part)));
    if let Some((building, clash)) = others.into_iter().find(|(_, other)| part.clashes(other)) {
        let whose = clash.unit.as_deref().unwrap_or("the building as a whole");
        let reason = format!("these are the addresses of {whose} in {}", building.label);
        return Err(("prefix", reason));
    }
    let building = buildings.entry(row.building.clone()).or_insert_with(|| Building {
        label: row.building.clone(),
        name: None,
        contract_party: None,
        parts: Vec::new(),
    });
    said_once("name", &mut building.name, filled(&row.name).map(str::to_owned))?;
    said_once("contract_party", &mut building.contract_party, contract_party(row)?)?;
    building.parts.push(part);
    Ok(())
}

/// Takes what a row says of its building, which others have said alike or not at all.
fn said_once<T: PartialEq>(
    column: &'static str,
    known: &mut Option<T>,
    said: Option<T>,
) -> Result<(), Fault> {
    match (&known, said) {
        (Some(old), Some(new)) if *old != new => {
            Err((column, "another row of the building says otherwise".into()))
        }
        (None, new @ Some(_)) => {
            *known = new;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn filled(cell: &str) -> Option<&str> {
    (!cell.is_empty()).then_some(cell)
}

fn contract_party(row: &Row) -> Result<Option<Recipient>, Fault> {
    let Some(word) = filled(&row.contract_party) else { return Ok(None) };
    let known = HOUSE.into_iter().find(|one| one.code() == word);
    let reason = || format!("`{word}` is none of owner, management_company, association");
    known.map(Some).ok_or_else(|| ("contract_party", reason()))
}

fn part(row: &Row, networks: &[IpNet]) -> Result<Part, Fault> {
    let prefix: IpNet =
        row.prefix.parse().map_err(|_| ("prefix", format!("`{}` is no prefix", row.prefix)))?;
    if prefix.trunc() != prefix {
        let reason = format!("`{prefix}` has bits beyond its length");
        return Err(("prefix", reason));
    }
    if !networks.iter().any(|network| network.contains(&prefix)) {
        let reason = "it lies in no network that the provider declared to be of kind apartment";
        return Err(("prefix", reason.into()));
    }
    let addressing: super::buildings::Addressing =
        row.addressing.parse().map_err(|e| ("addressing", format!("{e}")))?;
    if !addressing.fits(&prefix) {
        let reason = format!("{addressing} addresses do not come out of {prefix}");
        return Err(("addressing", reason));
    }
    let placement = match filled(&row.placement) {
        None => None,
        Some("shared") => Some(Placement::Shared),
        Some("private") => Some(Placement::Private),
        Some(word) => return Err(("placement", format!("`{word}` is neither shared nor private"))),
    };
    let ports = filled(&row.ports).map(ports).transpose()?;
    let day = |column, cell: &str| {
        let at = filled(cell).map(Moment::parse_day).transpose();
        at.map_err(|e| (column, e.to_string()))
    };
    let from = day("valid_from", &row.valid_from)?.unwrap_or(Moment(i64::MIN));
    let to = day("valid_to", &row.valid_to)?;
    if to.is_some_and(|to| to <= from) {
        return Err(("valid_to", "it must lie after valid_from".into()));
    }
    let unit = filled(&row.unit).map(str::to_owned);
    Ok(Part { unit, placement, prefix, ports, addressing, from, to })
}

/// `1024-2047`.
fn ports(text: &str) -> Result<(u16, u16), Fault> {
    let range = text.split_once('-');
    let range = range.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    let range = range.filter(|(first, last): &(u16, u16)| first <= last);
    range.ok_or_else(|| ("ports", format!("`{text}` is no range such as 1024-2047")))
}
