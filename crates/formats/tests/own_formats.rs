//! The published schemas: scan list, coverage, report back, notice list.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::io::Cursor;

use formats::coverage::{self, Covered};
use formats::isp_list::{self, Action, Line, Unmappable};
use formats::report_back::{self, Channel, Placement, ReasonCode, Report, State};
use formats::{
    Detection, Encoding, FileRefused, Notes, Proto, Reading, Refused, Row, Severity, Stream,
    Weakness, scan_list, stamp,
};
use proptest::prelude::*;

/// 2026-11-23T00:00:00Z in microseconds.
const NOW: i64 = 1_795_392_000_000_000;

fn input(text: impl AsRef<[u8]>) -> Cursor<Vec<u8>> {
    Cursor::new(text.as_ref().to_vec())
}

fn scans(text: impl AsRef<[u8]>) -> (Vec<Detection>, Vec<Refused>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for row in scan_list::open(input(text), Reading::at(NOW)).unwrap() {
        match row.unwrap() {
            Row::Detection(detection) => good.push(*detection),
            Row::Refused(refused) => bad.push(refused),
        }
    }
    (good, bad)
}

const SCAN: &str = "scan_run,record_no,stream,detected_at,ip,proto,port,method_version,outcome,\
                    application,weakness_code,credential_class,severity,confidence,note,password\n";

#[test]
fn a_scan_list_row_becomes_a_detection() {
    let text = format!(
        "{SCAN}r1,１２,notice,2026-11-01T09:00:00+09:00,192.0.2.1,tcp,23,m3,login_refused,\
         Telnet,weak_credentials,factory_default,high,90,'=1+1,hunter2\n\
         r1,13,nicter,2026-11-01T00:00:00Z,2001:db8::5,udp,,m3,detected,,,,,,,\n"
    );
    let (detections, refused) = scans(&text);
    assert!(refused.is_empty(), "{refused:?}");
    let d = &detections[0];
    assert_eq!(stamp::utc(d.detected_at), "2026-11-01T00:00:00Z");
    assert_eq!(d.exposure.to_string(), "weak_credentials/telnet");
    assert_eq!(d.outcome, formats::Outcome::LoginRefused);
    assert_eq!((d.severity, d.severity_from_row), (Severity::High, true));
    assert_eq!(d.detail.record_no.as_deref(), Some("１２"));
    assert_eq!(d.detail.extra("credential_class"), Some("factory_default"));
    assert_eq!(d.detail.extra("note"), Some("=1+1"));
    assert!(!format!("{d:?}").contains("hunter2"));
    assert!(d.detail.notes.has(Notes::SPECIAL_ADDRESS));
    let d = &detections[1];
    assert_eq!(d.exposure.to_string(), "infected/nicter");
    assert_eq!((d.port, d.proto, d.severity), (None, Proto::Udp, Severity::Unknown));
}

#[test]
fn a_bad_scan_row_names_its_column() {
    let cells = "r1,1,notice,2026-11-01T00:00:00Z,192.0.2.1,tcp,23,m3,detected,,,,,,,";
    let check = |from: &str, to: &str, column: &str, code: &str| {
        let (_, refused) = scans(format!("{SCAN}{}\n{cells}\n", cells.replacen(from, to, 1)));
        assert_eq!(refused.len(), 1, "{to}");
        assert_eq!(refused[0].column.as_deref(), Some(column), "{to}");
        assert_eq!(refused[0].reason.code(), code, "{to}");
    };
    check("2026-11-01T00:00:00Z", "2026-11-01 00:00:00", "detected_at", "no_zone");
    check("2026-11-01T00:00:00Z", "2027-11-01T00:00:00Z", "detected_at", "future_time");
    check("192.0.2.1", "192.0.2.0/24", "ip", "prefix_not_address");
    check("192.0.2.1", "", "ip", "missing_value");
    check(",notice,", ",hearsay,", "stream", "unknown_word");
    check("r1,1,", "r1,4.82E+14,", "record_no", "rounded_number");
    check(",detected,", ",fixed,", "outcome", "unknown_word");
}

#[test]
fn a_written_scan_list_reads_back_the_same() {
    let text = format!(
        "{SCAN}r1,1,campaign,2026-11-01T00:00:00.25Z,192.0.2.1,tcp,23,m3,no_answer,emotet,\
         infected,,low,50,,\n"
    );
    let (mut first, _) = scans(text);
    let mut writer = scan_list::Writer::new(Vec::new(), true).unwrap();
    writer.write(Stream::Campaign, &first[0]).unwrap();
    let (second, refused) = scans(writer.finish().unwrap());
    assert!(refused.is_empty());
    first[0].detail.extra.retain(|(name, _)| &**name != "note");
    assert_eq!(first, second);
}

const COVERAGE: &str = "scan_run,from,to,prefix,proto,ports,weakness_code,method_version,status,\
                        attempted,completeness,answered,excluded_prefixes\n";
const COVERED: &str = "r1,2026-11-01T00:00:00Z,2026-11-02T00:00:00Z,192.0.2.0/24,tcp,23;2323,\
                       weak_credentials,m3,complete,254,0.992,12,192.0.2.64/26;192.0.2.128/25";

fn coverage_of(text: impl AsRef<[u8]>, reading: Reading) -> (Vec<Covered>, Vec<Refused>) {
    coverage::read(input(text), reading).unwrap()
}

#[test]
fn a_coverage_row_says_what_was_covered() {
    let (rows, refused) = coverage_of(format!("{COVERAGE}{COVERED}\n"), Reading::at(NOW));
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(rows[0].prefix.to_string(), "192.0.2.0/24");
    assert_eq!((rows[0].ports.as_slice(), rows[0].attempted), ([23, 2323].as_slice(), 254));
    assert_eq!(rows[0].weakness, Weakness::WeakCredentials);
    assert!((rows[0].completeness - 0.992).abs() < 1e-12);
    assert_eq!(rows[0].excluded_prefixes.len(), 2);
    let mut out = Vec::new();
    coverage::write(&mut out, &rows, false).unwrap();
    assert_eq!(coverage_of(out, Reading::at(NOW)).0, rows);
}

#[test]
fn a_bad_coverage_row_names_its_column() {
    let check = |from: &str, to: &str, column: &str, code: &str| {
        let text = format!("{COVERAGE}{}\n{COVERED}\n", COVERED.replacen(from, to, 1));
        let (rows, refused) = coverage_of(text, Reading::at(NOW));
        assert_eq!((rows.len(), refused.len()), (1, 1), "{to}");
        assert_eq!((refused[0].column.as_deref(), refused[0].line), (Some(column), 2), "{to}");
        assert_eq!(refused[0].reason.code(), code, "{to}");
    };
    check("192.0.2.0/24", "192.0.2.1/24", "prefix", "bad_prefix");
    check("192.0.2.0/24", "192.0.2.0", "prefix", "bad_prefix");
    check("23;2323", "", "ports", "missing_value");
    check("23;2323", "23;0", "ports", "bad_port");
    check("0.992", "1.1", "completeness", "bad_number");
    check("0.992", "NaN", "completeness", "bad_number");
    check(",12,", ",255,", "answered", "contradiction");
    check("2026-11-02T", "2026-10-02T", "to", "contradiction");
    check("192.0.2.64/26", "x", "excluded_prefixes", "bad_prefix");
    check(",254,", ",2.54E+02,", "attempted", "rounded_number");
}

const REPORT: &str = "list_id,record_no,reported_at,state,reason_code,notice_channel,notice_at,\
                      line_token,placement,note,token_epoch\n";

fn reports(text: impl AsRef<[u8]>, reading: Reading) -> (Vec<Report>, Vec<Refused>) {
    report_back::read(input(text), reading).unwrap()
}

#[test]
fn a_report_back_from_a_japanese_spreadsheet_is_read() {
    let text = format!(
        "{}L1,１２３,2026/11/20 9:05,notified,,ＥＭＡＩＬ,２０２６-11-19 18:00,{},shared,①済み～,1\r\n",
        REPORT.replace('\n', "\r\n"),
        "aB".repeat(32),
    );
    let bytes = encoding_rs::SHIFT_JIS.encode(&text).0.into_owned();
    let reading = Reading::at(NOW).encoded(Encoding::Cp932).in_japan_time();
    let (rows, refused) = reports(&bytes, reading);
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!((rows[0].record_no, rows[0].state), (123, State::Notified));
    assert_eq!(stamp::utc(rows[0].reported_at), "2026-11-20T00:05:00Z");
    assert_eq!(rows[0].notice_channel, Some(Channel::Email));
    assert_eq!(rows[0].line_token, Some([0xAB; 32]));
    assert_eq!(rows[0].note.as_deref(), Some("①済み～"));
    let mut out = Vec::new();
    report_back::write(&mut out, &rows, true).unwrap();
    assert_eq!(reports(out, Reading::at(NOW)).0, rows);
}

#[test]
fn a_day_of_notice_is_a_day_in_japan_and_a_spreadsheet_means_japanese_time() {
    let row = |at: &str, notice: &str| format!("{REPORT}L1,1,{at},notified,,post,{notice},,,,\n");
    for day in ["2026-11-19", "2026/11/19", "２０２６/11/19"] {
        let (rows, refused) = reports(row("2026/11/20 9:05", day), Reading::at(NOW));
        assert!(refused.is_empty(), "{refused:?}");
        assert_eq!(stamp::utc(rows[0].reported_at), "2026-11-20T00:05:00Z");
        assert!(rows[0].notice_is_day);
        assert_eq!(stamp::utc(rows[0].notice_at.unwrap()), "2026-11-18T15:00:00Z");
        let mut out = Vec::new();
        report_back::write(&mut out, &rows, false).unwrap();
        assert!(String::from_utf8_lossy(&out).contains(",2026-11-19,"));
        assert_eq!(reports(out, Reading::at(NOW)).0, rows);
    }
    for (at, notice, column, code) in [
        ("2026/11/20", "2026-11-19", "reported_at", "bad_time"),
        ("2026/11/20 9:05", "2026-02-30", "notice_at", "bad_time"),
        ("2026/11/20 9:05", "2026-11-19 10:00", "notice_at", "no_zone"),
        ("2026/11/20 9:05", "2026-11-25", "notice_at", "future_time"),
    ] {
        let (_, refused) = reports(row(at, notice), Reading::at(NOW));
        assert_eq!(refused[0].column.as_deref(), Some(column), "{at} {notice}");
        assert_eq!(refused[0].reason.code(), code, "{at} {notice}");
    }
}

#[test]
fn good_reports_are_taken_and_bad_ones_handed_back() {
    let day = "2026-11-20T09:00:00+09:00";
    let check = |row: &str, column: &str, code: &str| {
        let good = format!("L1,1,{day},not_notified,LOG_EXPIRED,,,,,");
        let (rows, refused) = reports(format!("{REPORT}{good}\n{row}\n{good}\n"), Reading::at(NOW));
        assert_eq!((rows.len(), refused.len()), (2, 1), "{row}");
        assert_eq!(rows[0].reason_code, Some(ReasonCode::LogExpired));
        assert_eq!((refused[0].column.as_deref(), refused[0].line), (Some(column), 3), "{row}");
        assert_eq!(refused[0].reason.code(), code, "{row}");
    };
    check(&format!("L1,1,{day},not_notified,,,,,,"), "reason_code", "contradiction");
    check(&format!("L1,1,{day},notified,,,{day},,,"), "notice_channel", "contradiction");
    check(&format!("L1,1,{day},notified,,post,,,,"), "notice_at", "contradiction");
    check(&format!("L1,1,{day},no_report,,,,,,"), "state", "unknown_word");
    check(&format!("L1,4.82E+14,{day},pending,,,,,,"), "record_no", "rounded_number");
    check(&format!("L1,-1,{day},pending,,,,,,"), "record_no", "bad_number");
    check(&format!("L1,,{day},pending,,,,,,"), "record_no", "missing_value");
    check("L1,1,2026-11-20 09:00:00,pending,,,,,,", "reported_at", "no_zone");
    check("L1,1,2026-12-20T09:00:00Z,pending,,,,,,", "reported_at", "future_time");
    check(&format!("L1,1,{day},pending,,,,abc,,"), "line_token", "bad_token");
    let token = "ab".repeat(32);
    check(&format!("L1,1,{day},pending,,,,{token},,"), "token_epoch", "contradiction");
    check(&format!("L1,1,{day},pending,,,,,attic,"), "placement", "unknown_word");
    check(&format!("L1,1,{day},pending,,,,,,03-1234-5678"), "note", "contact_data");
}

#[test]
fn a_cell_that_a_spreadsheet_takes_for_a_formula_is_handed_back() {
    let header = "list_id,record_no,reported_at,state,template_version,note\n";
    let check = |row: &str, column: &str| {
        let (rows, refused) = reports(format!("{header}{row}\n"), Reading::at(NOW));
        assert!(rows.is_empty(), "{row}");
        assert_eq!(refused[0].column.as_deref(), Some(column), "{row}");
        assert_eq!(refused[0].reason.code(), "formula", "{row}");
    };
    let day = "2026-11-20T09:00:00+09:00";
    for front in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "＝1", "＋1", "－1", "＠x", " =1"] {
        check(&format!("L1,1,{day},pending,,{front}"), "note");
        check(&format!("L1,1,{day},pending,{front},"), "template_version");
        check(&format!("{front},1,{day},pending,,"), "list_id");
    }
    check(&format!("L1,1,{day},pending,,\"\rx\""), "note");
    check(&format!("L1,=1,{day},pending,,"), "record_no");
    check(&format!("L1,1,{day},＝pending,,"), "state");
    // What we wrote ourselves carries a mark in front, and is read again.
    let (rows, _) = reports(format!("{header}L1,1,{day},pending,,'=1\n"), Reading::at(NOW));
    assert_eq!(rows[0].note.as_deref(), Some("=1"));
}

#[test]
fn cells_that_contradict_each_other_are_handed_back() {
    let header = "list_id,record_no,reported_at,state,identified,reason_code,notice_channel,\
                  notice_at,delivery_result\n";
    let day = "2026-11-20T09:00:00+09:00";
    let read = |row: &str| {
        let text = format!("{header}L1,1,{day},{}\n", row.replace("DAY", day));
        let (rows, refused) = reports(text, Reading::at(NOW));
        assert_eq!(rows.len() + refused.len(), 1);
        refused.first().map(|row| row.column.clone().unwrap())
    };
    for (row, column) in [
        ("notified,no,,email,DAY,", "identified"),
        ("notified,yes,NO_CONTACT,email,DAY,", "reason_code"),
        ("notified,yes,BOUNCED,email,DAY,delivered", "reason_code"),
        ("not_notified,yes,LOG_EXPIRED,,,", "identified"),
        ("not_notified,yes,NO_CONTACT,email,,delivered", "delivery_result"),
        ("not_notified,no,LOG_EXPIRED,,DAY,", "notice_at"),
        ("pending,,,email,DAY,", "notice_at"),
        ("forwarded,,RESELLER_FORWARDED,,,bounced", "delivery_result"),
    ] {
        assert_eq!(read(row).as_deref(), Some(column), "{row}");
    }
    for row in [
        "notified,yes,,email,DAY,bounced",
        "notified,yes,BOUNCED,post,DAY,returned",
        "notified,unknown,,email,DAY,",
        "not_notified,yes,BOUNCED,email,DAY,bounced",
        "not_notified,yes,ALREADY_NOTIFIED,post,DAY,delivered",
        "pending,,PENDING,,,",
        "forwarded,,RESELLER_FORWARDED,,,",
    ] {
        assert_eq!(read(row), None, "{row}");
    }
}

#[test]
fn a_row_is_named_by_its_inquiry_id_where_list_and_record_are_not_there() {
    let day = "2026-11-20T09:00:00+09:00";
    let id = "48213-90417-66206";
    let text = format!("inquiry_id,reported_at,state\n{id},{day},pending\n,{day},pending\n");
    let (rows, refused) = reports(text, Reading::at(NOW));
    assert_eq!(rows[0].inquiry_id.as_ref().unwrap().0, id);
    assert!(!format!("{rows:?}{refused:?}").contains(id));
    assert_eq!(refused[0].column.as_deref(), Some("list_id"));
    let text = format!("inquiry_id,reported_at,state\n4.82E+14,{day},pending\n");
    assert_eq!(reports(text, Reading::at(NOW)).1[0].reason.code(), "rounded_number");
}

#[test]
fn every_missing_column_of_a_report_is_named_and_every_unknown_one_is_told() {
    let refused =
        |header: &str| report_back::read(input(header), Reading::at(NOW)).unwrap_err().to_string();
    assert_eq!(
        refused("state,note\n"),
        "these columns are missing: list_id, record_no, reported_at"
    );
    assert_eq!(refused("inquiry_id,note\n"), "these columns are missing: reported_at, state");
    let text = "list_id,record_no,reported_at,state,Comment\n".to_owned();
    let file = report_back::read_file(input(text), Reading::at(NOW)).unwrap();
    assert_eq!(file.header.unknown, ["comment"]);
}

#[test]
fn contact_data_in_a_note_is_found_and_not_shown_again() {
    for note in [
        "taro@example.jp",
        "連絡先：ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ",
        "電話03-1234-5678へ",
        "０９０ー１２３４ー５６７８",
        "090 1234 5678",
        "2026-11-20 09012345678",
        "(03)1234-5678",
        "+81 90-1234-5678",
    ] {
        assert!(report_back::holds_contact_data(note), "{note}");
        let text = format!("{REPORT}L1,1,2026-11-20T09:00:00Z,pending,,,,,,{note}\n");
        let (_, refused) = reports(text, Reading::at(NOW));
        assert!(refused[0].bytes.ends_with(b",***"));
    }
    for note in
        ["", "2026-11-20 09:00 済", "12345-67890-12345", "@home", "0.5.1", "100%", "a @ b.c"]
    {
        assert!(!report_back::holds_contact_data(note), "{note}");
    }
}

fn line() -> Line {
    let at = stamp::parse("2026-11-20T15:00:00.5Z", None).unwrap();
    Line {
        list_id: "L1".to_owned(),
        list_version: 1,
        record_no: 7,
        inquiry_id: "12345-67890-12345".to_owned(),
        isp_code: "ISP01".to_owned(),
        action: Action::New,
        stream: Stream::Notice,
        detected_at: at,
        ip: "192.0.2.1".parse().unwrap(),
        port: Some(23),
        proto: Proto::Tcp,
        identify_by: at,
        report_by: at,
        peer_ip: None,
        peer_port: None,
        first_seen: None,
        last_seen: None,
        repeat_count: Some(0),
        weakness: Some(Weakness::WeakCredentials),
        severity: None,
        confidence: None,
        device_vendor: Some("=HYPERLINK(\"x\")".to_owned()),
        device_type: None,
        device_model: Some("〜ルータ−①😀한".to_owned()),
        fw_version: None,
        malware_family: None,
        evidence_hash: None,
        manual_id: None,
        campaign: None,
        template_version: None,
        placement_hint: Some(Placement::Unknown),
        upstream_path: vec!["A".to_owned(), "B".to_owned()],
        network_kind: Some("shared".to_owned()),
        reason_hint: Some(ReasonCode::IpSharedNoPort),
        kind: None,
        withdrawn_at: None,
    }
}

#[test]
fn a_notice_list_is_utf8_csv_in_which_nothing_is_a_formula() {
    let mut out = Vec::new();
    isp_list::write_csv(&mut out, &[line()], true).unwrap();
    let text = String::from_utf8(out).unwrap();
    let (header, row) = text.strip_prefix('\u{FEFF}').unwrap().split_once("\r\n").unwrap();
    assert_eq!(header, isp_list::COLUMNS.join(","));
    assert!(row.starts_with(
        "L1,1,7,12345-67890-12345,ISP01,new,notice,2026-11-21T00:00:00+09:00,192.0.2.1,23,tcp,"
    ));
    assert!(row.contains(",\"'=HYPERLINK(\"\"x\"\")\","));
    assert!(row.ends_with(",unknown,A;B,shared,IP_SHARED_NO_PORT\r\n"));
}

#[test]
fn a_notice_list_in_cp932_names_what_it_could_not_write() {
    let mut out = Vec::new();
    let lost = isp_list::write_csv_sjis(&mut out, &[line()]).unwrap();
    let character = |character| Unmappable { record_no: 7, column: "device_model", character };
    assert_eq!(lost, [character('😀'), character('한')]);
    let text = encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(&out);
    assert!(text.unwrap().contains(",～ルータ－①〓〓,"));
}

#[test]
fn a_notice_list_in_json_lines_leaves_out_what_is_absent() {
    let mut out = Vec::new();
    isp_list::write_jsonl(&mut out, &[line()]).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(json["port"], 23);
    assert_eq!(json["upstream_path"][1], "B");
    assert_eq!(json["inquiry_id"], "12345-67890-12345");
    assert_eq!(json["device_vendor"], "=HYPERLINK(\"x\")");
    assert!(json.get("severity").is_none());
}

#[test]
fn a_file_without_a_required_column_is_refused_whole() {
    let missing = |result: Result<(), FileRefused>| match result {
        Err(FileRefused::MissingColumn(column)) => column,
        other => panic!("{other:?}"),
    };
    let without = |header: &str, column: &str| header.replacen(column, "x", 1);
    let scan = scan_list::open(input(without(SCAN, "outcome")), Reading::at(NOW)).map(drop);
    assert_eq!(missing(scan), "outcome");
    let cover = coverage::read(input(without(COVERAGE, "ports")), Reading::at(NOW)).map(drop);
    assert_eq!(missing(cover), "ports");
    let back = report_back::read(input(without(REPORT, "state")), Reading::at(NOW)).map(drop);
    assert_eq!(missing(back), "state");
}

fn hostile(header: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\"".to_vec()),
        Just(b",".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"2026-11-01T00:00:00+09:00".to_vec()),
        Just(b"192.0.2.0/24".to_vec()),
        Just("notified１@＠ー".as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(piece, 0..60)
        .prop_map(move |pieces| [header.as_bytes(), &pieces.concat()].concat())
}

proptest! {
    #[test]
    fn no_scan_list_makes_the_reader_panic(text in hostile(SCAN)) {
        for row in scan_list::open(input(text), Reading::at(NOW).in_japan_time()).unwrap() {
            prop_assert!(row.is_ok());
        }
    }

    #[test]
    fn no_coverage_makes_the_reader_panic(text in hostile(COVERAGE)) {
        let reading = Reading::at(NOW).encoded(Encoding::Auto).in_japan_time();
        let _ = coverage::read(input(text), reading);
    }

    #[test]
    fn no_report_back_makes_the_reader_panic(text in hostile(REPORT)) {
        let reading = Reading::at(NOW).encoded(Encoding::Cp932).in_japan_time();
        let _ = report_back::read(input(text), reading);
    }

    #[test]
    fn no_note_makes_the_search_for_contact_data_panic(note in ".{0,80}") {
        let _ = report_back::holds_contact_data(&note);
    }
}
