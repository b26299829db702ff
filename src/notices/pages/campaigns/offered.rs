//! `/isp/campaigns`: campaigns that a provider was asked about, its answer, its own figures.
//!
//! A provider opts in by its own word: looked at before it is given, kept with day and author, and
//! open to change until the deadline. Of others it learns nothing here.

use askama::Template;
use axum::{Form, extract::Path};
use serde::Deserialize;

use super::super::not_found;
use crate::{
    access::{roles::Act, tenancy::Tenant},
    campaigns::{
        Campaign, Text,
        draft::Words,
        offers::{self, Offered},
        pages::{period, words},
        participants::{self, Answer, PartRefused, Said, Standing},
    },
    language::Language,
    manuals::markdown::to_html,
    notices::campaign_figures::{self as figures, OfIsp},
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        routes::Signed,
    },
};

/// How a provider stands, in words.
fn standing(page: &Page, of: Standing) -> String {
    page.t_of("campaigns-own-part", of.word())
}

/// Who said it: the centre is named as one.
fn author(page: &Page, said: &Said) -> String {
    if said.kind == Standing::Invited { page.t("campaigns-centre") } else { said.author.clone() }
}

/// What to know of a text that two people do not stand for.
fn caution(page: &Page, campaign: &Campaign) -> Option<String> {
    match campaign.text() {
        Text::Agreed => None,
        Text::Draft => Some(page.t("campaigns-text-draft")),
        Text::TakenDown => Some(page.t("campaigns-text-taken-down")),
    }
}

#[derive(Template)]
#[template(path = "notices/offered.html")]
struct All {
    page: Page,
    offered: Vec<Offered>,
}

impl All {
    fn words<'a>(&self, of: &'a Words) -> &'a str {
        words(&self.page, of)
    }

    fn standing(&self, of: &Offered) -> String {
        standing(&self.page, of.standing())
    }

    fn caution(&self, of: &Offered) -> Option<String> {
        caution(&self.page, &of.campaign)
    }
}

/// `GET /isp/campaigns`
pub(in crate::notices::pages) async fn all(tenant: Tenant, signed: Signed) -> PageResult {
    let offered = offers::offered(&tenant).await?;
    show(&All { page: signed.page, offered })
}

#[derive(Template)]
#[template(path = "notices/offer.html")]
struct One {
    page: Page,
    errors: Errors,
    offer: Offered,
    figures: OfIsp,
    answers: Vec<Answer>,
    given: Given,
    may_answer: bool,
}

impl One {
    fn words<'a>(&self, of: &'a Words) -> &'a str {
        words(&self.page, of)
    }

    fn html(&self, of: &Words) -> String {
        to_html(self.words(of))
    }

    fn period(&self) -> String {
        let campaign = &self.offer.campaign;
        period(&self.page, &campaign.holds, campaign.decided.closed_at)
    }

    fn caution(&self) -> Option<String> {
        caution(&self.page, &self.offer.campaign)
    }

    /// Whether its text is shown: what was taken down may be wrong.
    fn is_shown(&self) -> bool {
        self.offer.campaign.text() != Text::TakenDown
    }

    /// The languages that notices of it are there in.
    fn spoken(&self) -> String {
        let Some(agreed) = &self.offer.campaign.agreed else {
            return self.page.t("campaigns-not-spoken");
        };
        let name = |language: Language| self.page.t_of("wording-language", language.word());
        let all: Vec<String> = agreed.languages().into_iter().map(name).collect();
        all.join(&self.page.t("campaigns-and"))
    }

    fn stands(&self) -> String {
        standing(&self.page, self.offer.standing())
    }

    fn said(&self, said: &Said) -> String {
        self.page.t_of("campaigns-own-word", said.kind.word())
    }

    fn author(&self, said: &Said) -> String {
        author(&self.page, said)
    }
}

/// What the provider answers.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::notices::pages) struct Given {
    answer: String,
    reason: String,
}

async fn offer_of(tenant: &Tenant, name: &str) -> anyhow::Result<Option<Offered>> {
    let offered = offers::offered(tenant).await?;
    Ok(offered.into_iter().find(|one| one.campaign.name == name))
}

/// `GET /isp/campaigns/{name}`
pub(in crate::notices::pages) async fn one(
    tenant: Tenant,
    signed: Signed,
    Path(name): Path<String>,
) -> PageResult {
    shown(&tenant, signed, &name, (Given::default(), Errors::none())).await
}

async fn shown(
    tenant: &Tenant,
    signed: Signed,
    name: &str,
    (given, errors): (Given, Errors),
) -> PageResult {
    // One that nobody asked this provider about looks like none.
    let Some(offer) = offer_of(tenant, name).await? else { return Ok(not_found()) };
    let may_answer = signed.may(Act::ManageProvider);
    let (status, page) = signed.page.answering(&errors);
    let one = One {
        errors,
        figures: figures::of_isp(tenant, &offer.campaign).await?,
        answers: offer.answers(tenant.now()),
        offer,
        given,
        may_answer,
        page,
    };
    show_as(status, &one)
}

#[derive(Template)]
#[template(path = "notices/offer_check.html")]
struct Check {
    page: Page,
    offer: Offered,
    answer: Answer,
    reason: String,
}

impl Check {
    fn words<'a>(&self, of: &'a Words) -> &'a str {
        words(&self.page, of)
    }
}

/// `POST /isp/campaigns/{name}/check`: the answer is looked at before it is given.
pub(in crate::notices::pages) async fn check(
    tenant: Tenant,
    signed: Signed,
    Path(name): Path<String>,
    Form(given): Form<Given>,
) -> PageResult {
    let Some(offer) = offer_of(&tenant, &name).await? else { return Ok(not_found()) };
    let answer = Answer::of_word(&given.answer);
    let answer = answer.filter(|answer| offer.answers(tenant.now()).contains(answer));
    let Some(answer) = answer else {
        let errors = Errors::of("answer", signed.page.t("campaigns-no-answer"));
        return shown(&tenant, signed, &name, (given, errors)).await;
    };
    let reason = given.reason.trim().to_owned();
    show(&Check { page: signed.page, offer, answer, reason })
}

/// `POST /isp/campaigns/{name}`: gives the answer.
pub(in crate::notices::pages) async fn answer(
    tenant: Tenant,
    signed: Signed,
    Path(name): Path<String>,
    Form(given): Form<Given>,
) -> PageResult {
    let Some(offer) = offer_of(&tenant, &name).await? else { return Ok(not_found()) };
    let Some(answer) = Answer::of_word(&given.answer) else {
        let errors = Errors::of("answer", signed.page.t("campaigns-no-answer"));
        return shown(&tenant, signed, &name, (given, errors)).await;
    };
    let reason = Some(given.reason.trim()).filter(|reason| !reason.is_empty());
    let key = match participants::answer(&tenant, &offer.campaign, answer, reason).await? {
        Ok(_) => {
            return Ok(signed.page.onwards(&format!("/isp/campaigns/{name}/receipt#main")));
        }
        Err(PartRefused::Closed) => "campaigns-closed",
        Err(PartRefused::TooLate(_)) => "campaigns-too-late",
        Err(PartRefused::Over(_)) => "campaigns-over",
        Err(_) => "campaigns-no-answer",
    };
    let errors = Errors::of("answer", signed.page.t(key));
    shown(&tenant, signed, &name, (given, errors)).await
}

#[derive(Template)]
#[template(path = "notices/offer_receipt.html")]
struct Receipted {
    page: Page,
    offer: Offered,
    said: Said,
    /// The number to ask for it by.
    number: String,
}

impl Receipted {
    fn words<'a>(&self, of: &'a Words) -> &'a str {
        words(&self.page, of)
    }

    fn standing(&self) -> String {
        standing(&self.page, self.said.kind)
    }
}

/// `GET /isp/campaigns/{name}/receipt`: the last answer, what comes next, and until when it can be
/// changed.
pub(in crate::notices::pages) async fn receipt(
    tenant: Tenant,
    signed: Signed,
    Path(name): Path<String>,
) -> PageResult {
    let Some(offer) = offer_of(&tenant, &name).await? else { return Ok(not_found()) };
    let Some(said) = offer.words.last().filter(|said| said.kind != Standing::Invited).cloned()
    else {
        return Ok(not_found());
    };
    let number = format!("{name}/{}/{}", tenant.code(), offer.words.len());
    show(&Receipted { page: signed.page, offer, said, number })
}
