//! `todoke verify`: verdicts from sightings and coverage.

use clap::Args;

use super::{Ended, Out, moment_or_now};
use crate::{
    app::App,
    verification::clean_scans::{self, Keep},
};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke verify --at 2026-06-01T00:00:00+09:00")]
pub(super) struct Verify {
    /// As of this time instead of now.
    #[arg(long)]
    at: Option<String>,
}

impl Verify {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        let at = moment_or_now(app, self.at.as_deref())?;
        let past = self.at.is_some() && at < app.now();
        let keep = if past { Keep::Computed } else { Keep::Written };
        let review = clean_scans::review(app, at, keep).await?;
        if past {
            eprintln!("{} is past: the verdicts of then are shown, nothing is kept", at.rfc3339());
        }
        out.line(
            &review,
            format!(
                "{} cases: {} open, {} clean once, {} verified, {} recurred, {} unknown; {} new",
                review.cases,
                review.open,
                review.clean_once,
                review.verified,
                review.recurred,
                review.unknown,
                review.changed
            ),
        )?;
        Ok(Ended::Done)
    }
}
