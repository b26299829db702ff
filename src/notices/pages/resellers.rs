//! `/isp/resellers` and `/admin/resellers`: who sits behind whom, how their lists stand in numbers,
//! and the steps that either side proposes; `/admin/claims` decides.

use askama::Template;
use axum::{Form, extract::State};
use serde::Deserialize;

use super::not_found;
use crate::{
    access::{roles::Act, tenancy::Tenant},
    app::App,
    ids::ClaimId,
    isps::{
        self,
        pages::over,
        settings::{self, Field, Proposal, SettingRefused},
    },
    notices::resellers::{self, Reseller},
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show_as},
        routes::Signed,
    },
};

/// What was typed.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    /// `add`, `release` or `upstream`.
    act: String,
    /// The provider of whom it is said, on the page of the centre.
    isp: String,
    code: String,
    reason: String,
}

impl Given {
    /// What is proposed.
    fn step(&self) -> (Field, String) {
        let code = self.code.trim();
        match self.act.as_str() {
            "release" => (Field::Reseller, format!("-{code}")),
            "add" => (Field::Reseller, code.to_owned()),
            _ if code.is_empty() => (Field::Upstream, "-".to_owned()),
            _ => (Field::Upstream, code.to_owned()),
        }
    }
}

/// What is withdrawn.
#[derive(Deserialize)]
pub(super) struct Withdrawn {
    id: String,
}

/// The field at fault, and the words for it.
fn fault(page: &Page, why: &SettingRefused) -> Errors {
    match why {
        SettingRefused::NoReason => Errors::of("reason", page.t("networks-no-reason")),
        SettingRefused::Waits => Errors::of("code", page.t("networks-waits")),
        SettingRefused::Stands => Errors::of("code", page.t("networks-stands")),
        _ => Errors::of("code", page.t("resellers-bad-code")),
    }
}

fn is_of_tiers(one: &Proposal) -> bool {
    one.field.is_of_tiers()
}

#[derive(Template)]
#[template(path = "notices/resellers.html")]
struct Own {
    page: Page,
    errors: Errors,
    /// The providers above, the topmost first.
    above: Vec<String>,
    behind: Vec<Reseller>,
    proposals: Vec<Proposal>,
    given: Given,
}

async fn own_page(
    tenant: &Tenant,
    signed: &Signed,
    (given, errors): (Given, Errors),
) -> PageResult {
    let (above, behind) = resellers::around(tenant).await?;
    let mut proposals = settings::of(tenant).await?;
    proposals.retain(is_of_tiers);
    let (status, page) = signed.page.clone().answering(&errors);
    show_as(status, &Own { page, errors, above, behind, proposals, given })
}

/// `GET /isp/resellers`
pub(super) async fn own(tenant: Tenant, signed: Signed) -> PageResult {
    own_page(&tenant, &signed, (Given::default(), Errors::none())).await
}

/// `POST /isp/resellers`
pub(super) async fn ask(tenant: Tenant, signed: Signed, Form(given): Form<Given>) -> PageResult {
    let (field, value) = given.step();
    match settings::propose(&tenant, (field, &value), &given.reason).await? {
        Ok(_) => Ok(signed.page.onwards("/isp/resellers#main")),
        Err(why) => {
            let errors = fault(&signed.page, &why);
            own_page(&tenant, &signed, (given, errors)).await
        }
    }
}

/// `POST /isp/resellers/withdraw`
pub(super) async fn withdraw(
    tenant: Tenant,
    signed: Signed,
    Form(withdrawn): Form<Withdrawn>,
) -> PageResult {
    if let Ok(id) = withdrawn.id.parse::<ClaimId>()
        && settings::withdraw(&tenant, id, "withdrawn by the provider").await?.is_err()
    {
        return own_page(&tenant, &signed, (Given::default(), over(&signed.page))).await;
    }
    Ok(signed.page.onwards("/isp/resellers#main"))
}

#[derive(Template)]
#[template(path = "notices/tiers.html")]
struct Tiers {
    page: Page,
    errors: Errors,
    /// All providers, each behind the one that it sits behind.
    all: Vec<Reseller>,
    /// What waits for a decision.
    waiting: Vec<Proposal>,
    given: Given,
    may_work: bool,
    may_decide: bool,
}

async fn all_page(app: &App, signed: &Signed, (given, errors): (Given, Errors)) -> PageResult {
    let mut waiting = settings::all(&app.db).await?;
    waiting.retain(|one| is_of_tiers(one) && one.decision.is_none());
    let (status, page) = signed.page.clone().answering(&errors);
    let (may_work, may_decide) = (signed.may(Act::WorkOffice), signed.may(Act::DecideClaims));
    let all = resellers::tiers(app).await?;
    show_as(status, &Tiers { page, errors, all, waiting, given, may_work, may_decide })
}

/// `GET /admin/resellers`
pub(super) async fn all(State(app): State<App>, signed: Signed) -> PageResult {
    all_page(&app, &signed, (Given::default(), Errors::none())).await
}

/// `POST /admin/resellers`: somebody of the centre says it for a provider; somebody else decides.
pub(super) async fn propose(
    State(app): State<App>,
    signed: Signed,
    Form(given): Form<Given>,
) -> PageResult {
    let Some(isp) = isps::by_code(&app.db, &given.isp).await? else { return Ok(not_found()) };
    let tenant = Tenant::of(&app, isp.id, &isp.code, signed.name());
    let (field, value) = Given { act: "upstream".to_owned(), ..given.clone() }.step();
    match settings::propose(&tenant, (field, &value), &given.reason).await? {
        Ok(_) => Ok(signed.page.onwards("/admin/resellers#main")),
        Err(why) => {
            let errors = fault(&signed.page, &why);
            all_page(&app, &signed, (given, errors)).await
        }
    }
}
