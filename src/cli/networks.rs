//! `todoke networks`: the address → AS → organisation table.

use std::{fs::File, io::Read, path::PathBuf};

use clap::{Args, Subcommand};

use super::{Ended, Out, Refused, given::how_many};
use crate::{app::App, attribution::networks};

#[derive(Debug, Args)]
pub(super) struct Networks {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what an edition changes; with --yes put it in force.
    #[command(after_help = "Example:\n  todoke networks import asn-ipv4.csv asn-ipv6.csv --yes")]
    Import {
        /// CSV start,end,asn,org without header; the files of one call are one edition.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Put the edition in force.
        #[arg(long)]
        yes: bool,
    },
}

impl Networks {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        let Command::Import { files, yes } = &self.command;
        let mut readers: Vec<Box<dyn Read>> = Vec::new();
        for path in files {
            let open = File::open(path);
            let file = open.map_err(|e| Refused::because(format!("{}: {e}", path.display())))?;
            readers.push(Box::new(file));
        }
        let table = networks::Networks::read(readers)
            .map_err(|e| Refused::because(format!("{e:#}; nothing was changed")))?;
        let difference = networks::import(app, &table, *yes).await?;
        let verb = if *yes { "now in force" } else { "not applied; add --yes to apply" };
        out.line(
            &difference,
            format!(
                "{}: {} added, {} removed, {} changed ({verb})",
                how_many(difference.prefixes, "range"),
                difference.added,
                difference.removed,
                difference.changed
            ),
        )?;
        Ok(Ended::Done)
    }
}
