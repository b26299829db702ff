//! Conformance: the events of IntelMQ and n6 beside the repository, read back, against what our
//! reader of Shadowserver reports makes of the same rows. Skipped where the folders are not there.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../../../tests/support/data_folder.rs"]
mod data_folder;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Cursor;
use std::path::{Path, PathBuf};

use formats::{Detection, Reading, Refused, Row, Rows, intelmq, n6, shadowserver, stamp};
use serde_json::{Value, json};

use data_folder::data_folder;

/// 2026-12-01T00:00:00Z in microseconds.
const NOW: i64 = 1_796_083_200_000_000;

fn jsons(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "json"));
    files.sort();
    files
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

fn parted(rows: Rows) -> (Vec<Detection>, Vec<Refused>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for row in rows {
        match row.unwrap() {
            Row::Detection(detection) => good.push(*detection),
            Row::Refused(refused) => bad.push(refused),
        }
    }
    (good, bad)
}

fn events(event: &Value) -> (Vec<Detection>, Vec<Refused>) {
    parted(intelmq::open(Cursor::new(event.to_string()), Reading::at(NOW)).unwrap())
}

fn n6_events(event: &Value) -> (Vec<Detection>, Vec<Refused>) {
    parted(n6::open(Cursor::new(event.to_string()), Reading::at(NOW)).unwrap())
}

fn report(path: &Path) -> Vec<Option<Detection>> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let rows = shadowserver::open(name, None, File::open(path).unwrap(), Reading::at(NOW)).unwrap();
    let kept = |row| match row {
        Row::Detection(detection) => Some(*detection),
        Row::Refused(_) => None,
    };
    rows.map(|row| kept(row.unwrap())).collect()
}

#[test]
fn an_event_of_intelmq_says_what_the_report_row_it_stems_from_says() {
    let Some(folder) = data_folder("shadowserver-intelmq") else { return };
    let (mut count, mut differ) = (0, Vec::new());
    for path in jsons(&folder.join("expected")) {
        let name = stem(&path);
        let rows = report(&folder.join("csv").join(format!("{name}.csv")));
        for event in json(&path)["events"].as_array().unwrap() {
            count += 1;
            let row = usize::try_from(event["_row"].as_u64().unwrap()).unwrap();
            let row = rows[row - 1].as_ref().unwrap();
            let (read, refused) = events(event);
            let Some(read) = read.first() else {
                differ.push((name.clone(), refused[0].to_string(), String::new()));
                continue;
            };
            let shown = |d: &Detection| {
                let detail = (d.detail.asn, d.detail.device_vendor.clone(), d.severity);
                format!(
                    "{} {} {:?} {} {:?} {:?} {} {detail:?}",
                    d.exposure,
                    d.ip,
                    d.port,
                    d.proto,
                    d.peer_ip,
                    d.peer_port,
                    stamp::utc(d.detected_at)
                )
            };
            if shown(read) != shown(row) {
                differ.push((name.clone(), shown(read), shown(row)));
            }
            assert!(!format!("{read:?}").contains(event["raw"].as_str().unwrap()));
        }
    }
    for (name, ours, theirs) in &differ {
        println!("{name}\n  event  {ours}\n  report {theirs}");
    }
    println!("{count} events, {} differ", differ.len());
    assert_eq!(count, 107);
    assert!(differ.is_empty());
}

#[test]
fn the_events_of_other_feeds_are_read_or_refused_with_a_reason() {
    let Some(folder) = data_folder("intelmq-other-feeds") else { return };
    let (mut seen, mut detections, mut reasons) = (0, 0, BTreeMap::new());
    for path in jsons(&folder) {
        let expected = json(&path)["expected"].clone();
        let mut listed = Vec::new();
        for event in expected.as_object().unwrap().values() {
            match event {
                Value::Array(list) => listed.extend(list.clone()),
                event => listed.push(event.clone()),
            }
        }
        for event in listed {
            seen += 1;
            let (read, refused) = events(&event);
            assert_eq!(read.len() + refused.len(), 1, "{}", stem(&path));
            detections += read.len();
            for refused in &refused {
                let key = refused.column.clone().unwrap_or_default();
                *reasons.entry((key, refused.reason.code())).or_insert(0) += 1;
            }
            for ours in &read {
                let theirs = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
                assert_eq!(ours.ip.to_string(), theirs("source.ip"));
                assert_eq!(ours.port.map(u64::from), event["source.port"].as_u64());
                assert_eq!(ours.detail.asn.map(u64::from), event["source.asn"].as_u64());
                let family = ours.detail.malware_family.as_deref().unwrap_or_default();
                assert_eq!(family, theirs("malware.name"));
            }
        }
    }
    println!("{seen} events, {detections} detections, refused {reasons:?}");
    assert!(detections > 20 && reasons.len() > 3);
}

#[test]
fn an_event_of_n6_says_what_the_report_row_it_stems_from_says() {
    let Some(folder) = data_folder("shadowserver-n6") else { return };
    let (mut count, mut foreign, mut differ) = (0, 0, Vec::new());
    for path in jsons(&folder.join("expected")) {
        let (name, file) = (stem(&path), json(&path));
        let Some(list) = file["events"].as_array() else { continue };
        let rows = report(&folder.join("csv").join(format!("{name}.csv")));
        for (at, event) in list.iter().enumerate() {
            let mut whole = json!({ "source": file["source"], "id": format!("{name}-{at}") });
            for part in [&file["constant_items"], event] {
                for (key, value) in part.as_object().unwrap() {
                    whole[key] = value.clone();
                }
            }
            let (read, refused) = n6_events(&whole);
            assert_eq!(read.len() + refused.len(), 1);
            if let Some(refused) = refused.first() {
                assert_eq!(refused.reason.code(), "not_about_device", "{refused}");
                foreign += 1;
                continue;
            }
            count += 1;
            let read = &read[0];
            let same = |row: &&Detection| {
                let ends = |d: &Detection| (d.ip, d.port, d.detected_at, d.peer_ip, d.peer_port);
                ends(row) == ends(read)
            };
            let Some(row) = rows.iter().flatten().find(same) else {
                differ.push((name.clone(), format!("{read:?}"), "no such row".to_owned()));
                continue;
            };
            let is_cve = read.exposure.kind.as_str().starts_with("cve_");
            if !is_cve && read.exposure != row.exposure {
                differ.push((name.clone(), read.exposure.to_string(), row.exposure.to_string()));
            }
        }
    }
    for (name, ours, theirs) in &differ {
        println!("{name}\n  event  {ours}\n  report {theirs}");
    }
    println!("{count} events compared, {foreign} not about a device, {} differ", differ.len());
    assert!(count > 40);
    assert!(differ.is_empty());
}

#[test]
fn the_stream_of_n6_is_read_as_intelmq_reads_it() {
    let Some(folder) = data_folder("intelmq-other-feeds") else { return };
    let file = json(&folder.join("n6__test_parser.json"));
    let raw = |name: &str| {
        let text = base64(file["reports"][name]["raw"].as_str().unwrap());
        parted(n6::open(Cursor::new(text), Reading::at(NOW)).unwrap())
    };
    let (read, _) = raw("EXAMPLE_REPORT");
    let theirs = &file["expected"]["EXAMPLE_EVENT"];
    assert_eq!(read[0].ip.to_string(), theirs["source.ip"]);
    assert_eq!(u64::from(read[0].port.unwrap()), theirs["source.port"]);
    assert_eq!(u64::from(read[0].peer_port.unwrap()), theirs["destination.port"]);
    assert_eq!(read[0].detail.malware_family.as_deref(), theirs["malware.name"].as_str());
    assert_eq!(read[0].detail.extra("adip"), theirs["extra.adip"].as_str());
    assert_eq!(stamp::utc(read[0].detected_at).replace('Z', "+00:00"), theirs["time.source"]);
    for name in ["BLACKLIST_REPORT", "NO_ADDRESS_REPORT", "FURTHER_IOCS_REPORT"] {
        let (read, refused) = raw(name);
        assert!(read.is_empty());
        assert_eq!(refused[0].reason.code(), "not_about_device");
    }
}

/// Decodes base64 without a library: the samples alone need it.
fn base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = text.bytes().filter_map(|b| LETTERS.iter().position(|l| *l == b));
    let (mut out, mut held, mut bits) = (Vec::new(), 0_usize, 0);
    for letter in letters {
        held = (held << 6 | letter) & 0xFFFF;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits & 0xFF).unwrap());
        }
    }
    out
}
