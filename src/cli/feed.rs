//! `todoke feed`: sources of detections.

mod map;
mod undo;
mod way;

use std::ffi::OsStr;

use clap::{
    Args, Subcommand,
    builder::{NonEmptyStringValueParser, PossibleValue, TypedValueParser},
};
use formats::Stream;
use serde_json::json;

use super::{
    Ended, Out, Refused, feed_named,
    given::{self, how_many},
};
use crate::{
    app::App,
    feeds::{
        self, Format,
        files::{Listed, Outcome},
        withdrawal::{self, Decided},
    },
    time::Moment,
};

#[derive(Debug, Args)]
pub(super) struct Feed {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Register a feed.
    #[command(
        after_help = "Example:\n  todoke feed add telnet --format shadowserver --stream notice"
    )]
    Add {
        /// Its name in commands.
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// How its files are read.
        #[arg(long, value_parser = FormatParser)]
        format: Format,
        /// The undertaking.
        #[arg(long, value_parser = given::stream())]
        stream: Stream,
        /// Minutes east of UTC of naive times, 540 for Japan; without it such times are refused.
        #[arg(long, allow_negative_numbers = true, value_parser = minutes_of_a_day())]
        utc_offset_minutes: Option<i64>,
        /// The least completeness of a run that counts as covering.
        #[arg(long, default_value_t = 0.9, value_parser = given::share)]
        completeness_floor: f64,
    },
    /// Propose how a CSV of whatever shape is read, show its first rows, and save that.
    Map(map::Map),
    /// All feeds.
    #[command(after_help = "Example:\n  todoke feed list --json")]
    List,
    /// What came, and what became of it as a whole: taken, refused, unfinished, withdrawn.
    #[command(after_help = "Example:\n  todoke feed files --feed telnet --refused")]
    Files {
        /// Only of this feed.
        #[arg(long)]
        feed: Option<String>,
        /// Only what was refused as a whole or breaks off.
        #[arg(long)]
        refused: bool,
    },
    /// Where its files are fetched from, and when.
    Way(way::Way),
    /// Take back a wrong file with all that came of it; what was sent is recalled.
    #[command(after_help = "Example:\n  todoke feed withdraw 3f9a61c2 --dry-run \
        --reason \"wrong day\"\n\n\
        Interrupted, it goes on where it stood when it is run again.")]
    Withdraw {
        #[command(flatten)]
        said: undo::Said,
        /// Only say what would go.
        #[arg(long)]
        dry_run: bool,
    },
    /// Bring a withdrawn file back: it is taken in anew from the archive.
    #[command(
        after_help = "Example:\n  todoke feed restore 3f9a61c2 --reason \"it was right after all\""
    )]
    Restore(undo::Said),
    /// Files out of all measure, whose cases stand on no list before somebody approves.
    #[command(after_help = "Example:\n  todoke feed approvals --json")]
    Approvals,
    /// Let the cases of a file that waits go on lists.
    #[command(after_help = "Example:\n  todoke feed approve 3f9a61c2 --reason \"a new method\"")]
    Approve(undo::Said),
    /// Withdraw a file that waits.
    #[command(after_help = "Example:\n  todoke feed decline 3f9a61c2 --reason \"a broken scan\"")]
    Decline(undo::Said),
}

fn minutes_of_a_day() -> clap::builder::RangedI64ValueParser {
    clap::value_parser!(i64).range(-1440..=1440)
}

/// A format: one of the plain ones, which shells complete, or `csv:MAPPING`.
#[derive(Clone)]
struct FormatParser;

impl TypedValueParser for FormatParser {
    type Value = Format;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Format, clap::Error> {
        let parser = |word: &str| word.parse::<Format>();
        TypedValueParser::parse_ref(&parser, command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let mapped = PossibleValue::new("csv:MAPPING").help("a CSV of whatever shape");
        Some(Box::new(Format::PLAIN.into_iter().map(PossibleValue::new).chain([mapped])))
    }
}

impl Feed {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::Add { name, format, stream, utc_offset_minutes, completeness_floor } => {
                let new = feeds::Registration {
                    name: name.clone(),
                    format: format.clone(),
                    stream: *stream,
                    utc_offset_minutes: *utc_offset_minutes,
                    completeness_floor: *completeness_floor,
                };
                let (feed, created) = feeds::add(app, &new).await?.map_err(Refused::because)?;
                let words = if created { "registered" } else { "registered already" };
                out.line(
                    &json!({ "feed": feed.name, "created": created }),
                    format!("The feed {} is {words}.", feed.name),
                )?;
            }
            Command::Map(it) => return it.run(app, out).await,
            Command::List => {
                for feed in feeds::all(&app.db).await? {
                    out.line(
                        &json!({
                            "feed": feed.name, "format": feed.format.to_string(),
                            "stream": feed.stream,
                            "completeness_floor": feed.completeness_floor,
                        }),
                        format!("{}\t{}\t{}", feed.name, feed.format, feed.stream),
                    )?;
                }
            }
            Command::Files { feed, refused } => {
                let feed = match feed {
                    Some(name) => Some(feed_named(app, name).await?.id),
                    None => None,
                };
                let files = feeds::files::all(&app.db, feed).await?;
                let wanted = |file: &&Listed| !refused || file.outcome() == Outcome::Refused;
                for file in files.iter().filter(wanted) {
                    let said = match file.withdrawn_at {
                        Some(_) => withdrawal::history(&app.db, file.id).await?,
                        None => Vec::new(),
                    };
                    show(out, file, said.last())?;
                }
            }
            Command::Way(it) => return it.run(app, out).await,
            Command::Withdraw { said, dry_run } => undo::withdraw(app, out, said, *dry_run).await?,
            Command::Restore(said) => return undo::restore(app, out, said).await,
            Command::Approvals => undo::approvals(app, out).await?,
            Command::Approve(said) => undo::approve(app, out, said).await?,
            Command::Decline(said) => undo::decline(app, out, said).await?,
        }
        Ok(Ended::Done)
    }
}

/// A file, and what was decided about it last, if it was withdrawn.
fn show(out: Out, file: &Listed, said: Option<&Decided>) -> anyhow::Result<()> {
    let (outcome, received) = (file.outcome(), file.received_at.rfc3339());
    let value = json!({
        "id": file.id, "feed": file.feed, "file": file.name, "holds": file.holds.word(),
        "sha256": file.sha256,
        "received_at": received, "rows": file.rows_done, "quarantined": file.waiting,
        "dismissed": file.dismissed,
        "outcome": outcome.to_string(), "reason": file.refused,
        "completed_at": file.completed_at.map(Moment::rfc3339),
        "withdrawn_at": file.withdrawn_at.map(Moment::rfc3339),
        "withdrawn_by": said.map(|said| &said.author),
        "withdrawn_because": said.map(|said| &said.reason),
    });
    let because = said.map(|said| format!(" by {}: {}", said.author, said.reason));
    let because = because.unwrap_or_default();
    let why = file.refused.as_ref().map_or(String::new(), |why| format!(": {why}"));
    let closed = match file.dismissed {
        0 => String::new(),
        rows => format!(", {rows} dismissed"),
    };
    let words = format!(
        "{}\t{received}\t{}\t{}\t{}, {} in quarantine{closed}\t{outcome}{because}{why}",
        file.feed,
        file.holds.word(),
        file.name,
        how_many(file.rows_done, "row"),
        file.waiting,
    );
    out.line(&value, words)
}
