//! Deliveries as they come: plain, zip, gzip, zstd and mails, and what is refused of them.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::io::{Cursor, Read, Write};

use formats::unfold::{Part, unfold_bytes};
use formats::unpack::Limits;
use formats::{FileRefused, unfold, unpack};
use zip::write::SimpleFileOptions;

const CSV: &[u8] = b"timestamp,ip\n2026-11-22 00:00:00,192.0.2.1\n";

fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn zstded(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

/// Base64 in lines of 76, as mails have it.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (at, chunk) in bytes.chunks(3).enumerate() {
        let word = chunk.iter().chain(&[0, 0]).take(3).fold(0, |w, b| w << 8 | u32::from(*b));
        for digit in 0..4 {
            let is_filled = digit <= chunk.len();
            let index = (word >> (18 - 6 * digit)) as usize & 63;
            text.push(if is_filled { char::from(DIGITS[index]) } else { '=' });
        }
        if at % 19 == 18 {
            text.push_str("\r\n");
        }
    }
    text
}

/// A mail with attachments: the headers of each, and its body as it stands.
fn mail(subject: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    let mut mail = format!(
        "Received: from a.example by b.example; Sun, 22 Nov 2026 01:02:03 +0000\r\n\
         From: reports@example.org\r\nTo: desk@example.jp\r\nSubject: {subject}\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n\
         This is MIME.\r\n"
    );
    for (headers, body) in parts {
        mail.extend(["--=_b\r\n", headers, "\r\n\r\n", body, "\r\n"]);
    }
    mail.push_str("--=_b--\r\n");
    mail.into_bytes()
}

const WORDS: (&str, &str) = ("Content-Type: text/plain", "The report is attached.");

fn attached(name: &str, bytes: &[u8]) -> (String, String) {
    let headers = format!(
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; {name}"
    );
    (headers, base64(bytes))
}

fn with(subject: &str, name: &str, bytes: &[u8]) -> Vec<u8> {
    let (headers, body) = attached(name, bytes);
    mail(subject, &[WORDS, (&headers, &body)])
}

fn read(part: &Part) -> Result<Vec<u8>, FileRefused> {
    let mut bytes = Vec::new();
    part.open()?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn opened(name: &str, bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, FileRefused> {
    let parts = unfold_bytes(name, bytes.to_vec(), Limits::UPLOAD)?;
    parts.iter().map(|part| Ok((part.name.clone(), read(part)?))).collect()
}

fn code(name: &str, bytes: &[u8]) -> &'static str {
    opened(name, bytes).unwrap_err().code()
}

fn one(name: &str) -> Vec<(String, Vec<u8>)> {
    vec![(name.to_owned(), CSV.to_vec())]
}

#[test]
fn one_list_is_one_file_however_it_is_packed() {
    assert_eq!(opened("a.csv", CSV).unwrap(), one("a.csv"));
    assert_eq!(opened("a.zip", &zipped(&[("in/a.csv", CSV)])).unwrap(), one("a.csv"));
    assert_eq!(opened("a.csv.GZ", &gzipped(CSV)).unwrap(), one("a.csv"));
    assert_eq!(opened("dir/a.csv.zst", &zstded(CSV)).unwrap(), one("a.csv"));
    let file = tempfile(&zstded(CSV));
    let parts = unfold("a.csv.zst", &file, Limits::FEED).unwrap();
    assert_eq!(read(&parts[0]).unwrap(), CSV);
    assert_eq!(read(&parts[0]).unwrap(), CSV, "it can be read again");
    std::fs::remove_file(file).unwrap();
}

/// A file of its own under the system's folder for such.
fn tempfile(bytes: &[u8]) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("containers-{}", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn the_one_file_of_a_zip_may_be_any_list() {
    let name = |entries: &[(&str, &[u8])]| {
        unpack("x.zip", Cursor::new(zipped(entries))).map(|file| file.name).map_err(|e| e.code())
    };
    for ending in ["csv", "json", "jsonl", "ndjson", "sjson", "xml", "txt", "dat"] {
        let inner = format!("list.{ending}");
        let junk: (&str, &[u8]) = ("__MACOSX/._list.csv", b"x");
        assert_eq!(name(&[junk, (&inner, CSV)]), Ok(inner.clone()));
    }
    assert_eq!(name(&[("readme.txt", b"x"), ("a.json", b"{}")]), Ok("a.json".to_owned()));
    assert_eq!(name(&[("a.csv", CSV), ("a.json", b"{}")]), Err("bad_archive"));
    assert_eq!(name(&[("a.dat", CSV), ("b.dat", b"{}")]), Err("bad_archive"));
}

#[test]
fn a_zip_of_several_files_gives_them_all_without_their_paths() {
    let zip = zipped(&[
        ("../../etc/a.csv", CSV),
        ("/abs/b.jsonl", b"{}"),
        ("C:\\x\\c.txt", b"c"),
        ("..", b"d"),
        (".DS_Store", b"junk"),
    ]);
    let names: Vec<_> = opened("x.zip", &zip).unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a.csv", "b.jsonl", "c.txt", "unnamed"]);
}

#[test]
fn a_zip_that_japanese_windows_wrote_keeps_its_names() {
    let name = "検知一覧.csv";
    let cp932 = encoding_rs::SHIFT_JIS.encode(name).0.into_owned();
    let ascii = "x".repeat(cp932.len());
    let mut zip = zipped(&[(&ascii, CSV)]);
    for at in 0..zip.len() - cp932.len() {
        if zip[at..].starts_with(ascii.as_bytes()) {
            zip[at..at + cp932.len()].copy_from_slice(&cp932);
        }
    }
    assert_eq!(opened("x.zip", &zip).unwrap(), one(name));
}

#[test]
fn a_spreadsheet_is_told_how_to_come_back() {
    let xlsx = zipped(&[("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<w/>")]);
    let ods = zipped(&[("mimetype", b"application/x"), ("content.xml", b"<c/>")]);
    let xls = [&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1][..], &[0; 504]].concat();
    for bytes in [&xlsx, &ods, &xls] {
        let refused = opened("list.csv", bytes).unwrap_err();
        assert_eq!(refused.code(), "spreadsheet");
        assert!(refused.to_string().contains("CSV UTF-8"));
    }
    assert_eq!(code("x.zip", &zipped(&[("list.xlsx", &xlsx)])), "spreadsheet");
}

#[test]
fn an_archive_is_opened_one_level_deep() {
    let inner = zipped(&[("a.csv", CSV)]);
    for bytes in [&inner, &gzipped(CSV), &zstded(CSV)] {
        assert_eq!(code("x.zip", &zipped(&[("a.csv", bytes)])), "bad_archive");
        assert_eq!(code("x.gz", &gzipped(bytes)), "bad_archive");
        assert_eq!(code("x.zst", &zstded(bytes)), "bad_archive");
        assert_eq!(code("x.eml", &with("", "filename=x.zip", &gzipped(bytes))), "bad_archive");
    }
    for magic in [&b"7z\xBC\xAF\x27\x1C"[..], b"Rar!\x1A\x07\x00", b"\xFD7zXZ\x00"] {
        let refused = opened("a.csv", magic).unwrap_err();
        assert!(refused.to_string().contains("zip, gzip and zstd are read"), "{refused}");
    }
}

#[test]
fn a_mail_gives_each_attachment_once_under_its_own_name() {
    let names = [
        ("filename=a.csv", "a.csv"),
        ("filename=\"in folder/../a.csv\"", "a.csv"),
        ("filename=\"C:\\\\reports\\\\a.csv\"", "a.csv"),
        ("filename*=UTF-8''%E6%A4%9C%E7%9F%A5.csv", "検知.csv"),
        ("filename*=iso-2022-jp'ja'%1B$B8!CN%1B%28B.csv", "検知.csv"),
        ("filename*0=\"2026-\"; filename*1=\"11.csv\"", "2026-11.csv"),
        ("filename=\"=?UTF-8?B?5qSc55+lLmNzdg==?=\"", "検知.csv"),
        ("filename=\"=?iso-2022-jp?B?GyRCOCFDThsoQi5jc3Y=?=\"", "検知.csv"),
    ];
    for (header, name) in names {
        assert_eq!(opened("m.eml", &with("x", header, CSV)).unwrap(), one(name), "{header}");
    }
    let (a, b) = (
        attached("filename=a.csv", CSV),
        attached("filename=b.zip", &zipped(&[("c.csv", CSV), ("d.csv", CSV)])),
    );
    let mail = mail("x", &[WORDS, (&a.0, &a.1), (&b.0, &b.1)]);
    let names: Vec<_> = opened("x", &mail).unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a.csv", "c.csv", "d.csv"]);
}

#[test]
fn the_subject_names_a_report_whose_file_does_not() {
    let subject = "Shadowserver scan_telnet-japan Report: 2026-11-22";
    let named = |inner: &str| {
        let mail = with(subject, "filename=report.zip", &zipped(&[(inner, CSV)]));
        opened("m.eml", &mail).unwrap().remove(0).0
    };
    assert_eq!(named("report.csv"), "2026-11-22-scan_telnet-japan.csv");
    assert_eq!(named("2026-11-21-scan_ssh-japan.csv"), "2026-11-21-scan_ssh-japan.csv");
    let forwarded = with(subject, "filename=report.csv", CSV);
    let forwarded = String::from_utf8(forwarded).unwrap().replace("=_b", "=_inner");
    let outer = mail("Fwd: it", &[("Content-Type: message/rfc822", &forwarded)]);
    assert_eq!(opened("m.eml", &outer).unwrap(), one("2026-11-22-scan_telnet-japan.csv"));
}

#[test]
fn a_list_that_is_wrongly_called_a_mail_is_not_lost() {
    let list = String::from_utf8(CSV.to_vec()).unwrap();
    let part = "Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename=a.csv";
    let outer = mail("list", &[(part, list.trim_end())]);
    let (name, bytes) = opened("m.eml", &outer).unwrap().remove(0);
    assert_eq!((name.as_str(), bytes.trim_ascii_end()), ("a.csv", CSV.trim_ascii_end()));
}

#[test]
fn a_mail_without_attachment_is_its_text() {
    let header = "Received: x\r\nFrom: a@example.org\r\nSubject: list\r\n";
    let csv = String::from_utf8(CSV.to_vec()).unwrap();
    let inline = format!("{header}Content-Type: text/csv\r\n\r\n{csv}");
    assert_eq!(opened("m", inline.as_bytes()).unwrap(), one("part-1.csv"));
    let plain = format!("From a@example.org Sun Nov 22 2026\n{header}\r\n{csv}");
    assert_eq!(opened("m", plain.as_bytes()).unwrap(), one("part-1.txt"));
    let lines = plain.replace("\r\n", "\n");
    assert_eq!(opened("m", lines.as_bytes()).unwrap(), one("part-1.txt"));
    let quoted = format!(
        "{header}Content-Type: text/plain; charset=iso-2022-jp\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\nip=2Cname\r\n=1B$B8!CN=1B(B\r\n"
    );
    let read = opened("m", quoted.as_bytes()).unwrap().remove(0).1;
    assert_eq!(String::from_utf8(read).unwrap(), "ip,name\r\n検知\r\n");
}

#[test]
fn an_xarf_mail_gives_its_report_and_not_the_words_before_it() {
    let report = ("Content-Type: text/plain; charset=utf-8", "---\r\nReport-Type: info\r\n");
    let mail = mail("x\r\nX-XARF: PLAIN", &[WORDS, report]);
    let parts = opened("m.eml", &mail).unwrap();
    assert_eq!(parts, [("part-1.txt".to_owned(), b"---\r\nReport-Type: info\r\n".to_vec())]);
}

#[test]
fn pictures_signatures_and_html_are_no_delivery() {
    let csv = attached("filename=a.csv", CSV);
    let mail = mail(
        "x",
        &[
            WORDS,
            ("Content-Type: text/html", "<img src='https://example.org/x'>"),
            ("Content-Type: image/png; name=logo.png", "x"),
            (&csv.0, &csv.1),
            ("Content-Type: application/pgp-signature; name=s.asc", "x"),
        ],
    );
    assert_eq!(opened("m.eml", &mail).unwrap(), one("a.csv"));
}

#[test]
fn an_attachment_that_cannot_be_opened_stops_no_other() {
    let (bad, good) = (attached("filename=b.zip", b"PK\x03\x04"), attached("filename=a.csv", CSV));
    let mail = mail("x", &[(&bad.0, &bad.1), (&good.0, &good.1)]);
    let parts = unfold_bytes("m.eml", mail, Limits::UPLOAD).unwrap();
    assert_eq!(parts.len(), 2);
    assert_eq!(read(&parts[0]).unwrap_err().code(), "bad_archive");
    assert_eq!(read(&parts[1]).unwrap(), CSV);
    assert_eq!(code("m.eml", &with("x", "filename=b.zip", b"PK\x03\x04")), "bad_archive");
    assert_eq!(code("m.eml", &with("x", "filename=b.csv", b"")), "empty");
}

#[test]
fn what_only_looks_like_a_mail_stays_what_it_is() {
    for text in ["Date: 2026\nFrom: here\n\nx\n", "a:1\nb:2\n", "From,To,Date\n1,2,3\n"] {
        assert_eq!(opened("a.csv", text.as_bytes()).unwrap()[0].1, text.as_bytes());
    }
}
