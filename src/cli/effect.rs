//! `todoke effect`: what the store says of warnings and fixes.

use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
    value_parser,
};
use effect::Interval;
use serde_json::{Value, json};

use super::{Ended, Out, WrongUsage, given};
use crate::{
    app::App,
    effects::{self, By, Draw, HORIZON_DAYS, Scope, TABLE_DAYS},
    time::Moment,
};

#[derive(Debug, Args)]
pub(super) struct Effect {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// How many lines came how far, of those detected and of those warned.
    #[command(
        after_help = "Example:\n  todoke effect funnel --by isp --from 2026-04-01T00:00:00+09:00"
    )]
    Funnel {
        #[command(flatten)]
        which: Which,
        /// Group by this.
        #[arg(long, value_name = "X", value_parser = groupings())]
        by: Option<By>,
    },
    /// Share fixed 30, 60, 90, 120 and 180 days after the list.
    #[command(after_help = "Example:\n  todoke effect survival --by arm --json")]
    Survival {
        #[command(flatten)]
        which: Which,
        /// Group by this.
        #[arg(long, value_name = "X", value_parser = groupings())]
        by: Option<By>,
        #[command(flatten)]
        draw: Seeded,
    },
    /// What each arm does beyond waiting; only arms are drawn at random.
    #[command(after_help = "Example:\n  todoke effect compare --days 180")]
    Compare {
        #[command(flatten)]
        which: Which,
        /// Days after the list.
        #[arg(long, default_value_t = HORIZON_DAYS)]
        days: u16,
        #[command(flatten)]
        draw: Seeded,
    },
}

/// Which lines.
#[derive(Debug, Args)]
struct Which {
    /// The undertaking, or all of them.
    #[arg(long, default_value = "notice", value_parser = streams())]
    stream: String,
    /// First detected at or after this (RFC 3339).
    #[arg(long)]
    from: Option<Moment>,
    /// First detected before this (RFC 3339).
    #[arg(long)]
    to: Option<Moment>,
    /// Leave out facts dated later; without it, now.
    #[arg(long)]
    as_of: Option<Moment>,
}

/// How intervals are drawn.
#[derive(Debug, Args)]
struct Seeded {
    /// Samples drawn for each interval.
    #[arg(
        long,
        default_value_t = Draw::default().replicates,
        value_parser = value_parser!(u32).range(2..=100_000).map(|samples| samples as usize)
    )]
    replicates: usize,
    /// The same seed gives the same interval.
    #[arg(long, default_value_t = Draw::default().seed)]
    seed: u64,
}

fn groupings() -> impl TypedValueParser<Value = By> {
    given::word_of(effects::GROUPINGS.iter().map(|(_, word)| *word))
}

fn streams() -> PossibleValuesParser {
    let words = formats::Stream::ALL.iter().map(|stream| stream.code());
    PossibleValuesParser::new(words.chain(["all"]))
}

impl Which {
    fn scope(&self, app: &App) -> anyhow::Result<Scope> {
        let from = self.from.unwrap_or(Moment(i64::MIN));
        let to = self.to.unwrap_or(Moment(i64::MAX));
        if from >= to {
            return Err(WrongUsage("--to must lie after --from".to_owned()).into());
        }
        Ok(Scope {
            stream: (self.stream != "all").then(|| self.stream.clone()),
            from,
            to,
            as_of: self.as_of.unwrap_or_else(|| app.now()),
        })
    }
}

impl Seeded {
    fn draw(&self) -> Draw {
        Draw { replicates: self.replicates, seed: self.seed }
    }
}

impl Effect {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::Funnel { which, by } => funnel(app, out, &which.scope(app)?, *by).await?,
            Command::Survival { which, by, draw } => {
                survival(app, out, (&which.scope(app)?, *by), draw.draw()).await?;
            }
            Command::Compare { which, days, draw } => {
                compare(app, out, (&which.scope(app)?, *days), draw.draw()).await?;
            }
        }
        Ok(Ended::Done)
    }
}

async fn funnel(app: &App, out: Out, scope: &Scope, by: Option<By>) -> anyhow::Result<()> {
    let rows = effects::funnel::funnel(&app.db, scope, by).await?;
    let mut groups = Vec::new();
    let mut words = vec![format!(
        "{:<20}{:<16}{:>9}{:>26}{:>9}{:>26}",
        "group", "step", "lines", "of detected", "warned", "of warned"
    )];
    for row in &rows {
        let step = row.step.word();
        for share in [row.of_detected, row.of_warned] {
            groups.push(json!({
                "group": row.group, "step": step, "denominator": share.denominator,
                "count": share.count, "n": share.n, "estimate": share.estimate,
                "lower": share.interval.map(|i| i.lower), "upper": share.interval.map(|i| i.upper),
                "reading": row.reading.map(effects::Reading::word),
            }));
        }
        let (all, warned) = (row.of_detected, row.of_warned);
        words.push(format!(
            "{:<20}{step:<16}{:>9}{:>26}{:>9}{:>26}",
            row.group,
            all.count,
            percent(all.estimate, all.interval),
            warned.count,
            percent(warned.estimate, warned.interval)
        ));
    }
    finish(out, scope, by.map(effects::Reading::of), &groups, words)
}

async fn survival(
    app: &App,
    out: Out,
    (scope, by): (&Scope, Option<By>),
    draw: Draw,
) -> anyhow::Result<()> {
    let curves = effects::survival::survival(&app.db, scope, by, draw).await?;
    let mut groups = Vec::new();
    let mut words = vec![format!(
        "{:<20}{:>9}{:>6}{:>26}{:>10}",
        "group", "n", "days", "fixed of those listed", "at risk"
    )];
    for curve in &curves {
        for days in TABLE_DAYS {
            let point = curve.at(days);
            let fixed = point.map(effects::survival::Point::fixed);
            let interval = fixed.and_then(|fixed| fixed.1);
            groups.push(json!({
                "group": curve.group, "method": curve.method.word(), "days": days, "n": curve.n,
                "estimate": fixed.map(|fixed| fixed.0), "lower": interval.map(|i| i.lower),
                "upper": interval.map(|i| i.upper), "at_risk": point.map(|point| point.at_risk),
                "denominator": "listed and followed", "untraceable": curve.untraceable,
                "too_recent": curve.too_recent,
                "reading": curve.reading.map(effects::Reading::word),
            }));
            let share = percent(fixed.map(|fixed| fixed.0), interval);
            let at_risk = point.map_or("-".to_owned(), |point| point.at_risk.to_string());
            let (group, n) = (&curve.group, curve.n);
            words.push(format!("{group:<20}{n:>9}{days:>6}{share:>26}{at_risk:>10}"));
        }
    }
    finish(out, scope, by.map(effects::Reading::of), &groups, words)
}

async fn compare(
    app: &App,
    out: Out,
    (scope, days): (&Scope, u16),
    draw: Draw,
) -> anyhow::Result<()> {
    let found = effects::compare::compare(&app.db, scope, days, draw).await?;
    let mut groups = Vec::new();
    let mut words = vec![format!(
        "{:<12}{:>9}{:>10}{:>12}{:>26}",
        "arm", "n", "fixed", "waiting", "difference"
    )];
    for it in &found {
        groups.push(json!({
            "group": it.arm, "against": effects::WAIT, "days": it.days, "n": it.n,
            "n_against": it.n_wait, "fixed": it.fixed, "fixed_against": it.fixed_wait,
            "estimate": it.difference, "lower": it.interval.lower, "upper": it.interval.upper,
            "denominator": "listed and followed", "reading": effects::Reading::Effect.word(),
        }));
        words.push(format!(
            "{:<12}{:>9}{:>8.1} %{:>10.1} %{:>26}",
            it.arm,
            it.n,
            it.fixed * 100.0,
            it.fixed_wait * 100.0,
            percent(Some(it.difference), Some(it.interval))
        ));
    }
    if found.is_empty() {
        words.push(format!("No arm can be compared with `{}` at {days} days.", effects::WAIT));
    }
    let naive = effects::naive::by_address(&app.db, scope).await?;
    groups.push(json!({
        "group": "by_address", "days": Value::Null, "n": naive.n, "estimate": naive.estimate,
        "lower": naive.interval.map(|i| i.lower), "upper": naive.interval.map(|i| i.upper),
        "denominator": "listed addresses", "reading": "what counting addresses would claim",
    }));
    let share = percent(naive.estimate, naive.interval);
    words.push(format!("Counting addresses would claim {share} fixed of {}.", naive.n));
    finish(out, scope, None, &groups, words)
}

/// One object with all groups, or the table and what it may be called.
fn finish(
    out: Out,
    scope: &Scope,
    reading: Option<effects::Reading>,
    groups: &[Value],
    mut words: Vec<String>,
) -> anyhow::Result<()> {
    if let Some(reading) = reading {
        words.push(format!("Differences between groups: {}.", reading.word()));
    }
    let json = json!({ "as_of": scope.as_of.rfc3339(), "stream": scope.stream, "groups": groups });
    out.line(&json, words.join("\n"))
}

fn percent(estimate: Option<f64>, interval: Option<Interval>) -> String {
    let Some(estimate) = estimate else { return "-".to_owned() };
    let ends = interval
        .map_or(String::new(), |i| format!(" ({:.1} to {:.1})", i.lower * 100.0, i.upper * 100.0));
    format!("{:.1} %{ends}", estimate * 100.0)
}
