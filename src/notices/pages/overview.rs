//! `/isp`: what waits this month.

use askama::Template;

use crate::{
    access::{roles::Act, tenancy::Tenant},
    notices::lines::{self, Summary},
    time::Moment,
    web::{
        error::PageResult,
        page::{Page, show},
        routes::Signed,
    },
};

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
