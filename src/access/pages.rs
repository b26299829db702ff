//! `/sign-in` and `/sign-out`, and who is signed in, for all pages of the centre's own people.

use askama::Template;
use axum::{
    Form, Router,
    extract::{FromRequestParts, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde::Deserialize;

use super::{
    roles::Act,
    staff::{self, Staff},
};
use crate::{
    app::App,
    web::{
        error::{Fault, PageResult},
        form::Errors,
        page::{Page, show, show_as},
        session::STAFF,
    },
};

/// The routes of signing in and out.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/sign-in", get(form).post(enter))
        .route("/sign-out", post(leave))
        .route("/signed-out", get(left))
}

/// Who is signed in, and the page inside the session. Everybody else is led to `/sign-in`.
#[derive(Debug)]
pub struct Signed {
    /// The page, which offers the way out.
    pub page: Page,
    /// Who.
    pub staff: Staff,
}

impl Signed {
    /// The answer to whoever may not do `act`: 403.
    pub fn refused(&self, act: Act) -> Option<Response> {
        (!self.staff.role.may(act)).then(|| StatusCode::FORBIDDEN.into_response())
    }
}

impl FromRequestParts<App> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Ok(page) = Page::from_request_parts(parts, app).await;
        let staff = match STAFF.secret(&parts.headers) {
            Some(secret) => staff::resume(app, secret)
                .await
                .map_err(|fault| Fault::from(fault).into_response())?,
            None => None,
        };
        match staff {
            Some(staff) => Ok(Self { page: page.at_work(&staff.name), staff }),
            None => Err(page.onwards("/sign-in#main")),
        }
    }
}

#[derive(Template)]
#[template(path = "access/sign_in.html")]
struct SignIn {
    page: Page,
    errors: Errors,
}

async fn form(page: Page) -> PageResult {
    show(&SignIn { page, errors: Errors::none() })
}

#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    code: String,
}

async fn enter(
    State(app): State<App>,
    page: Page,
    headers: HeaderMap,
    Form(Given { code }): Form<Given>,
) -> PageResult {
    let Some(secret) = staff::enter(&app, &code).await? else {
        let errors = Errors::of("sign-in-code", page.t("sign-in-refused"));
        let form = SignIn { page: page.refused(), errors };
        return show_as(StatusCode::UNPROCESSABLE_ENTITY, &form);
    };
    let mut answer = page.onwards("/admin/feeds#main");
    answer.headers_mut().insert(header::SET_COOKIE, STAFF.hand_out(&headers, &secret));
    Ok(answer)
}

async fn leave(State(app): State<App>, page: Page, headers: HeaderMap) -> PageResult {
    if let Some(secret) = STAFF.secret(&headers) {
        staff::leave(&app, secret).await?;
    }
    let mut answer = page.onwards("/signed-out#main");
    answer.headers_mut().insert(header::SET_COOKIE, STAFF.take_back(&headers));
    Ok(answer)
}

#[derive(Template)]
#[template(path = "access/signed_out.html")]
struct SignedOut {
    page: Page,
}

async fn left(page: Page) -> PageResult {
    show(&SignedOut { page })
}
