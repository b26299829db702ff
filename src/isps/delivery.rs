//! Delivery preferences (受け取り方): by which way, in which form and when a provider gets its lists.
//!
//! A provider that says nothing fetches them from the portal. Each preference is a dated fact; the
//! latest is in force. Whatever is entered to be sent keeps the way that was in force then. To
//! where lists go is sealed, as is the secret of a webhook. Owns `isp_deliveries`.

pub(super) mod sealing;

use std::str::FromStr;

use anyhow::Context as _;
use sqlx::FromRow;

use super::store::delivery as store;
use crate::{
    access::{
        keys::to_hex,
        seal::{self, Place},
        sent_forms,
        tenancy::Tenant,
    },
    app::App,
    audit::{self, Leaf},
    db::{Tx, retry},
    ids::{FormId, IspId},
    jobs::schedule::Schedule,
    mail::{KeyRefused, Standard},
    net::{
        dial::{Dialling, NotDialled},
        outgoing,
    },
    time::Moment,
};

/// By which way lists reach a provider (受け取り経路).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "受け取り経路")]
pub enum Way {
    /// It fetches them.
    Portal,
    /// By mail, encrypted with OpenPGP.
    MailOpenPgp,
    /// By mail, encrypted with S/MIME.
    MailSmime,
    /// Posted to an address of its own.
    Webhook,
}

impl Way {
    /// All ways.
    pub const ALL: [Self; 4] = [Self::Portal, Self::MailOpenPgp, Self::MailSmime, Self::Webhook];

    /// The word in the store and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Portal => "portal",
            Self::MailOpenPgp => "mail-openpgp",
            Self::MailSmime => "mail-smime",
            Self::Webhook => "webhook",
        }
    }

    /// By which standard it encrypts, if it does.
    pub fn standard(self) -> Option<Standard> {
        match self {
            Self::MailOpenPgp => Some(Standard::OpenPgp),
            Self::MailSmime => Some(Standard::Smime),
            Self::Portal | Self::Webhook => None,
        }
    }
}

/// A word that names no way.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is none of portal, mail-openpgp, mail-smime, webhook")]
pub struct NotAWay(String);

impl FromStr for Way {
    type Err = NotAWay;

    fn from_str(word: &str) -> Result<Self, NotAWay> {
        let known = Self::ALL.into_iter().find(|way| way.word() == word);
        known.ok_or_else(|| NotAWay(word.to_owned()))
    }
}

impl TryFrom<String> for Way {
    type Error = NotAWay;

    fn try_from(word: String) -> Result<Self, NotAWay> {
        word.parse()
    }
}

/// What a provider prefers (受け取り方).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "受け取り方")]
pub struct Preference {
    /// Its number; each is greater than those before.
    pub no: i64,
    /// The way.
    #[sqlx(try_from = "String")]
    pub way: Way,
    /// In which form lists are written.
    pub form: String,
    /// When lists leave; nothing = as soon as they are prepared.
    pub schedule: Option<String>,
    /// The mail address, or the address of the webhook.
    pub target: Option<String>,
    /// The same as it rests in the store.
    sealed_target: Option<Vec<u8>>,
    /// How the webhook is reached, as JSON.
    pub dialling: String,
    /// What proves to the webhook that it is the centre that speaks, sealed.
    pub secret: Option<Vec<u8>>,
    /// Since when.
    pub set_at: Moment,
    /// Who said so.
    pub set_by: String,
}

impl Preference {
    /// When a list that is prepared at `at` leaves.
    pub fn due(&self, at: Moment) -> Moment {
        let schedule = self.schedule.as_ref().and_then(|text| text.parse::<Schedule>().ok());
        schedule.and_then(|schedule| schedule.next(at)).unwrap_or(at)
    }

    /// How the webhook is reached.
    pub(crate) fn dialling(&self) -> Dialling {
        serde_json::from_str(&self.dialling).unwrap_or_default()
    }

    /// The secret of the webhook.
    pub(crate) fn secret(&self, app: &App, isp: IspId) -> anyhow::Result<Option<String>> {
        let Some(sealed) = &self.secret else { return Ok(None) };
        let opened = seal::open(app, place(SECRET, &row(isp, self.no)), sealed);
        let opened = opened.context("the secret of a webhook does not open under this key")?;
        Ok(Some(String::from_utf8(opened)?))
    }

    /// The target as it rests in the store.
    pub(in crate::isps) fn sealed_target(&self) -> Option<&[u8]> {
        self.sealed_target.as_deref()
    }

    /// As it came from the store, with its target opened; one of an earlier version may still stand
    /// there in the clear.
    fn opened(mut self, app: &App, isp: IspId) -> anyhow::Result<Self> {
        if let Some(sealed) = &self.sealed_target {
            let target = seal::open(app, place(TARGET, &row(isp, self.no)), sealed);
            let target = target.context("to where lists go does not open under this key")?;
            self.target = Some(String::from_utf8(target)?);
        }
        Ok(self)
    }
}

/// Columns that are sealed.
const TARGET: &str = "sealed_target";
const SECRET: &str = "secret";

fn row(isp: IspId, no: i64) -> Vec<u8> {
    [&isp.0.as_bytes()[..], &no.to_be_bytes()].concat()
}

fn place<'a>(column: &'a str, row: &'a [u8]) -> Place<'a> {
    Place { table: "isp_deliveries", column, row }
}

/// What is wished.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The way.
    pub way: Way,
    /// The form, as `todoke notice export` names it.
    pub form: String,
    /// When lists leave.
    pub schedule: Option<Schedule>,
    /// The mail address, or the address of the webhook.
    pub target: Option<String>,
    /// How the webhook is reached.
    pub dialling: Dialling,
}

/// Why a preference is not taken (受け取り方の拒否).
#[derive(Debug, thiserror::Error)]
pub enum NotPreferred {
    /// A way that leads somewhere needs to know where.
    #[error("lists by {0} need an address: --to")]
    NoTarget(&'static str),
    /// Lists that are fetched go nowhere.
    #[error("lists that are fetched from the portal have no address")]
    NeedlessTarget,
    /// It cannot be mailed to.
    #[error("`{0}` is no mail address such as abuse@isp.example")]
    NoMailAddress(String),
    /// It cannot be posted to.
    #[error("{0}")]
    NoUrl(String),
    /// Mails are not sent in the clear.
    #[error("no {0} key of this provider stands; hand one in first by `todoke isp key add`")]
    NoKey(&'static str),
    /// Nothing can be encrypted to the key that stands.
    #[error("the {0} key of this provider cannot be used: {1}")]
    UnfitKey(&'static str, KeyRefused),
    /// It lies inside, where nobody outside has any business.
    #[error("nothing is posted there: {0}")]
    Inside(String),
    /// Whoever listens on the way would read the list.
    #[error("nothing is posted there: {0}; the address of a webhook begins with https://")]
    InTheClear(String),
    /// A webhook takes what its signature covers.
    #[error("a webhook gets JSON lines: --form jsonl")]
    NotJsonLines,
    /// It was taken, and a secret shown, when the form was sent for the first time.
    #[error("this form was sent before and was taken then; nothing more is changed")]
    Sent,
}

/// What came of it: the preference, and the secret of a webhook, which is shown this once.
#[derive(Debug)]
pub struct Set {
    /// What is in force now.
    pub preference: Preference,
    /// The secret that signs what is posted.
    pub secret: Option<String>,
}

fn objection(wish: &Wish) -> Option<NotPreferred> {
    let target = wish.target.as_deref();
    match (wish.way, target) {
        (Way::Portal, None) => None,
        (Way::Portal, Some(_)) => Some(NotPreferred::NeedlessTarget),
        (way, None) => Some(NotPreferred::NoTarget(way.word())),
        (Way::MailOpenPgp | Way::MailSmime, Some(to)) => {
            let is_one = to.parse::<lettre::Address>().is_ok();
            (!is_one).then(|| NotPreferred::NoMailAddress(to.to_owned()))
        }
        (Way::Webhook, Some(url)) => match outgoing::objection(url) {
            Some(why) => Some(NotPreferred::NoUrl(why)),
            None => (wish.form != "jsonl").then_some(NotPreferred::NotJsonLines),
        },
    }
}

/// Whether the server of a webhook may be dialled; a name is looked up for that.
async fn undialled(wish: &Wish) -> Option<NotPreferred> {
    let url = wish.target.as_deref().filter(|_| wish.way == Way::Webhook)?;
    let why = outgoing::not_dialled(url, &wish.dialling).await?;
    Some(match why {
        NotDialled::Inner(_) => NotPreferred::Inside(why.to_string()),
        NotDialled::Plain(_) => NotPreferred::InTheClear(why.to_string()),
    })
}

/// The fingerprint of the key to which mails by `way` would be encrypted, if they are.
async fn key_for(
    tx: &mut Tx,
    tenant: &Tenant,
    way: Way,
) -> crate::db::Result<Result<Option<String>, NotPreferred>> {
    let Some(standard) = way.standard() else { return Ok(Ok(None)) };
    let key = super::keys::in_force(tx, tenant.isp(), standard).await?;
    Ok(match key.map(|key| (key.checked(tenant.now()), key.fingerprint)) {
        None => Err(NotPreferred::NoKey(standard.word())),
        Some((Err(why), _)) => Err(NotPreferred::UnfitKey(standard.word(), why)),
        Some((Ok(_), fingerprint)) => Ok(Some(fingerprint)),
    })
}

/// Whether a preference would be taken; gives the fingerprint of the key that mails would be
/// encrypted to.
pub async fn look(
    tenant: &Tenant,
    wish: &Wish,
) -> anyhow::Result<Result<Option<String>, NotPreferred>> {
    if let Some(refused) = objection(wish) {
        return Ok(Err(refused));
    }
    if let Some(refused) = undialled(wish).await {
        return Ok(Err(refused));
    }
    let mut tx = tenant.snapshot().await?;
    Ok(key_for(&mut tx, tenant, wish.way).await?)
}

/// Takes a preference; a webhook gets a fresh secret. What a form wishes is taken once.
pub async fn set(
    tenant: &Tenant,
    wish: &Wish,
    form: Option<FormId>,
) -> anyhow::Result<Result<Set, NotPreferred>> {
    if let Err(refused) = look(tenant, wish).await? {
        return Ok(Err(refused));
    }
    retry::looking_again(|| enter(tenant, wish, form)).await
}

async fn enter(
    tenant: &Tenant,
    wish: &Wish,
    form: Option<FormId>,
) -> anyhow::Result<Result<Set, NotPreferred>> {
    let secret = (wish.way == Way::Webhook).then(|| fresh_secret(tenant));
    let mut tx = tenant.begin().await?;
    if let Err(refused) = key_for(&mut tx, tenant, wish.way).await? {
        return Ok(Err(refused));
    }
    if let Some(form) = form
        && !sent_forms::take(&mut tx, form, (tenant.by(), tenant.now())).await?
    {
        return Ok(Err(NotPreferred::Sent));
    }
    let no = store::in_force(&mut tx, tenant.isp()).await?.map_or(1, |last| last.no + 1);
    let row = row(tenant.isp(), no);
    let seal =
        |column, text: &String| seal::seal(tenant.app(), place(column, &row), text.as_bytes());
    let preference = Preference {
        no,
        way: wish.way,
        form: wish.form.clone(),
        schedule: wish.schedule.as_ref().map(ToString::to_string),
        target: wish.target.clone(),
        sealed_target: wish.target.as_ref().map(|target| seal(TARGET, target)),
        dialling: serde_json::to_string(&wish.dialling)?,
        secret: secret.as_ref().map(|secret| seal(SECRET, secret)),
        set_at: tenant.now(),
        set_by: tenant.by().to_owned(),
    };
    store::insert(&mut tx, tenant.isp(), &preference).await?;
    let leaf = Leaf {
        at: tenant.now(),
        by: tenant.by(),
        act: "isp_delivery.set",
        on: wish.way.word(),
        isp: Some(tenant.code()),
        detail: None,
    };
    audit::note(&mut tx, leaf).await?;
    tx.commit().await?;
    Ok(Ok(Set { preference, secret }))
}

/// 256 bits behind a prefix that scanners for leaked secrets recognise.
fn fresh_secret(tenant: &Tenant) -> String {
    let mut secret = [0; 32];
    tenant.app().random(|rng| rand::Rng::fill_bytes(rng, &mut secret));
    format!("whsec_{}", to_hex(&secret))
}

/// Forgets what a provider prefers: it fetches its lists again.
pub async fn remove(tenant: &Tenant) -> anyhow::Result<Result<Set, NotPreferred>> {
    let wish = Wish {
        way: Way::Portal,
        form: "csv".to_owned(),
        schedule: None,
        target: None,
        dialling: Dialling::default(),
    };
    set(tenant, &wish, None).await
}

/// What a provider prefers; nothing where it never said. That it was read is kept: it bears a mail
/// address.
pub async fn of(tenant: &Tenant) -> anyhow::Result<Option<Preference>> {
    Ok(history(tenant).await?.into_iter().next())
}

/// All that a provider preferred, the latest, which is in force, first. That it was read is kept.
pub async fn history(tenant: &Tenant) -> anyhow::Result<Vec<Preference>> {
    let mut tx = tenant.begin().await?;
    let preferences = store::all(&mut tx, tenant.isp()).await?.into_iter();
    let preferences = preferences.map(|one| one.opened(tenant.app(), tenant.isp()));
    let preferences = preferences.collect::<anyhow::Result<_>>()?;
    let leaf = Leaf {
        at: tenant.now(),
        by: tenant.by(),
        act: "isp_delivery.read",
        on: tenant.code(),
        isp: Some(tenant.code()),
        detail: None,
    };
    audit::note(&mut tx, leaf).await?;
    tx.commit().await?;
    Ok(preferences)
}

/// What is in force, read within a transaction.
pub(crate) async fn in_force(
    app: &App,
    tx: &mut Tx,
    isp: IspId,
) -> anyhow::Result<Option<Preference>> {
    store::in_force(tx, isp).await?.map(|one| one.opened(app, isp)).transpose()
}
