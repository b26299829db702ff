//! Shadowserver reports of our own making: old and new headers, broken rows, planted passwords.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::io::Cursor;

use formats::{
    Detection, Encoding, FileRefused, Notes, Outcome, Proto, Reading, Refused, Row, Rows, Severity,
    Weakness, shadowserver, stamp,
};
use proptest::prelude::*;

/// 2026-11-23T00:00:00Z in microseconds.
const NOW: i64 = 1_795_392_000_000_000;

fn open(name: &str, text: impl AsRef<[u8]>) -> Result<Rows, FileRefused> {
    shadowserver::open(name, None, Cursor::new(text.as_ref().to_vec()), Reading::at(NOW))
}

fn read(name: &str, text: impl AsRef<[u8]>) -> (Vec<Detection>, Vec<Refused>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for row in open(name, text).unwrap() {
        match row.unwrap() {
            Row::Detection(detection) => good.push(*detection),
            Row::Refused(refused) => bad.push(refused),
        }
    }
    (good, bad)
}

const TELNET: &str = "timestamp,severity,ip,protocol,port,hostname,tag,asn,geo,banner\n";

/// The reason and column of the one bad row between two good ones.
fn refusal(row: &str) -> (u64, String, String) {
    let good = "2026-11-22 01:02:03,high,192.0.2.1,tcp,23,,,,,\n";
    let (detections, refused) =
        read("2026-11-22-scan_telnet-x-geo.csv", format!("{TELNET}{good}{row}\n{good}"));
    assert_eq!((detections.len(), refused.len()), (2, 1), "{row}");
    let Refused { line, column, reason, bytes, .. } = refused[0].clone();
    assert_eq!(bytes, row.as_bytes());
    (line, column.unwrap_or_default(), reason.code().to_owned())
}

#[test]
fn a_serial_number_is_kept_as_its_hash_alone_and_a_hardware_address_not_at_all() {
    let text = "timestamp,ip,protocol,port,device_serial,machine_name,device_model,mac_address\n\
                2026-11-22 01:02:03,192.0.2.7,udp,37810,6J0E022PAG35073,6J0E022PAG35073,IPC,\n\
                2026-11-22 01:02:03,192.0.2.8,udp,37810,unknown,camera-1,IPC,00:00:5e:00:53:af\n\
                2026-11-22 01:02:03,192.0.2.9,udp,99999,6J0E022PAG35073,,IPC,00:00:5e:00:53:af\n";
    let (detections, refused) = read("2026-11-22-scan_dvr_dhcpdiscover-japan.csv", text);
    // `printf 6J0E022PAG35073 | sha256sum`
    let hash = "32aff8ac6677c05e47a5ed4947fb6b6e2a5f0f88453c9edeab7586945392dca0";
    assert_eq!(detections[0].detail.serial_hash.as_deref(), Some(hash));
    assert_eq!(detections[1].detail.serial_hash, None);
    assert_eq!(detections[1].detail.extra("machine_name"), Some("camera-1"));
    let all = format!("{detections:?} {}", String::from_utf8_lossy(&refused[0].bytes));
    assert!(!all.contains("6J0E022PAG35073") && !all.contains("53:af"), "{all}");
}

#[test]
fn a_scan_row_becomes_a_detection_on_the_side_of_the_device() {
    let row = "2026-11-22 01:02:03,critical,192.0.2.7,tcp,2323,\
               host.example.jp,telnet;iot,64496,JP,login:\n";
    let (detections, refused) =
        read("2026-11-22-scan_telnet-japan-geo.csv", format!("{TELNET}{row}"));
    assert!(refused.is_empty());
    let d = &detections[0];
    assert_eq!(stamp::utc(d.detected_at), "2026-11-22T01:02:03Z");
    assert_eq!((d.line, d.ip.to_string(), d.port), (2, "192.0.2.7".to_owned(), Some(2323)));
    assert_eq!(d.exposure.to_string(), "exposed_service/telnet");
    assert_eq!((d.proto, d.outcome), (Proto::Tcp, Outcome::Detected));
    assert_eq!((d.severity, d.severity_from_row), (Severity::Critical, true));
    assert_eq!(d.detail.hostname.as_deref(), Some("host.example.jp"));
    assert_eq!(d.detail.tag.as_deref(), Some("telnet;iot"));
    assert_eq!(d.detail.asn, Some(64_496));
    assert_eq!(d.detail.extra("banner"), Some("login:"));
    assert_eq!(d.detail.extra("geo"), None);
}

#[test]
fn an_event_row_has_the_infected_device_as_source_and_the_sensor_as_peer() {
    let text = "timestamp,protocol,src_ip,src_port,src_asn,dst_ip,dst_port,infection,family\r\n\
                2026-11-22 00:00:00,tcp,2001:DB8::0:1,4717,0,198.51.100.9,23,mirai,\r\n";
    let (detections, _) = read("2026-11-22-event6_honeypot_darknet.csv", text);
    let d = &detections[0];
    assert_eq!((d.ip.to_string(), d.port), ("2001:db8::1".to_owned(), Some(4717)));
    assert_eq!(d.peer_ip.unwrap().to_string(), "198.51.100.9");
    assert_eq!(d.peer_port, Some(23));
    assert_eq!(d.exposure.to_string(), "infected/darknet");
    assert_eq!(d.detail.malware_family.as_deref(), Some("mirai"));
    assert_eq!(d.detail.asn, None);
    assert_eq!((d.severity, d.severity_from_row), (Severity::High, false));
}

#[test]
fn an_old_header_is_read_by_its_old_names() {
    let text = "\"timestamp\",\"ip\",\"port\",\"type\",\"infection\",\"cc\",\"cc_port\",\"naics\"\n\
                \"2011-04-23 00:00:05\",\"198.51.100.8\",3218,\"tcp\",\"spyeye\",\
                \"203.0.113.5\",80,0\n";
    let (detections, _) = read("drone~abcdef0.csv", text);
    let d = &detections[0];
    assert_eq!(d.proto, Proto::Tcp);
    assert_eq!(d.peer_ip.unwrap().to_string(), "203.0.113.5");
    assert_eq!(d.exposure.weakness, Weakness::Infected);
    assert_eq!(d.detail.malware_family.as_deref(), Some("spyeye"));
}

#[test]
fn the_order_of_columns_does_not_matter() {
    let text = "port,banner,ip,timestamp\n23,hello,192.0.2.1,2026-11-22 00:00:00\n";
    let (detections, _) = read("scan_telnet.csv", text);
    assert_eq!((detections[0].port, detections[0].proto), (Some(23), Proto::Tcp));
}

#[test]
fn a_changed_header_is_reported() {
    let text = "\u{FEFF}timestamp,ip,port,Brand_New,password\n";
    let rows = open("scan_telnet.csv", text).unwrap();
    let header = rows.header();
    assert_eq!(header.report_type, "scan_telnet");
    assert_eq!(header.unknown, ["brand_new"]);
    assert_eq!(header.missing, ["severity"]);
    assert_eq!(header.credentials, ["password"]);
    assert_eq!(rows.count(), 0);
}

#[test]
fn a_bad_row_names_line_column_and_reason_and_stops_no_other() {
    let row = |time: &str, ip: &str, port: &str| refusal(&format!("{time},,{ip},tcp,{port},,,,,"));
    let day = "2026-11-22 00:00:00";
    let is = |got: (u64, String, String), column: &str, reason: &str| {
        assert_eq!(got, (3, column.to_owned(), reason.to_owned()));
    };
    is(row(day, "", "23"), "ip", "no_source_address");
    is(row(day, "0.0.0.0", "23"), "ip", "unspecified_address");
    is(row(day, "::", "23"), "ip", "unspecified_address");
    is(row(day, "192.0.2.0/24", "23"), "ip", "prefix_not_address");
    is(row(day, "192.0.2.1-192.0.2.9", "23"), "ip", "prefix_not_address");
    is(row(day, "192.0.2.1.5", "23"), "ip", "bad_address");
    is(row(day, "192.0.2.256", "23"), "ip", "bad_address");
    is(row(day, "192.0.2.010", "23"), "ip", "bad_address");
    is(row(day, "192.0.2.1\0", "23"), "ip", "nul_byte");
    is(row(day, "fe80::1%eth0", "23"), "ip", "bad_address");
    is(row(day, "192.0.2.1", "65536"), "port", "bad_port");
    is(row(day, "192.0.2.1", "-1"), "port", "bad_port");
    is(row("2026-02-29 00:00:00", "192.0.2.1", "23"), "timestamp", "bad_time");
    is(row("yesterday", "192.0.2.1", "23"), "timestamp", "bad_time");
    is(row("", "192.0.2.1", "23"), "timestamp", "bad_time");
    is(row("2026-11-24 00:00:00", "192.0.2.1", "23"), "timestamp", "future_time");
    is(refusal("2026-11-22 00:00:00,,192.0.2.1,tcp,23,,,,,a,b"), "", "too_many_cells");
    is(refusal("2026-11-22 00:00:00,,192.0.2.1"), "ip", "too_few_cells");
    is(refusal("bad,row"), "ip", "too_few_cells");
}

#[test]
fn a_short_row_is_read_where_all_it_must_have_is_there() {
    let (detections, refused) = read(
        "scan_telnet.csv",
        format!("{TELNET}2026-11-22 00:00:00,,192.0.2.1,tcp,23,host.example\n"),
    );
    assert!(refused.is_empty());
    assert!(detections[0].detail.notes.has(Notes::SHORT_ROW));
}

#[test]
fn an_ipv4_address_mapped_into_ipv6_is_unfolded() {
    let text = "timestamp,ip\n2026-11-22T00:00:00Z,::ffff:192.0.2.9\n";
    let (detections, _) = read("scan6_telnet.csv", text);
    assert_eq!(detections[0].ip.to_string(), "192.0.2.9");
}

#[test]
fn bytes_that_are_no_text_refuse_their_row_only() {
    let mut text = b"timestamp,ip,banner\n2026-11-22 00:00:00,192.0.2.1,".to_vec();
    text.extend_from_slice(b"\x95\x5C\n2026-11-22 00:00:00,192.0.2.2,");
    text.extend_from_slice("表\n".as_bytes());
    let (detections, refused) = read("scan_telnet.csv", text);
    assert_eq!((detections.len(), refused.len()), (1, 1));
    assert_eq!((refused[0].line, refused[0].reason.code()), (2, "bad_encoding"));
    assert_eq!(detections[0].detail.extra("banner"), Some("表"));
}

#[test]
fn cp932_is_read_where_the_feed_says_so() {
    let text = b"timestamp,ip,banner\n2026-11-22 00:00:00,192.0.2.1,\x87\x40\x8A\x94\n".to_vec();
    let reading = Reading::at(NOW).encoded(Encoding::Cp932);
    let mut rows = shadowserver::open("scan_telnet.csv", None, Cursor::new(text), reading).unwrap();
    let Some(Ok(Row::Detection(d))) = rows.next() else { panic!("no detection") };
    assert_eq!(d.detail.extra("banner"), Some("①株"));
}

#[test]
fn control_characters_are_replaced_and_noted() {
    let text = "timestamp,ip,banner\n2026-11-22 00:00:00,192.0.2.1,a\u{7}b\tc\u{1B}\n";
    let (detections, _) = read("scan_telnet.csv", text);
    assert_eq!(detections[0].detail.extra("banner"), Some("a\u{FFFD}b\tc\u{FFFD}"));
    assert!(detections[0].detail.notes.has(Notes::CONTROL_REPLACED));
}

#[test]
fn an_unreadable_other_side_costs_no_detection() {
    let text = "timestamp,ip,dst_ip,dst_port\n2026-11-22 00:00:00,192.0.2.1,x.x.51.198,many\n";
    let (detections, _) = read("darknet.csv", text);
    assert_eq!((detections[0].peer_ip, detections[0].peer_port), (None, None));
    assert_eq!(detections[0].detail.extra("dst_ip"), Some("x.x.51.198"));
    assert!(detections[0].detail.notes.has(Notes::PEER_UNREADABLE));
}

#[test]
fn a_page_that_leads_to_a_sinkhole_stands_where_the_referer_stands() {
    let text = "timestamp,http_referer_ip,http_referer_port,dst_ip\n\
                2026-11-22 00:00:00,192.0.2.3,80,198.51.100.1\n\
                2026-11-22 00:00:00,,80,198.51.100.1\n";
    let (detections, refused) = read("event4_sinkhole_http_referer.csv", text);
    assert_eq!(detections[0].ip.to_string(), "192.0.2.3");
    assert_eq!(refused[0].reason.code(), "no_source_address");
}

#[test]
fn a_report_without_a_column_for_the_device_is_refused_row_by_row() {
    let text = "timestamp,dst_ip\n2026-11-22 00:00:00,192.0.2.1\n2026-11-22 00:00:00,192.0.2.2\n";
    let (detections, refused) = read("event4_sinkhole.csv", text);
    assert_eq!((detections.len(), refused.len()), (0, 2));
    assert_eq!(refused[0].reason.code(), "no_source_address");
}

#[test]
fn a_file_no_row_of_which_can_be_read_is_refused_whole() {
    let code = |name: &str, text: &str| open(name, text).unwrap_err().code();
    assert_eq!(code("scan_telnet.csv", ""), "empty");
    assert_eq!(code("scan_telnet.csv", "\n\r\n\n"), "empty");
    assert_eq!(code("scan_telnet.csv", "ip,port\n"), "missing_column");
    assert_eq!(code("scan_telnet.csv", "timestamp,port\n"), "missing_column");
    assert_eq!(code("holiday.csv", TELNET), "unknown_type");
    assert_eq!(code("scan_telnet.csv", "PK\x03\x04"), "bad_archive");
    assert_eq!(code("scan_telnet.csv", &"a,".repeat(600)), "too_many_columns");
    assert_eq!(open("scan_telnet.csv", b"\xFF\xFEt\0").unwrap_err().code(), "encoding");
    assert_eq!(code("scan_telnet.csv", "timestamp,ip,ip\n"), "duplicate_column");
}

#[test]
fn the_type_is_known_from_every_form_of_name() {
    let named = |name: &str| shadowserver::report_type(name).map(|t| t.exposure.to_string());
    let telnet = Some("exposed_service/telnet".to_owned());
    for name in [
        "2026-03-24-scan_telnet-japan-geo.csv",
        "2026-03-24-123456-scan_telnet-japan-asn.csv",
        "2026-03-24-scan_telnet-japan-geo-delayed.csv",
        "2026-03-24-scan_telnet.csv",
        "in/box/2026-03-24-scan6_telnet-x.csv.zip",
        "scan_telnet.csv",
        "Accessible-Telnet.csv",
        "accessible_telnet_RECONSTRUCTED.csv",
        "scan_telnet~0a1b2c3.csv",
        "n6_telnet_201412_1.csv",
    ] {
        assert_eq!(named(name), telnet, "{name}");
    }
    let is = |name: &str, exposure: &str| assert_eq!(named(name).as_deref(), Some(exposure));
    is("2026-03-24-scan_snmp-japan.csv", "amplifier/snmp");
    is("open-tftp-servers.csv", "amplifier/tftp");
    is("drone-hadoop.csv", "infected/sinkhole");
    is("2026-03-24-compromised_iot6-japan.csv", "infected/compromised_iot");
    is("2026-03-24-device_id6-japan.csv", "exposed_service/device_id");
    is("Ssl-Freak-Scan.csv", "vulnerable_firmware/ssl_freak");
    is("2026-03-24-scan_quux_vulnerable-japan.csv", "vulnerable_firmware/quux");
    is("2026-03-24-scan6_quux-japan.csv", "exposed_service/quux");
    is("2026-03-24-event4_honeypot_quux-japan.csv", "infected/quux");
    assert_eq!(named("report.csv"), None);
}

#[test]
fn a_declared_type_goes_before_the_name() {
    let input = Cursor::new(b"timestamp,ip\n2026-11-22 00:00:00,192.0.2.1\n".to_vec());
    let rows = shadowserver::open("a.csv", Some("scan_snmp"), input, Reading::at(NOW)).unwrap();
    assert_eq!(rows.header().report_type, "scan_snmp");
}

const BRUTE: &str = "timestamp,src_ip,src_port,username,password,account,login,payload_url,tag\n";

#[test]
fn no_planted_password_is_anywhere_in_what_the_reader_gives() {
    let rows = [
        "2026-11-22 00:00:00,192.0.2.1,1,rootHUNTER,hunter2,acctHUNTER,logHUNTER,,x",
        "2026-11-22 00:00:00,192.0.2.1,1,u,\"a,\"\"hunter2\",c,d,ftp://u:hunter2@192.0.2.9/x,x",
        "bad time,192.0.2.1,1,rootHUNTER,\"hunter2\",acctHUNTER,logHUNTER,,x",
        "2026-11-22 00:00:00,192.0.2.1,1,rootHUNTER,hunter2,hunter2,logHUNTER,,x,surplus",
        "2026-11-22 00:00:00,192.0.2.1,1,rootHUNTER,hunter2,part,part2,hunter2,x,,,",
        "2026-11-22 00:00:00,192.0.2.300,hunter2,x",
        "2026-11-22 00:00:00,192.0.2.300,1,u,p,a,l,ftp://u:hunter2@192.0.2.9/x,x",
        "2026-11-22 00:00:00,192.0.2.1,1,\"hunter2,open quote",
        "2026-11-22 00:00:00,192.0.2.1,1,a,b,c,d,,x",
    ];
    let (detections, refused) =
        read("event4_honeypot_brute_force.csv", BRUTE.to_owned() + &rows.join("\n") + "\n");
    assert_eq!(detections.len() + refused.len(), rows.len());
    for detection in &detections {
        let json = serde_json::to_string(&detection.detail).unwrap();
        let all = format!("{detection:?}{json}").to_lowercase();
        assert!(!all.contains("hunter"), "{all}");
    }
    for row in &refused {
        let all = String::from_utf8(row.bytes.clone()).unwrap() + &format!("{row:?}");
        assert!(!all.to_lowercase().contains("hunter"), "{all}");
        assert!(all.contains("***"));
    }
}

#[test]
fn the_detail_is_compact_json_without_anything_empty() {
    let row = "2026-11-22 00:00:00,,8.8.8.8,tcp,23,h.example,,0,JP,hi\n";
    let (detections, _) = read("scan_telnet.csv", format!("{TELNET}{row}"));
    let json = serde_json::to_string(&detections[0].detail).unwrap();
    assert_eq!(json, r#"{"hostname":"h.example","extra":{"banner":"hi"}}"#);
}

/// An input that breaks off.
struct Failing(Cursor<Vec<u8>>);

impl std::io::Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(std::io::Error::other("gone")),
            read => Ok(read),
        }
    }
}

#[test]
fn a_failing_input_is_told_once_and_ends_the_rows() {
    let row = "2026-11-22 00:00:00,,192.0.2.1,tcp,23,,,,,\n";
    let text = TELNET.to_owned() + &row.repeat(10_000);
    let input = Failing(Cursor::new(text.into_bytes()));
    let rows = shadowserver::open("scan_telnet.csv", None, input, Reading::at(NOW)).unwrap();
    let read: Vec<_> = rows.collect();
    assert_eq!(read.iter().filter(|row| row.is_err()).count(), 1);
    assert!(read.len() > 1 && read.last().unwrap().is_err());
}

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\"".to_vec()),
        Just(b",".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"2026-11-22 00:00:00".to_vec()),
        Just(b"192.0.2.1".to_vec()),
        Just(b"::ffff:".to_vec()),
        Just("ftp://é@＠\u{3000}".as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_report_makes_the_reader_panic(body in hostile(), keep in any::<bool>()) {
        let text = if keep { [BRUTE.as_bytes(), &body].concat() } else { body };
        for encoding in [Encoding::Utf8, Encoding::Cp932, Encoding::Auto] {
            let reading = Reading::at(NOW).encoded(encoding);
            let input = Cursor::new(text.clone());
            if let Ok(rows) = shadowserver::open("scan_telnet.csv", None, input, reading) {
                for row in rows {
                    prop_assert!(row.is_ok());
                }
            }
        }
    }

    #[test]
    fn no_name_makes_the_type_panic(name in ".{0,60}", tail in "[a-z0-9_~.-]{0,40}") {
        let _ = shadowserver::report_type(&name);
        let _ = shadowserver::report_type(&format!("2026-03-24-{tail}"));
    }
}
