//! 他組織の形式: the readers of what other organisations send.

use formats::{FileRefused, Row, Rows, mapped_csv};

use crate::own_formats::{input, reading};

fn read_all(rows: Result<Rows, FileRefused>) {
    let Ok(rows) = rows else { return };
    for row in rows.flatten() {
        match row {
            Row::Detection(detection) => assert!(!detection.ip.is_unspecified()),
            Row::Refused(refused) => assert!(!refused.to_string().is_empty()),
        }
    }
}

pub(crate) fn intelmq(data: &[u8]) {
    read_all(formats::intelmq::open(input(data), reading()));
}

pub(crate) fn n6(data: &[u8]) {
    read_all(formats::n6::open(input(data), reading()));
}

pub(crate) fn xarf(data: &[u8]) {
    read_all(formats::xarf::open(input(data), reading()));
}

pub(crate) fn stix(data: &[u8]) {
    read_all(formats::stix::open(input(data), reading()));
}

pub(crate) fn misp(data: &[u8]) {
    read_all(formats::misp::open(input(data), reading()));
}

/// A mapping is proposed from the file itself, and the file is read by it.
pub(crate) fn mapped_csv(data: &[u8]) {
    if let Ok(proposal) = mapped_csv::propose(data) {
        read_all(mapped_csv::open(&proposal.mapping, input(data), reading()));
    }
}

/// A database of fingerprints, and behind a NUL the banner that it is asked about.
pub(crate) fn recog(data: &[u8]) {
    let cut = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (text, banner) = data.split_at(cut);
    let Ok(text) = std::str::from_utf8(text) else { return };
    if let Ok(database) = formats::recog::Database::read("fuzz", text) {
        let _told = database.first(banner.get(1..).unwrap_or_default());
    }
}
