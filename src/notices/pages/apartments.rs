//! `/admin/apartments`: devices in apartment houses for which nobody can say yet who is told.
//!
//! What the decision table leaves open is decided here, with a reason, and can be taken back; what
//! the provider has to find out is noted here where it says so outside a report. No address is
//! shown.

mod words;

use std::collections::BTreeMap;

pub(super) use words::{house, place, route, used};

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
};
use formats::report_back::Placement;
use serde::Deserialize;

use self::words::{DECISIONS, said_in};
use super::not_found;
use crate::{
    access::roles::Act,
    app::App,
    cases::{
        self, Case, CaseRef, Filter,
        places::{self, Decided, Said, Word},
    },
    ids::CaseId,
    isps::{
        self,
        apartments::{Decision, buildings::Addressing},
    },
    notices::apartments::{
        self, Placed,
        waiting::{self, Counts, Part, Waiting},
    },
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        routes::Signed,
    },
};

/// Cases on a page.
const SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "notices/apartments.html")]
struct Queue {
    page: Page,
    for_provider: bool,
    waiting: Vec<Waiting>,
    /// How many wait in all, and which of them are on this page.
    all: usize,
    number: usize,
    counts: BTreeMap<String, Counts>,
    decided: Vec<(Decided, Option<Placed>, String)>,
}

impl Queue {
    /// Which of all are shown, or nothing where there is one page.
    fn span(&self) -> Option<String> {
        let before = (self.number - 1) * SHOWN;
        let (from, to) = (before + 1, before + self.waiting.len());
        let values: [(&str, &dyn std::fmt::Display); 3] =
            [("from", &from), ("to", &to), ("all", &self.all)];
        let is_part = !self.waiting.is_empty() && self.waiting.len() < self.all;
        is_part.then(|| self.page.with_all("apartments-span", &values))
    }

    /// The address of another page, where there is one.
    fn at(&self, number: usize) -> Option<String> {
        let is_one = number >= 1 && (number - 1) * SHOWN < self.all && number != self.number;
        let whom = if self.for_provider { "for=provider&" } else { "" };
        let path = self.page.href("/admin/apartments");
        is_one.then(|| format!("{path}?{whom}page={number}#waiting"))
    }

    fn house(&self, placed: &Placed) -> String {
        house(&self.page, placed)
    }

    fn house_of(&self, placed: Option<&Placed>) -> String {
        placed.map_or_else(|| "–".to_owned(), |placed| house(&self.page, placed))
    }

    fn place(&self, placed: &Placed) -> String {
        place(&self.page, placed)
    }

    fn used(&self, placed: &Placed) -> String {
        used(&self.page, placed)
    }

    fn said(&self, said: &Said) -> String {
        said_in(&self.page, said)
    }

    /// The end of a case's id, which tells those of one house apart.
    #[expect(clippy::unused_self, reason = "templates call what their struct has")]
    fn tail(&self, id: &CaseId) -> String {
        let id = id.to_string();
        id[id.len().saturating_sub(6)..].to_owned()
    }
}

/// Whose answers are wanted.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default, rename = "for")]
    whom: String,
    #[serde(default)]
    page: String,
}

/// `GET /admin/apartments`
pub(super) async fn queue(
    State(app): State<App>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> PageResult {
    let for_provider = asked.whom == "provider";
    let number = asked.page.parse().unwrap_or(1).clamp(1, 1_000_000);
    let part = Part { for_provider, page: number, size: SHOWN };
    let waiting::Queue { shown: waiting, counts, all } = waiting::page(&app.db, part).await?;
    let isps = isps::all(&app.db).await?;
    let code = |case: CaseRef| isps.iter().find(|isp| isp.id == case.isp);
    let mut decided = Vec::new();
    for (one, placed) in waiting::decided(&app.db, 20).await? {
        let isp = code(one.case).map(|isp| isp.code.clone()).unwrap_or_default();
        decided.push((one, placed, isp));
    }
    show(&Queue { page: signed.page, for_provider, waiting, all, number, counts, decided })
}

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    act: String,
    who: String,
    placement: String,
    #[serde(rename = "use")]
    used: String,
    reason: String,
}

impl Given {
    /// What it says, or the field at fault with the key of its words.
    fn word(&self) -> Result<Word, (&'static str, &'static str)> {
        let used = match self.used.as_str() {
            "" => Ok(None),
            word => word.parse::<Addressing>().map(Some),
        };
        let word = match self.act.as_str() {
            "decide" => {
                let who: Decision = self.who.parse().map_err(|_| ("who", "apartments-no-who"))?;
                Word::Decided(Some(who))
            }
            "place" => {
                let bad = ("placement", "apartments-no-placement");
                let placement: Placement = self.placement.parse().map_err(|_| bad)?;
                Word::Placed(Some((placement, used.map_err(|_| ("use", "apartments-no-use"))?)))
            }
            "decision_back" => Word::Decided(None),
            _ => Word::Placed(None),
        };
        let needs = if matches!(word, Word::Placed(_)) { "why" } else { "reason" };
        if self.reason.trim().is_empty() { Err((needs, "row-reason-missing")) } else { Ok(word) }
    }
}

#[derive(Template)]
#[template(path = "notices/apartment.html")]
struct One {
    page: Page,
    errors: Errors,
    case: Case,
    isp: String,
    placed: Placed,
    words: Vec<Said>,
    given: Given,
    may_work: bool,
    decisions: [(&'static str, &'static str); 6],
    uses: [Addressing; 7],
}

impl One {
    fn said(&self, said: &Said) -> String {
        said_in(&self.page, said)
    }

    fn house(&self) -> String {
        house(&self.page, &self.placed)
    }

    fn place(&self) -> String {
        place(&self.page, &self.placed)
    }

    fn used(&self) -> String {
        used(&self.page, &self.placed)
    }

    fn route(&self) -> String {
        route(&self.page, &self.placed)
    }

    /// Whether a word of that kind stands, and can be taken back.
    fn is_placed(&self) -> bool {
        places::Standing::of(&self.words).placed.is_some()
    }
}

async fn case_of(app: &App, id: &str) -> anyhow::Result<Option<Case>> {
    let Ok(id) = id.parse::<CaseId>() else { return Ok(None) };
    let filter = Filter { id: Some(id), ..Filter::default() };
    Ok(cases::list(&app.db, &filter, 1).await?.pop())
}

/// `GET /admin/apartments/{id}`
pub(super) async fn one(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> PageResult {
    shown(&app, signed, &id, (Given::default(), Errors::none())).await
}

async fn shown(
    app: &App,
    signed: Signed,
    id: &str,
    (given, errors): (Given, Errors),
) -> PageResult {
    let Some(case) = case_of(app, id).await? else { return Ok(not_found()) };
    let Some(placed) = apartments::of(&app.db, &case).await? else { return Ok(not_found()) };
    let speaker = CaseRef { isp: case.isp_id, id: case.line_of.unwrap_or(case.id) };
    let isp = isps::all(&app.db).await?.into_iter().find(|isp| isp.id == case.isp_id);
    let may_work = signed.may(Act::WorkOffice);
    let (status, page) = signed.page.answering(&errors);
    let one = One {
        errors,
        isp: isp.map(|isp| isp.code).unwrap_or_default(),
        placed,
        words: places::words(&app.db, speaker).await?,
        given,
        may_work,
        decisions: DECISIONS,
        uses: Addressing::ALL,
        case,
        page,
    };
    show_as(status, &one)
}

/// `POST /admin/apartments/{id}`
pub(super) async fn say(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(given): Form<Given>,
) -> PageResult {
    let Some(case) = case_of(&app, &id).await? else { return Ok(not_found()) };
    match given.word() {
        Ok(word) => {
            let said = (signed.name(), given.reason.trim());
            match apartments::say(&app, &case, word, said).await? {
                Ok(_) => Ok(signed.page.onwards(&format!("/admin/apartments/{id}#main"))),
                Err(_) => Ok(not_found()),
            }
        }
        Err((field, key)) => {
            let errors = Errors::of(field, signed.page.t(key));
            shown(&app, signed, &id, (given, errors)).await
        }
    }
}
