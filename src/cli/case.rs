//! `todoke case`: cases and their history.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Ended, Out, Refused, isp_named};
use crate::{
    app::App,
    cases::{self, Filter},
    feeds,
    ids::CaseId,
    isps, sightings,
    time::Moment,
    verification::evidence,
};

#[derive(Debug, Args)]
pub(super) struct Case {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Cases, oldest first.
    #[command(after_help = "Example:\n  todoke case list --isp isp-a --state verified")]
    List {
        /// Only this provider's.
        #[arg(long)]
        isp: Option<String>,
        /// Only in this state: open, clean_once, verified, recurred, unknown.
        #[arg(long)]
        state: Option<String>,
        /// Only of this stream: notice, nicter, firmware, reflector, campaign.
        #[arg(long)]
        stream: Option<String>,
        /// Only last seen since this time.
        #[arg(long)]
        since: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(i64).range(0..))]
        limit: i64,
    },
    /// One case with every fact of its history.
    #[command(after_help = "Example:\n  todoke case show 0199aabb-…")]
    Show {
        /// The id that `list` prints.
        id: CaseId,
    },
}

impl Case {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::List { isp, state, stream, since, limit } => {
                let isp = match isp {
                    Some(code) => Some(isp_named(app, code).await?.id),
                    None => None,
                };
                let filter = Filter {
                    isp,
                    state: state
                        .as_deref()
                        .map(str::parse)
                        .transpose()
                        .map_err(Refused::because)?,
                    stream: stream.as_deref().map(known_stream).transpose()?,
                    since: since
                        .as_deref()
                        .map(Moment::parse)
                        .transpose()
                        .map_err(Refused::because)?,
                    id: None,
                };
                show(app, out, &filter, *limit).await?;
            }
            Command::Show { id } => {
                let filter = Filter { id: Some(*id), ..Filter::default() };
                let found = show(app, out, &filter, 1).await?;
                let missing = || format!("no case has the id {id}; see `todoke case list`");
                let case = found.first().ok_or_else(|| Refused::because(missing()))?;
                tell(app, out, case).await?;
            }
        }
        Ok(Ended::Done)
    }
}

/// The facts of a case and the clean scans that its verdict rests on, in order of time.
async fn tell(app: &App, out: Out, case: &cases::Case) -> anyhow::Result<()> {
    let mut facts = cases::history(&app.db, case.reference()).await?;
    let feeds = feeds::all(&app.db).await?;
    for scan in evidence::of_case(&app.db, case.reference()).await? {
        let feed = feeds.iter().find(|feed| feed.id == scan.feed_id);
        facts.push(cases::CaseEvent {
            at: scan.ended_at,
            kind: "clean_scan".to_owned(),
            author: format!("feed {}", feed.map_or("-", |feed| feed.name.as_str())),
            detail: Some(scan.scan_run),
            withdrawn_at: None,
        });
    }
    facts.sort_by_key(|fact| fact.at);
    let opening = opening(app, case).await?;
    for fact in facts {
        let opened = opening.as_ref().filter(|_| fact.kind == "opened");
        let more = opened.map(|(words, _)| words.as_str()).or(fact.detail.as_deref());
        let (at, more) = (fact.at.rfc3339(), more.unwrap_or(""));
        let taken_back = fact.withdrawn_at.map(Moment::rfc3339);
        let note = taken_back.as_ref().map_or_else(String::new, |at| format!("\t(withdrawn {at})"));
        out.line(
            &json!({
                "at": at, "kind": fact.kind, "author": fact.author, "detail": fact.detail,
                "withdrawn_at": taken_back, "sighting": opened.map(|(_, value)| value),
            }),
            format!("  {at}\t{}\t{}\t{more}{note}", fact.kind, fact.author),
        )?;
    }
    Ok(())
}

fn known_stream(word: &str) -> anyhow::Result<String> {
    let unknown = "is no stream; known are notice, nicter, firmware, reflector, campaign";
    let stream = word.parse::<formats::Stream>();
    let stream = stream.map_err(|_| Refused::because(format!("`{word}` {unknown}")))?;
    Ok(stream.code().to_owned())
}

/// What the row said that opened a case, in words and as a value.
async fn opening(app: &App, case: &cases::Case) -> anyhow::Result<Option<(String, Value)>> {
    let whole = sightings::whole(&app.db, case.feed_file_id, case.row_no).await?;
    let Some(kept) = whole else { return Ok(None) };
    let detail: Value = serde_json::from_str(&kept.detail)?;
    let place = case.place()?;
    let words = format!("row {}, line {}, {}: {detail}", kept.row_no, kept.line, place.ip);
    let value = json!({
        "feed_file": case.feed_file_id, "row": kept.row_no, "line": kept.line, "ip": place.ip,
        "proto": place.proto.code(), "port": place.port, "calling_port": kept.port,
        "severity": kept.severity, "detail": detail,
    });
    Ok(Some((words, value)))
}

async fn show(
    app: &App,
    out: Out,
    filter: &Filter,
    limit: i64,
) -> anyhow::Result<Vec<cases::Case>> {
    let isps = isps::all(&app.db).await?;
    let found = cases::list(&app.db, filter, limit).await?;
    if filter.id.is_none() && i64::try_from(found.len())? == limit {
        eprintln!("only the first {limit} cases are shown; ask for more by --limit");
    }
    for case in &found {
        let isp = isps.iter().find(|isp| isp.id == case.isp_id);
        let isp = isp.map_or("-", |isp| isp.code.as_str());
        let exposure = case.place()?.exposure.to_string();
        let (first, last) = (case.first_seen.rfc3339(), case.last_seen.rfc3339());
        out.line(
            &json!({
                "id": case.id, "state": case.state.word(), "isp": isp, "stream": case.stream,
                "first_seen": first, "last_seen": last, "exposure": exposure,
                "maker": case.maker, "model": case.model, "device_kind": case.device_kind,
                "line_of": case.line_of, "first_clean": case.first_clean.map(Moment::rfc3339),
                "feed_file": case.feed_file_id, "row": case.row_no,
            }),
            format!(
                "{}\t{}\t{isp}\t{exposure}\t{first}\t{last}\t{}",
                case.id,
                case.state,
                case.model.as_deref().unwrap_or("-")
            ),
        )?;
    }
    Ok(found)
}
