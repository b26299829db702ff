//! `todoke notice send`, `deliveries`, `bounce`: lists on their way to the providers.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::{
    app::App,
    audit::{self, Deed},
    cli::{Ended, Out, Refused, given::how_many, isp_named},
    isps,
    notices::{
        self,
        dispatch::{
            self, Delivery, State, bounce,
            carry::{self, Report},
            returns,
        },
    },
    time::Moment,
};

/// Sends what waits, due or not; with `again`, that list anew.
pub(super) async fn send(
    app: &App,
    out: Out,
    isp: Option<&String>,
    (again, by): (Option<&String>, &str),
) -> anyhow::Result<Ended> {
    let app = &app.clone().in_the_hands_of(by);
    let mut isp = match isp {
        Some(code) => Some(isp_named(app, code).await?),
        None => None,
    };
    if let Some(list) = again {
        let notice = notices::find(&app.db, list).await?;
        let missing = || format!("no list is named `{list}`; see `todoke notice list`");
        let notice = notice.ok_or_else(|| Refused::because(missing()))?;
        let isps = isps::all(&app.db).await?;
        let whose = isps.into_iter().find(|isp| isp.id == notice.isp_id);
        let whose = whose.context("the provider of this list is gone")?;
        let entered = dispatch::again(app, &notice, (&whose, by)).await?;
        entered.map_err(Refused::because)?;
        isp = Some(whose);
    }
    let mut ended = Ended::Done;
    for report in carry::now(app, isp.as_ref()).await? {
        if report.state != State::Accepted && report.state != State::Withdrawn {
            ended = Ended::PartlyRefused;
        }
        out.line(&outcome(&report), words(&report))?;
    }
    Ok(ended)
}

/// A try for machines.
pub(in crate::cli) fn outcome(report: &Report) -> Value {
    json!({
        "notice": report.delivery.list_id, "isp": report.delivery.isp,
        "delivery": report.delivery.id.to_string(), "way": report.delivery.way.word(),
        "state": report.state.word(), "answer": report.answer,
        "next_at": report.next_at.map(Moment::rfc3339),
    })
}

/// A try for people.
pub(in crate::cli) fn words(report: &Report) -> String {
    let next = report.next_at.map_or_else(String::new, |at| format!("; again {}", at.rfc3339()));
    format!(
        "{}\t{}\t{}\t{}{next}",
        report.delivery.isp,
        report.delivery.list_id,
        report.state.word(),
        report.answer
    )
}

/// All deliveries with how they stand and what happened to them.
pub(super) async fn deliveries(app: &App, out: Out, isp: Option<&String>) -> anyhow::Result<Ended> {
    let isp = match isp {
        Some(code) => Some(isp_named(app, code).await?),
        None => None,
    };
    // Each delivery bears the address that it goes to.
    let deed = match &isp {
        Some(isp) => Deed::new("notice.deliveries", &isp.code).of_isp(&isp.code),
        None => Deed::new("notice.deliveries", "all"),
    };
    audit::note_first(app, deed).await?;
    for delivery in dispatch::all(&app.db, isp.map(|isp| isp.id)).await? {
        let events = dispatch::events(&app.db, &delivery).await?;
        let events = events.iter().map(|event| {
            json!({
                "at": event.at.rfc3339(), "kind": event.kind, "detail": event.detail,
                "by": event.author,
            })
        });
        let mut told = standing(&delivery);
        told["events"] = events.collect();
        let next = match (delivery.state, delivery.due_at) {
            (State::Waiting, Some(at)) => format!("\tnext {}", at.rfc3339()),
            _ => String::new(),
        };
        out.line(
            &told,
            format!(
                "{}\t{}\t{}\t{}\t{} tries\t{}{next}",
                delivery.list_id,
                delivery.way.word(),
                delivery.server.as_deref().unwrap_or("-"),
                delivery.state.word(),
                delivery.attempts,
                delivery.answer.as_deref().unwrap_or("-"),
            ),
        )?;
    }
    Ok(Ended::Done)
}

fn standing(delivery: &Delivery) -> Value {
    json!({
        "notice": delivery.list_id, "isp": delivery.isp, "delivery": delivery.id.to_string(),
        "way": delivery.way.word(), "state": delivery.state.word(), "to": delivery.server,
        "form": delivery.form, "attempts": delivery.attempts, "answer": delivery.answer,
        "sha256": delivery.sha256, "bytes": delivery.bytes,
        "entered_at": delivery.entered_at.rfc3339(),
        "made_at": delivery.made_at.map(Moment::rfc3339),
        "settled_at": delivery.settled_at.map(Moment::rfc3339),
        "due_at": delivery.due_at.map(Moment::rfc3339),
    })
}

/// Fetches the mailbox of bounces.
pub(super) async fn fetch_bounces(app: &App, out: Out) -> anyhow::Result<Ended> {
    let report = returns::now(app).await?.map_err(Refused::because)?;
    out.line(&fetched(&report), fetched_words(&report))?;
    Ok(if report.fault.is_some() { Ended::PartlyRefused } else { Ended::Done })
}

/// A run of the mailbox of bounces for machines.
pub(in crate::cli) fn fetched(report: &returns::Report) -> Value {
    let came = report.came;
    json!({
        "bounces": true, "taken": came.taken, "known": came.known, "refused": came.refused,
        "fault": report.fault, "next_at": report.next_at.map(Moment::rfc3339),
    })
}

/// The same for people.
pub(in crate::cli) fn fetched_words(report: &returns::Report) -> String {
    let returns::Came { taken, known, refused } = report.came;
    let fault = report.fault.as_ref().map_or_else(String::new, |why| format!("; failed: {why}"));
    format!(
        "bounces: {} taken, {known} taken before, {refused} say nothing of a list and stay \
         unseen{fault}",
        how_many(taken, "mail")
    )
}

/// Takes mails that came to the return address: one per file, or one from standard input.
pub(super) async fn bounces(app: &App, out: Out, files: &[PathBuf]) -> anyhow::Result<Ended> {
    let mut ended = Ended::Done;
    for file in files {
        let name = file.display().to_string();
        let raw = read(file).map_err(|e| Refused::because(format!("{name}: {e}")))?;
        match bounce::take(app, &raw).await? {
            Ok(returned) => out.line(
                &json!({
                    "file": name, "kind": returned.kind, "notice": returned.mail.name(),
                    "isp": returned.mail.isp(), "detail": returned.detail,
                    "delivery": returned.mail.id(),
                    "known": returned.is_known,
                }),
                format!("{}\t{}\t{}", returned.mail.name(), returned.kind, returned.detail),
            )?,
            Err(why) => {
                ended = Ended::PartlyRefused;
                eprintln!("{name}: {why}");
                out.line(&json!({ "file": name, "refused": why.to_string() }), "")?;
            }
        }
    }
    Ok(ended)
}

/// The longest mail that is looked at.
const MAIL_MAX: u64 = 25 << 20;

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().lock().take(MAIL_MAX).read_to_end(&mut raw)?;
    } else {
        std::fs::File::open(file)?.take(MAIL_MAX).read_to_end(&mut raw)?;
    }
    Ok(raw)
}
