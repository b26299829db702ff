//! `todoke token`: what machines show when they hand files over.

use clap::{Args, Subcommand, value_parser};
use serde_json::json;

use super::{Ended, Out, Refused, feed_named, staff::By};
use crate::{
    access::tokens::{self, Scope},
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
    /// Make a token that is good for handing files to one feed; its secret is shown this once.
    #[command(after_help = "Example:\n  todoke token add --feed telnet --days 365")]
    Add {
        /// The feed.
        #[arg(long)]
        feed: String,
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
            Command::Add { feed, days, by } => {
                let scope = Scope::Feed(feed_named(app, feed).await?.name);
                let (token, secret) = tokens::make(app, scope, *days, &by.by).await?;
                let (id, until) = (token.id, token.ends_at.rfc3339());
                out.line(
                    &json!({
                        "id": id, "token": secret, "scope": token.scope.to_string(),
                        "ends_at": until,
                    }),
                    format!("{secret}\nShown this once; good for the feed {feed} until {until}."),
                )?;
            }
            Command::List => {
                for token in tokens::all(&app.db).await? {
                    let stands = if token.is_good(app.now()) { "good" } else { "ended" };
                    let value = json!({
                        "id": token.id, "scope": token.scope.to_string(), "stands": stands,
                        "made_by": token.made_by, "made_at": token.made_at.rfc3339(),
                        "ends_at": token.ends_at.rfc3339(),
                        "used_at": token.used_at.map(Moment::rfc3339),
                        "withdrawn_at": token.withdrawn_at.map(Moment::rfc3339),
                    });
                    let used = token
                        .used_at
                        .map_or("never used".to_owned(), |at| format!("used {}", at.date_jst()));
                    out.line(&value, format!("{}\t{}\t{stands}\t{used}", token.id, token.scope))?;
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
