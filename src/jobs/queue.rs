//! The queue (作業待ち行列): which job is due, and which node may do it.
//!
//! A job is named by its kind and its subject. Whoever takes one gets a lease with a fence, a
//! number that grows with each lease. Each write that a holder makes is checked against the fence
//! in its own transaction, so that a node which slept through its lease cannot undo what the next
//! holder did. Any number of nodes may ask at once. Owns `jobs`.

use std::time::Duration;

use sqlx::FromRow;
use uuid::Uuid;

use super::{schedule::Schedule, store};
use crate::{
    app::App,
    db::{Db, Tx, retry},
    ids::SubjectId,
    time::Moment,
};

/// How long a lease lasts unless its holder prolongs it.
pub const LEASE: Duration = Duration::from_mins(5);

/// How often a holder that lives prolongs it.
const HEARTBEAT: Duration = Duration::from_mins(1);

/// The subject of a job of which there is one.
const SOLE: SubjectId = SubjectId(Uuid::nil());

/// The right to do one job (作業の貸与), until it is given back or runs out.
#[derive(Clone, Debug)]
#[doc(alias = "作業の貸与")]
pub struct Lease {
    /// What kind of job.
    pub kind: &'static str,
    /// What it is done to.
    pub subject: SubjectId,
    /// The number of this lease; each one of a job is greater than those before.
    pub fence: i64,
    /// How often the job failed in a row before.
    pub attempts: i64,
}

/// A lease that ran out and was taken by somebody else, or whose job is gone.
#[derive(Debug, thiserror::Error)]
#[error("another node has taken this job over")]
pub struct Lost;

/// How a job stands (作業の状態).
#[derive(Clone, Copy, Debug, FromRow)]
#[doc(alias = "作業の状態")]
pub struct Standing {
    /// What it is done to.
    pub subject: SubjectId,
    /// When it is done next; nothing = it rests.
    pub due_at: Option<Moment>,
    /// Until when somebody holds it.
    pub leased_until: Option<Moment>,
}

/// How the jobs of a kind stand.
pub async fn standings(db: &Db, kind: &str) -> crate::db::Result<Vec<Standing>> {
    store::standings(db, kind).await
}

/// Enters a job, or moves it to another time; without one it rests.
pub async fn plan(
    tx: &mut Tx,
    kind: &str,
    subject: SubjectId,
    due: Option<Moment>,
) -> crate::db::Result<()> {
    store::plan(tx, kind, subject, due).await
}

/// Takes a job out; whoever holds it can write no more.
pub async fn forget(tx: &mut Tx, kind: &str, subject: SubjectId) -> crate::db::Result<()> {
    store::forget(tx, kind, subject).await
}

/// Takes the job of that kind that has been due longest; nothing when none is due and free.
pub async fn take(app: &App, kind: &'static str) -> anyhow::Result<Option<Lease>> {
    lend(app, kind, None).await
}

/// Takes that job, due or not; nothing when somebody else holds it.
pub async fn take_now(
    app: &App,
    kind: &'static str,
    subject: SubjectId,
) -> anyhow::Result<Option<Lease>> {
    lend(app, kind, Some(subject)).await
}

/// Takes a job of which there is one, and which is there from the first time it is asked for.
pub async fn take_sole(app: &App, kind: &'static str) -> anyhow::Result<Option<Lease>> {
    if let Some(lease) = take_now(app, kind, SOLE).await? {
        return Ok(Some(lease));
    }
    enter_sole(app, kind).await?;
    take_now(app, kind, SOLE).await
}

/// The same, when it is due; the first time it is so at once.
pub async fn take_sole_due(app: &App, kind: &'static str) -> anyhow::Result<Option<Lease>> {
    let lease = take(app, kind).await?;
    if lease.is_some() || !standings(&app.db, kind).await?.is_empty() {
        return Ok(lease);
    }
    enter_sole(app, kind).await?;
    take(app, kind).await
}

/// The same, when a schedule says so. The first time is not before the schedule's next; one that
/// comes sooner than what was planned by another schedule moves the job there.
pub async fn take_sole_by(
    app: &App,
    kind: &'static str,
    schedule: &Schedule,
) -> anyhow::Result<Option<Lease>> {
    let planned = standings(&app.db, kind).await?.first().and_then(|job| job.due_at);
    let next = schedule.next(app.now());
    if next.is_some() && planned.is_none_or(|due| next.is_some_and(|next| next < due)) {
        let plan_it = || async {
            let mut tx = app.db.begin().await?;
            plan(&mut tx, kind, SOLE, next).await?;
            tx.commit().await
        };
        retry::until_settled(plan_it).await?;
    }
    take(app, kind).await
}

async fn enter_sole(app: &App, kind: &'static str) -> crate::db::Result<()> {
    let enter = || async {
        let mut tx = app.db.begin().await?;
        store::enter(&mut tx, kind, SOLE, app.now()).await?;
        tx.commit().await
    };
    retry::until_settled(enter).await
}

async fn lend(
    app: &App,
    kind: &'static str,
    subject: Option<SubjectId>,
) -> anyhow::Result<Option<Lease>> {
    let lend = || async {
        let now = app.now();
        let mut tx = app.db.begin().await?;
        let due = match subject {
            Some(subject) => store::free(&mut tx, kind, subject, now).await?,
            None => store::next_due(&mut tx, kind, now).await?,
        };
        let Some((subject, fence, attempts)) = due else { return Ok(None) };
        let held = store::Held { kind, subject, fence };
        if !store::lend(&mut tx, held, until(now)).await? {
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(Lease { kind, subject, fence: fence + 1, attempts }))
    };
    // A commit that nobody saw end leaves at worst a lease that runs out by itself.
    Ok(retry::again(lend).await?)
}

fn until(now: Moment) -> Moment {
    Moment(now.0.saturating_add(i64::try_from(LEASE.as_micros()).unwrap_or(i64::MAX)))
}

impl Lease {
    fn held(&self) -> store::Held<'_> {
        store::Held { kind: self.kind, subject: self.subject, fence: self.fence }
    }

    /// Makes sure, for the rest of the transaction, that nobody has taken the job since; a write by
    /// its holder begins with this.
    /// Where the lease is lost, the transaction fails as overtaken.
    pub async fn check(&self, tx: &mut Tx) -> crate::db::Result<()> {
        store::hold(tx, self.held()).await
    }

    /// Gives the job back, to be done again at `due`, in the transaction that says what came of it.
    pub async fn give_back(
        &self,
        tx: &mut Tx,
        attempts: i64,
        due: Option<Moment>,
    ) -> crate::db::Result<()> {
        store::give_back(tx, self.held(), attempts, due).await
    }

    /// Gives the job back after it was done, to be done again at `due`.
    pub async fn done(&self, app: &App, due: Moment) -> anyhow::Result<()> {
        self.rest(app, 0, due).await
    }

    /// The same after it failed.
    pub async fn failed(&self, app: &App, due: Moment) -> anyhow::Result<()> {
        self.rest(app, self.attempts + 1, due).await
    }

    async fn rest(&self, app: &App, attempts: i64, due: Moment) -> anyhow::Result<()> {
        let give_back = || async {
            let mut tx = app.db.begin().await?;
            self.give_back(&mut tx, attempts, Some(due)).await?;
            tx.commit().await
        };
        Ok(retry::again(give_back).await?)
    }

    /// Does `work` and prolongs the lease as long as it takes; where the lease is lost, `work` is
    /// dropped at its next pause.
    pub async fn during<T>(&self, app: &App, work: impl Future<Output = T>) -> anyhow::Result<T> {
        tokio::pin!(work);
        let mut beat = tokio::time::interval(HEARTBEAT);
        beat.tick().await;
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                _ = beat.tick() => self.prolong(app).await?,
            }
        }
    }

    async fn prolong(&self, app: &App) -> anyhow::Result<()> {
        let prolong = || async {
            let mut tx = app.db.begin().await?;
            let held = store::prolong(&mut tx, self.held(), until(app.now())).await?;
            tx.commit().await?;
            Ok(held)
        };
        if retry::until_settled(prolong).await? { Ok(()) } else { Err(Lost.into()) }
    }
}
