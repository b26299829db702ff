//! `todoke ingest`: takes files in, exactly once by content.

mod chain;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use serde::Serialize;

use super::{
    Ended, Out, Refused, feed_named,
    given::{how_many, still_waiting},
};
use crate::{
    app::App,
    attribution::Attributor,
    feeds::{
        Feed,
        files::Holds,
        hits, quarantine,
        receive::{self, Counts},
        refusals,
    },
    ids::FileId,
};

pub(super) use chain::Chain;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke ingest --feed telnet 2026-11-22-scan_telnet-jp.csv\n  \
                  todoke ingest --feed notice-scan --run 2026-05 nothing-found.csv")]
pub(super) struct Ingest {
    /// The feed they belong to.
    #[arg(long)]
    feed: String,
    /// The scan run whose hits these are, for a list without a row that could name it.
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    run: Option<String>,
    /// The files: CSV, zip or gzip.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// What became of a file (取込結果).
#[derive(Debug, Serialize)]
pub struct Taken {
    /// Its key.
    #[serde(skip)]
    id: FileId,
    /// The name it bears this time.
    pub file: String,
    /// The hash of its content.
    pub sha256: String,
    /// Whether it was in already; the counts are then those of the first time.
    pub already_ingested: bool,
    /// What came of its rows.
    #[serde(flatten)]
    pub counts: Counts,
    /// Rows that still wait in quarantine.
    pub waiting: i64,
    /// The run whose hits it was named as.
    pub run: Option<String>,
    /// Why it was refused as a whole.
    pub refused: Option<String>,
    /// Wall time.
    pub seconds: f64,
}

impl Ingest {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        let feed = feed_named(app, &self.feed).await?;
        for path in &self.files {
            if !path.is_file() {
                return Err(Refused::because(format!("{} is no file", path.display())));
            }
        }
        let attributor = Attributor::load(&app.db).await?;
        let mut ended = Ended::Done;
        for path in &self.files {
            let mut taken = take_in(app, &feed, &attributor, path).await?;
            if let Some(run) = self.run.as_deref().filter(|_| taken.is_whole()) {
                hits::name_run(app, taken.id, run).await?;
                taken.run = Some(run.to_owned());
            }
            if taken.refused.is_some() || taken.waiting > 0 {
                ended = Ended::PartlyRefused;
            }
            if let Some(warning) = taken.unheard(self.run.as_deref()) {
                eprintln!("{warning}");
            }
            out.line(&taken, words(&taken))?;
        }
        Ok(ended)
    }
}

impl Taken {
    /// Whether every row of it was understood, so that its silence on a place means something.
    fn is_whole(&self) -> bool {
        self.refused.is_none() && self.counts.quarantined == 0
    }

    /// What to say of a list whose silence nobody will hear, as things are; `run` was asked for.
    fn unheard(&self, run: Option<&str>) -> Option<String> {
        let name = &self.file;
        match run {
            Some(run) if self.run.is_none() => Some(format!(
                "{name}: not noted as the hits of {run}, since not all of it was understood"
            )),
            None if self.refused.is_none() && self.counts.rows == 0 => Some(format!(
                "{name} holds no row and counts for no run; if a run found nothing, name it: \
                 `todoke ingest --run RUN`"
            )),
            _ => None,
        }
    }
}

fn words(taken: &Taken) -> String {
    let Counts { rows, sightings, repeats, quarantined, unattributed, .. } = taken.counts;
    let Counts { cases_opened, cases_extended, cases_recurred, .. } = taken.counts;
    let name = &taken.file;
    if let Some(why) = &taken.refused {
        return format!("{name}: refused: {why}");
    }
    let already = if taken.already_ingested { " (was in already)" } else { "" };
    let run = taken.run.as_ref().map_or_else(String::new, |run| format!("; noted for run {run}"));
    format!(
        "{name}{already}: {}: {}, {}, {quarantined} in quarantine{}, {unattributed} unattributed; \
         cases: {cases_opened} opened, {cases_extended} extended, {cases_recurred} recurred{run} \
         ({:.1} s)",
        how_many(rows, "row"),
        how_many(sightings, "sighting"),
        how_many(repeats, "repeat"),
        still_waiting(taken.already_ingested, taken.waiting),
        taken.seconds
    )
}

/// Takes one file in, from where an earlier run left it.
pub async fn take_in(
    app: &App,
    feed: &Feed,
    attributor: &Attributor,
    path: &Path,
) -> anyhow::Result<Taken> {
    let start = std::time::Instant::now();
    let accepted = receive::accept(app, feed, Holds::Hits, path).await?;
    let file = accepted.file;
    let mut counts: Counts = serde_json::from_str(&file.counts)?;
    let mut refused = file.refused.clone();
    let already_ingested = file.is_in();
    if file.completed_at.is_none() {
        match receive::open_rows(feed, &file.name, path, app.now()) {
            Ok(rows) => {
                let progress = progress_bar(path);
                let id = file.id;
                let sort_out = move |rows| chain::sort_out(id, rows);
                let mut handfuls = receive::handfuls(rows, file.rows_done, sort_out);
                let chain = Chain { app, feed, attributor, file: &file };
                while let Some(batch) = handfuls.next_batch().await {
                    counts = chain.take_batch(batch).await?;
                    progress.set_position(counts.rows);
                }
                let broken = handfuls.broken().await?;
                refused = broken.map(|fault| refusals::within(&fault));
                progress.finish_and_clear();
            }
            Err(why) => refused = Some(refusals::whole(&why)),
        }
        receive::close(app, &file, refused.as_deref()).await?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let waiting = quarantine::waiting(&app.db, file.id).await?;
    Ok(Taken {
        id: file.id,
        file: receive::name_of(path),
        sha256: file.sha256,
        already_ingested,
        counts,
        waiting,
        run: None,
        refused,
        seconds,
    })
}

fn progress_bar(path: &Path) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new_spinner();
    let shape = "{spinner} {msg}: {human_pos} rows, {per_sec}";
    let style = indicatif::ProgressStyle::with_template(shape);
    bar.set_style(style.unwrap_or_else(|_| indicatif::ProgressStyle::default_spinner()));
    bar.set_message(path.display().to_string());
    bar.enable_steady_tick(Duration::from_secs(1));
    bar
}
