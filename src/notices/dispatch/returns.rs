//! Returns (不達メールの受信): the mailbox of the return address, fetched by IMAP on a schedule.
//!
//! One node fetches at a time. A mail that says something of a delivery is written, remembered, and
//! only then marked as seen or moved, so that nobody who is cut off loses or doubles one. Any other
//! mail stays unseen for people to look at, is remembered with the reason, and not fetched again.
//! Owns `bounce_items` and `bounce_runs`.

use serde::Serialize;

use super::bounce;
use crate::{
    access::keys::secret_of,
    app::App,
    audit::{self, Deed},
    config::BounceMailbox,
    db::retry,
    jobs::{
        queue::{self, Lease},
        schedule,
    },
    mail::mailbox::{HANDFUL, Head, MAIL_MAX, Mailbox, Place},
    net::{Trouble, dial::Dialling},
    notices::store::returns as store,
    time::Moment,
};

/// The kind of the job: one mailbox, one node at a time.
const JOB: &str = "bounces";
/// Mails of one run; what is left comes with the next.
const MAILS_MAX: usize = 1_000;

/// What came of a run (受信結果).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[doc(alias = "受信結果")]
pub struct Came {
    /// Mails that said something of a delivery.
    pub taken: i64,
    /// Mails that were taken before.
    pub known: i64,
    /// Mails that say nothing of a delivery, and stay unseen.
    pub refused: i64,
}

/// A run that ended (受信回の報告).
#[derive(Clone, Debug)]
#[doc(alias = "受信回の報告")]
pub struct Report {
    /// What came.
    pub came: Came,
    /// What went wrong.
    pub fault: Option<String>,
    /// When the next run is due.
    pub next_at: Option<Moment>,
}

/// Why nothing is fetched (受信の拒否).
#[derive(Debug, thiserror::Error)]
pub enum NotFetched {
    /// The settings name no mailbox.
    #[error(
        "`centre.toml` has no section [bounces]: write host, user and password_file there, or hand \
         mails over by `todoke notice bounce`"
    )]
    NoMailbox,
    /// Another node does so.
    #[error("the mailbox is being fetched; see again in a few minutes")]
    Held,
}

/// Fetches the mailbox if it is due; nothing when it is not, or none is set.
pub async fn next_due(app: &App) -> anyhow::Result<Option<Report>> {
    let Some(settings) = &app.centre.bounces else { return Ok(None) };
    match queue::take_sole_due(app, JOB).await? {
        Some(lease) => run(app, &lease, settings).await.map(Some),
        None => Ok(None),
    }
}

/// Fetches the mailbox now, due or not.
pub async fn now(app: &App) -> anyhow::Result<Result<Report, NotFetched>> {
    let Some(settings) = &app.centre.bounces else { return Ok(Err(NotFetched::NoMailbox)) };
    let Some(lease) = queue::take_sole(app, JOB).await? else { return Ok(Err(NotFetched::Held)) };
    audit::note_first(app, Deed::new("notice.fetch_bounces", &settings.mailbox)).await?;
    run(app, &lease, settings).await.map(Ok)
}

async fn run(app: &App, lease: &Lease, settings: &BounceMailbox) -> anyhow::Result<Report> {
    let mut came = Came::default();
    let fetched = lease.during(app, Box::pin(fetch(app, lease, settings, &mut came))).await?;
    let at = app.now();
    let (attempts, next_at, fault) = match fetched {
        Ok(true) => (0, Some(at), None),
        Ok(false) => (0, settings.schedule.next(at), None),
        Err(trouble) => {
            let attempts = lease.attempts + 1;
            let next = schedule::later(at, schedule::back_off(app, attempts));
            (attempts, Some(next), Some(trouble.sentence))
        }
    };
    let end = || async {
        let mut tx = app.db.begin().await?;
        if store::has_ended(&mut tx, lease.fence).await? {
            return Ok(());
        }
        lease.check(&mut tx).await?;
        store::insert_run(&mut tx, (lease.fence, at), came, fault.as_deref()).await?;
        lease.give_back(&mut tx, attempts, next_at).await?;
        tx.commit().await
    };
    retry::until_settled(end).await?;
    if let Some(fault) = &fault {
        tracing::warn!("the mailbox of bounces: {fault}");
    }
    Ok(Report { came, fault, next_at })
}

/// Takes what is new; tells whether there is more.
async fn fetch(
    app: &App,
    lease: &Lease,
    settings: &BounceMailbox,
    came: &mut Came,
) -> Result<bool, Trouble> {
    let dialling =
        Dialling { allow_private: settings.allow_private, ca_file: settings.ca_file.clone() };
    let place = Place {
        host: (&settings.host, settings.port),
        plain: settings.plain,
        user: &settings.user,
        folder: &settings.mailbox,
        processed: settings.processed.as_deref(),
        dialling: &dialling,
    };
    if let Some(why) = place.objection() {
        return Err(Trouble::new(why));
    }
    let password = secret_of(&settings.password_file).map_err(Trouble::new)?;
    let mut mails = Mailbox::open(place, &password).await?;
    let mut fresh = Vec::new();
    for uid in mails.unseen().await? {
        let known = store::item(&app.db, &format!("{}-{uid}", mails.validity)).await;
        // Those that were refused stay unseen; they take no place from the others.
        if !matches!(known.map_err(anyhow::Error::from)?, Some(Some(_))) {
            fresh.push(uid);
        }
        if fresh.len() > MAILS_MAX {
            break;
        }
    }
    let more = fresh.len() > MAILS_MAX;
    fresh.truncate(MAILS_MAX);
    for some in fresh.chunks(HANDFUL) {
        for head in mails.heads(some).await? {
            take(app, lease, (&mut mails, &head), came).await?;
        }
    }
    mails.close().await;
    Ok(more)
}

/// Takes one mail: written, remembered, and only then marked.
async fn take(
    app: &App,
    lease: &Lease,
    (mails, head): (&mut Mailbox<'_>, &Head),
    came: &mut Came,
) -> Result<(), Trouble> {
    let item = format!("{}-{}", mails.validity, head.uid);
    // An earlier run may have been cut off between remembering and marking.
    if store::item(&app.db, &item).await.map_err(anyhow::Error::from)? == Some(None) {
        return mails.mark(head.uid).await;
    }
    let refused = if head.bytes > MAIL_MAX {
        Some(format!("the mail has {} bytes; at most {MAIL_MAX} are fetched", head.bytes))
    } else {
        // Somebody may have removed it in the meantime.
        let Some(body) = mails.body(head.uid).await? else { return Ok(()) };
        match bounce::take(app, &body).await? {
            Ok(returned) if returned.is_known => {
                came.known += 1;
                None
            }
            Ok(_) => {
                came.taken += 1;
                None
            }
            Err(why) => Some(why.to_string()),
        }
    };
    remember(app, lease, &item, refused.as_deref()).await?;
    if let Some(why) = refused {
        came.refused += 1;
        tracing::info!("mail {item} of the mailbox of bounces stays unseen: {why}");
        return Ok(());
    }
    mails.mark(head.uid).await
}

async fn remember(
    app: &App,
    lease: &Lease,
    item: &str,
    refused: Option<&str>,
) -> anyhow::Result<()> {
    let remember = || async {
        let mut tx = app.db.begin().await?;
        lease.check(&mut tx).await?;
        store::insert_item(&mut tx, item, app.now(), refused).await?;
        tx.commit().await
    };
    Ok(retry::until_settled(remember).await?)
}
