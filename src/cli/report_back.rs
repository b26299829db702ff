//! `todoke report-back`: what the providers report per line.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};

use super::{Ended, Out, Refused, given::how_many, hand, isp_named};
use crate::{
    access::tenancy::Tenant,
    app::App,
    notices::report_back::{self, Imported, Receipt, receipt},
    web::texts::Lang,
};

#[derive(Debug, Args)]
pub(super) struct ReportBack {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take a report in; good rows go in, bad ones come back with line, column and what to do.
    #[command(
        after_help = "Example:\n  todoke report-back import --isp isp-a report.csv --dry-run"
    )]
    Import {
        /// Whose report it is.
        #[arg(long)]
        isp: String,
        /// CSV of the schema `todoke/report-back/1`.
        file: PathBuf,
        /// Only say what it would do.
        #[arg(long)]
        dry_run: bool,
        /// Write the rows that came back into this CSV as well.
        #[arg(long, value_name = "CSV")]
        errors: Option<PathBuf>,
    },
    /// Receipts of what a provider handed in, the latest first; or the one of that number with each
    /// time that its file came, and the rows that came back last.
    #[command(
        after_help = "Example:\n  todoke report-back receipts --isp isp-a R-20260501-1F2E3D4C"
    )]
    Receipts {
        /// Whose receipts.
        #[arg(long)]
        isp: String,
        /// The number of one.
        number: Option<String>,
    },
}

/// Receipts that are listed.
const LISTED: i64 = 1_000;

impl ReportBack {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::Import { isp, file, dry_run, errors } => {
                let tenant = tenant(app, isp).await?;
                import(&tenant, out, file, (*dry_run, errors.as_deref())).await
            }
            Command::Receipts { isp, number } => {
                let tenant = tenant(app, isp).await?;
                receipts(&tenant, out, number.as_deref()).await
            }
        }
    }
}

async fn tenant(app: &App, code: &str) -> anyhow::Result<Tenant> {
    let isp = isp_named(app, code).await?;
    Ok(Tenant::of(app, isp.id, &isp.code, hand(app)))
}

async fn import(
    tenant: &Tenant,
    out: Out,
    file: &Path,
    (dry_run, errors): (bool, Option<&Path>),
) -> anyhow::Result<Ended> {
    let open = File::open(file);
    let open = open.map_err(|e| Refused::because(format!("{}: {e}", file.display())))?;
    let done = report_back::import(tenant, open, dry_run).await?;
    let done = done.map_err(Refused::because)?;
    for error in &done.errors {
        let column = error.column.as_deref().unwrap_or("-");
        let (line, reason, what_to_do) = (error.line, &error.reason, &error.what_to_do);
        eprintln!("line {line}, column {column}: {reason}. {what_to_do}");
    }
    for asked in &done.asked {
        eprintln!("line {}: kept; {}", asked.line, asked.reason);
    }
    for column in &done.unknown_columns {
        eprintln!("column {column} is not read: the schema has no such column");
    }
    if let Some(path) = errors {
        fs::write(path, report_back::errors_csv(&done.errors, Lang::En)?)
            .map_err(|e| Refused::because(format!("{}: {e}", path.display())))?;
    }
    out.line(&done, words(&done, dry_run))?;
    Ok(if done.errors.is_empty() { Ended::Done } else { Ended::PartlyRefused })
}

fn words(done: &Imported, dry_run: bool) -> String {
    let receipt = match &done.receipt {
        Some(receipt) if done.is_again => format!("; handed in before: {}", receipt.number),
        Some(receipt) => format!("; receipt {}", receipt.number),
        None => String::new(),
    };
    let older = match done.older {
        0 => String::new(),
        rows => format!(", {rows} for the history alone: a later report stands"),
    };
    format!(
        "{}: {} accepted ({} of them corrections{older}), {} unchanged, {} returned{receipt}{}",
        how_many(done.rows, "row"),
        done.accepted,
        done.corrections,
        done.unchanged,
        done.errors.len(),
        if dry_run { " (dry run: nothing was kept)" } else { "" }
    )
}

async fn receipts(tenant: &Tenant, out: Out, number: Option<&str>) -> anyhow::Result<Ended> {
    if let Some(number) = number {
        let found = receipt::find(tenant, number.trim()).await?;
        let none = || format!("{} has no receipt {number}", tenant.code());
        return one(tenant, out, &found.ok_or_else(|| Refused::because(none()))?).await;
    }
    for receipt in receipt::latest(tenant, LISTED).await? {
        out.line(&receipt, line(&receipt))?;
    }
    Ok(Ended::Done)
}

/// One receipt: each time that the file came, and the rows that came back last.
async fn one(tenant: &Tenant, out: Out, receipt: &Receipt) -> anyhow::Result<Ended> {
    let attempts = receipt::attempts(tenant, receipt).await?;
    let errors = match attempts.first() {
        Some(last) => receipt::refusals(tenant, receipt, last).await?,
        None => Vec::new(),
    };
    let mut value = serde_json::to_value(receipt)?;
    value["attempts"] = serde_json::to_value(&attempts)?;
    value["errors"] = serde_json::to_value(&errors)?;
    let mut words = vec![line(receipt)];
    words.extend(attempts.iter().map(|one| {
        let (at, by) = (one.at.rfc3339(), &one.by);
        let (accepted, unchanged, refused) = (one.accepted, one.unchanged, one.refused);
        format!(
            "time {}\t{at} by {by}\t{accepted} accepted\t{unchanged} unchanged\t{refused} returned",
            one.no
        )
    }));
    words.extend(errors.iter().map(|error| {
        let column = error.column.as_deref().unwrap_or("-");
        let (line, reason, what_to_do) = (error.line, &error.reason, &error.what_to_do);
        format!("line {line}, column {column}: {reason}. {what_to_do}")
    }));
    out.line(&value, words.join("\n"))?;
    Ok(Ended::Done)
}

fn line(receipt: &Receipt) -> String {
    format!(
        "{}\t{}\t{} by {}\t{} accepted\t{} unchanged\t{} returned",
        receipt.number,
        receipt.last_at.rfc3339(),
        how_many(receipt.rows, "row"),
        receipt.by,
        receipt.accepted,
        receipt.unchanged,
        receipt.refused
    )
}
