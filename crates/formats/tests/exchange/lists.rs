//! Notice lists in the formats of other programs: what is written reads back as what was seen.

use std::collections::HashSet;
use std::net::IpAddr;

use formats::isp_list::{Action, Line};
use formats::report_back::{Placement, ReasonCode};
use formats::{
    Detection, Exposure, Issue, Kind, Proto, Severity, Stream, Weakness, intelmq, n6, stamp, stix,
    xarf,
};
use proptest::prelude::*;
use serde_json::Value;

use super::schemas::{Schemas, objections};
use super::{INTELMQ, N6, Open, STIX, XARF, one, read, refused};

fn issue() -> Issue {
    Issue {
        org: "届けサポートセンター".to_owned(),
        contact: "abuse@todoke.example".to_owned(),
        domain: "todoke.example".to_owned(),
        issued_at: stamp::parse("2026-11-22T00:00:00.25Z", None).unwrap(),
    }
}

fn line(exposure: &str) -> Line {
    let at = stamp::parse("2026-11-20T15:00:00Z", None).unwrap();
    let exposure: Exposure = exposure.parse().unwrap();
    let infected = exposure.weakness == Weakness::Infected;
    Line {
        list_id: "isp-a-20261122-001".to_owned(),
        list_version: 1,
        record_no: 7,
        inquiry_id: "48213-90417-66206".to_owned(),
        isp_code: "isp-a".to_owned(),
        action: Action::New,
        stream: if infected { Stream::Nicter } else { Stream::Notice },
        detected_at: at,
        ip: "192.0.2.7".parse().unwrap(),
        port: Some(if infected { 40_001 } else { 23 }),
        proto: Proto::Tcp,
        identify_by: at,
        report_by: at,
        peer_ip: None,
        peer_port: infected.then_some(23),
        first_seen: Some(at - 1_000_000),
        last_seen: Some(at),
        repeat_count: None,
        weakness: Some(exposure.weakness),
        severity: Some(Severity::High),
        confidence: Some(90),
        device_vendor: Some("例の工業".to_owned()),
        device_type: Some("router".to_owned()),
        device_model: Some("ルータ㈱".to_owned()),
        fw_version: Some("1.0".to_owned()),
        malware_family: infected.then(|| "Mirai".to_owned()),
        evidence_hash: None,
        manual_id: None,
        campaign: None,
        template_version: None,
        placement_hint: Some(Placement::Unknown),
        upstream_path: vec!["isp-u".to_owned()],
        network_kind: Some("shared".to_owned()),
        reason_hint: Some(ReasonCode::IpSharedNoPort),
        kind: Some(exposure.kind),
        withdrawn_at: None,
    }
}

/// A writer of lists.
type Write = fn(&mut Vec<u8>, &[Line], &Issue) -> std::io::Result<()>;

fn formats() -> [(&'static str, Write, Open); 4] {
    [
        ("intelmq", |out, lines, issue| intelmq::write(out, lines, issue), INTELMQ),
        ("xarf", |out, lines, issue| xarf::write(out, lines, issue), XARF),
        ("stix", |out, lines, issue| stix::write(out, lines, issue), STIX),
        ("n6", |out, lines, issue| n6::write(out, lines, issue), N6),
    ]
}

fn written(write: Write, lines: &[Line]) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, lines, &issue()).unwrap();
    out
}

/// What a line says in every format, as a reader must find it.
fn told(line: &Line) -> (IpAddr, Option<u16>, Proto, i64, Option<String>, Option<u16>) {
    let second = line.detected_at - line.detected_at.rem_euclid(1_000_000);
    let exposure = line.exposure().map(|exposure| exposure.to_string());
    (line.ip, line.port, line.proto, second, exposure, line.peer_port)
}

fn found(d: &Detection) -> (IpAddr, Option<u16>, Proto, i64, Option<String>, Option<u16>) {
    (d.ip, d.port, d.proto, d.detected_at, Some(d.exposure.to_string()), d.peer_port)
}

#[test]
fn a_line_reads_back_from_every_format_as_what_was_seen() {
    for exposure in [
        "weak_credentials/telnet",
        "infected/nicter",
        "exposed_service/snmp",
        "amplifier/dns",
        "vulnerable_firmware/cve_2024_12345",
        "vulnerable_firmware/http",
    ] {
        let line = line(exposure);
        for (format, write, open) in formats() {
            let read = one(open, written(write, std::slice::from_ref(&line)));
            assert_eq!(found(&read), told(&line), "{format}");
            assert_eq!(read.detail.extra("inquiry_id"), Some("48213-90417-66206"), "{format}");
            assert_eq!(read.detail.extra("list_id"), Some("isp-a-20261122-001"), "{format}");
            let family = read.detail.malware_family.as_deref();
            let family = family.map(str::to_lowercase);
            let expected = line.malware_family.as_ref().map(|family| family.to_lowercase());
            assert_eq!(family, expected, "{format}");
            if ["xarf", "intelmq"].contains(&format) {
                assert_eq!(read.severity, Severity::High, "{format}");
            }
        }
    }
}

/// What a program sees that knows none of our own words.
#[test]
fn a_line_says_the_same_weakness_in_the_words_of_each_format() {
    let stranger = |text: &[u8]| {
        let text = std::str::from_utf8(text).unwrap();
        text.replace("exposure\":", "x_unknown\":").replace("\"extensions\"", "\"x_unknown\"")
    };
    let check = |format: &str, exposure: &str, expected: &str| {
        let (_, write, open) = formats().into_iter().find(|(name, ..)| *name == format).unwrap();
        let text = stranger(&written(write, &[line(exposure)]));
        assert_eq!(one(open, text).exposure.to_string(), expected, "{format} {exposure}");
    };
    check("intelmq", "weak_credentials/telnet", "weak_credentials/telnet");
    check("intelmq", "exposed_service/snmp", "amplifier/snmp");
    check("intelmq", "amplifier/dns", "amplifier/dns");
    check("intelmq", "infected/nicter", "infected/infected_system");
    check("intelmq", "vulnerable_firmware/cve_2024_12345", "vulnerable_firmware/cve_2024_12345");
    check("xarf", "weak_credentials/telnet", "weak_credentials/telnet");
    check("xarf", "exposed_service/snmp", "exposed_service/snmp");
    check("xarf", "infected/nicter", "infected/botnet");
    check("xarf", "vulnerable_firmware/cve_2024_12345", "vulnerable_firmware/23_tcp");
    check("stix", "weak_credentials/telnet", "weak_credentials/telnet");
    check("stix", "infected/nicter", "infected/malware");
    check("stix", "vulnerable_firmware/cve_2024_12345", "vulnerable_firmware/cve_2024_12345");
    check("n6", "infected/nicter", "infected/bots");
    check("n6", "vulnerable_firmware/cve_2024_12345", "vulnerable_firmware/cve_2024_12345");
}

#[test]
fn a_line_that_was_taken_back_is_a_detection_in_no_format() {
    let issued = issue().issued_at;
    for exposure in ["weak_credentials/telnet", "infected/nicter"] {
        let line = Line { action: Action::Withdrawn, withdrawn_at: Some(issued), ..line(exposure) };
        for (format, write, open) in formats() {
            let text = written(write, std::slice::from_ref(&line));
            let bad = refused(open, &text);
            let code = bad.reason.code();
            assert_eq!(code, "not_about_device", "{format}: {bad}");
            let text = String::from_utf8(text).unwrap();
            assert!(text.contains("48213-90417-66206"), "{format} says which");
        }
    }
}

#[test]
fn the_version_of_a_list_changes_no_event_of_it() {
    let (first, second) =
        (line("infected/nicter"), Line { list_version: 2, ..line("infected/nicter") });
    for (format, write, _) in formats().into_iter().filter(|(format, ..)| *format != "stix") {
        let texts = [&first, &second].map(|line| written(write, std::slice::from_ref(line)));
        assert_eq!(texts[0], texts[1], "{format}");
    }
    let issue = issue();
    let writer = stix::Writer::new(&issue);
    assert_eq!(writer.objects(&first), writer.objects(&second));
}

#[test]
fn a_sighting_that_is_taken_back_is_a_later_version_of_itself() {
    let issue = issue();
    let writer = stix::Writer::new(&issue);
    let line = line("weak_credentials/telnet");
    let back =
        Line { action: Action::Withdrawn, withdrawn_at: Some(issue.issued_at), ..line.clone() };
    let (before, after) = (writer.objects(&line), writer.objects(&back));
    let last = |objects: &[stix::Version]| objects.last().unwrap().clone();
    assert_eq!(before[..before.len() - 1], after[..after.len() - 1], "nothing else changes");
    let (before, after) = (last(&before), last(&after));
    assert_eq!((before.kind(), &before.id), ("sighting", &after.id));
    assert!(before.modified < after.modified);
    assert_eq!(before.value["modified"], "2026-11-22T00:00:00.250Z");
    assert_eq!(after.value["modified"], "2026-11-22T00:00:00.251Z");
    assert_eq!(after.value["created"], before.value["created"]);
    assert_eq!((&before.value["revoked"], &after.value["revoked"]), (&Value::Null, &true.into()));
}

/// The names that the specification gives two addresses (section 2.9, by its own library).
#[test]
fn an_address_has_the_name_that_stix_gives_it_everywhere() {
    let issue = issue();
    let writer = stix::Writer::new(&issue);
    let of = |ip: &str| {
        let line = Line { ip: ip.parse().unwrap(), ..line("weak_credentials/telnet") };
        let found = writer.objects(&line).into_iter().find(|o| o.kind().ends_with("-addr"));
        found.unwrap().id
    };
    assert_eq!(of("198.51.100.3"), "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4");
}

#[test]
fn an_empty_list_is_an_empty_file_of_each_format() {
    for (format, write, _) in formats() {
        let text = String::from_utf8(written(write, &[])).unwrap();
        if format == "stix" {
            let bundle: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(bundle["type"], "bundle");
        } else {
            assert_eq!(text, "", "{format}");
        }
    }
}

prop_compose! {
    fn texts()(texts in prop::array::uniform4(prop::option::of("[ -~ぁ-んァ-ン一-十]{0,12}")))
        -> [Option<String>; 4] {
        texts
    }
}

fn kinds() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9_]{1,20}".prop_map(|text| Kind::bent(&text).as_str().to_owned()),
        Just("telnet".to_owned()),
        Just("snmp".to_owned()),
        "cve_20[0-9]{2}_[0-9]{4,6}",
    ]
}

fn places() -> impl Strategy<Value = (IpAddr, Option<u16>, Option<IpAddr>, Option<u16>)> {
    let ip = || {
        prop_oneof![
            (1_u32..).prop_map(|bits| IpAddr::from(bits.to_be_bytes())),
            (1_u128..).prop_map(|bits| IpAddr::from((bits | 1 << 125).to_be_bytes())),
        ]
    };
    (ip(), prop::option::of(1_u16..), prop::option::of(ip()), prop::option::of(1_u16..))
}

prop_compose! {
    fn lines()(
        (ip, port, peer_ip, peer_port) in places(),
        (weakness, kind) in (prop::sample::select(Weakness::ALL), kinds()),
        (udp, stream) in (any::<bool>(), prop::sample::select(Stream::ALL)),
        [family, vendor, model, version] in texts(),
        (seconds, ago) in (1_600_000_000_i64..1_795_000_000, prop::option::of(-9_i64..9)),
        confidence in prop::option::of(0_u8..=100),
        severity in prop::option::of(prop::sample::select(Severity::ALL)),
    ) -> Line {
        let infected = weakness == Weakness::Infected;
        let proto = if udp { Proto::Udp } else { Proto::Tcp };
        let at = seconds * 1_000_000 + 250_000;
        Line {
            ip, port, peer_ip, peer_port, severity, confidence, stream,
            kind: Some(Kind::bent(&kind)),
            // Of a service the protocol is always known.
            proto: if infected && port.is_none() { Proto::Other } else { proto },
            detected_at: at,
            first_seen: ago.map(|ago| at - ago * 1_000_000),
            weakness: Some(weakness),
            malware_family: family,
            device_vendor: vendor,
            device_model: model,
            fw_version: version,
            ..line("weak_credentials/telnet")
        }
    }
}

proptest! {
    #[test]
    fn any_line_reads_back_from_every_format(line in lines()) {
        for (format, write, open) in formats() {
            let text = written(write, std::slice::from_ref(&line));
            prop_assert_eq!(&text, &written(write, std::slice::from_ref(&line)));
            let (good, bad) = read(open, &text);
            prop_assert!(bad.is_empty() && good.len() == 1, "{format}: {bad:?}");
            prop_assert_eq!(found(&good[0]), told(&line), "{}", format);
            prop_assert_eq!(good[0].peer_ip, line.peer_ip, "{}", format);
            prop_assert_eq!(good[0].detail.extra("inquiry_id"), Some("48213-90417-66206"));
        }
    }

    #[test]
    fn any_list_keeps_all_its_lines(mut list in prop::collection::vec(lines(), 0..20)) {
        for (line, number) in list.iter_mut().zip(1..) {
            line.record_no = number;
        }
        for (format, write, open) in formats() {
            let text = written(write, &list);
            if list.is_empty() {
                continue;
            }
            let (good, bad) = read(open, text);
            prop_assert!(bad.is_empty(), "{format}: {bad:?}");
            let read: Vec<_> = good.iter().map(found).collect();
            prop_assert_eq!(read, list.iter().map(told).collect::<Vec<_>>(), "{}", format);
        }
    }
}

/// Lines of all kinds, with and without what may be missing, standing and taken back.
fn gallery() -> Vec<Line> {
    let mut lines = Vec::new();
    for weakness in Weakness::ALL {
        for kind in ["telnet", "cve_2024_12345", "cve_2024_00012"] {
            let full = line(&format!("{weakness}/{kind}"));
            let bare = Line {
                port: None,
                proto: Proto::Other,
                peer_port: None,
                peer_ip: Some("2001:db8::9".parse().unwrap()),
                ip: "2001:db8::7".parse().unwrap(),
                severity: Some(Severity::Info),
                confidence: None,
                malware_family: None,
                device_vendor: None,
                device_model: Some(" ".to_owned()),
                upstream_path: Vec::new(),
                first_seen: Some(full.detected_at + 5),
                ..full.clone()
            };
            let back = Line {
                action: Action::Withdrawn,
                withdrawn_at: Some(issue().issued_at + 5),
                ..full.clone()
            };
            lines.extend([full, bare, back]);
        }
    }
    for (line, number) in lines.iter_mut().zip(1..) {
        line.record_no = number;
    }
    lines
}

#[test]
fn the_makers_of_xarf_accept_every_report_we_write() {
    let Some(schemas) = Schemas::below("xarf/spec/schemas/v4") else { return };
    let master = schemas.judge("/xarf-v4-master.json");
    let text = String::from_utf8(written(formats()[1].1, &gallery())).unwrap();
    let mut names = HashSet::new();
    for row in text.lines() {
        let report: Value = serde_json::from_str(row).unwrap();
        let kind = report["type"].as_str().unwrap().replace('_', "-");
        let kind = format!("/{}-{kind}.json", report["category"].as_str().unwrap());
        for judge in [&master, &schemas.judge(&kind)] {
            assert_eq!(objections(judge, &report), Vec::<String>::new(), "{row}");
        }
        names.insert(report["report_id"].to_string());
    }
    assert_eq!(names.len(), gallery().len(), "one report per line, each of its own name");
    // The judge itself is no rubber stamp.
    let broken = text.lines().next().unwrap().replace("abuse@", "abuse ");
    assert!(!objections(&master, &serde_json::from_str(&broken).unwrap()).is_empty());
}

#[test]
fn the_makers_of_stix_accept_every_object_we_write() {
    let Some(schemas) = Schemas::below("stix-taxii/stix2-json-schemas/schemas") else { return };
    let bundle: Value = serde_json::from_slice(&written(formats()[2].1, &gallery())).unwrap();
    let objects = bundle["objects"].as_array().unwrap();
    // Their schema of a bundle forgets definitions of extensions, of which they have a schema.
    let mut known = bundle.clone();
    let is_known = |object: &Value| object["type"] != "extension-definition";
    known["objects"].as_array_mut().unwrap().retain(is_known);
    assert_eq!(objections(&schemas.judge("/bundle.json"), &known), Vec::<String>::new());
    let (mut kinds, mut ids) = (HashSet::new(), HashSet::new());
    for object in objects {
        let kind = object["type"].as_str().unwrap();
        let judge = schemas.judge(&format!("/{kind}.json"));
        assert_eq!(objections(&judge, object), Vec::<String>::new(), "{object}");
        kinds.insert(kind);
        assert!(ids.insert(object["id"].as_str().unwrap()), "each object once");
    }
    let expected = ["ipv4-addr", "ipv6-addr", "malware", "vulnerability", "sighting", "identity"];
    assert!(expected.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    let named = |object: &Value, key: &str| -> Vec<String> {
        let one = object[key].as_str().into_iter();
        let list = object[key].as_array().into_iter().flatten().filter_map(Value::as_str);
        one.chain(list).map(str::to_owned).collect()
    };
    let keys = ["created_by_ref", "sighting_of_ref", "observed_data_refs", "where_sighted_refs"];
    let keys = keys.into_iter().chain(["object_refs", "src_ref", "dst_ref"]);
    for key in keys {
        for name in objects.iter().flat_map(|object| named(object, key)) {
            assert!(ids.contains(name.as_str()), "{key} leads to {name}");
        }
    }
    let mut broken = objects[0].clone();
    broken["created"] = "yesterday".into();
    assert!(!objections(&schemas.judge("/identity.json"), &broken).is_empty());
}
