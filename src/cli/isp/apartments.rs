//! `todoke isp apartments`: how a provider's apartment houses are built.

use std::{fs::File, path::PathBuf};

use clap::{Args, Subcommand};
use formats::report_back::{Placement, Recipient};
use serde_json::json;

use crate::{
    access::tenancy::Tenant,
    app::App,
    cli::{By, Ended, Out, Refused, given::how_many, isp_named},
    isps::apartments::{
        buildings::{Building, Part},
        register,
    },
    time::Moment,
};

#[derive(Debug, Args)]
pub(super) struct Apartments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read a file of buildings and units; a building in the file is replaced whole.
    #[command(
        after_help = "Example:\n  todoke isp apartments import --isp isp-a houses.csv --dry-run\n\n\
        Columns: building,name,contract_party,unit,placement,prefix,ports,addressing,valid_from,\
        valid_to; see docs/formats/apartments.md"
    )]
    Import {
        /// Whose buildings they are.
        #[arg(long)]
        isp: String,
        /// CSV with a header, one row per part of a building.
        file: PathBuf,
        /// Only say what it would do.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        by: By,
    },
    /// The buildings of a provider and their parts.
    #[command(after_help = "Example:\n  todoke isp apartments list --isp isp-a")]
    List {
        /// Whose buildings.
        #[arg(long)]
        isp: String,
        #[command(flatten)]
        by: By,
    },
    /// Say from which day on a building is none of the provider's; until then it stays as it was.
    #[command(after_help = "Example:\n  todoke isp apartments end --isp isp-a house-7 --on \
        2026-10-01")]
    End {
        /// Whose building it is.
        #[arg(long)]
        isp: String,
        /// Its label.
        building: String,
        /// The first day on which it is no longer theirs, or a moment.
        #[arg(long, value_name = "DAY", value_parser = day)]
        on: Moment,
        #[command(flatten)]
        by: By,
    },
    /// Take the last word about a building back; the one before it counts again.
    #[command(after_help = "Example:\n  todoke isp apartments undo --isp isp-a house-7")]
    Undo {
        /// Whose building it is.
        #[arg(long)]
        isp: String,
        /// Its label.
        building: String,
        #[command(flatten)]
        by: By,
    },
    /// Take a building off the register; what was said of it before is kept.
    #[command(after_help = "Example:\n  todoke isp apartments remove --isp isp-a house-7")]
    Remove {
        /// Whose building it is.
        #[arg(long)]
        isp: String,
        /// Its label.
        building: String,
        #[command(flatten)]
        by: By,
    },
}

impl Apartments {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::Import { isp, file, dry_run, by } => {
                import(&tenant(app, isp, by).await?, out, file, *dry_run).await
            }
            Command::List { isp, by } => {
                for building in register::read(&tenant(app, isp, by).await?).await? {
                    show(out, &building)?;
                }
                Ok(Ended::Done)
            }
            Command::End { isp, building, on, by } => {
                let done = register::end(&tenant(app, isp, by).await?, building, *on).await?;
                done.map_err(Refused::because)?;
                let words = format!("{building} of {isp} ends on {}", on.date_jst());
                let value = json!({ "isp": isp, "building": building, "to": on.rfc3339() });
                out.line(&value, words)?;
                Ok(Ended::Done)
            }
            Command::Undo { isp, building, by } => {
                let done = register::take_back(&tenant(app, isp, by).await?, building).await?;
                done.map_err(Refused::because)?;
                let words = format!("{building} of {isp} stands as it did before the last word");
                out.line(&json!({ "isp": isp, "undone": building }), words)?;
                Ok(Ended::Done)
            }
            Command::Remove { isp, building, by } => {
                if !register::remove(&tenant(app, isp, by).await?, building).await? {
                    let why = format!("{isp} has no building `{building}`");
                    return Err(Refused::because(why));
                }
                let words = format!("{building} is off the register of {isp}");
                out.line(&json!({ "isp": isp, "removed": building }), words)?;
                Ok(Ended::Done)
            }
        }
    }
}

fn day(text: &str) -> Result<Moment, String> {
    Moment::parse_day(text).map_err(|why| why.to_string())
}

async fn tenant(app: &App, code: &str, by: &By) -> anyhow::Result<Tenant> {
    let isp = isp_named(app, code).await?;
    Ok(Tenant::of(app, isp.id, &isp.code, &by.by))
}

async fn import(tenant: &Tenant, out: Out, file: &PathBuf, dry_run: bool) -> anyhow::Result<Ended> {
    let open = File::open(file);
    let open = open.map_err(|e| Refused::because(format!("{}: {e}", file.display())))?;
    let done = register::import(tenant, open, dry_run).await?.map_err(Refused::because)?;
    for error in &done.errors {
        eprintln!("line {}, column {}: {}", error.line, error.column, error.reason);
    }
    for label in &done.kept {
        eprintln!("{label}: a row did not go in, so the building stays as it was");
    }
    let words = format!(
        "{} with {}: {} added, {} changed; {} refused{}",
        how_many(done.buildings, "building"),
        how_many(done.parts, "part"),
        done.added,
        done.changed,
        how_many(done.errors.len(), "row"),
        if done.applied { "" } else { " (nothing was changed)" },
    );
    out.line(&done, words)?;
    Ok(if done.errors.is_empty() { Ended::Done } else { Ended::PartlyRefused })
}

fn show(out: Out, building: &Building) -> anyhow::Result<()> {
    let Building { label, name, contract_party, parts } = building;
    let party = contract_party.map(Recipient::code);
    let parts_of: Vec<_> = parts.iter().map(part).collect();
    let mut words = vec![format!(
        "{label}\t{}\t{}",
        name.as_deref().unwrap_or("-"),
        party.unwrap_or("contract party not stated")
    )];
    words.extend(parts.iter().map(|part| {
        let ports = part.ports.map(|(first, last)| format!(" ports {first}-{last}"));
        let unit = part.unit.as_deref().unwrap_or("as a whole");
        let ports = ports.unwrap_or_default();
        format!("  {unit}\t{}{ports}\t{}", part.prefix, part.addressing)
    }));
    let value = json!({
        "building": label, "name": name, "contract_party": party, "parts": parts_of,
    });
    out.line(&value, words.join("\n"))
}

fn part(part: &Part) -> serde_json::Value {
    let from = (part.from > Moment(i64::MIN)).then(|| part.from.rfc3339());
    json!({
        "unit": part.unit, "placement": part.placement.map(Placement::code),
        "prefix": part.prefix, "ports": part.ports.map(|(first, last)| format!("{first}-{last}")),
        "addressing": part.addressing.word(), "from": from, "to": part.to.map(Moment::rfc3339),
    })
}
