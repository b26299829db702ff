//! Hostile files: bombs, endless rows, quotes that never close. For each the answer, and that a
//! process of its own gives it in bounded time and in little more memory than an idle one.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "hostile/archives.rs"]
mod archives;
#[path = "hostile/process.rs"]
mod process;

use std::io::Cursor;

use formats::{Encoding, Reading, Row, scan_list};
use process::answer;

const HEADER: &[u8] = b"scan_run,record_no,stream,detected_at,ip,proto,port,method_version,\
                        outcome,device_model,x_more\n";
/// A good row up to its last two cells.
const ROW: &str = "r1,1,notice,2026-11-01T09:00:00+09:00,192.0.2.1,tcp,23,m3,detected,model";

fn list(rows: &[u8]) -> Vec<u8> {
    [HEADER, rows].concat()
}

#[test]
fn a_zip_of_zips_is_refused_piece_by_piece() {
    let answer = answer("42.zip", &archives::nested(16));
    assert_eq!(answer.refused, [("bad_archive".to_owned(), 16)]);
}

#[test]
fn a_zip_whose_file_is_a_zip_again_ends_at_the_first_level() {
    let answer = answer("droste.zip", &archives::like_a_quine());
    assert_eq!(answer.refused, [("bad_archive".to_owned(), 1)]);
}

#[test]
fn entries_that_share_their_data_are_refused() {
    for zip in [archives::one_kernel_many_names(90), archives::quoted_overlap(90)] {
        let answer = answer("overlap.zip", &zip);
        assert_eq!(answer.refused, [("bad_archive".to_owned(), 1)]);
        assert!(answer.told.contains("overlap"), "{}", answer.told);
    }
}

#[test]
fn a_zip_that_says_two_things_or_hides_something_is_refused_with_the_reason() {
    let list = list(format!("{ROW},x\n").as_bytes());
    for (why, zip) in archives::spoilt(&list) {
        let answer = answer("a.zip", &zip);
        assert_eq!(answer.refused, [("bad_archive".to_owned(), 1)], "{why}");
        assert!(answer.told.contains(why), "{why}: {}", answer.told);
    }
}

#[test]
fn an_honest_bomb_is_refused_by_its_own_words_and_a_lying_one_where_its_lie_ends() {
    let gib = 1 << 30;
    assert_eq!(answer("a.zip", &archives::zeros(gib, gib)).refused[0].0, "too_large");
    assert_eq!(answer("a.zip", &archives::zeros(60 << 20, 60 << 20)).refused[0].0, "bad_archive");
    let answer = answer("a.zip", &archives::zeros(gib, 1 << 20));
    assert!(answer.told.contains("unfolds to more than allowed"), "{}", answer.told);
}

#[test]
fn a_thousand_entries_are_refused_before_one_is_read() {
    let entries: Vec<_> = (0..1000).map(|n| (format!("{n}.csv"), b"a".to_vec())).collect();
    let refused = answer("a.zip", &archives::zip(&entries));
    assert!(refused.told.contains("too many entries"), "{}", refused.told);
    let claims = archives::claims_entries(100_000_000);
    assert!(answer("a.zip", &claims).told.contains("too many entries"));
}

#[test]
fn a_spreadsheet_bomb_is_never_inflated() {
    let answer = answer("list.xlsx", &archives::xlsx_bomb(1 << 30));
    assert_eq!(answer.refused, [("spreadsheet".to_owned(), 1)]);
}

#[test]
fn a_gzip_and_a_zstd_bomb_stop_at_the_limit() {
    let bombs = [
        ("a.gz", archives::gzip_bomb(HEADER, 1 << 30)),
        ("a.zst", archives::zstd_bomb(HEADER, 1 << 30)),
    ];
    for (name, bomb) in bombs {
        assert!(bomb.len() < 2 << 20);
        let answer = answer(name, &bomb);
        assert!(answer.told.contains("unfolds to more than allowed"), "{}", answer.told);
        assert!(answer.bytes <= 64 << 20, "{} bytes", answer.bytes);
    }
}

#[test]
fn a_zstd_frame_that_asks_for_a_window_of_a_gibibyte_gets_none() {
    let answer = answer("a.zst", &archives::zstd_window(30));
    assert_eq!(answer.refused[0].0, "io");
}

#[test]
fn a_million_columns_are_refused_in_the_header_and_in_a_row() {
    let million = ",x".repeat(1_000_000);
    let header = [b"scan_run", million.as_bytes(), b"\n"].concat();
    assert_eq!(answer("a.csv", &header).refused, [("too_many_columns".to_owned(), 1)]);
    let answer = answer("a.csv", &list(format!("{ROW}{million}\n{ROW},x\n").as_bytes()));
    assert_eq!((answer.good, answer.refused), (1, vec![("too_many_cells".to_owned(), 1)]));
}

#[test]
fn a_large_cell_is_read_and_a_giant_one_costs_its_row() {
    let cells = |bytes: usize| format!("{ROW},{}\n{ROW},x\n", "x".repeat(bytes));
    let large = answer("a.csv", &list(cells(64 << 10).as_bytes()));
    assert_eq!((large.good, large.refused.len()), (2, 0));
    let giant = answer("a.csv", &list(cells((1 << 20) + 1).as_bytes()));
    assert_eq!((giant.good, giant.refused), (1, vec![("cell_too_long".to_owned(), 1)]));
}

#[test]
fn a_row_over_eight_mebibytes_costs_itself() {
    let row = format!("{ROW}{}\n{ROW},x\n", format!(",{}", "x".repeat(1 << 16)).repeat(129));
    let answer = answer("a.csv", &list(row.as_bytes()));
    assert_eq!((answer.good, answer.refused), (1, vec![("row_too_long".to_owned(), 1)]));
}

#[test]
fn an_endless_line_costs_one_row() {
    let answer = answer("a.csv", &list(&b"x".repeat(48 << 20)));
    assert_eq!((answer.good, answer.refused), (0, vec![("cell_too_long".to_owned(), 1)]));
}

#[test]
fn a_quote_that_never_closes_costs_its_line() {
    let rows = format!("{ROW},\"never closed\n{}", format!("{ROW},x\n").repeat(30_000));
    let answer = answer("a.csv", &list(rows.as_bytes()));
    assert_eq!((answer.good, answer.refused), (30_000, vec![("cell_too_long".to_owned(), 1)]));
}

/// Each line ends within a quote, whether it begins in one or not, so that no row ever ends. The
/// cost of trying each line anew would be the square of the file.
#[test]
fn lines_that_all_end_within_a_quote_cost_their_number_and_not_its_square() {
    let lines = 200_000;
    let rows = format!("{}{ROW},x\n", "x\"y,\"z\n".repeat(lines));
    let answer = answer("a.csv", &list(rows.as_bytes()));
    assert_eq!(answer.good, 1);
    let refused: usize = answer.refused.iter().map(|(_, count)| count).sum();
    assert!(refused.abs_diff(lines) <= 2, "{:?}", answer.refused);
}

#[test]
fn nul_bytes_cost_their_row_and_other_controls_are_replaced() {
    let mut rows = Vec::new();
    for control in 0..32_u8 {
        if !matches!(control, b'\n' | b'\r') {
            rows.extend([ROW.as_bytes(), b",a", &[control], b"b\n"].concat());
        }
    }
    let answer = answer("a.csv", &list(&rows));
    assert_eq!((answer.good, answer.refused), (29, vec![("nul_byte".to_owned(), 1)]));
    let read = scan_list::open(Cursor::new(list(&rows)), Reading::at(process::NOW));
    for row in read.unwrap() {
        if let Row::Detection(detection) = row.unwrap() {
            let more = serde_json::to_string(&detection.detail).unwrap();
            assert!(!more.bytes().any(|b| b < 0x20), "{more:?}");
        }
    }
    let zeros = process::answer("a.csv", &list(&vec![0; 32 << 20]));
    assert_eq!((zeros.good, zeros.refused), (0, vec![("cell_too_long".to_owned(), 1)]));
}

#[test]
fn deep_brackets_are_no_list() {
    for deep in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
        assert_eq!(answer("a.json", deep.as_bytes()).refused.len(), 1);
        assert_eq!(answer("a.csv", &list(format!("{ROW},{deep}\n").as_bytes())).good, 1);
    }
}

#[test]
fn every_reader_of_json_refuses_deep_brackets() {
    type Open = fn(Cursor<Vec<u8>>, Reading) -> Result<formats::Rows, formats::FileRefused>;
    let readers: [(&str, Open); 5] = [
        ("intelmq", formats::intelmq::open),
        ("n6", formats::n6::open),
        ("xarf", formats::xarf::open),
        ("stix", formats::stix::open),
        ("misp", formats::misp::open),
    ];
    for deep in ["[".repeat(100_000), "{\"Event\":".repeat(100_000), "{\"a\":[".repeat(50_000)] {
        for (name, open) in readers {
            let Ok(rows) = open(Cursor::new(deep.clone().into_bytes()), Reading::at(process::NOW))
            else {
                continue;
            };
            for row in rows {
                let is_refused = matches!(row, Ok(Row::Refused(_)) | Err(_));
                assert!(is_refused, "{name} understands {}", &deep[..9]);
            }
        }
    }
}

#[test]
fn a_mail_of_ten_thousand_parts_is_refused_at_the_fifty_first() {
    let parts = "--b\n\nx\n".repeat(10_000);
    let mail = format!("From: a\nTo: b\nContent-Type: multipart/mixed; boundary=b\n\n{parts}");
    let answer = answer("a.eml", mail.as_bytes());
    assert_eq!(answer.refused, [("bad_mail".to_owned(), 1)]);
    assert!(answer.told.contains("more than 50 parts"), "{}", answer.told);
    let million = "--b\n\n".repeat(4_000_000);
    let mail = format!("From: a\nTo: b\nContent-Type: multipart/mixed; boundary=b\n\n{million}");
    assert_eq!(process::answer("a.eml", mail.as_bytes()).refused, [("bad_mail".to_owned(), 1)]);
}

#[test]
fn a_mail_a_thousand_deep_is_refused_at_the_eleventh() {
    let level = |n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n");
    let multipart = format!("From: a\nTo: b\n{}", (0..1000).map(level).collect::<String>());
    let messages = "Content-Type: message/rfc822\n\n".repeat(500_000);
    for mail in [multipart, format!("From: a\nTo: b\n{messages}")] {
        let answer = answer("a.eml", mail.as_bytes());
        assert!(answer.told.contains("more than 10 deep"), "{}", answer.told);
    }
}

#[test]
fn a_header_of_ten_mebibytes_is_refused() {
    let one_field = format!("From: a\nSubject: {}\n\nx\n", "x".repeat(10 << 20));
    let many = format!("From: a\n{}\nx\n", "X-A: b\n".repeat(1_500_000));
    let folded = format!("From: a\nContent-Type: text/plain;\n{}\nx\n", " a*1=b;\n".repeat(10_000));
    for mail in [one_field, many, folded] {
        let answer = answer("a.eml", mail.as_bytes());
        assert_eq!(answer.refused, [("bad_mail".to_owned(), 1)]);
        assert!(answer.told.contains("header is too long"), "{}", answer.told);
    }
}

#[test]
fn a_mail_over_its_limit_is_refused_and_one_below_it_is_read() {
    let mail = |bytes: usize| {
        let list = format!("{}{}", String::from_utf8_lossy(HEADER), format!("{ROW},x\n").repeat(9));
        let filler = "x".repeat(bytes - 2000);
        format!("From: a\nTo: b\nX-Long: c\n\n{list}{filler}\n")
    };
    assert_eq!(answer("a.eml", mail(26 << 20).as_bytes()).refused[0].0, "too_large");
    let read = answer("a.eml", mail(25 << 20).as_bytes());
    assert_eq!((read.good, read.refused), (9, vec![("cell_too_long".to_owned(), 1)]));
}

#[test]
fn a_mail_full_of_bombs_unfolds_to_its_total_and_no_further() {
    let base64 = archives::base64(&archives::gzip_bomb(HEADER, 256 << 20));
    let part = format!(
        "--b\nContent-Type: application/gzip; name=a.gz\nContent-Transfer-Encoding: base64\n\n\
         {base64}\n"
    );
    let parts = part.repeat(20);
    let mail = format!("From: a\nTo: b\nContent-Type: multipart/mixed; boundary=b\n\n{parts}");
    let answer = answer("a.eml", mail.as_bytes());
    assert!(answer.refused.contains(&("io".to_owned(), 20)), "{:?}", answer.refused);
    assert!(answer.bytes <= 256 << 20, "{} bytes", answer.bytes);
}

#[test]
fn whatever_the_encoding_a_row_of_stray_bytes_is_refused() {
    let rows = [format!("{ROW},").as_bytes(), &b"\xFF\xFE\x80".repeat(1000), b"\n"].concat();
    for encoding in [Encoding::Utf8, Encoding::Cp932, Encoding::Auto] {
        let reading = Reading::at(process::NOW).encoded(encoding);
        let read: Vec<_> = scan_list::open(Cursor::new(list(&rows)), reading).unwrap().collect();
        assert!(matches!(&read[..], [Ok(Row::Refused(refused))]
            if refused.reason.code() == "bad_encoding"));
    }
}
