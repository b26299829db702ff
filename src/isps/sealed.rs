//! Sealing (封緘): what the store keeps of a provider's people opens at its own place alone.
//!
//! AES-256-GCM-SIV under the sealing key, bound to table, column and row, so that a text that was
//! moved to another row does not open. Where something has to be found again, a keyed tag stands
//! beside it. Owns no table.

use aes_gcm_siv::{
    Aes256GcmSiv, Nonce,
    aead::{Aead, KeyInit as _, Payload},
};
use anyhow::{Context as _, anyhow};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use crate::access::keys::Keys;

/// Where a sealed text stands: table and column, then row.
#[derive(Clone, Debug)]
pub(super) struct Place(String);

impl Place {
    /// The column (`table.column`) of the row with these parts of a key.
    pub(super) fn of(column: &str, row: &[&dyn std::fmt::Display]) -> Self {
        row.iter()
            .fold(Self(column.to_owned()), |Self(place), part| Self(format!("{place}/{part}")))
    }
}

/// Seals `text` for `place`. What `fresh` has at random makes the nonce; were one drawn twice, this
/// cipher would show no more than that two texts of one place are equal (RFC 8452).
pub(super) fn seal(
    keys: &Keys,
    place: &Place,
    text: &[u8],
    fresh: Uuid,
) -> anyhow::Result<Vec<u8>> {
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&fresh.as_bytes()[4..]);
    let payload = Payload { msg: text, aad: place.0.as_bytes() };
    let sealed = Aes256GcmSiv::new(&keys.seal.into()).encrypt(&Nonce::from(nonce), payload);
    let sealed = sealed.map_err(|_| anyhow!("nothing can be sealed for {}", place.0))?;
    Ok([&nonce[..], &sealed].concat())
}

/// Opens what was sealed for `place`.
pub(super) fn open(keys: &Keys, place: &Place, sealed: &[u8]) -> anyhow::Result<Vec<u8>> {
    let broken = || format!("what is sealed at {} does not open under this key", place.0);
    let (nonce, msg) = sealed.split_at_checked(12).with_context(broken)?;
    let nonce: [u8; 12] = nonce.try_into().with_context(broken)?;
    let payload = Payload { msg, aad: place.0.as_bytes() };
    let opened = Aes256GcmSiv::new(&keys.seal.into()).decrypt(&Nonce::from(nonce), payload);
    opened.map_err(|_| anyhow!(broken()))
}

/// What finds a text of a column again: equal texts have equal tags, and without the look-up key
/// nobody tries texts out.
pub(super) fn tag(keys: &Keys, column: &str, text: &str) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new_from_slice(&keys.lookup)
        .expect("HMAC takes a key of any length");
    mac.update(column.as_bytes());
    mac.update(&[0]);
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_at_its_own_place_alone() {
        let keys = Keys { lookup: [1; 32], seal: [2; 32] };
        let (here, there) = (Place::of("t.c", &[&1, &2]), Place::of("t.c", &[&1, &3]));
        let sealed = seal(&keys, &here, b"abuse@example.jp", Uuid::from_u128(7)).unwrap();
        assert!(!sealed.windows(5).any(|part| part == b"abuse"));
        assert_eq!(open(&keys, &here, &sealed).unwrap(), b"abuse@example.jp");
        assert!(open(&keys, &there, &sealed).is_err(), "it was moved to another row");
        let mut bent = sealed.clone();
        bent[20] ^= 1;
        assert!(open(&keys, &here, &bent).is_err() && open(&keys, &here, &sealed[..9]).is_err());
        let other = Keys { lookup: [1; 32], seal: [3; 32] };
        assert!(open(&other, &here, &sealed).is_err());
    }
}
