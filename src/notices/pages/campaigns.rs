//! `/admin/campaigns`: one-off lists, who decided what about them, who takes part, what came of it.
//!
//! Stands here rather than with campaigns, since it tells their figures, which are counted from
//! lines of lists. Providers are shown by what they said and by counts; no address is shown.

mod draft;
mod languages;
mod offered;

pub(super) use draft::{change, create, new, say};
pub(super) use languages::{keep, write};
pub(super) use offered::{all as offered, answer, check, one as offer, receipt};

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse as _,
};
use serde::Deserialize;

use languages::Row;

use super::{not_found, wording_words};
use crate::{
    access::roles::Act,
    app::App,
    campaigns::{
        self, Campaign, Fact,
        decisions::{self, Act as Decision, DecisionRefused},
        draft::Words,
        enrol,
        pages::{period, words},
        participants::{self, PartRefused, Said, Standing},
        translations::Speech,
    },
    feeds::{self, files::Listed},
    isps::{self, Isp},
    language::Language,
    notices::{
        campaign_figures::{self as figures, Figures, OfIsp},
        wordings::{fill::OfCampaign, plain},
    },
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        routes::Signed,
    },
};

/// Files of the list that are shown, the latest first.
const FILES: usize = 50;

/// How it stands with the public, in words.
fn public(page: &Page, campaign: &Campaign) -> String {
    let decided = &campaign.decided;
    let key = if campaign.public().is_some() { "campaigns-public" } else { "campaigns-agreed" };
    let shown = decided.published.map(|no| page.with(key, "no", no));
    let proposed = decided
        .proposed
        .as_ref()
        .map(|(no, who)| page.with_all("campaigns-proposed", &[("no", no), ("who", who)]));
    match (shown, proposed) {
        (Some(shown), Some(proposed)) => format!("{shown} {proposed}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => page.t("campaigns-not-public"),
    }
}

#[derive(Template)]
#[template(path = "notices/campaigns.html")]
struct All {
    page: Page,
    campaigns: Vec<Campaign>,
    may_run: bool,
}

impl All {
    fn words<'a>(&self, of: &'a Words) -> &'a str {
        words(&self.page, of)
    }

    fn period(&self, of: &Campaign) -> String {
        period(&self.page, &of.said, of.decided.closed_at)
    }

    fn public(&self, of: &Campaign) -> String {
        public(&self.page, of)
    }
}

/// `GET /admin/campaigns`
pub(super) async fn all(State(app): State<App>, signed: Signed) -> PageResult {
    let mut campaigns = campaigns::all(&app.db).await?;
    campaigns.sort_by_key(|one| std::cmp::Reverse(one.said.from));
    let may_run = signed.may(Act::RunCampaigns);
    show(&All { page: signed.page, campaigns, may_run })
}

#[derive(Template)]
#[template(path = "notices/campaign.html")]
struct One {
    page: Page,
    errors: Errors,
    me: String,
    campaign: Campaign,
    facts: Vec<Fact>,
    history: Vec<Said>,
    figures: Figures,
    not_asked: Vec<Isp>,
    files: Vec<Listed>,
    reason: String,
    /// What it says in languages beside Japanese and English.
    languages: Vec<Row>,
    may_run: bool,
    may_write: bool,
    may_approve: bool,
}

impl One {
    async fn of(app: &App, signed: &Signed, name: &str) -> anyhow::Result<Option<Self>> {
        let Some(campaign) = campaigns::find(&app.db, name).await? else { return Ok(None) };
        let figures = figures::of(&app.db, &campaign).await?;
        let standings = participants::standings(&app.db, campaign.id).await?;
        let mut not_asked = isps::all(&app.db).await?;
        not_asked.retain(|isp| {
            isp.removed_at.is_none() && standings.iter().all(|said| said.isp_id != isp.id)
        });
        let mut files = Vec::new();
        for feed in &campaign.said.feeds {
            if let Some(feed) = feeds::by_name(&app.db, feed).await? {
                files.extend(feeds::files::all(&app.db, Some(feed.id)).await?);
            }
        }
        files.sort_by_key(|file| std::cmp::Reverse(file.received_at));
        files.truncate(FILES);
        Ok(Some(Self {
            page: signed.page.clone(),
            errors: Errors::none(),
            me: signed.name().to_owned(),
            facts: campaigns::facts(&app.db, campaign.id).await?,
            history: participants::history(&app.db, campaign.id).await?,
            languages: Row::all(app, &signed.page, &campaign).await?,
            campaign,
            figures,
            not_asked,
            files,
            reason: String::new(),
            may_run: signed.may(Act::RunCampaigns),
            may_write: signed.may(Act::DraftWording),
            may_approve: signed.may(Act::ApproveCampaign),
        }))
    }

    fn words<'a>(&self, of: &'a Words) -> &'a str {
        words(&self.page, of)
    }

    /// All that it says, language by language, each with what its readers stumble over.
    fn texts(&self) -> Vec<(Language, Speech<'_>, Vec<String>)> {
        let said = &self.campaign.said;
        let of = |language| Some((language, said.speech(language)?, self.advice(language)));
        Language::ALL.into_iter().filter_map(of).collect()
    }

    /// What a reader of that language stumbles over.
    fn advice(&self, language: Language) -> Vec<String> {
        let said = OfCampaign::of(&self.campaign.said, language);
        let found = said.map(|it| plain::findings(language, &it.text())).unwrap_or_default();
        found.iter().map(|one| wording_words::advice(&self.page, one)).collect()
    }

    fn period(&self) -> String {
        period(&self.page, &self.campaign.said, self.campaign.decided.closed_at)
    }

    fn public(&self) -> String {
        public(&self.page, &self.campaign)
    }

    fn rate(&self) -> String {
        let rate = self.figures.rate();
        rate.map_or_else(|| "–".to_owned(), |n| self.page.with("campaign-percent", "n", n))
    }

    fn part(&self, of: &OfIsp) -> String {
        self.page.t_of("campaigns-part", of.standing.map_or("not_invited", Standing::word))
    }

    /// Cases that went to nobody, by how their providers stand.
    fn to_nobody(&self) -> Vec<(String, i64)> {
        let word = |of: Option<Standing>| of.map_or("not_invited", Standing::word);
        let all = self.figures.to_nobody().into_iter();
        all.map(|(of, cases)| (self.page.t_of("campaigns-part", word(of)), cases)).collect()
    }

    fn reporting(&self, of: &OfIsp) -> String {
        self.page.t_of("campaigns-reporting", of.reporting().word())
    }

    /// Whether whoever looks may propose the latest version, or agree to it.
    fn may_publish(&self) -> bool {
        let (version, decided) = (self.campaign.version, &self.campaign.decided);
        let proposed_it =
            decided.proposed.as_ref().is_some_and(|(no, who)| *no == version && *who == self.me);
        self.may_approve && decided.published != Some(version) && !proposed_it
    }

    fn is_proposed(&self) -> bool {
        let proposed = self.campaign.decided.proposed.as_ref();
        proposed.is_some_and(|(no, _)| *no == self.campaign.version)
    }

    fn is_shown(&self) -> bool {
        self.campaign.decided.published.is_some() || self.campaign.decided.proposed.is_some()
    }
}

/// `GET /admin/campaigns/{name}`
pub(super) async fn one(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
) -> PageResult {
    match One::of(&app, &signed, &name).await? {
        Some(one) => show(&one),
        None => Ok(not_found()),
    }
}

/// What somebody decides or does.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    act: String,
    isp: String,
    reason: String,
}

async fn answered(
    (app, signed, name): (&App, &Signed, &str),
    given: Given,
    refused: Option<(&'static str, String)>,
) -> PageResult {
    let Some((field, words)) = refused else {
        return Ok(signed.page.onwards(&format!("/admin/campaigns/{name}#main")));
    };
    let Some(mut one) = One::of(app, signed, name).await? else { return Ok(not_found()) };
    one.errors = Errors::of(field, words);
    one.page = one.page.refused();
    one.reason = given.reason;
    show_as(StatusCode::UNPROCESSABLE_ENTITY, &one)
}

/// `POST /admin/campaigns/{name}/decide`: whether the public sees it.
pub(super) async fn decide(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
    Form(given): Form<Given>,
) -> PageResult {
    let Some(campaign) = campaigns::find(&app.db, &name).await? else { return Ok(not_found()) };
    let refused = if given.act == "take_down" {
        let by = (signed.name(), given.reason.trim());
        act((&app, &signed, &campaign), Decision::TakeDown, ("down-reason", by)).await?
    } else {
        let done = decisions::publish(&app, &campaign, signed.name()).await?;
        done.err().map(|why| ("main", signed.page.t(key(&why))))
    };
    answered((&app, &signed, &name), given, refused).await
}

/// `POST /admin/campaigns/{name}/run`: asks providers, closes, opens again, looks for cases.
pub(super) async fn run(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
    Form(given): Form<Given>,
) -> PageResult {
    let Some(campaign) = campaigns::find(&app.db, &name).await? else { return Ok(not_found()) };
    let by = (signed.name(), given.reason.trim());
    let what = (&app, &signed, &campaign);
    let refused = match given.act.as_str() {
        "close" => act(what, Decision::Close, ("reason", by)).await?,
        "reopen" => act(what, Decision::Reopen, ("reason", by)).await?,
        "enrol" => {
            let hands = app.clone().in_the_hands_of(signed.name());
            enrol::asked(&hands, &campaign).await?;
            None
        }
        _ => invite(what, &given.isp).await?,
    };
    answered((&app, &signed, &name), given, refused).await
}

type Refusal = Option<(&'static str, String)>;

async fn act(
    (app, signed, campaign): (&App, &Signed, &Campaign),
    what: Decision,
    (field, by): (&'static str, (&str, &str)),
) -> anyhow::Result<Refusal> {
    if by.1.is_empty() {
        return Ok(Some((field, signed.page.t("row-reason-missing"))));
    }
    let done = decisions::act(app, campaign, what, by).await?;
    Ok(done.err().map(|why| ("main", signed.page.t(key(&why)))))
}

/// Asks a provider, or all that nobody asked yet.
async fn invite(
    (app, signed, campaign): (&App, &Signed, &Campaign),
    code: &str,
) -> anyhow::Result<Refusal> {
    let mut isps = isps::all(&app.db).await?;
    isps.retain(|isp| isp.removed_at.is_none() && (code == "*" || isp.code == code));
    if isps.is_empty() {
        return Ok(Some(("isp", signed.page.t("campaigns-no-isp"))));
    }
    for isp in isps {
        let done = participants::invite(app, campaign, (&isp, signed.name()), None).await?;
        // Of all, those that have answered are left alone.
        let key = match done {
            Err(PartRefused::Over(_)) => "campaigns-over",
            Err(_) if code != "*" => "campaigns-not-invited",
            _ => continue,
        };
        return Ok(Some(("main", signed.page.t(key))));
    }
    Ok(None)
}

fn key(why: &DecisionRefused) -> &'static str {
    match why {
        DecisionRefused::NoAccount(_) => "campaigns-no-account",
        DecisionRefused::SamePerson(_) => "campaigns-same-person",
        DecisionRefused::Already(_) => "campaigns-already",
    }
}

/// `GET /admin/campaigns/{name}/figures.csv`: the table as a file.
pub(super) async fn csv(
    State(app): State<App>,
    _signed: Signed,
    Path(name): Path<String>,
) -> PageResult {
    let Some(campaign) = campaigns::find(&app.db, &name).await? else { return Ok(not_found()) };
    let counted = figures::of(&app.db, &campaign).await?;
    let file = format!("attachment; filename=\"{}_campaign.csv\"", campaign.name);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, figures::csv(&campaign.holds, &counted)?).into_response())
}
