//! How a machine of a provider is told that something is wrong (機械への応答).

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::web::problem::Problem;

/// Why a machine gets a problem instead of an answer.
pub(super) enum Refusal {
    /// It can do something about it.
    Problem(Problem),
    /// It is our fault.
    Fault(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Refusal {
    fn from(fault: E) -> Self {
        Self::Fault(fault.into())
    }
}

impl Refusal {
    /// A refusal of that status.
    pub(super) fn of(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self::Problem(Problem::of(status, title, detail))
    }

    /// Something is wrong with the parameters.
    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, "The request is not understood", detail)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = match self {
            Self::Problem(problem) => problem,
            Self::Fault(fault) => {
                tracing::error!("a machine of a provider got no answer: {fault:#}");
                let detail = "this is our fault; try again later";
                Problem::of(StatusCode::INTERNAL_SERVER_ERROR, "It did not work", detail)
            }
        };
        problem.into_response()
    }
}

/// The parameters of a request, in their order.
pub(super) fn parameters(query: Option<&str>) -> Result<Vec<(String, String)>, Refusal> {
    let read = serde_urlencoded::from_str(query.unwrap_or_default());
    read.map_err(|e| Refusal::bad(format!("the query is not understood: {e}")))
}
