//! Typed keys (識別子): UUIDv7 made in the application, so that no engine has to hand them out.
//!
//! Owns no table.

use std::fmt;

use rand::Rng;
use sqlx::{Decode, Encode, Postgres, Sqlite, Type, encode::IsNull, error::BoxDynError};
use uuid::Uuid;

use crate::time::Moment;

/// A fresh UUIDv7 (RFC 9562): 48 bits of milliseconds, then randomness from `rng`.
pub fn fresh(now: Moment, rng: &mut impl Rng) -> Uuid {
    let mut random = [0; 10];
    rng.fill_bytes(&mut random);
    let millis = u64::try_from(now.0 / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// A text that is no key.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no id; an id looks like 019a5b2c-6d00-7b3e-9f10-2a4c6e8d0b1f, and `list` prints it"
)]
pub struct NotAKey(pub String);

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl std::str::FromStr for $name {
            type Err = NotAKey;
            fn from_str(text: &str) -> Result<Self, NotAKey> {
                text.parse().map(Self).map_err(|_| NotAKey(text.to_owned()))
            }
        }
        typed_ids!(@engine $name, Sqlite);
        typed_ids!(@engine $name, Postgres);
    )*};
    (@engine $name:ident, $engine:ident) => {
        impl Type<$engine> for $name {
            fn type_info() -> <$engine as sqlx::Database>::TypeInfo {
                <Vec<u8> as Type<$engine>>::type_info()
            }
            fn compatible(ty: &<$engine as sqlx::Database>::TypeInfo) -> bool {
                <Vec<u8> as Type<$engine>>::compatible(ty)
            }
        }
        impl<'q> Encode<'q, $engine> for $name {
            fn encode_by_ref(
                &self,
                buf: &mut <$engine as sqlx::Database>::ArgumentBuffer,
            ) -> Result<IsNull, BoxDynError> {
                <Vec<u8> as Encode<'q, $engine>>::encode(self.0.as_bytes().to_vec(), buf)
            }
        }
        impl<'r> Decode<'r, $engine> for $name {
            fn decode(
                value: <$engine as sqlx::Database>::ValueRef<'r>,
            ) -> Result<Self, BoxDynError> {
                let bytes = <Vec<u8> as Decode<'r, $engine>>::decode(value)?;
                Ok(Self(Uuid::from_slice(&bytes)?))
            }
        }
    };
}

typed_ids! {
    /// Key of an internet provider (電気通信事業者).
    IspId;
    /// Key of a feed (フィード).
    FeedId;
    /// Key of a feed file (取込回).
    FileId;
    /// Key of a case (案件).
    CaseId;
    /// Key of a notice (注意喚起).
    NoticeId;
    /// Key of a file that a provider handed in (報告受領).
    UploadId;
    /// Key of a reminder (督促).
    ReminderId;
    /// Key of a mail that reminds (督促メール).
    ReminderMailId;
    /// Key of a visit (来訪).
    VisitId;
    /// Key of an account (アカウント).
    AccountId;
    /// Key of a second factor (第二要素).
    FactorId;
    /// Key of an API token (APIトークン).
    TokenId;
    /// Key of a form that is taken once (一度だけの様式).
    FormId;
    /// Key of a way in (取得経路).
    WayId;
    /// Key of what a job is done to (作業の対象).
    SubjectId;
    /// Key of a provider's public key (公開鍵).
    IspKeyId;
    /// Key of a list on its way (送達).
    DeliveryId;
    /// Key of an edition of the address table (アドレス表の版).
    EditionId;
    /// Key of a contact of a provider (連絡先).
    ContactId;
    /// Key of a claim or a proposal of a provider (申告).
    ClaimId;
    /// Key of a campaign (緊急支援キャンペーン).
    CampaignId;
}
