//! `todoke account`: accounts of people, of the centre and of providers, and their one-time links.

use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use serde_json::json;

use super::{Ended, Out, Refused, given, isp_on_register};
use crate::{
    access::{
        accounts::{self, Change, Hand, Invitation, LINK_MINUTES},
        roles::Role,
    },
    app::App,
    time::Moment,
};

#[derive(Debug, Args)]
pub(super) struct Account {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an account, and a one-time link for it.
    #[command(after_help = "Examples:\n  todoke account add desk-1 --role intake\n  \
                      todoke account add abuse-1 --role isp-staff --isp isp-a")]
    Add {
        /// The name that stands beside whatever is done under it.
        name: String,
        /// What the person may do.
        #[arg(long, value_parser = given::word_of::<Role>(Role::ALL.map(Role::word)))]
        role: Role,
        /// The provider, for roles of providers.
        #[arg(long)]
        isp: Option<String>,
        #[command(flatten)]
        by: By,
    },
    /// Make another one-time link for an account that is not confirmed yet.
    #[command(after_help = "Example:\n  todoke account link desk-1")]
    Link(Named),
    /// All accounts.
    #[command(after_help = "Example:\n  todoke account list")]
    List,
    /// Shut an account out; whoever is signed in under it is out at once.
    #[command(after_help = "Example:\n  todoke account suspend desk-1")]
    Suspend(Named),
    /// Let a suspended account in again.
    #[command(after_help = "Example:\n  todoke account restore desk-1")]
    Restore(Named),
    /// Invite an account anew whose factors are lost; the old ones open nothing any more.
    #[command(after_help = "Example:\n  todoke account recover desk-1")]
    Recover(Named),
    /// End an account for good; whoever is signed in under it is out at once.
    #[command(after_help = "Example:\n  todoke account end desk-1")]
    End(Named),
}

#[derive(Debug, Args)]
struct Named {
    /// The account.
    name: String,
    #[command(flatten)]
    by: By,
}

/// Who says so.
#[derive(Debug, Args)]
pub(super) struct By {
    /// Who says so.
    #[arg(long, value_name = "NAME", env = "USER", value_parser = NonEmptyStringValueParser::new())]
    pub(super) by: String,
}

impl Account {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::Add { name, role, isp, by } => {
                let isp = match isp {
                    Some(code) => Some(isp_on_register(app, code).await?),
                    None => None,
                };
                let isp = isp.as_ref().map(|isp| (isp.id, isp.code.as_str()));
                let invitation = Invitation { name, role: *role, isp };
                let added = accounts::invite(app, invitation, Hand::Machine(&by.by)).await?;
                added.map_err(Refused::because)?;
                link(app, out, name, &by.by).await?;
            }
            Command::Link(Named { name, by }) => link(app, out, name, &by.by).await?,
            Command::List => list(app, out).await?,
            Command::Suspend(which) => {
                change(app, out, (which, Change::Suspend), "is shut out").await?;
            }
            Command::Restore(which) => {
                change(app, out, (which, Change::Restore), "may sign in again").await?;
            }
            Command::Recover(which) => {
                change(app, out, (which, Change::Recover), "is invited anew").await?;
                link(app, out, &which.name, &which.by.by).await?;
            }
            Command::End(which) => change(app, out, (which, Change::End), "has ended").await?,
        }
        Ok(Ended::Done)
    }
}

async fn change(
    app: &App,
    out: Out,
    (which, change): (&Named, Change),
    words: &str,
) -> anyhow::Result<()> {
    let done = accounts::change(app, &which.name, change, Hand::Machine(&which.by.by)).await?;
    let account = done.map_err(Refused::because)?;
    let stands = account.standing().word();
    if change == Change::Recover {
        return Ok(());
    }
    out.line(
        &json!({ "name": account.name, "stands": stands }),
        format!("The account {} {words}.", account.name),
    )
}

async fn list(app: &App, out: Out) -> anyhow::Result<()> {
    for one in accounts::all(&app.db).await? {
        let stands = one.standing().word();
        let value = json!({
            "name": one.name, "role": one.role.word(), "isp": one.isp, "stands": stands,
            "invited_at": one.invited_at.rfc3339(),
            "confirmed_at": one.confirmed_at.map(Moment::rfc3339),
            "suspended_at": one.suspended_at.map(Moment::rfc3339),
            "ended_at": one.ended_at.map(Moment::rfc3339),
        });
        let isp = one.isp.as_deref().unwrap_or("-");
        out.line(&value, format!("{}\t{}\t{isp}\t{stands}", one.name, one.role))?;
    }
    Ok(())
}

async fn link(app: &App, out: Out, name: &str, by: &str) -> anyhow::Result<()> {
    let code = accounts::link(app, name, Hand::Machine(by)).await?.map_err(Refused::because)?;
    let link = app.centre.link(&code);
    let words = format!("{name}, good once within {LINK_MINUTES} minutes: {link}");
    out.line(&json!({ "name": name, "link": link }), words)
}
