//! Conformance: the mails of the data folders beside the repository. Skipped where they are not.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../../../tests/support/data_folder.rs"]
mod data_folder;

use std::io::Read;
use std::path::{Path, PathBuf};

use formats::unfold::Part;
use formats::unpack::Limits;
use formats::{FileRefused, Reading, Row, shadowserver, unfold};

use data_folder::data_folder;

/// 2026-12-01T00:00:00Z in microseconds.
const NOW: i64 = 1_796_083_200_000_000;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

fn unfolded(path: &Path) -> Result<Vec<Part>, FileRefused> {
    unfold(path.file_name().unwrap().to_str().unwrap(), path, Limits::UPLOAD)
}

fn bytes(part: &Part) -> Vec<u8> {
    let mut bytes = Vec::new();
    part.open().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// The CSV of a report mail by other means: the first zip entry, found in the base64 by hand.
fn csv_inside(mail: &str) -> Vec<u8> {
    let mail = mail.replace("\r\n", "\n");
    let (_, rest) = mail.split_once("Content-Disposition: attachment").unwrap();
    let (_, body) = rest.split_once("\n\n").unwrap();
    let text: String = body.split("--").next().unwrap().split_whitespace().collect();
    let zip = mail_parser::decoders::base64::base64_decode(text.as_bytes()).unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    assert_eq!(archive.len(), 1);
    let mut csv = Vec::new();
    archive.by_index(0).unwrap().read_to_end(&mut csv).unwrap();
    csv
}

#[test]
fn each_shadowserver_mail_gives_exactly_its_csv_and_all_rows_read() {
    let Some(folder) = data_folder("abuse-mail-abuseio/shadowserver") else { return };
    let mails = files(&folder);
    assert_eq!(mails.len(), 7);
    for path in mails {
        let parts = unfolded(&path).unwrap();
        assert_eq!(parts.len(), 1, "{}", path.display());
        let csv = bytes(&parts[0]);
        assert_eq!(csv, csv_inside(&std::fs::read_to_string(&path).unwrap()));
        let delivered = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(format!("{}.zip.eml", parts[0].name), delivered);
        let name = &parts[0].name;
        let rows = shadowserver::open(name, None, parts[0].open().unwrap(), Reading::at(NOW));
        let rows: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
        assert!(!rows.is_empty());
        assert!(rows.iter().all(|row| matches!(row, Row::Detection(_))), "{name}: {rows:?}");
    }
}

#[test]
fn each_abuse_mail_brings_its_report() {
    let Some(folder) = data_folder("abuse-mail-abuseio") else { return };
    let mut mails = files(&folder);
    mails.retain(|path| path.extension().is_some_and(|e| e == "eml"));
    assert_eq!(mails.len(), 43);
    for path in &mails {
        let names: Vec<_> = match unfolded(path) {
            Ok(parts) => {
                parts.iter().map(|part| format!("{} ({})", part.name, bytes(part).len())).collect()
            }
            Err(refused) => vec![refused.to_string()],
        };
        println!("{}: {names:?}", path.strip_prefix(&folder).unwrap().display());
        assert!(unfolded(path).is_ok(), "{}", path.display());
    }
}

#[test]
fn a_feed_mail_with_a_zip_gives_the_text_in_it() {
    let Some(folder) = data_folder("mail/intelmq") else { return };
    let parts = unfolded(&files(&folder)[0]).unwrap();
    assert_eq!((parts.len(), parts[0].name.as_str()), (1, "foobar"));
    assert_eq!(bytes(&parts[0]), b"bar text\n");
}

#[test]
fn no_mail_however_damaged_makes_the_reader_panic() {
    let Some(folder) = data_folder("mail") else { return };
    let (mut opened, mut refused, mut parts) = (0, 0, 0);
    for path in files(&folder) {
        for name in ["x.eml", "x"] {
            match unfold(name, &path, Limits::UPLOAD) {
                Ok(found) => {
                    opened += 1;
                    parts += found.len();
                    for part in found {
                        let _ = part.open().map(|mut file| file.read_to_end(&mut Vec::new()));
                    }
                }
                Err(why) => {
                    println!("{}: {why}", path.strip_prefix(&folder).unwrap().display());
                    refused += 1;
                }
            }
        }
    }
    println!("{opened} opened, {refused} refused, {parts} parts");
    assert!(opened > refused);
}
