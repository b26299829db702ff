//! 項目対応: which column of a CSV is what, kept as TOML or JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::detection::words;
use crate::{Encoding, FileRefused, stamp};

words! {
    /// What a column can hold besides the texts of [`crate::Detail`] (項目).
    #[doc(alias = "項目")]
    Key {
        /// When the device was seen; two columns, date and clock, are joined.
        DetectedAt = "detected_at",
        /// The address of the device.
        Ip = "ip",
        /// The port on the device.
        Port = "port",
        /// The transport protocol.
        Proto = "proto",
        /// The address on the other side.
        PeerIp = "peer_ip",
        /// The port on the other side.
        PeerPort = "peer_port",
        /// What is wrong: `infected/sinkhole`, or a word of `type_translation`.
        Exposure = "exposure",
        /// What is wrong, coarsely.
        Weakness = "weakness_code",
        /// What is wrong, finely.
        Kind = "kind",
        /// How grave it is.
        Severity = "severity",
        /// What came of trying.
        Outcome = "outcome",
        /// The autonomous system.
        Asn = "asn",
    }
}

/// Which column is what: by its name in the header, or by its position.
///
/// The value is a [`Key`], a text of [`crate::Detail::NAMES`], `extra.<name>`, or `__IGNORE__`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Columns {
    /// From the first column on.
    ByPosition(Vec<String>),
    /// By the name in the header. A column without an entry is kept in `extra`.
    ByName(BTreeMap<String, String>),
}

/// Which columns must be readable where they are filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Required {
    /// A flag per position.
    Flags(Vec<bool>),
    /// These columns, by name, which must be in the header too.
    Names(Vec<String>),
}

/// 項目対応: how one sender's CSV is to be read.
#[doc(alias = "項目対応")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Between cells: `,`, `;`, TAB, or `|` in UTF-8.
    #[serde(default = "comma")]
    pub delimiter: String,
    /// Whether the first row is a header that positions pass over. By name there is always one.
    #[serde(default)]
    pub skip_header: bool,
    /// `utf-8`, `cp932` or `auto`; absent: as the reader is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// The zone of times that name none: `JST`, `Asia/Tokyo`, `UTC`, `+09:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// `epoch`, `epoch_millis`, `windows_nt` or a format of strptime; absent: RFC 3339, what
    /// spreadsheets make of it, and Japanese dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_format: Option<String>,
    /// Which columns must be readable; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns_required: Option<Required>,
    /// Which column is what.
    pub columns: Columns,
    /// What rows say where their cell is empty or no column does.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub constants: BTreeMap<String, String>,
    /// Words of the sender for an exposure.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub type_translation: BTreeMap<String, String>,
    /// The part of a cell that counts, a regular expression per key: `asn` = `[0-9]+`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub column_regex_search: BTreeMap<String, String>,
}

fn comma() -> String {
    ",".to_owned()
}

impl Mapping {
    /// A mapping of those columns and nothing else.
    pub fn of(columns: Columns) -> Self {
        Self {
            delimiter: comma(),
            skip_header: false,
            encoding: None,
            zone: None,
            time_format: None,
            columns_required: None,
            columns,
            constants: BTreeMap::new(),
            type_translation: BTreeMap::new(),
            column_regex_search: BTreeMap::new(),
        }
    }

    pub(super) fn encoding(&self, default: Encoding) -> Result<Encoding, FileRefused> {
        Ok(match self.encoding.as_deref() {
            None => default,
            Some("utf-8") => Encoding::Utf8,
            Some("cp932") => Encoding::Cp932,
            Some("auto") => Encoding::Auto,
            Some(other) => {
                return Err(unusable(format!("the encoding {other:?} is not utf-8, cp932, auto")));
            }
        })
    }

    pub(super) fn delimiter_byte(&self) -> Result<u8, FileRefused> {
        match self.delimiter.as_bytes() {
            [b @ (b',' | b';' | b'\t')] => Ok(*b),
            // In CP932 the second byte of a character may look like this one.
            [b'|'] if self.encoding.as_deref().is_none_or(|e| e == "utf-8") => Ok(b'|'),
            _ => {
                let other = &self.delimiter;
                Err(unusable(format!("the delimiter {other:?} is not one of , ; TAB or | (utf-8)")))
            }
        }
    }

    pub(super) fn utc_offset(&self, default: Option<i32>) -> Result<Option<i32>, FileRefused> {
        let Some(zone) = self.zone.as_deref() else { return Ok(default) };
        let zone = if matches!(zone, "Asia/Tokyo" | "Japan") { "JST" } else { zone };
        let offset = stamp::offset(zone).ok().flatten().and_then(|s| i32::try_from(s).ok());
        let unknown = || unusable(format!("the zone {zone:?} is not UTC, JST or like +09:00"));
        offset.map(Some).ok_or_else(unknown)
    }
}

pub(super) fn unusable(why: String) -> FileRefused {
    FileRefused::BadMapping(why)
}
