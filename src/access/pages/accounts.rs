//! `/admin/accounts`: the accounts of the centre and of providers.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;

use crate::{
    access::{
        accounts::{self, Account, AccountRefused, Change, Hand, Invitation},
        roles::Role,
        store,
    },
    app::App,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show_as},
        routes::Signed,
    },
};

#[derive(Template)]
#[template(path = "access/accounts.html")]
pub(super) struct Accounts {
    pub(super) page: Page,
    pub(super) errors: Errors,
    pub(super) people: Vec<Account>,
    /// Roles that can be given here.
    pub(super) roles: Vec<&'static str>,
    /// Where the forms go.
    pub(super) base: &'static str,
    /// Whether a provider is asked for.
    pub(super) asks_isp: bool,
    /// What was typed.
    pub(super) given: Given,
    /// The link that was just made, shown this once, and for whom.
    pub(super) link: Option<(String, String)>,
}

impl Accounts {
    /// The answer with this page.
    pub(super) fn answer(mut self) -> PageResult {
        let is_bad = self.errors.any();
        if is_bad {
            self.page = self.page.refused();
        }
        let status = if is_bad { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        show_as(status, &self)
    }
}

/// Whom an invitation is for, as it was typed.
#[derive(Clone, Default, Deserialize)]
pub(super) struct Given {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) role: String,
    #[serde(default)]
    pub(super) isp: String,
}

async fn page_of(app: &App, signed: &Signed) -> anyhow::Result<Accounts> {
    Ok(Accounts {
        page: signed.page.clone(),
        errors: Errors::none(),
        people: accounts::all(&app.db).await?,
        roles: Role::ALL.map(Role::word).to_vec(),
        base: "/admin/accounts",
        asks_isp: true,
        given: Given::default(),
        link: None,
    })
}

/// `GET /admin/accounts`
pub(super) async fn all(State(app): State<App>, signed: Signed) -> PageResult {
    page_of(&app, &signed).await?.answer()
}

/// Why an account is not made or changed, in the language of the page.
pub(super) fn said(page: &Page, why: &AccountRefused) -> (&'static str, String) {
    let key = match why {
        AccountRefused::Taken(..) => "accounts-taken",
        AccountRefused::NoName(_) => "accounts-no-name",
        AccountRefused::Misplaced(role, _) if role.is_of_provider() => "accounts-needs-isp",
        AccountRefused::Misplaced(..) => "accounts-no-isp",
        AccountRefused::Ended(_) => "accounts-ended",
        AccountRefused::Already(_) => "accounts-already",
        AccountRefused::Confirmed(_) => "accounts-confirmed",
        AccountRefused::Unknown(_) => "accounts-unknown",
        AccountRefused::OutOfReach => "accounts-out-of-reach",
    };
    let field = if matches!(why, AccountRefused::Misplaced(..)) { "isp" } else { "name" };
    (field, page.t(key))
}

/// Where a one-time link leads on this site.
pub(super) fn address(page: &Page, code: &str) -> String {
    let site = if page.centre.is_placeholder() {
        "http://localhost:8080".to_owned()
    } else {
        format!("https://{}", page.centre.domain)
    };
    format!("{site}/sign-in#{code}")
}

/// `POST /admin/accounts`: invites somebody, and shows the link.
pub(super) async fn invite(
    State(app): State<App>,
    signed: Signed,
    Form(given): Form<Given>,
) -> PageResult {
    let mut page = page_of(&app, &signed).await?;
    page.given = given.clone();
    let code = given.isp.trim();
    let isp = store::isp_of_code(&app.db, code).await?.map(|id| (id, code));
    if isp.is_none() && !code.is_empty() {
        page.errors = Errors::of("isp", page.page.t("accounts-unknown-isp"));
        return page.answer();
    }
    let Ok(role) = given.role.parse::<Role>() else {
        let words = page.page.t("accounts-no-role");
        page.errors = Errors::of("role", words);
        return page.answer();
    };
    let hand = Hand::Person(signed.account());
    let invitation = Invitation { name: given.name.trim(), role, isp };
    let done = match accounts::invite(&app, invitation, hand).await? {
        Ok(account) => accounts::link(&app, &account.name, hand).await?.map(|link| (account, link)),
        Err(why) => Err(why),
    };
    shown(&app, &signed, page, done).await
}

async fn shown(
    app: &App,
    signed: &Signed,
    mut page: Accounts,
    done: Result<(Account, String), AccountRefused>,
) -> PageResult {
    match done {
        Ok((account, code)) => {
            let mut fresh = page_of(app, signed).await?;
            fresh.link = Some((account.name, address(&page.page, &code)));
            fresh.answer()
        }
        Err(why) => {
            let (field, words) = said(&page.page, &why);
            page.errors = Errors::of(field, words);
            page.answer()
        }
    }
}

/// What becomes of an account.
#[derive(Deserialize)]
pub(super) struct Act {
    pub(super) act: String,
}

impl Act {
    /// The change that it names; nothing = a fresh link.
    pub(super) fn change(&self) -> Option<Change> {
        match self.act.as_str() {
            "suspend" => Some(Change::Suspend),
            "restore" => Some(Change::Restore),
            "recover" => Some(Change::Recover),
            "end" => Some(Change::End),
            _ => None,
        }
    }
}

/// `POST /admin/accounts/{name}`
pub(super) async fn change(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
    Form(act): Form<Act>,
) -> PageResult {
    let hand = Hand::Person(signed.account());
    if let Some(change) = act.change() {
        let done = accounts::change(&app, &name, change, hand).await?;
        match done {
            Ok(_) if change != Change::Recover => {
                return Ok(signed.page.onwards("/admin/accounts#main"));
            }
            Ok(_) => {}
            Err(why) => {
                let mut page = page_of(&app, &signed).await?;
                page.errors = Errors::of("name", said(&page.page, &why).1);
                return page.answer();
            }
        }
    }
    let link = accounts::link(&app, &name, hand).await?;
    let account = accounts::named(&app.db, &name).await?;
    let done = match (link, account) {
        (Ok(code), Some(account)) => Ok((account, code)),
        (Err(why), _) => Err(why),
        (Ok(_), None) => Err(AccountRefused::Unknown(name)),
    };
    let page = page_of(&app, &signed).await?;
    shown(&app, &signed, page, done).await
}
