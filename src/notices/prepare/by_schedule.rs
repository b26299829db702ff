//! Preparing by a schedule (定期作成): what waits of every provider goes on a list at the times that
//! the centre settled, without anybody at a desk.
//!
//! One node does so at a time. A provider whose list fails holds no other back: the rest is
//! prepared, and what failed is tried again soon; what was prepared by then waits no more. Reads
//! the register of providers, and by its verbs the campaigns.

use super::Prepared;
use crate::{
    app::App,
    campaigns::enrol,
    isps,
    jobs::{queue, schedule},
    time::Moment,
};

/// The kind of the job.
const JOB: &str = "preparing";

/// What came of one time (定期作成の結果).
#[derive(Debug)]
#[doc(alias = "定期作成の結果")]
pub struct Run {
    /// Providers of whom something waited, by their codes.
    pub prepared: Vec<(String, Prepared)>,
    /// Codes of those whose list failed.
    pub failed: Vec<String>,
    /// When it is time again.
    pub next_at: Moment,
}

/// Prepares all lists if it is time to; nothing where it is not, or where no time is settled.
pub async fn next_due(app: &App) -> anyhow::Result<Option<Run>> {
    let Some(settings) = &app.centre.lists else { return Ok(None) };
    let Some(lease) = queue::take_sole_by(app, JOB, &settings.prepare).await? else {
        return Ok(None);
    };
    let done = lease.during(app, Box::pin(all(app))).await?;
    let at = app.now();
    let planned = settings.prepare.next(at);
    let soon = schedule::later(at, schedule::back_off(app, lease.attempts + 1));
    let has_failed = done.as_ref().map_or(true, |(_, failed)| !failed.is_empty());
    let next_at = if has_failed {
        let next_at = planned.map_or(soon, |planned| planned.min(soon));
        lease.failed(app, next_at).await?;
        next_at
    } else {
        let next_at = planned.unwrap_or(soon);
        lease.done(app, next_at).await?;
        next_at
    };
    let (prepared, failed) = done?;
    Ok(Some(Run { prepared, failed, next_at }))
}

async fn all(app: &App) -> anyhow::Result<(Vec<(String, Prepared)>, Vec<String>)> {
    // A list is prepared by what campaigns name now.
    enrol::all(app).await?;
    let (mut prepared, mut failed) = (Vec::new(), Vec::new());
    for isp in isps::all(&app.db).await? {
        match super::all_for_isp(app, &isp).await {
            Ok(done) if done.is_nothing() => {}
            Ok(done) => prepared.push((isp.code, done)),
            Err(fault) => {
                tracing::error!("the list of {} is not prepared: {fault:#}", isp.code);
                failed.push(isp.code);
            }
        }
    }
    Ok((prepared, failed))
}
