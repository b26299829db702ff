//! Key agreement (鍵共有) for recipients on the curve P-256 (RFC 5753).
//!
//! A key made for this one mail and the recipient's key give a secret that both can work out; by
//! it the key of the mail is wrapped. The library builds everything around it, but not this.

use cms::{
    builder::{Error, RecipientInfoBuilder, RecipientInfoType},
    cert::IssuerAndSerialNumber,
    content_info::CmsVersion,
    enveloped_data::{
        KeyAgreeRecipientIdentifier, KeyAgreeRecipientInfo, OriginatorIdentifierOrKey,
        OriginatorPublicKey, RecipientEncryptedKey, RecipientInfo,
    },
};
use p256::{ecdh::EphemeralSecret, elliptic_curve::sec1::ToEncodedPoint as _};
use rsa::sha2::{Digest as _, Sha256};
use x509_cert::{
    der::{
        Any,
        asn1::{BitString, ObjectIdentifier, OctetString},
    },
    spki::AlgorithmIdentifierOwned,
};

use super::EC;
use crate::mail::Randomness;

/// dhSinglePass-stdDH-sha256kdf-scheme
const AGREEMENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.1.11.1");
/// id-aes256-wrap
const WRAP: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.45");
/// ECC-CMS-SharedInfo (RFC 5753, section 7.2) in DER: the algorithm of [`WRAP`] without parameters,
/// and as [2] the 256 bits of the wrapping key.
const SHARED_INFO: [u8; 23] = [
    0x30, 0x15, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2d, 0xa2,
    0x06, 0x04, 0x04, 0x00, 0x00, 0x01, 0x00,
];

/// Says to the library how the key of a mail gets to its recipient.
pub(super) struct Agreement<'a> {
    whose: IssuerAndSerialNumber,
    key: p256::PublicKey,
    rng: &'a mut Randomness,
}

impl<'a> Agreement<'a> {
    pub(super) fn new(
        whose: IssuerAndSerialNumber,
        key: p256::PublicKey,
        rng: &'a mut Randomness,
    ) -> Self {
        Self { whose, key, rng }
    }
}

impl RecipientInfoBuilder for Agreement<'_> {
    fn recipient_info_type(&self) -> RecipientInfoType {
        RecipientInfoType::Kari
    }

    fn recipient_info_version(&self) -> CmsVersion {
        CmsVersion::V3
    }

    fn build(&mut self, content_key: &[u8]) -> Result<RecipientInfo, Error> {
        let once = EphemeralSecret::random(self.rng);
        let shared = once.diffie_hellman(&self.key);
        let wrap = AlgorithmIdentifierOwned { oid: WRAP, parameters: None };
        // The key derivation of ANSI X9.63, of which one block is enough.
        let mut hash = Sha256::new();
        hash.update(shared.raw_secret_bytes());
        hash.update(1_u32.to_be_bytes());
        hash.update(SHARED_INFO);
        let wrapping: [u8; 32] = hash.finalize().into();
        let wrapped = aes_kw::KekAes256::from(wrapping).wrap_vec(content_key);
        let wrapped = wrapped.map_err(|e| Error::Builder(e.to_string()))?;
        let point = once.public_key().to_encoded_point(false);
        let originator = OriginatorPublicKey {
            algorithm: AlgorithmIdentifierOwned { oid: EC, parameters: None },
            public_key: BitString::from_bytes(point.as_bytes())?,
        };
        Ok(RecipientInfo::Kari(KeyAgreeRecipientInfo {
            version: CmsVersion::V3,
            originator: OriginatorIdentifierOrKey::OriginatorKey(originator),
            ukm: None,
            key_enc_alg: AlgorithmIdentifierOwned {
                oid: AGREEMENT,
                parameters: Some(Any::encode_from(&wrap)?),
            },
            recipient_enc_keys: vec![RecipientEncryptedKey {
                rid: KeyAgreeRecipientIdentifier::IssuerAndSerialNumber(self.whose.clone()),
                enc_key: OctetString::new(wrapped)?,
            }],
        }))
    }
}
