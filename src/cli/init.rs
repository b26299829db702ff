//! `todoke init`: makes the store and the keys.

use anyhow::Context as _;
use clap::Args;
use rand::SeedableRng as _;
use serde_json::json;

use super::{Ended, Global, Out};
use crate::{access::keys::Keys, db::migrate};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke --data /srv/todoke init")]
pub(super) struct Init {}

impl Init {
    pub(super) async fn run(&self, global: &Global, out: Out) -> anyhow::Result<Ended> {
        let created = create(global).await?;
        let words = if created { "The store and its keys are made." } else { "Nothing to do." };
        let folder = global.data.display();
        let hint = "Keep the folder `keys` apart from the database and its backups.";
        out.line(
            &json!({ "created": created, "schema": migrate::SCHEMA, "data": folder.to_string() }),
            format!("{words} Data folder: {folder}, schema {}.\n{hint}", migrate::SCHEMA),
        )?;
        Ok(Ended::Done)
    }
}

/// Makes what is missing of a data folder; tells whether anything was.
pub(crate) async fn create(global: &Global) -> anyhow::Result<bool> {
    std::fs::create_dir_all(&global.data)
        .and_then(|()| crate::access::keys::shut(&global.data))
        .with_context(|| format!("cannot make the folder {}", global.data.display()))?;
    let keys = global.data.join("keys");
    let created = Keys::load(&keys).is_err();
    if created {
        let mut rng = rand_chacha::ChaCha20Rng::try_from_rng(&mut rand::rngs::SysRng)?;
        Keys::create(&keys, &mut rng).map_err(super::Refused::because)?;
    }
    Keys::load(&keys).map_err(super::Refused::because)?;
    let db = super::open_db(global).await?;
    migrate::run(&db, &super::clock(global)).await?;
    db.close().await;
    Ok(created)
}
