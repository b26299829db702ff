//! XARF in all its versions, by fixtures of our own.

use formats::{Notes, Proto, Severity, stamp};
use serde_json::{Value, json};

use super::{XARF, one, read, refused};

/// A report of version 4 that a sensor might send about an infected camera.
pub(crate) fn botnet() -> Value {
    let desk =
        json!({"org": "例の観測所", "contact": "desk@sensor.example", "domain": "sensor.example"});
    json!({
        "xarf_version": "4.2.0",
        "report_id": "0192a0de-aaaa-7bbb-8ccc-0123456789ab",
        "timestamp": "2026-11-20T09:00:00+09:00",
        "reporter": desk, "sender": desk,
        "source_identifier": "192.0.2.7", "source_port": 40001,
        "category": "infrastructure", "type": "botnet",
        "compromise_evidence": "ボットの通信を観測",
        "malware_family": "mirai", "c2_server": "198.51.100.9:8080",
        "tags": ["malware:mirai"], "confidence": 0.875,
        "evidence": [{"content_type": "text/plain", "payload": "aHVudGVyMg==",
            "description": "login: root", "hash": "sha256:00ff"}],
        "_internal": {"ticket": "hunter2"}
    })
}

/// The same report with other members; `null` takes a member away.
pub(crate) fn with(changes: Value) -> String {
    let mut report = botnet();
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            report.as_object_mut().unwrap().remove(key);
        } else {
            report[key] = value.clone();
        }
    }
    report.to_string()
}

/// A report of version 4 of this category and type.
fn about(category: &str, kind: &str, changes: Value) -> String {
    let mut all = json!({"category": category, "type": kind, "protocol": "tcp",
        "first_seen": "2026-11-19T00:00:00Z", "c2_server": null, "malware_family": null});
    for (key, value) in changes.as_object().unwrap() {
        all[key] = value.clone();
    }
    with(all)
}

#[test]
fn a_report_on_a_bot_becomes_a_detection_without_its_evidence() {
    let d = one(XARF, botnet().to_string());
    assert_eq!(d.exposure.to_string(), "infected/botnet");
    assert_eq!((d.ip.to_string(), d.port), ("192.0.2.7".to_owned(), Some(40001)));
    assert_eq!(d.peer_ip.unwrap().to_string(), "198.51.100.9");
    assert_eq!(d.peer_port, Some(8080));
    assert_eq!(stamp::utc(d.detected_at), "2026-11-20T00:00:00Z");
    assert_eq!((d.severity, d.severity_from_row), (Severity::Critical, false));
    assert_eq!(d.detail.malware_family.as_deref(), Some("mirai"));
    assert_eq!(d.detail.tag.as_deref(), Some("malware:mirai"));
    assert_eq!(d.detail.record_no.as_deref(), Some("0192a0de-aaaa-7bbb-8ccc-0123456789ab"));
    assert_eq!(d.detail.extra("evidence_hash"), Some("sha256:00ff"));
    assert_eq!(d.detail.extra("confidence"), Some("88"));
    assert_eq!(d.detail.extra("reporter"), Some("例の観測所"));
    assert_eq!(d.detail.extra("compromise_evidence"), Some("ボットの通信を観測"));
    assert!(d.detail.notes.has(Notes::SPECIAL_ADDRESS));
    let told = format!("{d:?}");
    assert!(!told.contains("hunter2") && !told.contains("aHVudGVyMg") && !told.contains("root"));
}

#[test]
fn each_type_that_is_about_a_weak_device_has_its_exposure() {
    let check = |report: String, exposure: &str, port: Option<u16>| {
        let d = one(XARF, report);
        assert_eq!((d.exposure.to_string().as_str(), d.port), (exposure, port));
        d
    };
    let service = json!({"service": "Telnet", "service_port": 2323});
    let d = check(
        about("vulnerability", "open_service", service),
        "exposed_service/telnet",
        Some(2323),
    );
    assert_eq!((d.severity, d.severity_from_row, d.proto), (Severity::High, false, Proto::Tcp));
    let weak = json!({"service": "ssh", "port": 22, "severity": "informational",
        "misconfiguration_type": "weak_authentication"});
    let d =
        check(about("vulnerability", "misconfiguration", weak), "weak_credentials/ssh", Some(22));
    assert_eq!((d.severity, d.severity_from_row), (Severity::Info, true));
    let open = json!({"service": "smb", "misconfiguration_type": "open_share"});
    check(about("vulnerability", "misconfiguration", open), "exposed_service/smb", Some(40001));
    let hole = json!({"service": "http", "service_port": 8080, "cve_id": "CVE-2024-12345",
        "cve_ids": ["CVE-2024-12345", "cve-2020-0001"]});
    let d = check(about("vulnerability", "cve", hole), "vulnerable_firmware/http", Some(8080));
    assert_eq!(d.detail.extra("cve"), Some("CVE-2024-12345;CVE-2020-0001"));
    let attack = json!({"destination_ip": "203.0.113.5", "destination_port": 23});
    let d = check(about("connection", "login_attack", attack), "infected/brute_force", Some(40001));
    assert_eq!((d.peer_ip.unwrap().to_string(), d.peer_port), ("203.0.113.5".into(), Some(23)));
    check(about("connection", "port_scan", json!({})), "infected/port_scan", Some(40001));
    check(about("connection", "ddos", json!({})), "infected/ddos", Some(40001));
    let reflected = json!({"attack_vector": "dns_amplification", "source_port": 53,
        "protocol": "udp"});
    check(about("connection", "ddos", reflected), "amplifier/dns", Some(53));
    let bot = json!({"bot_type": "unknown"});
    check(about("connection", "infected_host", bot), "infected/infected_host", Some(40001));
    let url = json!({"url": "http://192.0.2.7/bins.sh"});
    check(about("content", "malware", url), "infected/malware_url", Some(40001));
}

#[test]
fn a_report_about_no_device_is_refused_and_says_what_it_is_about() {
    let check = |report: String, says: &str| {
        let bad = refused(XARF, report);
        assert_eq!(bad.column.as_deref(), Some("type"));
        assert!(bad.to_string().contains(says), "{bad}");
        assert_eq!(bad.legible.ip.unwrap().to_string(), "192.0.2.7");
    };
    check(about("messaging", "spam", json!({})), "message");
    check(about("content", "phishing", json!({"url": "http://192.0.2.7/"})), "page");
    check(about("copyright", "p2p", json!({"p2p_protocol": "bittorrent"})), "work");
    check(about("reputation", "blocklist", json!({"threat_type": "spam"})), "nothing was seen");
    check(about("connection", "infected_host", json!({"bot_type": "search_engine"})), "crawler");
}

#[test]
fn a_report_that_breaks_a_rule_of_version_4_names_the_member() {
    let check = |changes: Value, column: &str, code: &str| {
        let bad = refused(XARF, with(changes.clone()));
        let told = (bad.column.as_deref(), bad.reason.code());
        assert_eq!(told, (Some(column), code), "{changes}");
    };
    check(json!({"xarf_version": "4.2"}), "xarf_version", "contradiction");
    check(json!({"report_id": "17"}), "report_id", "contradiction");
    check(json!({"timestamp": "2026-11-20T09:00:00"}), "timestamp", "no_zone");
    check(json!({"timestamp": "2027-01-01T00:00:00Z"}), "timestamp", "future_time");
    check(json!({"reporter": null}), "reporter", "missing_value");
    check(
        json!({"sender": {"org": "x", "contact": "y", "domain": "z.example"}}),
        "sender.contact",
        "contradiction",
    );
    check(json!({"source_port": 70000}), "source_port", "bad_port");
    check(json!({"category": "abuse"}), "category", "unknown_word");
    check(json!({"type": "drone"}), "type", "unknown_word");
    check(json!({"compromise_evidence": null}), "compromise_evidence", "missing_value");
    check(json!({"tags": ["Mirai"]}), "tags", "contradiction");
    check(json!({"confidence": 1.5}), "confidence", "bad_number");
    check(
        json!({"evidence": [{"content_type": "text/plain", "payload": "?"}]}),
        "evidence.payload",
        "contradiction",
    );
    check(json!({"evidence": vec![json!({}); 51]}), "evidence", "contradiction");
    for no_address in ["camera@home.example", "camera.example", "http://192.0.2.7/"] {
        check(json!({"source_identifier": no_address}), "source_identifier", "bad_address");
    }
    check(json!({"source_identifier": "192.0.2.0/24"}), "source_identifier", "prefix_not_address");
}

#[test]
fn a_list_is_json_lines_or_an_array_and_a_broken_report_costs_itself() {
    let (a, b) = (botnet().to_string(), with(json!({"source_identifier": "192.0.2.8"})));
    for list in [format!("{a}\n{b}\n"), format!("[{a},\n{b}]"), format!("\u{FEFF}{a}{b}")] {
        let (good, bad) = read(XARF, &list);
        assert!(good.len() == 2 && bad.is_empty(), "{list}");
    }
    let (good, bad) = read(XARF, format!("{a}\n{{\"password\":\"hunter2\n{b}\n"));
    assert_eq!((good.len(), bad.len(), bad[0].line), (2, 1, 2));
    assert_eq!(bad[0].bytes, b"***");
    let (good, bad) = read(XARF, format!("[{a},"));
    assert_eq!((good.len(), bad[0].reason.code()), (1, "cut_row"));
}

#[test]
fn both_shapes_of_version_3_are_read_by_key() {
    let reporter = json!({"ReporterOrg": "Sensor", "ReporterOrgDomain": "sensor.example",
        "ReporterOrgEmail": "desk@sensor.example"});
    let flat = json!({"Version": "3", "ReporterInfo": reporter, "Disclosure": true, "Report": {
        "ReportClass": "Vulnerability", "ReportType": "OpenService", "ServiceName": "telnet",
        "Date": "2026-11-20T00:00:00Z", "SourceIp": "192.0.2.7", "SourcePort": 23,
        "TransportProtocol": "tcp", "ReporterSeverity": "high",
        "Samples": [{"ContentType": "text/plain", "Payload": "password: hunter2"}]}});
    let d = one(XARF, flat.to_string());
    assert_eq!(d.exposure.to_string(), "exposed_service/telnet");
    assert_eq!((d.port, d.proto, d.severity_from_row), (Some(23), Proto::Tcp, true));
    assert!(!format!("{d:?}").contains("hunter2"));
    let nested = json!({"Version": "3.0.0", "ReporterInfo": reporter, "Disclosure": true,
        "Report": {"ReportClass": "System", "ReportType": "botnet",
            "Date": "2026-11-20T00:00:00Z", "Source": {"IP": "2001:db8::7", "Port": 40001},
            "AdditionalInfo": {"MalwareFamily": "Mirai", "DestinationIP": "198.51.100.9",
                "C2Server": "c2.example", "Protocol": "tcp", "DestinationPort": 80}}});
    let d = one(XARF, nested.to_string());
    assert_eq!(d.exposure.to_string(), "infected/botnet");
    assert_eq!((d.ip.to_string().as_str(), d.port), ("2001:db8::7", Some(40001)));
    assert_eq!((d.peer_ip.unwrap().to_string(), d.peer_port), ("198.51.100.9".into(), Some(80)));
    assert_eq!(d.detail.malware_family.as_deref(), Some("Mirai"));
    assert_eq!(d.detail.extra("C2Server"), Some("c2.example"));
}

/// The report part of a mail, as fail2ban scripts send it.
pub(crate) const REPORT_PART: &str = "---\n\
    Reported-From: desk@sensor.example\n\
    Category: abuse\n\
    Report-Type: login-attack\n\
    Service: ssh\n\
    Version: 0.2\n\
    User-Agent: a long name\n  that goes on\n\
    Date: Fri, 20 Nov 2026 07:19:02 +0900\n\
    Source-Type: ip-address\n\
    Source: 192.0.2.7\n\
    Port: 22\n\
    Report-ID: 17@sensor.example\n\
    Username: hunter2\n";

#[test]
fn the_report_part_of_an_old_mail_is_read_as_text_and_as_json() {
    let d = one(XARF, REPORT_PART);
    assert_eq!(d.exposure.to_string(), "infected/brute_force");
    assert_eq!(stamp::utc(d.detected_at), "2026-11-19T22:19:02Z");
    // The port is the one attacked, not one of the device.
    assert_eq!((d.port, d.peer_port), (None, Some(22)));
    assert_eq!(d.detail.extra("User-Agent"), Some("a long name that goes on"));
    assert_eq!(d.detail.extra("Service"), Some("ssh"));
    assert!(!format!("{d:?}").contains("hunter2"));
    let json = json!({"Reported-From": "desk@sensor.example", "Category": "abuse",
        "Report-Type": "malware-attack", "Date": "2026-11-20T00:00:00Z", "Port": 80,
        "Source-Type": "ipv4", "Source": "192.0.2.7"});
    let d = one(XARF, json.to_string());
    assert_eq!((d.exposure.to_string().as_str(), d.port), ("infected/malware_url", Some(80)));
}

#[test]
fn a_refused_report_part_shows_itself_without_credentials_and_reads_again() {
    let phishing = REPORT_PART.replace("login-attack", "phishing");
    let (good, bad) = read(XARF, format!("{REPORT_PART}{phishing}"));
    assert_eq!((good.len(), bad.len()), (1, 1));
    assert_eq!((bad[0].line, bad[0].column.as_deref()), (16, Some("Report-Type")));
    let shown = String::from_utf8(bad[0].bytes.clone()).unwrap();
    assert!(shown.contains("Source: 192.0.2.7") && !shown.contains("hunter2"), "{shown}");
    let again = refused(XARF, shown);
    assert_eq!(again.reason, bad[0].reason);
    let beside = format!("{REPORT_PART}---\nno report at all\n");
    let (good, bad) = read(XARF, beside);
    assert_eq!((good.len(), &bad[0].bytes[..]), (1, &b"***"[..]));
}

#[test]
fn what_begins_neither_as_json_nor_as_a_report_part_is_refused_as_a_whole() {
    for text in
        ["no report at all\n", "Nov 20 sshd[1]: Report-Type:\n", "\u{0}\u{1}\u{2}", "<p>x</p>"]
    {
        let input = std::io::Cursor::new(text.as_bytes().to_vec());
        let why = XARF(input, formats::Reading::at(super::NOW)).unwrap_err();
        assert_eq!(why.code(), "not_xarf", "{text}");
    }
}
