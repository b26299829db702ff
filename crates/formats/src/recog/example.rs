//! Examples (指紋の例): banners that a database brings along as its own tests.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::DecodePaddingMode, engine::general_purpose};

use super::{Database, NotADatabase, xml};

/// 指紋の例: a banner, and the fields that its fingerprint must tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias = "指紋の例")]
pub struct Example {
    /// The place of its fingerprint in the file.
    pub of: usize,
    /// The banner.
    pub told: Told,
    /// Fields with the values they must have.
    pub fields: BTreeMap<String, String>,
}

/// The banner of an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It stands in the database.
    Here(Vec<u8>),
    /// It is a file of this name, in the folder that is named like the database.
    InFile(String),
    /// It is written in a way that is not known, or that it does not hold to.
    Unreadable,
}

/// Why an example fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Its fingerprint is not understood.
    #[error("its fingerprint is not understood")]
    NotUnderstood,
    /// The banner stands elsewhere, or cannot be decoded.
    #[error("its banner cannot be read")]
    NoBanner,
    /// Its own fingerprint does not match the banner.
    #[error("its fingerprint does not match it")]
    NoMatch,
    /// A field is told otherwise, or not at all.
    #[error("`{field}` is {found:?} instead of {wanted:?}")]
    Otherwise {
        /// The field.
        field: String,
        /// What it must be.
        wanted: String,
        /// What it is.
        found: Option<String>,
    },
}

impl Example {
    pub(super) fn new(of: usize, text: String, given: Vec<(String, String)>) -> Self {
        let mut fields: BTreeMap<String, String> = given.into_iter().collect();
        let encoding = fields.remove("_encoding");
        let told = match (fields.remove("_filename"), encoding.as_deref()) {
            (Some(file), _) => Told::InFile(file),
            (None, None) => Told::Here(text.into_bytes()),
            (None, Some("base64")) => decoded(&text).map_or(Told::Unreadable, Told::Here),
            (None, Some(_)) => Told::Unreadable,
        };
        Self { of, told, fields }
    }
}

/// Reads base64 that is broken into lines, with or without its padding.
fn decoded(text: &str) -> Option<Vec<u8>> {
    const LENIENT: general_purpose::GeneralPurposeConfig =
        general_purpose::GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true);
    let packed: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    general_purpose::GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT).decode(packed).ok()
}

impl Database {
    /// The examples of a database, in order.
    pub fn examples(text: &str) -> Result<Vec<Example>, NotADatabase> {
        let mut examples = Vec::new();
        xml::read(text, |example| examples.push(example))?;
        Ok(examples)
    }

    /// Holds an example against its own fingerprint, whatever stands before that.
    pub fn holds(&self, example: &Example) -> Result<(), Failure> {
        let Told::Here(banner) = &example.told else { return Err(Failure::NoBanner) };
        let found = self.fingerprints.iter().find(|one| one.written == example.of);
        let found = found.ok_or(Failure::NotUnderstood)?;
        let found = self.told(found, banner).ok_or(Failure::NoMatch)?;
        for (field, wanted) in &example.fields {
            let told = found.fields.get(field.as_str());
            if told != Some(wanted) {
                return Err(Failure::Otherwise {
                    field: field.clone(),
                    wanted: wanted.clone(),
                    found: told.cloned(),
                });
            }
        }
        Ok(())
    }
}
