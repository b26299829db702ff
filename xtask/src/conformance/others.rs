//! Samples of the other formats: IntelMQ's events and generic CSV, n6's records, XARF, STIX, MISP,
//! and reports by mail.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use anyhow::Result;
use formats::mapped_csv::{self, Columns, Mapping};
use formats::{
    Detection, FileRefused, Reading, Rows, intelmq, misp, n6, shadowserver, stamp, stix,
};
use formats::{unfold, unpack, xarf};
use serde_json::Value;

use super::Outcome;
use super::intelmq::compare;
use super::samples::{NOW, detections, files, json, name_of, report, text};

/// A reader of whole files.
type Open = fn(Cursor<Vec<u8>>, Reading) -> Result<Rows, FileRefused>;

/// All of them.
pub(super) fn all(shared: &Path) -> Result<Vec<Outcome>> {
    let mut outcomes = intelmq_events(shared)?;
    outcomes.extend(generic_csv(shared)?);
    outcomes.extend(n6_records(shared)?);
    outcomes.extend(xarf_reports(shared)?);
    let folders: [(&str, &str, Open); 3] = [
        ("stix", "stix-taxii/stix2-json-schemas/examples", stix::open),
        ("misp", "misp/mispevent_testfiles", misp::open),
        ("misp", "misp/reportlab_testfiles", misp::open),
    ];
    for (peer, folder, open) in folders {
        for path in files(&shared.join(folder), &["json"])? {
            outcomes.push(counted(format!("{peer}/{}", name_of(&path)), fs::read(&path)?, open));
        }
    }
    outcomes.extend(mails(shared)?);
    Ok(outcomes)
}

/// How many rows a file has, and how many of them are refused; all of it where the file is.
fn counted(name: String, bytes: Vec<u8>, open: Open) -> Outcome {
    let mut outcome = Outcome::of(name);
    let rows = read(bytes, open).unwrap_or_else(|_| vec![None]);
    outcome.rows = rows.len();
    outcome.refused = rows.iter().filter(|row| row.is_none()).count();
    outcome
}

fn read(bytes: Vec<u8>, open: Open) -> Result<Vec<Option<Detection>>> {
    detections(open(Cursor::new(bytes), Reading::at(NOW))?)
}

/// The events that IntelMQ's tests expect of its other feeds, given to our reader of events.
fn intelmq_events(shared: &Path) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for path in files(&shared.join("intelmq-other-feeds"), &["json"])? {
        let mut outcome = Outcome::of(format!("intelmq-events/{}", name_of(&path)));
        let bundle = json(&path)?;
        for (row, event) in (1..).zip(bundle["expected"].as_object().into_iter().flatten()) {
            outcome.rows += 1;
            match read(event.1.to_string().into_bytes(), intelmq::open)?.first() {
                Some(Some(ours)) => compare(&mut outcome, row, event.1, ours),
                _ => outcome.refused += 1,
            }
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// The generic CSV samples whose rows have an address and a time.
fn generic_csv(shared: &Path) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for (name, time_format) in
        [("csv4", None), ("csv_extra_regex", None), ("csv_invalid_values", Some(APACHE))]
    {
        let file = format!("generic__test_parser_{name}.json");
        let bundle = json(&shared.join("intelmq-other-feeds").join(&file))?;
        let mut mapping = translated(&bundle["parameters"]);
        mapping.time_format = time_format.map(str::to_owned).or(mapping.time_format);
        let text = bundle["inputs"][0]["text"].as_str().unwrap_or_default().to_owned();
        let rows = mapped_csv::open(&mapping, Cursor::new(text), Reading::at(NOW))?;
        let rows = detections(rows)?;
        let mut outcome = Outcome::of(format!("generic-csv/{file}"));
        outcome.rows = rows.len();
        outcome.refused = rows.iter().filter(|row| row.is_none()).count();
        let events = bundle["expected"].as_object().into_iter().flatten();
        for (row, ((_, event), ours)) in (1..).zip(events.zip(rows.iter().flatten())) {
            compare(&mut outcome, row, event, ours);
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// The times of Apache's log, which IntelMQ guesses and a mapping has to state.
const APACHE: &str = "%d/%b/%Y:%H:%M:%S %z";

/// The parameters of IntelMQ's generic parser as a mapping of ours.
fn translated(parameters: &Value) -> Mapping {
    let ours = |name: &str| match name {
        "time.source" => "detected_at".to_owned(),
        "source.ip" => "ip".to_owned(),
        "source.port" => "port".to_owned(),
        "source.asn" => "asn".to_owned(),
        "source.fqdn" => "hostname".to_owned(),
        "destination.ip" => "peer_ip".to_owned(),
        "destination.port" => "peer_port".to_owned(),
        "malware.name" => "malware_family".to_owned(),
        "__IGNORE__" => name.to_owned(),
        other => format!("extra.{}", other.strip_prefix("extra.").unwrap_or(other)),
    };
    let names = parameters["columns"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut mapping = Mapping::of(Columns::ByPosition(names.map(ours).collect()));
    parameters["delimiter"].as_str().unwrap_or(",").clone_into(&mut mapping.delimiter);
    mapping.skip_header = parameters["skip_header"].as_bool().unwrap_or(false);
    mapping.time_format = text(parameters, "time_format");
    mapping.zone = Some("UTC".to_owned());
    for (name, pattern) in parameters["column_regex_search"].as_object().into_iter().flatten() {
        let pattern = pattern.as_str().unwrap_or_default().to_owned();
        mapping.column_regex_search.insert(ours(name), pattern);
    }
    mapping.constants.insert("exposure".to_owned(), "infected/feed".to_owned());
    mapping
}

/// What n6's own records look like to our reader of them, against the reports they were made of.
fn n6_records(shared: &Path) -> Result<Vec<Outcome>> {
    let folder = shared.join("shadowserver-n6");
    let mut outcomes = Vec::new();
    for path in files(&folder.join("expected"), &["json"])? {
        let expected = json(&path)?;
        let Some(events) = expected["events"].as_array() else { continue };
        let mut outcome = Outcome::of(format!("n6-records/{}", name_of(&path)));
        let name = name_of(&path).replace(".json", ".csv");
        let reported = report(&folder.join("csv").join(name))?;
        for (row, event) in (1..).zip(events) {
            outcome.rows += 1;
            let mut record = expected["constant_items"].clone();
            if let (Some(record), Some(event)) = (record.as_object_mut(), event.as_object()) {
                record.extend(event.clone());
                for (key, value) in [("id", "1"), ("source", "a.b"), ("modified", "2026-01-01")] {
                    record.entry(key).or_insert(Value::from(value));
                }
            }
            match read(record.to_string().into_bytes(), n6::open)?.first() {
                Some(Some(ours)) => same_place(&mut outcome, row, ours, &reported),
                _ => outcome.refused += 1,
            }
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn same_place(outcome: &mut Outcome, row: usize, ours: &Detection, rows: &[Option<Detection>]) {
    let ip = ours.ip.to_string();
    let Some(reported) = rows.iter().flatten().find(|one| one.ip == ours.ip) else {
        return outcome.compare("address", row, "", &ip);
    };
    outcome.compare("address", row, &ip, &ip);
    let port = |one: &Detection| one.port.map_or_else(String::new, |port| port.to_string());
    outcome.compare("port", row, &port(reported), &port(ours));
    let time = |one: &Detection| stamp::utc(one.detected_at);
    outcome.compare("time", row, &time(reported), &time(ours));
}

/// Reports of XARF 4 and before; what a report asserts by name is compared. Those that must be
/// refused are.
fn xarf_reports(shared: &Path) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for folder in
        ["xarf/spec/samples", "xarf/abusix/samples/positive", "xarf/abusix/samples/negative"]
    {
        for path in files(&shared.join(folder), &["json"])? {
            let mut outcome =
                counted(format!("xarf/{}", name_of(&path)), fs::read(&path)?, xarf::open);
            if folder.ends_with("negative") {
                let ours = if outcome.refused == outcome.rows { "refused" } else { "read" };
                outcome.compare("file", 0, "refused", ours);
            }
            let sample = json(&path)?;
            if let Some(Some(ours)) =
                read(fs::read(&path)?, xarf::open).ok().and_then(|mut rows| rows.pop())
            {
                asserted(&mut outcome, &sample, &ours);
            }
            outcomes.push(outcome);
        }
    }
    Ok(outcomes)
}

fn asserted(outcome: &mut Outcome, sample: &Value, ours: &Detection) {
    if let Some(theirs) = text(sample, "source_identifier") {
        outcome.compare("address", 1, &theirs, &ours.ip.to_string());
    }
    if let Some(theirs) = text(sample, "timestamp").and_then(|at| stamp::parse(&at, Some(0)).ok()) {
        outcome.compare("time", 1, &stamp::utc(theirs), &stamp::utc(ours.detected_at));
    }
}

/// Reports by mail: the files that a mail carries, each read as what its folder holds.
fn mails(shared: &Path) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for path in files(&shared.join("abuse-mail-abuseio"), &["eml"])? {
        let mut outcome = Outcome::of(format!("mail/{}", name_of(&path)));
        let parts = unfold::unfold(&name_of(&path), &path, unpack::Limits::UPLOAD);
        for part in parts.unwrap_or_default() {
            let opened = match part.open() {
                Ok(plain) if path.parent().is_some_and(|at| at.ends_with("shadowserver")) => {
                    shadowserver::open(&part.name, None, plain, Reading::at(NOW))
                }
                Ok(plain) => xarf::open(plain, Reading::at(NOW)),
                Err(why) => Err(why),
            };
            let rows = opened.map_err(anyhow::Error::from).and_then(detections);
            let rows = rows.unwrap_or_else(|_| vec![None]);
            outcome.rows += rows.len();
            outcome.refused += rows.iter().filter(|row| row.is_none()).count();
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}
