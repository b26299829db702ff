//! `todoke feed withdraw`, `restore`, `approvals`, `approve`, `decline`: what people decide about
//! a file.

use anyhow::Context as _;
use clap::{Args, builder::NonEmptyStringValueParser};
use serde_json::json;

use crate::{
    app::App,
    cli::{Ended, Out, Refused, given::how_many, ingest},
    feeds::{
        Feed, files,
        gate::{self, NotWaiting},
        receive::FeedFile,
        withdrawal::Word,
    },
    intake::withdrawal::{self, TakenBack},
};

/// What somebody says of a file.
#[derive(Debug, Args)]
pub(super) struct Said {
    /// Its id, or at least eight digits of its sha256, as `feed files --json` prints them.
    file: String,
    /// Why, for whoever asks later; recalled lines say so too.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    reason: String,
    /// Who says so.
    #[arg(long, value_name = "NAME", env = "USER", value_parser = NonEmptyStringValueParser::new())]
    by: String,
}

impl Said {
    fn word(&self) -> Word<'_> {
        Word { author: &self.by, reason: &self.reason }
    }

    async fn file(&self, app: &App) -> anyhow::Result<(Feed, FeedFile)> {
        let found = files::named(&app.db, &self.file).await;
        found.context("the files cannot be read")?.map_err(Refused::because)
    }

    /// The file, if it waits for approval.
    async fn waiting(&self, app: &App) -> anyhow::Result<FeedFile> {
        let (_, file) = self.file(app).await?;
        let waits = gate::why(&app.db, file.id).await?.is_some();
        if waits { Ok(file) } else { Err(Refused::because(NotWaiting(file.name))) }
    }
}

pub(super) async fn withdraw(
    app: &App,
    out: Out,
    said: &Said,
    dry_run: bool,
) -> anyhow::Result<()> {
    let (_, file) = said.file(app).await?;
    take_back(app, out, (&file, said), dry_run).await
}

pub(super) async fn decline(app: &App, out: Out, said: &Said) -> anyhow::Result<()> {
    let file = said.waiting(app).await?;
    take_back(app, out, (&file, said), false).await
}

async fn take_back(
    app: &App,
    out: Out,
    (file, said): (&FeedFile, &Said),
    dry_run: bool,
) -> anyhow::Result<()> {
    let done = withdrawal::withdraw(app, file, said.word(), dry_run).await?;
    let done = done.map_err(Refused::because)?;
    let mut value = serde_json::to_value(&done)?;
    value["file"] = json!(file.name);
    value["id"] = json!(file.id);
    value["dry_run"] = json!(dry_run);
    out.line(&value, words(file, &done, dry_run))
}

fn words(file: &FeedFile, done: &TakenBack, dry_run: bool) -> String {
    let name = &file.name;
    let mut lines = vec![
        if dry_run {
            format!("{name} would be withdrawn:")
        } else {
            format!("{name} is withdrawn:")
        },
        format!(
            "  {}, {} in quarantine",
            how_many(done.sightings, "sighting"),
            how_many(done.quarantined, "row")
        ),
        format!(
            "  {} removed, {} withdrawn since somebody was told, {} kept since others saw them",
            how_many(done.cases_removed, "case"),
            done.cases_withdrawn,
            done.cases_kept
        ),
        format!("  {} off the list of the unattributed", how_many(done.unattributed, "spot")),
        format!("  {} gone from lists not handed out", how_many(done.lines_removed, "line")),
    ];
    for (isp, count) in &done.lines_recalled {
        let recalled = how_many(*count, "sent line");
        lines.push(format!("  {isp}: {recalled} recalled; its next list says so"));
    }
    for run in &done.runs_without_hits {
        lines.push(format!(
            "  the coverage of {run} stays: without another file it counts as having found nothing"
        ));
    }
    if !dry_run && done.cases_kept > 0 {
        lines.push("  run `todoke verify` before the next list".to_owned());
    }
    lines.join("\n")
}

pub(super) async fn restore(app: &App, out: Out, said: &Said) -> anyhow::Result<Ended> {
    let (feed, file) = said.file(app).await?;
    let taken = withdrawal::restore(app, (&feed, &file), said.word()).await?;
    let taken = taken.map_err(Refused::because)?;
    out.line(&taken, ingest::words(&taken))?;
    let whole = taken.refused.is_none() && taken.waiting == 0;
    Ok(if whole { Ended::Done } else { Ended::PartlyRefused })
}

pub(super) async fn approvals(app: &App, out: Out) -> anyhow::Result<()> {
    for held in gate::waiting(&app.db).await? {
        let (since, why) = (held.at.rfc3339(), held.excess()?);
        let told = gate::told(&why);
        out.line(
            &json!({
                "id": held.id, "feed": held.feed, "file": held.name, "sha256": held.sha256,
                "since": since, "cases": held.cases, "why": told, "excess": why,
            }),
            format!(
                "{}\t{}\t{}\tsince {since}\t{}\t{told}",
                held.id,
                held.feed,
                held.name,
                how_many(held.cases, "case")
            ),
        )?;
    }
    Ok(())
}

pub(super) async fn approve(app: &App, out: Out, said: &Said) -> anyhow::Result<()> {
    let file = said.waiting(app).await?;
    if !gate::approve(app, file.id, said.word()).await? {
        return Err(Refused::because(NotWaiting(file.name)));
    }
    out.line(
        &json!({ "file": file.name, "id": file.id, "approved": true }),
        format!("The cases of {} go on the next lists.", file.name),
    )
}
