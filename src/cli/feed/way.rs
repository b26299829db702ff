//! `todoke feed way`: where the files of a feed are fetched from, and when.

mod given;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::super::{Ended, Out, Refused, feed_named, given::how_many, work};
use crate::{
    app::App,
    feeds::ways::{
        self, JOB, Way as Made,
        history::{self, Refusal, WayRun},
        run,
    },
    jobs::queue::{self, Standing},
    time::Moment,
};

#[derive(Debug, Args)]
pub(super) struct Way {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a way; its first run is due at once.
    #[command(after_help = given::EXAMPLES)]
    Add(Box<given::Given>),
    /// All ways: the last run, how it ended, when the next one is due.
    #[command(after_help = "Example:\n  todoke feed way list --feed telnet")]
    List {
        /// Only of this feed.
        #[arg(long)]
        feed: Option<String>,
    },
    /// Run a way now, due or not; `todoke work` takes in what came.
    #[command(after_help = "Example:\n  todoke feed way run telnet/mailbox")]
    Run {
        /// The way, as `list` prints it.
        #[arg(value_name = "FEED/NAME")]
        way: String,
    },
    /// Let a way rest until it is resumed; a run that is going on ends first.
    #[command(after_help = "Example:\n  todoke feed way pause telnet/mailbox")]
    Pause {
        /// The way, as `list` prints it.
        #[arg(value_name = "FEED/NAME")]
        way: String,
    },
    /// Let a way run again, at once and then by its schedule.
    #[command(after_help = "Example:\n  todoke feed way resume telnet/mailbox")]
    Resume {
        /// The way, as `list` prints it.
        #[arg(value_name = "FEED/NAME")]
        way: String,
    },
    /// Take a way out, with its history; the files that came by it stay.
    #[command(after_help = "Example:\n  todoke feed way remove telnet/mailbox")]
    Remove {
        /// The way, as `list` prints it.
        #[arg(value_name = "FEED/NAME")]
        way: String,
    },
    /// The runs of a way, the last one first: what came, what went wrong.
    #[command(after_help = "Example:\n  todoke feed way runs telnet/mailbox --limit 5")]
    Runs {
        /// The way, as `list` prints it.
        #[arg(value_name = "FEED/NAME")]
        way: String,
        /// At most so many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..))]
        limit: i64,
    },
}

impl Way {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::Add(given) => {
                let feed = feed_named(app, &given.feed).await?;
                let made = ways::add(app, &feed, &given.made()?).await?;
                let way = made.map_err(Refused::because)?;
                let value = json!({ "way": way.to_string(), "kind": way.kind.word() });
                out.line(&value, format!("The way {way} is made; its first run is due now."))?;
            }
            Command::List { feed } => list(app, out, feed.as_deref()).await?,
            Command::Run { way } => return run_now(app, out, &named(app, way).await?).await,
            Command::Pause { way } => {
                let way = named(app, way).await?;
                ways::pause(app, &way).await?;
                told(out, &way, "paused", "rests until it is resumed")?;
            }
            Command::Resume { way } => {
                let way = named(app, way).await?;
                ways::resume(app, &way).await?;
                told(out, &way, "resumed", "runs again; its next run is due now")?;
            }
            Command::Remove { way } => {
                let way = named(app, way).await?;
                ways::remove(app, &way).await?;
                told(out, &way, "removed", "is removed; the files that came by it stay")?;
            }
            Command::Runs { way, limit } => runs(app, out, &named(app, way).await?, *limit).await?,
        }
        Ok(Ended::Done)
    }
}

fn told(out: Out, way: &Made, key: &str, words: &str) -> anyhow::Result<()> {
    let value = json!({ "way": way.to_string(), key: true });
    out.line(&value, format!("The way {way} {words}."))
}

/// The way of that name, or a refusal that says where names come from.
async fn named(app: &App, name: &str) -> anyhow::Result<Made> {
    let way = ways::named(&app.db, name).await?;
    way.ok_or_else(|| {
        Refused::because(format!("no way is named `{name}`; see `todoke feed way list`"))
    })
}

async fn run_now(app: &App, out: Out, way: &Made) -> anyhow::Result<Ended> {
    let Some(report) = run::now(app, way).await? else {
        let words = format!("{way} is being run already; see `todoke feed way list`");
        return Err(Refused::because(words));
    };
    out.line(&work::value(&report), work::words(&report))?;
    let good = report.fault.is_none() && report.came.refused == 0;
    Ok(if good { Ended::Done } else { Ended::PartlyRefused })
}

async fn list(app: &App, out: Out, feed: Option<&str>) -> anyhow::Result<()> {
    let feed = match feed {
        Some(name) => Some(feed_named(app, name).await?.id),
        None => None,
    };
    let standings = queue::standings(&app.db, JOB).await?;
    for way in ways::all(&app.db, feed).await? {
        let last = history::last(&app.db, &way).await?;
        let standing = standings.iter().find(|one| one.subject.0 == way.id.0);
        show(app, out, (&way, last.as_ref(), standing))?;
    }
    Ok(())
}

fn show(
    app: &App,
    out: Out,
    (way, last, standing): (&Made, Option<&WayRun>, Option<&Standing>),
) -> anyhow::Result<()> {
    let next = standing.and_then(|one| one.due_at);
    let running = standing.and_then(|one| one.leased_until).is_some_and(|until| until > app.now());
    let value = json!({
        "way": way.to_string(), "feed": way.feed, "name": way.name, "kind": way.kind.word(),
        "schedule": way.schedule, "paused_at": way.paused_at.map(Moment::rfc3339),
        "settings": serde_json::from_str::<Value>(&way.settings)?,
        "secret_file": way.secret_file, "running": running,
        "last_run": last.map(run_value), "next_at": next.map(Moment::rfc3339),
    });
    let last = last.map_or_else(|| "never ran".to_owned(), run_words);
    let next = match (running, way.paused_at, next) {
        (true, ..) => "running".to_owned(),
        (_, Some(since), _) => format!("rests since {}", since.rfc3339()),
        (_, None, Some(at)) => format!("next run {}", at.rfc3339()),
        (_, None, None) => "no next run".to_owned(),
    };
    out.line(&value, format!("{way}\t{}\t{}\t{last}\t{next}", way.kind.word(), way.schedule))
}

fn run_value(run: &WayRun) -> Value {
    json!({
        "run": run.run_no, "began_at": run.began_at.rfc3339(),
        "ended_at": run.ended_at.map(Moment::rfc3339), "outcome": run.outcome(),
        "files": run.files, "known": run.known, "refused": run.refused, "fault": run.fault,
        "next_at": run.next_at.map(Moment::rfc3339),
    })
}

fn run_words(run: &WayRun) -> String {
    let fault = run.fault.as_ref().map_or(String::new(), |why| format!(": {why}"));
    format!(
        "{}\t{}{fault}\t{} came, {} in already, {} refused",
        run.began_at.rfc3339(),
        run.outcome(),
        how_many(run.files, "file"),
        run.known,
        run.refused,
    )
}

async fn runs(app: &App, out: Out, way: &Made, limit: i64) -> anyhow::Result<()> {
    for (run, refused) in history::runs(&app.db, way, limit).await? {
        let mut value = run_value(&run);
        value["way"] = json!(way.to_string());
        let said = |one: &Refusal| json!({ "item": one.item, "reason": one.reason });
        value["refusals"] = refused.iter().map(said).collect();
        let refused = refused.iter().map(|one| format!("\n  {}: {}", one.item, one.reason));
        out.line(&value, format!("{}{}", run_words(&run), refused.collect::<String>()))?;
    }
    Ok(())
}
