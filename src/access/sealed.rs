//! Sealing (封緘): what the store keeps of a secret opens at its own place alone.
//!
//! AES-256-GCM-SIV under the sealing key, bound to table, column and row: a text that was moved to
//! another row does not open. Owns no table.

use aes_gcm_siv::{
    Aes256GcmSiv, Nonce,
    aead::{Aead, KeyInit as _, Payload},
};
use anyhow::{Context as _, anyhow};
use uuid::Uuid;

use super::keys::Keys;

/// Seals `bytes` for `place`, which names table, column and row. What `fresh` has at random makes
/// the nonce; were one drawn twice, this cipher would show no more than that two texts of one place
/// are equal (RFC 8452).
pub fn seal(keys: &Keys, place: &str, bytes: &[u8], fresh: Uuid) -> anyhow::Result<Vec<u8>> {
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&fresh.as_bytes()[4..]);
    let payload = Payload { msg: bytes, aad: place.as_bytes() };
    let sealed = Aes256GcmSiv::new(&keys.seal.into()).encrypt(&Nonce::from(nonce), payload);
    let sealed = sealed.map_err(|_| anyhow!("nothing can be sealed for {place}"))?;
    Ok([&nonce[..], &sealed].concat())
}

/// Opens what was sealed for `place`.
pub fn open(keys: &Keys, place: &str, sealed: &[u8]) -> anyhow::Result<Vec<u8>> {
    let broken = || format!("what is sealed at {place} does not open under this key");
    let (nonce, msg) = sealed.split_at_checked(12).with_context(broken)?;
    let nonce: [u8; 12] = nonce.try_into().with_context(broken)?;
    let payload = Payload { msg, aad: place.as_bytes() };
    let opened = Aes256GcmSiv::new(&keys.seal.into()).decrypt(&Nonce::from(nonce), payload);
    opened.map_err(|_| anyhow!(broken()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_at_its_own_place_alone() {
        let keys = Keys { lookup: [1; 32], seal: [2; 32] };
        let sealed = seal(&keys, "t.c/1/2", b"a secret", Uuid::from_u128(7)).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_eq!(open(&keys, "t.c/1/2", &sealed).unwrap(), b"a secret");
        assert!(open(&keys, "t.c/1/3", &sealed).is_err(), "it was moved to another row");
        let other = Keys { lookup: [1; 32], seal: [3; 32] };
        assert!(open(&other, "t.c/1/2", &sealed).is_err());
    }
}
