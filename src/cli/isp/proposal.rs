//! `todoke isp propose` and `todoke isp proposal`: what a provider says of itself.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{tenant, told};
use crate::{
    app::App,
    cli::{
        Ended, Out, Refused,
        given::{self, Saying},
    },
    ids::ClaimId,
    isps::{
        imports::Word,
        settings::{self, Field, Proposal},
    },
    time::Moment,
};

#[derive(Debug, Args)]
pub(super) struct Propose {
    /// What it is about.
    #[arg(value_parser = given::word_of::<Field>(Field::ALL.map(Field::word)))]
    field: Field,
    /// How it is to be; a reseller that goes is `-CODE`, no upstream `-`.
    #[arg(allow_hyphen_values = true)]
    value: String,
    /// The provider's code.
    #[arg(long)]
    isp: String,
    #[command(flatten)]
    said: Saying,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// What providers proposed, the latest first.
    #[command(after_help = "Example:\n  todoke isp proposal list --waiting")]
    List {
        /// Of this provider alone.
        #[arg(long)]
        isp: Option<String>,
        /// Those alone on which nobody has decided.
        #[arg(long)]
        waiting: bool,
    },
    /// Approve a proposal: the register says so.
    #[command(after_help = "Example:\n  todoke isp proposal approve ID --by desk-1 --reason asked")]
    Approve {
        /// What `list` prints.
        id: ClaimId,
        #[command(flatten)]
        said: Saying,
    },
    /// Decline a proposal.
    #[command(
        after_help = "Example:\n  todoke isp proposal decline ID --by desk-1 --reason \"no proof\""
    )]
    Decline {
        /// What `list` prints.
        id: ClaimId,
        #[command(flatten)]
        said: Saying,
    },
    /// Take a proposal back for its provider.
    #[command(
        after_help = "Example:\n  todoke isp proposal withdraw ID --isp isp-a --reason \"a slip\""
    )]
    Withdraw {
        /// What `list` prints.
        id: ClaimId,
        /// The provider's code.
        #[arg(long)]
        isp: String,
        #[command(flatten)]
        said: Saying,
    },
}

impl Propose {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        let tenant = tenant(app, &self.isp, &self.said.by).await?;
        let made = settings::propose(&tenant, (self.field, &self.value), &self.said.reason).await?;
        let id = made.map_err(Refused::because)?;
        let holds = !self.field.needs_approval();
        let words = if holds { "it holds" } else { "it waits for approval" };
        let state = if holds { "approved" } else { "waiting" };
        let value = json!({ "proposal": id, "field": self.field.word(), "state": state });
        out.line(&value, format!("{words}: {id}"))?;
        Ok(Ended::Done)
    }
}

impl Command {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match self {
            Self::List { isp, waiting } => {
                for one in settings::all(&app.db).await? {
                    let is_meant = isp.as_ref().is_none_or(|isp| one.code == *isp);
                    if is_meant && (!waiting || one.decision.is_none()) {
                        tell(out, &one)?;
                    }
                }
            }
            Self::Approve { id, said } => {
                let word = Word { author: &said.by, reason: &said.reason };
                let approved = settings::approve(app, *id, word).await?;
                let difference = approved.map_err(Refused::because)?;
                let words = format!("approved: {id}\n{}", told(&difference));
                let value =
                    json!({ "proposal": id, "state": "approved", "difference": difference });
                out.line(&value, words)?;
            }
            Self::Decline { id, said } => {
                let word = Word { author: &said.by, reason: &said.reason };
                settings::decline(app, *id, word).await?.map_err(Refused::because)?;
                let words = format!("declined: {id}");
                out.line(&json!({ "proposal": id, "state": "declined" }), words)?;
            }
            Self::Withdraw { id, isp, said } => {
                let tenant = tenant(app, isp, &said.by).await?;
                let done = settings::withdraw(&tenant, *id, &said.reason).await?;
                done.map_err(Refused::because)?;
                let words = format!("withdrawn: {id}");
                out.line(&json!({ "proposal": id, "state": "withdrawn" }), words)?;
            }
        }
        Ok(Ended::Done)
    }
}

fn tell(out: Out, one: &Proposal) -> anyhow::Result<()> {
    let decision = one.decision.as_ref().map(|it| {
        json!({
            "decided": it.decided, "at": it.at.rfc3339(), "by": it.by, "reason": it.reason,
            "import": it.import_no, "undone_at": it.undone_at.map(Moment::rfc3339),
        })
    });
    let value = json!({
        "proposal": one.id, "isp": one.code, "field": one.field.word(), "value": one.value,
        "state": one.state(), "reason": one.reason, "proposed_by": one.proposed_by,
        "proposed_at": one.proposed_at.rfc3339(), "decision": decision,
        "held_from": one.held_from.map(Moment::rfc3339),
    });
    let words = format!(
        "{}\t{}\t{}\t{} = {}\t{}, by {}",
        one.id,
        one.state(),
        one.code,
        one.field.word(),
        one.value,
        one.reason,
        one.proposed_by,
    );
    out.line(&value, words)
}
