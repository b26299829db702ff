//! Contacts (連絡先): whom the centre reaches at a provider, by post and never by a person's name.
//!
//! What reaches somebody is sealed, and reading it leaves a leaf in the audit log. Contacts rot:
//! the provider confirms each every 180 days, and a mail that came back makes one doubtful until it
//! is confirmed or written anew. Versions and events are added, never overwritten. Owns
//! `isp_contacts`, `isp_contact_events`.

pub mod desk;
mod doubts;
mod reach;

use std::collections::BTreeMap;

use anyhow::Context as _;
use hmac::{Hmac, Mac as _};
use serde::Serialize;
use sha2::Sha256;

use super::{Isp, store::contacts as store};
use crate::{
    access::{
        keys::Keys,
        seal::{self, Place},
        tenancy::Tenant,
    },
    app::App,
    audit::{self, Leaf},
    db::{Tx, retry},
    ids::{ContactId, IspId},
    time::Moment,
};

pub use doubts::doubt;
pub(crate) use doubts::doubt_in;
pub(super) use reach::is_domain;
pub use reach::{ContactRefused, NotARole, Reach, Role};

/// Days for which a contact counts as confirmed.
pub const CONFIRM_DAYS: i64 = 180;
/// Days before the end of that time from which the provider is reminded.
pub const REMIND_DAYS: i64 = 30;

/// How far a contact can be relied on (連絡先の確かさ).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[doc(alias = "連絡先の確かさ")]
pub enum Standing {
    /// A mail to it came back, or somebody else found it wrong, after it was last confirmed.
    Doubtful,
    /// Nobody confirmed it for longer than [`CONFIRM_DAYS`].
    Overdue,
    /// It has to be confirmed within [`REMIND_DAYS`].
    Due,
    /// It was confirmed.
    Confirmed,
}

impl Standing {
    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Doubtful => "doubtful",
            Self::Overdue => "overdue",
            Self::Due => "due",
            Self::Confirmed => "confirmed",
        }
    }
}

/// Until when a contact that was confirmed at that moment counts as confirmed.
pub fn confirmed_until(confirmed_at: Moment) -> Moment {
    confirmed_at.plus_days(CONFIRM_DAYS)
}

/// Whether it is time to remind the provider of a contact.
pub fn is_due(confirmed_at: Moment, now: Moment) -> bool {
    now >= confirmed_until(confirmed_at).plus_days(-REMIND_DAYS)
}

/// Whether a contact was not confirmed in time.
pub fn is_overdue(confirmed_at: Moment, now: Moment) -> bool {
    now >= confirmed_until(confirmed_at)
}

/// How far a contact can be relied on at `now`, given when it was last confirmed and doubted.
pub fn standing(confirmed_at: Moment, doubted_at: Option<Moment>, now: Moment) -> Standing {
    match doubted_at {
        Some(doubted) if doubted >= confirmed_at => Standing::Doubtful,
        _ if is_overdue(confirmed_at, now) => Standing::Overdue,
        _ if is_due(confirmed_at, now) => Standing::Due,
        _ => Standing::Confirmed,
    }
}

/// A contact (連絡先) as it stands.
#[derive(Clone, Debug)]
#[doc(alias = "連絡先")]
pub struct Contact {
    /// Its key.
    pub id: ContactId,
    /// What its post is there for.
    pub role: Role,
    /// How it is reached.
    pub reach: Reach,
    /// How often it was written.
    pub version: i64,
    /// When its provider last wrote or confirmed it.
    pub confirmed_at: Moment,
    /// Who did.
    pub confirmed_by: String,
    /// When it was last doubted, if that is later.
    pub doubted_at: Option<Moment>,
    /// Why.
    pub doubted_for: Option<String>,
}

impl Contact {
    /// How far it can be relied on.
    pub fn standing(&self, now: Moment) -> Standing {
        standing(self.confirmed_at, self.doubted_at, now)
    }
}

/// Something to do about a contact (確認の要る連絡先); it says nothing that reaches anybody.
#[derive(Clone, Debug)]
#[doc(alias = "確認の要る連絡先")]
pub struct ToDo {
    /// The provider's code.
    pub isp: String,
    /// The provider's name.
    pub name: String,
    /// The contact; nothing where the provider has none for its abuse desk.
    pub contact: Option<ContactId>,
    /// What the post is there for.
    pub role: Role,
    /// How it stands; nothing where there is none.
    pub standing: Option<Standing>,
    /// By when it has to be confirmed.
    pub due_at: Option<Moment>,
    /// Why it is doubtful.
    pub reason: Option<String>,
}

/// The row of a version, to which what reaches somebody is bound.
fn row(isp: IspId, id: ContactId, version: i64) -> Vec<u8> {
    [&isp.0.as_bytes()[..], id.0.as_bytes(), &version.to_be_bytes()].concat()
}

fn place(row: &[u8]) -> Place<'_> {
    Place { table: "isp_contacts", column: "body", row }
}

/// What finds the contacts of a mail address: without the look-up key nobody tries addresses out.
fn mail_tag(keys: &Keys, mail: &str) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new_from_slice(&keys.lookup)
        .expect("HMAC takes a key of any length");
    mac.update(b"isp_contacts.mail\0");
    mac.update(mail.trim().to_lowercase().as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Adds a contact.
pub async fn add(
    tenant: &Tenant,
    role: Role,
    reach: Reach,
) -> anyhow::Result<Result<ContactId, ContactRefused>> {
    let reach = match reach.checked() {
        Ok(reach) => reach,
        Err(refused) => return Ok(Err(refused)),
    };
    let id = ContactId(tenant.fresh_id());
    write(tenant, (id, 1), role, &reach, "contact.add").await?;
    Ok(Ok(id))
}

/// Writes a contact anew: another version, which counts as confirmed.
pub async fn change(
    tenant: &Tenant,
    id: ContactId,
    reach: Reach,
) -> anyhow::Result<Result<(), ContactRefused>> {
    let reach = match reach.checked() {
        Ok(reach) => reach,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut tries = 0;
    loop {
        let Some(old) = standing_of(tenant, id).await? else {
            return Ok(Err(ContactRefused::Unknown(id)));
        };
        let written = write(tenant, (id, old.version + 1), old.role, &reach, "contact.change");
        match written.await {
            Err(fault) if tries < retry::TRIES && retry::is_worth_asking(&fault) => tries += 1,
            done => return done.map(Ok),
        }
    }
}

async fn write(
    tenant: &Tenant,
    (id, version): (ContactId, i64),
    role: Role,
    reach: &Reach,
    act: &str,
) -> anyhow::Result<()> {
    let row = row(tenant.isp(), id, version);
    let text = serde_json::to_vec(reach)?;
    let version = store::Version {
        isp_id: tenant.isp(),
        id,
        no: version,
        role: role.word().to_owned(),
        body: seal::seal(tenant.app(), place(&row), &text),
        written_at: tenant.now(),
        written_by: tenant.by().to_owned(),
    };
    let tag = mail_tag(&tenant.app().keys, &reach.mail);
    let mut tx = tenant.begin().await?;
    store::insert(&mut tx, &version, &tag).await?;
    audit::note(&mut tx, leaf(tenant, act, &id.to_string())).await?;
    tx.commit().await?;
    Ok(())
}

fn leaf<'a>(tenant: &'a Tenant, act: &'a str, on: &'a str) -> Leaf<'a> {
    let (at, by, isp) = (tenant.now(), tenant.by(), Some(tenant.code()));
    Leaf { at, by, act, on, isp, detail: None }
}

/// Says that a contact still holds.
pub async fn confirm(tenant: &Tenant, id: ContactId) -> anyhow::Result<Result<(), ContactRefused>> {
    happen(tenant, id, ("confirmed", None), "contact.confirm").await
}

/// Takes a contact off; its versions stay.
pub async fn remove(
    tenant: &Tenant,
    id: ContactId,
    reason: &str,
) -> anyhow::Result<Result<(), ContactRefused>> {
    happen(tenant, id, ("removed", Some(reason)), "contact.remove").await
}

async fn happen(
    tenant: &Tenant,
    id: ContactId,
    (kind, reason): (&str, Option<&str>),
    act: &str,
) -> anyhow::Result<Result<(), ContactRefused>> {
    let mut tries = 0;
    loop {
        let Some(old) = standing_of(tenant, id).await? else {
            return Ok(Err(ContactRefused::Unknown(id)));
        };
        let event = store::NewEvent {
            isp_id: tenant.isp(),
            contact_id: id,
            no: old.events + 1,
            version: old.version,
            at: tenant.now(),
            kind,
            author: tenant.by(),
            reason,
        };
        let mut tx = tenant.begin().await?;
        let written = async {
            store::insert_event(&mut tx, &event).await?;
            audit::note(&mut tx, leaf(tenant, act, &id.to_string())).await?;
            tx.commit().await
        };
        match written.await.map_err(anyhow::Error::from) {
            Err(fault) if tries < retry::TRIES && retry::is_worth_asking(&fault) => tries += 1,
            done => return done.map(Ok),
        }
    }
}

/// The contacts of a provider, by role. That they were read is kept.
pub async fn list(tenant: &Tenant) -> anyhow::Result<Vec<Contact>> {
    let mut tx = tenant.begin().await?;
    let facts = facts_of(&mut tx, Some(tenant.isp())).await?;
    let mut contacts = Vec::with_capacity(facts.len());
    for ((_, id), one) in facts {
        let row = row(tenant.isp(), id, one.version);
        let text = seal::open(tenant.app(), place(&row), &one.body);
        let text = text.with_context(|| format!("contact {id} does not open under this key"))?;
        let reach = serde_json::from_slice(&text).context("a contact is no contact")?;
        contacts.push(Contact {
            id,
            role: one.role,
            reach,
            version: one.version,
            confirmed_at: one.confirmed_at,
            confirmed_by: one.confirmed_by,
            doubted_at: one.doubted.as_ref().map(|(at, _)| *at),
            doubted_for: one.doubted.and_then(|(_, why)| why),
        });
    }
    contacts.sort_by_key(|one| (one.role, one.id));
    audit::note(&mut tx, leaf(tenant, "contact.read", tenant.code())).await?;
    tx.commit().await?;
    Ok(contacts)
}

/// What has to be done about contacts of all providers, the most urgent first: those doubtful,
/// overdue or due, and providers without any for their abuse desk.
pub async fn to_do(app: &App) -> anyhow::Result<Vec<ToDo>> {
    let isps = super::all(&app.db).await?;
    to_do_of(&mut app.db.snapshot().await?, &isps, app.now()).await
}

/// The same of these providers, as it stands in a transaction.
pub(crate) async fn to_do_of(tx: &mut Tx, isps: &[Isp], now: Moment) -> anyhow::Result<Vec<ToDo>> {
    let facts = facts_of(tx, None).await?;
    let mut to_do = Vec::new();
    for isp in isps.iter().filter(|isp| isp.removed_at.is_none()) {
        let of_isp = || facts.iter().filter(|((of, _), _)| *of == isp.id);
        if !of_isp().any(|(_, one)| one.role == Role::AbuseDesk) {
            to_do.push(missing(isp));
        }
        to_do.extend(of_isp().filter_map(|((_, id), one)| one.to_do(isp, *id, now)));
    }
    let urgency = |one: &ToDo| (one.standing.is_some(), one.standing, one.due_at);
    to_do.sort_by(|a, b| (urgency(a), &a.isp, a.role).cmp(&(urgency(b), &b.isp, b.role)));
    Ok(to_do)
}

fn missing(isp: &Isp) -> ToDo {
    let (code, name) = (isp.code.clone(), isp.name.clone());
    let (contact, standing, due_at, reason) = (None, None, None, None);
    ToDo { isp: code, name, contact, role: Role::AbuseDesk, standing, due_at, reason }
}

/// What is known of a contact without opening it.
struct Facts {
    role: Role,
    version: i64,
    body: Vec<u8>,
    events: i64,
    confirmed_at: Moment,
    confirmed_by: String,
    doubted: Option<(Moment, Option<String>)>,
}

impl Facts {
    fn to_do(&self, isp: &Isp, id: ContactId, now: Moment) -> Option<ToDo> {
        let doubted_at = self.doubted.as_ref().map(|(at, _)| *at);
        let standing = standing(self.confirmed_at, doubted_at, now);
        let doubtful = self.doubted.as_ref().filter(|_| standing == Standing::Doubtful);
        (standing != Standing::Confirmed).then(|| ToDo {
            isp: isp.code.clone(),
            name: isp.name.clone(),
            contact: Some(id),
            role: self.role,
            standing: Some(standing),
            due_at: Some(confirmed_until(self.confirmed_at)),
            reason: doubtful.and_then(|(_, why)| why.clone()),
        })
    }
}

/// The contacts that stand of a provider, or of all.
async fn facts_of(
    tx: &mut Tx,
    isp: Option<IspId>,
) -> anyhow::Result<BTreeMap<(IspId, ContactId), Facts>> {
    facts(store::versions(tx, isp).await?, store::events(tx, isp).await?)
}

/// The contacts that stand, from all that was ever written and happened.
fn facts(
    versions: Vec<store::Version>,
    events: Vec<store::Event>,
) -> anyhow::Result<BTreeMap<(IspId, ContactId), Facts>> {
    let mut all: BTreeMap<(IspId, ContactId), Facts> = BTreeMap::new();
    for one in versions {
        // They come in order, so that the last one stands.
        all.insert(
            (one.isp_id, one.id),
            Facts {
                role: one.role.parse()?,
                version: one.no,
                body: one.body,
                events: 0,
                confirmed_at: one.written_at,
                confirmed_by: one.written_by,
                doubted: None,
            },
        );
    }
    for event in events {
        let key = (event.isp_id, event.contact_id);
        let Some(one) = all.get_mut(&key) else { continue };
        one.events = one.events.max(event.no);
        match event.kind.as_str() {
            "removed" => drop(all.remove(&key)),
            // What was said of an earlier version says nothing of this one.
            _ if event.version != one.version => {}
            "confirmed" => {
                (one.confirmed_at, one.confirmed_by) = (event.at, event.author);
                one.doubted = None;
            }
            _ => one.doubted = Some((event.at, event.reason)),
        }
    }
    Ok(all)
}

/// A contact of the provider that stands, without opening it.
async fn standing_of(tenant: &Tenant, id: ContactId) -> anyhow::Result<Option<Facts>> {
    let mut tx = tenant.snapshot().await?;
    Ok(facts_of(&mut tx, Some(tenant.isp())).await?.remove(&(tenant.isp(), id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_due_a_month_before_its_time_is_over_and_overdue_from_then_on() {
        let confirmed = Moment(0);
        let on = |day| standing(confirmed, None, confirmed.plus_days(day));
        assert_eq!(
            [on(0), on(149), on(150), on(179), on(180), on(900)],
            [
                Standing::Confirmed,
                Standing::Confirmed,
                Standing::Due,
                Standing::Due,
                Standing::Overdue,
                Standing::Overdue
            ]
        );
    }

    #[test]
    fn a_doubt_lasts_until_the_contact_is_confirmed_after_it() {
        let day = |day| Moment(0).plus_days(day);
        assert_eq!(standing(day(0), Some(day(3)), day(4)), Standing::Doubtful);
        assert_eq!(standing(day(5), Some(day(3)), day(6)), Standing::Confirmed);
    }
}
