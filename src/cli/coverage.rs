//! `todoke coverage`: which prefixes and ports a run covered.

use std::{fs, io::Cursor, path::PathBuf};

use clap::Args;
use formats::{Reading, coverage as wire};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Ended, Out, Refused, feed_named};
use crate::{access::keys::to_hex, app::App, feeds::coverage};

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
        let read = fs::read(&self.file);
        let body = read.map_err(|e| Refused::because(format!("{}: {e}", self.file.display())))?;
        let done = record(app, &feed, body).await?;
        for row in &done.refused {
            eprintln!("{}: {row}", self.file.display());
        }
        out.line(
            &json!({
                "runs": done.runs, "prefixes": done.prefixes, "addresses": done.addresses,
                "refused": done.refused.len(),
            }),
            format!(
                "{} runs over {} prefixes, {} addresses attempted; {} rows refused",
                done.runs,
                done.prefixes,
                done.addresses,
                done.refused.len()
            ),
        )?;
        Ok(if done.refused.is_empty() { Ended::Done } else { Ended::PartlyRefused })
    }
}

/// Reads and records a coverage file.
pub(crate) async fn record(
    app: &App,
    feed: &crate::feeds::Feed,
    body: Vec<u8>,
) -> anyhow::Result<coverage::Recorded> {
    let sha256 = to_hex(&Sha256::digest(&body));
    let reading = Reading::at(app.now().0).encoded(formats::Encoding::Auto);
    let (rows, refused) = wire::read(Cursor::new(body), reading).map_err(Refused::because)?;
    coverage::record(app, feed, &rows, refused, &sha256).await
}
