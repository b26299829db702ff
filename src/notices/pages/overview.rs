//! `/isp`: what waits this month; and `/isp/downloads`: which list was handed out, when, as what.

use askama::Template;

use crate::{
    access::{roles::Act, tenancy::Tenant},
    notices::lines::{self, Download, Summary},
    time::Moment,
    web::{
        error::PageResult,
        page::{Page, show},
        routes::Signed,
    },
};

/// Downloads that are shown.
const SHOWN: i64 = 200;

#[derive(Template)]
#[template(path = "notices/overview.html")]
struct Overview {
    page: Page,
    sum: Summary,
    may_report: bool,
    now: Moment,
}

/// `GET /isp`
pub(super) async fn waiting(tenant: Tenant, signed: Signed) -> PageResult {
    let sum = lines::summary(&tenant).await?;
    let may_report = signed.may(Act::ReportBack);
    show(&Overview { page: signed.page, sum, may_report, now: tenant.now() })
}

#[derive(Template)]
#[template(path = "notices/downloads.html")]
struct Downloads {
    page: Page,
    downloads: Vec<Download>,
}

/// `GET /isp/downloads`
pub(super) async fn downloads(tenant: Tenant, signed: Signed) -> PageResult {
    let downloads = lines::downloads(&tenant, SHOWN).await?;
    show(&Downloads { page: signed.page, downloads })
}
