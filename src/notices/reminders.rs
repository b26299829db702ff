//! Reminders by mail (督促メール): a provider is asked about its lists, and to confirm its contacts.
//!
//! What the calendar finds due is entered in the transaction that says so; jobs then make the mail
//! once, keep its exact bytes and hand them over until they are taken. A mail names lists, posts
//! and dates, and no address of anybody. It is encrypted where the provider gets its lists so, and
//! else goes to its abuse desk. A list is asked about once a week at most, a contact once at each
//! step, and anew a week after a mail that reached nobody. Owns `reminder_mails`,
//! `reminder_mail_events`, `contact_reminders`; reads what providers prefer, their keys and
//! contacts.

pub mod carry;
mod make;

use std::collections::{BTreeMap, HashSet};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{
    chasing::{self, ListStanding},
    dispatch::{Event, State},
    store::{outbox, reminders as store},
};
use crate::{
    app::App,
    cases::register,
    db::{Db, Tx, retry},
    ids::{ContactId, IspId, NoticeId, ReminderId, ReminderMailId, SubjectId},
    isps::{
        self, Isp,
        contacts::{self, desk},
        delivery::{self as preferences, Way},
    },
    jobs::queue,
    time::Moment,
};

/// The kind of jobs that such mails are.
pub const JOB: &str = "reminder";

/// A list that a mail asks about (督促の対象).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OfList {
    /// The fact that it was due.
    pub reminder: ReminderId,
    /// The list.
    pub notice: NoticeId,
    /// Its name.
    pub list_id: String,
    /// The word of the reason.
    pub reason: String,
}

/// A contact that a mail asks to confirm (確認依頼の対象); it says nothing that reaches anybody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OfContact {
    /// The contact.
    pub contact: ContactId,
    /// The word of what the post is there for.
    pub role: String,
    /// How it stands: `due`, `overdue` or `doubtful`.
    pub step: String,
    /// Until when it counts, or counted, as confirmed.
    pub confirmed_until: Moment,
}

/// What a mail is about (督促の内容).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Lists that nobody fetched or reported on.
    Reports(Vec<OfList>),
    /// Contacts that nobody confirmed.
    Contacts(Vec<OfContact>),
}

impl Body {
    /// Its word: `reports` or `contacts`.
    pub fn topic(&self) -> &'static str {
        match self {
            Self::Reports(_) => "reports",
            Self::Contacts(_) => "contacts",
        }
    }

    /// What it is about, one by one: a list and why, or a post and how it stands.
    pub fn items(&self) -> Vec<(&str, &str)> {
        match self {
            Self::Reports(all) => {
                all.iter().map(|one| (one.list_id.as_str(), one.reason.as_str())).collect()
            }
            Self::Contacts(all) => {
                all.iter().map(|one| (one.role.as_str(), one.step.as_str())).collect()
            }
        }
    }
}

/// A mail that reminds (督促メール).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "督促メール")]
pub struct ReminderMail {
    /// The provider.
    pub isp_id: IspId,
    /// Its key, which its Message-ID and its return address bear.
    pub id: ReminderMailId,
    /// The code of the provider.
    pub isp: String,
    /// What it is about, as JSON.
    body: String,
    /// How it stands.
    #[sqlx(try_from = "String")]
    pub state: State,
    /// When it was entered.
    pub entered_at: Moment,
    /// How often it was tried.
    pub attempts: i64,
    /// `mail-openpgp`, `mail-smime` or `mail`, from when its message was made.
    pub way: Option<String>,
    /// In which language, likewise.
    pub lang: Option<String>,
    /// When its message was made.
    pub made_at: Option<Moment>,
    /// The SHA-256 of its message.
    pub sha256: Option<String>,
    /// What the mail server answered last, or why nothing was sent.
    pub answer: Option<String>,
    /// Since when it stands so for good.
    pub settled_at: Option<Moment>,
    /// When it is tried next.
    pub due_at: Option<Moment>,
}

impl ReminderMail {
    /// What it is about.
    pub fn body(&self) -> anyhow::Result<Body> {
        serde_json::from_str(&self.body).context("what a reminder is about is not legible")
    }

    fn key(&self) -> store::Key {
        (self.isp_id, self.id)
    }
}

/// All such mails, or those of a provider, oldest first.
pub async fn all(db: &Db, isp: Option<IspId>) -> crate::db::Result<Vec<ReminderMail>> {
    store::all(db, isp).await
}

/// What happened to one, oldest first.
pub async fn events(db: &Db, mail: &ReminderMail) -> crate::db::Result<Vec<Event>> {
    outbox::events(db, mail.key()).await
}

/// Why no mail can go (送信できない理由).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWay {
    /// The settings name no mail server.
    #[error("`centre.toml` has no section [mail]")]
    NoServer,
    /// The provider gets its lists by no mail, and nobody at its abuse desk can be written to.
    #[error("no contact of its abuse desk can be written to: ask by phone")]
    NoContact,
}

/// What would be mailed (送信予定).
#[derive(Clone, Debug)]
pub struct Planned {
    /// The code of the provider.
    pub isp: String,
    /// What about.
    pub body: Body,
    /// By `mail-openpgp`, `mail-smime` or `mail`; or why not.
    pub way: Result<&'static str, NoWay>,
}

/// By which way a mail reaches a provider now.
async fn way(app: &App, tx: &mut Tx, isp: &Isp) -> anyhow::Result<Result<&'static str, NoWay>> {
    if app.centre.mail.is_none() {
        return Ok(Err(NoWay::NoServer));
    }
    let preference = preferences::in_force(app, tx, isp.id).await?;
    Ok(match preference.map(|one| one.way) {
        Some(way @ (Way::MailOpenPgp | Way::MailSmime)) => Ok(way.word()),
        _ if desk::is_reachable(tx, isp).await? => Ok("mail"),
        _ => Err(NoWay::NoContact),
    })
}

/// What would be mailed now, without doing it.
pub async fn rehearse(app: &App) -> anyhow::Result<Vec<Planned>> {
    let isps = isps::all(&app.db).await?;
    let lists = chasing::standings(app).await?;
    let due: Vec<&ListStanding> = lists.iter().filter(|list| list.is_due(app.now())).collect();
    let reminder = || ReminderId(uuid::Uuid::nil());
    let mut bodies = of_lists(due.into_iter().map(|list| (reminder(), list)), app.now());
    let mut tx = app.db.snapshot().await?;
    bodies.extend(of_contacts(&mut tx, &isps, app.now()).await?);
    let mut planned = Vec::new();
    for (isp_id, body) in bodies {
        let Some(isp) = isps.iter().find(|isp| isp.id == isp_id) else { continue };
        planned.push(Planned { isp: isp.code.clone(), body, way: way(app, &mut tx, isp).await? });
    }
    planned.sort_by(|a, b| a.isp.cmp(&b.isp));
    Ok(planned)
}

/// Reminds by the calendar, of lists and of contacts. Done again at once, nothing is entered.
pub async fn by_calendar(app: &App) -> anyhow::Result<()> {
    chasing::remind(app).await?;
    of_all_contacts(app).await
}

/// One mail for each provider of these lists, each with the fact that it is due.
fn of_lists<'a>(
    due: impl Iterator<Item = (ReminderId, &'a ListStanding)>,
    now: Moment,
) -> Vec<(IspId, Body)> {
    let mut by_isp: BTreeMap<IspId, Vec<OfList>> = BTreeMap::new();
    for (reminder, list) in due {
        by_isp.entry(list.isp_id).or_default().push(OfList {
            reminder,
            notice: list.notice_id,
            list_id: list.list_id.clone(),
            reason: list.reasons(now).first().map_or("", |reason| reason.word()).to_owned(),
        });
    }
    by_isp.into_iter().map(|(isp, all)| (isp, Body::Reports(all))).collect()
}

/// Enters a mail for each provider of these lists, in the transaction that says they are due.
pub(super) async fn enter_reports(
    app: &App,
    tx: &mut Tx,
    due: &[(ReminderId, &ListStanding)],
) -> anyhow::Result<()> {
    if due.is_empty() {
        return Ok(());
    }
    let isps = isps::all(&app.db).await?;
    for (isp_id, body) in of_lists(due.iter().copied(), app.now()) {
        if let Some(isp) = isps.iter().find(|isp| isp.id == isp_id) {
            enter(app, tx, (isp, &body)).await?;
        }
    }
    Ok(())
}

/// One mail for each provider with contacts at a step that was not taken yet.
async fn of_contacts(tx: &mut Tx, isps: &[Isp], now: Moment) -> anyhow::Result<Vec<(IspId, Body)>> {
    // A mail that reached nobody asked nobody; it is tried anew as a list's would be.
    let quiet = now.plus_days(-chasing::QUIET_DAYS);
    let taken: HashSet<store::Step> = store::steps(tx, quiet).await?.into_iter().collect();
    let mut by_isp: BTreeMap<IspId, Vec<OfContact>> = BTreeMap::new();
    for one in contacts::to_do_of(tx, isps, now).await? {
        let (Some(contact), Some(standing), Some(confirmed_until)) =
            (one.contact, one.standing, one.due_at)
        else {
            continue;
        };
        let step = standing.word().to_owned();
        let is_taken = taken.contains(&(contact, confirmed_until, step.clone()));
        if let Some(isp) = isps.iter().find(|isp| isp.code == one.isp && !is_taken) {
            let role = one.role.word().to_owned();
            let of_contact = OfContact { contact, role, step, confirmed_until };
            by_isp.entry(isp.id).or_default().push(of_contact);
        }
    }
    Ok(by_isp.into_iter().map(|(isp, all)| (isp, Body::Contacts(all))).collect())
}

/// Asks each provider to confirm what has to be confirmed, once at each step.
async fn of_all_contacts(app: &App) -> anyhow::Result<()> {
    retry::looking_again(|| of_all_contacts_once(app)).await
}

async fn of_all_contacts_once(app: &App) -> anyhow::Result<()> {
    let isps = isps::all(&app.db).await?;
    let mut tx = app.db.begin().await?;
    // Two nodes at once would each ask: the second waits, and finds the steps of the first.
    register::hold(&mut tx).await?;
    for (isp_id, body) in of_contacts(&mut tx, &isps, app.now()).await? {
        let Some(isp) = isps.iter().find(|isp| isp.id == isp_id) else { continue };
        // Where no mail can go, the step is taken once one can.
        let Some(mail) = enter(app, &mut tx, (isp, &body)).await? else { continue };
        let Body::Contacts(all) = &body else { continue };
        for one in all {
            let step = (one.contact, one.confirmed_until, one.step.as_str());
            store::insert_step(&mut tx, (isp_id, mail), step, app.now()).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// Enters a mail, if one can go.
async fn enter(
    app: &App,
    tx: &mut Tx,
    (isp, body): (&Isp, &Body),
) -> anyhow::Result<Option<ReminderMailId>> {
    if way(app, tx, isp).await?.is_err() {
        return Ok(None);
    }
    let (at, id) = (app.now(), ReminderMailId(app.fresh_id()));
    let key = (isp.id, id);
    store::insert(tx, key, (body.topic(), &serde_json::to_string(body)?), at).await?;
    let by = app.by().unwrap_or("calendar");
    let word = outbox::Word { kind: "entered", detail: Some(body.topic()), by, fence: None };
    outbox::append(tx, key, at, word).await?;
    queue::plan(tx, JOB, SubjectId(id.0), Some(at)).await?;
    Ok(Some(id))
}
