//! `todoke verify`: verdicts from sightings and coverage.

use std::collections::HashMap;

use clap::Args;
use serde::Serialize;

use super::{Ended, Out, given::how_many};
use crate::{
    app::App,
    cases,
    feeds::{self, runs},
    time::Moment,
    verification::clean_scans::{self, Keep, Review},
};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke verify --at 2026-06-01T00:00:00+09:00")]
pub(super) struct Verify {
    /// As of this time instead of now.
    #[arg(long)]
    at: Option<Moment>,
}

/// What a review tells (判定結果): of lines, each once, whatever the number of its cases.
#[derive(Serialize)]
struct Told {
    /// Lines reviewed.
    lines: u64,
    /// Their cases.
    cases: u64,
    open: u64,
    clean_once: u64,
    verified: u64,
    recurred: u64,
    unknown: u64,
    /// Lines whose verdict is another than before.
    changed: u64,
    /// Runs whose coverage came and whose hits did not.
    runs_waiting: usize,
}

impl Verify {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        let at = self.at.unwrap_or_else(|| app.now());
        let past = self.at.is_some() && at < app.now();
        let keep = if past { Keep::Computed } else { Keep::Written };
        let review = clean_scans::review(app, at, keep).await?;
        if past {
            eprintln!("{} is past: the verdicts of then are shown, nothing is kept", at.rfc3339());
        }
        let runs = runs::all(&app.db, at, app.now().max(at)).await?;
        let feeds: HashMap<_, _> =
            feeds::all(&app.db).await?.into_iter().map(|feed| (feed.id, feed.name)).collect();
        for (run, waits) in &runs {
            let name = &run.scan_run;
            let feed = feeds.get(&run.feed).map_or("?", String::as_str);
            if let Some(why) = waits {
                eprintln!("the run {name} of {feed} is not read yet: {why}");
            } else if !run.unread_at.is_empty() {
                let addresses = how_many(run.unread_at.len() as u64, "address");
                eprintln!(
                    "the run {name} of {feed} says nothing of {addresses} that rows in quarantine \
                     name, nor of any line there whose address changes hands"
                );
            }
        }
        let Review { cases: lines, open, clean_once, verified, recurred, unknown, changed } =
            review;
        let cases = cases::count(&app.db, at).await?;
        let told = format!(
            "{} ({}): {open} open, {clean_once} clean once, {verified} verified, {recurred} \
             recurred, {unknown} unknown; {changed} new",
            how_many(lines, "line"),
            how_many(cases, "case"),
        );
        let runs_waiting = runs.iter().filter(|(_, waits)| waits.is_some()).count();
        out.line(
            &Told {
                lines,
                cases,
                open,
                clean_once,
                verified,
                recurred,
                unknown,
                changed,
                runs_waiting,
            },
            told,
        )?;
        Ok(Ended::Done)
    }
}
