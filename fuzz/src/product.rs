//! 製品側の読取: what people type into the product, the registers they keep, and its own packed rows.

use std::{
    io::{Cursor, Read},
    net::IpAddr,
};

use todoke::{
    attribution::networks::Networks,
    cases::inquiry_id::InquiryId,
    check::chain::{self, checkpoints::Key},
    isps::register,
    sightings,
};

/// A key that signed none of what is fed here.
const KEY: &str =
    "todoke.example/audit+1c837983+ATnCx4wlL6C+d3egJje8aiq5FXV55tT5gnuZOPARo6Nt";

pub(crate) fn inquiry_id(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(id) = InquiryId::parse(text) {
        assert!(InquiryId::parse(&id.reveal()).is_ok_and(|again| again == id));
    }
}

/// A register of providers.
pub(crate) fn register(data: &[u8]) {
    if let Ok(Ok(errors)) = register::errors_in(data) {
        errors.iter().for_each(|error| assert!(!error.reason.is_empty()));
    }
}

/// An address table: whatever it holds, ranges are in order and apart.
pub(crate) fn networks(data: &[u8]) {
    let file = ("table.csv".to_owned(), Box::new(Cursor::new(data.to_vec())) as Box<dyn Read>);
    let Ok(networks) = Networks::read(vec![file]) else { return };
    assert!(networks.v4().windows(2).all(|pair| pair[0].1 < pair[1].0));
    assert!(networks.v6().windows(2).all(|pair| pair[0].1 < pair[1].0));
    for (first, last, _) in networks.v4() {
        for ip in [first, last].map(|ip| IpAddr::from(ip.to_be_bytes())) {
            assert!(networks.find(ip).is_some_and(|range| range.first <= ip && ip <= range.last));
        }
    }
}

/// A packed row of hits, as a damaged store may hand it over.
pub(crate) fn hits(data: &[u8]) {
    let (shelf, body) = data.split_at(data.len().min(14));
    if let Ok(hits) = sightings::unpack(shelf, 0, body) {
        assert!(hits.iter().all(|hit| hit.0.starts_with(shelf)));
    }
}

/// An export of the audit log, with itself for checkpoints.
pub(crate) fn audit(data: &[u8]) {
    let notes = std::str::from_utf8(data).ok();
    for notes in [None, notes] {
        let Ok(verified) = chain::export(data, notes, &[]) else { return };
        match verified {
            Ok(whole) => assert!(whole.hash.len() == 64),
            Err(broken) => assert!(!broken.place.is_empty() && !broken.why.is_empty()),
        }
    }
}

/// Notes that come back from outside: nobody signs in the name of a key.
pub(crate) fn checkpoints(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(key) = KEY.parse::<Key>() else { panic!("the key is one") };
    if let Ok((signed, _)) = chain::checkpoints::all(text, &[key]) {
        assert!(signed.is_empty());
    }
    let _ = text.parse::<Key>();
}
