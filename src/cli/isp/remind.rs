//! `todoke isp remind` and `todoke isp mails`: reminders that go out as mail.

use serde_json::{Value, json};

use super::super::{Ended, Out, given::how_many, isp_named};
use crate::{
    app::App,
    audit::{self, Deed},
    notices::{
        dispatch::State,
        reminders::{self, Body, carry::Report},
    },
    time::Moment,
};

/// Reminds by the calendar; with `dry_run` only says of what, whom, and by which way.
pub(super) async fn remind(app: &App, out: Out, dry_run: bool) -> anyhow::Result<Ended> {
    let planned = reminders::rehearse(app).await?;
    if !dry_run {
        if !planned.is_empty() {
            // It takes many transactions.
            audit::note_first(app, Deed::new("isp.mail_reminders", "all")).await?;
        }
        reminders::by_calendar(app).await?;
    }
    for one in &planned {
        let (way, why) = match one.way {
            Ok(way) => (Some(way), None),
            Err(why) => (None, Some(why.to_string())),
        };
        let goes = match (&why, dry_run) {
            (Some(why), _) => format!("no mail: {why}"),
            (None, true) => format!("would go by {}", way.unwrap_or_default()),
            (None, false) => format!("goes by {}", way.unwrap_or_default()),
        };
        out.line(
            &json!({
                "isp": one.isp, "topic": one.body.topic(), "items": items(&one.body), "by": way,
                "why_not": why, "entered": !dry_run && way.is_some(),
            }),
            format!("{}\t{}\t{}\t{goes}", one.isp, one.body.topic(), words(&one.body)),
        )?;
    }
    Ok(Ended::Done)
}

/// All reminders that went, or are to go, as mail.
pub(super) async fn mails(app: &App, out: Out, isp: Option<&str>) -> anyhow::Result<Ended> {
    let isp = match isp {
        Some(code) => Some(isp_named(app, code).await?.id),
        None => None,
    };
    for mail in reminders::all(&app.db, isp).await? {
        let events = reminders::events(&app.db, &mail).await?;
        let events = events.iter().map(|event| {
            json!({
                "at": event.at.rfc3339(), "kind": event.kind, "detail": event.detail,
                "by": event.author,
            })
        });
        let (body, way) = (mail.body()?, mail.way.as_deref());
        let next = match (mail.state, mail.due_at) {
            (State::Waiting, Some(at)) => format!("\tnext {}", at.rfc3339()),
            _ => String::new(),
        };
        out.line(
            &json!({
                "mail": mail.id, "isp": mail.isp, "topic": body.topic(), "items": items(&body),
                "state": mail.state.word(), "by": way, "lang": mail.lang,
                "attempts": mail.attempts, "answer": mail.answer, "sha256": mail.sha256,
                "entered_at": mail.entered_at.rfc3339(),
                "made_at": mail.made_at.map(Moment::rfc3339),
                "settled_at": mail.settled_at.map(Moment::rfc3339),
                "due_at": mail.due_at.map(Moment::rfc3339), "events": events.collect::<Value>(),
            }),
            format!(
                "{}\t{}\t{}\t{}\t{}\t{}\t{}{next}",
                mail.entered_at.rfc3339(),
                mail.isp,
                words(&body),
                way.unwrap_or("-"),
                mail.state.word(),
                how_many(mail.attempts, "try"),
                mail.answer.as_deref().unwrap_or("-"),
            ),
        )?;
    }
    Ok(Ended::Done)
}

/// A try to hand a reminder over.
pub(in crate::cli) fn tried(out: Out, report: &Report) -> anyhow::Result<()> {
    let (mail, body) = (&report.mail, report.mail.body()?);
    let next = report.next_at.map_or_else(String::new, |at| format!("; again {}", at.rfc3339()));
    out.line(
        &json!({
            "reminder": mail.id, "isp": mail.isp, "topic": body.topic(), "items": items(&body),
            "state": report.state.word(), "answer": report.answer,
            "next_at": report.next_at.map(Moment::rfc3339),
        }),
        format!(
            "{}\treminder of {}\t{}\t{}{next}",
            mail.isp,
            body.topic(),
            report.state.word(),
            report.answer
        ),
    )
}

fn items(body: &Body) -> Value {
    let (what, why) = match body {
        Body::Reports(_) => ("notice", "reason"),
        Body::Contacts(_) => ("role", "standing"),
    };
    body.items().into_iter().map(|(one, reason)| json!({ what: one, why: reason })).collect()
}

fn words(body: &Body) -> String {
    let items = body.items().into_iter();
    items.map(|(one, why)| format!("{one} ({why})")).collect::<Vec<_>>().join(", ")
}
