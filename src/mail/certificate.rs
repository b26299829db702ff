//! A certificate (公開鍵証明書): what a provider hands in, so that only it can open its mails.
//!
//! Looked at when it is handed in and again at every use: time passes, and what was fit is not any
//! more. Nobody else is asked about it: who handed it in, and by which fingerprint, is for people.

use std::str::FromStr;

use super::{openpgp, smime};
use crate::time::Moment;

/// The longest file that is looked at.
const BYTES_MAX: usize = 256 << 10;

/// Bits of an RSA key below which it is not used.
pub(super) const RSA_BITS_MIN: usize = 2048;

/// By which standard a mail is encrypted (暗号化の方式).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "暗号化の方式")]
pub enum Standard {
    /// OpenPGP, carried by PGP/MIME.
    OpenPgp,
    /// S/MIME.
    Smime,
}

impl Standard {
    /// The word in the store and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::OpenPgp => "openpgp",
            Self::Smime => "smime",
        }
    }
}

/// A word that names no standard.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is neither openpgp nor smime")]
pub struct NotAStandard(String);

impl FromStr for Standard {
    type Err = NotAStandard;

    fn from_str(word: &str) -> Result<Self, NotAStandard> {
        match word {
            "openpgp" => Ok(Self::OpenPgp),
            "smime" => Ok(Self::Smime),
            _ => Err(NotAStandard(word.to_owned())),
        }
    }
}

impl TryFrom<String> for Standard {
    type Error = NotAStandard;

    fn try_from(word: String) -> Result<Self, NotAStandard> {
        word.parse()
    }
}

/// Why a key is not taken, or not used any more (鍵の拒否).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[doc(alias = "鍵の拒否")]
pub enum KeyRefused {
    /// Neither an OpenPGP key nor an X.509 certificate.
    #[error("this is neither an OpenPGP public key nor an X.509 certificate")]
    NoKey,
    /// Nobody would know which one is meant.
    #[error("the file holds {0} keys; hand in each in a file of its own")]
    Several(usize),
    /// It must never have left its owner.
    #[error(
        "the file holds a SECRET key. It is not kept; take it as lost, revoke it, make a new one, \
         and hand in its public part alone"
    )]
    Secret,
    /// Its time is over.
    #[error("the key expired on {0}; prolong it or make a new one, then hand it in again")]
    Expired(String),
    /// Its time has not come.
    #[error("the key is valid from {0} on; hand it in then, or look at the clock it was made by")]
    NotYet(String),
    /// Its owner took it back; the fingerprint says which one.
    #[error("the key {0} is revoked; where it was in use, it is used no more")]
    Revoked(String),
    /// It can be broken.
    #[error("the key is too weak: {0}")]
    Weak(String),
    /// What says whose it is can be forged.
    #[error("the key is vouched for by {0} only, which can be forged; sign it again by SHA-256")]
    OldHash(&'static str),
    /// Nothing can be encrypted to it.
    #[error("nothing can be encrypted to this key: {0}")]
    NoEncryption(&'static str),
    /// Its parts do not belong together.
    #[error("the key does not vouch for its own parts: it is damaged or forged")]
    Unsigned,
}

impl KeyRefused {
    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoKey => "no_key",
            Self::Several(_) => "several",
            Self::Secret => "secret",
            Self::Expired(_) => "expired",
            Self::NotYet(_) => "not_yet",
            Self::Revoked(_) => "revoked",
            Self::Weak(_) => "weak",
            Self::OldHash(_) => "old_hash",
            Self::NoEncryption(_) => "no_encryption",
            Self::Unsigned => "unsigned",
        }
    }
}

/// A certificate that was looked at (公開鍵証明書) and that mails can be encrypted to.
#[derive(Clone, Debug)]
#[doc(alias = "公開鍵証明書")]
pub struct Certificate {
    /// By which standard.
    pub standard: Standard,
    /// Its fingerprint in lower-case hexadecimal digits.
    pub fingerprint: String,
    /// Whose it says it is.
    pub owner: String,
    /// With what it encrypts.
    pub algorithm: String,
    /// When its time is over.
    pub expires_at: Option<Moment>,
    /// As it is kept: OpenPGP packets, or DER.
    pub bytes: Vec<u8>,
    pub(super) key: Key,
}

/// The part that encrypts.
#[derive(Clone, Debug)]
pub(super) enum Key {
    OpenPgp(Box<openpgp::Recipient>),
    Smime(Box<smime::Recipient>),
}

impl Certificate {
    /// Reads a file that holds one certificate, in armour or bare, and looks whether it is fit.
    pub fn read(file: &[u8], now: Moment) -> Result<Self, KeyRefused> {
        if file.is_empty() || file.len() > BYTES_MAX {
            return Err(KeyRefused::NoKey);
        }
        let has = |text: &str| file.windows(text.len()).any(|part| part == text.as_bytes());
        if has("PRIVATE KEY-----") || has("PRIVATE KEY BLOCK-----") || is_secret_der(file) {
            return Err(KeyRefused::Secret);
        }
        if has("BEGIN CERTIFICATE") {
            return smime::read_pem(file, now);
        }
        // A certificate in DER is a SEQUENCE; no packet of OpenPGP begins with its tag.
        if file[0] == 0x30 { smime::read_der(file, now) } else { openpgp::read(file, now) }
    }
}

/// Whether bytes in DER begin as private keys do (RFC 5915, RFC 5958, RFC 8017) and the files that
/// hold them (RFC 7292): a sequence whose first part is a number. That of a certificate is a
/// sequence.
fn is_secret_der(file: &[u8]) -> bool {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    let length = match file {
        [SEQUENCE, short, ..] if *short < 0x80 => 1,
        [SEQUENCE, long, ..] => 1 + usize::from(long & 0x7f),
        _ => return false,
    };
    file.get(1 + length) == Some(&INTEGER)
}

/// A moment as a refusal names it.
pub(super) fn day(at: Moment) -> String {
    at.date_jst()
}
