//! Second factors (第二要素): passkeys, codes of an app (TOTP, RFC 6238), recovery codes.
//!
//! A code is good once: its step must be later than any used before. Recovery codes are ten, each
//! good once, made anew together. Secrets of apps are sealed; the store keeps recovery codes as
//! keyed hashes. Whoever needs a passkey has neither app nor recovery codes, and is asked for two
//! passkeys instead. A change ends all other sessions of the account.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use sqlx::FromRow;
use totp_rs::{Builder, Secret};
use unicode_normalization::UnicodeNormalization as _;

use super::{
    accounts::{self, Account},
    outside_ids,
    passwords::{self, Busy, PasswordRefused},
    roles::Role,
    seal::{self, Place},
    sessions::{self, Session},
    store::{self, accounts::Fact},
};
use crate::{
    app::App,
    db::retry,
    ids::{AccountId, FactorId},
    time::Moment,
};

/// How many recovery codes an account has.
pub const CODES: usize = 10;

/// The kinds of factors that are added one by one (要素の種類).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A passkey (WebAuthn).
    Passkey,
    /// An app that shows a code.
    Totp,
}

impl Kind {
    /// The word in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::Totp => "totp",
        }
    }
}

impl TryFrom<String> for Kind {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        match word.as_str() {
            "passkey" => Ok(Self::Passkey),
            "totp" => Ok(Self::Totp),
            _ => Err(word),
        }
    }
}

/// What was shown as the second factor (示した要素).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "示した要素")]
pub enum Shown {
    /// A factor that was added.
    Factor(Kind),
    /// A recovery code.
    RecoveryCode,
}

impl Shown {
    /// The word in the audit log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Factor(kind) => kind.word(),
            Self::RecoveryCode => "recovery-code",
        }
    }
}

/// A second factor (第二要素).
#[derive(Clone, FromRow)]
#[doc(alias = "第二要素")]
pub struct Factor {
    /// Its key.
    pub id: FactorId,
    /// What it is.
    #[sqlx(try_from = "String")]
    pub kind: Kind,
    /// What its owner calls it.
    pub label: String,
    /// Its secret or public key, sealed for its place.
    pub(super) sealed: Vec<u8>,
    /// Since when.
    pub added_at: Moment,
    /// When it was used last.
    pub used_at: Option<Moment>,
    /// The step of the last code that was used.
    pub(super) last_step: Option<i64>,
}

impl std::fmt::Debug for Factor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Factor").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Factor {
    /// A factor about to be added.
    pub(super) fn fresh(app: &App, account: AccountId, what: (Kind, &str, &[u8])) -> Self {
        let (kind, label, secret) = what;
        let id = FactorId(app.fresh_id());
        let sealed = seal::seal(app, place(&row(account, id)), secret);
        let label = label.trim().chars().take(40).collect();
        Self { id, kind, label, sealed, added_at: app.now(), used_at: None, last_step: None }
    }

    /// What is sealed in it.
    pub(super) fn open(&self, app: &App, account: AccountId) -> Option<Vec<u8>> {
        seal::open(app, place(&row(account, self.id)), &self.sealed)
    }

    /// Something else sealed for its place.
    pub(super) fn sealed_anew(&self, app: &App, account: AccountId, what: &[u8]) -> Vec<u8> {
        seal::seal(app, place(&row(account, self.id)), what)
    }
}

fn row(account: AccountId, factor: FactorId) -> Vec<u8> {
    [account.0.as_bytes().as_slice(), factor.0.as_bytes()].concat()
}

fn place(row: &[u8]) -> Place<'_> {
    Place { table: "account_factors", column: "sealed", row }
}

/// The factors of an account, oldest first.
pub async fn of(app: &App, account: &Account) -> crate::db::Result<Vec<Factor>> {
    store::factors::standing(&app.db, account.id).await
}

/// How many recovery codes an account has left.
pub async fn codes_left(app: &App, account: &Account) -> crate::db::Result<i64> {
    store::factors::codes_left(&app.db, account.id).await
}

/// Whether an account has a password.
pub async fn has_password(app: &App, account: &Account) -> crate::db::Result<bool> {
    Ok(store::factors::password(&app.db, account.id).await?.is_some())
}

/// Whether an account has anything by which it is entered first: a password, or an outside
/// identity.
pub async fn has_first(app: &App, account: &Account) -> crate::db::Result<bool> {
    Ok(has_password(app, account).await? || outside_ids::opens(app, account).await?)
}

/// Whether an account may be lost with one device: its role needs a passkey, and it has only one.
pub async fn lacks_a_spare(app: &App, account: &Account) -> crate::db::Result<bool> {
    if !account.role.needs_passkey() {
        return Ok(false);
    }
    let standing = of(app, account).await?;
    Ok(standing.iter().filter(|factor| factor.kind == Kind::Passkey).count() < 2)
}

/// Whether `password` is the account's; where there is no account, it is nobody's, as slowly.
pub async fn is_password(
    app: &App,
    account: Option<&Account>,
    password: &str,
) -> anyhow::Result<Result<bool, Busy>> {
    let hash = match account {
        Some(account) => store::factors::password(&app.db, account.id).await?,
        None => None,
    };
    passwords::verify(app, password, hash.as_deref()).await
}

/// Sets the password of an account; whoever is in by the old one is out, but for the session `own`.
pub async fn set_password(
    app: &App,
    (account, own): (&Account, Option<&Session>),
    password: &str,
) -> anyhow::Result<Result<(), PasswordRefused>> {
    if let Err(refused) = passwords::check(password, &account.name) {
        return Ok(Err(refused));
    }
    let hash = match passwords::hash(app, password).await? {
        Ok(hash) => hash,
        Err(busy) => return Ok(Err(busy.into())),
    };
    let now = app.now();
    let set = async || {
        let mut tx = app.db.begin().await?;
        store::factors::set_password(&mut tx, account.id, &hash, now).await?;
        sessions::end_others(&mut tx, account, own, now).await?;
        accounts::told(&mut tx, account, Fact::PasswordSet, (&account.name, now)).await?;
        tx.commit().await
    };
    retry::again(set).await?;
    Ok(Ok(()))
}

/// Adds a factor.
pub(super) async fn add(app: &App, account: &Account, factor: &Factor) -> anyhow::Result<()> {
    let now = app.now();
    let add = async || {
        let mut tx = app.db.begin().await?;
        store::factors::insert(&mut tx, account.id, factor).await?;
        accounts::told(&mut tx, account, Fact::FactorAdded, (&account.name, now)).await?;
        tx.commit().await
    };
    Ok(retry::again(add).await?)
}

/// Why a factor is not taken away or not added (要素の拒否).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactorRefused {
    /// The last one of a kind that the role needs.
    #[error("this is the last factor that this account can be entered by; add another one first")]
    Last,
    /// An administrator has passkeys alone.
    #[error("an administrator needs a passkey")]
    PasskeyOnly,
    /// The code or answer is wrong, or was used.
    #[error("the code is wrong or was used already")]
    Wrong,
    /// Nothing waits for an answer.
    #[error("begin again: nothing was asked, or too long ago")]
    NotAsked,
}

/// Whether `role` may use factors of that kind.
pub fn suits(role: Role, kind: Kind) -> bool {
    kind == Kind::Passkey || !role.needs_passkey()
}

/// Whether `role` may have recovery codes.
pub fn has_codes(role: Role) -> bool {
    !role.needs_passkey()
}

/// Takes a factor away from the account of a session; its other sessions end.
pub async fn remove(
    app: &App,
    own: &Session,
    id: FactorId,
) -> anyhow::Result<Result<(), FactorRefused>> {
    let account = &own.account;
    let standing = of(app, account).await?;
    let others = standing.iter().filter(|factor| factor.id != id);
    if others.filter(|factor| suits(account.role, factor.kind)).count() == 0 {
        return Ok(Err(FactorRefused::Last));
    }
    let now = app.now();
    let remove = async || {
        let mut tx = app.db.begin().await?;
        if store::factors::remove(&mut tx, account.id, id, now).await? {
            sessions::end_others(&mut tx, account, Some(own), now).await?;
            accounts::told(&mut tx, account, Fact::FactorRemoved, (&account.name, now)).await?;
        }
        tx.commit().await
    };
    retry::again(remove).await?;
    Ok(Ok(()))
}

/// An app about to be added (認証アプリの登録): what it is shown.
#[derive(Clone)]
pub struct Offer {
    /// The secret in Base32, in groups of four.
    pub secret: String,
    /// The address that an app reads from a QR code.
    pub uri: String,
}

impl std::fmt::Debug for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Offer")
    }
}

/// What was offered to a person who adds a factor, which one page does in both kinds (登録の問い).
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Offered {
    /// The question to a device.
    pub(super) passkey: serde_json::Value,
    /// The secret for an app, where the role may use one.
    pub(super) totp: Option<Vec<u8>>,
}

impl Offered {
    /// Remembers it until one of both is added.
    pub(super) async fn keep(&self, app: &App, session: &Session) -> anyhow::Result<()> {
        session.remember(app, Some(&serde_json::to_vec(self)?)).await
    }

    /// What was offered last in this session.
    pub(super) fn last(app: &App, session: &Session) -> Self {
        let kept = session.recall(app);
        kept.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }
}

/// A secret for an app, and as the app is shown it: the one that was offered last in this session,
/// since the app has kept it by now although its first code was wrong.
pub(super) fn offer_totp(app: &App, session: &Session) -> (Vec<u8>, Offer) {
    let secret = Offered::last(app, session).totp.unwrap_or_else(|| {
        let mut secret = vec![0; 20];
        app.random(|rng| rand::Rng::fill_bytes(rng, &mut secret));
        secret
    });
    let text = Secret::from(secret.clone()).to_base32();
    let (issuer, name) = (&app.centre.domain, &session.account.name);
    let uri = format!("otpauth://totp/{issuer}:{name}?secret={text}&issuer={issuer}");
    let groups: Vec<&str> = (0..text.len()).step_by(4).map(|at| &text[at..at + 4]).collect();
    (secret, Offer { secret: groups.join(" "), uri })
}

/// Adds the app that was offered, once it has shown a code that fits.
pub async fn accept_totp(
    app: &App,
    session: &Session,
    (label, code): (&str, &str),
) -> anyhow::Result<Result<(), FactorRefused>> {
    if !suits(session.account.role, Kind::Totp) {
        return Ok(Err(FactorRefused::PasskeyOnly));
    }
    let Some(secret) = Offered::last(app, session).totp else {
        return Ok(Err(FactorRefused::NotAsked));
    };
    let Some(step) = step_of(&secret, code, app.now())? else {
        return Ok(Err(FactorRefused::Wrong));
    };
    let what = (Kind::Totp, label, &secret[..]);
    let factor = Factor { last_step: Some(step), ..Factor::fresh(app, session.account.id, what) };
    add(app, &session.account, &factor).await?;
    session.remember(app, None).await?;
    Ok(Ok(()))
}

/// The step of a code that fits the secret now, one step of thirty seconds early or late.
fn step_of(secret: &[u8], code: &str, now: Moment) -> anyhow::Result<Option<i64>> {
    let digits: String = code.nfkc().filter(char::is_ascii_digit).collect();
    let totp = Builder::new().with_secret(secret.to_vec()).build()?;
    let seconds = u64::try_from(now.0 / 1_000_000).unwrap_or(0);
    Ok(totp.check(&digits, seconds).map(u64::cast_signed))
}

/// What of the account's a code is, of an app or for recovery, if it is one; it is used up by this.
/// Whatever stood before the role needed a passkey opens nothing.
pub async fn use_code(app: &App, account: &Account, code: &str) -> anyhow::Result<Option<Shown>> {
    let now = app.now();
    for factor in of(app, account).await? {
        if factor.kind != Kind::Totp || !suits(account.role, factor.kind) {
            continue;
        }
        let Some(secret) = factor.open(app, account.id) else { continue };
        let Some(step) = step_of(&secret, code, now)? else { continue };
        let used = async || {
            let mut tx = app.db.begin().await?;
            let step = (step, now);
            let used = store::factors::use_step(&mut tx, account.id, factor.id, step).await?;
            tx.commit().await?;
            Ok(used)
        };
        if retry::again(used).await? {
            return Ok(Some(Shown::Factor(Kind::Totp)));
        }
    }
    if !has_codes(account.role) {
        return Ok(None);
    }
    let tag = code_tag(app, account, code);
    let used = async || {
        let mut tx = app.db.begin().await?;
        let used = store::factors::use_code(&mut tx, account.id, &tag, now).await?;
        tx.commit().await?;
        Ok(used)
    };
    Ok(retry::again(used).await?.then_some(Shown::RecoveryCode))
}

/// Makes ten fresh recovery codes; the old ones open nothing any more, and other sessions than
/// `own` end. They are shown this once.
pub async fn make_codes(
    app: &App,
    (account, own): (&Account, Option<&Session>),
) -> anyhow::Result<Result<Vec<String>, FactorRefused>> {
    if !has_codes(account.role) {
        return Ok(Err(FactorRefused::PasskeyOnly));
    }
    let codes: Vec<String> = (0..CODES)
        .map(|_| {
            let mut random = [0; 10];
            app.random(|rng| rand::Rng::fill_bytes(rng, &mut random));
            let text = Secret::from(random.to_vec()).to_base32().to_lowercase();
            format!("{}-{}-{}", &text[..4], &text[4..8], &text[8..12])
        })
        .collect();
    let tags: Vec<_> = codes.iter().map(|code| code_tag(app, account, code)).collect();
    let now = app.now();
    let make = async || {
        let mut tx = app.db.begin().await?;
        store::factors::set_codes(&mut tx, account.id, &tags, now).await?;
        sessions::end_others(&mut tx, account, own, now).await?;
        accounts::told(&mut tx, account, Fact::CodesMade, (&account.name, now)).await?;
        tx.commit().await
    };
    retry::again(make).await?;
    Ok(Ok(codes))
}

fn code_tag(app: &App, account: &Account, code: &str) -> [u8; 32] {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&app.keys.lookup).expect("HMAC takes keys of any length");
    mac.update(b"recovery code");
    mac.update(account.id.0.as_bytes());
    mac.update(plain.to_lowercase().as_bytes());
    mac.finalize().into_bytes().into()
}
