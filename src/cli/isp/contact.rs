//! `todoke isp contact`: whom the centre reaches at a provider, and what is to be checked.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Ours, tenant};
use crate::{
    app::App,
    cli::{
        Ended, Out, Refused,
        given::{self, Saying},
    },
    ids::ContactId,
    isps::contacts::{self, Contact, Reach, Role, Standing, ToDo},
    time::Moment,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a contact of a provider: a post, never a person.
    #[command(
        after_help = "Example:\n  todoke isp contact add --isp isp-a --role abuse_desk --post \
        \"abuse desk\" --mail abuse@example.jp --language ja --language en"
    )]
    Add {
        #[command(flatten)]
        ours: Ours,
        /// What the post is there for.
        #[arg(long, value_parser = given::word_of::<Role>(Role::ALL.map(Role::word)))]
        role: Role,
        #[command(flatten)]
        reach: Given,
    },
    /// Write a contact anew; that counts as confirming it.
    #[command(
        after_help = "Example:\n  todoke isp contact change ID --isp isp-a --post \"abuse desk\" \
        --mail noc@example.jp"
    )]
    Change {
        /// What `list` prints.
        id: ContactId,
        #[command(flatten)]
        ours: Ours,
        #[command(flatten)]
        reach: Given,
    },
    /// The contacts of a provider; that they were read is kept.
    #[command(after_help = "Example:\n  todoke isp contact list --isp isp-a")]
    List {
        #[command(flatten)]
        ours: Ours,
    },
    /// Say that a contact still holds.
    #[command(after_help = "Example:\n  todoke isp contact confirm ID --isp isp-a")]
    Confirm {
        /// What `list` prints.
        id: ContactId,
        #[command(flatten)]
        ours: Ours,
    },
    /// Take a contact off.
    #[command(
        after_help = "Example:\n  todoke isp contact remove ID --isp isp-a --reason \"moved\""
    )]
    Remove {
        /// What `list` prints.
        id: ContactId,
        /// The provider's code.
        #[arg(long)]
        isp: String,
        #[command(flatten)]
        said: Saying,
    },
    /// Contacts of all providers that are doubtful, overdue or due, and providers without any.
    #[command(after_help = "Example:\n  todoke isp contact due --json")]
    Due,
    /// Say that a mail to this address came back; every contact with it becomes doubtful.
    #[command(
        after_help = "Example:\n  todoke isp contact doubt abuse@example.jp --reason \"550 5.1.1\""
    )]
    Doubt {
        /// The mail address.
        mail: String,
        #[command(flatten)]
        said: Saying,
    },
}

/// How a post is reached.
#[derive(Debug, Args)]
pub(super) struct Given {
    /// What the post is called: a function, not a person.
    #[arg(long)]
    post: String,
    /// Its mail address.
    #[arg(long)]
    mail: String,
    /// Its telephone number.
    #[arg(long)]
    phone: Option<String>,
    /// When somebody is there.
    #[arg(long)]
    hours: Option<String>,
    /// A language that is spoken there, as in `ja`; may be given several times.
    #[arg(long = "language", default_value = "ja")]
    languages: Vec<String>,
}

impl Given {
    fn reach(&self) -> Reach {
        Reach {
            post: self.post.clone(),
            mail: self.mail.clone(),
            phone: self.phone.clone(),
            hours: self.hours.clone(),
            languages: self.languages.clone(),
        }
    }
}

impl Command {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match self {
            Self::Add { ours, role, reach } => {
                let added = contacts::add(&ours.tenant(app).await?, *role, reach.reach()).await?;
                let id = added.map_err(Refused::because)?;
                out.line(&json!({ "contact": id, "role": role.word() }), format!("added: {id}"))?;
            }
            Self::Change { id, ours, reach } => {
                let changed =
                    contacts::change(&ours.tenant(app).await?, *id, reach.reach()).await?;
                changed.map_err(Refused::because)?;
                out.line(&json!({ "contact": id }), format!("written anew: {id}"))?;
            }
            Self::List { ours } => {
                for one in contacts::list(&ours.tenant(app).await?).await? {
                    tell(out, &one, app.now())?;
                }
            }
            Self::Confirm { id, ours } => {
                let confirmed = contacts::confirm(&ours.tenant(app).await?, *id).await?;
                confirmed.map_err(Refused::because)?;
                let until = contacts::confirmed_until(app.now()).rfc3339();
                let words = format!("confirmed until {until}: {id}");
                out.line(&json!({ "contact": id, "confirmed_until": until }), words)?;
            }
            Self::Remove { id, isp, said } => {
                let tenant = tenant(app, isp, &said.by).await?;
                let removed = contacts::remove(&tenant, *id, &said.reason).await?;
                removed.map_err(Refused::because)?;
                out.line(&json!({ "contact": id, "removed": true }), format!("removed: {id}"))?;
            }
            Self::Due => {
                for one in contacts::to_do(app).await? {
                    tell_to_do(out, &one)?;
                }
            }
            Self::Doubt { mail, said } => {
                let hand = app.clone().in_the_hands_of(&said.by);
                let doubted = contacts::doubt(&hand, mail, (&said.by, &said.reason)).await?;
                let words = given::how_many(doubted, "contact");
                out.line(&json!({ "doubted": doubted }), format!("{words} now doubtful"))?;
            }
        }
        Ok(Ended::Done)
    }
}

fn tell(out: Out, one: &Contact, now: Moment) -> anyhow::Result<()> {
    let Reach { post, mail, phone, hours, languages } = &one.reach;
    let until = contacts::confirmed_until(one.confirmed_at).rfc3339();
    let value: Value = json!({
        "contact": one.id, "role": one.role.word(), "post": post, "mail": mail, "phone": phone,
        "hours": hours, "languages": languages, "version": one.version,
        "standing": one.standing(now), "confirmed_at": one.confirmed_at.rfc3339(),
        "confirmed_by": one.confirmed_by, "confirmed_until": until,
        "doubted_at": one.doubted_at.map(Moment::rfc3339), "doubted_for": one.doubted_for,
    });
    let words = [
        one.id.to_string(),
        one.role.word().to_owned(),
        one.standing(now).word().to_owned(),
        post.clone(),
        mail.clone(),
        phone.clone().unwrap_or_default(),
        hours.clone().unwrap_or_default(),
        languages.join(","),
    ];
    out.line(&value, words.join("\t"))
}

fn tell_to_do(out: Out, one: &ToDo) -> anyhow::Result<()> {
    let standing = one.standing.map_or("missing", Standing::word);
    let due_at = one.due_at.map(Moment::rfc3339);
    let words = format!(
        "{}\t{}\t{standing}\t{}\t{}",
        one.isp,
        one.role.word(),
        due_at.as_deref().unwrap_or("-"),
        one.reason.as_deref().unwrap_or_default(),
    );
    let value = json!({
        "isp": one.isp, "name": one.name, "contact": one.contact, "role": one.role.word(),
        "standing": standing, "due_at": due_at, "reason": one.reason,
    });
    out.line(&value, words)
}
