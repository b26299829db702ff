//! Keys of a provider (事業者の公開鍵): what its mails are encrypted to.
//!
//! A key is taken only where it is fit, and looked at again at every use. The latest that stands is
//! used. None is overwritten: one that is replaced stays, with the date on which it was removed.
//! Owns `isp_keys`.

use sqlx::FromRow;

use super::store::keys as store;
use crate::{
    access::tenancy::Tenant,
    audit::{self, Leaf},
    db::{Tx, retry},
    ids::{IspId, IspKeyId},
    mail::{Certificate, KeyRefused, Standard},
    time::Moment,
};

/// Days before the end of a key at which its provider is warned.
pub const WARN_DAYS: i64 = 30;

/// How a key stands (鍵の状態).
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "鍵の状態")]
pub enum Standing {
    /// Mails are encrypted to it.
    InUse,
    /// They still are; its time is over within [`WARN_DAYS`] days.
    EndsSoon,
    /// It is fit no more: nothing is sent before another one comes.
    Unfit(KeyRefused),
    /// It was removed, or another took its place.
    Removed,
}

impl Standing {
    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::InUse => "in_use",
            Self::EndsSoon => "ends_soon",
            Self::Unfit(_) => "unfit",
            Self::Removed => "removed",
        }
    }
}

/// A public key of a provider (公開鍵).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "公開鍵")]
pub struct IspKey {
    /// Its key in the store.
    pub id: IspKeyId,
    /// By which standard it encrypts.
    #[sqlx(try_from = "String")]
    pub standard: Standard,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Whose it says it is.
    pub owner: String,
    /// With what it encrypts.
    pub algorithm: String,
    /// The key itself.
    pub certificate: Vec<u8>,
    /// When its time is over, as far as it said when it was handed in.
    pub expires_at: Option<Moment>,
    /// When it was handed in.
    pub added_at: Moment,
    /// By whom.
    pub added_by: String,
    /// When it was removed, or another took its place.
    pub removed_at: Option<Moment>,
    /// By whom.
    pub removed_by: Option<String>,
}

impl IspKey {
    /// Looks at it again: whether it is fit now.
    pub fn checked(&self, now: Moment) -> Result<Certificate, KeyRefused> {
        Certificate::read(&self.certificate, now)
    }

    /// How it stands at `now`.
    pub fn standing(&self, now: Moment) -> Standing {
        if self.removed_at.is_some() {
            return Standing::Removed;
        }
        let soon = |end: Moment| end < now.plus_days(WARN_DAYS);
        match self.checked(now) {
            Err(why) => Standing::Unfit(why),
            Ok(fit) if fit.expires_at.is_some_and(soon) => Standing::EndsSoon,
            Ok(_) => Standing::InUse,
        }
    }
}

/// What came of handing a key in (登録結果).
#[derive(Clone, Debug)]
pub struct Added {
    /// The key that stands now.
    pub key: IspKey,
    /// Whether it stood already, byte by byte.
    pub known: bool,
}

/// Looks at a key before it is handed in. A copy that says that the key in use is revoked takes
/// that one out at once: whoever took it back wants nothing encrypted to it any more.
pub async fn look(tenant: &Tenant, file: &[u8]) -> anyhow::Result<Result<Certificate, KeyRefused>> {
    let read = Certificate::read(file, tenant.now());
    if let Err(KeyRefused::Revoked(fingerprint)) = &read {
        remove(tenant, fingerprint).await?;
    }
    Ok(read)
}

/// Takes a key of a provider; one of the same standard that stood before is removed.
pub async fn add(tenant: &Tenant, file: &[u8]) -> anyhow::Result<Result<Added, KeyRefused>> {
    let certificate = match look(tenant, file).await? {
        Ok(certificate) => certificate,
        Err(refused) => return Ok(Err(refused)),
    };
    let key = IspKey {
        id: IspKeyId(tenant.fresh_id()),
        standard: certificate.standard,
        fingerprint: certificate.fingerprint,
        owner: certificate.owner,
        algorithm: certificate.algorithm,
        certificate: certificate.bytes,
        expires_at: certificate.expires_at,
        added_at: tenant.now(),
        added_by: tenant.by().to_owned(),
        removed_at: None,
        removed_by: None,
    };
    let enter = || async {
        let mut tx = tenant.begin().await?;
        let standing = store::standing(&mut tx, tenant.isp(), key.standard).await?;
        if let Some(same) = standing.iter().find(|one| one.certificate == key.certificate) {
            return Ok(Added { key: same.clone(), known: true });
        }
        for old in &standing {
            let gone = (tenant.isp(), old.id);
            store::remove(&mut tx, gone, tenant.now(), tenant.by()).await?;
        }
        store::insert(&mut tx, tenant.isp(), &key).await?;
        note(&mut tx, tenant, "isp_key.add", &key.fingerprint).await?;
        tx.commit().await?;
        Ok(Added { key: key.clone(), known: false })
    };
    Ok(Ok(retry::again(enter).await?))
}

/// All keys of a provider, the latest first. That they were read is kept: they name their owners
/// by mail address.
pub async fn all(tenant: &Tenant) -> anyhow::Result<Vec<IspKey>> {
    let mut tx = tenant.begin().await?;
    let keys = store::all(&mut tx, tenant.isp()).await?;
    note(&mut tx, tenant, "isp_key.read", tenant.code()).await?;
    tx.commit().await?;
    Ok(keys)
}

/// Removes the key whose fingerprint begins so; gives it, or nothing where none or several do.
pub async fn remove(tenant: &Tenant, fingerprint: &str) -> anyhow::Result<Option<IspKey>> {
    let wanted = fingerprint.replace([' ', ':'], "").to_ascii_lowercase();
    let remove = || async {
        let mut tx = tenant.begin().await?;
        let all = store::all(&mut tx, tenant.isp()).await?;
        let mut meant = all.into_iter().filter(|key| {
            key.removed_at.is_none() && wanted.len() >= 8 && key.fingerprint.starts_with(&wanted)
        });
        let (Some(key), None) = (meant.next(), meant.next()) else { return Ok(None) };
        store::remove(&mut tx, (tenant.isp(), key.id), tenant.now(), tenant.by()).await?;
        note(&mut tx, tenant, "isp_key.remove", &key.fingerprint).await?;
        tx.commit().await?;
        Ok(Some(key))
    };
    Ok(retry::again(remove).await?)
}

/// The key of that standard that is in force; nothing where none stands.
pub(crate) async fn in_force(
    tx: &mut Tx,
    isp: IspId,
    standard: Standard,
) -> crate::db::Result<Option<IspKey>> {
    Ok(store::standing(tx, isp, standard).await?.into_iter().next())
}

async fn note(tx: &mut Tx, tenant: &Tenant, act: &str, on: &str) -> crate::db::Result<()> {
    let isp = Some(tenant.code());
    audit::note(tx, Leaf { at: tenant.now(), by: tenant.by(), act, on, isp, detail: None }).await
}
