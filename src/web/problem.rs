//! Problems (機械への失敗応答): what went wrong, told to a machine (RFC 9457).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// A refusal that a machine, and whoever reads its log, can act on (RFC 9457).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// The status of the answer.
    pub status: u16,
    /// The kind of problem, the same words each time.
    pub title: &'static str,
    /// What is wrong this time, and what to do.
    pub detail: String,
}

impl Problem {
    /// A problem of that status.
    pub fn of(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status: status.as_u16(), title, detail: detail.into() }
    }
}

/// The answer bears the problem itself as well, for whoever says it in another protocol's words.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut answer = (status, axum::Json(&self)).into_response();
        answer.extensions_mut().insert(self);
        let kind = HeaderValue::from_static("application/problem+json");
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        answer
    }
}
