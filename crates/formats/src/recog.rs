//! 機器指紋 (Recog): XML databases of patterns that turn a banner into maker, product and device.
//!
//! The format is Rapid7's Recog. A [`Database`] is one file: patterns in order, of which the first
//! that matches a banner wins. Its fields come from the pattern's groups, or stand in the file and
//! may name earlier fields in braces. Both sides are taken for hostile: a file has bounds in every
//! direction and expands no entity, a banner is cut at [`BANNER_MAX`] bytes and matched by automata
//! whose time is linear in it. `docs/formats/recog.md` has the rules and what differs from Ruby.
//!
//! ```
//! use formats::recog::Database;
//!
//! let database = Database::read("telnet", r#"
//!     <fingerprints matches="telnet.banner" protocol="telnet">
//!       <fingerprint pattern="^Example Router (EX-\d+)" flags="REG_ICASE">
//!         <description>Example home router</description>
//!         <param pos="0" name="hw.vendor" value="Example"/>
//!         <param pos="1" name="hw.model"/>
//!         <param pos="0" name="hw.product" value="Router {hw.model}"/>
//!       </fingerprint>
//!     </fingerprints>"#)?;
//! let found = database.first(b"\r\nexample router EX-100\r\nlogin:");
//! assert_eq!(found.expect("it matches").get("hw.product"), Some("Router EX-100"));
//! # Ok::<(), formats::recog::NotADatabase>(())
//! ```

mod example;
mod fields;
mod pattern;
mod xml;

use regex::bytes::Regex;

pub use example::{Example, Failure, Told};
pub use fields::Match;

use fields::Param;

/// Bytes of a banner that are looked at; what comes after them decides nothing.
pub const BANNER_MAX: usize = 1_024;
/// Bytes of a database.
pub const FILE_MAX: usize = 4 << 20;
/// Fingerprints of a database.
pub const FINGERPRINTS_MAX: usize = 4_000;
/// Fields that a fingerprint may tell.
pub const PARAMS_MAX: usize = 64;

/// Why a file is no fingerprint database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotADatabase {
    /// It is larger than [`FILE_MAX`].
    #[error("the file has more than {FILE_MAX} bytes; split it")]
    TooLarge,
    /// It has more fingerprints than [`FINGERPRINTS_MAX`], or one has too much of something.
    #[error("at byte {at}: {what} is over its bound")]
    TooMany {
        /// Where, in bytes.
        at: u64,
        /// What there is too much of.
        what: &'static str,
    },
    /// It declares a document type, and with it perhaps entities that grow.
    #[error("at byte {at}: a document type is declared; take it out")]
    DocumentType {
        /// Where, in bytes.
        at: u64,
    },
    /// It is not well-formed XML.
    #[error("at byte {at}: this is no XML: {why}")]
    NotXml {
        /// Where, in bytes.
        at: u64,
        /// What the reader of XML says.
        why: String,
    },
    /// No element `fingerprints` stands at its top.
    #[error("no element `fingerprints` stands at the top")]
    NoFingerprints,
}

/// A fingerprint that this reader does not understand; the others of its file are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUnderstood {
    /// Its description.
    pub description: String,
    /// Why.
    pub why: String,
}

/// 機器指紋の一覧: the fingerprints of one file, in order.
#[derive(Debug)]
#[doc(alias = "機器指紋")]
pub struct Database {
    /// What it matches, such as `ftp.banner`; the file's name where the file does not say.
    pub matches: String,
    /// The protocol of all its banners, where the file says so.
    pub protocol: Option<String>,
    /// How it ranks among databases for the same banner, from 0 to 1.
    pub preference: f64,
    /// Fingerprints that are not understood.
    pub not_understood: Vec<NotUnderstood>,
    fingerprints: Vec<Fingerprint>,
}

/// 機器指紋: a pattern, and what a banner that matches it tells.
#[derive(Debug)]
struct Fingerprint {
    /// Its place in the file.
    written: usize,
    description: String,
    regex: Regex,
    params: Vec<Param>,
}

impl Database {
    /// The preference of a database that states none.
    pub const PREFERENCE: f64 = 0.10;

    /// Reads a database; `name` is its file's name without the ending.
    pub fn read(name: &str, text: &str) -> Result<Self, NotADatabase> {
        let raw = xml::read(text, |_| ())?;
        let mut database = Self {
            matches: raw.matches.unwrap_or_else(|| name.to_owned()),
            protocol: raw.protocol,
            preference: raw.preference.unwrap_or(Self::PREFERENCE),
            not_understood: Vec::new(),
            fingerprints: Vec::with_capacity(raw.fingerprints.len()),
        };
        for (written, raw) in raw.fingerprints.into_iter().enumerate() {
            let description = raw.description;
            match pattern::compile(&raw.pattern, &raw.flags) {
                Ok(regex) => {
                    let params = fields::params(raw.params);
                    database.fingerprints.push(Fingerprint { written, description, regex, params });
                }
                Err(why) => database.not_understood.push(NotUnderstood { description, why }),
            }
        }
        Ok(database)
    }

    /// How many fingerprints it has.
    pub fn len(&self) -> usize {
        self.fingerprints.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }

    /// What the first fingerprint that matches `banner` tells of it.
    pub fn first(&self, banner: &[u8]) -> Option<Match<'_>> {
        self.fingerprints.iter().find_map(|one| self.told(one, banner))
    }

    fn told<'d>(&self, one: &'d Fingerprint, banner: &[u8]) -> Option<Match<'d>> {
        let banner = &banner[..banner.len().min(BANNER_MAX)];
        // Whether it matches at all is told faster than where its groups lie.
        if !one.regex.is_match(banner) {
            return None;
        }
        let groups = one.regex.captures(banner)?;
        let fields = fields::fill(&one.params, &groups, self.protocol.as_deref());
        Some(Match { no: one.written, description: &one.description, fields })
    }
}
