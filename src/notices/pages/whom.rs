//! `/admin/isps/{isp}/contacts`: whom the office calls at a provider.

use askama::Template;
use axum::extract::{Path, State};

use super::not_found;
use crate::{
    access::tenancy::Tenant,
    app::App,
    isps::{
        self, Isp,
        contacts::{self, Contact},
    },
    time::Moment,
    web::{
        error::PageResult,
        page::{Page, show},
        routes::Signed,
    },
};

#[derive(Template)]
#[template(path = "notices/whom.html")]
struct Whom {
    page: Page,
    isp: Isp,
    known: Vec<Contact>,
    now: Moment,
}

impl Whom {
    fn standing(&self, one: &Contact) -> String {
        self.page.t_of("contacts-standing", one.standing(self.now).word())
    }

    fn until(&self, one: &Contact) -> String {
        self.page.day(&contacts::confirmed_until(one.confirmed_at))
    }

    fn dialled(phone: &str) -> String {
        phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
    }
}

/// `GET /admin/isps/{isp}/contacts`: that somebody read it is kept.
pub(super) async fn show_contacts(
    State(app): State<App>,
    signed: Signed,
    Path(code): Path<String>,
) -> PageResult {
    let Some(isp) = isps::by_code(&app.db, &code).await? else { return Ok(not_found()) };
    let tenant = Tenant::of(&app, isp.id, &isp.code, signed.name());
    let known = contacts::list(&tenant).await?;
    show(&Whom { page: signed.page, isp, known, now: app.now() })
}
