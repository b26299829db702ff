//! STIX 2.1: what is a sighting of a device, and what is none.

use std::fs;

use formats::{FileRefused, Proto, Reading, stamp};
use serde_json::{Value, json};

use super::data_folder::data_folder;
use super::{NOW, STIX, files, name, one, read, refused};

/// A sinkhole's sighting of an infected camera: a sighting, its traffic, the malware.
pub(crate) fn sinkholed() -> Vec<Value> {
    vec![
        json!({"type": "identity", "id": "identity--1", "name": "例の観測所"}),
        json!({"type": "malware", "id": "malware--1", "name": "Mirai", "is_family": true}),
        json!({"type": "ipv4-addr", "id": "ipv4-addr--1", "value": "192.0.2.7"}),
        json!({"type": "ipv4-addr", "id": "ipv4-addr--2", "value": "198.51.100.9"}),
        json!({"type": "network-traffic", "id": "network-traffic--1", "src_port": 40001,
            "dst_port": 80, "src_ref": "ipv4-addr--1", "dst_ref": "ipv4-addr--2",
            "protocols": ["ipv4", "tcp", "http"]}),
        json!({"type": "observed-data", "id": "observed-data--1", "number_observed": 3,
            "first_observed": "2026-11-19T00:00:00Z", "last_observed": "2026-11-20T00:00:00.5Z",
            "object_refs": ["network-traffic--1", "ipv4-addr--1", "ipv4-addr--2"]}),
        json!({"type": "sighting", "id": "sighting--1", "created_by_ref": "identity--1",
            "sighting_of_ref": "malware--1", "observed_data_refs": ["observed-data--1"],
            "description": "password: hunter2",
            "object_marking_refs": ["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"]}),
    ]
}

/// Objects as a bundle.
pub(crate) fn bundle(objects: &[Value]) -> Value {
    json!({"type": "bundle", "id": "bundle--1", "objects": objects})
}

fn text(objects: &[Value]) -> String {
    bundle(objects).to_string()
}

#[test]
fn a_sighting_of_malware_is_one_detection_of_the_source_of_its_traffic() {
    let envelope = json!({"more": false, "objects": sinkholed()}).to_string();
    for file in [text(&sinkholed()), envelope] {
        let d = one(STIX, file);
        assert_eq!(d.exposure.to_string(), "infected/malware");
        assert_eq!((d.ip.to_string().as_str(), d.port), ("192.0.2.7", Some(40001)));
        assert_eq!(
            (d.peer_ip.unwrap().to_string(), d.peer_port),
            ("198.51.100.9".to_owned(), Some(80))
        );
        assert_eq!(
            (d.proto, stamp::utc(d.detected_at)),
            (Proto::Tcp, "2026-11-20T00:00:00.500000Z".to_owned())
        );
        assert_eq!(d.detail.malware_family.as_deref(), Some("Mirai"));
        assert_eq!(d.detail.record_no.as_deref(), Some("sighting--1"));
        assert_eq!(d.detail.extra("tlp"), Some("amber"));
        assert_eq!(d.detail.extra("reporter"), Some("例の観測所"));
        assert!(!format!("{d:?}").contains("hunter2"));
    }
}

#[test]
fn observed_data_alone_means_what_it_is_related_to() {
    let relation = |id: &str, how: &str| {
        json!({"type": "relationship", "id": id, "relationship_type": how,
            "source_ref": "observed-data--1", "target_ref": "vulnerability--1"})
    };
    let mut objects = vec![
        json!({"type": "ipv6-addr", "id": "ipv6-addr--1", "value": "2001:db8::7"}),
        json!({"type": "ipv4-addr", "id": "ipv4-addr--1", "value": "192.0.2.7"}),
        json!({"type": "vulnerability", "id": "vulnerability--1", "name": "a hole",
            "external_references": [{"source_name": "cve", "external_id": "CVE-2024-12345"}]}),
        json!({"type": "observed-data", "id": "observed-data--1", "number_observed": 1,
            "last_observed": "2026-11-20T00:00:00Z",
            "object_refs": ["ipv4-addr--1", "ipv6-addr--1"]}),
    ];
    let (_, bad) = read(STIX, text(&objects));
    assert_eq!(bad.len(), 2, "one row for each address, also where nothing says what is wrong");
    assert!(bad[0].to_string().contains("nothing says what is wrong"), "{}", bad[0]);
    assert_eq!(bad[1].legible.ip.unwrap().to_string(), "2001:db8::7");
    // Whoever merely talks to something is not what that something is.
    objects.push(relation("relationship--1", "communicates-with"));
    assert_eq!(read(STIX, text(&objects)).1.len(), 2);
    objects.push(relation("relationship--2", "related-to"));
    let (good, bad) = read(STIX, text(&objects));
    assert!(bad.is_empty() && good.len() == 2);
    assert_eq!(good[1].exposure.to_string(), "vulnerable_firmware/cve_2024_12345");
    assert_eq!(good[1].detail.extra("cve"), Some("CVE-2024-12345"));
}

#[test]
fn an_exposure_in_our_own_words_is_taken_at_its_word() {
    let mut objects = sinkholed();
    objects[1] = json!({"type": "vulnerability", "id": "malware--1",
        "name": "weak_credentials/telnet"});
    assert_eq!(one(STIX, text(&objects)).exposure.to_string(), "weak_credentials/telnet");
}

#[test]
fn what_is_no_sighting_is_refused_and_says_why() {
    let check = |objects: &[Value], column: &str, says: &str| {
        let bad = refused(STIX, text(objects));
        assert_eq!(bad.column.as_deref(), Some(column));
        assert!(bad.to_string().contains(says), "{bad}");
    };
    let indicator = json!({"type": "indicator", "id": "indicator--1",
        "pattern": "[ipv4-addr:value = '192.0.2.7']"});
    check(&[indicator], "type", "an indicator is a pattern");
    let address = json!({"type": "ipv4-addr", "id": "ipv4-addr--1", "value": "192.0.2.7"});
    check(&[address], "type", "says when this address was seen");
    let changed = |at: usize, key: &str, value: Value| {
        let mut objects = sinkholed();
        objects[at][key] = value;
        objects
    };
    check(&changed(2, "value", json!("192.0.2.0/24")), "value", "prefix");
    check(&changed(5, "last_observed", json!("2027-01-01T00:00:00Z")), "last_observed", "future");
    check(&changed(5, "object_refs", json!([])), "object_refs", "no address");
    check(&sinkholed()[6..], "observed_data_refs", "no address");
    check(
        &changed(6, "sighting_of_ref", json!("identity--1")),
        "sighting_of_ref",
        "nothing says what is wrong",
    );
}

#[test]
fn the_newest_version_counts_and_a_revoked_one_is_withdrawn() {
    let version = |modified: &str, revoked: bool, seen: &str| {
        let mut sighting = sinkholed().remove(6);
        sighting["modified"] = json!(modified);
        sighting["revoked"] = json!(revoked);
        sighting["last_seen"] = json!(seen);
        sighting
    };
    let mut objects = sinkholed();
    objects[6] = version("2026-11-21T00:00:00Z", false, "2026-11-21T00:00:00Z");
    objects.push(version("2026-11-20T00:00:00Z", true, "2026-11-18T00:00:00Z"));
    let d = one(STIX, text(&objects));
    assert_eq!(stamp::utc(d.detected_at), "2026-11-21T00:00:00Z");
    objects.push(version("2026-11-21T00:00:00.001Z", true, "2026-11-21T00:00:00Z"));
    let bad = refused(STIX, text(&objects));
    assert_eq!(bad.column.as_deref(), Some("revoked"));
    let shown = String::from_utf8(bad.bytes).unwrap();
    assert!(shown.contains("sighting--1") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn objects_that_refer_to_each_other_beyond_measure_are_refused() {
    let mut objects = sinkholed();
    objects[5]["object_refs"] = json!(vec!["ipv4-addr--1"; 1001]);
    assert!(refused(STIX, text(&objects)).to_string().contains("more than 1,000"));
    let mut objects = sinkholed();
    objects[6]["observed_data_refs"] = json!(vec!["observed-data--1"; 5000]);
    let (good, bad) = read(STIX, text(&objects));
    assert_eq!((good.len(), bad.len()), (1000, 1));
}

#[test]
fn a_file_that_is_no_bundle_is_refused_as_a_whole() {
    let refused = |text: &str| {
        STIX(std::io::Cursor::new(text.as_bytes().to_vec()), Reading::at(NOW)).unwrap_err()
    };
    assert!(matches!(refused("{}"), FileRefused::MissingColumn(_)));
    assert!(matches!(refused("[1]"), FileRefused::MissingColumn(_)));
    assert!(matches!(refused(""), FileRefused::Empty));
    assert!(matches!(refused("{\"objects\":"), FileRefused::Io(_)));
    assert_eq!(read(STIX, r#"{"type":"bundle"}"#), (vec![], vec![]));
}

#[test]
fn the_examples_hold_indicators_and_no_sighting() {
    let Some(folder) = data_folder("stix-taxii/stix2-json-schemas/examples") else { return };
    let mut rows = Vec::new();
    for path in files(&folder) {
        let name = name(&path, &folder);
        let text = fs::read(&path).unwrap();
        let whole: Value = serde_json::from_slice(&text).unwrap();
        if whole.get("objects").is_none() {
            println!("{name} is no bundle");
            continue;
        }
        let (good, bad) = read(STIX, text);
        let indicators = whole["objects"].as_array().unwrap().iter();
        let indicators = indicators.filter(|o| o["type"] == "indicator").count();
        rows.push((name, good.len(), bad.len(), indicators));
    }
    println!("{rows:?}");
    assert!(rows.iter().all(|(_, good, ..)| *good == 0), "no example says that it was seen");
    let unseen = rows.iter().map(|(_, _, bad, indicators)| bad - indicators).sum::<usize>();
    let indicators = rows.iter().map(|(.., indicators)| indicators).sum::<usize>();
    assert_eq!((rows.len(), indicators, unseen), (4, 16, 1));
}

#[test]
fn each_collection_of_a_taxii_server_reads_as_an_envelope() {
    let Some(folder) = data_folder("stix-taxii/medallion") else { return };
    let data: Value =
        serde_json::from_slice(&fs::read(folder.join("default_data.json")).unwrap()).unwrap();
    let (mut collections, mut refused) = (0, 0);
    for root in ["api1", "api2", "trustgroup1"] {
        for collection in data[root]["collections"].as_array().unwrap() {
            let objects = collection.get("objects").cloned().unwrap_or(json!([]));
            let (good, bad) = read(STIX, json!({"more": false, "objects": objects}).to_string());
            assert!(good.is_empty());
            (collections, refused) = (collections + 1, refused + bad.len());
        }
    }
    println!("{collections} collections, {refused} indicators and the like");
    assert!(collections > 0 && refused > 0);
}
