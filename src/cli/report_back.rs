//! `todoke report-back`: what the providers report per line.

use std::{fs::File, path::PathBuf};

use clap::{Args, Subcommand};

use super::{Ended, Out, Refused, given::how_many, isp_named};
use crate::{app::App, notices::report_back};

#[derive(Debug, Args)]
pub(super) struct ReportBack {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take a report in; good rows go in, bad ones come back with line and column.
    #[command(
        after_help = "Example:\n  todoke report-back import --isp isp-a report.csv --dry-run"
    )]
    Import {
        /// Whose report it is.
        #[arg(long)]
        isp: String,
        /// CSV of the schema `todoke/report-back/1`.
        file: PathBuf,
        /// Only say what it would do.
        #[arg(long)]
        dry_run: bool,
    },
}

impl ReportBack {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        let Command::Import { isp, file, dry_run } = &self.command;
        let isp = isp_named(app, isp).await?;
        let open = File::open(file);
        let open = open.map_err(|e| Refused::because(format!("{}: {e}", file.display())))?;
        let done = report_back::import(app, &isp, open, *dry_run).await?;
        let done = done.map_err(Refused::because)?;
        for error in &done.errors {
            let column = error.column.as_deref().unwrap_or("-");
            eprintln!("line {}, column {column}: {}", error.line, error.reason);
        }
        let dry = if *dry_run { " (dry run: nothing was kept)" } else { "" };
        out.line(
            &done,
            format!(
                "{}: {} accepted, {} unchanged, {} returned{dry}",
                how_many(done.rows, "row"),
                done.accepted,
                done.unchanged,
                done.errors.len()
            ),
        )?;
        Ok(if done.errors.is_empty() { Ended::Done } else { Ended::PartlyRefused })
    }
}
