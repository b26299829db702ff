//! The command line (コマンド): one file per command, each reads, does and shows.
//!
//! With `--json` a command prints one JSON object per result line on stdout and nothing else there;
//! logs go to stderr. Exit status: 0 done, 1 refused with a reason the user can act on, 2 wrong
//! usage, which the command line alone shows, 3 fault.

mod account;
mod audit;
mod apartments;
mod campaign;
mod case;
mod check;
mod completions;
mod coverage;
mod demo;
mod device;
mod effect;
mod feed;
mod given;
mod ingest;
mod init;
mod isp;
mod lookup;
mod mail;
mod networks;
mod notice;
mod quarantine;
mod report_back;
mod serve;
mod state_hash;
mod token;
mod unattributed;
mod verify;
mod wording;
mod simulate;
mod stats;
mod work;
#[cfg(test)]
mod written;

use std::{io::IsTerminal as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, builder::NonEmptyStringValueParser};
use serde::Serialize;

use crate::{
    access::keys::{Keys, is_shut},
    app::App,
    config::Centre,
    db::{Db, NotReached, migrate},
    time::{Clock, Moment},
};

/// From the detection of a weak device to its verified fix: the software of a support centre.
#[derive(Debug, Parser)]
#[command(name = "todoke", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The data folder: archive, keys and, by default, the database.
    #[arg(long, global = true, env = "TODOKE_DATA", default_value = "./todoke-data")]
    pub data: PathBuf,
    /// `postgres://…`; without it SQLite inside the data folder.
    #[arg(long, global = true, env = "TODOKE_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// One JSON object per result line on stdout.
    #[arg(long, global = true)]
    pub json: bool,
    /// Act as if it were this time (RFC 3339): for rehearsals and tests.
    #[arg(long, global = true, env = "TODOKE_NOW", hide = true)]
    pub now: Option<Moment>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the store and the keys; again = no change.
    Init(init::Init),
    /// Build the synthetic country, whose true effect is known, and serve it.
    Demo(demo::Demo),
    /// Serve the site.
    Serve(serve::Serve),
    /// The address → AS → organisation table.
    Networks(networks::Networks),
    /// The register of providers.
    Isp(isp::Isp),
    /// Who serves an address, and why we think so.
    Lookup(lookup::Lookup),
    /// Sources of detections.
    Feed(feed::Feed),
    /// Fetch what is due and take in what came, until Ctrl-C.
    Work(work::Work),
    /// Take files in, exactly once by content.
    Ingest(ingest::Ingest),
    /// Record which prefixes and ports a scan covered.
    Coverage(coverage::Coverage),
    /// Rows that were not understood.
    Quarantine(quarantine::Quarantine),
    /// Detections that nobody is known to serve.
    Unattributed(unattributed::Unattributed),
    /// Cases and their history.
    Case(case::Case),
    /// Cases in apartment houses that wait for an answer.
    Apartments(apartments::Apartments),
    /// Help around a one-off list: who takes part, and what came of it.
    Campaign(campaign::Campaign),
    /// The catalogue of makers and models.
    Device(device::Device),
    /// Lists for the providers.
    Notice(notice::Notice),
    /// Accounts of people, of the centre and of providers.
    Account(account::Account),
    /// What notices say, and who stands for it.
    Wording(wording::Wording),
    /// The centre's own keys for mail.
    Mail(mail::Mail),
    /// Tokens of machines that hand files over.
    Token(token::Token),
    /// What the providers report back.
    ReportBack(report_back::ReportBack),
    /// Verdicts from sightings and coverage.
    Verify(verify::Verify),
    /// Whether the store follows from the raw files, checked by code of its own.
    Check(check::Check),
    /// Who did what, and who read addresses: the log, and whether it was tampered with.
    Audit(audit::Audit),
    /// A hash over the logical state, equal on every engine.
    StateHash(state_hash::StateHash),
    /// Did the warning work: funnel, curves, arms against waiting.
    Effect(effect::Effect),
    /// Survival statistics on a CSV.
    Stats(stats::Stats),
    /// How many devices look fixed, beside how many are.
    Simulate(simulate::Simulate),
    /// Completions for a shell, or the man page.
    Completions(completions::Completions),
}

/// Who says so.
#[derive(Debug, Args)]
pub(crate) struct By {
    /// Who says so.
    #[arg(long, value_name = "NAME", env = "USER", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) by: String,
}

/// A refusal: the user can act on it, so it ends with status 1 and without a backtrace.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Refused {
    /// A refusal as an error of a command.
    #[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err(Refused::because)`")]
    pub fn because(reason: impl ToString) -> anyhow::Error {
        anyhow::Error::new(Self(reason.to_string()))
    }
}

/// Wrong usage that only shows once the parts of the command line are put together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongUsage(pub String);

/// How a command ended when nothing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All of it is done.
    Done,
    /// Some of it was refused and said so.
    PartlyRefused,
}

/// Where results go.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    /// Whether results are JSON lines.
    pub json: bool,
}

impl Out {
    /// One result line: `value` as JSON, or the words for people.
    pub fn line(self, value: &impl Serialize, words: impl std::fmt::Display) -> anyhow::Result<()> {
        use std::io::Write as _;
        let mut stdout = std::io::stdout().lock();
        if self.json {
            writeln!(stdout, "{}", serde_json::to_string(value)?)?;
        } else {
            writeln!(stdout, "{}", legible(&words.to_string()))?;
        }
        Ok(())
    }
}

/// Words that a terminal shows and does not obey: names and rows of strangers stand among them.
fn legible(words: &str) -> String {
    let is_obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    words.replace(is_obeyed, "\u{fffd}")
}

/// Runs the command line of this process.
pub async fn run() -> ExitCode {
    let cli = Cli::parse();
    start_logging();
    match dispatch(&cli).await {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::PartlyRefused) => ExitCode::from(1),
        Err(error) if error.is::<Refused>() => {
            eprintln!("todoke: {error}");
            ExitCode::from(1)
        }
        Err(error) if error.is::<WrongUsage>() => {
            eprintln!("todoke: {error}\n\nFor more information, try '--help'.");
            ExitCode::from(2)
        }
        // The reader of the output closed it, as `head` does: that is no fault of anybody.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::from(3)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

async fn dispatch(cli: &Cli) -> anyhow::Result<Ended> {
    let global = &cli.global;
    let out = Out { json: global.json };
    match &cli.command {
        Command::Init(it) => return it.run(global, out).await,
        Command::Demo(it) => return it.run(global, out).await,
        Command::Device(it) => return it.run(global, out).await,
        Command::Audit(it) => return it.run(global, out).await,
        Command::Completions(it) => return it.run(),
        Command::Stats(it) => return it.run(out),
        Command::Simulate(it) => return it.run(out),
        _ => {}
    }
    let app = open(global).await?;
    // What jobs do and what pages are asked for is not done by whoever started the process.
    let app = match &cli.command {
        Command::Serve(_) | Command::Work(_) => app,
        _ => app.in_the_hands_of(&user()),
    };
    let ended = on_store(&cli.command, &app, out).await;
    app.db.close().await;
    ended
}

/// Runs a command that works on the store of the data folder.
async fn on_store(command: &Command, app: &App, out: Out) -> anyhow::Result<Ended> {
    match command {
        Command::Init(_)
        | Command::Demo(_)
        | Command::Device(_)
        | Command::Audit(_)
        | Command::Completions(_)
        | Command::Stats(_)
        | Command::Simulate(_) => Ok(Ended::Done),
        Command::Effect(it) => it.run(app, out).await,
        Command::Serve(it) => it.run(app, out).await,
        Command::Networks(it) => it.run(app, out).await,
        Command::Isp(it) => it.run(app, out).await,
        Command::Lookup(it) => it.run(app, out).await,
        Command::Feed(it) => it.run(app, out).await,
        Command::Work(it) => it.run(app, out).await,
        Command::Ingest(it) => it.run(app, out).await,
        Command::Coverage(it) => it.run(app, out).await,
        Command::Quarantine(it) => it.run(app, out).await,
        Command::Unattributed(it) => it.run(app, out).await,
        Command::Case(it) => it.run(app, out).await,
        Command::Apartments(it) => it.run(app, out).await,
        Command::Campaign(it) => it.run(app, out).await,
        Command::Notice(it) => it.run(app, out).await,
        Command::Account(it) => it.run(app, out).await,
        Command::Wording(it) => it.run(app, out).await,
        Command::Mail(it) => it.run(app, out).await,
        Command::Token(it) => it.run(app, out).await,
        Command::ReportBack(it) => it.run(app, out).await,
        Command::Verify(it) => it.run(app, out).await,
        Command::Check(it) => it.run(app, out).await,
        Command::StateHash(it) => it.run(app, out).await,
    }
}

/// Opens the store of the data folder, which `todoke init` made.
pub async fn open(global: &Global) -> anyhow::Result<App> {
    let keys = Keys::load(&global.data.join("keys")).map_err(Refused::because)?;
    is_shut(&global.data).map_err(Refused::because)?;
    let clock = clock(global);
    let db = open_db(global).await?;
    migrate::run(&db, &clock).await?;
    let centre = Centre::load(&global.data).map_err(|e| Refused::because(format!("{e:#}")))?;
    Ok(App::new(db, clock, keys, global.data.clone()).run_by(centre))
}

pub(crate) async fn open_db(global: &Global) -> anyhow::Result<Db> {
    let Some(url) = &global.database_url else {
        return Db::open_sqlite(&global.data.join("todoke.sqlite")).await;
    };
    // The URL itself is never shown: it may hold a password.
    Db::connect_postgres(url).await.map_err(|fault| match fault.downcast::<NotReached>() {
        Ok(why @ NotReached::NoUrl(_)) => WrongUsage(why.to_string()).into(),
        Ok(why) => Refused::because(why),
        Err(fault) => fault,
    })
}

/// Whoever runs this process: the name that the system gives, or its number.
fn user() -> String {
    let named = std::env::var("USER").ok().filter(|name| !name.trim().is_empty());
    named.unwrap_or_else(|| {
        #[cfg(unix)]
        return format!("uid {}", rustix::process::getuid().as_raw());
        #[cfg(not(unix))]
        return "operator".to_owned();
    })
}

/// Whoever runs this command, where it asks for no name.
pub(crate) fn hand(app: &App) -> &str {
    app.by().unwrap_or("operator")
}

pub(crate) fn clock(global: &Global) -> Clock {
    global.now.map_or(Clock::Wall, Clock::standing_at)
}

/// The provider with that code, or a refusal that says where codes come from.
pub(crate) async fn isp_named(app: &App, code: &str) -> anyhow::Result<crate::isps::Isp> {
    let isp = crate::isps::by_code(&app.db, code).await.context("the register cannot be read")?;
    isp.ok_or_else(|| {
        Refused::because(format!("no provider has the code `{code}`; see `todoke isp list`"))
    })
}

/// The same of one that is on the register still: nobody is given access for one that left it.
pub(crate) async fn isp_on_register(app: &App, code: &str) -> anyhow::Result<crate::isps::Isp> {
    let isp = isp_named(app, code).await?;
    match isp.removed_at {
        None => Ok(isp),
        Some(at) => Err(Refused::because(format!(
            "`{code}` left the register on {}: nobody is given access for it any more",
            at.date_jst()
        ))),
    }
}

/// The feed of that name, or a refusal that says how to register it.
pub(crate) async fn feed_named(app: &App, name: &str) -> anyhow::Result<crate::feeds::Feed> {
    let feed = crate::feeds::by_name(&app.db, name).await.context("the feeds cannot be read")?;
    feed.ok_or_else(|| {
        Refused::because(format!("no feed is named `{name}`; register it by `todoke feed add`"))
    })
}

fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("TODOKE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,sqlx=error,todoke=info"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
}
