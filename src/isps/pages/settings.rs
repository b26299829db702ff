//! `/isp/settings`: what a provider says of itself.

use askama::Template;
use axum::Form;
use serde::Deserialize;

use super::onwards;
use crate::{
    access::tenancy::Tenant,
    ids::ClaimId,
    isps::{
        own,
        settings::{self, Field, Proposal, SettingRefused},
    },
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
    field: String,
    value: String,
    reason: String,
}

/// What is withdrawn.
#[derive(Deserialize)]
pub(super) struct Withdrawn {
    id: String,
}

#[derive(Template)]
#[template(path = "isps/settings.html")]
struct Settings {
    page: Page,
    errors: Errors,
    /// Each field with what holds of it, if anything does.
    holds: Vec<(Field, Option<String>)>,
    proposals: Vec<Proposal>,
    given: Given,
}

impl Settings {
    async fn of(tenant: &Tenant, signed: &Signed, given: Given) -> anyhow::Result<Self> {
        let (entry, mut proposals) = (own(tenant).await?, settings::of(tenant).await?);
        proposals.retain(|one| !one.field.is_of_tiers());
        let approved = |field: Field| {
            let mut of = proposals.iter().filter(|one| one.field == field);
            of.find(|one| one.state() == "approved").map(|one| one.value.clone())
        };
        let holds = |field: Field| match field {
            Field::LeasePolicy => Some(entry.lease_policy.clone()),
            Field::Lines => entry.lines.map(|lines| lines.to_string()),
            Field::Name => Some(entry.name.clone()),
            _ => approved(field),
        };
        Ok(Self {
            page: signed.page.clone(),
            errors: Errors::none(),
            holds: Field::OWN.map(|field| (field, holds(field))).to_vec(),
            proposals,
            given,
        })
    }
}

/// `GET /isp/settings`
pub(super) async fn all(tenant: Tenant, signed: Signed) -> PageResult {
    show(&Settings::of(&tenant, &signed, Given::default()).await?)
}

/// `POST /isp/settings`
pub(super) async fn propose(
    tenant: Tenant,
    signed: Signed,
    Form(given): Form<Given>,
) -> PageResult {
    let refused = match given.field.parse::<Field>() {
        Err(_) => ("field", "settings-no-field".to_owned()),
        Ok(field) if field.is_of_tiers() => ("field", "settings-no-field".to_owned()),
        Ok(field) => {
            let said = (field, given.value.as_str());
            match settings::propose(&tenant, said, &given.reason).await? {
                Ok(_) => return Ok(onwards(&signed, "/isp/settings")),
                Err(SettingRefused::Value(word, _)) => ("value", format!("settings-bad-{word}")),
                Err(SettingRefused::NoReason) => ("reason", "networks-no-reason".to_owned()),
                Err(_) => ("value", "networks-stands".to_owned()),
            }
        }
    };
    let mut page = Settings::of(&tenant, &signed, given).await?;
    page.errors = Errors::of(refused.0, page.page.t(&refused.1));
    let (status, framed) = page.page.answering(&page.errors);
    page.page = framed;
    show_as(status, &page)
}

/// `POST /isp/settings/withdraw`
pub(super) async fn withdraw(
    tenant: Tenant,
    signed: Signed,
    Form(withdrawn): Form<Withdrawn>,
) -> PageResult {
    if let Ok(id) = withdrawn.id.parse::<ClaimId>() {
        // Whoever decided meanwhile was quicker, and the page shows what.
        let _ = settings::withdraw(&tenant, id, "withdrawn by the provider").await?;
    }
    Ok(onwards(&signed, "/isp/settings"))
}
