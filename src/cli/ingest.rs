//! `todoke ingest`: takes files in, exactly once by content.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;

use super::{
    Ended, Out, Refused, feed_named,
    given::{how_many, still_waiting},
};
use crate::{
    app::App,
    attribution::Attributor,
    feeds::{hits, receive::Counts},
    intake::{self, Taken},
};

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
    /// The files: plain, zip, gzip, zstd, or a mail (.eml) that carries them.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Ingest {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        let feed = feed_named(app, &self.feed).await?;
        for path in &self.files {
            if !path.is_file() {
                return Err(Refused::because(format!("{} is no file", path.display())));
            }
        }
        let attributor = Attributor::load(app).await?;
        let mut ended = Ended::Done;
        for path in &self.files {
            let bar = progress_bar(path);
            let progress = |rows| bar.set_position(rows);
            let taken = intake::take_in(app, (&feed, &attributor), path, &progress).await;
            bar.finish_and_clear();
            for taken in taken? {
                let taken = self.named(app, taken).await?;
                if taken.refused.is_some() || taken.waiting > 0 {
                    ended = Ended::PartlyRefused;
                }
                if let Some(warning) = unheard(&taken, self.run.as_deref()) {
                    eprintln!("{warning}");
                }
                out.line(&taken, words(&taken))?;
            }
        }
        Ok(ended)
    }

    /// Notes a whole file as the hits of the run that was named.
    async fn named(&self, app: &App, taken: Taken) -> anyhow::Result<Taken> {
        let Some(run) = self.run.as_deref().filter(|_| taken.is_whole()) else { return Ok(taken) };
        hits::name_run(app, taken.id, run).await?;
        Ok(Taken { run: Some(run.to_owned()), ..taken })
    }
}

/// What to say of a list whose silence nobody will hear, as things are; `run` was asked for.
fn unheard(taken: &Taken, run: Option<&str>) -> Option<String> {
    let name = &taken.file;
    match run {
        Some(run) if taken.run.is_none() => Some(format!(
            "{name}: not noted as the hits of {run}, since not all of it was understood"
        )),
        None if taken.refused.is_none() && taken.counts.rows == 0 => Some(format!(
            "{name} holds no row and counts for no run; if a run found nothing, name it: \
             `todoke ingest --run RUN`"
        )),
        _ => None,
    }
}

/// What became of a file, for people.
pub(super) fn words(taken: &Taken) -> String {
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
         ({:.1} s){}",
        how_many(rows, "row"),
        how_many(sightings, "sighting"),
        how_many(repeats, "repeat"),
        still_waiting(taken.already_ingested, taken.waiting),
        taken.seconds,
        held(taken)
    )
}

/// What keeps its cases off the lists, if anything does.
fn held(taken: &Taken) -> String {
    let why = taken.waits_for_approval.as_ref();
    why.map_or_else(String::new, |why| {
        let id = taken.id;
        format!("\n  waits for approval: {why}; see `todoke feed approve {id}`")
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
