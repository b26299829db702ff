//! `todoke state-hash`: one number over the logical state.

use clap::Args;

use super::{Ended, Out};
use crate::{app::App, db::state_hash::state_hash, sightings};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke state-hash --json")]
pub(super) struct StateHash {}

impl StateHash {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        let state = state_hash(&app.db, sightings::unpack).await?;
        let counts: Vec<String> =
            state.counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        out.line(&state, format!("{}  ({})", state.hash, counts.join(", ")))?;
        Ok(Ended::Done)
    }
}
