//! `todoke quarantine`: rows that were not understood.

use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use serde_json::json;

use super::{Ended, Out, Refused, account::By, feed_named, given::how_many};
use crate::{
    app::App,
    audit::{self, Deed},
    feeds::{
        self,
        quarantine::{self, Changed, QuarantinedRow, RowId, Rows, Word, reasons},
        receive,
    },
    ids::FeedId,
    intake::{mend, retry},
    time::Moment,
    web::texts::Lang,
};

const MEND: &str = "Example:\n  todoke quarantine mend 0199…/17 --reason \"so says the list\" \\\n\
     \x20   --row \"2026-05-01 02:00:00,192.0.2.7,tcp,23\"";

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
        /// The rows that were dismissed instead.
        #[arg(long)]
        dismissed: bool,
    },
    /// One row: what is wrong with it, what to do, and its bytes.
    #[command(after_help = "Example:\n  todoke quarantine show 0199…/17")]
    Show {
        /// The id that `list` prints.
        id: RowId,
    },
    /// Read the rows again, after the feed or the reader was mended.
    #[command(after_help = "Example:\n  todoke quarantine retry --feed telnet")]
    Retry {
        /// Only of this feed.
        #[arg(long)]
        feed: Option<String>,
    },
    /// Close rows: you looked at them, and nothing is to be done.
    #[command(
        after_help = "Example:\n  todoke quarantine dismiss 0199…/17 --reason \"the sender's test \
        row\"\n\nA row that waits holds its run back: \
        it may be a device. A dismissed one holds back nothing."
    )]
    Dismiss(Saying),
    /// Take a row in as it was meant; the delivered file stays as it is.
    #[command(after_help = MEND)]
    Mend {
        /// Its id, which `list` prints.
        id: RowId,
        /// The row as it was meant, in the columns of its file.
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        row: String,
        /// Why, for whoever asks later.
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        reason: String,
        #[command(flatten)]
        by: By,
    },
    /// Take a dismissal back: the rows wait again.
    #[command(
        after_help = "Example:\n  todoke quarantine reopen 0199…/17 --reason \"it was none\""
    )]
    Reopen(Saying),
}

/// What somebody says of rows.
#[derive(Debug, Args)]
struct Saying {
    /// Ids that `list` prints; without `/` and number, all rows of that file.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<Rows>,
    /// Why, for whoever asks later.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    reason: String,
    /// Who says so.
    #[arg(long, value_name = "NAME", env = "USER", value_parser = NonEmptyStringValueParser::new())]
    by: String,
}

impl Quarantine {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::List { feed, dismissed } => {
                let id = id_of(app, feed.as_deref()).await?;
                // A reason quotes the cell that was not understood.
                let on = feed.as_deref().unwrap_or("all");
                audit::note_first(app, Deed::new("quarantine.list", on)).await?;
                let rows = if *dismissed {
                    quarantine::dismissed(&app.db, id).await?
                } else {
                    quarantine::list(&app.db, id).await?
                };
                for row in rows {
                    let (value, words) = (value(&row), words(&row));
                    out.line(&value, words)?;
                }
            }
            Command::Show { id } => show(app, out, *id).await?,
            Command::Retry { feed } => {
                let feeds = match feed {
                    Some(name) => vec![feed_named(app, name).await?],
                    None => feeds::all(&app.db).await?,
                };
                let mut all = retry::Retried::default();
                for one in feeds {
                    all.add(retry::of_feed(app, &one).await.map_err(unread)?);
                }
                out.line(
                    &all,
                    format!("{} of {} understood now", all.released, how_many(all.tried, "row")),
                )?;
            }
            Command::Mend { id, row, reason, by } => {
                let word = Word { author: &by.by, reason };
                mend(app, out, *id, (row, word)).await?;
            }
            Command::Dismiss(said) => {
                let done = quarantine::dismiss(app, &said.ids, said.word()).await?;
                tell(out, done.map_err(Refused::because)?, ("dismissed", "dismissed"))?;
            }
            Command::Reopen(said) => {
                let done = quarantine::reopen(app, &said.ids, said.word()).await?;
                tell(out, done.map_err(Refused::because)?, ("reopened", "waiting again"))?;
            }
        }
        Ok(Ended::Done)
    }
}

impl Saying {
    fn word(&self) -> Word<'_> {
        Word { author: &self.by, reason: &self.reason }
    }
}

/// Takes a row in as somebody wrote it anew.
async fn mend(app: &App, out: Out, id: RowId, said: (&str, Word<'_>)) -> anyhow::Result<()> {
    let unknown = || Refused::because(quarantine::NotInQuarantine::Unknown(id.to_string()));
    let row = quarantine::find(&app.db, id).await?.ok_or_else(unknown)?;
    let (feed, file) = receive::with_feed(&app.db, id.file).await?.ok_or_else(unknown)?;
    let mended = mend::mend(app, (&feed, &file), &row, said).await?;
    let taken = mended.map_err(Refused::because)?;
    out.line(
        &json!({
            "mended": id.to_string(), "sha256": taken.sha256,
            "sightings": taken.counts.sightings,
        }),
        format!("{id} is in, by a file of its own ({}).", &taken.sha256[..16]),
    )
}

/// A file that cannot be read at all is a refusal that its reader words.
fn unread(fault: anyhow::Error) -> anyhow::Error {
    match fault.downcast::<formats::FileRefused>() {
        Ok(why) => Refused::because(why),
        Err(fault) => fault,
    }
}

/// Tells what somebody's word changed: under `key`, and in words.
fn tell(out: Out, done: Changed, (key, stand): (&str, &str)) -> anyhow::Result<()> {
    let Changed { changed, unchanged } = done;
    out.line(
        &json!({ key: changed, "unchanged": unchanged }),
        format!("{} {stand}, {unchanged} before", how_many(changed, "row")),
    )
}

async fn id_of(app: &App, feed: Option<&str>) -> anyhow::Result<Option<FeedId>> {
    Ok(match feed {
        Some(name) => Some(feed_named(app, name).await?.id),
        None => None,
    })
}

fn value(row: &QuarantinedRow) -> serde_json::Value {
    json!({
        "id": row.id().to_string(), "file": row.file, "line": row.line,
        "column": row.column_name, "reason": row.reason,
        "dismissed_at": row.dismissed_at.map(Moment::rfc3339),
    })
}

fn words(row: &QuarantinedRow) -> String {
    let (id, file, line, reason) = (row.id(), &row.file, row.line, &row.reason);
    format!("{id}\t{file}:{line}\t{}\t{reason}", row.column_name.as_deref().unwrap_or("-"))
}

/// One row with what its reason means, its bytes, and what was said of it.
async fn show(app: &App, out: Out, id: RowId) -> anyhow::Result<()> {
    let row = quarantine::find(&app.db, id).await?;
    let row =
        row.ok_or_else(|| Refused::because(quarantine::NotInQuarantine::Unknown(id.to_string())))?;
    audit::note_first(app, Deed::new("quarantine.show", &id.to_string())).await?;
    let told = reasons::told(&row.reason, Lang::En);
    let said = quarantine::history(&app.db, id).await?;
    let text = String::from_utf8_lossy(&row.bytes);
    let mut value = value(&row);
    value["means"] = json!(told.means);
    value["advice"] = json!(told.advice);
    value["bytes"] = json!(text);
    value["released_at"] = json!(row.released_at.map(Moment::rfc3339));
    value["history"] = said
        .iter()
        .map(|one| {
            json!({
                "at": one.at.rfc3339(), "kind": one.kind, "author": one.author,
                "reason": one.reason,
            })
        })
        .collect();
    let mut lines = vec![words(&row), format!("  {}", told.means)];
    lines.push(match row.released_at {
        Some(at) => format!("  It has been understood since and is in ({}).", at.rfc3339()),
        None => format!("  {}", told.advice),
    });
    for one in &said {
        let at = one.at.rfc3339();
        lines.push(format!("  {at}\t{}\t{}\t{}", one.kind, one.author, one.reason));
    }
    lines.push(text.escape_debug().to_string());
    out.line(&value, lines.join("\n"))
}
