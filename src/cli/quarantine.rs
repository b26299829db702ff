//! `todoke quarantine`: rows that were not understood.

use std::{collections::HashSet, io, path::Path};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Ended, Out, Refused, feed_named, ingest::Chain};
use crate::{
    app::App,
    attribution::Attributor,
    feeds::{
        self, Feed, archive, coverage,
        files::Holds,
        quarantine::{self, QuarantinedRow},
        receive,
    },
};

#[derive(Debug, Args)]
pub(super) struct Quarantine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All rows that wait.
    #[command(after_help = "Example:\n  todoke quarantine list --feed telnet")]
    List {
        /// Only of this feed.
        #[arg(long)]
        feed: Option<String>,
    },
    /// One row with its bytes.
    #[command(after_help = "Example:\n  todoke quarantine show 0199…/17")]
    Show {
        /// The id that `list` prints.
        id: String,
    },
    /// Read the rows again, after the feed or the reader was mended.
    #[command(after_help = "Example:\n  todoke quarantine retry --feed telnet")]
    Retry {
        /// Only of this feed.
        #[arg(long)]
        feed: Option<String>,
    },
}

impl Quarantine {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::List { feed } => {
                for row in rows(app, feed.as_deref()).await? {
                    show(out, &row, false)?;
                }
            }
            Command::Show { id } => {
                let rows = rows(app, None).await?;
                let row = rows.iter().find(|row| row.id() == *id).ok_or_else(|| {
                    Refused::because(format!("no row `{id}` waits; see `todoke quarantine list`"))
                })?;
                show(out, row, true)?;
            }
            Command::Retry { feed } => {
                let feeds = match feed {
                    Some(name) => vec![feed_named(app, name).await?],
                    None => feeds::all(&app.db).await?,
                };
                let (mut tried, mut released) = (0, 0);
                for one in feeds {
                    let (rows, understood) = retry(app, &one).await?;
                    tried += rows;
                    released += understood;
                }
                out.line(
                    &json!({ "tried": tried, "released": released }),
                    format!("{released} of {tried} rows are understood now"),
                )?;
            }
        }
        Ok(Ended::Done)
    }
}

async fn rows(app: &App, feed: Option<&str>) -> anyhow::Result<Vec<QuarantinedRow>> {
    let feed = match feed {
        Some(name) => Some(feed_named(app, name).await?.id),
        None => None,
    };
    Ok(quarantine::list(&app.db, feed).await?)
}

fn show(out: Out, row: &QuarantinedRow, whole: bool) -> anyhow::Result<()> {
    let (id, file, line, reason) = (row.id(), &row.file, row.line, &row.reason);
    let column = row.column_name.as_deref().unwrap_or("-");
    let text = String::from_utf8_lossy(&row.bytes);
    let mut value = json!({
        "id": id, "file": file, "line": line, "column": row.column_name, "reason": reason,
    });
    let mut words = format!("{id}\t{file}:{line}\t{column}\t{reason}");
    if whole {
        value["bytes"] = json!(text);
        words = format!("{words}\n{}", text.escape_debug());
    }
    out.line(&value, words)
}

async fn retry(app: &App, feed: &Feed) -> anyhow::Result<(u64, u64)> {
    let attributor = Attributor::load(&app.db).await?;
    let waiting = quarantine::list(&app.db, Some(feed.id)).await?;
    let (mut tried, mut released) = (0, 0);
    for file in quarantine::files(&app.db, feed.id).await? {
        let of_file = waiting.iter().filter(|row| row.feed_file_id == file.id);
        let numbers: HashSet<i64> = of_file.map(|row| row.row_no).collect();
        tried += numbers.len() as u64;
        let part = archive::tempname(&app.data.join("archive"));
        io::copy(&mut archive::raw(app, &file)?, &mut std::fs::File::create(&part)?)?;
        let understood = match file.holds {
            Holds::Coverage => coverage::retry(app, feed, &file, &part, &numbers).await,
            Holds::Hits => {
                let chain = Chain { app, feed, attributor: &attributor, file: &file };
                retry_hits(&chain, &part, &numbers).await
            }
        };
        std::fs::remove_file(&part)?;
        released += understood?;
    }
    Ok((tried, released))
}

async fn retry_hits(chain: &Chain<'_>, path: &Path, numbers: &HashSet<i64>) -> anyhow::Result<u64> {
    let rows = receive::open_rows(chain.feed, &chain.file.name, path, chain.app.now());
    let rows = rows.map_err(Refused::because)?;
    let wanted = (1..).zip(rows).filter(|(row_no, _)| numbers.contains(row_no));
    let wanted: Vec<_> = wanted.filter_map(|(row_no, row)| Some((row_no, row.ok()?))).collect();
    chain.take_released(wanted).await
}
