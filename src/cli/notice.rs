//! `todoke notice`: lists for the providers.

pub(super) mod letters;
mod texts;
pub(super) mod send;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{ArgGroup, Args, Subcommand, builder::TypedValueParser};
use serde_json::json;

use super::{Ended, Out, Refused, given, given::how_many, isp_named};
use crate::{
    access::{keys::private, tenancy::Tenant},
    app::App,
    campaigns::enrol,
    isps,
    notices::{
        self,
        export::{self, Form},
        prepare::{self, Prepared},
    },
    time::Moment,
};

#[derive(Debug, Args)]
pub(super) struct Notice {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put the cases that wait on a new list.
    #[command(
        after_help = "Example:\n  todoke notice prepare --all",
        group = ArgGroup::new("whose").args(["isp", "all"]).required(true)
    )]
    Prepare {
        /// Of this provider.
        #[arg(long)]
        isp: Option<String>,
        /// Of every provider.
        #[arg(long)]
        all: bool,
    },
    /// All lists with what came back; lines without a report are a number of their own.
    #[command(after_help = "Example:\n  todoke notice list --json")]
    List,
    /// Write a list; again = the same bytes.
    #[command(after_help = "Example:\n  todoke notice export isp-a-20260501-001 --out list.csv")]
    Export {
        /// The name that `prepare` and `list` print.
        id: String,
        /// How it is written.
        #[arg(long, default_value = "csv", value_parser = forms())]
        format: Form,
        /// The file to write.
        #[arg(long)]
        out: PathBuf,
    },
    /// The letters of a list as PDF, to print and post.
    Letters(letters::Letters),
    /// The texts of a list's lines as CSV, for a mail merge.
    Texts(texts::Texts),
    /// Send lists that wait, or were refused, now.
    #[command(
        after_help = "Example:\n  todoke notice send --isp isp-a\n  todoke notice send --again \
        isp-a-20260501-001\n\nA list that is sent again is a message of its own, to where its \
        provider gets lists now."
    )]
    Send {
        /// Of this provider alone.
        #[arg(long)]
        isp: Option<String>,
        /// Send this list anew, such as one that bounced.
        #[arg(long, value_name = "LIST")]
        again: Option<String>,
        /// Who says so.
        #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
        by: String,
    },
    /// Lists on their way: how they stand, how often they were tried, what was answered last.
    #[command(after_help = "Example:\n  todoke notice deliveries --isp isp-a --json")]
    Deliveries {
        /// Of this provider alone.
        #[arg(long)]
        isp: Option<String>,
    },
    /// Fetch the mailbox of the return address now, due or not.
    #[command(after_help = "Example:\n  todoke notice fetch-bounces --json\n\nThe section \
        [bounces] of centre.toml names it; see docs/operate/delivery.md.")]
    FetchBounces,
    /// Take mails that came back to the return address.
    #[command(
        after_help = "Example:\n  todoke notice bounce /var/mail/bounce/new/*\n\nA mail server \
        hands each over by `| todoke notice bounce -`."
    )]
    Bounce {
        /// Files with one mail each; `-` for standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

fn forms() -> impl TypedValueParser<Value = Form> {
    given::word_of(Form::ALL.map(Form::word))
}

impl Notice {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::Prepare { isp, .. } => {
                let isps = match isp {
                    Some(code) => vec![isp_named(app, code).await?],
                    None => isps::all(&app.db).await?,
                };
                // A list is prepared by what campaigns name now.
                enrol::all(app).await?;
                for isp in isps {
                    let done = prepare::all_for_isp(app, &isp).await?;
                    tell(out, &isp.code, &done)?;
                }
            }
            Command::List => list(app, out).await?,
            Command::Letters(it) => it.run(app, out).await?,
            Command::Texts(it) => it.run(app, out).await?,
            Command::Send { isp, again, by } => {
                return send::send(app, out, isp.as_ref(), (again.as_ref(), by)).await;
            }
            Command::Deliveries { isp } => return send::deliveries(app, out, isp.as_ref()).await,
            Command::FetchBounces => return send::fetch_bounces(app, out).await,
            Command::Bounce { files } => return send::bounces(app, out, files).await,
            Command::Export { id, format, out: file } => {
                export_to(app, out, (id, *format), file).await?;
            }
        }
        Ok(Ended::Done)
    }
}

/// Writes a list to a file.
async fn export_to(
    app: &App,
    out: Out,
    (id, format): (&str, Form),
    file: &Path,
) -> anyhow::Result<()> {
    let missing = || format!("no list is named `{id}`; see `todoke notice list`");
    let notice = notices::find(&app.db, id).await?;
    let notice = notice.ok_or_else(|| Refused::because(missing()))?;
    if notice.withdrawn_at.is_some() {
        let why = "all its lines were withdrawn before it was handed out";
        return Err(Refused::because(format!("the list `{id}` is empty: {why}")));
    }
    let isps = isps::all(&app.db).await?;
    let isp = isps.iter().find(|isp| isp.id == notice.isp_id);
    let isp = isp.context("the provider of this list is gone")?;
    let refuse = |e| Refused::because(format!("{}: {e}", file.display()));
    // Made first: a list that cannot be written was not handed out.
    let mut target = private();
    let target = target.write(true).create(true).truncate(true).open(file);
    let mut target = target.map_err(refuse)?;
    let exported = export::write(app, &notice, isp, format).await?;
    for lost in &exported.unmappable {
        let (record, column) = (lost.record_no, lost.column);
        eprintln!("record {record}, {column}: {:?} is not in CP932", lost.character);
    }
    target.write_all(&exported.bytes).map_err(refuse)?;
    out.line(
        &json!({
            "notice": id, "isp": isp.code, "lines": exported.lines,
            "file": file, "unmappable": exported.unmappable.len(),
            "recalled": exported.recalled,
        }),
        format!(
            "{} written to {}{}",
            how_many(exported.lines, "line"),
            file.display(),
            match exported.recalled {
                0 => String::new(),
                lines => format!(", {lines} of them taken back since"),
            }
        ),
    )
}

/// The part of the provider whose list it is, in the hands of `by`.
async fn tenant_of(app: &App, list_id: &str, by: &str) -> anyhow::Result<Tenant> {
    let notice = notices::find(&app.db, list_id).await?;
    let isps = isps::all(&app.db).await?;
    let isp = notice.and_then(|notice| isps.into_iter().find(|isp| isp.id == notice.isp_id));
    let missing = || format!("no list is named `{list_id}`; see `todoke notice list`");
    let isp = isp.ok_or_else(|| Refused::because(missing()))?;
    Ok(Tenant::of(app, isp.id, &isp.code, by))
}

/// Tells what came of preparing, and what is held back from the list.
pub(super) fn tell(out: Out, isp: &str, done: &Prepared) -> anyhow::Result<()> {
    let list = done.notice.as_ref().map(|notice| notice.list_id.as_str());
    let lines = done.notice.as_ref().map_or(0, |notice| notice.lines);
    let Prepared { recalls, held, handed_over, not_joined, .. } = *done;
    let mut words =
        vec![isp.to_owned(), list.unwrap_or("nothing waits").to_owned(), how_many(lines, "line")];
    if recalls > 0 {
        words.push(format!("{} taken back", how_many(recalls, "earlier line")));
    }
    if held > 0 {
        let cases = how_many(held, "case");
        words.push(format!("{cases} held back; see `todoke feed approvals`"));
    }
    if handed_over > 0 {
        let cases = how_many(handed_over, "case");
        words.push(format!("{cases} not told: the addresses were another provider's by then"));
    }
    if not_joined > 0 {
        let cases = how_many(not_joined, "case");
        words.push(format!("{cases} of campaigns without its part; see `todoke campaign list`"));
    }
    out.line(
        &json!({
            "notice": list, "isp": isp, "lines": lines, "recalls": recalls, "held": held,
            "handed_over": handed_over, "not_joined": not_joined,
        }),
        words.join("\t"),
    )
}

async fn list(app: &App, out: Out) -> anyhow::Result<()> {
    for list in notices::standings(&app.db).await? {
        let no_report = list.no_report();
        out.line(
            &json!({
                "notice": list.list_id, "isp": list.isp, "lines": list.lines,
                "reported": list.reported, "notified": list.notified, "no_report": no_report,
                "exports": list.exports, "recalled": list.recalled,
                "withdrawn_at": list.withdrawn_at.map(Moment::rfc3339),
                "prepared_at": list.prepared_at.rfc3339(),
                "report_by": list.report_by.rfc3339(),
            }),
            format!(
                "{}\t{}\t{} reported\t{} notified\t{no_report} without report\tby {}{}",
                list.list_id,
                how_many(list.lines, "line"),
                list.reported,
                list.notified,
                list.report_by.date_jst(),
                taken_back(&list)
            ),
        )?;
    }
    Ok(())
}

/// What of a list was taken back.
fn taken_back(list: &notices::Standing) -> String {
    match (list.withdrawn_at, list.recalled) {
        (Some(_), _) => "\twithdrawn".to_owned(),
        (None, 0) => String::new(),
        (None, lines) => format!("\t{lines} recalled"),
    }
}
