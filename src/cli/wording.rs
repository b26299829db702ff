//! `todoke wording`: what notices say, and who stands for it.

mod preview;

use std::{fs, path::PathBuf};

use clap::{Args, Subcommand, builder::TypedValueParser};
use serde_json::json;

use super::{
    Ended, Out, Refused,
    account::By,
    given::{self, Saying, how_many},
};
use crate::{
    app::App,
    notices::wordings::{
        self, Kind, Of, Standing, Way, Wording as Version, edition, fill, in_force,
        language::Language,
        plain, shipped,
        text::{Text, parts},
    },
    time::Moment,
};

#[derive(Debug, Args)]
pub(super) struct Wording {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All versions: who drafted, who approved, from when.
    #[command(after_help = "Example:\n  todoke wording list --in-force")]
    List {
        /// Only those in force, and the edition of the kit that they make.
        #[arg(long)]
        in_force: bool,
        /// As it stood at that time.
        #[arg(long)]
        at: Option<Moment>,
    },
    /// The text of a version, with its variables.
    #[command(after_help = "Example:\n  todoke wording show letter --lang ja")]
    Show {
        #[command(flatten)]
        which: Which,
    },
    /// Draft the next version; a text that could not be sent is refused.
    #[command(after_help = "Example:\n  todoke wording draft letter --lang ja letter.md --by \
                            editor-1")]
    Draft {
        #[command(flatten)]
        of: Whose,
        /// The text; see docs/operate/wordings.md.
        file: PathBuf,
        #[command(flatten)]
        by: By,
    },
    /// Approve a version that somebody else drafted: it is in force from then on.
    #[command(after_help = "Example:\n  todoke wording approve letter --lang ja --version 2 --by \
                            reviewer-1\n  todoke wording approve --all --by reviewer-1")]
    Approve {
        /// Which kind.
        #[arg(value_parser = kinds(), required_unless_present = "all", requires = "lang")]
        kind: Option<Kind>,
        /// In which language.
        #[arg(long, value_parser = languages(), requires = "version")]
        lang: Option<Language>,
        /// Which version: whoever approves has read it.
        #[arg(long)]
        version: Option<i64>,
        /// Every draft that waits.
        #[arg(long, conflicts_with_all = ["kind", "lang", "version"])]
        all: bool,
        /// From when on it is in force, rather than from now on.
        #[arg(long)]
        from: Option<Moment>,
        #[command(flatten)]
        by: By,
    },
    /// Retire a version: from now on nobody is sent it.
    #[command(after_help = "Example:\n  todoke wording retire letter --lang ja --version 2 \
                            --reason \"a wrong number\" --by reviewer-1")]
    Retire {
        #[command(flatten)]
        of: Whose,
        /// Which version.
        #[arg(long)]
        version: i64,
        #[command(flatten)]
        saying: Saying,
    },
    /// Draft the wordings that come with the program; again = no change.
    #[command(after_help = "Example:\n  todoke wording load --by editor-1")]
    Load {
        #[command(flatten)]
        by: By,
    },
    /// A version with example values, as its reader gets it.
    #[command(after_help = "Example:\n  todoke wording preview letter --lang vi --out letter.pdf")]
    Preview {
        #[command(flatten)]
        which: Which,
        /// A letter as PDF; without it, the text.
        #[arg(long, value_name = "FILE.pdf")]
        out: Option<PathBuf>,
    },
}

/// A kind in a language.
#[derive(Debug, Args)]
pub(super) struct Whose {
    /// Which kind.
    #[arg(value_parser = kinds())]
    kind: Kind,
    /// In which language.
    #[arg(long, value_parser = languages())]
    lang: Language,
}

/// A version; without its number the latest, or the shipped text where there is none.
#[derive(Debug, Args)]
pub(super) struct Which {
    #[command(flatten)]
    of: Whose,
    /// Which version, rather than the latest.
    #[arg(long)]
    version: Option<i64>,
}

/// The ways by which somebody is told.
pub(super) fn ways() -> impl TypedValueParser<Value = Way> {
    given::word_of(Way::ALL.map(Way::word))
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    given::word_of(Kind::ALL.map(Kind::word))
}

pub(super) fn languages() -> impl TypedValueParser<Value = Language> {
    given::word_of(Language::ALL.map(Language::word))
}

impl Wording {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::List { in_force, at } => list(app, out, *in_force, *at).await?,
            Command::Show { which } => show(out, &found(app, which).await?, app.now())?,
            Command::Draft { of, file, by } => draft(app, out, of, file, &by.by).await?,
            Command::Approve { kind, lang, version, from, by, .. } => {
                let one = kind.zip(*lang).zip(*version);
                approve(app, out, one, (*from, &by.by)).await?;
            }
            Command::Retire { of, version, saying } => {
                let which = ((of.kind, of.lang), *version);
                let retired = wordings::retire(app, &saying.by, which, &saying.reason).await?;
                retired.map_err(Refused::because)?;
                let name = wordings::name(which.0, which.1);
                out.line(&json!({ "retired": name }), format!("{name} is used no more."))?;
            }
            Command::Load { by } => load(app, out, &by.by).await?,
            Command::Preview { which, out: file } => {
                let wording = found(app, which).await?;
                preview::preview(app, out, wording, file.as_deref())?;
            }
        }
        Ok(Ended::Done)
    }
}

async fn list(app: &App, out: Out, only_in_force: bool, at: Option<Moment>) -> anyhow::Result<()> {
    let at = at.unwrap_or_else(|| app.now());
    let all = wordings::list(app).await?;
    let edition = edition(&all, at);
    for wording in &all {
        let is_in_force =
            in_force(&all, wording.of(), at).is_some_and(|it| it.version == wording.version);
        if is_in_force || !only_in_force {
            tell(out, wording, (is_in_force, edition.as_deref()), at)?;
        }
    }
    if let (Some(edition), false) = (edition, out.json) {
        out.line(&json!({}), format!("What is in force is {edition}."))?;
    }
    Ok(())
}

fn tell(
    out: Out,
    wording: &Version,
    (is_in_force, edition): (bool, Option<&str>),
    at: Moment,
) -> anyhow::Result<()> {
    let standing = wording.standing(at);
    let word = match standing {
        Standing::Approved if !is_in_force => "superseded",
        Standing::Approved => "in force",
        _ => standing.word(),
    };
    let approved = match (&wording.approved_by, wording.from_at) {
        (Some(by), Some(from)) => format!("\tapproved by {by} from {}", from.date_jst()),
        _ => String::new(),
    };
    out.line(
        &json!({
            "wording": wording.to_string(), "kind": wording.kind.word(),
            "language": wording.language.word(), "version": wording.version,
            "standing": standing.word(), "in_force": is_in_force, "edition": edition,
            "drafted_at": wording.drafted_at.rfc3339(), "drafted_by": wording.drafted_by,
            "approved_at": wording.approved_at.map(Moment::rfc3339),
            "approved_by": wording.approved_by, "from": wording.from_at.map(Moment::rfc3339),
            "retired_at": wording.retired_at.map(Moment::rfc3339),
            "retired_by": wording.retired_by, "reason": wording.retired_because,
        }),
        format!("{wording}\t{word}\tdrafted by {}{approved}", wording.drafted_by),
    )
}

/// The version that is asked for, or the latest, or the shipped text before there is any.
async fn found(app: &App, which: &Which) -> anyhow::Result<Version> {
    let of: Of = (which.of.kind, which.of.lang);
    let all = wordings::list(app).await?;
    let is_it =
        |it: &&Version| it.of() == of && which.version.is_none_or(|version| version == it.version);
    if let Some(found) = all.iter().rfind(is_it) {
        return Ok(found.clone());
    }
    match which.version {
        None => Ok(Version::unsaved(of, &shipped::text(of), app.now())),
        Some(version) => Err(Refused::because(format!(
            "there is no `{}`; see `todoke wording list`",
            wordings::name(of, version)
        ))),
    }
}

fn show(out: Out, wording: &Version, at: Moment) -> anyhow::Result<()> {
    let Text { subject, body } = &wording.text;
    let heading = if subject.is_empty() { String::new() } else { format!("# {subject}\n\n") };
    out.line(
        &json!({
            "wording": wording.to_string(), "standing": wording.standing(at).word(),
            "subject": subject, "body": body,
        }),
        format!("{heading}{body}"),
    )
}

async fn draft(
    app: &App,
    out: Out,
    of: &Whose,
    file: &std::path::Path,
    by: &str,
) -> anyhow::Result<()> {
    let refuse = |fault| Refused::because(format!("{}: {fault}", file.display()));
    let text = Text::parse(&fs::read_to_string(file).map_err(refuse)?);
    let wording = wordings::draft(app, by, (of.kind, of.lang), &text).await?;
    let wording = wording.map_err(Refused::because)?;
    let example = fill::example((of.kind, of.lang));
    let filled = text.filled(|name| example.get(name));
    let advice = plain::findings(of.lang, &filled);
    advice.iter().for_each(|advice| eprintln!("advice: {advice}"));
    let parts = (of.kind.way == Way::Sms).then(|| parts(&filled.body));
    let told = parts
        .map_or_else(String::new, |parts| format!("; it takes {}", how_many(parts as u64, "part")));
    out.line(
        &json!({
            "wording": wording.to_string(), "advice": advice.len(), "parts": parts,
        }),
        format!("{wording} is drafted{told}. Somebody else approves it."),
    )
}

async fn approve(
    app: &App,
    out: Out,
    one: Option<((Kind, Language), i64)>,
    (from, by): (Option<Moment>, &str),
) -> anyhow::Result<()> {
    let waiting = match one {
        Some(one) => vec![one],
        None => drafts(app).await?,
    };
    let approved = wordings::approve(app, by, &waiting, from).await?.map_err(Refused::because)?;
    for wording in approved {
        let from = wording.from_at.map(Moment::rfc3339);
        let told = from.as_deref().unwrap_or_default();
        out.line(
            &json!({ "wording": wording.to_string(), "approved_by": by, "from": from }),
            format!("{wording} is in force from {told}."),
        )?;
    }
    Ok(())
}

async fn drafts(app: &App) -> anyhow::Result<Vec<(Of, i64)>> {
    let all = wordings::list(app).await?;
    let waiting = all.iter().filter(|it| it.standing(app.now()) == Standing::Draft);
    Ok(waiting.map(|wording| (wording.of(), wording.version)).collect())
}

async fn load(app: &App, out: Out, by: &str) -> anyhow::Result<()> {
    let loaded = shipped::load(app, by).await?.map_err(Refused::because)?;
    let drafted = loaded.drafted.len();
    out.line(
        &json!({ "drafted": drafted, "unchanged": loaded.unchanged }),
        format!(
            "{} drafted, {} there already. Somebody else reads and approves them: \
             `todoke wording approve --all`.",
            how_many(drafted as u64, "wording"),
            loaded.unchanged
        ),
    )
}
