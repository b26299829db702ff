//! The pages of the portal: routes, and the way in by `/id`.

mod case;
mod named;
mod done;
mod steps;

use askama::Template;
use axum::{
    Form,
    extract::{FromRequestParts, Query, State},
    http::{HeaderMap, HeaderName, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    Visit,
    entry::{self, Entered},
    named::Named,
};
use crate::{
    access::doors::Door,
    app::App,
    cases::{CaseRef, inquiry_id::NotAnInquiryId, withdrawn},
    time::Moment,
    web::{
        error::{Fault, PageResult},
        form::Errors,
        page::{Page, show, show_as},
        peer,
        routes::Routes,
        session,
    },
};

/// The routes of this stage.
pub fn routes() -> Routes {
    let all = Door::Public;
    Routes::new()
        .get("/id", all, id_form)
        .post("/id", all, look_up)
        .get("/case", all, case::show_case)
        .get("/case/device", all, case::device_form)
        .post("/case/device", all, case::choose_device)
        .get("/case/help", all, case::help)
        .get("/case/manual", all, steps::all)
        .get("/case/manual/{no}", all, steps::one)
        .post("/case/manual/{no}", all, steps::mark)
        .get("/case/done", all, done::form)
        .get("/case/done/check", all, done::check)
        .post("/case/done/check", all, done::send)
        .get("/case/done/sent", all, done::sent)
        .get("/case/result", all, done::result)
        .post("/leave", all, leave)
        .get("/left", all, left)
}

/// Who has entered an ID: the visit, the page inside it, and what a campaign says of the case.
struct Anybody {
    page: Page,
    visit: Visit,
    /// The campaign that names the case, where one does: then it is about no device.
    named: Option<Named>,
}

/// Who has entered the ID of a device: the visit, and the page inside it. Whoever was told what a
/// campaign says finds it at `/case` instead of these pages.
struct Visitor {
    page: Page,
    visit: Visit,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        match Anybody::from_request_parts(parts, app).await? {
            Anybody { page, visit, named: None } => Ok(Self { page, visit }),
            Anybody { page, .. } => Err(page.onwards("/case#main")),
        }
    }
}

impl FromRequestParts<App> for Anybody {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Ok(page) = Page::from_request_parts(parts, app).await;
        let visit = match session::VISIT.secret(&parts.headers) {
            Some(secret) => entry::resume(app, secret)
                .await
                .map_err(|fault| Fault::from(fault).into_response())?,
            None => None,
        };
        match visit {
            Some(visit) if is_withdrawn(app, visit.case).await? => {
                let page = page.visiting();
                Err(show(&Mistaken { page }).unwrap_or_else(IntoResponse::into_response))
            }
            Some(visit) => {
                let named = Named::of(app, visit.case).await;
                let named = named.map_err(|fault| Fault::from(fault).into_response())?;
                Ok(Self { page: page.visiting(), visit, named })
            }
            None => Err(page.onwards("/id?again=1#main")),
        }
    }
}

/// Whether a case was told by mistake: then every page of it says this and nothing else.
async fn is_withdrawn(app: &App, case: CaseRef) -> Result<bool, Response> {
    let found = withdrawn::is_withdrawn(&app.db, case).await;
    found.map_err(|fault| Fault::from(anyhow::Error::from(fault)).into_response())
}

#[derive(Template)]
#[template(path = "portal/mistaken.html")]
struct Mistaken {
    page: Page,
}

#[derive(Template)]
#[template(path = "portal/id.html")]
struct IdForm {
    page: Page,
    errors: Errors,
    typed: String,
    again: bool,
}

#[derive(Deserialize)]
struct Arriving {
    again: Option<String>,
}

async fn id_form(page: Page, Query(arriving): Query<Arriving>) -> PageResult {
    let again = arriving.again.is_some();
    show(&IdForm { page, errors: Errors::none(), typed: String::new(), again })
}

#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    id: String,
}

#[derive(Template)]
#[template(path = "portal/queue.html")]
struct Queue {
    page: Page,
    typed: String,
    /// How long, in words.
    wait: String,
}

/// Answers that it is not yet this visitor's turn: what was typed is kept, so that one button
/// sends it again.
fn not_before(app: &App, page: Page, typed: String, at: Moment) -> PageResult {
    let seconds = u64::try_from(at.0 - app.now().0).unwrap_or(0).div_ceil(1_000_000).max(1);
    let wait = match seconds {
        ..90 => page.with("wait-seconds", "n", seconds),
        _ => page.with("wait-minutes", "n", seconds.div_ceil(60)),
    };
    let mut answer = show_as(StatusCode::TOO_MANY_REQUESTS, &Queue { page, typed, wait })?;
    answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    Ok(answer)
}

async fn look_up(
    State(app): State<App>,
    page: Page,
    extensions: axum::http::Extensions,
    headers: HeaderMap,
    Form(Typed { id: typed }): Form<Typed>,
) -> PageResult {
    let from = peer::visitor_address(&extensions, &headers, &app.centre.proxies);
    let words = match entry::open(&app, &typed, from).await? {
        Entered::Opened(secret) => {
            let cookie = session::VISIT.hand_out(&headers, &secret);
            let mut answer = page.onwards("/case#main");
            answer.headers_mut().insert(header::SET_COOKIE, cookie);
            return Ok(answer);
        }
        Entered::NotBefore(at) => return not_before(&app, page, typed, at),
        Entered::Unknown => page.t("id-unknown"),
        Entered::NotAnId(reason) => not_an_id(&page, reason, &typed),
    };
    let errors = Errors::of("inquiry-id", words);
    let form = IdForm { page: page.refused(), errors, typed, again: false };
    show_as(StatusCode::UNPROCESSABLE_ENTITY, &form)
}

fn not_an_id(page: &Page, reason: NotAnInquiryId, typed: &str) -> String {
    match reason {
        _ if typed.trim().is_empty() => page.t("id-empty"),
        NotAnInquiryId::WrongLength(n) => page.with("id-length", "n", n),
        NotAnInquiryId::NotADigit => page.t("id-digits"),
        NotAnInquiryId::Mistyped => page.t("id-mistyped"),
    }
}

async fn leave(State(app): State<App>, page: Page, headers: HeaderMap) -> PageResult {
    /// What a browser on a shared machine forgets; browsers heed it over TLS only.
    const FORGET: &str = "\"cache\", \"cookies\", \"storage\"";
    if let Some(secret) = session::VISIT.secret(&headers) {
        entry::leave(&app, secret).await?;
    }
    let mut answer = page.onwards("/left#main");
    let set = answer.headers_mut();
    set.insert(header::SET_COOKIE, session::VISIT.take_back(&headers));
    let clear = HeaderName::from_static("clear-site-data");
    set.insert(clear, header::HeaderValue::from_static(FORGET));
    Ok(answer)
}

#[derive(Template)]
#[template(path = "portal/left.html")]
struct Left {
    page: Page,
}

async fn left(page: Page) -> PageResult {
    show(&Left { page })
}
