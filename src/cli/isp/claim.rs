//! `todoke isp claim`: networks that a provider claims or gives back, and what becomes of that.

use clap::{ArgGroup, Args, Subcommand};
use formats::report_back::Recipient;
use ipnet::IpNet;
use serde_json::{Value, json};

use super::{tenant, times, told};
use crate::{
    app::App,
    cases::moved::{self, Moves},
    cli::{
        Ended, Out, Refused,
        given::{self, Saying, how_many},
    },
    ids::ClaimId,
    isps::{
        Kind,
        apartments::HOUSE,
        claims::{self, Act, Asked, Claim, Conflict, Resolution, Subject, Weighed},
        imports::Word,
    },
    time::Moment,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Claim a prefix or an AS number for a provider, or give one back; it waits for a decision.
    #[command(
        after_help = "Example:\n  todoke isp claim add --isp isp-a --prefix 192.0.2.0/24 --from \
        2026-04-01 --reason \"new block\"\n  todoke isp claim add --isp isp-a --prefix \
        192.0.2.0/24 --give-back --from 2026-10-01 --reason sold --dry-run"
    )]
    Add(Add),
    /// Claims, the latest first.
    #[command(after_help = "Example:\n  todoke isp claim list --waiting")]
    List {
        /// Of this provider alone.
        #[arg(long)]
        isp: Option<String>,
        /// Those alone on which nobody has decided.
        #[arg(long)]
        waiting: bool,
    },
    /// A claim, and what approving it would change.
    #[command(after_help = "Example:\n  todoke isp claim show ID --json")]
    Show {
        /// What `list` prints.
        id: ClaimId,
    },
    /// Approve a claim: the register stands as it says.
    #[command(
        after_help = "Example:\n  todoke isp claim approve ID --by desk-1 --reason \"letter seen\""
    )]
    Approve {
        /// What `list` prints.
        id: ClaimId,
        #[command(flatten)]
        said: Saying,
        #[command(flatten)]
        solved: Solved,
        /// Show what it would change and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Decline a claim.
    #[command(
        after_help = "Example:\n  todoke isp claim decline ID --by desk-1 --reason \"not theirs\""
    )]
    Decline {
        /// What `list` prints.
        id: ClaimId,
        #[command(flatten)]
        said: Saying,
    },
    /// Take a claim back for its provider.
    #[command(
        after_help = "Example:\n  todoke isp claim withdraw ID --isp isp-a --reason \"a slip\""
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

/// What becomes of what others declared.
#[derive(Debug, Args)]
pub(super) struct Solved {
    /// What others declared of it ends for that time.
    #[arg(long, conflicts_with = "beside")]
    hand_over: bool,
    /// What others declared of it stands too, and both are marked so.
    #[arg(long)]
    beside: bool,
}

impl Solved {
    fn resolution(&self) -> Resolution {
        match (self.hand_over, self.beside) {
            (true, _) => Resolution::HandOver,
            (_, true) => Resolution::Beside,
            _ => Resolution::None,
        }
    }
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").args(["prefix", "asn"]).required(true))]
pub(super) struct Add {
    /// The provider's code.
    #[arg(long)]
    isp: String,
    /// A prefix.
    #[arg(long)]
    prefix: Option<IpNet>,
    /// An AS number.
    #[arg(long)]
    asn: Option<u32>,
    /// It is no longer served.
    #[arg(long)]
    give_back: bool,
    /// What kind of network the prefix is.
    #[arg(long, default_value = "declared",
          value_parser = given::word_of::<Kind>(Kind::ALL.map(Kind::word)))]
    kind: Kind,
    /// From when: a time or a date; now if nothing is said.
    #[arg(long, value_parser = Moment::parse_day)]
    from: Option<Moment>,
    /// Until when, which is no longer part of it.
    #[arg(long, value_parser = Moment::parse_day)]
    to: Option<Moment>,
    /// What an apartment house is called.
    #[arg(long)]
    name: Option<String>,
    /// Who is told of what all share in an apartment house.
    #[arg(long, value_parser = given::word_of::<Recipient>(HOUSE.map(Recipient::code)))]
    notify: Option<Recipient>,
    #[command(flatten)]
    said: Saying,
    /// Show what it would change and claim nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Command {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match self {
            Self::Add(add) => add.run(app, out).await?,
            Self::List { isp, waiting } => list(app, out, (isp.as_deref(), *waiting)).await?,
            Self::Show { id } => show(app, out, *id).await?,
            Self::Approve { id, said, solved, dry_run } => {
                approve(app, out, (*id, said), (solved.resolution(), *dry_run)).await?;
            }
            Self::Decline { id, said } => {
                let word = Word { author: &said.by, reason: &said.reason };
                claims::decline(app, *id, word).await?.map_err(Refused::because)?;
                out.line(&json!({ "claim": id, "state": "declined" }), format!("declined: {id}"))?;
            }
            Self::Withdraw { id, isp, said } => {
                let tenant = tenant(app, isp, &said.by).await?;
                let done = claims::withdraw(&tenant, *id, &said.reason).await?;
                done.map_err(Refused::because)?;
                let words = format!("withdrawn: {id}");
                out.line(&json!({ "claim": id, "state": "withdrawn" }), words)?;
            }
        }
        Ok(Ended::Done)
    }
}

impl Add {
    fn asked(&self, now: Moment) -> Asked {
        let subject = match (self.prefix, self.asn) {
            (Some(prefix), _) => {
                let (kind, name, notify) = (self.kind, self.name.clone(), self.notify);
                Subject::Prefix { prefix, kind, name, notify }
            }
            (None, asn) => Subject::Asn(asn.unwrap_or_default()),
        };
        let act = if self.give_back { Act::GiveBack } else { Act::Take };
        Asked { act, subject, from: self.from.unwrap_or(now), to: self.to }
    }

    async fn run(&self, app: &App, out: Out) -> anyhow::Result<()> {
        let tenant = tenant(app, &self.isp, &self.said.by).await?;
        let asked = self.asked(app.now());
        let weighed = claims::rehearse(&tenant, &asked, &self.said.reason).await?;
        let weighed = weighed.map_err(Refused::because)?;
        let moves = moved::by_claim(&app.db, &asked, &weighed, app.now()).await?;
        let mut id = None;
        if !self.dry_run {
            let made = claims::claim(&tenant, asked, &self.said.reason).await?;
            id = Some(made.map_err(Refused::because)?);
        }
        let value = json!({ "claim": id, "isp": self.isp, "made": id.is_some() });
        let words = id.map_or("nothing was claimed".to_owned(), |id| format!("it waits: {id}"));
        tell(out, (value, words), &weighed, &moves)
    }
}

async fn list(app: &App, out: Out, (isp, waiting): (Option<&str>, bool)) -> anyhow::Result<()> {
    for one in claims::all(&app.db).await? {
        let is_meant = isp.is_none_or(|isp| one.code == isp);
        if is_meant && (!waiting || one.decision.is_none()) {
            out.line(&claim(&one), words(&one))?;
        }
    }
    Ok(())
}

async fn known(app: &App, id: ClaimId) -> anyhow::Result<Claim> {
    let found = claims::find(&app.db, id).await?;
    found.ok_or_else(|| Refused::because(claims::ClaimRefused::Unknown(id)))
}

async fn show(app: &App, out: Out, id: ClaimId) -> anyhow::Result<()> {
    let one = known(app, id).await?;
    if one.decision.is_some() {
        return out.line(&claim(&one), words(&one));
    }
    let all = claims::all(&app.db).await?;
    let rivals: Vec<String> =
        claims::rivals(&one, &all).iter().map(|rival| rival.id.to_string()).collect();
    let mut value = claim(&one);
    value["rivals"] = json!(rivals);
    match claims::weighed(&app.db, &one, Resolution::None).await? {
        Ok(weighed) => {
            let moves = moved::by_claim(&app.db, &one.asked, &weighed, app.now()).await?;
            tell(out, (value, words(&one)), &weighed, &moves)
        }
        Err(refused) => {
            value["refused"] = json!(refused.to_string());
            out.line(&value, format!("{}\n  {refused}", words(&one)))
        }
    }
}

async fn approve(
    app: &App,
    out: Out,
    (id, said): (ClaimId, &Saying),
    (resolution, dry_run): (Resolution, bool),
) -> anyhow::Result<()> {
    let one = known(app, id).await?;
    let word = Word { author: &said.by, reason: &said.reason };
    // Counted before: afterwards nothing is left to move.
    let weighed = claims::weighed(&app.db, &one, resolution).await?;
    let moves = match &weighed {
        Ok(weighed) => Some(moved::by_claim(&app.db, &one.asked, weighed, app.now()).await?),
        Err(_) => None,
    };
    let weighed = if dry_run {
        weighed.map_err(Refused::because)?
    } else {
        let approved = claims::approve(app, id, word, resolution).await?;
        approved.map_err(Refused::because)?
    };
    let Some(moves) = moves else { return Ok(()) };
    let state = if dry_run { "waiting" } else { "approved" };
    let value = json!({ "claim": id, "isp": one.code, "state": state, "applied": !dry_run });
    tell(out, (value, format!("{state}: {id}")), &weighed, &moves)
}

fn tell(
    out: Out,
    (mut value, words): (Value, String),
    weighed: &Weighed,
    moves: &Moves,
) -> anyhow::Result<()> {
    value["conflicts"] = weighed.conflicts.iter().map(conflict).collect();
    value["beside"] = weighed.beside.iter().map(conflict).collect();
    value["difference"] = json!(weighed.difference);
    value["counted_at"] = json!(moves.at.rfc3339());
    value["announced"] = json!(moves.announced);
    value["hands"] = json!(moves.hands);
    value["cases"] = json!(moves.cases);
    let mut lines = vec![words, told(&weighed.difference)];
    lines.extend(weighed.conflicts.iter().map(|one| format!("  ! {}", one.told())));
    lines.extend(moves.announced.iter().map(|one| {
        let whose = if one.isps.is_empty() { "nobody here".into() } else { one.isps.join(", ") };
        let organisation = one.organisation.as_deref().unwrap_or("?");
        format!(
            "  the table has {} of it under AS{} ({organisation}): {whose}",
            one.addresses, one.asn
        )
    }));
    let code = |code: &Option<String>| code.clone().unwrap_or_else(|| "nobody".to_owned());
    lines.extend(moves.hands.hands.iter().map(|one| {
        let (from, to) = (code(&one.from), code(&one.to));
        format!("  {from} > {to}: {} addresses, {} networks of IPv6", one.addresses, one.networks)
    }));
    lines.extend(moves.cases.iter().map(|one| {
        let cases = how_many(one.cases, "open case");
        format!(
            "  {} no longer reads of {cases}, seen last when {} held it",
            one.from,
            code(&one.to)
        )
    }));
    out.line(&value, lines.join("\n"))
}

fn conflict(one: &Conflict) -> Value {
    let (from, to) = times(one.from, one.to);
    json!({ "isp": one.isp, "what": one.what, "how": one.how, "from": from, "to": to })
}

fn claim(one: &Claim) -> Value {
    let (from, to) = times(one.asked.from, one.asked.to);
    let decision = one.decision.as_ref().map(|it| {
        json!({
            "decided": it.decided, "at": it.at.rfc3339(), "by": it.by, "reason": it.reason,
            "import": it.import_no, "undone_at": it.undone_at.map(Moment::rfc3339),
            "beside": it.beside.iter().map(conflict).collect::<Vec<_>>(),
        })
    });
    let mut value = json!({
        "claim": one.id, "isp": one.code, "act": one.asked.act.word(), "state": one.state(),
        "from": from, "to": to, "reason": one.reason, "claimed_by": one.claimed_by,
        "claimed_at": one.claimed_at.rfc3339(), "decision": decision,
    });
    match &one.asked.subject {
        Subject::Asn(asn) => value["asn"] = json!(asn),
        Subject::Prefix { prefix, kind, name, notify } => {
            value["prefix"] = json!(prefix);
            value["kind"] = json!(kind);
            value["name"] = json!(name);
            value["notify"] = json!(notify.map(Recipient::code));
        }
    }
    value
}

fn words(one: &Claim) -> String {
    let what = match &one.asked.subject {
        Subject::Asn(asn) => format!("AS{asn}"),
        Subject::Prefix { prefix, kind, .. } => format!("{prefix} {}", kind.word()),
    };
    let (from, to) = times(one.asked.from, one.asked.to);
    let said = one.decision.as_ref().map_or(String::new(), |it| {
        format!("\n  {} {} by {}: {}", it.state(), it.at.rfc3339(), it.by, it.reason)
    });
    format!(
        "{}\t{}\t{}\t{} {what}\t{} to {}\t{}, by {}{said}",
        one.id,
        one.state(),
        one.code,
        one.asked.act.word(),
        from.as_deref().unwrap_or("ever"),
        to.as_deref().unwrap_or("further notice"),
        one.reason,
        one.claimed_by,
    )
}
