//! `todoke isp`: the register of providers.

use std::{fs::File, path::PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Ended, Out, Refused, given::how_many};
use crate::{app::App, isps};

#[derive(Debug, Args)]
pub(super) struct Isp {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read a register; a provider in the file is replaced whole.
    #[command(
        after_help = "Example:\n  todoke isp import isps.csv\n\nColumns: code,name,upstream,\
        asns,lease_policy,lines,prefix,kind,valid_from,valid_to"
    )]
    Import {
        /// CSV with a header, one row per declared prefix.
        file: PathBuf,
    },
    /// All providers.
    #[command(after_help = "Example:\n  todoke isp list --json")]
    List,
}

impl Isp {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::Import { file } => {
                let open = File::open(file);
                let open =
                    open.map_err(|e| Refused::because(format!("{}: {e}", file.display())))?;
                let done = isps::register::import(app, open).await?.map_err(Refused::because)?;
                for error in &done.errors {
                    eprintln!("line {}, column {}: {}", error.line, error.column, error.reason);
                }
                for code in &done.kept {
                    eprintln!("{code}: a row did not go in, so nothing it declared was dropped");
                }
                let words = format!(
                    "{} with {}; {} refused",
                    how_many(done.isps, "provider"),
                    how_many(done.prefixes, "prefix"),
                    how_many(done.errors.len(), "row")
                );
                out.line(&done, words)?;
                Ok(if done.errors.is_empty() { Ended::Done } else { Ended::PartlyRefused })
            }
            Command::List => {
                for isp in isps::all(&app.db).await? {
                    let upstream = isp.upstream.as_deref().unwrap_or("-");
                    out.line(
                        &json!({
                            "code": isp.code, "name": isp.name, "upstream": isp.upstream,
                            "lease_policy": isp.lease_policy.to_string(), "lines": isp.lines,
                        }),
                        format!("{}\t{}\t{upstream}\t{}", isp.code, isp.name, isp.lease_policy),
                    )?;
                }
                Ok(Ended::Done)
            }
        }
    }
}
