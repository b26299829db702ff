//! Routes (経路): each with the door before it, and no other way to make one.
//!
//! A stage gives its routes as [`Routes`], those of providers as [`OfficeRoutes`]. Both keep what
//! the router consists of, so that the matrix of who may do what is read off the router itself.
//! Whoever comes is looked at before the handler runs; what the handler then takes, [`Signed`] or
//! [`Tenant`], was put there by the door. Owns no table.

use std::sync::Arc;

use anyhow::anyhow;
use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequestParts, OriginalUri, Request},
    handler::Handler,
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{MethodFilter, MethodRouter, on},
};

use super::{error::Fault, page::Page, problem::Problem, session::STAFF, texts::Lang};
use crate::{
    access::{
        accounts::Account,
        doors::{Answer, Door},
        roles::Act,
        sessions::{self, Session},
        tenancy::Tenant,
        tokens::{self, Scope, Token},
    },
    app::App,
};

/// One route (経路): what is asked, and who may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "経路")]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The pattern of the path.
    pub path: &'static str,
    /// Who may.
    pub door: Door,
}

/// Routes of the public and of the centre, each behind its door (経路の束).
#[derive(Clone, Debug)]
pub struct Routes<S = App> {
    router: Router<S>,
    list: Vec<Route>,
}

/// The state of handlers of providers: it leads to nothing. What they may reach comes as a
/// [`Tenant`], so that none can be written that asks for more.
///
/// ```compile_fail
/// use axum::{extract::State, http::Method};
/// use todoke::{access::{doors::Door, roles::Act}, app::App, web::routes::OfficeRoutes};
/// async fn peeks(State(_app): State<App>) {}
/// let door = Door::Provider(Act::SeeLines);
/// let _ = OfficeRoutes::new().get("/isp/peek", door, peeks);
/// ```
///
/// ```
/// use axum::http::Method;
/// use todoke::access::{doors::Door, roles::Act, tenancy::Tenant};
/// use todoke::web::routes::OfficeRoutes;
/// async fn looks(_tenant: Tenant) {}
/// let door = Door::Provider(Act::SeeLines);
/// let _ = OfficeRoutes::new().get("/isp/look", door, looks);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Office;

/// Routes of providers, each behind its door.
pub type OfficeRoutes = Routes<Office>;

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No route.
    pub fn new() -> Self {
        Self { router: Router::new(), list: Vec::new() }
    }

    /// A page or a file that changes nothing.
    #[must_use]
    pub fn get<H: Handler<T, S>, T: 'static>(
        self,
        path: &'static str,
        door: Door,
        handler: H,
    ) -> Self {
        self.on((Method::GET, MethodFilter::GET), path, door, handler)
    }

    /// What a form or a machine sends.
    #[must_use]
    pub fn post<H: Handler<T, S>, T: 'static>(
        self,
        path: &'static str,
        door: Door,
        handler: H,
    ) -> Self {
        self.on((Method::POST, MethodFilter::POST), path, door, handler)
    }

    /// What comes with a body of up to `bytes_max`; nothing = the handler minds the size.
    #[must_use]
    pub fn upload<H: Handler<T, S>, T: 'static>(
        mut self,
        (path, bytes_max): (&'static str, Option<usize>),
        door: Door,
        handler: H,
    ) -> Self {
        let limit = bytes_max.map_or_else(DefaultBodyLimit::disable, DefaultBodyLimit::max);
        let route: MethodRouter<S> = on(MethodFilter::POST, handler).layer(limit);
        self.list.push(Route { method: Method::POST, path, door });
        self.router = self.router.route(path, behind(door, route));
        self
    }

    fn on<H: Handler<T, S>, T: 'static>(
        mut self,
        (method, filter): (Method, MethodFilter),
        path: &'static str,
        door: Door,
        handler: H,
    ) -> Self {
        self.list.push(Route { method, path, door });
        let mut route = on(filter, handler);
        if filter == MethodFilter::GET && matches!(door, Door::Provider(_) | Door::ProviderToken) {
            route = route.on(MethodFilter::HEAD, no_head);
        }
        self.router = self.router.route(path, behind(door, route));
        self
    }

    /// These routes and those.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.list.extend(other.list);
        self
    }

    /// What the router consists of.
    pub fn list(&self) -> &[Route] {
        &self.list
    }

    /// The router itself, for [`crate::router`] to put under its roof.
    pub fn into_router(self) -> Router<S> {
        self.router
    }
}

impl Routes<App> {
    /// These routes and those of providers.
    #[must_use]
    pub fn merge_office(mut self, other: OfficeRoutes) -> Self {
        self.router = self.router.merge(other.router.with_state(Office));
        self.list.extend(other.list);
        self
    }
}

/// The application as the outermost layer hands it in; nothing outside of this file can name it.
#[derive(Clone)]
struct Held(App);

/// All routes there are, for the page that shows who may do what.
#[derive(Clone, Debug)]
pub struct AllRoutes(pub Arc<Vec<Route>>);

/// Hands the application to the doors, and all routes to the page that shows them.
pub async fn hand_in((app, all): (App, AllRoutes), mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Held(app));
    request.extensions_mut().insert(all);
    next.run(request).await
}

/// 405: what a provider is shown counts as handed out, and an answer without a body hands out
/// nothing.
async fn no_head() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET")]).into_response()
}

fn behind<S: Clone + Send + Sync + 'static>(door: Door, route: MethodRouter<S>) -> MethodRouter<S> {
    if door == Door::Public {
        return route;
    }
    route.route_layer(middleware::from_fn(move |request: Request, next: Next| async move {
        match pass(door, request).await {
            Ok(request) => next.run(request).await,
            Err(answer) => answer,
        }
    }))
}

/// Lets a request through `door`, with what its handler may take; else the answer.
async fn pass(door: Door, mut request: Request) -> Result<Request, Response> {
    let Some(Held(app)) = request.extensions().get::<Held>().cloned() else {
        return Err(Fault::from(anyhow!("no application was handed in")).into_response());
    };
    let faulty = |fault: anyhow::Error| Fault::from(fault).into_response();
    if matches!(door, Door::FeedToken | Door::ProviderToken) {
        let token = token(&app, request.headers()).await;
        let token = token.map_err(|fault| broken(&fault))?;
        let of_feed = door == Door::FeedToken;
        let fits = |token: &Token| matches!(token.scope, Scope::Feed(_)) == of_feed;
        let token = token.filter(fits).ok_or_else(|| no_token(door))?;
        if let Some(tenant) = token.tenant(&app) {
            request.extensions_mut().insert(tenant);
        }
        request.extensions_mut().insert(token);
        return Ok(request);
    }
    let session = match STAFF.secret(request.headers()) {
        Some(secret) => sessions::resume(&app, secret).await.map_err(faulty)?,
        None => None,
    };
    let holder = session.as_ref().map(|session| session.account.holder(session.level));
    let page = page(&app, request.extensions().get::<OriginalUri>(), request.uri());
    match (door.answer(holder), session) {
        (Answer::Opens, Some(session)) => {
            if let Some(tenant) = session.account.tenant(&app) {
                request.extensions_mut().insert(tenant);
            }
            let page = page.at_work(&session.account);
            request.extensions_mut().insert(Signed { page, session });
            Ok(request)
        }
        (Answer::SecondFactor, Some(session)) if session.account.confirmed_at.is_none() => {
            Err(page.onwards("/account/setup#main"))
        }
        (Answer::SecondFactor, _) => Err(page.onwards("/sign-in/second#main")),
        (Answer::Forbidden, _) => Err(StatusCode::FORBIDDEN.into_response()),
        _ => Err(page.onwards("/sign-in#main")),
    }
}

fn page(app: &App, original: Option<&OriginalUri>, uri: &axum::http::Uri) -> Page {
    let uri = original.map_or(uri, |original| &original.0);
    let (lang, path) = Lang::of_path(uri.path());
    Page::at(app, lang, path, uri.query().unwrap_or_default())
}

/// The good token that a request shows: as a bearer (RFC 6750), or as the password of HTTP Basic
/// (RFC 7617), which clients of TAXII speak.
async fn token(app: &App, headers: &HeaderMap) -> anyhow::Result<Option<Token>> {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let secret = value.and_then(|value| match value.split_once(' ')? {
        (kind, secret) if kind.eq_ignore_ascii_case("bearer") => Some(secret.trim().to_owned()),
        (kind, pair) if kind.eq_ignore_ascii_case("basic") => {
            let pair = String::from_utf8(BASE64_STANDARD.decode(pair.trim()).ok()?).ok()?;
            Some(pair.split_once(':')?.1.to_owned())
        }
        _ => None,
    });
    match secret {
        Some(secret) => Ok(tokens::good(app, &secret).await?),
        None => Ok(None),
    }
}

fn broken(fault: &anyhow::Error) -> Response {
    tracing::error!("a token could not be looked at: {fault:#}");
    let detail = "this is our fault; send it again later";
    Problem::of(StatusCode::INTERNAL_SERVER_ERROR, "It did not work", detail).into_response()
}

fn no_token(door: Door) -> Response {
    let (what, option) = match door {
        Door::FeedToken => ("this feed", "--feed NAME"),
        _ => ("this provider", "--isp CODE"),
    };
    let detail = format!(
        "send `Authorization: Bearer {}…` with a token that is good for {what}; \
         `todoke token add {option}` makes one",
        tokens::PREFIX
    );
    let title = if door == Door::FeedToken { "No token for this feed" } else { "No token" };
    let mut answer = Problem::of(StatusCode::UNAUTHORIZED, title, detail).into_response();
    let realm = header::HeaderValue::from_static("Bearer, Basic realm=\"todoke\"");
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
    answer
}

/// Who is signed in, and the page inside the session; put there by the door.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The page, which offers the way out.
    pub page: Page,
    /// The session.
    pub session: Session,
}

impl Signed {
    /// Whose session it is.
    pub fn account(&self) -> &Account {
        &self.session.account
    }

    /// The name that stands beside what is done.
    pub fn name(&self) -> &str {
        &self.session.account.name
    }

    /// Whether this role may do it, for what a page shows.
    pub fn may(&self, act: Act) -> bool {
        self.session.account.role.may(act)
    }
}

/// What a handler takes that no door has put there: a fault of ours.
fn not_put(what: &str) -> Response {
    Fault::from(anyhow!("a route with a door of another kind asks for {what}")).into_response()
}

impl<S: Send + Sync> FromRequestParts<S> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        parts.extensions.get().cloned().ok_or_else(|| not_put("who is signed in"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Tenant {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        parts.extensions.get().cloned().ok_or_else(|| not_put("a provider"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Token {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        parts.extensions.get().cloned().ok_or_else(|| not_put("a token"))
    }
}
