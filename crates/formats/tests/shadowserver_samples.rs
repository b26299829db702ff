//! Conformance: every sample of the three Shadowserver folders beside the repository, and what
//! IntelMQ and n6 make of the same rows. Skipped where the folders are not there.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../../../tests/support/data_folder.rs"]
mod data_folder;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use formats::{Detection, FileRefused, Reading, Row, Rows, shadowserver, stamp};
use serde_json::Value;

use data_folder::data_folder;

/// 2026-12-01T00:00:00Z in microseconds.
const NOW: i64 = 1_796_083_200_000_000;

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == ending));
    files.sort();
    files
}

fn open(path: &Path) -> Result<Rows, FileRefused> {
    let name = path.file_name().unwrap().to_str().unwrap();
    shadowserver::open(name, None, File::open(path).unwrap(), Reading::at(NOW))
}

/// Data rows by another reader.
fn counted(path: &Path) -> usize {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).unwrap();
    reader.byte_records().map(Result::unwrap).count()
}

#[derive(Default)]
struct Tally {
    files: usize,
    refused_files: usize,
    rows: usize,
    detections: usize,
    unlisted: Vec<String>,
    reasons: BTreeMap<&'static str, usize>,
    notes: BTreeMap<&'static str, usize>,
}

fn tally(folder: &Path) -> Tally {
    let mut tally = Tally::default();
    for path in files(&folder.join("csv"), "csv") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let rows = counted(&path);
        tally.files += 1;
        let opened = match open(&path) {
            Ok(opened) => opened,
            Err(refused) => {
                println!("  {name}: refused as a whole: {refused}");
                tally.refused_files += 1;
                continue;
            }
        };
        if !shadowserver::report_type(name).unwrap().listed {
            tally.unlisted.push(name.to_owned());
        }
        let mut seen = 0;
        for row in opened {
            seen += 1;
            match row.unwrap() {
                Row::Detection(detection) => {
                    tally.detections += 1;
                    for word in detection.detail.notes.words() {
                        *tally.notes.entry(word).or_default() += 1;
                    }
                }
                Row::Refused(refused) => {
                    println!("  {name}: {refused}");
                    assert!(!refused.bytes.is_empty() && refused.line > 1);
                    *tally.reasons.entry(refused.reason.code()).or_default() += 1;
                }
            }
        }
        assert_eq!(seen, rows, "{name} loses or invents rows");
        tally.rows += rows;
    }
    tally
}

fn report(name: &str, tally: &Tally) {
    let Tally { files, refused_files, rows, detections, reasons, notes, unlisted } = tally;
    println!(
        "{name}: {files} files ({refused_files} refused whole), {rows} rows, {detections} \
         detections, refused {reasons:?}, notes {notes:?}, unlisted types {unlisted:?}"
    );
    assert_eq!(detections + reasons.values().sum::<usize>(), *rows);
}

#[test]
fn every_row_of_every_intelmq_sample_is_a_detection_or_in_quarantine() {
    let Some(folder) = data_folder("shadowserver-intelmq") else { return };
    let tally = tally(&folder);
    report("intelmq", &tally);
    assert_eq!((tally.files, tally.refused_files), (38, 0));
    assert!(tally.reasons.is_empty());
}

#[test]
fn every_row_of_every_legacy_sample_is_a_detection_or_in_quarantine() {
    let Some(folder) = data_folder("shadowserver-intelmq-legacy") else { return };
    let tally = tally(&folder);
    report("legacy", &tally);
    assert_eq!((tally.files, tally.refused_files), (47, 0));
    let expected = BTreeMap::from([("bad_address", 1), ("too_many_cells", 1)]);
    assert_eq!(tally.reasons, expected);
    assert_eq!(tally.notes["short_row"], 29);
}

#[test]
fn every_row_of_every_n6_sample_is_a_detection_or_in_quarantine() {
    let Some(folder) = data_folder("shadowserver-n6") else { return };
    let tally = tally(&folder);
    report("n6", &tally);
    assert_eq!((tally.files, tally.refused_files), (42, 9));
    assert!(tally.reasons.is_empty());
}

fn detections(path: &Path) -> Vec<Option<Detection>> {
    let rows = open(path).unwrap().map(|row| match row.unwrap() {
        Row::Detection(detection) => Some(*detection),
        Row::Refused(_) => None,
    });
    rows.collect()
}

/// Why a family differs from IntelMQ's, for each type where one does.
const FAMILY_DIFFERS: &[(&str, &str)] = &[
    ("compromised_website", "IntelMQ takes the tag; a tag is no family"),
    ("event4_honeypot_brute_force", "the infection names the attack, not a family"),
    ("event4_honeypot_ddos_target", "IntelMQ takes the infection though a family stands beside"),
    ("population_http_proxy", "IntelMQ takes the tag; a tag is no family"),
];

#[test]
fn intelmq_sees_the_same_address_port_and_time_in_each_row() {
    let Some(folder) = data_folder("shadowserver-intelmq") else { return };
    let (mut events, mut compared, mut differences) = (0, 0, Vec::new());
    for path in files(&folder.join("expected"), "json") {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let json: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let rows = detections(&folder.join("csv").join(format!("{name}.csv")));
        for event in json["events"].as_array().unwrap() {
            events += 1;
            let row = usize::try_from(event["_row"].as_u64().unwrap()).unwrap();
            let ours = rows[row - 1].as_ref().unwrap();
            for (key, value) in shown(ours, event) {
                compared += 1;
                let theirs = match &event[key] {
                    Value::String(text) => text.to_lowercase(),
                    other => other.to_string(),
                };
                if theirs != value {
                    differences.push((name.clone(), key, row, theirs, value));
                }
            }
        }
    }
    println!("intelmq: {events} events, {compared} values compared");
    for difference in &differences {
        println!("  differs: {difference:?}");
    }
    let unexplained = |d: &&(String, &str, usize, String, String)| {
        d.1 != "malware.name" || !FAMILY_DIFFERS.iter().any(|(name, _)| *name == d.0)
    };
    assert_eq!(differences.iter().filter(unexplained).count(), 0);
    assert_eq!(events, 107);
}

/// Our values under IntelMQ's names, for the keys it asserts.
fn shown(ours: &Detection, event: &Value) -> Vec<(&'static str, String)> {
    let some = |value: Option<String>| value.unwrap_or_default();
    let referer = ours.exposure.kind.as_str() == "sinkhole_http_referer";
    let mut values = vec![
        ("source.ip", ours.ip.to_string()),
        ("source.port", some(ours.port.map(|port| port.to_string()))),
        ("time.source", stamp::utc(ours.detected_at).replace('Z', "+00:00").to_lowercase()),
        ("protocol.transport", ours.proto.to_string()),
        ("malware.name", some(ours.detail.malware_family.as_deref().map(str::to_lowercase))),
    ];
    // IntelMQ takes the host of the referring page for the destination of a page with no source.
    if !referer {
        values.push(("destination.ip", some(ours.peer_ip.map(|ip| ip.to_string()))));
        values.push(("destination.port", some(ours.peer_port.map(|port| port.to_string()))));
    }
    values.retain(|(key, _)| event.get(key).is_some());
    values
}

#[test]
fn n6_sees_the_same_addresses_ports_and_times_and_refuses_the_same_files() {
    let Some(folder) = data_folder("shadowserver-n6") else { return };
    let (mut records, mut refused) = (0, 0);
    for path in files(&folder.join("expected"), "json") {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let json: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let csv = folder.join("csv").join(format!("{name}.csv"));
        let Some(events) = json["events"].as_array() else {
            assert!(open(&csv).is_err(), "{name} must be refused");
            refused += 1;
            continue;
        };
        let rows = detections(&csv);
        for event in events {
            records += 1;
            let ip: IpAddr = event["address"][0]["ip"].as_str().unwrap().parse().unwrap();
            let at = stamp::parse(event["time"].as_str().unwrap(), Some(0)).unwrap();
            // Infected devices connect from their port; exposed ones listen on it.
            let port = event.get("sport").or(event.get("dport")).and_then(Value::as_u64);
            let same = |d: &&Detection| {
                d.ip == ip
                    && d.detected_at == at
                    && port.is_none_or(|p| d.port.map(u64::from) == Some(p))
            };
            assert!(rows.iter().flatten().any(|d| same(&d)), "{name}: {event}");
        }
    }
    println!("n6: {records} records found, {refused} files refused as n6 does");
    assert_eq!((records, refused), (64, 9));
}
