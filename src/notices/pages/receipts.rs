//! `/isp/receipts/{number}`: what came of a file that was handed in: the latest time, each time
//! before, and the rows that came back, to be read again.

use askama::Template;
use axum::extract::{Path, Query};
use serde::Deserialize;

use super::{
    not_found,
    report::{ToldRow, csv, told},
};
use crate::{
    access::tenancy::Tenant,
    notices::report_back::{Attempt, Receipt, receipt},
    web::{
        error::PageResult,
        page::{Page, show},
        routes::Signed,
    },
};

#[derive(Template)]
#[template(path = "notices/receipt.html")]
struct Receipted {
    page: Page,
    receipt: Receipt,
    /// Each time that the file came, the latest first.
    attempts: Vec<Attempt>,
    /// The one whose rows are shown.
    chosen: Attempt,
    rows: Vec<ToldRow>,
    more: usize,
}

impl Receipted {
    /// What became of it, as a heading.
    fn heading(&self) -> String {
        self.page.t(match &self.receipt {
            Receipt { accepted: 1.., .. } => "office-receipt-title",
            Receipt { unchanged: 1.., .. } => "office-receipt-known",
            _ => "office-receipt-none",
        })
    }

    /// What to do next.
    fn next(&self) -> String {
        self.page.t(match &self.receipt {
            Receipt { accepted: 0, unchanged: 0, .. } => "office-receipt-none-next",
            Receipt { accepted: 0, .. } => "office-receipt-known-next",
            _ => "office-receipt-next",
        })
    }

    /// What came of the file at that attempt, in a line.
    fn came(&self, attempt: &Attempt) -> String {
        let values: [(&str, &dyn std::fmt::Display); 3] = [
            ("accepted", &attempt.accepted),
            ("unchanged", &attempt.unchanged),
            ("refused", &attempt.refused),
        ];
        self.page.with_all("office-attempt-came", &values)
    }

    fn path(&self) -> String {
        format!("/isp/receipts/{}", self.receipt.number)
    }
}

/// Which attempt is asked for; without one, the latest.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    attempt: String,
}

async fn found(
    tenant: &Tenant,
    (number, asked): (&str, &Asked),
) -> anyhow::Result<Option<(Receipt, Vec<Attempt>, Attempt)>> {
    let Some(receipt) = receipt::find(tenant, number).await? else { return Ok(None) };
    let attempts = receipt::attempts(tenant, &receipt).await?;
    let no = asked.attempt.parse().unwrap_or(receipt.times);
    let chosen = attempts.iter().find(|attempt| attempt.no == no).cloned();
    Ok(chosen.map(|chosen| (receipt, attempts, chosen)))
}

/// `GET /isp/receipts/{number}`
pub(super) async fn one(
    tenant: Tenant,
    signed: Signed,
    Path(number): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let Some((receipt, attempts, chosen)) = found(&tenant, (&number, &asked)).await? else {
        return Ok(not_found());
    };
    let errors = receipt::refusals(&tenant, &receipt, &chosen).await?;
    let (rows, more) = told(&signed.page, errors);
    show(&Receipted { page: signed.page, receipt, attempts, chosen, rows, more })
}

/// `GET /isp/receipts/{number}/errors.csv`: the rows that came back, as a file.
pub(super) async fn errors(
    tenant: Tenant,
    signed: Signed,
    Path(number): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let Some((receipt, _, chosen)) = found(&tenant, (&number, &asked)).await? else {
        return Ok(not_found());
    };
    csv(&signed.page, &receipt::refusals(&tenant, &receipt, &chosen).await?)
}
