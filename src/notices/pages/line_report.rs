//! `/isp/lines/{list}/{record}/report`: what became of one line is filled in, looked at again, and
//! only then handed in, by the same verb as a file. Said again otherwise, it is a correction. Of a
//! line that was taken back nothing is said any more, and its page says why.

use askama::Template;
use axum::{Form, extract::Path};
use serde::Deserialize;

use super::{lines::told, not_found, said, said::Choice};
use crate::{
    access::tenancy::Tenant,
    notices::{
        kit,
        lines::{self, LineState, OneLine},
        report_back::{
            Imported,
            one::{self, Earlier, OneReport},
        },
    },
    web::{
        error::PageResult,
        form::{Errors, file_refused, handed_in, held},
        page::{Page, show, show_as},
        routes::Signed,
    },
};

/// What was sent.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    #[serde(flatten)]
    said: OneReport,
    /// `change`: it is to be filled in again.
    act: String,
    /// The row, once it was looked at.
    data: String,
}

/// A line, and what its provider said of it last.
struct Found {
    line: OneLine,
    earlier: Option<Earlier>,
}

impl Found {
    async fn of(tenant: &Tenant, (list, record): (&str, &str)) -> anyhow::Result<Option<Self>> {
        let Ok(record) = record.parse() else { return Ok(None) };
        let Some(line) = lines::one(tenant, list, record).await? else { return Ok(None) };
        let earlier = one::latest(tenant, list, record).await?;
        Ok(Some(Self { line, earlier }))
    }

    fn key(&self) -> (&str, i64) {
        (&self.line.row.list_id, self.line.row.record_no)
    }

    /// Nothing is reported of a line that was taken back.
    fn is_withdrawn(&self) -> bool {
        self.line.row.state == LineState::Withdrawn
    }

    fn path(&self) -> String {
        format!("/isp/lines/{}/{}", self.line.row.list_id, self.line.row.record_no)
    }
}

#[derive(Template)]
#[template(path = "notices/line_report.html")]
struct FillIn {
    page: Page,
    errors: Errors,
    found: Found,
    given: OneReport,
    /// Wordings to choose from, by name.
    wordings: Vec<(String, String)>,
}

impl FillIn {
    /// Where the device stands is asked only where it stands in an apartment house.
    fn is_in_a_house(&self) -> bool {
        self.found.line.house.is_some()
            || !self.given.placement.is_empty()
            || !self.given.recipient.is_empty()
    }

    fn states(&self) -> Choice {
        said::states(&self.page)
    }
}

async fn shown(
    tenant: &Tenant,
    signed: Signed,
    found: Found,
    (given, errors): (OneReport, Errors),
) -> PageResult {
    let (status, page) = signed.page.answering(&errors);
    let shelf = kit::shelf(tenant).await?;
    let named = shelf.wordings.iter().map(|wording| {
        let way = page.t_of("wording-kind", wording.kind.way.word());
        let language = page.t_of("wording-language", wording.language.word());
        let audience = page.t_of("wording-audience", wording.kind.audience.word());
        (wording.to_string(), format!("{way} / {language} / {audience}（{wording}）"))
    });
    let mut wordings: Vec<(String, String)> = named.collect();
    let other = &given.template_version;
    if !other.is_empty() && wordings.iter().all(|(name, _)| name != other) {
        wordings.push((other.clone(), other.clone()));
    }
    show_as(status, &FillIn { page, errors, found, given, wordings })
}

/// The page of a line that was taken back, with what that means for its report.
async fn taken_back(tenant: &Tenant, signed: Signed, found: Found) -> PageResult {
    let errors = Errors::meanwhile("state", signed.page.t("line-report-taken-back"));
    told(tenant, signed, found.line, errors).await
}

/// `GET /isp/lines/{list}/{record}/report`
pub(super) async fn form(
    tenant: Tenant,
    signed: Signed,
    Path((list, record)): Path<(String, String)>,
) -> PageResult {
    let Some(found) = Found::of(&tenant, (&list, &record)).await? else { return Ok(not_found()) };
    if found.is_withdrawn() {
        return taken_back(&tenant, signed, found).await;
    }
    let given = found.earlier.as_ref().map(Earlier::filled_in).unwrap_or_default();
    shown(&tenant, signed, found, (given, Errors::none())).await
}

#[derive(Template)]
#[template(path = "notices/line_report_check.html")]
struct Check {
    page: Page,
    found: Found,
    given: OneReport,
    /// What is said, in the words of the page.
    rows: Vec<(String, String)>,
    /// What is to be answered besides.
    asked: Vec<String>,
    data: String,
}

/// What is said, in the words of the page; what is left open is left out.
fn rows(page: &Page, given: &OneReport) -> Vec<(String, String)> {
    let word = |choice: Choice, code: &str| {
        choice.into_iter().find(|(known, _)| *known == code).map(|(_, words)| words)
    };
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let said = [
        ("office-state", word(said::states(page), &given.state)),
        ("line-report-identified", word(said::identified(page), &given.identified)),
        ("line-report-channel", word(said::channels(page), &given.notice_channel)),
        ("line-report-at", text(&given.notice_at)),
        ("line-report-wording", text(&given.template_version)),
        ("line-report-delivery", word(said::deliveries(page), &given.delivery_result)),
        ("line-report-reason", word(said::reasons(page), &given.reason_code)),
        ("line-report-placement", word(said::placements(page), &given.placement)),
        ("line-report-recipient", word(said::recipients(page), &given.recipient)),
        ("line-report-note", text(&given.note)),
    ];
    said.into_iter().filter_map(|(key, words)| Some((page.t(key), words?))).collect()
}

/// Why it is not taken, at the field.
fn faults(page: &Page, done: &Imported) -> Errors {
    match done.errors.first() {
        Some(error) => {
            let (field, words) = said::at_field(page, error);
            Errors::of(field, words)
        }
        None => Errors::none(),
    }
}

/// `POST /isp/lines/{list}/{record}/report`: what handing it in would do.
pub(super) async fn check(
    tenant: Tenant,
    signed: Signed,
    Path((list, record)): Path<(String, String)>,
    Form(given): Form<Given>,
) -> PageResult {
    let Some(found) = Found::of(&tenant, (&list, &record)).await? else { return Ok(not_found()) };
    if found.is_withdrawn() {
        return taken_back(&tenant, signed, found).await;
    }
    let said = given.said;
    if given.act == "change" {
        return shown(&tenant, signed, found, (said, Errors::none())).await;
    }
    let row = said.row(found.key(), found.earlier.as_ref(), tenant.now())?;
    let done = match one::hand_in(&tenant, row.clone(), true).await? {
        Ok(done) => done,
        Err(why) => {
            let errors = Errors::of("state", file_refused(signed.page.lang, &why));
            return shown(&tenant, signed, found, (said, errors)).await;
        }
    };
    let mut errors = faults(&signed.page, &done);
    let is_news = found.earlier.as_ref().is_none_or(|earlier| !said.says_the_same(earlier));
    if !errors.any() && (!is_news || done.unchanged > 0) {
        errors = Errors::of("state", signed.page.t("line-report-nothing-new"));
    }
    if errors.any() {
        return shown(&tenant, signed, found, (said, errors)).await;
    }
    let page = signed.page;
    let rows = rows(&page, &said);
    let asked = done.asked.iter().map(|one| one.reason_in(page.lang)).collect();
    show(&Check { page, found, given: said, rows, asked, data: held(&row) })
}

/// `POST /isp/lines/{list}/{record}/report/confirm`: hands it in; sent twice, it is one report.
pub(super) async fn confirm(
    tenant: Tenant,
    signed: Signed,
    Path((list, record)): Path<(String, String)>,
    Form(given): Form<Given>,
) -> PageResult {
    let Ok(number) = record.parse() else { return Ok(not_found()) };
    let form = format!("/isp/lines/{list}/{record}/report#main");
    let row = handed_in(&given.data);
    let Some(said) = OneReport::of_row(&row, (&list, number)) else {
        return Ok(signed.page.onwards(&form));
    };
    // Since it was looked at, the line may have been taken back: then nothing is handed in.
    let Ok(looked) = one::hand_in(&tenant, row.clone(), true).await? else {
        return Ok(signed.page.onwards(&form));
    };
    let mut errors = faults(&signed.page, &looked);
    if !errors.any() && looked.older > 0 {
        errors = Errors::meanwhile("state", signed.page.t("line-report-newer"));
    }
    if errors.any() {
        return match Found::of(&tenant, (&list, &record)).await? {
            Some(found) if found.is_withdrawn() => taken_back(&tenant, signed, found).await,
            Some(found) => shown(&tenant, signed, found, (said, errors)).await,
            None => Ok(not_found()),
        };
    }
    match one::hand_in(&tenant, row, false).await? {
        Ok(Imported { receipt: Some(receipt), .. }) => {
            Ok(signed.page.onwards(&format!("/isp/receipts/{}#main", receipt.number)))
        }
        _ => Ok(signed.page.onwards(&form)),
    }
}
