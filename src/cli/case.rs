//! `todoke case`: cases and their history.

use clap::{Args, Subcommand, builder::TypedValueParser};
use formats::Stream;
use serde_json::{Value, json};

use super::{
    Ended, Out, Refused,
    apartments::{self, Place},
    given, isp_named,
};
use crate::{
    app::App,
    audit::{self, Deed},
    cases::{self, CaseRef, Filter, State, withdrawn},
    feeds,
    ids::CaseId,
    isps,
    portal::{
        guide,
        result::{self, Line},
        timeline::Happened,
    },
    sightings,
    time::Moment,
    verification::{evidence, same_device},
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
        /// Only in this state.
        #[arg(long, value_parser = states())]
        state: Option<State>,
        /// Only of this stream.
        #[arg(long, value_parser = given::stream())]
        stream: Option<Stream>,
        /// Only last seen since this time (RFC 3339).
        #[arg(long)]
        since: Option<Moment>,
        /// At most this many.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(i64).range(0..))]
        limit: i64,
    },
    /// Say where the device of a case in an apartment house stands, as its provider tells it.
    #[command(after_help = "Example:\n  todoke case place 0199aabb-… --as private --use global \
        --reason \"the provider said so on the phone\"")]
    Place(Place),
    /// One case with every fact of its history.
    #[command(after_help = "Example:\n  todoke case show 0199aabb-…")]
    Show {
        /// The id that `list` prints.
        id: CaseId,
    },
}

/// The case of that id, or a refusal that says where ids come from.
pub(super) async fn one(app: &App, id: CaseId) -> anyhow::Result<cases::Case> {
    let found = cases::list(&app.db, &Filter { id: Some(id), ..Filter::default() }, 1).await?;
    let missing = || Refused::because(format!("no case has the id {id}; see `todoke case list`"));
    found.into_iter().next().ok_or_else(missing)
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
                    state: *state,
                    stream: stream.map(|stream| stream.code().to_owned()),
                    since: *since,
                    id: None,
                };
                list(app, out, &filter, *limit).await?;
            }
            Command::Place(it) => it.run(app, out).await?,
            Command::Show { id } => {
                let filter = Filter { id: Some(*id), ..Filter::default() };
                let found = cases::list(&app.db, &filter, 1).await?;
                if let Some(case) = found.first() {
                    show(app, out, case).await?;
                    tell(app, out, case).await?;
                } else {
                    let missing = || format!("no case has the id {id}; see `todoke case list`");
                    let case = withdrawn::find(&app.db, *id).await?;
                    let case = case.ok_or_else(|| Refused::because(missing()))?;
                    show_withdrawn(app, out, &case).await?;
                }
            }
        }
        Ok(Ended::Done)
    }
}

/// A case that was told by mistake, and its facts.
async fn show_withdrawn(app: &App, out: Out, case: &withdrawn::Withdrawn) -> anyhow::Result<()> {
    let isps = isps::all(&app.db).await?;
    let isp = isps.iter().find(|isp| isp.id == case.isp_id).map_or("-", |isp| isp.code.as_str());
    let (id, at, by, why) = (case.id, case.at.rfc3339(), &case.author, &case.reason);
    out.line(
        &json!({
            "id": id, "state": "withdrawn", "isp": isp, "withdrawn_at": at, "author": by,
            "reason": why,
        }),
        format!("{id}\twithdrawn\t{isp}\t{at}\t{by}\t{why}"),
    )?;
    for fact in cases::history(&app.db, CaseRef { isp: case.isp_id, id }).await? {
        let (at, kind, author) = (fact.at.rfc3339(), &fact.kind, &fact.author);
        out.line(
            &json!({ "at": at, "kind": kind, "author": author, "detail": fact.detail }),
            format!("  {at}\t{kind}\t{author}\t{}", fact.detail.as_deref().unwrap_or("")),
        )?;
    }
    Ok(())
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
    // The row that opened it bears the address.
    let isps = isps::all(&app.db).await?;
    let name = case.id.to_string();
    audit::note_first(app, Deed::new("case.show", &name).of_isp(code(case, &isps))).await?;
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

fn states() -> impl TypedValueParser<Value = State> {
    given::word_of(cases::STATES.iter().map(|(_, word)| *word))
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

async fn list(app: &App, out: Out, filter: &Filter, limit: i64) -> anyhow::Result<()> {
    let isps = isps::all(&app.db).await?;
    let found = cases::list(&app.db, filter, limit).await?;
    if i64::try_from(found.len())? == limit {
        eprintln!("only the first {limit} cases are shown; ask for more by --limit");
    }
    for case in &found {
        out.line(&value(case, &isps)?, words(case, &isps)?)?;
    }
    Ok(())
}

/// A case, its line, and what the person is told of it: the page, the timeline and this are one.
async fn show(app: &App, out: Out, case: &cases::Case) -> anyhow::Result<()> {
    let isps = isps::all(&app.db).await?;
    let line = Line::of(app, case.reference()).await?;
    let told = result::of(app, case.reference()).await?;
    let (first, last) = (told.first_seen.rfc3339(), told.last_seen.rfc3339());
    let (members, speaker) = (line.members.len() as u64, line.speaker().id);
    let mut value = value(case, &isps)?;
    value["line"] = json!({
        "speaker": speaker, "first_seen": first, "last_seen": last,
        "cases": line.members.iter().map(|case| case.id).collect::<Vec<_>>(),
    });
    let happened = |line: &Happened| json!({ "on": line.on.rfc3339(), "what": line.what.word() });
    value["told"] = json!({
        "answer": told.answer.word(), "since": told.since.rfc3339(),
        "timeline": told.timeline.iter().map(happened).collect::<Vec<_>>(),
    });
    let same = same_devices(app, &line).await?;
    value["same_device"] = same.iter().map(|(value, _)| value.clone()).collect();
    let chosen = guide::chosen(app, case.reference()).await?.map(guide::Choice::word);
    value["chosen"] = json!(chosen);
    let mut lines = vec![words(case, &isps)?, device(case)];
    let house = crate::notices::apartments::of(&app.db, case).await?;
    value["apartment"] = json!(house.as_ref().map(apartments::value));
    lines.extend(house.map(|placed| format!("apartment house: {}", apartments::words(&placed))));
    lines.extend(chosen.map(|word| format!("the visitor says of the device: {word}")));
    if members > 1 {
        lines.push(format!(
            "line of {members} cases, for which {speaker} speaks: first seen {first}, last {last}"
        ));
    }
    lines.extend(same.into_iter().map(|(_, words)| words));
    let day = |line: &Happened| format!("{} {}", line.on.date_jst(), line.what.word());
    let story: Vec<String> = told.timeline.iter().map(day).collect();
    lines.push(format!("the person is told: {} ({})", told.answer.word(), story.join(", ")));
    out.line(&value, lines.join("\n"))
}

/// As which cases of others the device of a line was seen before or after, as values and in words.
async fn same_devices(app: &App, line: &Line) -> anyhow::Result<Vec<(Value, String)>> {
    let is_own = |id: CaseId| line.members.iter().any(|case| case.id == id);
    let mut links = Vec::new();
    for member in &line.members {
        links.extend(same_device::of_case(&app.db, member.reference()).await?);
    }
    links.sort_by_key(|link| (link.same.since, link.case_id, link.same.later));
    // A token may have joined the two meanwhile.
    links.retain(|link| is_own(link.case_id) != is_own(link.same.later));
    let told = links.into_iter().map(|link| {
        let (by, since) = (link.same.kind.word(), link.same.since.rfc3339());
        let (is, case, words) = if is_own(link.case_id) {
            let words = format!("its device was seen again since {since}, by its {by}, as case");
            ("later", link.same.later, words)
        } else {
            let words = format!("since {since} it is followed here, by its {by}, from case");
            ("earlier", link.case_id, words)
        };
        let words = format!("{words} {case}");
        (json!({ "case": case, "is": is, "by": by, "since": since }), words)
    });
    Ok(told.collect())
}

fn value(case: &cases::Case, isps: &[isps::Isp]) -> anyhow::Result<Value> {
    Ok(json!({
        "id": case.id, "state": case.state.word(), "isp": code(case, isps), "stream": case.stream,
        "first_seen": case.first_seen.rfc3339(), "last_seen": case.last_seen.rfc3339(),
        "exposure": case.place()?.exposure.to_string(),
        "maker": case.maker, "model": case.model, "device_kind": case.device_kind,
        "confidence": case.confidence, "identified_by": case.identified_by,
        "line_of": case.line_of, "first_clean": case.first_clean.map(Moment::rfc3339),
        "feed_file": case.feed_file_id, "row": case.row_no,
    }))
}

/// What a case says of its device, how surely, and by which rule.
fn device(case: &cases::Case) -> String {
    let known = [&case.maker, &case.model, &case.device_kind].map(Option::as_deref);
    let known: Vec<&str> = known.into_iter().flatten().collect();
    if known.is_empty() {
        return "device: not known".to_owned();
    }
    let sure = case.confidence.map_or_else(String::new, |sure| format!("confidence {sure}, "));
    let rule = case.identified_by.as_deref().unwrap_or(crate::devices::FEED);
    format!("device: {} ({sure}by {rule})", known.join(" "))
}

fn words(case: &cases::Case, isps: &[isps::Isp]) -> anyhow::Result<String> {
    let joined = case.line_of.map_or_else(String::new, |line| format!("\tjoined to {line}"));
    Ok(format!(
        "{}\t{}\t{}\t{}\t{}\t{}\t{}{joined}",
        case.id,
        case.state,
        code(case, isps),
        case.place()?.exposure,
        case.first_seen.rfc3339(),
        case.last_seen.rfc3339(),
        case.model.as_deref().unwrap_or("-")
    ))
}

fn code<'a>(case: &cases::Case, isps: &'a [isps::Isp]) -> &'a str {
    let isp = isps.iter().find(|isp| isp.id == case.isp_id);
    isp.map_or("-", |isp| isp.code.as_str())
}
