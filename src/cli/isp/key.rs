//! `todoke isp key`: the public keys that a provider's mails are encrypted to.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::{
    access::tenancy::Tenant,
    app::App,
    cli::{Ended, Out, Refused, hand, isp_named},
    isps::keys::{self, IspKey},
    time::Moment,
};

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Take a key, unless it is expired, revoked or weak; the one before it is not used any more.
    #[command(after_help = "Example:\n  todoke isp key add --isp isp-a isp-a.asc\n\nCompare the \
        fingerprint with the provider by another way than the one the file came by.")]
    Add {
        /// The provider.
        #[arg(long)]
        isp: String,
        /// An OpenPGP public key or an X.509 certificate, in armour or bare.
        file: PathBuf,
        /// Who says so.
        #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
        by: String,
    },
    /// The keys of a provider, the latest first.
    #[command(after_help = "Example:\n  todoke isp key list --isp isp-a --json")]
    List {
        /// The provider.
        #[arg(long)]
        isp: String,
    },
    /// Use a key no more, such as one that its owner revoked.
    #[command(after_help = "Example:\n  todoke isp key remove --isp isp-a 1f3a97c2")]
    Remove {
        /// The provider.
        #[arg(long)]
        isp: String,
        /// Its fingerprint, or the beginning of it: at least eight digits.
        fingerprint: String,
        /// Who says so.
        #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
        by: String,
    },
}

impl Key {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match self {
            Self::Add { isp, file, by } => {
                let tenant = tenant(app, isp, by).await?;
                let name = file.display();
                let bytes =
                    std::fs::read(file).map_err(|e| Refused::because(format!("{name}: {e}")))?;
                let added = keys::add(&tenant, &bytes).await?;
                let added = added.map_err(|e| Refused::because(format!("{name}: {e}")))?;
                let mut told = value(app, isp, &added.key);
                told["known"] = json!(added.known);
                let word = if added.known { "stands already" } else { "is taken" };
                out.line(&told, format!("{word}: {}", words(app, &added.key)))?;
            }
            Self::List { isp } => {
                let tenant = tenant(app, isp, hand(app)).await?;
                for key in keys::all(&tenant).await? {
                    out.line(&value(app, isp, &key), words(app, &key))?;
                }
            }
            Self::Remove { isp, fingerprint, by } => {
                let tenant = tenant(app, isp, by).await?;
                let removed = keys::remove(&tenant, fingerprint).await?;
                let key = removed.ok_or_else(|| {
                    let why = "of this provider has a fingerprint that begins so, or several have";
                    Refused::because(format!("no key {why}; see `todoke isp key list`"))
                })?;
                let told = json!({ "isp": isp, "fingerprint": key.fingerprint, "removed": true });
                out.line(&told, format!("{} is not used any more", key.fingerprint))?;
            }
        }
        Ok(Ended::Done)
    }
}

pub(super) async fn tenant(app: &App, isp: &str, by: &str) -> anyhow::Result<Tenant> {
    let isp = isp_named(app, isp).await?;
    Ok(Tenant::of(app, isp.id, &isp.code, by))
}

/// Why a key is not used now, if it is not.
fn unfit(app: &App, key: &IspKey) -> Option<String> {
    match key.removed_at {
        Some(at) => Some(format!("removed {}", at.date_jst())),
        None => key.checked(app.now()).err().map(|refused| refused.to_string()),
    }
}

fn value(app: &App, isp: &str, key: &IspKey) -> Value {
    json!({
        "isp": isp, "standard": key.standard.word(), "fingerprint": key.fingerprint,
        "owner": key.owner, "algorithm": key.algorithm, "added_by": key.added_by,
        "added_at": key.added_at.rfc3339(), "unfit": unfit(app, key),
        "expires_at": key.expires_at.map(Moment::rfc3339),
    })
}

fn words(app: &App, key: &IspKey) -> String {
    let until = key.expires_at.map_or("no end".to_owned(), |at| format!("until {}", at.date_jst()));
    let unfit = unfit(app, key).map_or_else(String::new, |why| format!("\tNOT USED: {why}"));
    format!(
        "{}\t{}\t{}\t{}\t{until}{unfit}",
        key.standard.word(),
        key.fingerprint,
        key.algorithm,
        key.owner
    )
}
