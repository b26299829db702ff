//! Files damaged on their way: NUL bytes, rows that the file's end cuts off, bytes of another
//! encoding. Each costs its own row and no other.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::io::Cursor;

use encoding_rs::SHIFT_JIS;
use formats::{Detection, Encoding, Notes, Reading, Refused, Row, Rows, scan_list, shadowserver};
use proptest::prelude::*;

/// 2026-11-23T00:00:00Z in microseconds.
const NOW: i64 = 1_795_392_000_000_000;

const SCAN: &str = "scan_run,record_no,stream,detected_at,ip,proto,port,method_version,outcome,\
                    device_model\n";

/// A row whose device has that model.
fn row(number: usize, model: &[u8]) -> Vec<u8> {
    let head =
        format!("r1,{number},notice,2026-11-01T09:00:00+09:00,192.0.2.1,tcp,23,m3,detected,");
    [head.as_bytes(), model].concat()
}

fn list(rows: &[Vec<u8>]) -> Vec<u8> {
    [SCAN.as_bytes(), &rows.join(&b'\n'), b"\n"].concat()
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

fn scans(bytes: Vec<u8>) -> (Vec<Detection>, Vec<Refused>) {
    let reading = Reading::at(NOW).encoded(Encoding::Auto);
    parted(scan_list::open(Cursor::new(bytes), reading).unwrap())
}

fn report(text: &str) -> (Vec<Detection>, Vec<Refused>) {
    let input = Cursor::new(text.as_bytes().to_vec());
    parted(shadowserver::open("scan_telnet.csv", None, input, Reading::at(NOW)).unwrap())
}

/// What a refused row tells: line, column, reason.
fn told(refused: &Refused) -> (u64, &str, &str) {
    (refused.line, refused.column.as_deref().unwrap_or_default(), refused.reason.code())
}

fn models(detections: &[Detection]) -> Vec<&str> {
    detections.iter().map(|d| d.detail.device_model.as_deref().unwrap_or_default()).collect()
}

#[test]
fn a_nul_byte_costs_its_row_wherever_it_stands() {
    for cell in ["ip", "hostname", "geo", "password"] {
        let with = |name: &str, value: &str| {
            let nul = if name == cell { "\0" } else { "" };
            format!("{value}{nul}")
        };
        let (ip, host) = (with("ip", "192.0.2.1"), with("hostname", "h"));
        let (geo, pass) = (with("geo", "JP"), with("password", "hunter2"));
        let text = format!(
            "timestamp,ip,hostname,geo,password\n2026-11-22 00:00:00,{ip},{host},{geo},{pass}\n\
             2026-11-22 00:00:00,192.0.2.2,,,\n"
        );
        let (detections, refused) = report(&text);
        assert_eq!((detections.len(), refused.len()), (1, 1), "{cell}");
        assert_eq!(told(&refused[0]), (2, cell, "nul_byte"));
        assert!(!String::from_utf8_lossy(&refused[0].bytes).contains("hunter2"));
    }
    let (detections, refused) = scans(list(&[row(1, b"a\0b"), row(2, b"c")]));
    assert_eq!(models(&detections), ["c"]);
    assert_eq!(told(&refused[0]), (2, "device_model", "nul_byte"));
    assert_eq!(refused[0].bytes, row(1, b"a\0b"));
}

#[test]
fn a_row_that_the_end_of_the_file_cuts_off_is_refused() {
    let whole = "timestamp,ip,port,tag,banner\n2026-11-22 00:00:00,192.0.2.1,23,a,b\n";
    for (cut, column, reason) in [
        ("2026-11-22 00:00:00,192.0.2.2,23,telnet;io", "tag", "cut_row"),
        ("2026-11-22 00:00:00,192.0", "ip", "cut_row"),
        ("2026-11-22 00:00:00,192.0.2.2,23,a,\"log", "banner", "unclosed_quote"),
        ("2026-11-22 00:00:00,192.0.2.2,23,\"a", "tag", "unclosed_quote"),
    ] {
        let (detections, refused) = report(&format!("{whole}{cut}"));
        assert_eq!((detections.len(), refused.len()), (1, 1), "{cut}");
        assert_eq!(told(&refused[0]), (3, column, reason), "{cut}");
        assert_eq!(refused[0].bytes, cut.as_bytes());
    }
    let (detections, refused) = report(&format!("{whole}2026-11-22 00:00:00,192.0.2.2,23,a,b"));
    assert_eq!((detections.len(), refused.len()), (2, 0), "only the line end is missing");
    // So does n6 read its own sample of December 2014.
    let (detections, _) = report(&format!("{whole}2026-11-22 00:00:00,192.0.2.2,23,a,\"b\n"));
    assert_eq!(detections.len(), 2, "only the quote is missing");
    assert!(detections[1].detail.notes.has(Notes::OPEN_QUOTE));
    let head = format!("{SCAN}r1,1,notice,2026-11-01T09:00:00+09:00,192.0.2.1,tcp,23,m3,detec");
    let (detections, refused) = scans(head.into_bytes());
    assert!(detections.is_empty());
    assert_eq!(told(&refused[0]), (2, "outcome", "cut_row"));
}

#[test]
fn cells_that_no_column_names_are_hidden_where_a_file_holds_credentials() {
    let text = "timestamp,password,ip,port,tag\n2026-11-22 00:00:00,a,192.0.2.1,23,t,x,hunter2\n";
    let (_, refused) = report(text);
    assert_eq!(told(&refused[0]), (2, "", "too_many_cells"));
    assert_eq!(refused[0].bytes, b"2026-11-22 00:00:00,***,***,***,t,***,***");
    let (_, refused) = report(&text.replace("password", "hostname"));
    assert!(refused[0].bytes.ends_with(b"t,x,hunter2"), "nothing is hidden that need not be");
}

#[test]
fn control_characters_of_a_scan_list_are_replaced_and_noted() {
    let (detections, _) = scans(list(&[row(1, b"a\x1bb"), row(2, b"c")]));
    assert_eq!(models(&detections), ["a\u{FFFD}b", "c"]);
    let noted = |d: &Detection| d.detail.notes.has(Notes::CONTROL_REPLACED);
    assert_eq!((noted(&detections[0]), noted(&detections[1])), (true, false));
}

#[test]
fn an_encoding_that_shows_late_is_found_all_the_same() {
    let mut rows: Vec<Vec<u8>> = (0..3000).map(|number| row(number, b"plain")).collect();
    for (model, encoded) in
        [("表示ルータ", SHIFT_JIS.encode("表示ルータ").0), ("縁側", "縁側".as_bytes().into())]
    {
        rows.push(row(3000, &encoded));
        let bytes = list(&rows);
        assert!(bytes.len() > 3 * (64 << 10));
        let (detections, refused) = scans(bytes);
        assert!(refused.is_empty(), "{refused:?}");
        assert_eq!(models(&detections).last(), Some(&model));
        rows.pop();
    }
}

/// Names as they stand in scan lists: kana, common kanji, half-width katakana, ASCII.
fn name() -> impl Strategy<Value = String> {
    "[ぁ-んァ-ヴー亜-煙機器型番無線親家庭用録画装置]{3,12}[A-Z0-9-]{0,6}"
        .prop_filter("CP932 has these", |name| !SHIFT_JIS.encode(name).2)
}

proptest! {
    #[test]
    fn a_list_in_either_encoding_is_read_as_it_was_written(
        names in prop::collection::vec(name(), 1..40)
    ) {
        let utf8: Vec<_> =
            names.iter().enumerate().map(|(n, name)| row(n, name.as_bytes())).collect();
        let cp932: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(n, name)| row(n, &SHIFT_JIS.encode(name).0))
            .collect();
        for rows in [utf8, cp932] {
            let (detections, refused) = scans(list(&rows));
            prop_assert!(refused.is_empty(), "{:?}", refused);
            prop_assert_eq!(models(&detections), names.clone());
        }
    }

    #[test]
    fn a_few_bytes_of_another_encoding_cost_their_row_and_not_the_file(
        names in prop::collection::vec(name(), 4..40),
        stray in prop::sample::select(vec![&b"\x95"[..], b"\xff", b"caf\xe9", b"\x83\x8b\x81\x5b"]),
        at in any::<prop::sample::Index>(),
    ) {
        let mut rows: Vec<_> =
            names.iter().enumerate().map(|(n, name)| row(n, name.as_bytes())).collect();
        let at = at.index(rows.len() + 1);
        rows.insert(at, row(99, stray));
        let (detections, refused) = scans(list(&rows));
        prop_assert_eq!(models(&detections), names);
        prop_assert_eq!(refused.len(), 1);
        prop_assert_eq!(told(&refused[0]), (at as u64 + 2, "", "bad_encoding"));
        prop_assert_eq!(&refused[0].bytes, &row(99, stray));
    }
}
