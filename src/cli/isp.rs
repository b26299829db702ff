//! `todoke isp`: the register of providers, and the work of the office that supports them.

mod office;
pub(super) mod remind;

mod apartments;
mod claim;
mod contact;
mod proposal;
mod delivery;
mod key;

use std::{fs::File, path::PathBuf};

use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use serde_json::{Value, json};

use super::{
    Ended, Out, Refused,
    given::{Saying, how_many},
    isp_named,
};
use crate::{
    access::tenancy::Tenant,
    app::App,
    ids::ReminderId,
    isps::{
        Register,
        difference::Difference,
        entry::{self, Announced, Declared, Entry},
        imports::{self, Word},
        register::{self, Imported},
        upstream,
    },
    notices::resellers::{self, Reseller},
    time::Moment,
};

/// Changes that are told to people one by one; `--json` tells all.
const TOLD: usize = 40;

#[derive(Debug, Args)]
pub(super) struct Isp {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read a register and show what it changes; a provider in the file is replaced whole.
    #[command(
        after_help = "Example:\n  todoke isp import isps.csv --dry-run\n  todoke isp import \
        isps.csv\n\nColumns: code,name,upstream,wholesale,asns,lease_policy,lines,prefix,kind,\
        network_name,notify,valid_from,valid_to"
    )]
    Import {
        /// CSV with a header, one row per declared prefix.
        file: PathBuf,
        /// Show the difference and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Take the last import back: what it changed stands as before. What was attributed stays.
    #[command(
        after_help = "Example:\n  todoke isp undo --reason \"a column was shifted\" --dry-run"
    )]
    Undo {
        #[command(flatten)]
        said: Saying,
        /// Show what it would change and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// All imports, the latest first.
    #[command(after_help = "Example:\n  todoke isp history --json")]
    History,
    /// How apartment houses of a provider are built.
    Apartments(apartments::Apartments),
    /// Public keys that a provider's mails are encrypted to.
    #[command(subcommand)]
    Key(key::Key),
    /// By which way a provider gets its lists.
    #[command(subcommand)]
    Delivery(delivery::Delivery),
    /// All providers, each behind the one that it sits behind.
    #[command(after_help = "Example:\n  todoke isp list --json")]
    List,
    /// Those behind a provider, and how their reports stand, in numbers.
    #[command(after_help = "Example:\n  todoke isp resellers --isp isp-a")]
    Resellers {
        #[command(flatten)]
        ours: Ours,
    },
    /// Whom the centre reaches at a provider.
    #[command(subcommand)]
    Contact(contact::Command),
    /// Networks that a provider claims or gives back.
    #[command(subcommand)]
    Claim(claim::Command),
    /// Say for a provider how something of its own is to be; a lease policy waits for approval.
    #[command(
        after_help = "Example:\n  todoke isp propose lease_policy static --isp isp-a --reason \
        \"one address per line since April\""
    )]
    Propose(proposal::Propose),
    /// What providers proposed of themselves.
    #[command(subcommand)]
    Proposal(proposal::Command),
    /// Whom to ask: providers without a confirmed contact first, then about which list (not
    /// fetched, not or partly reported, lines that soon expire).
    #[command(after_help = "Example:\n  todoke isp chase --json\n  todoke isp chase --remind")]
    Chase {
        /// Let a reminder become due for each that had none within a week.
        #[arg(long)]
        remind: bool,
    },
    /// Remind by mail of lists and of contacts to confirm, as `todoke work` does every morning.
    #[command(after_help = "Example:\n  todoke isp remind --dry-run --json")]
    Remind {
        /// Say of what, whom and by which way, and do nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Reminders that went, or are to go, as mail: how each stands.
    #[command(after_help = "Example:\n  todoke isp mails --isp isp-a --json")]
    Mails {
        /// Of this provider alone.
        #[arg(long)]
        isp: Option<String>,
    },
    /// Reminders that are due: none of their list went out since.
    #[command(after_help = "Example:\n  todoke isp reminders --json")]
    Reminders,
    /// Note that a provider was reminded of a list.
    #[command(after_help = "Example:\n  todoke isp reminded isp-a isp-a-20260501-001 --by phone")]
    Reminded {
        /// The provider.
        isp: String,
        /// The list.
        list: String,
        /// In which way: phone, mail, or another word.
        #[arg(long = "by", value_name = "WAY")]
        way: String,
        /// Who did it.
        #[arg(long, value_name = "NAME")]
        author: Option<String>,
    },
    /// Calls that were noted of a provider and stand, the latest first.
    #[command(after_help = "Example:\n  todoke isp calls isp-a --json")]
    Calls {
        /// The provider.
        isp: String,
        /// At most so many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..))]
        limit: i64,
    },
    /// Take a call back that was noted by mistake: the list waits as if nobody had called.
    #[command(after_help = "Example:\n  todoke isp calls isp-a\n  todoke isp take-back isp-a \
        01963f2a-7c00-7000-8000-000000000001")]
    TakeBack {
        /// The provider.
        isp: String,
        /// The call, as `todoke isp calls` names it.
        call: ReminderId,
        /// Who says so.
        #[arg(long, value_name = "NAME")]
        author: Option<String>,
    },
    /// Say for how many days a provider keeps the logs by which it finds a line.
    #[command(after_help = "Example:\n  todoke isp logs isp-a --days 90")]
    Logs {
        /// The provider.
        isp: String,
        /// How many days.
        #[arg(long)]
        days: i64,
        /// Who says so.
        #[arg(long, value_name = "NAME")]
        author: Option<String>,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// How far the lines of each provider came, as shares of those distributed and identified.
    #[command(after_help = "Example:\n  todoke isp figures --isp isp-a --json")]
    Figures {
        /// Of this provider alone.
        #[arg(long)]
        isp: Option<String>,
        /// Of lines first seen at this time or later.
        #[arg(long)]
        since: Option<Moment>,
    },
}

/// For which provider, and who acts.
#[derive(Debug, Args)]
struct Ours {
    /// The provider's code.
    #[arg(long)]
    isp: String,
    /// Who acts.
    #[arg(long, value_name = "NAME", env = "USER", value_parser = NonEmptyStringValueParser::new())]
    by: String,
}

impl Ours {
    async fn tenant(&self, app: &App) -> anyhow::Result<Tenant> {
        tenant(app, &self.isp, &self.by).await
    }
}

/// The part of the provider of that code, in the hands of `by`.
async fn tenant(app: &App, code: &str, by: &str) -> anyhow::Result<Tenant> {
    let isp = isp_named(app, code).await?;
    Ok(Tenant::of(app, isp.id, &isp.code, by))
}

impl Isp {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::Import { file, dry_run } => import(app, out, file, *dry_run).await,
            Command::Undo { said, dry_run } => undo(app, out, said, *dry_run).await,
            Command::History => history(app, out).await,
            Command::Apartments(it) => it.run(app, out).await,
            Command::List => list(app, out).await,
            Command::Resellers { ours } => behind(app, out, ours).await,
            Command::Contact(it) => it.run(app, out).await,
            Command::Claim(it) => it.run(app, out).await,
            Command::Propose(it) => it.run(app, out).await,
            Command::Proposal(it) => it.run(app, out).await,
            Command::Key(it) => it.run(app, out).await,
            Command::Delivery(it) => it.run(app, out).await,
            Command::Chase { remind } => office::chase(app, out, *remind).await,
            Command::Remind { dry_run } => remind::remind(app, out, *dry_run).await,
            Command::Mails { isp } => remind::mails(app, out, isp.as_deref()).await,
            Command::Reminders => office::reminders(app, out).await,
            Command::Reminded { isp, list, way, author } => {
                office::reminded(app, out, (isp, list, way, author.as_deref())).await
            }
            Command::Calls { isp, limit } => office::calls(app, out, (isp, *limit)).await,
            Command::TakeBack { isp, call, author } => {
                office::take_back(app, out, (isp, *call, author.as_deref())).await
            }
            Command::Logs { isp, days, author, reason } => {
                let said = (author.as_deref(), reason.as_deref());
                office::logs(app, out, (isp, *days), said).await
            }
            Command::Figures { isp, since } => {
                office::figures(app, out, (isp.as_deref(), *since)).await
            }
        }
    }
}

async fn import(app: &App, out: Out, file: &PathBuf, dry_run: bool) -> anyhow::Result<Ended> {
    let open = File::open(file);
    let open = open.map_err(|e| Refused::because(format!("{}: {e}", file.display())))?;
    let done = if dry_run {
        register::rehearse(app, open).await?
    } else {
        register::import(app, open).await?
    };
    let done = done.map_err(Refused::because)?;
    for error in &done.errors {
        eprintln!("line {}, column {}: {}", error.line, error.column, error.reason);
    }
    for code in &done.kept {
        eprintln!("{code}: a row did not go in, so nothing it declared was dropped");
    }
    out.line(&done, words(&done))?;
    Ok(if done.errors.is_empty() { Ended::Done } else { Ended::PartlyRefused })
}

fn words(done: &Imported) -> String {
    format!(
        "{} with {}; {} refused{}\n{}",
        how_many(done.isps, "provider"),
        how_many(done.prefixes, "prefix"),
        how_many(done.errors.len(), "row"),
        if done.applied { "" } else { " (nothing was changed)" },
        told(&done.difference)
    )
}

/// A difference in words: sums, then the first changes one by one.
fn told(difference: &Difference) -> String {
    if difference.is_empty() {
        return "  the register stands so already".to_owned();
    }
    let sums = [
        ("providers", difference.providers),
        ("prefixes", difference.prefixes),
        ("AS numbers", difference.asns),
    ];
    let sums =
        sums.map(|(what, sum)| format!("{what} +{} -{} ~{}", sum.added, sum.removed, sum.changed));
    let mut lines = vec![format!("  {}", sums.join(", "))];
    lines.extend(difference.changes.iter().take(TOLD).map(|one| {
        let sign = match one.change.as_str() {
            "added" => '+',
            "removed" => '-',
            _ => '~',
        };
        format!("  {sign} {} {} {}", one.isp, one.what, one.value)
    }));
    if difference.changes.len() > TOLD {
        let more = difference.changes.len() - TOLD;
        lines.push(format!("  and {more} more; --json tells all"));
    }
    lines.join("\n")
}

async fn undo(app: &App, out: Out, said: &Saying, dry_run: bool) -> anyhow::Result<Ended> {
    let word = Word { author: &said.by, reason: &said.reason };
    let undone =
        if dry_run { imports::rehearse_undo(app).await? } else { imports::undo(app, word).await? };
    let (import, difference) = undone.ok_or_else(|| {
        Refused::because("no import stands that could be undone; see `todoke isp history`")
    })?;
    out.line(
        &json!({ "undone": import.no, "difference": difference, "applied": !dry_run }),
        format!(
            "import {} {}\n{}",
            import.no,
            if dry_run { "would be undone (nothing was changed)" } else { "undone" },
            told(&difference)
        ),
    )?;
    Ok(Ended::Done)
}

async fn history(app: &App, out: Out) -> anyhow::Result<Ended> {
    for one in imports::history(&app.db).await? {
        let difference: Difference = serde_json::from_str(&one.difference)?;
        let at = one.imported_at.rfc3339();
        let undone = match (one.undone_at, &one.undone_by, &one.undone_reason) {
            (Some(at), Some(by), Some(reason)) => {
                format!("\n  undone {} by {by}: {reason}", at.rfc3339())
            }
            _ => String::new(),
        };
        out.line(
            &json!({
                "no": one.no, "imported_at": at, "difference": difference,
                "undone_at": one.undone_at.map(Moment::rfc3339), "undone_by": one.undone_by,
                "undone_reason": one.undone_reason,
            }),
            format!("{}\t{at}{undone}\n{}", one.no, told(&difference)),
        )?;
    }
    Ok(Ended::Done)
}

async fn list(app: &App, out: Out) -> anyhow::Result<Ended> {
    let register = Register::load(&app.db).await?;
    let (above, mut entries) = (upstream::above(&register.isps), entry::entries(&register));
    for (isp, depth) in upstream::tree(&register.isps) {
        let Entry { asns, prefixes, .. } = entries.remove(&isp.id).unwrap_or_default();
        let value: Value = json!({
            "code": isp.code, "name": isp.name, "upstream": isp.upstream,
            "upstream_path": upstream::path(&isp.code, &above), "depth": depth,
            "wholesale": isp.wholesale.word(),
            "lease_policy": isp.lease_policy.to_string(), "lines": isp.lines,
            "asns": asns.iter().map(announced).collect::<Vec<_>>(),
            "prefixes": prefixes.iter().map(declared).collect::<Vec<_>>(),
        });
        let words = format!(
            "{}{}\t{}\t{}\t{}\t{}, {}",
            "  ".repeat(depth),
            isp.code,
            isp.name,
            isp.upstream.as_deref().unwrap_or("-"),
            isp.lease_policy,
            how_many(prefixes.len(), "prefix"),
            how_many(asns.len(), "AS number"),
        );
        out.line(&value, words)?;
    }
    Ok(Ended::Done)
}

async fn behind(app: &App, out: Out, ours: &Ours) -> anyhow::Result<Ended> {
    for one in resellers::of(&ours.tenant(app).await?).await? {
        let Reseller { isp, name, through, lists, lines, reported, overdue, .. } = &one;
        let through = if through.is_empty() {
            String::new()
        } else {
            format!(" through {}", through.join(" > "))
        };
        let words = format!(
            "{isp}\t{name}{through}\t{}, {}: {reported} reported, {overdue} overdue",
            how_many(*lists, "list"),
            how_many(*lines, "line"),
        );
        out.line(&one, words)?;
    }
    Ok(Ended::Done)
}

fn announced(one: &Announced) -> Value {
    let (from, to) = times(one.from, one.to);
    json!({ "asn": one.asn, "from": from, "to": to })
}

fn declared(one: &Declared) -> Value {
    let (from, to) = times(one.from, one.to);
    json!({
        "prefix": one.prefix, "kind": one.kind.word(), "from": from, "to": to, "name": one.name,
        "notify": one.notify.map(formats::report_back::Recipient::code),
    })
}

/// From when and until when; nothing on a side that has no end.
fn times(from: Moment, to: Option<Moment>) -> (Option<String>, Option<String>) {
    ((from > Moment(i64::MIN)).then(|| from.rfc3339()), to.map(Moment::rfc3339))
}
