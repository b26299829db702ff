//! `todoke campaign`: help around a one-off list.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use serde_json::{Value, json};

use super::{
    By, Ended, Out, Refused,
    given::{Saying, how_many},
    isp_named,
};
use crate::{
    access::tenancy::Tenant,
    app::App,
    campaigns::{
        self, Added, Campaign as Entered, NoSuchCampaign, Said,
        decisions::{self, Act, Publishing},
        enrol,
        participants::{self, Answer, Standing},
        translations::{self, Standing as Stands},
    },
    language::Language,
    notices::{
        campaign_figures::{self as figures, Figures, OfIsp},
        wordings::{fill::OfCampaign, plain},
    },
    time::Moment,
};

#[derive(Debug, Args)]
pub(super) struct Campaign {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Enter a campaign from a draft, or the next version of it; the same again changes nothing.
    #[command(after_help = "Example:\n  todoke campaign add emotet emotet.toml\n\nThe draft is \
        described in docs/formats/campaign.md: Japanese and English, and \
        up to five languages more.")]
    Add {
        /// Its name: small letters, digits and `-`.
        name: String,
        /// The draft, a TOML file.
        draft: PathBuf,
        #[command(flatten)]
        by: By,
    },
    /// All campaigns.
    #[command(after_help = "Example:\n  todoke campaign list --json")]
    List,
    /// One campaign with everything that was decided and said.
    #[command(after_help = "Example:\n  todoke campaign show emotet")]
    Show {
        /// Its name.
        name: String,
    },
    /// Ask a provider whether it takes part.
    #[command(after_help = "Example:\n  todoke campaign invite emotet --isp isp-a")]
    Invite(Part),
    /// Say that a provider takes part; only then it gets the campaign's lines.
    #[command(after_help = "Example:\n  todoke campaign join emotet --isp isp-a")]
    Join(Part),
    /// Say that a provider takes no part, or no more part.
    #[command(after_help = "Example:\n  todoke campaign decline emotet --isp isp-a")]
    Decline(Part),
    /// Find the cases that the campaign's list names; again = what came since.
    #[command(after_help = "Example:\n  todoke campaign enrol emotet")]
    Enrol {
        /// Its name.
        name: String,
    },
    /// Propose the latest version, or agree to it; two people are needed, under accounts of the
    /// office or of reviewers. The public sees it where its draft says `public = true`.
    #[command(after_help = "Example:\n  todoke campaign publish emotet --by office-1\n  todoke \
        campaign publish emotet --by reviewer-1\n  todoke campaign publish emotet --take-down \
        --reason \"a wrong phone number\"")]
    Publish {
        /// Its name.
        name: String,
        /// Take the page down at once; one person is enough.
        #[arg(long, requires = "reason")]
        take_down: bool,
        /// Why it is taken down.
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        reason: Option<String>,
        #[command(flatten)]
        by: By,
    },
    /// Put no more of its lines on lists.
    #[command(after_help = "Example:\n  todoke campaign close emotet --reason \"it is over\"")]
    Close {
        /// Its name.
        name: String,
        /// Open it again.
        #[arg(long)]
        reopen: bool,
        #[command(flatten)]
        said: Saying,
    },
    /// Distributed, participating, reporting, notices and rate, counted line by line.
    #[command(after_help = "Example:\n  todoke campaign figures emotet --json\n  todoke campaign \
        figures emotet --format csv --out editions")]
    Figures {
        /// Its name.
        name: String,
        /// How an edition is written.
        #[arg(long, value_parser = ["csv"], requires = "out")]
        format: Option<String>,
        /// The folder for the edition, which is called NAME_campaign.csv.
        #[arg(long, requires = "format")]
        out: Option<PathBuf>,
    },
}

/// A word about a provider's part.
#[derive(Debug, Args)]
struct Part {
    /// The campaign.
    name: String,
    /// The provider.
    #[arg(long)]
    isp: String,
    /// Why, for whoever asks later.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    reason: Option<String>,
    #[command(flatten)]
    by: By,
}

impl Campaign {
    pub(super) async fn run(&self, app: &App, out: Out) -> anyhow::Result<Ended> {
        match &self.command {
            Command::Add { name, draft, by } => add(app, out, (name, draft), &by.by).await?,
            Command::List => list(app, out).await?,
            Command::Show { name } => show(app, out, &named(app, name).await?).await?,
            Command::Invite(part) => say(app, out, part, None).await?,
            Command::Join(part) => say(app, out, part, Some(Answer::Join)).await?,
            Command::Decline(part) => say(app, out, part, Some(Answer::Decline)).await?,
            Command::Enrol { name } => {
                let campaign = named(app, name).await?;
                let new = enrol::asked(app, &campaign).await?;
                let words = format!("{name}: {} newly enrolled", how_many(new, "case"));
                out.line(&json!({ "campaign": name, "enrolled": new }), words)?;
            }
            Command::Publish { name, take_down, reason, by } => {
                let campaign = named(app, name).await?;
                match (take_down, reason) {
                    (true, Some(reason)) => {
                        act(app, out, &campaign, Act::TakeDown, (&by.by, reason)).await?;
                    }
                    _ => publish(app, out, &campaign, &by.by).await?,
                }
            }
            Command::Close { name, reopen, said } => {
                let what = if *reopen { Act::Reopen } else { Act::Close };
                let campaign = named(app, name).await?;
                act(app, out, &campaign, what, (&said.by, &said.reason)).await?;
            }
            Command::Figures { name, out: folder, .. } => {
                let campaign = named(app, name).await?;
                let counted = figures::of(&app.db, &campaign).await?;
                match folder {
                    Some(folder) => edition(out, &campaign, &counted, folder)?,
                    None => tell(out, &campaign, &counted)?,
                }
            }
        }
        Ok(Ended::Done)
    }
}

async fn named(app: &App, name: &str) -> anyhow::Result<Entered> {
    let campaign = campaigns::find(&app.db, name).await?;
    campaign.ok_or_else(|| Refused::because(NoSuchCampaign(name.to_owned())))
}

async fn add(app: &App, out: Out, (name, draft): (&str, &PathBuf), by: &str) -> anyhow::Result<()> {
    let refuse = |why: String| Refused::because(format!("{}: {why}", draft.display()));
    let text = fs::read_to_string(draft).map_err(|e| refuse(e.to_string()))?;
    let said = Said::read(&text).map_err(|e| refuse(e.to_string()))?;
    let before = campaigns::find(&app.db, name).await?;
    let done = campaigns::add(app, name, &said, by).await?.map_err(Refused::because)?;
    let spoken: Vec<&str> = said.languages().into_iter().map(Language::word).collect();
    let spoke = before.map(|it| it.said.languages()).unwrap_or_default().into_iter();
    let lost: Vec<&str> = spoke.map(Language::word).filter(|it| !spoken.contains(it)).collect();
    if !lost.is_empty() {
        eprintln!("note: this version has no text in {} any more", lost.join(", "));
    }
    let advice = advice(&said);
    advice.iter().for_each(|advice| eprintln!("advice: {advice}"));
    let (new, version, words) = match done {
        Added::New => (true, Some(1), "entered; nobody but this centre knows of it yet".to_owned()),
        Added::Version(no) => {
            (false, Some(no), format!("version {no}; two people have to agree to it"))
        }
        Added::Unchanged => (false, None, "it says so already".to_owned()),
    };
    out.line(
        &json!({
            "campaign": name, "new": new, "version": version, "languages": spoken,
            "advice": advice.len(),
        }),
        format!("{name}: {words} (in {})", spoken.join(", ")),
    )
}

/// What readers of Japanese may stumble over.
fn advice(said: &Said) -> Vec<String> {
    let of = |language| {
        let text = OfCampaign::of(said, language).map(|it| it.text()).unwrap_or_default();
        let found = plain::findings(language, &text).into_iter();
        found.map(move |one| format!("{}: {one}", language.word()))
    };
    Language::ALL.into_iter().flat_map(of).collect()
}

/// Invites a provider, or takes its answer.
async fn say(app: &App, out: Out, part: &Part, answer: Option<Answer>) -> anyhow::Result<()> {
    let (campaign, isp) = (named(app, &part.name).await?, isp_named(app, &part.isp).await?);
    let stands = participants::standings(&app.db, campaign.id).await?;
    let takes_part = stands.iter().any(|one| one.isp_id == isp.id && one.kind == Standing::Joined);
    let (by, reason) = (&part.by.by, part.reason.as_deref());
    let (said, done) = match answer {
        None => {
            let done = participants::invite(app, &campaign, (&isp, by), reason).await?;
            (Standing::Invited, done)
        }
        Some(answer) => {
            // Whoever takes part and declines withdraws.
            let withdraws = answer == Answer::Decline && takes_part;
            let answer = if withdraws { Answer::Withdraw } else { answer };
            let tenant = Tenant::of(app, isp.id, &isp.code, by);
            let done = participants::answer(&tenant, &campaign, answer, reason).await?;
            (answer.standing(), done)
        }
    };
    let changed = done.map_err(Refused::because)?;
    let already = if changed { "" } else { " already" };
    out.line(
        &json!({ "campaign": part.name, "isp": isp.code, "state": said.word(), "new": changed }),
        format!("{}: {} {said}{already}", part.name, isp.code),
    )
}

async fn publish(app: &App, out: Out, campaign: &Entered, by: &str) -> anyhow::Result<()> {
    let done = decisions::publish(app, campaign, by).await?.map_err(Refused::because)?;
    let (state, words) = match done {
        Publishing::Proposed => ("proposed", "proposed; somebody else has to agree"),
        Publishing::Published => ("published", "agreed to"),
    };
    let (name, version) = (&campaign.name, campaign.version);
    out.line(
        &json!({ "campaign": name, "version": version, "state": state }),
        format!("{name}: version {version} is {words}"),
    )
}

async fn act(
    app: &App,
    out: Out,
    campaign: &Entered,
    what: Act,
    by: (&str, &str),
) -> anyhow::Result<()> {
    decisions::act(app, campaign, what, by).await?.map_err(Refused::because)?;
    let (name, state) = (&campaign.name, state_after(what));
    out.line(&json!({ "campaign": name, "state": state }), format!("{name}: {state}"))
}

fn state_after(what: Act) -> &'static str {
    match what {
        Act::TakeDown => "taken_down",
        Act::Close => "closed",
        Act::Reopen => "open",
    }
}

async fn list(app: &App, out: Out) -> anyhow::Result<()> {
    for one in campaigns::all(&app.db).await? {
        let words = format!("{}\t{}\t{}", one.name, one.said.title.ja, stands(&one));
        out.line(&value(&one), words)?;
    }
    Ok(())
}

/// How a campaign stands, in words.
fn stands(one: &Entered) -> String {
    let public = match (one.decided.published, &one.decided.proposed) {
        (_, Some((version, who))) => format!("version {version} proposed by {who}"),
        (Some(version), None) if one.public().is_some() => {
            format!("version {version} of {} public", one.version)
        }
        (Some(version), None) => {
            format!("version {version} of {} agreed to, not public", one.version)
        }
        (None, None) => "not public".to_owned(),
    };
    let closed = one.decided.closed_at.map(|at| format!(", closed {}", at.date_jst()));
    format!("{public}{}", closed.unwrap_or_default())
}

fn value(one: &Entered) -> Value {
    let said = &one.said;
    json!({
        "campaign": one.name, "version": one.version, "published": one.decided.published,
        "proposed": one.decided.proposed.as_ref().map(|(version, _)| version),
        "closed_at": one.decided.closed_at.map(Moment::rfc3339),
        "title": said.title, "from": said.from.rfc3339(), "to": said.to.map(Moment::rfc3339),
        "report_by": said.report_by.rfc3339(), "public": said.is_public, "feeds": said.feeds,
        "source": said.provenance.source, "handed_over_by": said.provenance.handed_over_by,
        "handed_over_at": said.provenance.handed_over_at.rfc3339(),
        "basis": said.provenance.basis,
        "languages": said.languages(),
    })
}

async fn show(app: &App, out: Out, one: &Entered) -> anyhow::Result<()> {
    let (said, origin) = (&one.said, &one.said.provenance);
    let translations = translations::standings(&app.db, one).await?;
    let stale = translations.iter().filter_map(|(language, standing)| match standing {
        Stands::Stale(no) => {
            Some(format!("; {} is older than the Japanese of version {no}", language.word()))
        }
        _ => None,
    });
    let stale: Vec<String> = stale.collect();
    let words = format!(
        "{}\t{}\t{}\nfrom {} to {}, reports by {}, feeds {}\ndata of {}, handed over by {} on {}, \
         on the basis of {}\nin {}{}",
        one.name,
        said.title.ja,
        stands(one),
        said.from.date_jst(),
        said.to.map_or_else(|| "until it is closed".to_owned(), Moment::date_jst),
        said.report_by.date_jst(),
        said.feeds.join(", "),
        origin.source.ja,
        origin.handed_over_by.ja,
        origin.handed_over_at.date_jst(),
        origin.basis.ja,
        said.languages().into_iter().map(Language::word).collect::<Vec<_>>().join(", "),
        stale.concat(),
    );
    let mut value = value(one);
    value["translations"] = translations.iter().map(of_language).collect();
    out.line(&value, words)?;
    for fact in campaigns::facts(&app.db, one.id).await? {
        let (at, kind, author) = (fact.at.rfc3339(), &fact.kind, &fact.author);
        let more = fact.reason.clone().or(fact.version.map(|no| format!("version {no}")));
        out.line(
            &json!({
                "at": at, "kind": kind, "author": author, "version": fact.version,
                "reason": fact.reason,
            }),
            format!("  {at}\t{kind}\t{author}\t{}", more.unwrap_or_default()),
        )?;
    }
    for fact in participants::history(&app.db, one.id).await? {
        let (at, kind, author) = (fact.at.rfc3339(), fact.kind.word(), &fact.author);
        out.line(
            &json!({
                "at": at, "isp": fact.isp, "kind": kind, "author": author, "reason": fact.reason,
            }),
            format!("  {at}\t{} {kind}\t{author}\t{}", fact.isp, fact.reason.unwrap_or_default()),
        )?;
    }
    Ok(())
}

fn of_language((language, standing): &(Language, Stands)) -> Value {
    json!({
        "language": language.word(), "state": standing.word(), "version": standing.version(),
    })
}

/// Writes the edition of the figures.
fn edition(out: Out, campaign: &Entered, counted: &Figures, folder: &Path) -> anyhow::Result<()> {
    let file = folder.join(format!("{}_campaign.csv", campaign.name));
    let refuse = |e: std::io::Error| Refused::because(format!("{}: {e}", file.display()));
    let bytes = figures::csv(&campaign.holds, counted).context("figures as CSV")?;
    fs::create_dir_all(folder).map_err(refuse)?;
    fs::write(&file, bytes).map_err(refuse)?;
    let words = format!("written to {}", file.display());
    out.line(&json!({ "campaign": campaign.name, "files": [file] }), words)
}

/// Tells the figures: the sums, then provider by provider.
fn tell(out: Out, campaign: &Entered, counted: &Figures) -> anyhow::Result<()> {
    let to_nobody: Vec<Value> = counted
        .to_nobody()
        .iter()
        .map(|(standing, cases)| json!({ "isps": word(*standing), "cases": cases }))
        .collect();
    let (obtained, distributed) = (counted.obtained(), counted.distributed());
    let (participating, reporting) = (counted.participating(), counted.reporting());
    let (no_report, notices, rate) = (counted.no_report(), counted.notices(), counted.rate());
    out.line(
        &json!({
            "campaign": campaign.name, "obtained": obtained, "distributed": distributed,
            "participating_isps": participating, "reporting_isps": reporting,
            "no_report_isps": no_report, "left_isps": counted.left(), "notices": notices,
            "notice_rate_percent": rate, "notices_late": counted.late(),
            "notices_outside": counted.outside(),
            "unattributed": counted.unattributed, "to_nobody": to_nobody,
        }),
        format!(
            "{}: {obtained} obtained, {distributed} distributed, participating {participating}, \
             reporting {reporting}, without any report {no_report}, {} ({} %), {} reported late, \
             {} outside the period, {} that nobody is known to serve",
            campaign.name,
            how_many(notices, "notice"),
            rate.as_deref().unwrap_or("-"),
            counted.late(),
            counted.outside(),
            counted.unattributed
        ),
    )?;
    for (standing, cases) in counted.to_nobody() {
        if !out.json {
            let words = format!("  distributed to nobody: {cases} ({})", word(standing));
            out.line(&Value::Null, words)?;
        }
    }
    for (code, isp) in &counted.isps {
        out.line(&of_isp(code, isp), words_of_isp(code, isp))?;
    }
    Ok(())
}

fn word(standing: Option<Standing>) -> &'static str {
    standing.map_or("not_invited", Standing::word)
}

fn of_isp(code: &str, isp: &OfIsp) -> Value {
    json!({
        "isp": code, "state": word(isp.standing), "named": isp.named,
        "distributed": isp.distributed, "handed_out": isp.handed_out, "reported": isp.reported,
        "notices": isp.notices, "notices_late": isp.late, "notices_outside": isp.outside,
        "told_before": isp.told_before,
        "reporting": isp.reporting().word(),
    })
}

fn words_of_isp(code: &str, isp: &OfIsp) -> String {
    format!(
        "  {code}\t{}\t{} named, {} distributed, {} handed out, {} reported, {} warned, {} told \
         before\t{}",
        word(isp.standing),
        isp.named,
        isp.distributed,
        isp.handed_out,
        isp.reported,
        isp.notices,
        isp.told_before,
        isp.reporting().word()
    )
}
