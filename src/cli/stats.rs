//! `todoke stats`: curves and tests of `crates/effect` on anybody's CSV; needs no store.

mod answers;
mod columns;

use std::{fmt, fs::File, path::PathBuf};

use clap::{Args, Subcommand};
use effect::km::Kind;

use super::{Ended, Out, Refused};
use columns::Table;

#[derive(Debug, Args)]
pub(super) struct Stats {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Share without the event by time, with intervals, median and quantiles (Kaplan–Meier).
    #[command(
        after_help = "Example:\n  todoke stats km --csv lines.csv --time days --event fixed \
        --group arm --tau 180 --json"
    )]
    Km {
        #[command(flatten)]
        rows: Rows,
        /// Scale of the intervals: plain, log, log-log, logit, arcsin.
        #[arg(long, default_value = "log-log", value_parser = conf_type)]
        conf_type: Kind,
        /// Also the mean time without the event within the first N.
        #[arg(long, value_name = "N", value_parser = super::given::above_zero)]
        tau: Option<f64>,
    },
    /// Do the groups differ in how fast the event comes (log-rank, Peto–Peto, stratified).
    #[command(after_help = "Example:\n  todoke stats logrank --csv lines.csv --time days --event \
        fixed --group arm --strata isp")]
    Logrank {
        #[command(flatten)]
        rows: Rows,
        /// Column of the stratum: only rows of one stratum are compared.
        #[arg(long, value_name = "C")]
        strata: Option<String>,
        /// Weight of early events: 0 is log-rank, 1 is Peto–Peto.
        #[arg(long, default_value_t = 0.0, value_parser = super::given::number)]
        rho: f64,
    },
    /// The same share when the event is known only to lie in (left, right] (Turnbull).
    #[command(
        after_help = "Example:\n  todoke stats turnbull --csv spans.csv --left seen --right \
        clean --group arm\n\nAn empty right end: not seen to happen. An empty left end: 0."
    )]
    Turnbull {
        /// The file, with a header.
        #[arg(long, value_name = "F")]
        csv: PathBuf,
        /// Column of the latest time known to be before the event.
        #[arg(long, value_name = "C")]
        left: String,
        /// Column of the earliest time known not to be before it.
        #[arg(long, value_name = "C")]
        right: String,
        /// Column of the group.
        #[arg(long, value_name = "C")]
        group: Option<String>,
    },
}

/// Which columns hold what.
#[derive(Debug, Args)]
struct Rows {
    /// The file, with a header.
    #[arg(long, value_name = "F")]
    csv: PathBuf,
    /// Column of the time at which a row left.
    #[arg(long, value_name = "C")]
    time: String,
    /// Column of the time at which it came under observation; without it, 0.
    #[arg(long, value_name = "C")]
    start: Option<String>,
    /// Column that says whether it left by the event: 1 or 0; without it, all did.
    #[arg(long, value_name = "C")]
    event: Option<String>,
    /// Column of the group.
    #[arg(long, value_name = "C")]
    group: Option<String>,
}

impl Stats {
    pub(super) fn run(&self, out: Out) -> anyhow::Result<Ended> {
        for answer in self.answers().map_err(Refused::because)? {
            out.line(&answer.json, &answer.words)?;
        }
        Ok(Ended::Done)
    }

    fn answers(&self) -> Result<Vec<Answer>, Refusal> {
        match &self.command {
            Command::Km { rows, conf_type, tau } => {
                let table = open(&rows.csv)?;
                answers::km(&rows.read(&table)?, *conf_type, *tau).map(|answer| vec![answer])
            }
            Command::Logrank { rows, strata, rho } => {
                let table = open(&rows.csv)?;
                let stratum = strata.as_ref().map(|name| table.labels(name)).transpose()?;
                answers::log_rank(&rows.read(&table)?, stratum.as_ref(), *rho)
                    .map(|answer| vec![answer])
            }
            Command::Turnbull { csv, left, right, group } => {
                let table = open(csv)?;
                let spans = table.spans(left, right)?;
                let group = group.as_ref().map(|name| table.labels(name)).transpose()?;
                answers::turnbull(&spans, group.as_ref())
            }
        }
    }
}

impl Rows {
    fn read(&self, table: &Table) -> Result<columns::Study, Refusal> {
        Ok(columns::Study {
            formula: self.formula(),
            exit: table.numbers(&self.time)?,
            entry: self.start.as_ref().map(|name| table.numbers(name)).transpose()?,
            event: match &self.event {
                Some(name) => table.events(name)?,
                None => vec![true; table.len()],
            },
            group: self.group.as_ref().map(|name| table.labels(name)).transpose()?,
        })
    }

    /// The question as R writes it.
    fn formula(&self) -> String {
        let parts = [self.start.as_deref(), Some(self.time.as_str()), self.event.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        format!("Surv({}) ~ {}", parts.join(", "), self.group.as_deref().unwrap_or("1"))
    }
}

/// One result: for machines and for people.
struct Answer {
    json: serde_json::Value,
    words: String,
}

/// Why a file gives no answer, with the place where there is one.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    /// The file cannot be read.
    #[error("{0}: {1}")]
    Unreadable(String, String),
    /// It has no such column.
    #[error("there is no column `{name}`; there are: {known}")]
    NoColumn {
        /// As asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A cell cannot be what its column is.
    #[error("line {line}, column `{column}`: `{found}` is no {wanted}")]
    Cell {
        /// The line in the file.
        line: u64,
        /// The column.
        column: String,
        /// The cell.
        found: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// The statistic does not exist for these rows.
    #[error("{0}")]
    Statistic(String),
}

fn open(path: &PathBuf) -> Result<Table, Refusal> {
    let unreadable =
        |e: &dyn fmt::Display| Refusal::Unreadable(path.display().to_string(), e.to_string());
    let file = File::open(path).map_err(|e| unreadable(&e))?;
    Table::read(file).map_err(|e| unreadable(&e))
}

fn conf_type(word: &str) -> Result<Kind, String> {
    let known = Kind::ALL.into_iter().find(|kind| kind.name() == word);
    known.ok_or_else(|| "known are plain, log, log-log, logit, arcsin".to_owned())
}

#[cfg(test)]
mod tests;
