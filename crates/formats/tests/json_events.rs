//! IntelMQ and n6 events: what becomes of each key, and what bad lines cost.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::io::{Cursor, ErrorKind};

use formats::{
    Detection, FileRefused, Notes, Proto, Reading, Refused, Row, Rows, Severity, intelmq, n6, stamp,
};
use proptest::prelude::*;

/// 2026-11-23T00:00:00Z in microseconds.
const NOW: i64 = 1_795_392_000_000_000;

const EVENT: &str = concat!(
    r#"{"__type":"Event","classification.type":"potentially-unwanted-accessible","#,
    r#""classification.identifier":"open-telnet","feed.name":"Accessible Telnet","#,
    r#""time.source":"2026-11-22T01:02:03+00:00","#,
    r#""time.observation":"2026-11-22T09:00:00+00:00","source.ip":"192.0.2.7","#,
    r#""source.port":2323,"source.asn":64496,"source.geolocation.cc":"JP","#,
    r#""source.reverse_dns":"host.example.jp","protocol.transport":"tcp","#,
    r#""protocol.application":"telnet","severity":"high","tlp":"AMBER","#,
    r#""product.vendor":"Example","product.version":"1.2","extra.banner":"login:","#,
    r#""extra.password":"hunter2","raw":"aHVudGVyMg=="}"#,
);

const N6: &str = concat!(
    r#"{"id":"a1","source":"hidden.42","restriction":"need-to-know","#,
    r#""confidence":"high","category":"bots","origin":"sinkhole","name":"mirai","#,
    r#""time":"2026-11-22T01:02:03Z","address":[{"ip":"192.0.2.7","cc":"JP","#,
    r#""asn":64496},{"ip":"192.0.2.8"}],"adip":"x.x.51.198","dip":"198.51.100.9","#,
    r#""dport":80,"sport":40000,"proto":"tcp","username":"hunter2"}"#,
);

fn input(text: impl AsRef<[u8]>) -> Cursor<Vec<u8>> {
    Cursor::new(text.as_ref().to_vec())
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

fn events(text: impl AsRef<[u8]>) -> (Vec<Detection>, Vec<Refused>) {
    parted(intelmq::open(input(text), Reading::at(NOW)).unwrap())
}

fn n6_events(text: impl AsRef<[u8]>) -> (Vec<Detection>, Vec<Refused>) {
    parted(n6::open(input(text), Reading::at(NOW)).unwrap())
}

/// What a refused row tells: line, key, reason.
fn told(refused: &Refused) -> (u64, &str, &str) {
    (refused.line, refused.column.as_deref().unwrap_or_default(), refused.reason.code())
}

fn with(key: &str, value: serde_json::Value) -> String {
    let mut event: serde_json::Value = serde_json::from_str(EVENT).unwrap();
    event[key] = value;
    event.to_string()
}

#[test]
fn an_intelmq_event_becomes_a_detection() {
    let (detections, refused) = events(EVENT);
    assert!(refused.is_empty(), "{refused:?}");
    let d = &detections[0];
    assert_eq!(d.exposure.to_string(), "exposed_service/telnet");
    assert_eq!((d.ip.to_string().as_str(), d.port, d.proto), ("192.0.2.7", Some(2323), Proto::Tcp));
    assert_eq!(stamp::utc(d.detected_at), "2026-11-22T01:02:03Z");
    assert_eq!((d.severity, d.severity_from_row), (Severity::High, true));
    assert_eq!(d.detail.device_vendor.as_deref(), Some("Example"));
    assert_eq!(d.detail.fw_version.as_deref(), Some("1.2"));
    assert_eq!(d.detail.hostname.as_deref(), Some("host.example.jp"));
    assert_eq!(d.detail.asn, Some(64496));
    assert_eq!(d.detail.extra("banner"), Some("login:"));
    assert_eq!(d.detail.extra("tlp"), Some("AMBER"));
    assert!(d.detail.notes.has(Notes::SPECIAL_ADDRESS));
    let kept = format!("{d:?}");
    for gone in ["hunter2", "aHVudGVyMg==", "geolocation"] {
        assert!(!kept.contains(gone), "{gone}");
    }
}

#[test]
fn nested_events_arrays_and_single_objects_read_as_lines_do() {
    let (lines, _) = events(format!("{EVENT}\r\n\n{EVENT}\n"));
    let plain = |ds: &[Detection]| -> Vec<_> {
        ds.iter().map(|d| Detection { line: 0, ..d.clone() }).collect()
    };
    let nested = concat!(
        r#"{"__type":"Event","classification":{"type":"potentially-unwanted-accessible","#,
        r#""identifier":"open-telnet"},"feed":{"name":"Accessible Telnet"},"#,
        r#""time":{"source":"2026-11-22T01:02:03+00:00","#,
        r#""observation":"2026-11-22T09:00:00+00:00"},"source":{"ip":"192.0.2.7","#,
        r#""port":2323,"asn":64496,"reverse_dns":"host.example.jp"},"#,
        r#""protocol":{"transport":"tcp","application":"telnet"},"severity":"high","#,
        r#""tlp":"AMBER","product":{"vendor":"Example","version":"1.2"},"#,
        r#""extra":{"banner":"login:","password":"hunter2"}}"#,
    );
    let spread =
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(EVENT).unwrap())
            .unwrap();
    let text = nested.replace(
        r#"{"banner":"login:","password":"hunter2"}"#,
        r#""{\"banner\":\"login:\",\"password\":\"hunter2\"}""#,
    );
    for (what, file) in [
        ("nested", format!("{nested}\n{nested}\n")),
        ("extra as a text", format!("{text}\n{text}\n")),
        ("array", format!("[{EVENT},{EVENT}]")),
        ("spread array", format!("\u{FEFF}[\n{spread},\n{spread}\n]\n")),
        ("spread objects", format!("{spread}\n{spread}\n")),
        ("commas at the line ends", format!("{EVENT},\n{EVENT},\n")),
    ] {
        let (detections, refused) = events(file);
        assert!(refused.is_empty(), "{what}: {refused:?}");
        assert_eq!(plain(&detections), plain(&lines), "{what}");
    }
    assert_eq!(lines.iter().map(|d| d.line).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn a_bad_line_costs_itself_and_names_its_key() {
    let flawed = with("extra.password", "hunter3".into()).replace("192.0.2.7", "192.0.2.300");
    let cut = &EVENT[..EVENT.len() - 4];
    let unquoted = EVENT.replace(r#""login:","#, r#""login:,"#);
    let file = [EVENT, &flawed, cut, &unquoted, "stray", "[1]", EVENT].join("\n");
    let (detections, refused) = events(&file);
    assert_eq!(detections.iter().map(|d| d.line).collect::<Vec<_>>(), [1, 7]);
    let told: Vec<_> = refused.iter().map(told).collect();
    let expected = [
        (2, "source.ip", "bad_address"),
        (3, "", "not_json"),
        (4, "", "not_json"),
        (5, "", "not_json"),
        (6, "", "not_json"),
    ];
    assert_eq!(told, expected);
    for refused in &refused {
        let bytes = String::from_utf8_lossy(&refused.bytes);
        assert!(!bytes.contains("hunter") && !bytes.contains("aHVudGVy"), "{bytes}");
    }
    assert!(String::from_utf8_lossy(&refused[0].bytes).contains("192.0.2.300"));
    let again = String::from_utf8_lossy(&refused[0].bytes).replace("192.0.2.300", "192.0.2.7");
    assert_eq!(events(again).0.len(), 1, "a corrected row can be tried again");
}

#[test]
fn what_tells_of_no_device_is_refused_with_its_reason() {
    for (key, value, column, reason) in [
        ("__type", "Report", "__type", "not_about_device"),
        ("classification.type", "test", "classification.type", "not_about_device"),
        ("classification.type", "blacklist", "classification.type", "not_about_device"),
        ("time.source", "", "time.source", "missing_value"),
        ("time.source", "2026-11-22T01:02:03", "time.source", "no_zone"),
        ("time.source", "2027-11-22T01:02:03Z", "time.source", "future_time"),
        ("source.ip", "", "source.ip", "no_source_address"),
        ("source.ip", "192.0.2.0/24", "source.ip", "prefix_not_address"),
        ("source.port", "70000", "source.port", "bad_port"),
    ] {
        let (detections, refused) = events(with(key, value.into()));
        assert!(detections.is_empty(), "{key} {value}");
        assert_eq!(told(&refused[0]), (1, column, reason), "{key} {value}");
    }
    let twice = EVENT.replacen('{', r#"{"source":{"ip":"192.0.2.9"},"#, 1);
    assert_eq!(told(&events(twice).1[0]), (1, "source.ip", "contradiction"));
}

#[test]
fn the_same_exposure_gets_the_same_kind_whoever_tells() {
    let check = |pairs: &[(&str, &str)], exposure: &str| {
        let mut event = serde_json::json!({
            "time.source": "2026-11-22T01:02:03Z", "source.ip": "192.0.2.7"
        });
        for (key, value) in pairs {
            event[*key] = (*value).into();
        }
        let (detections, refused) = events(event.to_string());
        assert!(refused.is_empty(), "{pairs:?}: {refused:?}");
        assert_eq!(detections[0].exposure.to_string(), exposure, "{pairs:?}");
    };
    let (kind, id, feed) = ("classification.type", "classification.identifier", "feed.name");
    let app = "protocol.application";
    check(&[(kind, "vulnerable-system"), (id, "open-telnet")], "exposed_service/telnet");
    check(&[(kind, "vulnerable-system"), (app, "telnet")], "exposed_service/telnet");
    check(&[(kind, "other"), (id, "mirai"), (feed, "ShadowServer Darknet")], "infected/darknet");
    check(
        &[(kind, "other"), ("extra.file_name", "2026-11-20-event4_honeypot_darknet-japan.csv")],
        "infected/darknet",
    );
    check(&[(kind, "brute-force"), (id, "ssh"), (app, "ssh")], "infected/brute_force");
    check(&[(kind, "scanner"), (id, "rdp"), (app, "rdp")], "infected/scanner");
    check(&[(kind, "infected-system"), (id, "mirai")], "infected/infected_system");
    check(&[(kind, "ddos-amplifier"), (id, "open-ntp")], "amplifier/ntp");
    check(&[(kind, "vulnerable-system"), (id, "vulnerable-smtp")], "vulnerable_firmware/smtp");
    check(
        &[(kind, "vulnerable-system"), (id, "cve-2024-1111")],
        "vulnerable_firmware/cve_2024_1111",
    );
    check(
        &[(kind, "misconfiguration"), (id, "default-password"), (app, "telnet")],
        "weak_credentials/telnet",
    );
    check(&[(kind, "weak-crypto"), (id, "ssl-poodle")], "vulnerable_firmware/ssl_poodle");
    let (_, refused) = events(concat!(
        r#"{"classification.type":"other","classification.identifier":"mirai","#,
        r#""source.ip":"192.0.2.1","time.source":"2026-11-22T01:02:03Z"}"#,
    ));
    assert_eq!(told(&refused[0]), (1, "classification.type", "not_about_device"));
}

#[test]
fn the_device_is_the_source_but_for_two_exceptions() {
    let scanned = with("destination.ip", "198.51.100.1".into())
        .replace(r#""source.ip":"192.0.2.7","#, "")
        .replace("source.port", "destination.port");
    let (detections, refused) = events(scanned);
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(detections[0].ip.to_string(), "198.51.100.1");
    assert_eq!(detections[0].port, Some(2323));
    let referer = concat!(
        r#"{"classification.type":"other","feed.name":"Sinkhole-Events-HTTP-Referer IPv4","#,
        r#""time.source":"2026-11-22T01:02:03Z","destination.ip":"198.51.100.1","#,
        r#""extra.http_referer_ip":"192.0.2.5","extra.http_referer_port":80}"#,
    );
    let d = &events(referer).0[0];
    assert_eq!((d.ip.to_string().as_str(), d.port), ("192.0.2.5", Some(80)));
    assert_eq!(d.peer_ip.unwrap().to_string(), "198.51.100.1");
}

#[test]
fn each_address_of_an_n6_event_is_a_row_of_its_line() {
    let (detections, refused) = n6_events(format!("{N6}\n{N6}\n"));
    assert!(refused.is_empty(), "{refused:?}");
    let seen: Vec<_> = detections.iter().map(|d| (d.line, d.ip.to_string())).collect();
    let expected = [(1, "192.0.2.7"), (1, "192.0.2.8"), (2, "192.0.2.7"), (2, "192.0.2.8")];
    assert_eq!(seen, expected.map(|(line, ip)| (line, ip.to_owned())));
    let d = &detections[0];
    assert_eq!(d.exposure.to_string(), "infected/sinkhole");
    assert_eq!((d.port, d.peer_port), (Some(40000), Some(80)));
    assert_eq!(d.peer_ip.unwrap().to_string(), "198.51.100.9");
    assert_eq!(d.detail.malware_family.as_deref(), Some("mirai"));
    assert_eq!((d.detail.asn, detections[1].detail.asn), (Some(64496), None));
    assert_eq!(d.detail.extra("adip"), Some("x.x.51.198"));
    assert!(!format!("{d:?}").contains("hunter2"));
}

#[test]
fn a_bad_address_among_several_is_refused_alone_and_can_be_tried_again() {
    let (detections, refused) = n6_events(N6.replace("192.0.2.8", "192.0.2.800"));
    assert_eq!((detections.len(), refused.len()), (1, 1));
    assert_eq!(told(&refused[0]), (1, "address", "bad_address"));
    let bytes = String::from_utf8(refused[0].bytes.clone()).unwrap();
    assert!(!bytes.contains("hunter2") && !bytes.contains("192.0.2.7"), "{bytes}");
    let (detections, _) = n6_events(bytes.replace("192.0.2.800", "192.0.2.8"));
    assert_eq!(detections.len(), 1);
}

#[test]
fn an_exposed_device_of_n6_stands_at_the_destination_port() {
    for (category, name, exposure) in [
        ("vulnerable", "telnet", "exposed_service/telnet"),
        ("vulnerable", "cve-2024-1111", "vulnerable_firmware/cve_2024_1111"),
        ("exposed", "ftp", "exposed_service/ftp"),
        ("amplifier", "snmp", "amplifier/snmp"),
        ("backdoor", "shell", "infected/backdoor"),
    ] {
        let text = N6.replace("bots", category).replace("mirai", name);
        let d = &n6_events(text).0[0];
        assert_eq!((d.exposure.to_string().as_str(), d.port), (exposure, Some(80)));
    }
    for (category, exposure) in
        [("scanning", "infected/scanner"), ("server-exploit", "infected/server_exploit")]
    {
        let d = &n6_events(N6.replace("bots", category)).0[0];
        assert_eq!((d.exposure.to_string().as_str(), d.port), (exposure, Some(40000)));
    }
}

#[test]
fn n6_events_that_tell_of_no_device_are_refused() {
    let check = |text: String, column: &str, reason: &str| {
        let (detections, refused) = n6_events(&text);
        assert!(detections.is_empty(), "{text}");
        assert_eq!(told(&refused[0]), (1, column, reason));
    };
    let typed = |word| N6.replacen('{', &format!(r#"{{"type":"{word}","#), 1);
    check(typed("bl-delist"), "type", "not_about_device");
    check(typed("bl-expire"), "type", "not_about_device");
    check(N6.replace("bots", "phish"), "category", "not_about_device");
    check(N6.replace("address", "no"), "address", "no_source_address");
    let (detections, _) = n6_events(typed("bl-new"));
    assert_eq!(detections.len(), 2);
    let (detections, _) = n6_events(N6.replace("192.0.2.8", "2001:db8::8"));
    assert_eq!(detections[1].ip.to_string(), "2001:db8::8");
}

#[test]
fn an_array_without_its_end_breaks_off_after_its_good_rows() {
    for file in [format!("[{N6},"), format!("[{N6}\n"), format!("[{N6},{}", &N6[..40]), "[".into()]
    {
        let rows: Vec<_> = n6::open(input(&file), Reading::at(NOW)).unwrap().collect();
        let (last, good) = rows.split_last().unwrap();
        assert_eq!(last.as_ref().unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert!(good.iter().all(|row| matches!(row, Ok(Row::Detection(_)))), "{file}");
        assert_eq!(good.len(), if file == "[" { 0 } else { 2 });
    }
    assert!(n6_events("[]").0.is_empty());
}

#[test]
fn a_file_that_is_no_json_is_refused_as_a_whole() {
    let refused = |bytes: &[u8]| intelmq::open(input(bytes), Reading::at(NOW)).unwrap_err();
    assert!(matches!(refused(b" \n\n"), FileRefused::Empty));
    assert!(matches!(refused(b"timestamp,ip\n1,2\n"), FileRefused::NotJson));
    assert!(matches!(refused(b"PK\x03\x04"), FileRefused::BadArchive(_)));
    assert!(matches!(refused(b"\xFF\xFE{\0"), FileRefused::Encoding(_)));
}

#[test]
fn limits_hold_and_cost_their_record_alone() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(70), "]".repeat(70));
    let wide = (0..600).map(|n| format!("\"k{n}\":1")).collect::<Vec<_>>().join(",");
    let long = with("comment", "x".repeat((1 << 20) + 1).into());
    let huge = with("comment", "x".repeat(9 << 20).into());
    let file = [deep.as_str(), &format!("{{{wide}}}"), &long, &huge, EVENT].join("\n");
    let (detections, refused) = events(file);
    assert_eq!(detections.iter().map(|d| d.line).collect::<Vec<_>>(), [5]);
    let reasons: Vec<_> = refused.iter().map(|r| r.reason.code()).collect();
    assert_eq!(reasons, ["too_deep", "too_many_cells", "cell_too_long", "row_too_long"]);
    assert!(refused.iter().all(|r| r.bytes.len() <= 256 << 10));
}

fn open(n6: bool, file: Vec<u8>) -> Result<Rows, FileRefused> {
    let (input, reading) = (Cursor::new(file), Reading::at(NOW));
    if n6 { n6::open(input, reading) } else { intelmq::open(input, reading) }
}

/// Names of keys that hold credentials, as senders write them.
fn secret_key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "extra.password",
        "extra.username",
        "source.account",
        "password",
        "extra.http_cookie",
        "destination.account",
        "raw",
        "extra.user",
        "passwd",
        "extra.device_serial",
        "extra.serial_number",
    ])
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(
        pieces in prop::collection::vec(prop_oneof![
            Just(b"{".to_vec()), Just(b"}".to_vec()), Just(b"[".to_vec()), Just(b"]".to_vec()),
            Just(b"\"".to_vec()), Just(b",".to_vec()), Just(b":".to_vec()), Just(b"\\".to_vec()),
            Just(b"\n".to_vec()), Just(EVENT.as_bytes().to_vec()), Just(N6.as_bytes().to_vec()),
            Just(b"\"address\"".to_vec()), prop::collection::vec(any::<u8>(), 0..12),
        ], 0..50),
    ) {
        let file = pieces.concat();
        for n6 in [false, true] {
            if let Ok(rows) = open(n6, file.clone()) {
                prop_assert!(rows.filter(Result::is_err).count() <= 1);
            }
        }
    }

    #[test]
    fn a_mutated_line_costs_no_other_and_shows_no_secret(
        key in secret_key(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
        n6 in any::<bool>(),
    ) {
        let whole = &if n6 { N6 } else { EVENT }.replace("hunter2", "x");
        let mut line = whole.replacen('{', &format!("{{\"{key}\":\"hunter2\","), 1).into_bytes();
        // Beyond the secret: what hits its own name makes another name of it.
        let front = key.len() + 15;
        let at = front + at.index(line.len() - front);
        if cut {
            line.truncate(at);
        } else {
            line[at] = byte;
        }
        let file = [whole.as_bytes(), &line, whole.as_bytes()].join(&b'\n');
        let (detections, refused) = parted(open(n6, file).unwrap());
        let first = detections.iter().filter(|d| d.line == 1).count();
        let last = detections.iter().map(|d| d.line).max();
        let addresses = if n6 { 2 } else { 1 };
        prop_assert_eq!(first, addresses);
        prop_assert!(last >= Some(3));
        prop_assert_eq!(detections.iter().filter(|d| Some(d.line) == last).count(), addresses);
        for refused in &refused {
            let bytes = String::from_utf8_lossy(&refused.bytes);
            prop_assert!(!bytes.contains("\"hunter2"), "{}", bytes);
        }
        for detection in &detections {
            let kept = format!("{detection:?}");
            prop_assert!(!kept.contains("\"hunter2"), "{}", kept);
        }
    }
}
