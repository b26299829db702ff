//! What a row says besides address, port and time (検知の詳細).

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::text::hex;

/// What the reader had to bend in a row it accepted (読取注記).
///
/// Serialises as a list of words, `["short_row"]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notes(u8);

impl Notes {
    /// A control character (C0 except NUL, TAB, LF, CR) became U+FFFD.
    pub const CONTROL_REPLACED: Self = Self(1);
    /// The row had fewer cells than the header; the missing ones count as empty.
    pub const SHORT_ROW: Self = Self(2);
    /// The address of the device is private, shared, loopback, link-local or multicast.
    pub const SPECIAL_ADDRESS: Self = Self(4);
    /// The address or port of the other side could not be read and is kept as text.
    pub const PEER_UNREADABLE: Self = Self(8);
    /// User information was cut out of a URL.
    pub const URL_CREDENTIAL_CUT: Self = Self(16);
    /// The last cell of the last row opens a quote that nothing closes; the row is whole otherwise.
    pub const OPEN_QUOTE: Self = Self(32);

    const WORDS: [(Self, &'static str); 6] = [
        (Self::CONTROL_REPLACED, "control_replaced"),
        (Self::SHORT_ROW, "short_row"),
        (Self::SPECIAL_ADDRESS, "special_address"),
        (Self::PEER_UNREADABLE, "peer_unreadable"),
        (Self::URL_CREDENTIAL_CUT, "url_credential_cut"),
        (Self::OPEN_QUOTE, "open_quote"),
    ];

    /// Adds a note.
    pub fn add(&mut self, note: Self) {
        self.0 |= note.0;
    }

    /// Whether a note is there.
    pub const fn has(self, note: Self) -> bool {
        self.0 & note.0 != 0
    }

    /// Whether nothing had to be bent.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// All notes in one number, which [`Notes::of_bits`] reads back.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The notes of a number.
    pub const fn of_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The notes as words.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS.into_iter().filter(move |(note, _)| self.has(*note)).map(|(_, word)| word)
    }
}

impl Serialize for Notes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.words())
    }
}

/// 検知の詳細: what a row says besides address, port and time.
///
/// Serialises to a compact JSON object in which nothing is empty. `extra` is an object of its own,
/// so that no column of a feed can take the name of a field. Never holds a credential.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Detail {
    /// Malware family as the feed spells it: `mirai`.
    pub malware_family: Option<Box<str>>,
    /// Maker of the device.
    pub device_vendor: Option<Box<str>>,
    /// Type of the device: `router`, `ip-camera`.
    pub device_type: Option<Box<str>>,
    /// Model of the device.
    pub device_model: Option<Box<str>>,
    /// Version of the software in the device.
    pub fw_version: Option<Box<str>>,
    /// Name of the address in the reverse DNS.
    pub hostname: Option<Box<str>>,
    /// Tags of the feed, joined by `;`; may hold CVE ids.
    pub tag: Option<Box<str>>,
    /// SHA-256 of the certificate shown.
    pub cert_sha256: Option<Box<str>>,
    /// SHA-256 of the SSH host key shown.
    pub hostkey_sha256: Option<Box<str>>,
    /// Hash of the serial number, never the number itself.
    pub serial_hash: Option<Box<str>>,
    /// The scan run the row belongs to.
    pub scan_run: Option<Box<str>>,
    /// Number of the record within its list.
    pub record_no: Option<Box<str>>,
    /// Version of the method that found it.
    pub method_version: Option<Box<str>>,
    /// Autonomous system the feed names; 0 in the feed means unknown.
    pub asn: Option<u32>,
    /// What the reader had to bend.
    pub notes: Notes,
    /// Every other column that was not empty, by its name in the file.
    pub extra: Vec<(Arc<str>, Box<str>)>,
}

/// Characters that a serial number has at least.
const SERIAL_MIN: usize = 6;

/// What makers write who gave a device no serial number.
const NO_SERIALS: [&str; 8] = [
    "unknown",
    "default",
    "default string",
    "not specified",
    "not available",
    "to be filled by o.e.m.",
    "0123456789",
    "123456",
];

/// What stands for a serial number (シリアル番号のハッシュ): its SHA-256 in small hexadecimal digits.
///
/// A text of 32 such digits or more is a hash already. A number printed on a box leads to whoever
/// bought it, so no reader keeps it as it came. Words for "none", and numbers that a list may have
/// counted its rows by, tell no device.
fn serial_hash(text: &str) -> Option<Box<str>> {
    let text = text.trim();
    let first = text.chars().next()?;
    let is_none = NO_SERIALS.iter().any(|none| text.eq_ignore_ascii_case(none));
    if is_none || text.chars().count() < SERIAL_MIN || text.chars().all(|one| one == first) {
        return None;
    }
    if text.len() >= 32 && text.bytes().all(|one| one.is_ascii_hexdigit()) {
        return Some(text.to_ascii_lowercase().into());
    }
    Some(hex(&Sha256::digest(text)).into())
}

impl Detail {
    /// The names of the named texts.
    pub const NAMES: [&'static str; 13] = [
        "malware_family",
        "device_vendor",
        "device_type",
        "device_model",
        "fw_version",
        "hostname",
        "tag",
        "cert_sha256",
        "hostkey_sha256",
        "serial_hash",
        "scan_run",
        "record_no",
        "method_version",
    ];

    /// Keeps the hash of a serial number, and no other column that repeats the number: some feeds
    /// call a device by it.
    pub(crate) fn tell_serial(&mut self, serial: &str) {
        self.serial_hash = serial_hash(serial);
        self.extra.retain(|(_, value)| value.trim() != serial.trim());
    }

    /// Whether nothing at all is known.
    pub fn is_empty(&self) -> bool {
        self.texts().iter().all(Option::is_none)
            && self.asn.is_none()
            && self.notes.is_empty()
            && self.extra.is_empty()
    }

    /// The value of a column kept in `extra`.
    pub fn extra(&self, column: &str) -> Option<&str> {
        self.extra.iter().find(|(name, _)| &**name == column).map(|(_, value)| &**value)
    }

    /// The named texts, in the order of [`Detail::NAMES`].
    pub fn texts(&self) -> [Option<&str>; Self::NAMES.len()] {
        [
            self.malware_family.as_deref(),
            self.device_vendor.as_deref(),
            self.device_type.as_deref(),
            self.device_model.as_deref(),
            self.fw_version.as_deref(),
            self.hostname.as_deref(),
            self.tag.as_deref(),
            self.cert_sha256.as_deref(),
            self.hostkey_sha256.as_deref(),
            self.serial_hash.as_deref(),
            self.scan_run.as_deref(),
            self.record_no.as_deref(),
            self.method_version.as_deref(),
        ]
    }

    /// A detail that says these texts and nothing else.
    pub fn of_texts(texts: [Option<Box<str>>; Self::NAMES.len()]) -> Self {
        let [malware_family, device_vendor, device_type, device_model, fw_version, texts @ ..] =
            texts;
        let [hostname, tag, cert_sha256, hostkey_sha256, serial_hash, texts @ ..] = texts;
        let [scan_run, record_no, method_version] = texts;
        Self {
            malware_family,
            device_vendor,
            device_type,
            device_model,
            fw_version,
            hostname,
            tag,
            cert_sha256,
            hostkey_sha256,
            serial_hash,
            scan_run,
            record_no,
            method_version,
            ..Self::default()
        }
    }
}

impl Serialize for Detail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, text) in Self::NAMES.into_iter().zip(self.texts()) {
            if let Some(text) = text {
                map.serialize_entry(name, text)?;
            }
        }
        if let Some(asn) = self.asn {
            map.serialize_entry("asn", &asn)?;
        }
        if !self.notes.is_empty() {
            map.serialize_entry("notes", &self.notes)?;
        }
        if !self.extra.is_empty() {
            map.serialize_entry("extra", &Extra(&self.extra))?;
        }
        map.end()
    }
}

/// The remaining columns as one JSON object.
struct Extra<'a>(&'a [(Arc<str>, Box<str>)]);

impl Serialize for Extra<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
