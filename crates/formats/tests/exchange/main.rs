//! The exchange formats of abuse desks and threat platforms: XARF, STIX, MISP.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
#![allow(clippy::needless_pass_by_value, reason = "JSON written on the spot reads best unborrowed")]

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use formats::{Detection, FileRefused, Reading, Refused, Row, Rows};

#[path = "../../../../tests/support/data_folder.rs"]
mod data_folder;
mod lists;
mod malice;
mod schemas;
mod misp;
mod stix;
mod xarf;
mod xarf_samples;

/// 2026-11-23T00:00:00Z in microseconds.
const NOW: i64 = 1_795_392_000_000_000;

/// A reader of one format.
type Open = fn(Cursor<Vec<u8>>, Reading) -> Result<Rows, FileRefused>;

const XARF: Open = formats::xarf::open;
const STIX: Open = formats::stix::open;
const MISP: Open = formats::misp::open;
const INTELMQ: Open = formats::intelmq::open;
const N6: Open = formats::n6::open;

/// The rows of a text: those understood, and those refused.
fn read(open: Open, text: impl AsRef<[u8]>) -> (Vec<Detection>, Vec<Refused>) {
    let rows = open(Cursor::new(text.as_ref().to_vec()), Reading::at(NOW)).unwrap();
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for row in rows {
        match row.unwrap() {
            Row::Detection(detection) => good.push(*detection),
            Row::Refused(refused) => bad.push(refused),
        }
    }
    (good, bad)
}

/// The one detection of a text.
fn one(open: Open, text: impl AsRef<[u8]>) -> Detection {
    let (mut good, bad) = read(open, text);
    assert!(bad.is_empty() && good.len() == 1, "{good:?} {bad:?}");
    good.remove(0)
}

/// The one refused row of a text.
fn refused(open: Open, text: impl AsRef<[u8]>) -> Refused {
    let (good, mut bad) = read(open, text);
    assert!(good.is_empty() && bad.len() == 1, "{good:?} {bad:?}");
    bad.remove(0)
}

/// Every file under a folder, in the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The name of a file under its folder.
fn name(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned()
}
