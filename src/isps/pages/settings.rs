//! `/isp/settings`: what a provider says of itself.
//!
//! For how long logs last moves the date by which each of its lines can be found, and holds at
//! once: it is looked at once more before it is said.

use askama::Template;
use axum::Form;
use serde::Deserialize;

use super::{onwards, over, proposed, said};
use crate::{
    access::tenancy::Tenant,
    ids::ClaimId,
    isps::{
        decisions,
        log_terms::{self, Term},
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
    /// `yes` where it was looked at.
    sure: String,
}

/// What is withdrawn.
#[derive(Deserialize)]
pub(super) struct Withdrawn {
    id: String,
}

impl Given {
    /// Whether it says for how many days logs last, and why, so that it can be looked at.
    fn is_a_term(&self) -> bool {
        let days: Option<i64> = self.value.trim().parse().ok();
        days.is_some_and(|days| (1..=log_terms::DAYS_MAX).contains(&days))
            && decisions::is_reason(&self.reason)
    }
}

#[derive(Template)]
#[template(path = "isps/settings.html")]
struct Settings {
    page: Page,
    errors: Errors,
    /// Each field with what holds of it, if anything does.
    holds: Vec<(Field, Option<String>)>,
    /// The last word on how long logs last, by whichever way it was given.
    term: Option<Term>,
    proposals: Vec<Proposal>,
    given: Given,
}

#[derive(Template)]
#[template(path = "isps/settings_check.html")]
struct Check {
    page: Page,
    before: i64,
    given: Given,
}

impl Settings {
    /// How the field of that word is to be, where that waits for the centre.
    fn waits(&self, field: &str) -> Option<String> {
        let waits = |one: &&Proposal| one.field.word() == field && one.decision.is_none();
        self.proposals.iter().find(waits).map(|one| proposed(&self.page, one))
    }

    /// Who said for how long logs last, or what is reckoned with where nobody did.
    fn said_of_logs(&self) -> String {
        let Some(term) = &self.term else {
            return self.page.with("settings-logs-default", "days", log_terms::DAYS);
        };
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("by", &term.author), ("at", &self.page.clock(&term.at))];
        self.page.with_all("settings-logs-since", &values)
    }

    async fn of(tenant: &Tenant, signed: &Signed, given: Given) -> anyhow::Result<Self> {
        let (entry, mut proposals) = (own(tenant).await?, settings::of(tenant).await?);
        proposals.retain(|one| !one.field.is_of_tiers());
        let mut holds = Vec::with_capacity(Field::OWN.len());
        for field in Field::OWN {
            let value = match field {
                Field::LeasePolicy => Some(entry.lease_policy.clone()),
                Field::Lines => entry.lines.map(|lines| lines.to_string()),
                Field::Name => Some(entry.name.clone()),
                _ => settings::standing(tenant, field).await?,
            };
            holds.push((field, value.map(|value| said(&signed.page, field, &value))));
        }
        let term = log_terms::own(tenant).await?;
        let (page, errors) = (signed.page.clone(), Errors::none());
        Ok(Self { page, errors, holds, term, proposals, given })
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
        Ok(Field::LogRetentionDays) if given.sure != "yes" && given.is_a_term() => {
            let before = log_terms::own(&tenant).await?.map_or(log_terms::DAYS, |term| term.days);
            return show(&Check { page: signed.page, before, given });
        }
        Ok(field) => {
            let said = (field, given.value.as_str());
            match settings::propose(&tenant, said, &given.reason).await? {
                Ok(_) => return Ok(onwards(&signed, "/isp/settings")),
                Err(SettingRefused::Value(word, _)) => ("value", format!("settings-bad-{word}")),
                Err(SettingRefused::NoReason) => ("reason", "networks-no-reason".to_owned()),
                Err(SettingRefused::Waits) => ("value", "networks-waits".to_owned()),
                Err(_) => ("value", "networks-stands".to_owned()),
            }
        }
    };
    let errors = Errors::of(refused.0, signed.page.t(&refused.1));
    told(&tenant, &signed, (given, errors)).await
}

async fn told(tenant: &Tenant, signed: &Signed, (given, errors): (Given, Errors)) -> PageResult {
    let shown = Settings::of(tenant, signed, given).await?;
    let (status, page) = shown.page.clone().answering(&errors);
    show_as(status, &Settings { page, errors, ..shown })
}

/// `POST /isp/settings/withdraw`
pub(super) async fn withdraw(
    tenant: Tenant,
    signed: Signed,
    Form(withdrawn): Form<Withdrawn>,
) -> PageResult {
    let Ok(id) = withdrawn.id.parse::<ClaimId>() else {
        return Ok(onwards(&signed, "/isp/settings"));
    };
    if settings::withdraw(&tenant, id, "withdrawn by the provider").await?.is_err() {
        return told(&tenant, &signed, (Given::default(), over(&signed.page))).await;
    }
    Ok(onwards(&signed, "/isp/settings"))
}
