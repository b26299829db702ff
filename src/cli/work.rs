//! `todoke work`: fetches what is due and takes in what came, for as many nodes as there are.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::{
    Ended, Out,
    given::{how_many, still_waiting},
    isp::remind,
    notice::{self, send},
    serve::stopped,
};
use crate::{
    app::App,
    audit::checkpoint,
    feeds::{archive, jobs as feed_jobs, ways::run::Report},
    intake::{self, Taken},
    isps::jobs as isp_jobs,
    jobs::{self, Job, queue, schedule},
    notices::{dispatch::State, jobs as notice_jobs},
    time::Moment,
};

/// The kind of the job that takes files in: one node does so at a time.
const INTAKE: &str = "intake";
/// The kind of the job that signs the audit log.
const CHECKPOINT: &str = "audit-checkpoint";
/// Files that are taken in under one lease.
const HANDFUL: i64 = 20;
/// How long a node rests when nothing is due.
const PAUSE: Duration = Duration::from_secs(5);

/// What runs beside the web, or alone. A way that waits for its server holds no other back.
pub(super) const JOBS: [Job; 9] = [
    Job {
        name: "fetching",
        abreast: 4,
        pause: PAUSE,
        step: |app| Box::pin(async move { Ok(feed_jobs::fetch_next(&app).await?.is_some()) }),
    },
    Job {
        name: "taking in",
        abreast: 1,
        pause: PAUSE,
        step: |app| Box::pin(async move { Ok(!take_in(&app).await?.is_empty()) }),
    },
    Job {
        name: "signing the audit log",
        abreast: 1,
        pause: Duration::from_mins(1),
        step: |app| Box::pin(async move { sign(&app).await.map(|()| false) }),
    },
    Job {
        name: "preparing lists",
        abreast: 1,
        pause: Duration::from_mins(1),
        step: |app| Box::pin(async move { notice_jobs::prepare_lists(&app).await.map(|_| false) }),
    },
    Job {
        name: "sending",
        abreast: 2,
        pause: PAUSE,
        step: |app| Box::pin(async move { Ok(notice_jobs::send_next(&app).await?.is_some()) }),
    },
    Job {
        name: "sealing",
        abreast: 1,
        pause: Duration::from_hours(1),
        step: |app| Box::pin(async move { seal_some(&app).await }),
    },
    Job {
        name: "looking whom to remind",
        abreast: 1,
        pause: Duration::from_mins(1),
        step: |app| {
            Box::pin(async move { notice_jobs::look_at_calendar(&app).await.map(|()| false) })
        },
    },
    Job {
        name: "reminding",
        abreast: 1,
        pause: PAUSE,
        step: |app| Box::pin(async move { Ok(notice_jobs::remind_next(&app).await?.is_some()) }),
    },
    Job {
        name: "fetching bounces",
        abreast: 1,
        pause: PAUSE,
        step: |app| Box::pin(async move { Ok(notice_jobs::fetch_bounces(&app).await?.is_some()) }),
    },
];

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke work\n  todoke work --once --json")]
pub(super) struct Work {
    /// Do what is due now, then end.
    #[arg(long)]
    once: bool,
}

impl Work {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        if self.once {
            return once(app, out).await;
        }
        archive::sweep_up(app)?;
        let running = jobs::start(app, &JOBS);
        out.line(&json!({ "working": true }), "Working until Ctrl-C.")?;
        stopped().await;
        running.stop().await;
        Ok(Ended::Done)
    }
}

async fn once(app: &App, out: Out) -> anyhow::Result<Ended> {
    let mut ended = Ended::Done;
    if let Err(fault) = sign(app).await {
        tracing::error!("{fault:#}");
    }
    while let Some(report) = feed_jobs::fetch_next(app).await? {
        if report.fault.is_some() || report.came.refused > 0 {
            ended = Ended::PartlyRefused;
        }
        out.line(&value(&report), words(&report))?;
    }
    while seal_some(app).await? {}
    if let Some(run) = notice_jobs::prepare_lists(app).await? {
        if !run.failed.is_empty() {
            ended = Ended::PartlyRefused;
        }
        for (isp, done) in &run.prepared {
            notice::tell(out, isp, done)?;
        }
    }
    while let Some(report) = notice_jobs::send_next(app).await? {
        if !matches!(report.state, State::Accepted | State::Withdrawn) {
            ended = Ended::PartlyRefused;
        }
        out.line(&send::outcome(&report), send::words(&report))?;
    }
    notice_jobs::look_at_calendar(app).await?;
    while let Some(report) = notice_jobs::remind_next(app).await? {
        if !matches!(report.state, State::Accepted | State::Withdrawn) {
            ended = Ended::PartlyRefused;
        }
        remind::tried(out, &report)?;
    }
    if let Some(report) = notice_jobs::fetch_bounces(app).await? {
        if report.fault.is_some() {
            ended = Ended::PartlyRefused;
        }
        out.line(&send::fetched(&report), send::fetched_words(&report))?;
    }
    loop {
        let taken = take_in(app).await?;
        if taken.is_empty() {
            return Ok(ended);
        }
        for one in &taken {
            if one.refused.is_some() || one.waiting > 0 {
                ended = Ended::PartlyRefused;
            }
            out.line(one, taken_words(one))?;
        }
    }
}

/// Seals some of what once stood in the clear; tells whether there was any.
async fn seal_some(app: &App) -> anyhow::Result<bool> {
    Ok(isp_jobs::seal_some(app).await? || notice_jobs::seal_some(app).await?)
}

/// Takes in some of what was accepted, unless another node does; gives what was taken in.
async fn take_in(app: &App) -> anyhow::Result<Vec<Taken>> {
    let Some(lease) = queue::take_sole(app, INTAKE).await? else { return Ok(Vec::new()) };
    let taken = lease.during(app, Box::pin(intake::finish(app, HANDFUL))).await?;
    lease.done(app, app.now()).await?;
    let taken = taken?;
    for one in &taken {
        tracing::info!("{}", taken_words(one));
    }
    Ok(taken)
}

/// Writes a checkpoint of the audit log where the last one is an hour old and no other node does.
async fn sign(app: &App) -> anyhow::Result<()> {
    let Some(lease) = queue::take_sole_due(app, CHECKPOINT).await? else { return Ok(()) };
    let signed = checkpoint::write(app).await;
    // Also where it failed: a folder that is full now is tried again in an hour.
    lease.done(app, schedule::later(app.now(), Duration::from_hours(1))).await?;
    let signed = signed.context("no checkpoint of the audit log is written")?;
    tracing::info!("signed {} leaves of the audit log", signed.no);
    Ok(())
}

/// A run of a way for machines.
pub(super) fn value(report: &Report) -> Value {
    json!({
        "way": report.way.to_string(), "files": report.came.files, "known": report.came.known,
        "refused": report.came.refused, "fault": report.fault,
        "next_at": report.next_at.map(Moment::rfc3339),
    })
}

/// A run of a way for people.
pub(super) fn words(report: &Report) -> String {
    let came = report.came;
    let next = report
        .next_at
        .map_or_else(|| "it rests now".to_owned(), |at| format!("next run {}", at.rfc3339()));
    let fault = report.fault.as_ref().map_or(String::new(), |why| format!("; failed: {why}"));
    format!(
        "{}: {} came, {} in already, {} refused{fault}; {next}",
        report.way,
        how_many(came.files, "file"),
        came.known,
        came.refused,
    )
}

fn taken_words(taken: &Taken) -> String {
    match &taken.refused {
        Some(why) => format!("{}: refused: {why}", taken.file),
        None => format!(
            "{}: {} taken in, {} in quarantine{}",
            taken.file,
            how_many(taken.counts.rows, "row"),
            taken.counts.quarantined,
            still_waiting(taken.already_ingested, taken.waiting),
        ),
    }
}
