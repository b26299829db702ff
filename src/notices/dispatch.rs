//! Dispatch (送達): a list on its way to its provider, by mail or webhook, until the other side has
//! it.
//!
//! What is to be sent is entered in the transaction that prepares the list. Jobs then make the
//! message once, keep its exact bytes, and hand them over until they are taken: a repeat is the
//! same message, of the same Message-ID, so that nobody sees two (see `repeat`). How it stands is
//! on its row, how it came to be so in events. A line that is taken back later goes out as a line
//! of the next list (see `recall`), which is a message of its own. A mail that comes back is told
//! by `bounce`, and `returns` fetches it. Owns `deliveries`, `delivery_events`,
//! `delivery_messages`, `returned_mails`, `bounce_items`, `bounce_runs`; reads what providers
//! prefer, their keys, and by its verbs `jobs`.

pub mod bounce;
pub mod carry;
mod make;
mod repeat;
pub mod returns;
pub mod sealing;
pub(super) mod undelivered;
mod webhook;
mod words;

use std::str::FromStr;

use sqlx::FromRow;

use super::{
    Notice,
    store::{dispatch as store, outbox},
};
use crate::{
    app::App,
    audit::{self, Leaf},
    db::{Db, Tx, retry},
    ids::{DeliveryId, IspId, NoticeId, SubjectId},
    isps::{
        Isp,
        delivery::{self as preferences, Preference, Way},
    },
    jobs::queue,
    time::Moment,
};

/// The kind of jobs that deliveries are.
pub const JOB: &str = "delivery";

/// How a delivery stands (送達の状態).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "送達の状態")]
pub enum State {
    /// It is not taken yet, and is tried again.
    Waiting,
    /// The mail server, or the webhook, took it.
    Accepted,
    /// It was not taken, for good: people have to look at it.
    Refused,
    /// It was taken and came back.
    Bounced,
    /// It needs not go any more.
    Withdrawn,
}

impl State {
    const ALL: [Self; 5] =
        [Self::Waiting, Self::Accepted, Self::Refused, Self::Bounced, Self::Withdrawn];

    /// The word in the store and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Bounced => "bounced",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A word that names no state.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no state of a delivery")]
pub struct NotAState(String);

impl FromStr for State {
    type Err = NotAState;

    fn from_str(word: &str) -> Result<Self, NotAState> {
        let known = Self::ALL.into_iter().find(|state| state.word() == word);
        known.ok_or_else(|| NotAState(word.to_owned()))
    }
}

impl TryFrom<String> for State {
    type Error = NotAState;

    fn try_from(word: String) -> Result<Self, NotAState> {
        word.parse()
    }
}

/// A list on its way (送達).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "送達")]
pub struct Delivery {
    /// The provider.
    pub isp_id: IspId,
    /// Its key, which its Message-ID and its return address bear.
    pub id: DeliveryId,
    /// The list.
    pub notice_id: NoticeId,
    /// The name of the list.
    pub list_id: String,
    /// The code of the provider.
    pub isp: String,
    /// By which way.
    #[sqlx(try_from = "String")]
    pub way: Way,
    /// How it stands.
    #[sqlx(try_from = "String")]
    pub state: State,
    /// When it was entered.
    pub entered_at: Moment,
    /// How often it was tried.
    pub attempts: i64,
    /// At which server it ends up, from when its message was made; who reads it there is sealed.
    pub server: Option<String>,
    /// To where it goes, as it once stood in the clear.
    target: Option<String>,
    /// The same, sealed.
    sealed_target: Option<Vec<u8>>,
    /// In which form, likewise.
    pub form: Option<String>,
    /// The fingerprint of the key to which its message was encrypted, if it was.
    pub key_fingerprint: Option<String>,
    /// What its message tells of the list; see [`export::edition`].
    edition: Option<String>,
    /// When its message was made.
    pub made_at: Option<Moment>,
    /// The SHA-256 of its message.
    pub sha256: Option<String>,
    /// The length of its message.
    pub bytes: Option<i64>,
    /// What the other side answered last, or why nothing was sent.
    pub answer: Option<String>,
    /// Since when it stands so for good.
    pub settled_at: Option<Moment>,
    /// When it is tried next.
    pub due_at: Option<Moment>,
}

impl Delivery {
    /// Whether only people bring it on: it is not tried any more by itself.
    pub fn is_given_up(&self) -> bool {
        matches!(self.state, State::Refused | State::Bounced)
    }

    /// What its jobs are done to.
    fn subject(&self) -> SubjectId {
        SubjectId(self.id.0)
    }
}

/// What happened to a delivery, or to the mail of a reminder (送達の記録).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "送達の記録")]
pub struct Event {
    /// When.
    pub at: Moment,
    /// `entered`, `made`, `later`, `accepted`, `refused`, `bounced`, `delayed`, `withdrawn`.
    pub kind: String,
    /// In whose words, or about what.
    pub detail: Option<String>,
    /// By whom.
    pub author: String,
}

/// All deliveries, or those of a provider, oldest first.
pub async fn all(db: &Db, isp: Option<IspId>) -> crate::db::Result<Vec<Delivery>> {
    store::all(db, isp).await
}

/// What happened to a delivery, oldest first.
pub async fn events(db: &Db, delivery: &Delivery) -> crate::db::Result<Vec<Event>> {
    outbox::events(db, (delivery.isp_id, delivery.id)).await
}

/// Enters the list that was just prepared, if its provider wants it sent; part of the transaction
/// that prepares it.
pub(super) async fn enter(app: &App, tx: &mut Tx, notice: &Notice) -> anyhow::Result<()> {
    let preference = preferences::in_force(app, tx, notice.isp_id).await?;
    let Some(preference) = preference.filter(|one| one.way != Way::Portal) else { return Ok(()) };
    let due = preference.due(notice.prepared_at);
    enter_as(app, tx, notice, (&preference, due, "system")).await?;
    Ok(())
}

async fn enter_as(
    app: &App,
    tx: &mut Tx,
    notice: &Notice,
    (preference, due, by): (&Preference, Moment, &str),
) -> crate::db::Result<DeliveryId> {
    let key = (notice.isp_id, DeliveryId(app.fresh_id()));
    store::insert(tx, key, (notice.id, preference.way), app.now()).await?;
    let word = outbox::Word { kind: "entered", detail: Some(&notice.list_id), by, fence: None };
    outbox::append(tx, key, app.now(), word).await?;
    queue::plan(tx, JOB, SubjectId(key.1.0), Some(due)).await?;
    Ok(key.1)
}

/// Why a list is not sent again (再送の拒否).
#[derive(Debug, thiserror::Error)]
pub enum NotAgain {
    /// Its provider fetches its lists.
    #[error("the provider fetches its lists from the portal; see `todoke isp delivery set`")]
    Portal,
    /// There is nothing on it.
    #[error("the list `{0}` is empty: its lines were withdrawn before it was handed out")]
    Empty(String),
    /// It is on its way.
    #[error("the list `{0}` is on its way; see `todoke notice deliveries`")]
    OnItsWay(String),
}

impl NotAgain {
    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Portal => "portal",
            Self::Empty(_) => "empty",
            Self::OnItsWay(_) => "on_its_way",
        }
    }
}

/// Enters a list to be sent anew, as it stands now and to where its provider gets lists now. What
/// was refused of it before is not tried any more: the provider gets one message, not two.
pub async fn again(
    app: &App,
    notice: &Notice,
    (isp, by): (&Isp, &str),
) -> anyhow::Result<Result<DeliveryId, NotAgain>> {
    if notice.withdrawn_at.is_some() {
        return Ok(Err(NotAgain::Empty(notice.list_id.clone())));
    }
    retry::looking_again(|| enter_again(app, notice, (isp, by))).await
}

async fn enter_again(
    app: &App,
    notice: &Notice,
    (isp, by): (&Isp, &str),
) -> anyhow::Result<Result<DeliveryId, NotAgain>> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let preference = preferences::in_force(app, &mut tx, notice.isp_id).await?;
    let Some(preference) = preference.filter(|one| one.way != Way::Portal) else {
        return Ok(Err(NotAgain::Portal));
    };
    if store::is_on_its_way(&mut tx, notice, now).await? {
        return Ok(Err(NotAgain::OnItsWay(notice.list_id.clone())));
    }
    for old in store::refused(&mut tx, notice).await? {
        supersede(app, &mut tx, (notice.isp_id, old), by).await?;
    }
    let id = enter_as(app, &mut tx, notice, (&preference, now, by)).await?;
    let (act, on) = ("notice.send", notice.list_id.as_str());
    let isp = Some(isp.code.as_str());
    audit::note(&mut tx, Leaf { at: now, by, act, on, isp, detail: None }).await?;
    tx.commit().await?;
    Ok(Ok(id))
}

/// Ends a delivery in whose place another one goes.
async fn supersede(app: &App, tx: &mut Tx, key: store::Key, by: &str) -> crate::db::Result<()> {
    const WHY: &str = "the list is sent anew, as a message of its own";
    queue::forget(tx, JOB, SubjectId(key.1.0)).await?;
    outbox::set_state(tx, key, (State::Withdrawn, 0), WHY, Some(app.now())).await?;
    let word = outbox::Word { kind: "withdrawn", detail: Some(WHY), by, fence: None };
    outbox::append(tx, key, app.now(), word).await?;
    store::drop_message(tx, key).await
}
