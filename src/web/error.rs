//! Errors (失敗): a fault is logged once, here, and answered by a page with the phone number.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{page::Page, texts::Lang};
use crate::app::App;

/// What a handler answers.
pub type PageResult = Result<Response, Fault>;

/// A fault inside a handler: answered 500, its cause logged and not shown.
#[derive(Debug)]
pub struct Fault(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Fault {
    fn from(cause: E) -> Self {
        Self(cause.into())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        tracing::error!("a page failed: {:#}", self.0);
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

/// What went wrong, said to a person who is already worried.
#[derive(Template)]
#[template(path = "web/error.html")]
struct Wrong {
    page: Page,
    title: String,
    words: String,
}

/// Puts a page around bare errors of the router and the extractors, machine routes excepted.
pub async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let answer = next.run(request).await;
    let status = answer.status();
    let bare = status.is_client_error() || status.is_server_error();
    let for_machines = ["/api/", "/taxii2", "/assets/"];
    if !bare || is_html(&answer) || for_machines.iter().any(|p| uri.path().starts_with(p)) {
        return answer;
    }
    let (lang, path) = Lang::of_path(uri.path());
    // A page that does not exist has no other language either.
    let path = if status == StatusCode::NOT_FOUND { "/" } else { path };
    let kind = match status {
        StatusCode::NOT_FOUND => "error-404",
        StatusCode::FORBIDDEN => "error-403",
        _ if status.is_client_error() => "error-400",
        _ => "error-500",
    };
    let page = Page::at(&app, lang, path, "");
    let (title, words) = (page.t_of(kind, "title"), page.t(kind));
    let Ok(body) = (Wrong { page, title, words }).render() else { return answer };
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response()
}

fn is_html(answer: &Response) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}
