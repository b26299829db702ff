//! The return address (返送先): signed, so that what comes back tells for which mail it comes.
//!
//! Bounces name the mail they are about in a dozen ways, or not at all; but they all come to the
//! address on the envelope. It bears the mail's key and a proof, so that nobody marks a mail as
//! bounced by a guess. Forty letters, alike in capitals and small ones, since some relays change
//! that.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use crate::access::keys::Keys;

/// What the local part of a signed address begins with, after that of the plain one.
const SEPARATOR: char = '+';
/// Bytes of the proof.
const PROOF: usize = 9;
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The signed form of `plain` for the mail of that key: `bounce@…` becomes `bounce+…@…`.
pub fn signed(keys: &Keys, plain: &str, mail: Uuid) -> Option<String> {
    let (local, domain) = plain.rsplit_once('@')?;
    let bytes: Vec<u8> = mail.as_bytes().iter().copied().chain(proof(keys, mail)).collect();
    Some(format!("{local}{SEPARATOR}{}@{domain}", letters(&bytes)))
}

/// The mail that an address is the return address of; nothing where it is none of ours.
pub fn mail_of(keys: &Keys, address: &str) -> Option<Uuid> {
    let (local, _) = address.trim().trim_matches(['<', '>']).rsplit_once('@')?;
    let (_, signed) = local.rsplit_once(SEPARATOR)?;
    let bytes = bytes_of(signed)?;
    let (key, given) = bytes.split_at_checked(16)?;
    let mail = Uuid::from_slice(key).ok()?;
    // Compared in a time that tells nothing of where they differ.
    let wanted = proof(keys, mail);
    let differing = wanted.iter().zip(given).fold(0, |all, (one, other)| all | (one ^ other));
    (given.len() == PROOF && differing == 0).then_some(mail)
}

fn proof(keys: &Keys, mail: Uuid) -> [u8; PROOF] {
    let mac = Hmac::<Sha256>::new_from_slice(&keys.lookup);
    let mut mac = mac.expect("HMAC takes a key of any length");
    mac.update(b"todoke return address\0");
    mac.update(mail.as_bytes());
    let whole = mac.finalize().into_bytes();
    let mut proof = [0; PROOF];
    proof.copy_from_slice(&whole[..PROOF]);
    proof
}

/// Five bits a letter (RFC 4648, in small letters); 25 bytes fill 40 letters.
fn letters(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(LETTERS[(held >> bits & 31) as usize]));
        }
    }
    text
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    if text.len() != (16 + PROOF) * 8 / 5 {
        return None;
    }
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes().map(|letter| letter.to_ascii_lowercase()) {
        let value = LETTERS.iter().position(|known| *known == letter)?;
        held = (held << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 255).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: Keys = Keys { lookup: [7; 32], seal: [8; 32] };
    const MAIL: Uuid = Uuid::from_u128(0x019a_5b2c_6d00_7b3e_9f10_2a4c_6e8d_0b1f);

    #[test]
    fn a_return_address_leads_back_to_its_mail_in_capitals_too() {
        let address = signed(&KEYS, "bounce@centre.example", MAIL).unwrap();
        let (local, domain) = address.split_once('@').unwrap();
        assert_eq!(domain, "centre.example");
        assert!(local.len() <= 64, "a local part is no longer (RFC 5321): {local}");
        assert_eq!(mail_of(&KEYS, &address), Some(MAIL));
        assert_eq!(mail_of(&KEYS, &format!("<{}>", address.to_uppercase())), Some(MAIL));
    }

    #[test]
    fn a_guessed_or_foreign_address_leads_nowhere() {
        let address = signed(&KEYS, "bounce@centre.example", MAIL).unwrap();
        let other = Keys { lookup: [9; 32], seal: [8; 32] };
        assert_eq!(mail_of(&other, &address), None);
        for at in "bounce+".len().."bounce+".len() + 40 {
            let mut letters: Vec<char> = address.chars().collect();
            letters[at] = if letters[at] == 'a' { 'b' } else { 'a' };
            let changed: String = letters.into_iter().collect();
            assert_eq!(mail_of(&KEYS, &changed), None, "{changed}");
        }
        for none in ["", "@", "bounce@centre.example", "bounce+@centre.example", "a+b@c", "+@"] {
            assert_eq!(mail_of(&KEYS, none), None, "{none}");
        }
    }
}
