//! `todoke isp chase`, `reminded`, `calls`, `take-back`, `logs`, `figures`: the work of the ISP
//! support office.

use serde_json::json;

use super::super::{Ended, Out, Refused, given::how_many, hand, isp_named};
use crate::{
    access::tenancy::Tenant,
    app::App,
    ids::ReminderId,
    isps::{contacts::desk, log_terms},
    notices::{
        chasing::{self, calls},
        clock::URGENT_DAYS,
        figures, others,
    },
    time::Moment,
};

async fn tenant(app: &App, code: &str, by: Option<&str>) -> anyhow::Result<Tenant> {
    let isp = isp_named(app, code).await?;
    Ok(Tenant::of(app, isp.id, &isp.code, by.unwrap_or_else(|| hand(app))))
}

/// Whom to ask about which list, and why, after those that cannot be asked; with `remind` a
/// reminder becomes due for each.
pub(super) async fn chase(app: &App, out: Out, remind: bool) -> anyhow::Result<Ended> {
    let due = if remind { chasing::remind(app).await? } else { 0 };
    for one in desk::unreached(app).await? {
        let why = one.word();
        out.line(
            &json!({ "isp": one.isp, "name": one.name, "reasons": [why] }),
            format!("{}\t-\t{why}\task by phone whom to write to", one.isp),
        )?;
    }
    for (list, reasons) in chasing::list(app).await? {
        let words: Vec<&str> = reasons.iter().map(|reason| reason.word()).collect();
        out.line(
            &json!({
                "isp": list.isp, "name": list.name, "notice": list.list_id, "reasons": words,
                "lines": list.lines, "unreported": list.unreported, "expiring": list.expiring,
                "expired": list.expired, "untaken": list.untaken,
                "report_by": list.report_by.rfc3339(),
                "prepared_at": list.prepared_at.rfc3339(),
                "fetched_at": list.fetched_at.map(Moment::rfc3339),
                "reminded_at": list.reminded_at.map(Moment::rfc3339),
                "due_since": list.due_since().map(Moment::rfc3339),
            }),
            format!(
                "{}\t{}\t{}\t{} of {} without report, {} with {URGENT_DAYS} days or fewer\tby {}",
                list.isp,
                list.list_id,
                words.join(", "),
                list.unreported,
                how_many(list.lines, "line"),
                list.expiring,
                list.report_by.date_jst(),
            ),
        )?;
    }
    if remind && !out.json {
        out.line(&json!({}), format!("{} due", how_many(due, "reminder")))?;
    }
    Ok(Ended::Done)
}

/// Reminders that wait for whoever sends them.
pub(super) async fn reminders(app: &App, out: Out) -> anyhow::Result<Ended> {
    for one in chasing::due(&app.db).await? {
        let at = one.at.rfc3339();
        out.line(
            &json!({
                "isp": one.isp, "notice": one.list_id, "reason": one.reason, "state": one.state,
                "at": at, "by": one.author,
            }),
            format!("{}\t{}\t{}\tdue since {at}", one.isp, one.list_id, one.reason),
        )?;
    }
    Ok(Ended::Done)
}

/// Notes that a provider was reminded of a list.
pub(super) async fn reminded(
    app: &App,
    out: Out,
    (isp, list, way, author): (&str, &str, &str, Option<&str>),
) -> anyhow::Result<Ended> {
    let tenant = tenant(app, isp, author).await?;
    let noted = chasing::noted(&tenant, list, way).await?.map_err(Refused::because)?;
    out.line(
        &json!({
            "call": noted.id, "isp": noted.isp, "notice": noted.list_id, "reason": noted.reason,
            "state": noted.state, "way": noted.way, "at": noted.at.rfc3339(), "by": noted.author,
        }),
        format!("{} was reminded of {} by {way}", noted.isp, noted.list_id),
    )?;
    Ok(Ended::Done)
}

/// Calls that were noted of a provider and stand.
pub(super) async fn calls(app: &App, out: Out, (isp, limit): (&str, i64)) -> anyhow::Result<Ended> {
    let isp = isp_named(app, isp).await?;
    for one in calls::latest(app, isp.id, limit).await? {
        let (at, way) = (one.at.rfc3339(), one.way.as_deref().unwrap_or("-"));
        out.line(
            &json!({
                "call": one.id, "isp": one.isp, "notice": one.list_id, "reason": one.reason,
                "way": one.way, "at": at, "by": one.author,
            }),
            format!("{}\t{at}\t{}\t{way}\t{}\tby {}", one.id, one.list_id, one.reason, one.author),
        )?;
    }
    Ok(Ended::Done)
}

/// Takes a call back.
pub(super) async fn take_back(
    app: &App,
    out: Out,
    (isp, call, author): (&str, ReminderId, Option<&str>),
) -> anyhow::Result<Ended> {
    let tenant = tenant(app, isp, author).await?;
    calls::take_back(&tenant, call).await?.map_err(Refused::because)?;
    let words = format!("{isp}: the call is taken back; its list waits as if nobody had called");
    out.line(&json!({ "isp": isp, "call": call, "taken_back": true }), words)?;
    Ok(Ended::Done)
}

/// Says how long a provider keeps its logs.
pub(super) async fn logs(
    app: &App,
    out: Out,
    (isp, days): (&str, i64),
    (author, reason): (Option<&str>, Option<&str>),
) -> anyhow::Result<Ended> {
    let tenant = tenant(app, isp, author).await?;
    log_terms::say(&tenant, days, reason).await?.map_err(Refused::because)?;
    let words = format!("{isp} keeps its logs for {}", how_many(days, "day"));
    out.line(&json!({ "isp": isp, "log_days": days }), words)?;
    Ok(Ended::Done)
}

/// How far the lines of each provider came.
pub(super) async fn figures(
    app: &App,
    out: Out,
    (isp, since): (Option<&str>, Option<Moment>),
) -> anyhow::Result<Ended> {
    let isp = match isp {
        Some(code) => Some(isp_named(app, code).await?.id),
        None => None,
    };
    let by_wording = figures::by_wording(&app.db, isp, since).await?;
    others::look_through(app, isp).await?;
    for one in figures::of(&app.db, isp, since, app.now()).await? {
        let shares = one.shares();
        let told: Vec<_> = by_wording.iter().filter(|told| told.isp == one.isp).collect();
        let mut value = serde_json::to_value(&one)?;
        value["shares"] = serde_json::to_value(&shares)?;
        value["by_wording"] = serde_json::to_value(&told)?;
        let percent = |share: &figures::Share| match (share.estimate, share.lower, share.upper) {
            (Some(p), Some(l), Some(u)) => {
                format!("{:.2} % ({:.2}–{:.2})", p * 100.0, l * 100.0, u * 100.0)
            }
            _ => "–".to_owned(),
        };
        let of = |figure: &str, denominator: &str| {
            let mut shares = shares.iter();
            let found = shares.find(|s| s.figure == figure && s.denominator == denominator);
            found.map_or_else(String::new, percent)
        };
        let words = format!(
            "{}\t{} detected\t{} listed\t{} fetched\t{} identified\t{} notified: {} of those \
             distributed, {} of those identified\t{} delivered\t{} came back\t{} without report, \
             {} in progress, {} found no more",
            one.isp,
            one.detected,
            one.listed,
            one.fetched,
            one.identified,
            one.notified,
            of("notified", "distributed"),
            of("notified", "identified"),
            one.delivered,
            one.bounced,
            one.no_report,
            one.pending,
            one.log_expired,
        );
        let told: String = told.into_iter().map(of_wording).collect();
        out.line(&value, words + &told)?;
    }
    Ok(Ended::Done)
}

/// What came of telling by one channel and in one wording.
fn of_wording(one: &figures::ByWording) -> String {
    let wording = one.template_version.as_deref().unwrap_or("words of its own or unknown");
    let (channel, told, delivered, bounced) = (&one.channel, one.told, one.delivered, one.bounced);
    format!("\n\t{channel}, {wording}: {told} told\t{delivered} delivered\t{bounced} came back")
}
