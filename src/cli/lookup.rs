//! `todoke lookup` and `todoke unattributed`: who serves an address, and whom nobody serves.

use std::net::IpAddr;

use clap::Args;
use serde_json::json;

use super::{Ended, Out};
use crate::{
    app::App,
    attribution::{self, Attributor},
    isps,
    sightings::Spot,
    time::Moment,
};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke lookup 192.0.2.7 --at 2026-04-01T00:00:00+09:00")]
pub(super) struct Lookup {
    /// The address.
    address: IpAddr,
    /// At this time instead of now.
    #[arg(long)]
    at: Option<Moment>,
}

impl Lookup {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        let at = self.at.unwrap_or_else(|| app.now());
        let attributor = Attributor::load(&app.db).await?;
        let address = self.address.to_canonical();
        let found = attributor.attribute(address, at);
        let prefix = attributor.prefix(address, at);
        let isps = isps::all(&app.db).await?;
        let isp = isps.iter().find(|isp| Some(isp.id) == found.isp);
        let code = isp.map(|isp| isp.code.as_str());
        let organisation = found.asn.and_then(|asn| attributor.organisation(asn));
        let asn = found.asn.map_or_else(|| "no AS".to_owned(), |asn| format!("AS{asn}"));
        out.line(
            &json!({
                "address": self.address, "at": at.rfc3339(), "isp": code,
                "name": isp.map(|isp| isp.name.as_str()), "asn": found.asn,
                "organisation": organisation, "prefix": prefix, "basis": found.basis,
                "network_kind": found.network_kind,
            }),
            words(
                &format!("{address} is served by {}", code.unwrap_or("nobody we know")),
                &[
                    Some(found.basis.word()),
                    Some(&asn),
                    organisation,
                    Some(found.network_kind),
                    prefix.as_deref(),
                ],
            ),
        )?;
        Ok(Ended::Done)
    }
}

/// A finding with why we think so, each reason once.
fn words(finding: &str, reasons: &[Option<&str>]) -> String {
    let mut told: Vec<&str> = Vec::new();
    for reason in reasons.iter().flatten() {
        if !told.contains(reason) {
            told.push(reason);
        }
    }
    format!("{finding} ({})", told.join("; "))
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke unattributed --limit 100")]
pub(super) struct Unattributed {
    /// At most this many.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(i64).range(0..))]
    limit: i64,
}

impl Unattributed {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        for row in attribution::unattributed(&app.db, self.limit).await? {
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
