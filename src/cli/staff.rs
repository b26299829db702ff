//! `todoke staff`: accounts of the centre's own people, and their one-time links.

use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use serde_json::json;

use super::{Ended, Out, Refused, given};
use crate::{
    access::{
        roles::Role,
        staff::{self, LINK_MINUTES},
    },
    app::App,
    config::Centre,
    time::Moment,
};

#[derive(Debug, Args)]
pub(super) struct Staff {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an account, and a one-time link for it.
    #[command(after_help = "Example:\n  todoke staff add desk-1 --role intake")]
    Add {
        /// The name that stands beside whatever is done under it.
        name: String,
        /// What the person may do.
        #[arg(long, value_parser = given::word_of::<Role>(Role::ALL.map(Role::word)))]
        role: Role,
        #[command(flatten)]
        by: By,
    },
    /// Make another one-time link for an account.
    #[command(after_help = "Example:\n  todoke staff link desk-1")]
    Link {
        /// The account.
        name: String,
        #[command(flatten)]
        by: By,
    },
    /// All accounts.
    #[command(after_help = "Example:\n  todoke staff list")]
    List,
    /// End an account; whoever is signed in under it is out at once.
    #[command(after_help = "Example:\n  todoke staff end desk-1")]
    End {
        /// The account.
        name: String,
        #[command(flatten)]
        by: By,
    },
}

/// Who says so.
#[derive(Debug, Args)]
pub(super) struct By {
    /// Who says so.
    #[arg(long, value_name = "NAME", env = "USER", value_parser = NonEmptyStringValueParser::new())]
    pub(super) by: String,
}

impl Staff {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::Add { name, role, by } => {
                let added = staff::add(app, (name, *role), &by.by).await?;
                added.map_err(Refused::because)?;
                link(app, out, name, &by.by).await?;
            }
            Command::Link { name, by } => link(app, out, name, &by.by).await?,
            Command::List => {
                for one in staff::all(&app.db).await? {
                    let ended = one.ended_at.map(Moment::rfc3339);
                    let value = json!({
                        "name": one.name, "role": one.role.word(),
                        "added_at": one.added_at.rfc3339(), "ended_at": ended,
                    });
                    let until = ended.map_or_else(String::new, |at| format!("\tended {at}"));
                    out.line(&value, format!("{}\t{}{until}", one.name, one.role))?;
                }
            }
            Command::End { name, by } => {
                let ended = staff::end(app, name, &by.by).await?;
                ended.map_err(Refused::because)?;
                out.line(&json!({ "ended": name }), format!("The account {name} has ended."))?;
            }
        }
        Ok(Ended::Done)
    }
}

async fn link(app: &App, out: Out, name: &str, by: &str) -> anyhow::Result<()> {
    let code = staff::link(app, name, by).await?.map_err(Refused::because)?;
    let link = address(&app.centre, &code);
    let words = format!("{name}, good once within {LINK_MINUTES} minutes: {link}");
    out.line(&json!({ "name": name, "link": link }), words)
}

/// Where a one-time link leads: the code stands in the fragment, which no server or log sees.
pub(super) fn address(centre: &Centre, code: &str) -> String {
    let site = if centre.is_placeholder() {
        "http://127.0.0.1:8080".to_owned()
    } else {
        format!("https://{}", centre.domain)
    };
    format!("{site}/sign-in#{code}")
}
