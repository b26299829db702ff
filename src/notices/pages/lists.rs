//! `GET /api/v1/lists`: which lists a provider has, and each of them as bytes.

use axum::{
    Json,
    extract::{Path, Query, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::machine::Refusal;
use crate::{
    access::tenancy::Tenant,
    notices::{
        Standing,
        export::{Exported, Form},
        fetch::{self, Fetched},
    },
    web::problem::Problem,
};

/// Lists of one answer.
const LISTS_MAX: i64 = 1_000;

/// Which lists are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Those after the list of this name; nothing = from the oldest on.
    after: Option<String>,
    /// At most so many, 1 to 1000.
    limit: Option<i64>,
}

/// A list, and what came back for it.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Listed {
    /// Its name.
    list_id: String,
    /// When it was prepared.
    prepared_at: String,
    /// Until when a report is asked for.
    report_by: String,
    /// How many lines it has.
    lines: i64,
    /// Lines that were taken back since they were handed out.
    recalled: i64,
    /// Lines for which a report came.
    reported: i64,
    /// Lines whose latest report says that the subscriber was warned.
    notified: i64,
    /// Lines without a report.
    no_report: i64,
    /// How often it was handed out.
    exports: i64,
    /// Where it is.
    href: String,
}

impl Listed {
    fn of(list: Standing) -> Self {
        Self {
            no_report: list.no_report(),
            href: format!("/api/v1/lists/{}", list.list_id),
            list_id: list.list_id,
            prepared_at: list.prepared_at.rfc3339(),
            report_by: list.report_by.rfc3339(),
            lines: list.lines,
            recalled: list.recalled,
            reported: list.reported,
            notified: list.notified,
            exports: list.exports,
        }
    }
}

/// Some lists, oldest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Overview {
    /// The provider.
    isp: String,
    /// Its lists.
    lists: Vec<Listed>,
    /// Where the next ones are, if there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The provider's lists, oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/lists",
    params(Which),
    responses(
        (status = 200, body = Overview),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn all(
    tenant: Tenant,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(which) = which.map_err(|why| Refusal::bad(why.body_text()))?;
    let limit = which.limit.unwrap_or(100);
    if !(1..=LISTS_MAX).contains(&limit) {
        return Err(Refusal::bad("`limit` is a number from 1 to 1000"));
    }
    let lists = fetch::lists(&tenant, which.after.as_deref(), limit).await?;
    let lists = lists.ok_or_else(no_such_list)?;
    let last = lists.lists.last().filter(|_| lists.more);
    let next = last.map(|last| format!("/api/v1/lists?after={}&limit={limit}", last.list_id));
    let lists = lists.lists.into_iter().map(Listed::of).collect();
    Ok(Json(Overview { isp: tenant.code().to_owned(), lists, next }).into_response())
}

/// How a list is wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct How {
    /// `csv`, `csv-sjis`, `jsonl`, `intelmq`, `xarf`, `n6` or `stix`; nothing = `csv`.
    format: Option<String>,
}

/// A list, the same bytes as often as asked, until lines of it are taken back.
#[utoipa::path(
    get,
    path = "/api/v1/lists/{list_id}",
    params(
        ("list_id" = String, Path, description = "The name of the list"),
        How,
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` that is at hand"),
    ),
    responses(
        (status = 200, body = Vec<u8>, content_type = "text/csv",
            description = "The list; `Content-Digest` and `ETag` are its SHA-256"),
        (status = 304, description = "It is what you have; this is no delivery"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn one(
    tenant: Tenant,
    Path(list_id): Path<String>,
    how: Result<Query<How>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let Query(how) = how.map_err(|why| Refusal::bad(why.body_text()))?;
    let form: Form = how
        .format
        .as_deref()
        .unwrap_or("csv")
        .parse()
        .map_err(|why: crate::notices::export::NotAForm| Refusal::bad(why.to_string()))?;
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let known = known.map(|known| known.trim().trim_start_matches("W/").trim_matches('"'));
    match fetch::fetch(&tenant, &list_id, form, known).await? {
        Fetched::List(exported) => Ok(file(&list_id, form, exported)?),
        Fetched::Known(sha256) => {
            Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag(&sha256)?)]).into_response())
        }
        Fetched::NoSuchList => Err(no_such_list()),
        Fetched::Withdrawn => {
            let detail = "all its lines were withdrawn before it was handed out; forget it";
            Err(Refusal::of(StatusCode::GONE, "The list was withdrawn", detail))
        }
    }
}

/// A list as a file, alike for machines and on pages.
pub(super) fn file(list_id: &str, form: Form, exported: Exported) -> anyhow::Result<Response> {
    let digest: Vec<u8> = exported.sha256.as_bytes().chunks(2).filter_map(byte).collect();
    let digest = format!("sha-256=:{}:", STANDARD.encode(digest));
    let ending = match form {
        Form::Csv | Form::CsvSjis => "csv",
        Form::Jsonl | Form::Intelmq | Form::Xarf | Form::N6 => "jsonl",
        Form::Stix => "json",
    };
    let name = format!("attachment; filename=\"{list_id}.{}.{ending}\"", form.word());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(form.media())),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&name)?),
        (header::ETAG, tag(&exported.sha256)?),
        (header::HeaderName::from_static("content-digest"), HeaderValue::from_str(&digest)?),
    ];
    Ok((headers, exported.bytes).into_response())
}

fn tag(sha256: &str) -> anyhow::Result<HeaderValue> {
    Ok(HeaderValue::from_str(&format!("\"{sha256}\""))?)
}

fn byte(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn no_such_list() -> Refusal {
    let detail = "you have no list of that name; `/api/v1/lists` names those that you have";
    Refusal::of(StatusCode::NOT_FOUND, "No such list", detail)
}
