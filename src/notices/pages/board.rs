//! `/admin/isps`: who did not fetch, did not report, and whose lines soon expire; in numbers alone.

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    http::header,
    response::{IntoResponse as _, Response},
};
use formats::safe_csv;
use serde::Deserialize;

use super::{not_found, said};
use crate::{
    access::{roles::Act, tenancy::Tenant},
    app::App,
    ids::ReminderId,
    isps::{self, Isp},
    notices::{
        self,
        board::{self, Only, Row, Totals},
        chasing::{self, ListStanding, Reminder, calls},
        dispatch,
        figures::{self, ByWording, Figures, Share},
    },
    time::Moment,
    web::{
        error::{Fault, PageResult},
        form::{Errors, escaped},
        page::{Page, show, show_as},
        routes::Signed,
    },
};

/// Providers on one page.
const SHOWN: usize = 50;
/// Calls that are shown of one provider.
const CALLS: i64 = 20;
/// How somebody may have been spoken with.
const WAYS: [&str; 3] = ["phone", "mail", "other"];

/// Which providers are looked at, and from where on.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    name: String,
    only: String,
    page: String,
}

impl Asked {
    async fn rows(&self, app: &App) -> anyhow::Result<Vec<Row>> {
        let rows = board::rows(app).await?;
        Ok(board::filtered(rows, &self.name, Only::of_word(&self.only)))
    }

    /// The same for another page.
    fn at(&self, page: usize) -> String {
        let (name, only) = (escaped(&self.name), Only::of_word(&self.only).word());
        format!("name={name}&only={only}&page={page}")
    }
}

#[derive(Template)]
#[template(path = "notices/board.html")]
struct Board {
    page: Page,
    asked: Asked,
    only: [Only; 4],
    totals: Totals,
    rows: Vec<Row>,
    /// The number of this page, and how many there are.
    at: (usize, usize),
    /// The queries of the page before, of the next one, and of the file.
    before: Option<String>,
    next: Option<String>,
    file: String,
}

impl Board {
    fn place(&self) -> String {
        self.page.with_all("office-page-of", &[("n", &self.at.0), ("of", &self.at.1)])
    }
}

/// A share with its band, or a dash for a share of nothing.
fn share(one: &Figures, figure: &str, denominator: &str) -> String {
    let shares = one.shares();
    let is_it = |one: &&Share| one.figure == figure && one.denominator == denominator;
    let found = shares.iter().find(is_it);
    match found.map(|share| (share.estimate, share.lower, share.upper)) {
        Some((Some(p), Some(low), Some(high))) => {
            format!("{:.1} % ({:.1}–{:.1})", p * 100.0, low * 100.0, high * 100.0)
        }
        _ => "–".to_owned(),
    }
}

/// Why a provider is to be asked or phoned, in words; nothing where it is not.
fn why(page: &Page, row: &Row) -> Vec<String> {
    let reason = row.reason().map(|reason| page.t_of("office-reason", reason.word()));
    let unreached = row.unreached.as_ref().map(|one| page.t_of("office-unreached", one.word()));
    let lost = row.undelivered.len();
    let lost = (lost > 0).then(|| page.with("undelivered-n", "n", lost));
    reason.into_iter().chain(lost).chain(unreached).collect()
}

/// The page of one provider.
fn one_href(isp: &str) -> String {
    format!("/admin/isps/one?isp={}", escaped(isp))
}

/// `GET /admin/isps`
pub(super) async fn all(
    State(app): State<App>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> PageResult {
    let rows = asked.rows(&app).await?;
    let totals = Totals::of(&rows);
    let pages = rows.len().div_ceil(SHOWN).max(1);
    let number = asked.page.parse().unwrap_or(1).clamp(1, pages);
    let before = (number > 1).then(|| asked.at(number - 1));
    let next = (number < pages).then(|| asked.at(number + 1));
    let rows = rows.into_iter().skip((number - 1) * SHOWN).take(SHOWN).collect();
    let (file, only, at) = (asked.at(1), Only::ALL, (number, pages));
    show(&Board { page: signed.page, asked, only, totals, rows, at, before, next, file })
}

/// The columns of the file, by the keys of their words.
const COLUMNS: [&str; 19] = [
    "office-code",
    "office-name",
    "office-why",
    "office-chased-lists",
    "office-lines-n",
    "office-unreported",
    "office-expiring",
    "office-report-by",
    "office-reminded",
    "office-detected",
    "office-listed",
    "office-fetched-n",
    "office-reported-n",
    "office-no-report",
    "office-log-expired",
    "office-identified",
    "office-notified",
    "office-delivered",
    "office-bounced",
];

fn cells(page: &Page, row: &Row) -> [String; 19] {
    let day = |at: Option<Moment>| at.map(Moment::date_jst).unwrap_or_default();
    let Figures { detected, listed, fetched, reported, no_report, .. } = row.figures;
    let Figures { log_expired, identified, notified, delivered, bounced, .. } = row.figures;
    let number = |n: i64| n.to_string();
    [
        row.isp.clone(),
        row.name.clone(),
        why(page, row).join(" / "),
        row.chased.len().to_string(),
        number(row.lines()),
        number(row.unreported()),
        number(row.expiring()),
        day(row.report_by()),
        day(row.reminded_at()),
        number(detected),
        number(listed),
        number(fetched),
        number(reported),
        number(no_report),
        number(log_expired),
        number(identified),
        number(notified),
        number(delivered),
        number(bounced),
    ]
}

/// `GET /admin/isps/file.csv`: all rows that are looked at, as a file for a spreadsheet.
pub(super) async fn file(
    State(app): State<App>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let rows = asked.rows(&app).await?;
    let head = COLUMNS.map(|key| signed.page.t(key));
    let rows = rows.iter().map(|row| cells(&signed.page, row));
    let csv = safe_csv::table(&head.each_ref().map(String::as_str), rows)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"isps.csv\""),
    ];
    Ok((headers, csv).into_response())
}

#[derive(Template)]
#[template(path = "notices/board_one.html")]
struct One {
    page: Page,
    errors: Errors,
    row: Row,
    /// What came of telling, by channel and wording.
    told: Vec<ByWording>,
    /// What was noted last of it and stands, the latest first.
    calls: Vec<Reminder>,
    /// The list whose form was refused.
    refused: Option<String>,
    may_work: bool,
}

impl One {
    /// The `id` of the field of that list: the summary of refusals leads to the one at fault.
    fn field(&self, list: &ListStanding) -> String {
        match &self.refused {
            Some(refused) if *refused == list.list_id => "way".to_owned(),
            _ => format!("way-{}", list.list_id),
        }
    }

    /// The refusal, at the field of that list alone.
    fn fault(&self, list: &ListStanding) -> Option<&str> {
        let is_it = self.refused.as_ref().is_some_and(|refused| *refused == list.list_id);
        self.errors.at("way").filter(|_| is_it)
    }

    /// In which words somebody was told, in the language of the page.
    fn wording(&self, one: &ByWording) -> String {
        let own = || self.page.t("line-report-own-wording");
        one.template_version.as_ref().map_or_else(own, |name| said::wording(&self.page, name))
    }

    /// How somebody was spoken with, in the language of the page.
    fn way(&self, one: &Reminder) -> String {
        let way = one.way.as_deref().unwrap_or_default();
        let is_known = WAYS.contains(&way);
        if is_known { self.page.t_of("office-way", way) } else { way.to_owned() }
    }
}

/// Which provider is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    isp: String,
}

/// `GET /admin/isps/one?isp=CODE`
pub(super) async fn one(
    State(app): State<App>,
    signed: Signed,
    Query(which): Query<Which>,
) -> PageResult {
    match isps::by_code(&app.db, &which.isp).await? {
        Some(isp) => shown(&app, signed, &isp, (None, Errors::none())).await,
        None => Ok(not_found()),
    }
}

async fn shown(
    app: &App,
    signed: Signed,
    isp: &Isp,
    (refused, errors): (Option<String>, Errors),
) -> PageResult {
    let Some(row) = board::one(app, isp).await? else { return Ok(not_found()) };
    let may_work = signed.may(Act::WorkOffice);
    let (status, page) = signed.page.answering(&errors);
    let calls = calls::latest(app, isp.id, CALLS).await?;
    let told = figures::by_wording(&app.db, Some(isp.id), None).await?;
    show_as(status, &One { page, errors, row, told, calls, refused, may_work })
}

/// That a provider was reminded.
#[derive(Deserialize)]
pub(super) struct Reminded {
    isp: String,
    list: String,
    #[serde(default)]
    way: String,
}

/// `POST /admin/isps/reminded`
pub(super) async fn reminded(
    State(app): State<App>,
    signed: Signed,
    Form(said): Form<Reminded>,
) -> PageResult {
    let Some(isp) = isps::by_code(&app.db, &said.isp).await? else { return Ok(not_found()) };
    if !WAYS.contains(&said.way.as_str()) {
        let errors = Errors::of("way", signed.page.t("office-remind-how"));
        return shown(&app, signed, &isp, (Some(said.list), errors)).await;
    }
    let tenant = Tenant::of(&app, isp.id, &isp.code, signed.name());
    match chasing::noted(&tenant, &said.list, &said.way).await? {
        Ok(_) => Ok(signed.page.onwards(&format!("{}#main", one_href(&isp.code)))),
        Err(_) => Ok(not_found()),
    }
}

/// A list that is to be sent anew.
#[derive(Deserialize)]
pub(super) struct Anew {
    isp: String,
    list: String,
}

/// `POST /admin/isps/again`
pub(super) async fn again(
    State(app): State<App>,
    signed: Signed,
    Form(said): Form<Anew>,
) -> PageResult {
    let Some(isp) = isps::by_code(&app.db, &said.isp).await? else { return Ok(not_found()) };
    let notice = notices::find(&app.db, &said.list).await?;
    let Some(notice) = notice.filter(|notice| notice.isp_id == isp.id) else {
        return Ok(not_found());
    };
    match dispatch::again(&app, &notice, (&isp, signed.name())).await? {
        Ok(_) => Ok(signed.page.onwards(&format!("{}#main", one_href(&isp.code)))),
        Err(why) => {
            let errors = Errors::meanwhile("main", signed.page.t_of("undelivered-not", why.word()));
            shown(&app, signed, &isp, (None, errors)).await
        }
    }
}

/// What was noted by mistake.
#[derive(Deserialize)]
pub(super) struct Mistaken {
    isp: String,
    id: String,
}

/// `POST /admin/isps/reminded/back`
pub(super) async fn take_back(
    State(app): State<App>,
    signed: Signed,
    Form(said): Form<Mistaken>,
) -> PageResult {
    let Some(isp) = isps::by_code(&app.db, &said.isp).await? else { return Ok(not_found()) };
    let Ok(id) = said.id.parse::<ReminderId>() else { return Ok(not_found()) };
    let tenant = Tenant::of(&app, isp.id, &isp.code, signed.name());
    if calls::take_back(&tenant, id).await?.is_err() {
        let errors = Errors::meanwhile("main", signed.page.t("office-remind-back-over"));
        return shown(&app, signed, &isp, (None, errors)).await;
    }
    Ok(signed.page.onwards(&format!("{}#main", one_href(&isp.code))))
}
