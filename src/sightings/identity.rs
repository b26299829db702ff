//! Identity (個体識別値): what tells one device from all others, wherever it stands.
//!
//! A host key, a certificate or a serial number that a device shows moves with it when its address
//! changes. Feeds give hashes of them; a sighting keeps half a hash of each, sixteen bytes, with
//! its hit, so that verification can follow a device whose line nobody named. Whether a value is
//! one device's at all is for [`verification`](crate::verification) to judge: makers put the same
//! key into each device of a model.

use formats::Detail;
use sha2::{Digest as _, Sha256};

/// Characters that a value has at least: half of an MD5. Shorter ones are words for "none".
const LENGTH_MIN: usize = 16;

/// Identity (個体識別値): the first byte says of which [`Kind`], the others are part of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[doc(alias = "個体識別値")]
pub(crate) struct Identity(pub(crate) [u8; Self::LENGTH]);

/// What kind of value tells a device from others (個体識別の種類).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The key of its SSH server.
    HostKey,
    /// The certificate that it shows.
    Certificate,
    /// Its serial number.
    Serial,
}

impl Kind {
    /// Every kind; its place here is what an identity begins with.
    pub const ALL: [Self; 3] = [Self::HostKey, Self::Certificate, Self::Serial];

    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::HostKey => "host_key",
            Self::Certificate => "certificate",
            Self::Serial => "serial",
        }
    }
}

/// A word that names no kind of identity.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no kind of identity; known are host_key, certificate, serial")]
pub struct NotAKind(pub String);

impl TryFrom<String> for Kind {
    type Error = NotAKind;

    fn try_from(word: String) -> Result<Self, NotAKind> {
        let known = Self::ALL.into_iter().find(|kind| kind.word() == word);
        known.ok_or(NotAKind(word))
    }
}

impl Identity {
    /// Bytes of one.
    pub(crate) const LENGTH: usize = 16;

    /// The identity that a feed's text of that kind gives, unless it says "none" in some way.
    ///
    /// Feeds write a hash in small or capital digits, with colons or without; other spellings
    /// (base64) are told by their case.
    fn of(kind: Kind, text: &str) -> Option<Self> {
        let mut text: String =
            text.chars().filter(|one| *one != ':' && !one.is_whitespace()).collect();
        if text.bytes().all(|one| one.is_ascii_hexdigit()) {
            text.make_ascii_lowercase();
        }
        let first = text.chars().next()?;
        if text.chars().count() < LENGTH_MIN || text.chars().all(|one| one == first) {
            return None;
        }
        let mut identity = [0; Self::LENGTH];
        let (own, hash) = identity.split_at_mut(1);
        own[0] = u8::try_from(Kind::ALL.iter().position(|one| *one == kind)?).ok()?;
        hash.copy_from_slice(&Sha256::digest(text)[..Self::LENGTH - 1]);
        Some(Self(identity))
    }

    /// Every identity that a row tells.
    pub(crate) fn all_of(detail: &Detail) -> impl Iterator<Item = Self> {
        let Detail { hostkey_sha256, cert_sha256, serial_hash, .. } = detail;
        let texts = [hostkey_sha256, cert_sha256, serial_hash];
        let told = Kind::ALL.into_iter().zip(texts);
        told.filter_map(|(kind, text)| Self::of(kind, text.as_deref()?))
    }

    /// Those that lie end to end in `bytes`.
    pub(super) fn all_in(bytes: &[u8]) -> impl Iterator<Item = Self> {
        bytes.as_chunks().0.iter().copied().map(Self)
    }

    /// Of which kind it is.
    pub(crate) fn kind(self) -> Kind {
        Kind::ALL.get(usize::from(self.0[0])).copied().unwrap_or(Kind::Serial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn of(text: &str) -> Option<Identity> {
        Identity::of(Kind::HostKey, text)
    }

    #[test]
    fn one_hash_is_one_identity_however_it_is_written() {
        let pairs: Vec<String> = HASH
            .to_uppercase()
            .as_bytes()
            .chunks(2)
            .map(|pair| String::from_utf8_lossy(pair).into_owned())
            .collect();
        assert_eq!(of(HASH), of(&pairs.join(":")));
        assert_ne!(
            of("AAAAC3NzaC1lZDI1NTE5"),
            of("aaaac3nzac1lzdi1nte5"),
            "base64 is told by case"
        );
    }

    #[test]
    fn a_value_of_another_kind_is_another_identity() {
        let detail = Detail {
            hostkey_sha256: Some(HASH.into()),
            cert_sha256: Some(HASH.into()),
            serial_hash: Some(HASH.into()),
            ..Detail::default()
        };
        let all: Vec<Identity> = Identity::all_of(&detail).collect();
        assert_eq!(all.iter().map(|one| one.kind()).collect::<Vec<_>>(), Kind::ALL);
        assert_ne!(all[0], all[1]);
    }

    #[test]
    fn words_for_none_tell_no_device() {
        for none in ["", "unknown", "N/A", "0", &"0".repeat(64), ":::", "ー"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
