//! `todoke init`: makes the store and the keys.

use anyhow::Context as _;
use clap::Args;
use rand::SeedableRng as _;
use serde_json::json;

use super::{Ended, Global, Out};
use crate::{
    access::{
        accounts::{self, Hand, Invitation},
        keys::Keys,
        roles::Role,
    },
    audit,
    db::migrate,
    notices::wordings::shipped,
};

/// The name of the first account.
const FIRST: &str = "administrator";

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke --data /srv/todoke init")]
pub(super) struct Init {
    /// Put no wordings in force: the centre writes all of its own.
    #[arg(long)]
    without_wordings: bool,
}

impl Init {
    pub(super) async fn run(&self, global: &Global, out: Out) -> anyhow::Result<Ended> {
        let created = create(global).await?;
        let words = if created { "The store and its keys are made." } else { "Nothing to do." };
        let folder = global.data.display();
        let hint = "Keep the folder `keys` apart from the database and its backups.";
        let wordings = if self.without_wordings { 0 } else { begin_with_wordings(global).await? };
        let told = match wordings {
            0 => String::new(),
            n => format!("\n{n} wordings that come with the program are in force."),
        };
        let link = first_link(global).await?;
        let first = link.as_ref().map_or_else(String::new, |link| {
            format!("\nThe first administrator signs in here, once, within the hour: {link}")
        });
        out.line(
            &json!({
                "created": created, "schema": migrate::SCHEMA, "data": folder.to_string(),
                "wordings": wordings, "link": link,
            }),
            format!(
                "{words} Data folder: {folder}, schema {}.\n{hint}{told}{first}",
                migrate::SCHEMA
            ),
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
    let mut created = Keys::load(&keys).is_err();
    let mut rng = rand_chacha::ChaCha20Rng::try_from_rng(&mut rand::rngs::SysRng)?;
    if created {
        Keys::create(&keys, &mut rng).map_err(super::Refused::because)?;
    }
    created |= audit::key::create(&keys, &mut rng).map_err(super::Refused::because)?;
    Keys::load(&keys).map_err(super::Refused::because)?;
    let db = super::open_db(global).await?;
    migrate::run(&db, &super::clock(global)).await?;
    db.close().await;
    Ok(created)
}

/// Puts the wordings that come with the program in force where there are none; gives how many.
async fn begin_with_wordings(global: &Global) -> anyhow::Result<usize> {
    let app = super::open(global).await?;
    let begun = shipped::begin_with(&app).await?;
    app.db.close().await;
    Ok(begun)
}

/// The one-time link of the first administrator, as long as nobody has an account.
async fn first_link(global: &Global) -> anyhow::Result<Option<String>> {
    let app = super::open(global).await?;
    let mut link = None;
    if accounts::all(&app.db).await?.is_empty() {
        let hand = Hand::Machine("init");
        let first = Invitation { name: FIRST, role: Role::Administrator, isp: None };
        accounts::invite(&app, first, hand).await??;
        let code = accounts::link(&app, FIRST, hand).await??;
        link = Some(app.centre.link(&code));
    }
    app.db.close().await;
    Ok(link)
}
