//! `/isp/networks`: what a provider declared, what it claims, and who sits behind it.

use askama::Template;
use axum::Form;
use serde::Deserialize;

use super::{onwards, over, subject, times};
use crate::{
    access::tenancy::Tenant,
    ids::ClaimId,
    isps::{
        Kind,
        claims::{self, Act, Asked, Claim, ClaimRefused, Subject},
        entry::{Announced, Declared, Entry},
        own,
    },
    time::Moment,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        routes::Signed,
    },
};

/// What was typed.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    act: String,
    what: String,
    kind: String,
    from: String,
    to: String,
    reason: String,
}

/// What is withdrawn.
#[derive(Deserialize)]
pub(super) struct Withdrawn {
    id: String,
}

#[derive(Template)]
#[template(path = "isps/networks.html")]
struct Networks {
    page: Page,
    errors: Errors,
    entry: Entry,
    claims: Vec<Claim>,
    kinds: [Kind; 4],
    given: Given,
}

impl Networks {
    async fn of(tenant: &Tenant, signed: &Signed, given: Given) -> anyhow::Result<Self> {
        Ok(Self {
            page: signed.page.clone(),
            errors: Errors::none(),
            entry: own(tenant).await?,
            claims: claims::of(tenant).await?,
            kinds: Kind::ALL,
            given,
        })
    }

    fn of_prefix(&self, one: &Declared) -> String {
        times(&self.page, one.from, one.to)
    }

    fn of_asn(&self, one: &Announced) -> String {
        times(&self.page, one.from, one.to)
    }

    fn of_claim(&self, one: &Claim) -> String {
        times(&self.page, one.asked.from, one.asked.to)
    }

    fn subject(&self, claim: &Claim) -> String {
        subject(&self.page, claim)
    }
}

/// `GET /isp/networks`
pub(super) async fn all(tenant: Tenant, signed: Signed) -> PageResult {
    show(&Networks::of(&tenant, &signed, Given::default()).await?)
}

/// `POST /isp/networks`
pub(super) async fn ask(tenant: Tenant, signed: Signed, Form(given): Form<Given>) -> PageResult {
    let asked = match given.asked(tenant.now()) {
        Ok(asked) => asked,
        Err(at) => return refused(&tenant, &signed, (given, fault(&signed, at))).await,
    };
    match claims::claim(&tenant, asked, &given.reason).await? {
        Ok(_) => Ok(onwards(&signed, "/isp/networks")),
        Err(why) => refused(&tenant, &signed, (given, fault(&signed, field(&why)))).await,
    }
}

fn fault(signed: &Signed, (field, key): (&'static str, &'static str)) -> Errors {
    Errors::of(field, signed.page.t(key))
}

async fn refused(tenant: &Tenant, signed: &Signed, (given, errors): (Given, Errors)) -> PageResult {
    let shown = Networks::of(tenant, signed, given).await?;
    let (status, page) = shown.page.clone().answering(&errors);
    show_as(status, &Networks { page, errors, ..shown })
}

/// Beside which field a refusal stands, and its words.
fn field(why: &ClaimRefused) -> (&'static str, &'static str) {
    match why {
        ClaimRefused::Bits(..) => ("what", "networks-bits"),
        ClaimRefused::TooWide(_) => ("what", "networks-wide"),
        ClaimRefused::NothingToGive => ("what", "networks-nothing"),
        ClaimRefused::Stands => ("what", "networks-stands"),
        ClaimRefused::Waits(_) => ("what", "networks-waits"),
        ClaimRefused::Backwards => ("to", "networks-backwards"),
        ClaimRefused::NoReason => ("reason", "networks-no-reason"),
        _ => ("what", "networks-no-what"),
    }
}

impl Given {
    fn asked(&self, now: Moment) -> Result<Asked, (&'static str, &'static str)> {
        let what = self.what.trim();
        let asn = what.strip_prefix("AS").or_else(|| what.strip_prefix("as")).unwrap_or(what);
        let subject = match (what.parse(), asn.parse()) {
            (Ok(prefix), _) => {
                let kind = self.kind.parse().map_err(|_| ("kind", "networks-no-kind"))?;
                Subject::Prefix { prefix, kind, name: None, notify: None }
            }
            (_, Ok(asn)) => Subject::Asn(asn),
            _ => return Err(("what", "networks-no-what")),
        };
        let day = |text: &str| match text.trim() {
            "" => Ok(None),
            text => Moment::parse_day(text).map(Some),
        };
        let from = day(&self.from).map_err(|_| ("from", "networks-no-day"))?;
        let to = day(&self.to).map_err(|_| ("to", "networks-no-day"))?;
        let act = if self.act == "give_back" { Act::GiveBack } else { Act::Take };
        Ok(Asked { act, subject, from: from.unwrap_or(now), to })
    }
}

/// `POST /isp/networks/withdraw`
pub(super) async fn withdraw(
    tenant: Tenant,
    signed: Signed,
    Form(withdrawn): Form<Withdrawn>,
) -> PageResult {
    let Ok(id) = withdrawn.id.parse::<ClaimId>() else {
        return Ok(onwards(&signed, "/isp/networks"));
    };
    if claims::withdraw(&tenant, id, "withdrawn by the provider").await?.is_err() {
        return refused(&tenant, &signed, (Given::default(), over(&signed.page))).await;
    }
    Ok(onwards(&signed, "/isp/networks"))
}
