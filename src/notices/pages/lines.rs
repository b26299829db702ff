//! `/isp/lines`: the provider's lines page by page and as a file, and one with its history.

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query},
    http::header,
    response::IntoResponse as _,
};
use serde::Deserialize;

use super::{apartments, not_found, said};
use crate::{
    access::{roles::Act, tenancy::Tenant},
    notices::{
        apartments::Placed,
        kit::{self, Wanted},
        lines::{self, After, Filter, LinePage, LineState, OneLine, SaidBefore, Waits, chosen},
        wordings::Audience,
    },
    time::Moment,
    web::{
        error::PageResult,
        form::{Errors, escaped},
        page::{Page, show, show_as},
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
    waits: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    after: String,
}

impl Asked {
    /// What it asks for; else the field at fault, which is no state or no day, and the key of the
    /// words for it.
    fn filter(&self) -> Result<Filter, (&'static str, &'static str)> {
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let state = match filled(&self.state) {
            Some(word) => Some(LineState::of_word(&word).ok_or(("state", "lines-no-state"))?),
            None => None,
        };
        let waits = match filled(&self.waits) {
            Some(word) => Some(Waits::of_word(&word).ok_or(("waits", "lines-no-state"))?),
            None => None,
        };
        let since = match filled(&self.since) {
            Some(day) => Some(Moment::parse_day(&day).map_err(|_| ("since", "lines-no-day"))?),
            None => None,
        };
        let (list_id, model) = (filled(&self.list), filled(&self.model));
        let is_urgent = !self.urgent.is_empty();
        Ok(Filter { list_id, state, is_urgent, waits, model, since })
    }

    /// The same from that place on, as the query of an address.
    fn query(&self, after: Option<After>) -> String {
        let after = after.map(|after| after.text()).unwrap_or_default();
        let parts = [
            ("list", &self.list),
            ("state", &self.state),
            ("urgent", &self.urgent),
            ("waits", &self.waits),
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
    errors: Errors,
    asked: Asked,
    found: LinePage,
    next: Option<String>,
    states: [LineState; 7],
    waits: [Waits; 3],
}

/// `GET /isp/lines`
pub(super) async fn page(tenant: Tenant, signed: Signed, Query(asked): Query<Asked>) -> PageResult {
    match asked.filter() {
        Ok(filter) => shown(&tenant, signed, (asked, &filter), Errors::none()).await,
        Err((field, key)) => refused(signed, asked, (field, key)),
    }
}

async fn shown(
    tenant: &Tenant,
    signed: Signed,
    (asked, filter): (Asked, &Filter),
    errors: Errors,
) -> PageResult {
    let found = lines::page(tenant, filter, After::read(&asked.after)).await?;
    listed(signed, asked, found, errors)
}

/// The form alone: what was asked for is no question, and nothing is shown for it.
fn refused(signed: Signed, asked: Asked, (field, key): (&'static str, &str)) -> PageResult {
    let errors = Errors::of(field, signed.page.t(key));
    listed(signed, asked, LinePage { lines: Vec::new(), next: None }, errors)
}

fn listed(signed: Signed, asked: Asked, found: LinePage, errors: Errors) -> PageResult {
    let next = found.next.map(|next| asked.query(Some(next)));
    let (states, waits) = (LineState::ALL, Waits::ALL);
    let (status, page) = signed.page.answering(&errors);
    show_as(status, &Lines { page, errors, asked, found, next, states, waits })
}

/// `POST /isp/lines/export`: what the filter shows, as a file; that it was taken is kept.
pub(super) async fn take(tenant: Tenant, signed: Signed, Form(asked): Form<Asked>) -> PageResult {
    let filter = match asked.filter() {
        Ok(filter) => filter,
        Err((field, key)) => return refused(signed, asked, (field, key)),
    };
    let Ok(chosen) = chosen::take(&tenant, &filter).await? else {
        let words = signed.page.with("lines-too-many", "n", chosen::LINES_MAX);
        return shown(&tenant, signed, (asked, &filter), Errors::of("list", words)).await;
    };
    let day = tenant.now().date_jst();
    let name = format!("attachment; filename=\"lines-{day}.csv\"");
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, chosen.csv).into_response())
}

#[derive(Template)]
#[template(path = "notices/line.html")]
struct Detail {
    page: Page,
    errors: Errors,
    line: OneLine,
    /// By which ways and in which languages something can be said about it.
    wordings: Vec<Wanted>,
    may_report: bool,
}

/// The page of a line.
async fn shown_line(tenant: &Tenant, signed: Signed, line: OneLine) -> anyhow::Result<Detail> {
    let shelf = kit::shelf(tenant).await?;
    let to_subscribers =
        shelf.wordings.iter().filter(|it| it.kind.audience == Audience::Subscriber);
    let wordings = to_subscribers.map(|it| (it.kind.way, it.language)).collect();
    let may_report = signed.may(Act::ReportBack);
    Ok(Detail { page: signed.page, errors: Errors::none(), line, wordings, may_report })
}

/// The page of a line, with why something was not done with it.
pub(super) async fn told(
    tenant: &Tenant,
    signed: Signed,
    line: OneLine,
    errors: Errors,
) -> PageResult {
    let (status, page) = signed.page.answering(&errors);
    let line = shown_line(tenant, Signed { page, ..signed }, line).await?;
    show_as(status, &Detail { errors, ..line })
}

impl Detail {
    fn path(&self) -> String {
        format!("/isp/lines/{}/{}", self.line.row.list_id, self.line.row.record_no)
    }

    fn stands(&self) -> bool {
        self.line.row.state != LineState::Withdrawn
    }

    /// When somebody was told: the day alone where the provider knows no hour.
    fn told_at(&self, said: &SaidBefore) -> Option<String> {
        let is_day = said.in_full().is_some_and(|report| report.notice_is_day);
        let at = said.notice_at?;
        Some(if is_day { at.date_jst() } else { self.page.clock(&at) })
    }

    /// What else a report says, each with its label.
    fn more(&self, said: &SaidBefore) -> Vec<(String, String)> {
        let Some(report) = said.in_full() else { return Vec::new() };
        let page = &self.page;
        let recipient = report.recipient.map(|who| page.t_of("apartments-who", who.code()));
        let placement = report.placement.map(|at| page.t_of("apartments-placement", at.code()));
        let wording = report.template_version.map(|name| said::wording(page, &name));
        let all = [
            ("line-report-wording", wording),
            ("line-report-recipient", recipient),
            ("line-report-placement", placement),
            ("line-report-note", report.note),
        ];
        all.into_iter().filter_map(|(label, words)| Some((page.t(label), words?))).collect()
    }

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
        Some(line) => show(&shown_line(&tenant, signed, line).await?),
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
        assert_eq!(asked.filter().unwrap().model.as_deref(), Some("A&B 無線"));
        assert_eq!(Asked::default().filter(), Ok(Filter::default()));
    }

    #[test]
    fn what_is_no_state_or_no_day_is_not_dropped() {
        let state = Asked { state: "told".to_owned(), ..Asked::default() };
        assert_eq!(state.filter(), Err(("state", "lines-no-state")));
        let since = Asked { since: "yesterday".to_owned(), ..Asked::default() };
        assert_eq!(since.filter(), Err(("since", "lines-no-day")));
        let day = Asked { since: " 2026-05-01 ".to_owned(), ..Asked::default() };
        assert!(day.filter().unwrap().since.is_some());
    }
}
