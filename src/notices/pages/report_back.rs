//! `POST /api/v1/report-back`: a provider's machine tells what became of lines.

use axum::{
    Json,
    body::Bytes,
    extract::{Query, rejection::BytesRejection, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;

use super::machine::Refusal;
use crate::{access::tenancy::Tenant, notices::report_back, web::problem::Problem};

/// The largest report: some fifty thousand rows of the longest notes.
pub(super) const BODY_MAX: usize = 64 << 20;

/// How a report is handed in.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct How {
    /// `true`: only say what it would do.
    #[serde(default)]
    dry_run: bool,
}

/// Takes a report in: good rows are kept, bad ones come back with line, column and reason. The same
/// report again changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/report-back",
    params(How),
    request_body(content = Vec<u8>, content_type = "text/csv",
        description = "`todoke/report-back/1` as CSV or JSON lines"),
    responses(
        (status = 200, body = Object, content_type = "application/json",
            description = "`rows`, `accepted`, `unchanged`, `errors` (`line`, `column`, `reason`), \
                `asked` (`line`, `question`)"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn take(
    tenant: Tenant,
    how: Result<Query<How>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let Query(how) = how.map_err(|why| Refusal::bad(why.body_text()))?;
    let body = body.map_err(|why| match why.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = "a report is at most 64 MiB; send it in parts";
            Refusal::of(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large", detail)
        }
        _ => Refusal::bad("the body broke off; send it again"),
    })?;
    let body = std::io::Cursor::new(body);
    match report_back::import(&tenant, body, how.dry_run).await? {
        Ok(imported) => Ok(Json(imported).into_response()),
        Err(refused) => {
            let title = "The report is not understood";
            Err(Refusal::of(StatusCode::UNPROCESSABLE_ENTITY, title, refused.to_string()))
        }
    }
}
