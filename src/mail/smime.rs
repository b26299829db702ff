//! S/MIME (RFC 8551): certificates of providers looked at, lists signed and encrypted.
//!
//! What is encrypted (AES-256, RFC 5652) holds a signed message of its own, as the standard has it.
//! A recipient's key is RSA, or lies on the curve P-256. Whether an authority vouches for a
//! certificate is not asked: it was handed in by its provider, and people compared fingerprints.

mod agreement;

use std::{str::FromStr as _, time::Duration};

use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use cms::{
    builder::{
        ContentEncryptionAlgorithm, EnvelopedDataBuilder, KeyEncryptionInfo,
        KeyTransRecipientInfoBuilder, SignedDataBuilder, SignerInfoBuilder,
    },
    cert::{CertificateChoices, IssuerAndSerialNumber},
    content_info::ContentInfo,
    enveloped_data::RecipientIdentifier,
    signed_data::{EncapsulatedContentInfo, SignerIdentifier},
};
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::{RsaPrivateKey, RsaPublicKey, traits::PublicKeyParts as _};
use sha2::{Digest as _, Sha256};
use x509_cert::{
    Certificate as X509,
    attr::Attribute,
    builder::{Builder as _, CertificateBuilder, Profile},
    der::{
        Any, DateTime, Decode as _, DecodePem as _, Encode as _, EncodePem as _, Tag,
        asn1::{Ia5String, ObjectIdentifier, SetOfVec, UtcTime},
        referenced::OwnedToRef as _,
    },
    ext::pkix::{ExtendedKeyUsage, KeyUsage, SubjectAltName, name::GeneralName},
    name::Name,
    serial_number::SerialNumber,
    spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned},
    time::{Time, Validity},
};

use super::{
    Certificate, KeyRefused, Randomness, Standard,
    certificate::{Key, RSA_BITS_MIN, day},
};
use crate::{access::keys::to_hex, time::Moment};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENVELOPED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.3");
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const FOR_MAIL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4");
const FOR_ANYTHING: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// Signatures over certificates that can be forged.
const OLD: [(&str, &str); 6] = [
    ("1.2.840.113549.1.1.2", "MD2"),
    ("1.2.840.113549.1.1.4", "MD5"),
    ("1.2.840.113549.1.1.5", "SHA-1"),
    ("1.3.14.3.2.29", "SHA-1"),
    ("1.2.840.10045.4.1", "SHA-1"),
    ("1.2.840.10040.4.3", "SHA-1"),
];

/// Years for which a certificate of our own making is valid.
const YEARS: u64 = 3;

/// A certificate and the key that is encrypted to.
#[derive(Clone, Debug)]
pub(super) struct Recipient {
    issuer: IssuerAndSerialNumber,
    key: PublicKey,
}

#[derive(Clone, Debug)]
enum PublicKey {
    Rsa(RsaPublicKey),
    P256(p256::PublicKey),
}

/// Reads PEM that holds one certificate.
pub(super) fn read_pem(file: &[u8], now: Moment) -> Result<Certificate, KeyRefused> {
    let text = String::from_utf8_lossy(file);
    match text.matches("-----BEGIN CERTIFICATE-----").count() {
        1 => {}
        0 => return Err(KeyRefused::NoKey),
        many => return Err(KeyRefused::Several(many)),
    }
    // What an exporter writes around the certificate is no part of it.
    let begin = text.find("-----BEGIN CERTIFICATE-----").unwrap_or(0);
    let certificate = X509::from_pem(text[begin..].trim_end()).map_err(|_| KeyRefused::NoKey)?;
    look_at(&certificate, now)
}

/// Reads one certificate in DER.
pub(super) fn read_der(file: &[u8], now: Moment) -> Result<Certificate, KeyRefused> {
    look_at(&X509::from_der(file).map_err(|_| KeyRefused::NoKey)?, now)
}

fn moment(time: Time) -> Moment {
    let micros = i64::try_from(time.to_unix_duration().as_micros());
    Moment(micros.unwrap_or(i64::MAX))
}

/// Whether a certificate is fit now.
fn look_at(certificate: &X509, now: Moment) -> Result<Certificate, KeyRefused> {
    let body = &certificate.tbs_certificate;
    let (from, to) = (moment(body.validity.not_before), moment(body.validity.not_after));
    if from > now {
        return Err(KeyRefused::NotYet(day(from)));
    }
    if to <= now {
        return Err(KeyRefused::Expired(day(to)));
    }
    let signed_by = certificate.signature_algorithm.oid.to_string();
    if let Some((_, hash)) = OLD.iter().find(|(oid, _)| *oid == signed_by) {
        return Err(KeyRefused::OldHash(hash));
    }
    let (key, algorithm) = public_key(certificate)?;
    may_encrypt(certificate, &key)?;
    let bytes = certificate.to_der().map_err(|_| KeyRefused::NoKey)?;
    let issuer = IssuerAndSerialNumber {
        issuer: body.issuer.clone(),
        serial_number: body.serial_number.clone(),
    };
    Ok(Certificate {
        standard: Standard::Smime,
        fingerprint: to_hex(&Sha256::digest(&bytes)),
        owner: body.subject.to_string(),
        algorithm,
        expires_at: Some(to),
        bytes,
        key: Key::Smime(Box::new(Recipient { issuer, key })),
    })
}

fn public_key(certificate: &X509) -> Result<(PublicKey, String), KeyRefused> {
    let info = &certificate.tbs_certificate.subject_public_key_info;
    let unknown = KeyRefused::NoEncryption("its algorithm is not known here; use RSA or P-256");
    match info.algorithm.oid {
        RSA => {
            let bits = info.subject_public_key.raw_bytes().len() * 8;
            let key = RsaPublicKey::try_from(info.owned_to_ref());
            let key = key.map_err(|_| match bits {
                0..=2000 => KeyRefused::Weak("RSA of odd numbers".to_owned()),
                _ => KeyRefused::NoEncryption("RSA of more than 4096 bits is not read here"),
            })?;
            let bits = key.n().bits();
            if bits < RSA_BITS_MIN {
                let why = format!("RSA of {bits} bits; at least {RSA_BITS_MIN} are needed");
                return Err(KeyRefused::Weak(why));
            }
            Ok((PublicKey::Rsa(key), format!("RSA {bits}")))
        }
        EC => {
            let key = p256::PublicKey::try_from(info.owned_to_ref()).map_err(|_| unknown)?;
            Ok((PublicKey::P256(key), "P-256".to_owned()))
        }
        DSA => Err(KeyRefused::Weak("DSA is not used any more".to_owned())),
        _ => Err(unknown),
    }
}

/// Whether the certificate says that its key encrypts mails.
fn may_encrypt(certificate: &X509, key: &PublicKey) -> Result<(), KeyRefused> {
    let body = &certificate.tbs_certificate;
    let damaged = |_| KeyRefused::Unsigned;
    if let Some((_, usage)) = body.get::<KeyUsage>().map_err(damaged)? {
        let fits = match key {
            PublicKey::Rsa(_) => usage.key_encipherment(),
            PublicKey::P256(_) => usage.key_agreement(),
        };
        if !fits {
            return Err(KeyRefused::NoEncryption("its certificate is for signatures alone"));
        }
    }
    if let Some((_, purposes)) = body.get::<ExtendedKeyUsage>().map_err(damaged)? {
        let is_for_mail = |oid: &ObjectIdentifier| *oid == FOR_MAIL || *oid == FOR_ANYTHING;
        if !purposes.0.iter().any(is_for_mail) {
            return Err(KeyRefused::NoEncryption("its certificate is not for mail"));
        }
    }
    Ok(())
}

/// The centre's key that signs, with its certificate.
pub(super) struct Signer {
    key: SecretKey,
    certificate: X509,
}

enum SecretKey {
    P256(p256::ecdsa::SigningKey),
    Rsa(Box<rsa::pkcs1v15::SigningKey<rsa::sha2::Sha256>>),
}

impl Signer {
    /// Reads a key (RFC 5958) and its certificate, both PEM.
    pub(super) fn read(key: &str, certificate: &str) -> Result<Self, String> {
        let certificate = X509::from_pem(certificate.trim_end());
        let certificate = certificate.map_err(|e| format!("its certificate: {e}"))?;
        let public = &certificate.tbs_certificate.subject_public_key_info;
        let (key, own) = if let Ok(key) = p256::SecretKey::from_pkcs8_pem(key) {
            let own = SubjectPublicKeyInfoOwned::from_key(key.public_key());
            (SecretKey::P256(key.into()), own)
        } else {
            let key = RsaPrivateKey::from_pkcs8_pem(key);
            let key = key.map_err(|_| "it is neither P-256 nor RSA in PKCS #8".to_owned())?;
            let own = SubjectPublicKeyInfoOwned::from_key(key.to_public_key());
            (SecretKey::Rsa(Box::new(rsa::pkcs1v15::SigningKey::new(key))), own)
        };
        if own.ok().as_ref().map(|own| &own.subject_public_key) != Some(&public.subject_public_key)
        {
            return Err("its certificate is that of another key".to_owned());
        }
        Ok(Self { key, certificate })
    }

    pub(super) fn fingerprint(&self) -> anyhow::Result<String> {
        Ok(to_hex(&Sha256::digest(self.certificate.to_der()?)))
    }

    pub(super) fn certificate_pem(&self) -> anyhow::Result<String> {
        Ok(self.certificate.to_pem(LineEnding::LF)?)
    }

    /// A message that holds `content` and the signature over it (RFC 5652, section 5).
    fn sign(&self, content: &[u8], now: Moment) -> anyhow::Result<ContentInfo> {
        let content = EncapsulatedContentInfo {
            econtent_type: DATA,
            econtent: Some(Any::new(Tag::OctetString, content)?),
        };
        let body = &self.certificate.tbs_certificate;
        let who = SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: body.issuer.clone(),
            serial_number: body.serial_number.clone(),
        });
        let digest = AlgorithmIdentifierOwned { oid: SHA_256, parameters: None };
        let time = Attribute {
            oid: SIGNING_TIME,
            values: SetOfVec::try_from(vec![Any::encode_from(&time(now)?)?])?,
        };
        let mut message = SignedDataBuilder::new(&content);
        message
            .add_digest_algorithm(digest.clone())
            .and_then(|it| {
                it.add_certificate(CertificateChoices::Certificate(self.certificate.clone()))
            })
            .map_err(fault)?;
        match &self.key {
            SecretKey::P256(key) => {
                let info = SignerInfoBuilder::new(key, who, digest, &content, None);
                let mut info = info.map_err(fault)?;
                info.add_signed_attribute(time).map_err(fault)?;
                message.add_signer_info::<_, p256::ecdsa::DerSignature>(info).map_err(fault)?;
            }
            SecretKey::Rsa(key) => {
                let info = SignerInfoBuilder::new(&**key, who, digest, &content, None);
                let mut info = info.map_err(fault)?;
                info.add_signed_attribute(time).map_err(fault)?;
                message.add_signer_info::<_, rsa::pkcs1v15::Signature>(info).map_err(fault)?;
            }
        }
        message.build().map_err(fault)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err(fault)`")]
fn fault(fault: cms::builder::Error) -> anyhow::Error {
    anyhow::anyhow!("the message cannot be built: {fault}")
}

fn time(at: Moment) -> anyhow::Result<Time> {
    let seconds = u64::try_from(at.0 / 1_000_000).context("a time before 1970")?;
    let at = DateTime::from_unix_duration(Duration::from_secs(seconds))?;
    Ok(match UtcTime::from_date_time(at) {
        Ok(time) => Time::UtcTime(time),
        Err(_) => Time::GeneralTime(at.into()),
    })
}

/// Signs `content` by the centre's key and encrypts it to the recipient; gives DER.
pub(super) fn seal(
    own: &Signer,
    recipient: &Recipient,
    content: &[u8],
    (now, rng): (Moment, &mut Randomness),
) -> anyhow::Result<Vec<u8>> {
    let signed = own.sign(content, now)?.to_der()?;
    let inner = as_part(&signed);
    let whose = RecipientIdentifier::IssuerAndSerialNumber(recipient.issuer.clone());
    // The builder draws for the recipient and for the content at the same time.
    let mut other = rng.another();
    let mut message =
        EnvelopedDataBuilder::new(None, &inner, ContentEncryptionAlgorithm::Aes256Cbc, None)
            .map_err(fault)?;
    match &recipient.key {
        PublicKey::Rsa(key) => {
            let key = KeyEncryptionInfo::Rsa(key.clone());
            let to = KeyTransRecipientInfoBuilder::new(whose, key, &mut other).map_err(fault)?;
            message.add_recipient_info(to).map_err(fault)?;
        }
        PublicKey::P256(key) => {
            let to = agreement::Agreement::new(recipient.issuer.clone(), *key, &mut other);
            message.add_recipient_info(to).map_err(fault)?;
        }
    }
    let message = message.build_with_rng(rng).map_err(fault)?;
    let message = ContentInfo { content_type: ENVELOPED, content: Any::encode_from(&message)? };
    Ok(message.to_der()?)
}

/// The signed message as a part of MIME, which is what is encrypted.
fn as_part(signed: &[u8]) -> Vec<u8> {
    let mut part = b"Content-Type: application/pkcs7-mime; smime-type=signed-data; \
        name=\"smime.p7m\"\r\nContent-Transfer-Encoding: base64\r\n\
        Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n"
        .to_vec();
    for line in BASE64.encode(signed).as_bytes().chunks(76) {
        part.extend_from_slice(line);
        part.extend_from_slice(b"\r\n");
    }
    part
}

/// A key and a certificate that it vouches for itself, as PEM.
pub(super) fn generate(
    (name, address): (&str, &str),
    (now, rng): (Moment, &mut Randomness),
) -> anyhow::Result<(String, String)> {
    let secret = p256::SecretKey::random(rng);
    let signer = p256::ecdsa::SigningKey::from(&secret);
    let plain: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric() || " .-".contains(*c)).collect();
    let subject = Name::from_str(&format!("CN={}", plain.trim()))?;
    let mut serial = [0; 16];
    rsa::rand_core::RngCore::fill_bytes(rng, &mut serial);
    serial[0] = serial[0] & 0x7f | 0x40;
    let until = Moment(now.0).plus_days(i64::try_from(YEARS * 365)?);
    let mut certificate = CertificateBuilder::new(
        Profile::Leaf {
            issuer: subject.clone(),
            enable_key_agreement: true,
            enable_key_encipherment: false,
        },
        SerialNumber::new(&serial)?,
        Validity { not_before: time(now)?, not_after: time(until)? },
        subject,
        SubjectPublicKeyInfoOwned::from_der(secret.public_key().to_public_key_der()?.as_bytes())?,
        &signer,
    )?;
    certificate.add_extension(&ExtendedKeyUsage(vec![FOR_MAIL]))?;
    let address = GeneralName::Rfc822Name(Ia5String::new(address)?);
    certificate.add_extension(&SubjectAltName(vec![address]))?;
    let certificate = certificate.build::<p256::ecdsa::DerSignature>()?;
    let secret = secret.to_pkcs8_pem(LineEnding::LF)?;
    Ok((secret.to_string(), certificate.to_pem(LineEnding::LF)?))
}
