//! Carrying (配達): a delivery is leased, its message made if it is not, and handed over.
//!
//! One node carries a delivery at a time, and each write bears the fence of its lease. The message
//! is durable before the first byte of it leaves, and what the other side answered is written in
//! the transaction that gives the lease back, without the address of anybody; where it says that
//! nobody reads mail there, contacts of that address are doubted. Whoever is killed in between
//! leaves a delivery that waits; the next one hands the same bytes over again.

use std::time::Duration;

use futures::StreamExt as _;
use uuid::Uuid;

pub(in crate::notices) use super::words::hidden;

use super::{Delivery, JOB, State, make, store, webhook};
use crate::{
    app::App,
    audit::{self, Deed},
    db::retry,
    ids::DeliveryId,
    isps::{Isp, contacts, delivery::Way},
    jobs::{
        queue::{self, Lease},
        schedule,
    },
    mail::{
        postman::{Handed, Postman},
        return_address,
    },
    notices::store::outbox,
    time::Moment,
};

/// Who says what a mail server said.
pub(in crate::notices) const MAIL_SERVER: &str = "mail server";
/// Days after which a message that nobody takes is not tried any more by itself.
const GIVE_UP_DAYS: i64 = 5;
/// The longest wait that the other side may ask for.
const WAIT_MAX: Duration = Duration::from_hours(6);
/// Deliveries that a command carries side by side.
const ABREAST: usize = 4;

/// What came of a try (配達結果).
#[derive(Clone, Debug)]
#[doc(alias = "配達結果")]
pub struct Report {
    /// The delivery as it stood before.
    pub delivery: Delivery,
    /// How it stands now.
    pub state: State,
    /// What the other side answered, or why nothing was sent.
    pub answer: String,
    /// When it is tried again.
    pub next_at: Option<Moment>,
}

/// What a try ended with (試行の結果).
pub(in crate::notices) enum Outcome {
    /// The other side has it.
    Accepted(String),
    /// Not yet; the other side may ask for a wait.
    Later(String, Duration),
    /// Never.
    Never(String),
    /// Never, since nobody reads it there.
    Nobody(String),
    /// It needs not go any more.
    Needless(String),
}

impl Outcome {
    /// The same in words that name nobody.
    pub(in crate::notices) fn hiding(self, target: &str) -> Self {
        match self {
            Self::Accepted(words) => Self::Accepted(hidden(&words, target)),
            Self::Later(words, wait) => Self::Later(hidden(&words, target), wait),
            Self::Never(words) => Self::Never(hidden(&words, target)),
            Self::Nobody(words) => Self::Nobody(hidden(&words, target)),
            Self::Needless(words) => Self::Needless(words),
        }
    }
}

/// Carries the delivery that has been due longest; nothing when none is due and free.
pub async fn next_due(app: &App) -> anyhow::Result<Option<Report>> {
    match queue::take(app, JOB).await? {
        Some(lease) => carry(app, &lease).await,
        None => Ok(None),
    }
}

/// Carries, due or not, what waits and what was refused, of a provider or of all.
pub async fn now(app: &App, isp: Option<&Isp>) -> anyhow::Result<Vec<Report>> {
    let all = super::all(&app.db, isp.map(|isp| isp.id)).await?;
    let open: Vec<Delivery> = all.into_iter().filter(is_open).collect();
    if !open.is_empty() {
        let deed = Deed::new("notice.carry", "all");
        let deed = isp.map_or(deed, |isp| Deed::new("notice.carry", &isp.code).of_isp(&isp.code));
        audit::note_first(app, deed).await?;
    }
    let carried = futures::stream::iter(open.into_iter().map(|delivery| async move {
        match queue::take_now(app, JOB, delivery.subject()).await? {
            Some(lease) => carry(app, &lease).await,
            None => Ok(None),
        }
    }));
    let mut reports = Vec::new();
    let mut carried = carried.buffered(ABREAST);
    while let Some(report) = carried.next().await {
        // What somebody else carried in the meantime is theirs to tell.
        reports.extend(report?.filter(|report| is_open(&report.delivery)));
    }
    Ok(reports)
}

/// Whether there is something to be tried of it.
fn is_open(delivery: &Delivery) -> bool {
    matches!(delivery.state, State::Waiting | State::Refused)
}

async fn carry(app: &App, lease: &Lease) -> anyhow::Result<Option<Report>> {
    let delivery = store::by_id(&app.db, DeliveryId(lease.subject.0)).await?;
    let Some(delivery) = delivery else { return Ok(None) };
    let outcome = if is_open(&delivery) {
        lease.during(app, Box::pin(attempt(app, lease, &delivery))).await??
    } else {
        // Its last try was written by somebody whose lease had run out of time to be given back.
        let answer = delivery.answer.clone().unwrap_or_default();
        rest(app, lease).await?;
        return Ok(Some(Report { state: delivery.state, delivery, answer, next_at: None }));
    };
    let (state, answer, next_at) = settle(app, lease, &delivery, outcome).await?;
    let name = (&delivery.isp, &delivery.list_id);
    if state == State::Accepted {
        tracing::info!("{} {}: accepted", name.0, name.1);
    } else {
        tracing::warn!("{} {}: {}: {answer}", name.0, name.1, state.word());
    }
    Ok(Some(Report { delivery, state, answer, next_at }))
}

/// Gives back the lease of what is settled already.
pub(in crate::notices) async fn rest(app: &App, lease: &Lease) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    lease.give_back(&mut tx, 0, None).await?;
    Ok(tx.commit().await?)
}

async fn attempt(app: &App, lease: &Lease, delivery: &Delivery) -> anyhow::Result<Outcome> {
    let message = match make::message(app, lease, delivery).await? {
        Ok(message) => message,
        Err(outcome) => return Ok(outcome),
    };
    let outcome = match message.preference.way {
        Way::MailOpenPgp | Way::MailSmime => {
            post(app, delivery.id.0, (message.target(), &message.bytes)).await
        }
        Way::Webhook => webhook::post(app, delivery, &message).await?,
        Way::Portal => Outcome::Needless("the provider fetches its lists now".to_owned()),
    };
    Ok(outcome.hiding(message.target()))
}

/// Hands a mail to the centre's server; what comes back of it comes to the address of `mail`.
pub(in crate::notices) async fn post(app: &App, mail: Uuid, (to, bytes): (&str, &[u8])) -> Outcome {
    let later = |why: String| Outcome::Later(why, Duration::ZERO);
    let Some(settings) = &app.centre.mail else {
        return later(crate::mail::MailRefused::NoServer.to_string());
    };
    let plain = settings.return_to.as_ref().unwrap_or(&settings.from);
    let Some(from) = return_address::signed(&app.keys, plain, mail) else {
        return later(format!("`{plain}` in `centre.toml` is no mail address"));
    };
    let postman = match Postman::of(settings) {
        Ok(postman) => postman,
        Err(refused) => return later(refused.to_string()),
    };
    match postman.hand_over(&from, to, bytes).await {
        Handed::Accepted(words) => Outcome::Accepted(words),
        Handed::Later(words) => Outcome::Later(words, Duration::ZERO),
        Handed::Never(words) => Outcome::Never(words),
        Handed::Nobody(words) => Outcome::Nobody(words),
    }
}

/// What a try comes to (試行の判定): how things stand after it, and when it is tried again.
pub(in crate::notices) struct Verdict {
    /// How it stands.
    pub(in crate::notices) state: State,
    /// The word of what happened.
    pub(in crate::notices) kind: &'static str,
    /// In whose words.
    pub(in crate::notices) answer: String,
    /// How often it failed in a row.
    pub(in crate::notices) attempts: i64,
    /// When it is tried again.
    pub(in crate::notices) next_at: Option<Moment>,
    /// Whether whom it went to is to be doubted.
    pub(in crate::notices) reaches_nobody: bool,
}

/// What an outcome comes to of something that is being tried since then.
pub(in crate::notices) fn weigh(
    app: &App,
    lease: &Lease,
    since: Option<Moment>,
    outcome: Outcome,
) -> Verdict {
    let at = app.now();
    let is_old = since.is_some_and(|since| since.plus_days(GIVE_UP_DAYS) <= at);
    let reaches_nobody = matches!(outcome, Outcome::Nobody(_));
    let (state, kind, answer, wait) = match outcome {
        Outcome::Accepted(words) => (State::Accepted, "accepted", words, None),
        Outcome::Never(words) | Outcome::Nobody(words) => (State::Refused, "refused", words, None),
        Outcome::Needless(words) => (State::Withdrawn, "withdrawn", words, None),
        Outcome::Later(words, _) if is_old => {
            let words = format!("{words}; not tried any more after {GIVE_UP_DAYS} days");
            (State::Refused, "refused", words, None)
        }
        Outcome::Later(words, asked) => (State::Waiting, "later", words, Some(asked)),
    };
    let attempts = if wait.is_some() { lease.attempts + 1 } else { 0 };
    let next_at = wait.map(|asked| {
        schedule::later(at, schedule::back_off(app, attempts).max(asked.min(WAIT_MAX)))
    });
    Verdict { state, kind, answer, attempts, next_at, reaches_nobody }
}

/// Writes what came of a try, and gives the delivery back.
async fn settle(
    app: &App,
    lease: &Lease,
    delivery: &Delivery,
    outcome: Outcome,
) -> anyhow::Result<(State, String, Option<Moment>)> {
    let (at, key) = (app.now(), (delivery.isp_id, delivery.id));
    // Read anew: this very try may have made the message.
    let made = store::by_id(&app.db, delivery.id).await?;
    let verdict = weigh(app, lease, made.as_ref().and_then(|one| one.made_at), outcome);
    let Verdict { state, kind, answer, attempts, next_at, reaches_nobody } = verdict;
    let target = made.filter(|_| reaches_nobody).map(|one| make::target(app, &one)).transpose()?;
    let settled = (state != State::Waiting).then_some(at);
    let write = || async {
        let mut tx = app.db.begin().await?;
        if outbox::is_written(&mut tx, key, lease.fence).await? {
            return anyhow::Ok(());
        }
        lease.check(&mut tx).await?;
        if let Some(Some(target)) = &target {
            contacts::doubt_in(app, &mut tx, target, (MAIL_SERVER, &answer)).await?;
        }
        outbox::set_state(&mut tx, key, (state, 1), &answer, settled).await?;
        let fence = Some(lease.fence);
        let word = outbox::Word { kind, detail: Some(&answer), by: "system", fence };
        outbox::append(&mut tx, key, at, word).await?;
        if matches!(state, State::Accepted | State::Withdrawn) {
            store::drop_message(&mut tx, key).await?;
        }
        lease.give_back(&mut tx, attempts, next_at).await?;
        Ok(tx.commit().await?)
    };
    retry::looking_again(write).await?;
    Ok((state, answer, next_at))
}
