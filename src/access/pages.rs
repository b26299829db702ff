//! `/sign-in`, `/account`, `/admin/accounts`, `/isp/colleagues`, `/admin/access`: people and what
//! they may do; `/admin/tokens`, `/isp/tokens`: what machines show.

mod accounts;
mod enter;
mod matrix;
mod outside;
mod own;
mod setup;
mod tokens;

use std::{convert::Infallible, net::IpAddr};

use axum::{extract::FromRequestParts, http::request::Parts};

use super::{
    doors::Door,
    roles::{Act, Role},
};
use crate::{
    app::App,
    web::{
        peer,
        routes::{OfficeRoutes, Routes},
    },
};

/// The routes of signing in, of the own account, and of the accounts of the centre.
pub fn routes() -> Routes {
    let (all, entering, own) = (Door::Public, Door::Entering, Door::Member);
    let manages = Door::May(Act::ManageAccounts);
    Routes::new()
        .get("/sign-in", all, enter::form)
        .post("/sign-in", all, enter::by_password)
        .post("/sign-in/link", all, enter::by_link)
        .post("/sign-in/oidc", all, outside::begin)
        .get("/sign-in/oidc/back", all, outside::back)
        .get("/sign-in/second", entering, enter::second)
        .post("/sign-in/second", entering, enter::by_code)
        .post("/sign-in/passkey", entering, enter::by_passkey)
        .post("/sign-out", all, enter::leave)
        .get("/signed-out", all, enter::left)
        .get("/admin", own, enter::first_page)
        .get("/account/setup", entering, setup::next)
        .post("/account/password", entering, setup::password)
        .post("/account/app", entering, setup::app)
        .post("/account/passkey", entering, setup::passkey)
        .post("/account/oidc", entering, outside::begin_to_bind)
        .post("/account/oidc/unbind", own, outside::unbind)
        .get("/account", own, own::show)
        .post("/account/codes", own, own::codes)
        .post("/account/factors", own, own::remove)
        .get("/admin/accounts", manages, accounts::all)
        .post("/admin/accounts", manages, accounts::invite)
        .post("/admin/accounts/{name}", manages, accounts::change)
        .get("/admin/tokens", manages, tokens::all)
        .post("/admin/tokens", manages, tokens::make)
        .post("/admin/tokens/{id}", manages, tokens::withdraw)
        .get("/admin/access", Door::May(Act::ReadAudit), matrix::show)
}

/// The routes of a provider's own people.
pub fn office_routes() -> OfficeRoutes {
    let manages = Door::Provider(Act::ManageColleagues);
    let keeps = Door::Provider(Act::ManageProvider);
    OfficeRoutes::new()
        .get("/isp/colleagues", manages, accounts::colleagues)
        .post("/isp/colleagues", manages, accounts::invite_colleague)
        .post("/isp/colleagues/{name}", manages, accounts::change_colleague)
        .get("/isp/tokens", keeps, tokens::own)
        .post("/isp/tokens", keeps, tokens::make_own)
        .post("/isp/tokens/{id}", keeps, tokens::withdraw_own)
}

/// The first page of whoever has that role.
fn home(role: Role) -> &'static str {
    match role {
        Role::Administrator => "/admin/accounts",
        Role::Intake => "/admin/feeds",
        Role::Auditor => "/admin/access",
        Role::Office => "/admin/isps",
        Role::Editor | Role::Reviewer => "/admin/wordings",
        Role::IspManager | Role::IspStaff => "/isp",
        Role::Operator | Role::DeskLead | Role::Analyst | Role::Maker => "/account",
    }
}

/// From where a request came, for counting failures.
struct Source(IpAddr);

impl FromRequestParts<App> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let proxies = &app.centre.proxies;
        Ok(Self(peer::visitor_address(&parts.extensions, &parts.headers, proxies)))
    }
}
