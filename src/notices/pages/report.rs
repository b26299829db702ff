//! `/isp/report`: a report is chosen, checked, looked at again, and only then handed in.
//!
//! Between checking and handing in, the file lies in the form itself: nothing of it is kept here
//! before the provider says so.

use std::io::Cursor;

use askama::Template;
use axum::{
    Form,
    extract::Multipart,
    http::header,
    response::{IntoResponse as _, Response},
};
use formats::FileRefused;

use super::FORM_MAX;
use crate::{
    access::tenancy::Tenant,
    notices::report_back::{self, Imported, Receipt, RowError, receipt},
    web::{
        error::{Fault, PageResult},
        form::{Errors, Held, Sent, file_refused, held},
        page::{Page, show, show_as},
        routes::Signed,
    },
};

/// Receipts that stand below the form.
const RECEIPTS: i64 = 20;
/// Rows that came back and are shown; all of them are in the CSV.
pub(super) const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "notices/report.html")]
struct Choose {
    page: Page,
    errors: Errors,
    receipts: Vec<Receipt>,
}

async fn choose(tenant: &Tenant, signed: Signed, errors: Errors) -> PageResult {
    let receipts = receipt::latest(tenant, RECEIPTS).await?;
    let (status, page) = signed.page.answering(&errors);
    show_as(status, &Choose { page, errors, receipts })
}

/// `GET /isp/report`
pub(super) async fn form(tenant: Tenant, signed: Signed) -> PageResult {
    choose(&tenant, signed, Errors::none()).await
}

/// A row that comes back, with reason and advice in the language of the page.
pub(super) type ToldRow = (RowError, String, String);

/// The rows that come back as a page shows them, and how many more there are.
pub(super) fn told(page: &Page, errors: Vec<RowError>) -> (Vec<ToldRow>, usize) {
    let (more, lang) = (errors.len().saturating_sub(SHOWN), page.lang);
    let one = |error: RowError| {
        let (reason, advice) = (error.reason_in(lang), error.advice_in(lang));
        (error, reason, advice)
    };
    (errors.into_iter().take(SHOWN).map(one).collect(), more)
}

#[derive(Template)]
#[template(path = "notices/report_check.html")]
struct Check {
    page: Page,
    done: Imported,
    /// Rows that come back.
    rows: Vec<ToldRow>,
    more: usize,
    /// Rows that are taken and leave something to be answered.
    asked: Vec<(u64, String)>,
    more_asked: usize,
    data: String,
}

impl Check {
    /// Rows that handing it in would take, or that stand already.
    fn taken(&self) -> usize {
        self.done.accepted + self.done.unchanged
    }
}

/// `POST /isp/report`: what handing it in would do.
pub(super) async fn check(tenant: Tenant, signed: Signed, sent: Multipart) -> PageResult {
    let file = match Sent::of(sent, FORM_MAX).await.file {
        Ok(file) => file,
        Err(why) => return refused(&tenant, signed, &why).await,
    };
    if file.is_empty() {
        let words = signed.page.t("office-report-none");
        return choose(&tenant, signed, Errors::of("file", words)).await;
    }
    let data = held(&file);
    match report_back::import(&tenant, Cursor::new(file), true).await? {
        Ok(mut done) => {
            let lang = signed.page.lang;
            let (rows, more) = told(&signed.page, std::mem::take(&mut done.errors));
            let more_asked = done.asked.len().saturating_sub(SHOWN);
            let asked = done.asked.iter().take(SHOWN).map(|one| (one.line, one.reason_in(lang)));
            let asked = asked.collect();
            show(&Check { page: signed.page, done, rows, more, asked, more_asked, data })
        }
        Err(why) => refused(&tenant, signed, &why).await,
    }
}

async fn refused(tenant: &Tenant, signed: Signed, why: &FileRefused) -> PageResult {
    let why = file_refused(signed.page.lang, why);
    let words = signed.page.with("office-report-refused", "why", why);
    choose(tenant, signed, Errors::of("file", words)).await
}

/// `POST /isp/report/confirm`: hands it in.
pub(super) async fn confirm(
    tenant: Tenant,
    signed: Signed,
    Form(checked): Form<Held>,
) -> PageResult {
    let file = checked.file();
    match report_back::import(&tenant, Cursor::new(file), false).await? {
        Ok(Imported { receipt: Some(receipt), .. }) => {
            Ok(signed.page.onwards(&format!("/isp/receipts/{}#main", receipt.number)))
        }
        Ok(_) => Ok(signed.page.onwards("/isp/report#main")),
        Err(why) => refused(&tenant, signed, &why).await,
    }
}

/// `POST /isp/report/errors`: the rows that come back, as CSV.
pub(super) async fn errors(
    tenant: Tenant,
    signed: Signed,
    Form(checked): Form<Held>,
) -> PageResult {
    let file = checked.file();
    let Ok(done) = report_back::import(&tenant, Cursor::new(file), true).await? else {
        return Ok(signed.page.onwards("/isp/report#main"));
    };
    csv(&signed.page, &done.errors)
}

/// The rows that come back as a file, in the language of the page.
pub(super) fn csv(page: &Page, errors: &[RowError]) -> Result<Response, Fault> {
    let csv = report_back::errors_csv(errors, page.lang)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"errors.csv\""),
    ];
    Ok((headers, csv).into_response())
}
