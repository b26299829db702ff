//! Jobs of notices (注意喚起の定期作業): lists that are due to be prepared or to leave, reminders, and
//! mails that came back.

use super::{
    dispatch::{
        carry::{self, Report},
        returns, sealing,
    },
    prepare::by_schedule,
    reminders::{self, carry as mails},
};
use crate::{
    app::App,
    jobs::{queue, schedule::Schedule},
};

/// The kind of the job that looks at the calendar: one node does so at a time.
const CALENDAR: &str = "reminding";
/// When it does: in the morning, when somebody is at the desks that it writes to.
const MORNING: &str = "0 9 * * *";

/// Prepares the lists of all providers if it is time to; nothing when it is not.
pub async fn prepare_lists(app: &App) -> anyhow::Result<Option<by_schedule::Run>> {
    by_schedule::next_due(app).await
}

/// Carries one list that is due; nothing when none is.
pub async fn send_next(app: &App) -> anyhow::Result<Option<Report>> {
    carry::next_due(app).await
}

/// Seals some of what once stood in the clear; tells whether there was any.
pub async fn seal_some(app: &App) -> anyhow::Result<bool> {
    Ok(sealing::some(app).await? > 0)
}

/// Carries one reminder that is due; nothing when none is.
pub async fn remind_next(app: &App) -> anyhow::Result<Option<mails::Report>> {
    mails::next_due(app).await
}

/// Once a day, enters the reminders of that day.
pub async fn look_at_calendar(app: &App) -> anyhow::Result<()> {
    let Some(lease) = queue::take_sole_due(app, CALENDAR).await? else { return Ok(()) };
    let entered = lease.during(app, Box::pin(reminders::by_calendar(app))).await?;
    let morning: Schedule = MORNING.parse()?;
    // Also where it failed: what is due today is still due tomorrow.
    lease.done(app, morning.next(app.now()).unwrap_or(app.now())).await?;
    entered
}

/// Fetches the mailbox of bounces if it is due; nothing when it is not.
pub async fn fetch_bounces(app: &App) -> anyhow::Result<Option<returns::Report>> {
    returns::next_due(app).await
}
