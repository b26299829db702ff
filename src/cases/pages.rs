//! `/admin/claims`: what providers claim and propose, what it would move, and the decision.
//!
//! It stands here and not with the register, since what a claim moves are cases.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
};
use serde::Deserialize;

use super::moved::{self, Moves};
use crate::{
    access::{doors::Door, roles::Act},
    app::App,
    ids::ClaimId,
    isps::{
        claims::{self, Claim, ClaimRefused, Conflict, How, Resolution, Weighed},
        decisions::NotDecided,
        imports::Word,
        pages::{proposed, subject, times},
        settings::{self, Proposal, SettingRefused},
    },
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        routes::{Routes, Signed},
    },
};

/// Decided claims that are shown below those that wait.
const SHOWN: usize = 50;

/// The routes of this stage.
pub fn routes() -> Routes {
    let door = Door::May(Act::DecideClaims);
    Routes::new().get("/admin/claims", door, all).post("/admin/claims/{id}", door, decide).post(
        "/admin/proposals/{id}",
        door,
        settle,
    )
}

/// A claim that waits, and what approving it would change.
struct Waiting {
    claim: Claim,
    rivals: usize,
    told: Option<Told>,
}

/// What a claim would change, in words.
struct Told {
    announced: Vec<String>,
    conflicts: Vec<String>,
    hands: Vec<String>,
    cases: Vec<String>,
}

impl Told {
    fn of(page: &Page, weighed: &Weighed, moves: &Moves) -> Self {
        let whose =
            |code: Option<&String>| code.cloned().unwrap_or_else(|| page.t("claims-nobody"));
        let announced = moves.announced.iter().map(|one| {
            let isps = if one.isps.is_empty() {
                page.t("claims-unregistered")
            } else {
                one.isps.join(", ")
            };
            let name = one.organisation.as_deref().unwrap_or_default();
            format!("AS{} {name}: {isps} ({})", one.asn, one.addresses)
        });
        let hands = moves.hands.hands.iter().map(|one| {
            let (from, to) = (whose(one.from.as_ref()), whose(one.to.as_ref()));
            let networks = match one.networks {
                0 => String::new(),
                networks => format!(" + {networks} /64"),
            };
            format!("{from} → {to}: {}{networks}", one.addresses)
        });
        let cases = moves
            .cases
            .iter()
            .map(|one| format!("{} → {}: {}", one.from, whose(one.to.as_ref()), one.cases));
        Self {
            announced: announced.collect(),
            conflicts: weighed.conflicts.iter().map(|one| against(page, one)).collect(),
            hands: hands.collect(),
            cases: cases.collect(),
        }
    }
}

fn against(page: &Page, one: &Conflict) -> String {
    let how = match one.how {
        How::Same => "claims-same",
        How::Narrower => "claims-narrower",
        How::Wider => "claims-wider",
    };
    let times = times(page, one.from, one.to);
    page.with_all(how, &[("isp", &one.isp), ("what", &one.what), ("times", &times)])
}

#[derive(Template)]
#[template(path = "cases/claims.html")]
struct Claims {
    page: Page,
    errors: Errors,
    me: String,
    waiting: Vec<Waiting>,
    proposals: Vec<Proposal>,
    decided: Vec<Claim>,
}

/// What somebody decided.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Given {
    act: String,
    reason: String,
}

impl Claims {
    async fn of(app: &App, signed: &Signed) -> anyhow::Result<Self> {
        let all = claims::all(&app.db).await?;
        let mut waiting = Vec::new();
        for claim in all.iter().filter(|one| one.decision.is_none()) {
            let told = match claims::weighed(&app.db, claim, Resolution::None).await? {
                Ok(weighed) => {
                    let moves = moved::by_claim(&app.db, &claim.asked, &weighed, app.now()).await?;
                    Some(Told::of(&signed.page, &weighed, &moves))
                }
                Err(_) => None,
            };
            let rivals = claims::rivals(claim, &all).len();
            waiting.push(Waiting { claim: claim.clone(), rivals, told });
        }
        let proposals = settings::all(&app.db).await?;
        Ok(Self {
            page: signed.page.clone(),
            errors: Errors::none(),
            me: signed.name().to_owned(),
            waiting,
            proposals: proposals.into_iter().filter(|one| one.decision.is_none()).collect(),
            decided: all.into_iter().filter(|one| one.decision.is_some()).take(SHOWN).collect(),
        })
    }

    fn subject(&self, claim: &Claim) -> String {
        subject(&self.page, claim)
    }

    fn of_claim(&self, claim: &Claim) -> String {
        times(&self.page, claim.asked.from, claim.asked.to)
    }
}

async fn all(State(app): State<App>, signed: Signed) -> PageResult {
    show(&Claims::of(&app, &signed).await?)
}

async fn decide(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(given): Form<Given>,
) -> PageResult {
    let word = Word { author: signed.name(), reason: &given.reason };
    let refused = match (id.parse::<ClaimId>(), given.act.as_str()) {
        (Err(_), _) => Some("claims-unknown"),
        (Ok(id), "decline") => claims::decline(&app, id, word).await?.err().map(|why| key(&why)),
        (Ok(id), act) => {
            let how = match act {
                "hand_over" => Resolution::HandOver,
                "beside" => Resolution::Beside,
                _ => Resolution::None,
            };
            claims::approve(&app, id, word, how).await?.err().map(|why| key(&why))
        }
    };
    answer(&app, &signed, refused).await
}

async fn settle(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(given): Form<Given>,
) -> PageResult {
    let word = Word { author: signed.name(), reason: &given.reason };
    let refused = match (id.parse::<ClaimId>(), given.act.as_str()) {
        (Err(_), _) => Some("claims-unknown"),
        (Ok(id), "decline") => {
            settings::decline(&app, id, word).await?.err().map(|why| key_of(&why))
        }
        (Ok(id), _) => settings::approve(&app, id, word).await?.err().map(|why| key_of(&why)),
    };
    answer(&app, &signed, refused).await
}

async fn answer(app: &App, signed: &Signed, refused: Option<&'static str>) -> PageResult {
    let Some(key) = refused else { return Ok(signed.page.onwards("/admin/claims#main")) };
    let mut page = Claims::of(app, signed).await?;
    page.errors = Errors::of("main", page.page.t(key));
    let (status, framed) = page.page.answering(&page.errors);
    page.page = framed;
    show_as(status, &page)
}

fn key(why: &ClaimRefused) -> &'static str {
    match why {
        ClaimRefused::NotDecided(why) => undecided(why),
        ClaimRefused::Conflicts(_) => "claims-conflicts",
        ClaimRefused::NothingToGive | ClaimRefused::Stands => "claims-stale",
        _ => "claims-unknown",
    }
}

fn undecided(why: &NotDecided) -> &'static str {
    match why {
        NotDecided::Over(_) => "claims-over",
        NotDecided::SamePerson(_) => "claims-same-person",
        NotDecided::NotAllowed(_) | NotDecided::Unconfirmed(_) => "claims-not-allowed",
        NotDecided::NoReason => "claims-no-reason",
    }
}

fn key_of(why: &SettingRefused) -> &'static str {
    match why {
        SettingRefused::NotDecided(why) => undecided(why),
        _ => "claims-stale",
    }
}
