//! MISP events: which addresses are devices, and when they were seen.

use std::fs;

use formats::{FileRefused, Proto, Reading, stamp};
use serde_json::{Value, json};

use super::data_folder::data_folder;
use super::{MISP, NOW, files, name, one, read, refused};

/// An event on an infected camera: two loose addresses and one object of traffic.
pub(crate) fn infected() -> Value {
    json!({"Event": {
        "uuid": "5c7cdc3b-2f40-4dca-8200-276c0a00020f", "info": "感染機器（カメラ）の通信",
        "date": "2026-11-20", "timestamp": "1795132800", "distribution": "1",
        "Orgc": {"name": "例の観測所"},
        "Tag": [{"name": "tlp:amber"}, {"name": "misp-galaxy:botnet=\"Mirai\""}],
        "Attribute": [
            {"type": "ip-src|port", "category": "Network activity", "value": "192.0.2.7|40001",
                "uuid": "a-1", "distribution": "5", "comment": "条イ音態ぞゃご法説イシ技",
                "deleted": false, "first_seen": "2026-11-19T00:00:00.000000+09:00",
                "last_seen": "2026-11-20T09:00:00.000000+09:00"},
            {"type": "ip-src", "value": "192.0.2.8", "deleted": "1",
                "last_seen": "2026-11-20T00:00:00Z"},
            {"type": "text", "value": "password: hunter2"}
        ],
        "Object": [{"name": "network-connection", "last_seen": "2026-11-20T00:00:00Z",
            "Attribute": [
                {"type": "ip-src", "object_relation": "ip-src", "value": "192.0.2.9"},
                {"type": "ip-dst", "object_relation": "ip-dst", "value": "198.51.100.9"},
                {"type": "port", "object_relation": "src-port", "value": "40002"},
                {"type": "port", "object_relation": "dst-port", "value": "23"},
                {"type": "text", "object_relation": "layer4-protocol", "value": "TCP"},
                {"type": "text", "object_relation": "password", "value": "hunter2"}
            ]}]
    }})
}

#[test]
fn each_source_of_an_events_traffic_is_a_detection_with_its_texts_intact() {
    let event = infected();
    let wrapped = [
        event.to_string(),
        event["Event"].to_string(),
        json!({"response": [event]}).to_string(),
        json!([event]).to_string(),
    ];
    for file in wrapped {
        let (good, bad) = read(MISP, file);
        assert!(bad.is_empty() && good.len() == 2, "{good:?} {bad:?}");
        let d = &good[0];
        assert_eq!(d.exposure.to_string(), "infected/malware");
        assert_eq!((d.ip.to_string().as_str(), d.port), ("192.0.2.7", Some(40001)));
        assert_eq!(stamp::utc(d.detected_at), "2026-11-20T00:00:00Z");
        assert_eq!(d.detail.malware_family.as_deref(), Some("Mirai"));
        assert_eq!(d.detail.extra("event_info"), Some("感染機器（カメラ）の通信"));
        assert_eq!(d.detail.extra("comment"), Some("条イ音態ぞゃご法説イシ技"));
        assert_eq!(d.detail.extra("reporter"), Some("例の観測所"));
        assert_eq!(d.detail.extra("tlp"), Some("amber"));
        assert_eq!(d.detail.extra("distribution"), Some("1"), "5 is what the event says");
        let d = &good[1];
        assert_eq!((d.ip.to_string().as_str(), d.port), ("192.0.2.9", Some(40002)));
        assert_eq!(
            (d.peer_ip.unwrap().to_string(), d.peer_port),
            ("198.51.100.9".to_owned(), Some(23))
        );
        assert_eq!(d.proto, Proto::Tcp);
        assert!(!format!("{good:?}").contains("hunter2"));
    }
}

/// The event with one attribute and these tags.
fn event(attribute: Value, tags: &[&str]) -> String {
    let tags: Vec<Value> = tags.iter().map(|name| json!({ "name": name })).collect();
    json!({"info": "x", "Attribute": [attribute], "Tag": tags}).to_string()
}

fn address(kind: &str, value: &str) -> Value {
    json!({"type": kind, "value": value, "last_seen": "2026-11-20T00:00:00Z"})
}

#[test]
fn the_taxonomy_says_what_is_wrong_and_which_end_is_the_device() {
    let scan = "rsit:vulnerable=\"potentially-unwanted-accessible\"";
    let d = one(MISP, event(address("ip-dst|port", "192.0.2.7|23"), &[scan]));
    assert_eq!((d.exposure.to_string().as_str(), d.port), ("exposed_service/unknown", Some(23)));
    let attack = "rsit:intrusion-attempts=\"brute-force\"";
    let d = one(MISP, event(address("ip-src", "2001:db8::7"), &[attack]));
    assert_eq!(d.exposure.to_string(), "infected/brute_force");
    let malpedia = ["misp-galaxy:mitre-malware=\"Mozi - S1234\""];
    let d = one(MISP, event(address("ip-src", "192.0.2.7"), &malpedia));
    assert_eq!(d.detail.malware_family.as_deref(), Some("Mozi"));
}

#[test]
fn an_address_that_is_no_device_or_was_never_seen_is_refused_and_says_why() {
    let check = |attribute: Value, tags: &[&str], column: &str, says: &str| {
        let bad = refused(MISP, event(attribute, tags));
        assert_eq!(bad.column.as_deref(), Some(column));
        assert!(bad.to_string().contains(says), "{bad}");
        let again = refused(MISP, &bad.bytes);
        assert_eq!(again.reason, bad.reason, "what is shown reads again");
    };
    let mirai = ["misp-galaxy:malpedia=\"Mirai\""];
    check(address("ip-dst", "192.0.2.7"), &mirai, "type", "command server");
    check(address("ip-dst", "192.0.2.7"), &[], "type", "command server");
    let scan = ["rsit:vulnerable=\"ddos-amplifier\""];
    check(address("ip-src", "192.0.2.7"), &scan, "type", "other end");
    check(address("ip-src", "192.0.2.7"), &["tlp:red"], "Tag", "no tag says");
    check(
        json!({"type": "ip-src", "value": "192.0.2.7", "timestamp": "1795132800"}),
        &mirai,
        "last_seen",
        "nothing says when this was seen",
    );
    check(address("ip-src", "192.0.2.0/24"), &mirai, "value", "prefix");
    check(address("ip-src|port", "192.0.2.7|99999"), &mirai, "value", "port");
    let future = json!({"type": "ip-src", "value": "192.0.2.7", "last_seen": "2030-01-01T00:00Z"});
    check(future, &mirai, "last_seen", "future");
}

#[test]
fn a_refused_object_shows_its_traffic_and_none_of_its_credentials() {
    let mut event = infected();
    event["Event"]["Attribute"] = json!([]);
    event["Event"]["Object"][0]["last_seen"] = Value::Null;
    let bad = refused(MISP, event.to_string());
    let shown = String::from_utf8(bad.bytes).unwrap();
    assert!(shown.contains("192.0.2.9") && shown.contains("感染機器"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn every_sample_is_read_and_no_address_in_it_is_a_device_seen_at_a_known_time() {
    let Some(folder) = data_folder("misp") else { return };
    let (mut events, mut addresses) = (0, 0);
    for path in files(&folder).iter().filter(|path| path.extension().is_some_and(|e| e == "json")) {
        if ["simple.json", "definition.json"].iter().any(|no_event| path.ends_with(no_event)) {
            let file = std::io::Cursor::new(fs::read(path).unwrap());
            let why = MISP(file, Reading::at(NOW)).unwrap_err();
            assert_eq!(why.code(), "missing_column", "{path:?}");
            continue;
        }
        let (good, bad) = read(MISP, fs::read(path).unwrap());
        assert!(good.is_empty(), "{path:?}");
        let text = fs::read_to_string(path).unwrap().replace(' ', "");
        let due = ["\"ip-dst\"", "\"ip-src\"", "\"ip-dst|port\"", "\"ip-src|port\""];
        let due: usize =
            due.iter().map(|kind| text.matches(&format!("\"type\":{kind}")).count()).sum();
        assert_eq!(bad.len(), due, "{}", name(path, &folder));
        (events, addresses) = (events + 1, addresses + due);
    }
    println!("{events} files, {addresses} addresses");
    assert!(events == 15 && addresses > 0);
}

#[test]
fn japanese_samples_come_out_with_their_text_intact() {
    let Some(folder) = data_folder("misp/reportlab_testfiles") else { return };
    for file in ["japanese_test.json", "japanese_test_heavy.json"] {
        let mut sample: Value =
            serde_json::from_slice(&fs::read(folder.join(file)).unwrap()).unwrap();
        let long = sample["Event"]["Attribute"][0]["value"].as_str().unwrap().to_owned();
        let mut device = address("ip-src", "192.0.2.7");
        device["comment"] = long.clone().into();
        device["Tag"] = json!([{"name": "rsit:malicious-code=\"infected-system\""}]);
        sample["Event"]["Attribute"].as_array_mut().unwrap().push(device);
        let d = one(MISP, sample.to_string());
        assert!(!long.is_ascii());
        assert_eq!(d.detail.extra("comment"), Some(long.trim()));
        assert_eq!(d.detail.extra("event_info"), sample["Event"]["info"].as_str());
        let tag = d.detail.tag.unwrap();
        for name in sample["Event"]["Tag"].as_array().unwrap() {
            assert!(tag.contains(name["name"].as_str().unwrap()), "{tag}");
        }
    }
}

#[test]
fn a_file_that_holds_no_event_is_refused_as_a_whole() {
    let refused = |text: &str| {
        MISP(std::io::Cursor::new(text.as_bytes().to_vec()), Reading::at(NOW)).unwrap_err()
    };
    assert!(matches!(refused("17"), FileRefused::MissingColumn(_)));
    assert!(matches!(refused("[[[[{}]]]]"), FileRefused::MissingColumn(_)));
    assert!(matches!(refused("{"), FileRefused::Io(_)));
    // What a server says of a fault, and what is about something else.
    let fault = r#"{"name":"Not allowed","message":"no","url":"/events/restSearch"}"#;
    let wrapped = [format!(r#"{{"response":[{fault}]}}"#), format!(r#"{{"Event":{fault}}}"#)];
    for text in ["{}", "[{}]", r#"{"foo":1}"#, fault, &wrapped[0], &wrapped[1]] {
        assert!(matches!(refused(text), FileRefused::MissingColumn(_)), "{text}");
    }
    // A search that found nothing, events without addresses, and what has no event around it.
    let list = r#"{"response":{"Attribute":[]}}"#;
    for text in ["[]", r#"{"response":[]}"#, r#"{"info":"x"}"#, list, r#"{"Object":[]}"#] {
        assert_eq!(read(MISP, text), (vec![], vec![]), "{text}");
    }
}

#[test]
fn a_long_event_gives_each_of_its_addresses_once_and_in_order() {
    let mut event = infected();
    event["Event"]["Object"] = json!([]);
    let device = event["Event"]["Attribute"][0].clone();
    let many = (0..600).map(|at| {
        let mut device = device.clone();
        device["value"] = format!("192.0.2.7|{}", at + 1).into();
        device
    });
    event["Event"]["Attribute"] = many.collect();
    let (good, bad) = read(MISP, event.to_string());
    assert!(bad.is_empty());
    let ports: Vec<u16> = good.iter().map(|d| d.port.unwrap()).collect();
    assert_eq!(ports, (1..=600).collect::<Vec<u16>>());
}
