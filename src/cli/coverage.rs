//! `todoke coverage`: which prefixes and ports a run covered.

use std::path::PathBuf;

use clap::Args;

use super::{
    Ended, Out, Refused, feed_named,
    given::{how_many, still_waiting},
};
use crate::{
    app::App,
    feeds::coverage::{self, Taken},
};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke coverage --feed notice-scan coverage-2026-05.csv")]
pub(super) struct Coverage {
    /// The feed whose runs they are.
    #[arg(long)]
    feed: String,
    /// CSV of the schema `todoke/coverage/1`.
    file: PathBuf,
}

impl Coverage {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        let feed = feed_named(app, &self.feed).await?;
        if !self.file.is_file() {
            return Err(Refused::because(format!("{} is no file", self.file.display())));
        }
        let taken = coverage::take_in(app, &feed, &self.file).await?;
        out.line(&taken, words(&taken))?;
        let whole = taken.refused.is_none() && taken.waiting == 0;
        Ok(if whole { Ended::Done } else { Ended::PartlyRefused })
    }
}

fn words(taken: &Taken) -> String {
    let coverage::Counts { runs, prefixes, addresses, quarantined, .. } = taken.counts;
    let name = &taken.file;
    if let Some(why) = &taken.refused {
        return format!("{name}: refused: {why}");
    }
    let already = if taken.already_ingested { " (was in already)" } else { "" };
    format!(
        "{name}{already}: {} over {}, {addresses} addresses attempted; {} in quarantine{}",
        how_many(runs, "run"),
        how_many(prefixes, "row"),
        how_many(quarantined, "row"),
        still_waiting(taken.already_ingested, taken.waiting)
    )
}
