//! `todoke check`: whether the store follows from the raw files.

use std::time::Duration;

use clap::Args;

use super::{Ended, Out, given::how_many};
use crate::{app::App, check};

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  todoke check --json\n\nIt ends with status 0 where nothing is \
                  wrong and with 1 where something is; it changes nothing."
)]
pub(super) struct Check {}

impl Check {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        let bar = indicatif::ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_secs(2));
        let progress = |at: &str| bar.set_message(at.to_owned());
        let report = check::run(app, &progress).await;
        bar.finish_and_clear();
        let report = report?;
        out.line(&report, words(&report))?;
        Ok(if report.ok { Ended::Done } else { Ended::PartlyRefused })
    }
}

fn words(report: &check::Report) -> String {
    let kind = |kind: check::Kind| {
        serde_json::to_value(kind).ok().and_then(|word| word.as_str().map(str::to_owned))
    };
    let finding = |one: &check::Finding| {
        format!("{}\t{}\t{}", kind(one.kind).unwrap_or_default(), one.place, one.what)
    };
    let mut lines: Vec<String> = report.findings.iter().map(finding).collect();
    lines.extend(report.warnings.iter().map(|what| format!("warning: {what}")));
    lines.extend(report.skipped.iter().map(|what| format!("not looked at: {what}")));
    lines.push(format!(
        "{}: {}, {}, {} compared",
        if report.ok { "clean".to_owned() } else { how_many(report.findings.len(), "finding") },
        how_many(report.files, "file"),
        how_many(report.hits, "hit"),
        how_many(report.cases, "case"),
    ));
    lines.join("\n")
}
