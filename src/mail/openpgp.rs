//! OpenPGP (RFC 9580): keys of providers looked at, lists signed and encrypted.
//!
//! A key is fit where its own signatures hold, by a hash that nobody forges, and one part of it
//! encrypts now. A mail is signed inside of what is encrypted, so that who reads over the shoulder
//! of the mail does not even see who vouches for it.

use std::io::Cursor;

use anyhow::Context as _;
use pgp::{
    composed::{
        ArmorOptions, EncryptionCaps, KeyType, MessageBuilder, PublicOrSecret,
        SecretKeyParamsBuilder, SignedPublicKey, SignedSecretKey, SubkeyParamsBuilder,
        SubpacketConfig,
    },
    crypto::{ecc_curve::ECCCurve, hash::HashAlgorithm, sym::SymmetricKeyAlgorithm},
    packet::{Signature, SignatureType, Subpacket, SubpacketData},
    ser::Serialize as _,
    types::{CompressionAlgorithm, KeyDetails as _, Password, PublicParams, Tag, Timestamp},
};
use rsa::traits::PublicKeyParts as _;

use super::{
    Certificate, KeyRefused, Randomness, Standard,
    certificate::{Key, RSA_BITS_MIN, day},
};
use crate::time::Moment;

/// A key and which of its parts encrypts.
#[derive(Clone, Debug)]
pub(super) struct Recipient {
    key: SignedPublicKey,
    part: Part,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    Primary,
    Subkey(usize),
}

fn moment(seconds: u64) -> Moment {
    Moment(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000))
}

fn timestamp(at: Moment) -> Timestamp {
    Timestamp::from_secs(u32::try_from(at.0 / 1_000_000).unwrap_or(0))
}

/// Reads a file with one OpenPGP key, armoured or not.
pub(super) fn read(file: &[u8], now: Moment) -> Result<Certificate, KeyRefused> {
    let (keys, _) = PublicOrSecret::from_reader_many(Cursor::new(file.to_vec()))
        .map_err(|_| KeyRefused::NoKey)?;
    let keys: Vec<PublicOrSecret> =
        keys.collect::<Result<_, _>>().map_err(|_| KeyRefused::NoKey)?;
    if keys.iter().any(PublicOrSecret::is_secret) {
        return Err(KeyRefused::Secret);
    }
    let keys = keys.into_iter().map(SignedPublicKey::try_from);
    let mut keys: Vec<SignedPublicKey> =
        keys.collect::<Result<_, _>>().map_err(|_| KeyRefused::NoKey)?;
    match (keys.pop(), keys.len()) {
        (None, _) => Err(KeyRefused::NoKey),
        (Some(key), 0) => look_at(key, now),
        (Some(_), others) => Err(KeyRefused::Several(others + 1)),
    }
}

fn revoked_by(key: &SignedPublicKey) -> KeyRefused {
    KeyRefused::Revoked(key.fingerprint().to_string())
}

/// Whether `key` is fit now, and which part of it encrypts.
fn look_at(key: SignedPublicKey, now: Moment) -> Result<Certificate, KeyRefused> {
    if !key.details.revocation_signatures.is_empty() {
        return Err(revoked_by(&key));
    }
    let primary = &key.primary_key;
    strong(primary.public_params())?;
    let (own, owner) = own_signature(&key)?;
    let mut until = validity(primary.created_at(), own, now)?;
    let part = encrypting(&key, own, now)?;
    let (params, created, bound) = match part {
        Part::Primary => (primary.public_params(), primary.created_at(), own),
        Part::Subkey(at) => {
            let sub = &key.public_subkeys[at];
            let bound = latest(sub.signatures.iter()).ok_or(KeyRefused::Unsigned)?;
            (sub.key.public_params(), sub.key.created_at(), bound)
        }
    };
    let part_until = validity(created, bound, now)?;
    until = match (until, part_until) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    let algorithm = named(params);
    let bytes = key.to_bytes().map_err(|_| KeyRefused::NoKey)?;
    Ok(Certificate {
        standard: Standard::OpenPgp,
        fingerprint: primary.fingerprint().to_string().to_ascii_lowercase(),
        owner,
        algorithm,
        expires_at: until,
        bytes,
        key: Key::OpenPgp(Box::new(Recipient { key, part })),
    })
}

/// The latest signature of a key over itself that holds, and whom it names.
fn own_signature(key: &SignedPublicKey) -> Result<(&Signature, String), KeyRefused> {
    let primary = &key.primary_key;
    let is_own = |signature: &Signature| {
        signature.issuer_key_id().contains(&&primary.legacy_key_id())
            || signature.issuer_fingerprint().contains(&&primary.fingerprint())
    };
    let mut held: Vec<(&Signature, String)> = Vec::new();
    for user in &key.details.users {
        let holding = user.signatures.iter().filter(|one| {
            is_own(one) && one.verify_certification(primary, Tag::UserId, &user.id).is_ok()
        });
        let holding: Vec<&Signature> = holding.collect();
        if holding.iter().any(|one| one.typ() == Some(SignatureType::CertRevocation)) {
            continue;
        }
        let name = String::from_utf8_lossy(user.id.id()).into_owned();
        held.extend(holding.into_iter().map(|one| (one, name.clone())));
    }
    let direct = key.details.direct_signatures.iter();
    let owner = held.first().map_or_else(String::new, |(_, name)| name.clone());
    let direct = direct.filter(|one| one.verify_key(primary).is_ok());
    held.extend(direct.map(|one| (one, owner.clone())));
    if held.is_empty() {
        return Err(KeyRefused::Unsigned);
    }
    held.retain(|(one, _)| old_hash(one).is_none());
    held.into_iter()
        .max_by_key(|(one, _)| one.created().map(Timestamp::as_secs))
        .ok_or(KeyRefused::OldHash("SHA-1"))
}

fn latest<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<&'a Signature> {
    signatures.max_by_key(|one| one.created().map(Timestamp::as_secs))
}

fn old_hash(signature: &Signature) -> Option<&'static str> {
    match signature.hash_alg()? {
        HashAlgorithm::Md5 => Some("MD5"),
        HashAlgorithm::Sha1 => Some("SHA-1"),
        HashAlgorithm::Ripemd160 => Some("RIPEMD-160"),
        _ => None,
    }
}

/// Until when a part is valid, which must be now.
fn validity(
    created: Timestamp,
    own: &Signature,
    now: Moment,
) -> Result<Option<Moment>, KeyRefused> {
    let from = moment(created.as_secs().into());
    if from > now {
        return Err(KeyRefused::NotYet(day(from)));
    }
    let key_ends = own.key_expiration_time().map(|span| (created, span));
    let word_ends = own.signature_expiration_time().zip(own.created());
    let word_ends = word_ends.map(|(span, at)| (at, span));
    let mut until = None;
    for (at, span) in [key_ends, word_ends].into_iter().flatten().filter(|(_, s)| s.as_secs() > 0) {
        let end = moment(u64::from(at.as_secs()) + u64::from(span.as_secs()));
        if end <= now {
            return Err(KeyRefused::Expired(day(end)));
        }
        until = Some(until.map_or(end, |known: Moment| known.min(end)));
    }
    Ok(until)
}

/// The part that encrypts now: the youngest subkey that is fit, else the primary key if it may.
fn encrypting(key: &SignedPublicKey, own: &Signature, now: Moment) -> Result<Part, KeyRefused> {
    let mut fit: Option<(u32, usize)> = None;
    let mut why = None;
    for (at, sub) in key.public_subkeys.iter().enumerate() {
        match subkey(key, at, now) {
            Ok(true) => fit = fit.max(Some((sub.key.created_at().as_secs(), at))),
            Ok(false) => {}
            Err(refused) => why = Some(refused),
        }
    }
    if let Some((_, at)) = fit {
        return Ok(Part::Subkey(at));
    }
    let flags = own.key_flags();
    let may = flags.encrypt_comms() || flags.encrypt_storage();
    if may && key.primary_key.algorithm().can_encrypt() {
        return Ok(Part::Primary);
    }
    Err(why.unwrap_or(KeyRefused::NoEncryption("it has no subkey for encryption")))
}

/// Whether a subkey encrypts; refused where it did, or would, if it were fit.
fn subkey(key: &SignedPublicKey, at: usize, now: Moment) -> Result<bool, KeyRefused> {
    let sub = &key.public_subkeys[at];
    let holding = sub.signatures.iter();
    let holding =
        holding.filter(|one| one.verify_subkey_binding(&key.primary_key, &sub.key).is_ok());
    let holding: Vec<&Signature> = holding.collect();
    let revoked =
        sub.signatures.iter().any(|one| one.typ() == Some(SignatureType::SubkeyRevocation));
    let bound = latest(holding.into_iter()).ok_or(KeyRefused::Unsigned)?;
    let flags = bound.key_flags();
    if revoked {
        return Err(revoked_by(key));
    }
    if !(flags.encrypt_comms() || flags.encrypt_storage()) {
        return Ok(false);
    }
    if let Some(hash) = old_hash(bound) {
        return Err(KeyRefused::OldHash(hash));
    }
    strong(sub.key.public_params())?;
    validity(sub.key.created_at(), bound, now)?;
    Ok(true)
}

/// Refuses what can be broken.
fn strong(params: &PublicParams) -> Result<(), KeyRefused> {
    match params {
        PublicParams::RSA(rsa) if rsa.key.n().bits() < RSA_BITS_MIN => Err(KeyRefused::Weak(
            format!("RSA of {} bits; at least {RSA_BITS_MIN} are needed", rsa.key.n().bits()),
        )),
        PublicParams::DSA(_) => Err(KeyRefused::Weak("DSA is not used any more".to_owned())),
        PublicParams::Elgamal(_) => {
            Err(KeyRefused::Weak("ElGamal is not used any more".to_owned()))
        }
        PublicParams::Unknown { .. } => {
            Err(KeyRefused::NoEncryption("its algorithm is not known here"))
        }
        _ => Ok(()),
    }
}

fn named(params: &PublicParams) -> String {
    match params {
        PublicParams::RSA(rsa) => format!("RSA {}", rsa.key.n().bits()),
        PublicParams::ECDH(_) => "ECDH".to_owned(),
        PublicParams::X25519(_) => "X25519".to_owned(),
        PublicParams::X448(_) => "X448".to_owned(),
        _ => "other".to_owned(),
    }
}

/// Signs `content` by the centre's key, compresses it, encrypts it to the recipient, and puts it
/// into armour.
pub(super) fn seal(
    own: &SignedSecretKey,
    recipient: &Recipient,
    content: Vec<u8>,
    (now, rng): (Moment, &mut Randomness),
) -> anyhow::Result<String> {
    let key = &own.primary_key;
    let created = SubpacketData::SignatureCreationTime(timestamp(now));
    let subpackets = SubpacketConfig::UserDefined {
        hashed: vec![
            Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint()))?,
            Subpacket::regular(created)?,
        ],
        unhashed: vec![Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id()))?],
    };
    let message = MessageBuilder::from_bytes("", content);
    let mut message = message.seipd_v1(&mut *rng, SymmetricKeyAlgorithm::AES256);
    message.compression(CompressionAlgorithm::ZLIB);
    message.sign_with_subpackets(key, Password::empty(), HashAlgorithm::Sha256, subpackets);
    match recipient.part {
        Part::Primary => message.encrypt_to_key(&mut *rng, &recipient.key.primary_key)?,
        Part::Subkey(at) => message.encrypt_to_key(&mut *rng, &recipient.key.public_subkeys[at])?,
    };
    Ok(message.to_armored_string(rng, ArmorOptions::default())?)
}

/// A key pair for the centre, which signs, and to which providers may answer encrypted.
pub(super) fn generate(
    name: &str,
    (now, mut rng): (Moment, &mut Randomness),
) -> anyhow::Result<SignedSecretKey> {
    let mut answers = SubkeyParamsBuilder::default();
    answers
        .key_type(KeyType::ECDH(ECCCurve::Curve25519Legacy))
        .can_encrypt(EncryptionCaps::All)
        .created_at(timestamp(now));
    let mut params = SecretKeyParamsBuilder::default();
    // The older of two ways to write the same curve, which every GnuPG reads.
    params
        .key_type(KeyType::Ed25519Legacy)
        .can_certify(true)
        .can_sign(true)
        .created_at(timestamp(now))
        .preferred_symmetric_algorithms([SymmetricKeyAlgorithm::AES256].into_iter().collect())
        .preferred_hash_algorithms([HashAlgorithm::Sha256].into_iter().collect())
        .preferred_compression_algorithms([CompressionAlgorithm::ZLIB].into_iter().collect())
        .primary_user_id(name.to_owned())
        .subkey(answers.build().context("the subkey")?);
    Ok(params.build().context("the key")?.generate(&mut rng)?)
}
