//! `/admin/accounts` and `/isp/colleagues`: accounts are made, suspended, recovered, ended.
//!
//! The centre's administrators look after all of them, a provider's manager after the own people;
//! the page is the same.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
};
use serde::Deserialize;

use crate::{
    access::{
        accounts::{self, Account, AccountRefused, Change, Hand, Invitation},
        roles::Role,
        store,
        tenancy::Tenant,
    },
    app::App,
    ids::IspId,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show_as},
        routes::Signed,
    },
};

#[derive(Template)]
#[template(path = "access/accounts.html")]
struct Accounts {
    page: Page,
    errors: Errors,
    people: Vec<Account>,
    /// Roles that can be given here.
    roles: Vec<&'static str>,
    /// Where the forms go.
    base: &'static str,
    /// Whether a provider is asked for.
    asks_isp: bool,
    /// What was typed.
    given: Given,
    /// The link that was just made, shown this once, and for whom.
    link: Option<(String, String)>,
}

/// Whom an invitation is for, as it was typed.
#[derive(Default, Deserialize)]
pub(super) struct Given {
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    isp: String,
}

/// What becomes of an account.
#[derive(Deserialize)]
pub(super) struct Act {
    act: String,
}

impl Act {
    /// The change that it names; nothing = a fresh link.
    fn change(&self) -> Option<Change> {
        match self.act.as_str() {
            "suspend" => Some(Change::Suspend),
            "restore" => Some(Change::Restore),
            "recover" => Some(Change::Recover),
            "end" => Some(Change::End),
            _ => None,
        }
    }
}

/// Whose accounts somebody looks after.
#[derive(Clone, Copy)]
enum Reach<'a> {
    All(&'a App),
    Own(&'a Tenant),
}

impl Reach<'_> {
    fn base(self) -> &'static str {
        match self {
            Self::All(_) => "/admin/accounts",
            Self::Own(_) => "/isp/colleagues",
        }
    }

    fn roles(self) -> Vec<&'static str> {
        let here = |role: &Role| matches!(self, Self::All(_)) || role.is_of_provider();
        Role::ALL.into_iter().filter(here).map(Role::word).collect()
    }

    async fn people(self) -> crate::db::Result<Vec<Account>> {
        match self {
            Self::All(app) => accounts::all(&app.db).await,
            Self::Own(tenant) => accounts::colleagues(tenant).await,
        }
    }

    async fn invite(
        self,
        invitation: Invitation<'_>,
        hand: Hand<'_>,
    ) -> anyhow::Result<Result<Account, AccountRefused>> {
        match self {
            Self::All(app) => accounts::invite(app, invitation, hand).await,
            Self::Own(tenant) => accounts::invite_colleague(tenant, invitation, hand).await,
        }
    }

    async fn link(
        self,
        name: &str,
        hand: Hand<'_>,
    ) -> anyhow::Result<Result<String, AccountRefused>> {
        match self {
            Self::All(app) => accounts::link(app, name, hand).await,
            Self::Own(tenant) => accounts::link_colleague(tenant, name, hand).await,
        }
    }

    async fn change(
        self,
        name: &str,
        change: Change,
        hand: Hand<'_>,
    ) -> anyhow::Result<Result<Account, AccountRefused>> {
        match self {
            Self::All(app) => accounts::change(app, name, change, hand).await,
            Self::Own(tenant) => accounts::change_colleague(tenant, name, change, hand).await,
        }
    }

    /// The page, with what was typed and what is wrong with it, or with the link just made.
    async fn show(
        self,
        signed: &Signed,
        (given, errors): (Given, Errors),
        link: Option<(String, String)>,
    ) -> PageResult {
        let (status, page) = signed.page.clone().answering(&errors);
        let shown = Accounts {
            page,
            errors,
            people: self.people().await?,
            roles: self.roles(),
            base: self.base(),
            asks_isp: matches!(self, Self::All(_)),
            given,
            link,
        };
        show_as(status, &shown)
    }

    /// Invites somebody, and shows the link.
    async fn invites(
        self,
        signed: &Signed,
        given: Given,
        isp: Option<(IspId, &str)>,
    ) -> PageResult {
        let Ok(role) = given.role.parse::<Role>() else {
            let errors = Errors::of("role", signed.page.t("accounts-no-role"));
            return self.show(signed, (given, errors), None).await;
        };
        let hand = Hand::Person(signed.account());
        let name = given.name.trim().to_owned();
        match self.invite(Invitation { name: &name, role, isp }, hand).await? {
            Ok(account) => self.links(signed, &account.name).await,
            Err(why) => self.show(signed, (given, self.said(&signed.page, &why)), None).await,
        }
    }

    /// Changes an account; whoever is recovered gets a link, as whoever asked for one does.
    async fn changes(self, signed: &Signed, name: &str, act: &Act) -> PageResult {
        let hand = Hand::Person(signed.account());
        if let Some(change) = act.change() {
            if let Err(why) = self.change(name, change, hand).await? {
                let errors = self.said(&signed.page, &why);
                return self.show(signed, (Given::default(), errors), None).await;
            }
            if change != Change::Recover {
                return Ok(signed.page.onwards(&format!("{}#main", self.base())));
            }
        }
        self.links(signed, name).await
    }

    /// Makes a link and shows it.
    async fn links(self, signed: &Signed, name: &str) -> PageResult {
        match self.link(name, Hand::Person(signed.account())).await? {
            Ok(code) => {
                let link = Some((name.to_owned(), signed.page.centre.link(&code)));
                self.show(signed, (Given::default(), Errors::none()), link).await
            }
            Err(why) => {
                let errors = self.said(&signed.page, &why);
                self.show(signed, (Given::default(), errors), None).await
            }
        }
    }

    /// Why an account is not made or changed, in the language of the page.
    fn said(self, page: &Page, why: &AccountRefused) -> Errors {
        let key = match why {
            AccountRefused::Taken(..) => "accounts-taken",
            AccountRefused::Unusable(_) => "accounts-unusable",
            AccountRefused::NoName(_) => "accounts-no-name",
            AccountRefused::Misplaced(role, _) if role.is_of_provider() => "accounts-needs-isp",
            AccountRefused::Misplaced(..) => "accounts-no-isp",
            AccountRefused::Ended(_) => "accounts-ended",
            AccountRefused::Already(_) => "accounts-already",
            AccountRefused::Confirmed(_) => "accounts-confirmed",
            AccountRefused::Unknown(_) => "accounts-unknown",
            AccountRefused::OutOfReach => "accounts-out-of-reach",
        };
        // Only where all are looked after there is a field for the provider.
        let field = match (self, why) {
            (Self::All(_), AccountRefused::Misplaced(..)) => "isp",
            _ => "name",
        };
        Errors::of(field, page.t(key))
    }
}

/// `GET /admin/accounts`
pub(super) async fn all(State(app): State<App>, signed: Signed) -> PageResult {
    Reach::All(&app).show(&signed, (Given::default(), Errors::none()), None).await
}

/// `POST /admin/accounts`
pub(super) async fn invite(
    State(app): State<App>,
    signed: Signed,
    Form(given): Form<Given>,
) -> PageResult {
    let code = given.isp.trim().to_owned();
    let isp = store::isp_of_code(&app.db, &code).await?.map(|id| (id, code.as_str()));
    if isp.is_none() && !code.is_empty() {
        let errors = Errors::of("isp", signed.page.t("accounts-unknown-isp"));
        return Reach::All(&app).show(&signed, (given, errors), None).await;
    }
    Reach::All(&app).invites(&signed, given, isp).await
}

/// `POST /admin/accounts/{name}`
pub(super) async fn change(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
    Form(act): Form<Act>,
) -> PageResult {
    Reach::All(&app).changes(&signed, &name, &act).await
}

/// `GET /isp/colleagues`
pub(super) async fn colleagues(tenant: Tenant, signed: Signed) -> PageResult {
    Reach::Own(&tenant).show(&signed, (Given::default(), Errors::none()), None).await
}

/// `POST /isp/colleagues`
pub(super) async fn invite_colleague(
    tenant: Tenant,
    signed: Signed,
    Form(given): Form<Given>,
) -> PageResult {
    let isp = Some((tenant.isp(), tenant.code()));
    Reach::Own(&tenant).invites(&signed, given, isp).await
}

/// `POST /isp/colleagues/{name}`
pub(super) async fn change_colleague(
    tenant: Tenant,
    signed: Signed,
    Path(name): Path<String>,
    Form(act): Form<Act>,
) -> PageResult {
    Reach::Own(&tenant).changes(&signed, &name, &act).await
}
