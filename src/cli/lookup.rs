//! `todoke lookup`: who serves an address, and why we think so.

use std::net::IpAddr;

use clap::Args;
use serde_json::json;

use super::{Ended, Out};
use crate::{
    app::App,
    attribution::lookup::{self, Found},
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
        let address = self.address.to_canonical();
        let found = lookup::lookup(&app.db, address, at).await?;
        let held = found.attribution;
        let apartment = found.declared.as_ref();
        let code = found.isp.as_ref().map(|isp| isp.code.as_str());
        out.line(
            &json!({
                "address": self.address, "at": at.rfc3339(), "isp": code,
                "name": found.isp.as_ref().map(|isp| isp.name.as_str()), "asn": held.asn,
                "organisation": found.organisation, "prefix": found.prefix(),
                "basis": held.basis, "network_kind": held.network_kind,
                "network_name": apartment.and_then(|one| one.name.as_deref()),
                "notify": apartment.and_then(|one| one.notify),
                "needs_port": found.needs_port(),
                "upstream_path": found.upstream_path,
                "carrier": found.carrier.as_ref().map(|isp| isp.code.as_str()),
                "edition_from": found.edition.as_ref().map(|one| one.valid_from.rfc3339()),
                "why": found.told,
            }),
            words(address, &found),
        )?;
        Ok(Ended::Done)
    }
}

/// A finding with why we think so, each reason once.
fn words(address: IpAddr, found: &Found) -> String {
    let held = found.attribution;
    let code = found.isp.as_ref().map_or("nobody we know", |isp| &isp.code);
    let asn = held.asn.map_or_else(|| "no AS".to_owned(), |asn| format!("AS{asn}"));
    let prefix = found.prefix();
    let path = (!found.upstream_path.is_empty())
        .then(|| format!("behind {}", found.upstream_path.join(" > ")));
    let mut told: Vec<&str> = Vec::new();
    for reason in [
        Some(held.basis.word()),
        Some(&asn),
        found.organisation.as_deref(),
        Some(held.network_kind),
        prefix.as_deref(),
        path.as_deref(),
    ]
    .into_iter()
    .flatten()
    {
        if !told.contains(&reason) {
            told.push(reason);
        }
    }
    format!("{address} is served by {code} ({}):\n  {}.", told.join("; "), found.told)
}
