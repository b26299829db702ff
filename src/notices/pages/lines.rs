//! `/isp/lines`: the provider's lines page by page, and one with its history.

use askama::Template;
use axum::extract::{Path, Query};
use serde::Deserialize;

use super::{apartments, not_found};
use crate::{
    access::tenancy::Tenant,
    notices::{
        apartments::Placed,
        kit::{self, Wanted},
        lines::{self, After, Filter, LinePage, LineState, OneLine},
        wordings::Audience,
    },
    time::Moment,
    web::{
        error::PageResult,
        form::{Errors, escaped},
        page::{Page, show},
        routes::Signed,
    },
};

/// What is asked for, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    list: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    urgent: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    after: String,
}

impl Asked {
    fn filter(&self) -> Filter {
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Filter {
            list_id: filled(&self.list),
            state: LineState::of_word(&self.state),
            is_urgent: !self.urgent.is_empty(),
            model: filled(&self.model),
            since: Moment::parse_day(self.since.trim()).ok(),
        }
    }

    /// The same from that place on, as the query of an address.
    fn query(&self, after: Option<After>) -> String {
        let after = after.map(|after| after.text()).unwrap_or_default();
        let parts = [
            ("list", &self.list),
            ("state", &self.state),
            ("urgent", &self.urgent),
            ("model", &self.model),
            ("since", &self.since),
            ("after", &after),
        ];
        let filled = parts.iter().filter(|(_, value)| !value.is_empty());
        let part = |(name, value): &(&str, &String)| format!("{name}={}", escaped(value));
        filled.map(part).collect::<Vec<_>>().join("&")
    }
}

#[derive(Template)]
#[template(path = "notices/lines.html")]
struct Lines {
    page: Page,
    asked: Asked,
    found: LinePage,
    next: Option<String>,
    states: [LineState; 7],
}

/// `GET /isp/lines`
pub(super) async fn page(tenant: Tenant, signed: Signed, Query(asked): Query<Asked>) -> PageResult {
    let found = lines::page(&tenant, &asked.filter(), After::read(&asked.after)).await?;
    let next = found.next.map(|next| asked.query(Some(next)));
    show(&Lines { page: signed.page, asked, found, next, states: LineState::ALL })
}

#[derive(Template)]
#[template(path = "notices/line.html")]
pub(super) struct Detail {
    page: Page,
    pub(super) errors: Errors,
    line: OneLine,
    /// By which ways and in which languages something can be said about it.
    wordings: Vec<Wanted>,
}

/// The page of a line.
pub(super) async fn shown_line(
    tenant: &Tenant,
    page: Page,
    line: OneLine,
) -> anyhow::Result<Detail> {
    let shelf = kit::shelf(tenant).await?;
    let to_subscribers =
        shelf.wordings.iter().filter(|it| it.kind.audience == Audience::Subscriber);
    let wordings = to_subscribers.map(|it| (it.kind.way, it.language)).collect();
    Ok(Detail { page, errors: Errors::none(), line, wordings })
}

impl Detail {
    fn house(&self, placed: &Placed) -> String {
        apartments::house(&self.page, placed)
    }

    fn place(&self, placed: &Placed) -> String {
        apartments::place(&self.page, placed)
    }

    fn used(&self, placed: &Placed) -> String {
        apartments::used(&self.page, placed)
    }

    fn route(&self, placed: &Placed) -> String {
        apartments::route(&self.page, placed)
    }
}

/// `GET /isp/lines/{list}/{record}`
pub(super) async fn one(
    tenant: Tenant,
    signed: Signed,
    Path((list, record)): Path<(String, String)>,
) -> PageResult {
    let Ok(record) = record.parse() else { return Ok(not_found()) };
    match lines::one(&tenant, &list, record).await? {
        Some(line) => show(&shown_line(&tenant, signed.page, line).await?),
        None => Ok(not_found()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_kept_in_the_address_of_the_next_page() {
        let asked = Asked { model: "A&B 無線".to_owned(), ..Asked::default() };
        assert_eq!(asked.query(None), "model=A%26B%20%E7%84%A1%E7%B7%9A");
        assert_eq!(asked.filter().model.as_deref(), Some("A&B 無線"));
        assert_eq!(Asked::default().filter(), Filter::default());
    }
}
