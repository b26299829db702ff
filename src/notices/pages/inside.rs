//! `GET /api/v1/report/inside.json`: the lines of a provider, asked for as n6 is.

use axum::{
    extract::{OriginalUri, Path, RawQuery},
    http::{StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};

use super::machine::{self, Refusal};
use crate::{
    access::tenancy::Tenant,
    notices::inside::{self, Query, Shape},
    time::DAY,
    web::problem::Problem,
};

/// Days that a question is about which says no beginning.
const DAYS: i64 = 7;

/// The events that fit, newest first.
///
/// Lists of values are separated by commas. `…max` is within, `…until` is not. Without `time.min`
/// and `modified.min` the answer leads to the last seven days.
#[utoipa::path(
    get,
    path = "/api/v1/report/{name}",
    params(
        ("name" = String, Path, description = "`inside.json`, `inside.sjson` or `inside.csv`"),
        ("time.min" = Option<String>, Query, description = "Seen since then"),
        ("time.max" = Option<String>, Query, description = "Seen until then"),
        ("time.until" = Option<String>, Query, description = "Seen before then"),
        ("modified.min" = Option<String>, Query, description = "Listed or taken back since then"),
        ("modified.max" = Option<String>, Query, description = "Listed or taken back until then"),
        ("modified.until" = Option<String>, Query, description = "Listed or taken back before"),
        ("active.min" = Option<String>, Query, description = "As `time.min`: no event is a list's"),
        ("active.max" = Option<String>, Query, description = "As `time.max`"),
        ("active.until" = Option<String>, Query, description = "As `time.until`"),
        ("cc" = Option<String>, Query, description = "In these countries, which no event names"),
        ("confidence" = Option<String>, Query, description = "`low`, `medium` or `high`"),
        ("ip" = Option<String>, Query, description = "At these addresses"),
        ("ip.net" = Option<String>, Query, description = "Within these networks"),
        ("asn" = Option<String>, Query, description = "In these autonomous systems"),
        ("category" = Option<String>, Query, description = "`bots`, `vulnerable`, `exposed`, …"),
        ("name" = Option<String>, Query, description = "Of these names"),
        ("source" = Option<String>, Query, description = "From these sources"),
        ("proto" = Option<String>, Query, description = "By these protocols"),
        ("dport" = Option<String>, Query, description = "With these destination ports"),
        ("sport" = Option<String>, Query, description = "With these source ports"),
        ("id" = Option<String>, Query, description = "These events"),
        ("opt.limit" = Option<i64>, Query, description = "So many of the newest"),
    ),
    responses(
        (status = 200, content_type = "application/json", body = Vec<u8>),
        (status = 307, description = "The same question about the last seven days"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn ask(
    tenant: Tenant,
    Path(name): Path<String>,
    OriginalUri(uri): OriginalUri,
    RawQuery(raw): RawQuery,
) -> Result<Response, Refusal> {
    let (shape, media) = match name.as_str() {
        "inside.json" => (Shape::Json, "application/json"),
        "inside.sjson" => (Shape::Sjson, "application/x-ndjson"),
        "inside.csv" => (Shape::Csv, "text/csv; charset=utf-8"),
        _ => {
            let detail = "there are `inside.json`, `inside.sjson` and `inside.csv`";
            return Err(Refusal::of(StatusCode::NOT_FOUND, "No such address", detail));
        }
    };
    let parameters = machine::parameters(raw.as_deref())?;
    let query = Query::of(&parameters).map_err(|why| Refusal::bad(why.to_string()))?;
    if !query.says_since_when() {
        let since = crate::time::Moment(tenant.now().0 - DAYS * DAY);
        let since = formats::stamp::utc(since.0 - since.0.rem_euclid(1_000_000));
        let rest = raw.filter(|raw| !raw.is_empty()).map(|raw| format!("&{raw}"));
        let rest = rest.unwrap_or_default();
        let to = format!("{}?time.min={since}{rest}", uri.path());
        return Ok(Redirect::temporary(&to).into_response());
    }
    match inside::ask(&tenant, &query, shape).await? {
        Ok(bytes) => Ok(([(header::CONTENT_TYPE, media)], bytes).into_response()),
        Err(why) => Err(Refusal::bad(why.to_string())),
    }
}
