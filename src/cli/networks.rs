//! `todoke networks`: the address → AS → organisation table, in editions.

use std::{fs::File, io::Read, path::PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    Ended, Out, Refused,
    given::{Saying, how_many},
};
use crate::{
    app::App,
    attribution::{
        editions::{self, Difference},
        networks,
    },
    time::Moment,
};

#[derive(Debug, Args)]
pub(super) struct Networks {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what an edition changes; with --yes put it in force.
    #[command(
        after_help = "Example:\n  todoke networks import asn-ipv4.csv asn-ipv6.csv --yes\n  todoke \
        networks import 2026-06.csv --from 2026-06-01T00:00:00+09:00 --yes\n\nA sighting is \
        attributed by the edition that held when it was made; the first edition holds for all time \
        before, too."
    )]
    Import {
        /// CSV start,end,asn,org without header; the files of one call are one edition.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// From when it holds, instead of now.
        #[arg(long, value_name = "TIME")]
        from: Option<Moment>,
        /// Put the edition in force.
        #[arg(long)]
        yes: bool,
    },
    /// Go back to the edition before the last import; what was attributed stays as it was.
    #[command(
        after_help = "Example:\n  todoke networks undo --reason \"half of the country is missing\""
    )]
    Undo(Saying),
    /// All imports of editions, the latest first.
    #[command(after_help = "Example:\n  todoke networks list --json")]
    List,
}

impl Networks {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::Import { files, from, yes } => {
                let mut readers: Vec<(String, Box<dyn Read>)> = Vec::new();
                for path in files {
                    let open = File::open(path);
                    let file =
                        open.map_err(|e| Refused::because(format!("{}: {e}", path.display())))?;
                    readers.push((path.display().to_string(), Box::new(file)));
                }
                let table = networks::Networks::read(readers)
                    .map_err(|e| Refused::because(format!("{e:#}; nothing was changed")))?;
                let difference = editions::import(app, &table, *from, *yes).await?;
                let stands = if *yes { "now in force" } else { "not applied; add --yes to apply" };
                out.line(&difference, words(&difference, stands))?;
            }
            Command::Undo(said) => undo(app, out, said).await?,
            Command::List => {
                for one in editions::history(&app.db).await? {
                    let undone = match (one.undone_at, &one.undone_by, &one.undone_reason) {
                        (Some(at), Some(by), Some(reason)) => {
                            format!("\tundone {} by {by}: {reason}", at.rfc3339())
                        }
                        _ => String::new(),
                    };
                    let (from, ranges) = (one.valid_from.rfc3339(), one.ranges);
                    out.line(
                        &json!({
                            "no": one.no, "from": from, "imported_at": one.imported_at.rfc3339(),
                            "prefixes": ranges, "sha256": one.sha256,
                            "undone_at": one.undone_at.map(Moment::rfc3339),
                            "undone_by": one.undone_by, "undone_reason": one.undone_reason,
                        }),
                        format!("{}\tfrom {from}\t{}{undone}", one.no, how_many(ranges, "range")),
                    )?;
                }
            }
        }
        Ok(Ended::Done)
    }
}

async fn undo(app: &App, out: Out, said: &Saying) -> anyhow::Result<()> {
    let undone = editions::undo(app, (&said.by, &said.reason)).await?;
    let (import, difference) = undone.ok_or_else(|| {
        Refused::because("no import stands that could be undone; see `todoke networks list`")
    })?;
    let stands = format!("import {} undone", import.no);
    let mut value = serde_json::to_value(&difference)?;
    value["undone"] = json!(import.no);
    out.line(&value, words(&difference, &stands))
}

fn words(difference: &Difference, stands: &str) -> String {
    let Difference { prefixes, added, removed, changed, hands, from, .. } = difference;
    let mut lines = vec![format!(
        "{}: {added} added, {removed} removed, {changed} changed, from {from} on ({stands})",
        how_many(*prefixes, "range"),
    )];
    lines.push(format!(
        "  between registered providers: {} and {} change hands",
        how_many(hands.addresses_changing_hands, "IPv4 address"),
        how_many(hands.networks_changing_hands, "IPv6 /64 network"),
    ));
    for one in &hands.hands {
        let name = |code: &Option<String>| code.clone().unwrap_or_else(|| "nobody".to_owned());
        lines.push(format!(
            "  {} -> {}: {}, {}",
            name(&one.from),
            name(&one.to),
            how_many(one.addresses, "IPv4 address"),
            how_many(one.networks, "IPv6 /64 network"),
        ));
    }
    lines.join("\n")
}
