//! `todoke verify`: verdicts from sightings and coverage.

use std::collections::HashMap;

use clap::Args;
use serde::Serialize;

use super::{Ended, Out, moment_or_now};
use crate::{
    app::App,
    feeds::{self, coverage},
    verification::clean_scans::{self, Keep, Review},
};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke verify --at 2026-06-01T00:00:00+09:00")]
pub(super) struct Verify {
    /// As of this time instead of now.
    #[arg(long)]
    at: Option<String>,
}

/// What a review tells (判定結果).
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    review: Review,
    /// Runs whose coverage came and whose hits did not.
    runs_waiting: usize,
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
        let waiting = coverage::waiting(&app.db, at, app.now().max(at)).await?;
        let feeds: HashMap<_, _> =
            feeds::all(&app.db).await?.into_iter().map(|feed| (feed.id, feed.name)).collect();
        for (run, why) in &waiting {
            let feed = feeds.get(&run.feed).map_or("?", String::as_str);
            eprintln!("the run {} of {feed} is not read yet: {why}", run.scan_run);
        }
        out.line(
            &Told { review, runs_waiting: waiting.len() },
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
