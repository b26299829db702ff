//! `todoke isp delivery`: by which way a provider gets its lists, in which form and when.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::key::tenant;
use crate::{
    app::App,
    cli::{Ended, Out, Refused, given, hand},
    isps::delivery::{self, Preference, Set, Way, Wish},
    jobs::schedule::Schedule,
    net::dial::Dialling,
    notices::export::Form,
};

#[derive(Debug, Subcommand)]
pub(super) enum Delivery {
    /// Say how a provider gets its lists from now on.
    #[command(after_help = "Example:\n  todoke isp delivery set --isp isp-a --way mail-openpgp \
        --to abuse@isp-a.example\n  todoke isp delivery set --isp isp-b --way webhook --form \
        jsonl --to https://hooks.isp-b.example/todoke --cron \"0 6 * * *\"\n\nThe secret of a \
        webhook is shown this once; it signs what is posted.")]
    Set(Wanted),
    /// How a provider gets its lists.
    #[command(after_help = "Example:\n  todoke isp delivery show --isp isp-a --json")]
    Show {
        /// The provider.
        #[arg(long)]
        isp: String,
    },
    /// Send a provider nothing any more: it fetches its lists from the portal.
    #[command(after_help = "Example:\n  todoke isp delivery remove --isp isp-a")]
    Remove {
        /// The provider.
        #[arg(long)]
        isp: String,
        /// Who says so.
        #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
        by: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Wanted {
    /// The provider.
    #[arg(long)]
    isp: String,
    /// The way.
    #[arg(long, value_parser = given::word_of::<Way>(Way::ALL.map(Way::word)))]
    way: Way,
    /// How lists are written, as `todoke notice export` names it.
    #[arg(long, default_value = "csv", value_parser = form)]
    form: String,
    /// The mail address, or the address of the webhook.
    #[arg(long)]
    to: Option<String>,
    /// When lists leave, as a pattern of cron in Japanese time; without it, once they are prepared.
    #[arg(long, value_name = "PATTERN", value_parser = cron)]
    cron: Option<Schedule>,
    /// Also post to addresses inside the centre's own network.
    #[arg(long)]
    allow_private: bool,
    /// The authority that vouches for the webhook, in place of those that browsers trust (PEM).
    #[arg(long)]
    ca_file: Option<PathBuf>,
    /// Who says so.
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    by: String,
}

fn form(word: &str) -> Result<String, String> {
    word.parse::<Form>().map(|_| word.to_owned()).map_err(|e| e.to_string())
}

fn cron(text: &str) -> Result<Schedule, String> {
    text.parse::<Schedule>().map_err(|e| e.to_string())
}

impl Delivery {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match self {
            Self::Set(wanted) => {
                let tenant = tenant(app, &wanted.isp, &wanted.by).await?;
                let set = delivery::set(&tenant, &wanted.wish(), None).await?;
                tell(out, &wanted.isp, &set.map_err(Refused::because)?)?;
            }
            Self::Show { isp } => {
                let preference = delivery::of(&tenant(app, isp, hand(app)).await?).await?;
                match preference {
                    Some(preference) => out.line(&value(isp, &preference), words(&preference))?,
                    None => out.line(
                        &json!({ "isp": isp, "way": Way::Portal.word() }),
                        "it fetches its lists from the portal",
                    )?,
                }
            }
            Self::Remove { isp, by } => {
                let set = delivery::remove(&tenant(app, isp, by).await?).await?;
                tell(out, isp, &set.map_err(Refused::because)?)?;
            }
        }
        Ok(Ended::Done)
    }
}

impl Wanted {
    fn wish(&self) -> Wish {
        let Self { allow_private, ca_file, .. } = self;
        Wish {
            way: self.way,
            form: self.form.clone(),
            schedule: self.cron.clone(),
            target: self.to.clone(),
            dialling: Dialling { allow_private: *allow_private, ca_file: ca_file.clone() },
        }
    }
}

fn tell(out: Out, isp: &str, set: &Set) -> anyhow::Result<()> {
    let mut told = value(isp, &set.preference);
    told["secret"] = json!(set.secret);
    let secret = set
        .secret
        .as_ref()
        .map_or_else(String::new, |secret| format!("\nIts secret, shown this once: {secret}"));
    out.line(&told, format!("{}{secret}", words(&set.preference)))
}

fn value(isp: &str, preference: &Preference) -> Value {
    json!({
        "isp": isp, "way": preference.way.word(), "form": preference.form,
        "to": preference.target, "schedule": preference.schedule,
        "set_at": preference.set_at.rfc3339(), "set_by": preference.set_by,
    })
}

fn words(preference: &Preference) -> String {
    format!(
        "{}\t{}\t{}\t{}\tsince {} by {}",
        preference.way.word(),
        preference.form,
        preference.target.as_deref().unwrap_or("-"),
        preference.schedule.as_deref().unwrap_or("at once"),
        preference.set_at.date_jst(),
        preference.set_by,
    )
}
