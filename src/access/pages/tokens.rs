//! `/admin/tokens` and `/isp/tokens`: what machines show is made, listed and withdrawn.
//!
//! The centre's administrators look after all of them, a provider's manager after the own ones; the
//! page is the same. A secret is shown where it was made, and nowhere else; the form that makes one
//! is taken once, so that a page that is loaded again makes no other.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
};
use serde::Deserialize;

use crate::{
    access::{
        store,
        tenancy::Tenant,
        tokens::{self, Scope, Standing, Token, TokenRefused, Wish},
    },
    app::App,
    ids::{FormId, TokenId},
    time::Moment,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show_as},
        routes::Signed,
    },
};

/// For how many days a token can be made on the page.
const DAYS: [i64; 5] = [30, 90, 180, 365, 730];

/// Tokens that open nothing any more and are still shown.
const SHOWN: usize = 50;

/// Where the tokens stand on the page that were made.
const SENT: &str = "made";

#[derive(Template)]
#[template(path = "access/tokens.html")]
struct Tokens {
    page: Page,
    errors: Errors,
    /// Those that end soon first, then the good ones, then the rest.
    known: Vec<(Token, Standing)>,
    /// For how many days, and which is given.
    days: Vec<(i64, bool)>,
    /// Where the forms go.
    base: &'static str,
    /// Whether it is asked what a token is good for.
    asks_scope: bool,
    given: Given,
    /// The key of the form, which makes one.
    once: FormId,
    /// The token that was just made, and its secret, shown this once.
    made: Option<(Token, String)>,
}

impl Tokens {
    fn name(&self, token: &Token) -> String {
        token.label.clone().unwrap_or_else(|| self.page.t("tokens-nameless"))
    }

    fn scope(&self, token: &Token) -> String {
        match &token.scope {
            Scope::Feed(name) => self.page.with("tokens-for-feed", "name", name),
            Scope::Isp(code) => self.page.with("tokens-for-isp", "name", code),
        }
    }

    fn used(&self, token: &Token) -> String {
        let used = token.used_at.map(|at| self.page.clock(&at));
        used.unwrap_or_else(|| self.page.t("tokens-never"))
    }
}

/// What is wished, as it was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    name: String,
    kind: String,
    what: String,
    days: String,
    /// The key of the form.
    once: String,
}

/// Whose tokens somebody looks after.
#[derive(Clone, Copy)]
enum Reach<'a> {
    All(&'a App),
    Own(&'a Tenant),
}

type Made = Result<(Token, String), (&'static str, &'static str)>;

impl Reach<'_> {
    fn base(self) -> &'static str {
        match self {
            Self::All(_) => "/admin/tokens",
            Self::Own(_) => "/isp/tokens",
        }
    }

    fn now(self) -> Moment {
        match self {
            Self::All(app) => app.now(),
            Self::Own(tenant) => tenant.now(),
        }
    }

    fn fresh_form(self) -> FormId {
        FormId(match self {
            Self::All(app) => app.fresh_id(),
            Self::Own(tenant) => tenant.fresh_id(),
        })
    }

    async fn tokens(self) -> crate::db::Result<Vec<(Token, Standing)>> {
        let tokens = match self {
            Self::All(app) => tokens::all(&app.db).await?,
            Self::Own(tenant) => tokens::own(tenant).await?,
        };
        let standing = |token: Token| (token.standing(self.now()), token);
        let mut tokens: Vec<_> = tokens.into_iter().map(standing).collect();
        tokens.sort_by_key(|(standing, _)| *standing);
        let open = tokens.iter().filter(|(standing, _)| standing.opens()).count();
        tokens.truncate(open + SHOWN);
        Ok(tokens.into_iter().map(|(standing, token)| (token, standing)).collect())
    }

    /// Makes a token; else gives the field that is refused, and its words.
    async fn make(self, given: &Given, by: &str) -> anyhow::Result<Made> {
        let Ok(form) = given.once.parse() else {
            return Ok(Err(("name", "form-again")));
        };
        let (label, days) = (given.name.as_str(), given.days.parse().unwrap_or(0));
        let wish = Wish { label, days, form: Some(form) };
        let made = match self {
            Self::Own(tenant) => tokens::make_own(tenant, wish).await?,
            Self::All(app) => match scope(app, given).await? {
                Ok(what) => tokens::make_called(app, what, wish, by).await?,
                Err(refused) => return Ok(Err(refused)),
            },
        };
        Ok(made.map_err(|why| match why {
            TokenRefused::NoLabel => ("name", "tokens-no-name"),
            TokenRefused::Days => ("days", "tokens-no-days"),
            TokenRefused::Sent => (SENT, "tokens-sent"),
        }))
    }

    async fn show(
        self,
        signed: &Signed,
        (given, errors): (Given, Errors),
        made: Option<(Token, String)>,
    ) -> PageResult {
        let (status, page) = signed.page.clone().answering(&errors);
        let shown = Tokens {
            page,
            errors,
            known: self.tokens().await?,
            days: DAYS.map(|n| (n, n == given.days.parse().unwrap_or(365))).to_vec(),
            base: self.base(),
            asks_scope: matches!(self, Self::All(_)),
            given,
            once: self.fresh_form(),
            made,
        };
        show_as(status, &shown)
    }

    async fn makes(self, signed: &Signed, given: Given) -> PageResult {
        match self.make(&given, signed.name()).await? {
            Ok(made) => self.show(signed, (Given::default(), Errors::none()), Some(made)).await,
            Err((SENT, key)) => {
                let errors = Errors::meanwhile(SENT, signed.page.t(key));
                self.show(signed, (Given::default(), errors), None).await
            }
            Err((field, key)) => {
                let errors = Errors::of(field, signed.page.t(key));
                self.show(signed, (given, errors), None).await
            }
        }
    }
}

/// What a token is to be good for; else the field that is refused, and its words.
async fn scope(
    app: &App,
    given: &Given,
) -> anyhow::Result<Result<(Scope, Option<crate::ids::IspId>), (&'static str, &'static str)>> {
    let what = given.what.trim();
    Ok(match given.kind.as_str() {
        "feed" if store::is_feed(&app.db, what).await? => Ok((Scope::Feed(what.to_owned()), None)),
        "feed" => Err(("what", "tokens-no-feed")),
        "isp" => match store::isp_of_code(&app.db, what).await? {
            Some(isp) => Ok((Scope::Isp(what.to_owned()), Some(isp))),
            None => Err(("what", "accounts-unknown-isp")),
        },
        _ => Err(("kind-isp", "tokens-no-kind")),
    })
}

/// `GET /admin/tokens`
pub(super) async fn all(State(app): State<App>, signed: Signed) -> PageResult {
    Reach::All(&app).show(&signed, (Given::default(), Errors::none()), None).await
}

/// `POST /admin/tokens`
pub(super) async fn make(
    State(app): State<App>,
    signed: Signed,
    Form(given): Form<Given>,
) -> PageResult {
    Reach::All(&app).makes(&signed, given).await
}

/// `POST /admin/tokens/{id}`: it is good for nothing from now on.
pub(super) async fn withdraw(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> PageResult {
    if let Ok(id) = id.parse::<TokenId>() {
        // One that somebody else withdrew meanwhile stays so.
        tokens::withdraw(&app, id, signed.name()).await?;
    }
    Ok(signed.page.onwards("/admin/tokens#main"))
}

/// `GET /isp/tokens`
pub(super) async fn own(tenant: Tenant, signed: Signed) -> PageResult {
    Reach::Own(&tenant).show(&signed, (Given::default(), Errors::none()), None).await
}

/// `POST /isp/tokens`
pub(super) async fn make_own(
    tenant: Tenant,
    signed: Signed,
    Form(given): Form<Given>,
) -> PageResult {
    Reach::Own(&tenant).makes(&signed, given).await
}

/// `POST /isp/tokens/{id}`: it is good for nothing from now on.
pub(super) async fn withdraw_own(
    tenant: Tenant,
    signed: Signed,
    Path(id): Path<String>,
) -> PageResult {
    if let Ok(id) = id.parse::<TokenId>() {
        // One that a colleague withdrew meanwhile stays so.
        tokens::withdraw_own(&tenant, id).await?;
    }
    Ok(signed.page.onwards("/isp/tokens#main"))
}
