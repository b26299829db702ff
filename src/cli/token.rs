//! `todoke token`: what machines show when they hand files over.

use clap::{ArgGroup, Args, Subcommand, value_parser};
use serde_json::json;

use super::{Ended, Out, Refused, account::By, feed_named, isp_on_register};
use crate::{
    access::tokens::{self, Scope, Wish},
    app::App,
    ids::TokenId,
    time::Moment,
};

#[derive(Debug, Args)]
pub(super) struct Token {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token for one feed or one provider; its secret is shown this once.
    #[command(
        after_help = "Examples:\n  todoke token add --feed telnet --days 365\n  \
                      todoke token add --isp isp-a --name \"list fetcher\" --days 365",
        group = ArgGroup::new("what").args(["feed", "isp"]).required(true)
    )]
    Add {
        /// Good for handing files to this feed.
        #[arg(long)]
        feed: Option<String>,
        /// Good for fetching the lists of this provider and reporting on them.
        #[arg(long)]
        isp: Option<String>,
        /// What it is called, such as the machine that uses it.
        #[arg(long)]
        name: Option<String>,
        /// For how many days.
        #[arg(long, default_value_t = 365, value_parser = value_parser!(i64).range(1..=1095))]
        days: i64,
        #[command(flatten)]
        by: By,
    },
    /// All tokens, latest first, without their secrets.
    #[command(after_help = "Example:\n  todoke token list")]
    List,
    /// Make a token good for nothing, at once.
    #[command(after_help = "Example:\n  todoke token withdraw 0199…")]
    Withdraw {
        /// Its id, which `list` prints.
        id: TokenId,
        #[command(flatten)]
        by: By,
    },
}

impl Token {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::Add { feed, isp, name, days, by } => {
                let scope = match (feed, isp) {
                    (Some(name), _) => (Scope::Feed(feed_named(app, name).await?.name), None),
                    (None, code) => {
                        let isp = isp_on_register(app, code.as_deref().unwrap_or_default()).await?;
                        (Scope::Isp(isp.code), Some(isp.id))
                    }
                };
                let (token, secret) = match name {
                    None => tokens::make(app, scope, *days, &by.by).await?,
                    Some(name) => {
                        let wish = Wish { label: name, days: *days, form: None };
                        let made = tokens::make_called(app, scope, wish, &by.by).await?;
                        made.map_err(Refused::because)?
                    }
                };
                let (id, until) = (token.id, token.ends_at.rfc3339());
                out.line(
                    &json!({
                        "id": id, "token": secret, "scope": token.scope.to_string(),
                        "name": token.label, "ends_at": until,
                    }),
                    format!("{secret}\nShown this once; good for {} until {until}.", token.scope),
                )?;
            }
            Command::List => {
                for token in tokens::all(&app.db).await? {
                    let stands = if token.is_good(app.now()) { "good" } else { "ended" };
                    let value = json!({
                        "id": token.id, "scope": token.scope.to_string(), "stands": stands,
                        "name": token.label,
                        "made_by": token.made_by, "made_at": token.made_at.rfc3339(),
                        "ends_at": token.ends_at.rfc3339(),
                        "used_at": token.used_at.map(Moment::rfc3339),
                        "withdrawn_at": token.withdrawn_at.map(Moment::rfc3339),
                    });
                    let used = token
                        .used_at
                        .map_or("never used".to_owned(), |at| format!("used {}", at.date_jst()));
                    let name = token.label.as_deref().unwrap_or("-");
                    let words = format!("{}\t{}\t{stands}\t{used}\t{name}", token.id, token.scope);
                    out.line(&value, words)?;
                }
            }
            Command::Withdraw { id, by } => {
                if !tokens::withdraw(app, *id, &by.by).await? {
                    return Err(Refused::because(format!(
                        "no token that stands has the id {id}; see `todoke token list`"
                    )));
                }
                out.line(&json!({ "withdrawn": id }), "The token is good for nothing now.")?;
            }
        }
        Ok(Ended::Done)
    }
}
