//! Carrying (配達) reminders: one node at a time, the same bytes until they are taken.
//!
//! That the mail server took one is the fact that its provider was reminded: it is written beside
//! the reminders that were due, in the transaction that gives the lease back.

use super::{Body, JOB, ReminderMail, make, store};
use crate::{
    app::App,
    audit::{self, Deed},
    db::{Tx, retry},
    ids::{ReminderId, ReminderMailId},
    isps::contacts,
    jobs::queue::{self, Lease},
    notices::{
        dispatch::{
            State,
            carry::{MAIL_SERVER, Outcome, Verdict, hidden, post, rest, weigh},
        },
        store::{
            chasing::{self as facts, NewReminder},
            outbox, returns,
        },
    },
    time::Moment,
};

/// What came of a try (督促メールの配達結果).
#[derive(Clone, Debug)]
pub struct Report {
    /// The mail as it stood before.
    pub mail: ReminderMail,
    /// How it stands now.
    pub state: State,
    /// What the mail server answered, or why nothing was sent.
    pub answer: String,
    /// When it is tried again.
    pub next_at: Option<Moment>,
}

/// Carries the mail that has been due longest; nothing when none is due and free.
pub async fn next_due(app: &App) -> anyhow::Result<Option<Report>> {
    let Some(lease) = queue::take(app, JOB).await? else { return Ok(None) };
    let mut tx = app.db.snapshot().await?;
    let mail = store::by_id(&mut tx, ReminderMailId(lease.subject.0)).await?;
    drop(tx);
    let Some(mail) = mail else { return Ok(None) };
    if mail.state != State::Waiting {
        // Its last try was written by somebody whose lease had run out of time to be given back.
        rest(app, &lease).await?;
        let (state, answer) = (mail.state, mail.answer.clone().unwrap_or_default());
        return Ok(Some(Report { mail, state, answer, next_at: None }));
    }
    let outcome = lease.during(app, Box::pin(attempt(app, &lease, &mail))).await??;
    let verdict = weigh(app, &lease, Some(mail.made_at.unwrap_or(mail.entered_at)), outcome);
    settle(app, (&lease, &mail), &verdict).await?;
    let Verdict { state, answer, next_at, .. } = verdict;
    if state == State::Accepted {
        tracing::info!("{}: reminder accepted", mail.isp);
    } else {
        tracing::warn!("{}: reminder {}: {answer}", mail.isp, state.word());
    }
    Ok(Some(Report { mail, state, answer, next_at }))
}

async fn attempt(app: &App, lease: &Lease, mail: &ReminderMail) -> anyhow::Result<Outcome> {
    let message = match make::message(app, lease, mail).await? {
        Ok(message) => message,
        Err(outcome) => return Ok(outcome),
    };
    let outcome = post(app, mail.id.0, (&message.target, &message.bytes)).await;
    Ok(outcome.hiding(&message.target))
}

/// Writes what came of a try, and gives the mail back.
async fn settle(
    app: &App,
    (lease, mail): (&Lease, &ReminderMail),
    verdict: &Verdict,
) -> anyhow::Result<()> {
    let (at, key) = (app.now(), mail.key());
    let settled = (verdict.state != State::Waiting).then_some(at);
    let body = mail.body()?;
    let write = || async {
        let mut tx = app.db.begin().await?;
        if outbox::is_written(&mut tx, key, lease.fence).await? {
            return anyhow::Ok(());
        }
        lease.check(&mut tx).await?;
        let answer = verdict.answer.as_str();
        if verdict.reaches_nobody
            && let Some(target) = make::target(app, &mut tx, mail).await?
        {
            contacts::doubt_in(app, &mut tx, &target, (MAIL_SERVER, answer)).await?;
        }
        outbox::set_state(&mut tx, key, (verdict.state, 1), answer, settled).await?;
        let (detail, fence) = (Some(answer), Some(lease.fence));
        let word = outbox::Word { kind: verdict.kind, detail, by: "system", fence };
        outbox::append(&mut tx, key, at, word).await?;
        if matches!(verdict.state, State::Accepted | State::Withdrawn) {
            store::drop_message(&mut tx, key).await?;
        }
        if verdict.state == State::Accepted {
            note(app, &mut tx, (mail, &body)).await?;
        }
        lease.give_back(&mut tx, verdict.attempts, verdict.next_at).await?;
        Ok(tx.commit().await?)
    };
    retry::looking_again(write).await
}

/// Notes that the provider was reminded of these lists.
async fn note(
    app: &App,
    tx: &mut Tx,
    (mail, body): (&ReminderMail, &Body),
) -> crate::db::Result<()> {
    let Body::Reports(lists) = body else { return Ok(()) };
    for list in lists {
        let fact = NewReminder {
            id: ReminderId(app.fresh_id()),
            notice: list.notice,
            reason: &list.reason,
            state: "noted",
            way: Some("mail"),
            at: app.now(),
            author: "system",
            mail: Some(mail.id),
        };
        facts::insert(tx, mail.isp_id, &fact).await?;
    }
    Ok(())
}

/// What came back of a reminder, as it stands now, and whether the mail of these bytes is news;
/// nothing where no reminder has that key. Whom it went to is doubted until somebody confirms it,
/// in the transaction that says why: whoever is cut off leaves neither.
pub(in crate::notices) async fn came_back(
    app: &App,
    id: ReminderMailId,
    said: (&str, &str),
    sha256: &[u8],
) -> anyhow::Result<Option<(ReminderMail, bool)>> {
    retry::looking_again(|| came_back_once(app, id, said, sha256)).await
}

async fn came_back_once(
    app: &App,
    id: ReminderMailId,
    (kind, detail): (&str, &str),
    sha256: &[u8],
) -> anyhow::Result<Option<(ReminderMail, bool)>> {
    let mut tx = app.db.begin().await?;
    let Some(mail) = store::by_id(&mut tx, id).await? else { return Ok(None) };
    let target = make::target(app, &mut tx, &mail).await?;
    let detail = &hidden(detail, target.as_deref().unwrap_or_default());
    let is_new = returns::insert(&mut tx, (sha256, id.0), kind, app.now()).await?;
    let is_news = is_new && mail.state != State::Bounced;
    if is_news {
        if kind == "bounced" {
            let settled = Some(app.now());
            outbox::set_state(&mut tx, mail.key(), (State::Bounced, 0), detail, settled).await?;
            store::drop_message(&mut tx, mail.key()).await?;
        }
        let word = outbox::Word { kind, detail: Some(detail), by: MAIL_SERVER, fence: None };
        outbox::append(&mut tx, mail.key(), app.now(), word).await?;
    }
    if let (true, "bounced", Some(target)) = (is_news, kind, target) {
        contacts::doubt_in(app, &mut tx, &target, (MAIL_SERVER, detail)).await?;
    }
    if is_new {
        let deed = Deed::new("notice.bounce", "reminder").of_isp(&mail.isp);
        audit::note_deed(app, &mut tx, deed).await?;
    }
    let mail = store::by_id(&mut tx, id).await?;
    tx.commit().await?;
    Ok(mail.map(|mail| (mail, is_new)))
}
