//! `todoke unattributed`: detections that nobody is known to serve, and another look at them.

mod retry;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Ended, Out, given::how_many};
use crate::{
    app::App,
    attribution::unattributed,
    audit::{self, Deed},
    sightings::Spot,
};

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example:\n  todoke unattributed --limit 100\n  todoke unattributed retry"
)]
pub(super) struct Unattributed {
    #[command(subcommand)]
    command: Option<Command>,
    /// At most this many.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(i64).range(0..))]
    limit: i64,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look again, after a new register or table: whoever served a spot when it was seen gets its
    /// case, as if that had been known then.
    #[command(after_help = "Example:\n  todoke unattributed retry")]
    Retry,
}

impl Unattributed {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        if let Some(Command::Retry) = &self.command {
            return retry(app, out).await;
        }
        audit::note_first(app, Deed::new("unattributed.list", "all")).await?;
        for row in unattributed::list(&app.db, self.limit).await? {
            let Some(place) = Spot(row.spot).place() else { continue };
            let (ip, exposure) = (place.ip, place.exposure.to_string());
            out.line(
                &json!({
                    "address": ip, "port": place.port, "exposure": exposure, "asn": row.asn,
                    "network_kind": row.network_kind, "first_seen": row.first_seen.rfc3339(),
                    "last_seen": row.last_seen.rfc3339(),
                }),
                format!("{ip}\t{exposure}\t{}\t{}", row.network_kind, row.last_seen.rfc3339()),
            )?;
        }
        Ok(Ended::Done)
    }
}

async fn retry(app: &App, out: Out) -> anyhow::Result<Ended> {
    let done = retry::retry(app).await?;
    for file in &done.missing {
        eprintln!("{file}: no longer in the archive; what it saw stays on the list");
    }
    out.line(
        &done,
        format!(
            "{} looked at, {} served now; cases: {} opened, {} extended, {} recurred; {} left",
            how_many(done.tried, "spot"),
            done.served,
            done.cases_opened,
            done.cases_extended,
            done.cases_recurred,
            done.left
        ),
    )?;
    Ok(if done.missing.is_empty() { Ended::Done } else { Ended::PartlyRefused })
}
