//! `POST /api/v1/feeds/{name}/files`: a machine hands a file over, once or more often.
//!
//! What is acknowledged is durable: the bytes are in the archive and the file stands in the store.
//! Its rows go in right after, by the jobs of this node or another; the answer says where to ask.

use anyhow::Context as _;
use axum::{
    Json,
    body::Body,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::desk::{Desk, NotSpooled};
use crate::{
    access::{
        keys::to_hex,
        tokens::{self, Scope, Token},
    },
    app::App,
    feeds::{
        self, Feed, deliver,
        files::Holds,
        quarantine,
        receive::{self, FeedFile},
        room,
    },
    web::problem::Problem,
};

/// The largest body (see `docs/formats`).
pub(crate) const BODY_MAX: u64 = 200 << 20;

/// How a file is handed over.
#[derive(Deserialize, utoipa::IntoParams)]
pub(crate) struct Handed {
    /// The name of the file: a Shadowserver report tells its type by it.
    file: String,
    /// `coverage` for a file that says what scans covered.
    #[serde(default)]
    holds: Option<String>,
}

/// A file that was handed over, and what became of it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Standing {
    /// The name it came under first.
    file: String,
    /// The hash of its content.
    sha256: String,
    /// `accepted`: it is safe and its rows go in; `taken`; `refused`; `withdrawn`.
    status: &'static str,
    /// Why it was refused as a whole, or where it breaks off.
    refused: Option<String>,
    /// What came of its rows.
    #[schema(value_type = Object)]
    counts: serde_json::Value,
    /// Rows that wait in quarantine.
    waiting: i64,
}

/// What a delivery became: one file, or those that an archive or a mail held.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Delivered {
    /// The feed.
    feed: String,
    /// The hash of what was delivered.
    sha256: String,
    /// Its files.
    files: Vec<Standing>,
    /// Where to ask what became of it.
    href: String,
}

/// Takes a file over.
#[utoipa::path(
    post,
    path = "/api/v1/feeds/{name}/files",
    params(
        ("name" = String, Path, description = "The feed"),
        Handed,
        ("Content-Digest" = String, Header, description = "sha-256=:…: of the body (RFC 9530)"),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 202, body = Delivered, description = "It is safe; its rows go in now"),
        (status = 200, body = Delivered, description = "All of it was here before"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 507, body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(crate) async fn take(
    State(app): State<App>,
    (Path(name), token): (Path<String>, Token),
    handed: Result<Query<Handed>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let answered = match handed {
        Ok(Query(handed)) => taken(&app, (&token, &name, &handed), &headers, body).await,
        Err(why) => Err(bad(&format!(
            "{}; write `?file=NAME`, the name under which the file is kept",
            why.body_text()
        ))),
    };
    match answered {
        Ok(answer) => answer,
        Err(Refusal::Problem(problem)) => problem.into_response(),
        Err(Refusal::Fault(fault)) => faulty(&fault),
    }
}

/// Why nothing is answered but a problem.
enum Refusal {
    Problem(Problem),
    Fault(anyhow::Error),
}

impl From<anyhow::Error> for Refusal {
    fn from(fault: anyhow::Error) -> Self {
        Self::Fault(fault)
    }
}

impl From<NotSpooled> for Refusal {
    fn from(why: NotSpooled) -> Self {
        match why {
            NotSpooled::Fault(fault) => Self::Fault(fault.into()),
            NotSpooled::BrokenOff => bad("the body broke off; send it again"),
            NotSpooled::TooLarge => {
                let detail = "a body holds at most 200 MiB; send the file in parts, or compressed";
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                Self::Problem(Problem::of(status, "The body is too large", detail))
            }
        }
    }
}

async fn taken(
    app: &App,
    (token, name, handed): (&Token, &str, &Handed),
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let feed = authorised(app, name, token).await?;
    let holds = match handed.holds.as_deref() {
        None | Some("hits") => Holds::Hits,
        Some("coverage") => Holds::Coverage,
        Some(_) => return Err(bad("`holds` is `hits` or `coverage`")),
    };
    if !is_plain(&handed.file) {
        return Err(bad(
            "`file` must be a plain file name of at most 200 bytes: without `/`, `\\` \
             and control characters, and not beginning with a dot",
        ));
    }
    let expected = digest(headers).ok_or_else(|| {
        bad("send the header `Content-Digest: sha-256=:…:` with the SHA-256 of the body, in base64")
    })?;
    let desk = Desk::make(app, &handed.file).map_err(NotSpooled::from)?;
    let sha256 = desk.spool(body, BODY_MAX).await?;
    if sha256 != expected {
        return Err(bad("the body does not have the digest that was announced; send it again"));
    }
    let delivery = deliver::accept(app, &feed, holds, &desk.path()).await?;
    // The same bytes under the name of another type are another report.
    let is_new = delivery.pieces.iter().any(|piece| piece.is_new);
    let status = if is_new { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, Json(delivered(app, &feed, &sha256).await?)).into_response())
}

/// Whether a file may be kept under that name, which people will read on their terminals.
pub(super) fn is_plain(name: &str) -> bool {
    let is_odd = |c: char| matches!(c, '/' | '\\') || c.is_control();
    (1..=200).contains(&name.len()) && !name.starts_with('.') && !name.contains(is_odd)
}

/// What became of a delivery.
#[utoipa::path(
    get,
    path = "/api/v1/feeds/{name}/files/{sha256}",
    params(
        ("name" = String, Path, description = "The feed"),
        ("sha256" = String, Path, description = "The hash of what was delivered"),
    ),
    responses(
        (status = 200, body = Delivered),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(crate) async fn standing(
    State(app): State<App>,
    Path((name, sha256)): Path<(String, String)>,
    token: Token,
) -> Response {
    match told(&app, (&token, &name), &sha256).await {
        Ok(answer) => answer,
        Err(Refusal::Problem(problem)) => problem.into_response(),
        Err(Refusal::Fault(fault)) => faulty(&fault),
    }
}

async fn told(app: &App, (token, name): (&Token, &str), sha256: &str) -> Result<Response, Refusal> {
    let feed = authorised(app, name, token).await?;
    let delivered = delivered(app, &feed, sha256).await?;
    if delivered.files.is_empty() {
        let detail = "nothing of that content was handed over to this feed";
        let problem = Problem::of(StatusCode::NOT_FOUND, "No such file", detail);
        return Err(Refusal::Problem(problem));
    }
    Ok(Json(delivered).into_response())
}

async fn delivered(app: &App, feed: &Feed, sha256: &str) -> anyhow::Result<Delivered> {
    let mut files = Vec::new();
    for file in receive::by_content(&app.db, feed, sha256).await? {
        files.push(standing_of(app, file).await?);
    }
    let href = format!("/api/v1/feeds/{}/files/{sha256}", feed.name);
    Ok(Delivered { feed: feed.name.clone(), sha256: sha256.to_owned(), files, href })
}

async fn standing_of(app: &App, file: FeedFile) -> anyhow::Result<Standing> {
    Ok(Standing {
        status: match (&file.refused, file.completed_at) {
            _ if file.withdrawn_at.is_some() => "withdrawn",
            (Some(_), _) => "refused",
            (None, Some(_)) => "taken",
            (None, None) => "accepted",
        },
        counts: serde_json::from_str(&file.counts)?,
        waiting: quarantine::waiting(&app.db, file.id).await?,
        file: file.name,
        sha256: file.sha256,
        refused: file.refused,
    })
}

/// The feed that the request's token opens. Whoever has no token for it cannot tell whether there
/// is such a feed.
async fn authorised(app: &App, name: &str, token: &Token) -> Result<Feed, Refusal> {
    let no = || {
        let detail = format!(
            "send `Authorization: Bearer {}…` with a token that is good for this feed; \
             `todoke token add --feed {name}` makes one",
            tokens::PREFIX
        );
        let title = "No token for this feed";
        Refusal::Problem(Problem::of(StatusCode::UNAUTHORIZED, title, detail))
    };
    if token.scope != Scope::Feed(name.to_owned()) {
        return Err(no());
    }
    feeds::by_name(&app.db, name).await.context("feeds")?.ok_or_else(no)
}

fn bad(detail: &str) -> Refusal {
    let title = "The request is not understood";
    Refusal::Problem(Problem::of(StatusCode::BAD_REQUEST, title, detail))
}

fn faulty(fault: &anyhow::Error) -> Response {
    tracing::error!("a file could not be taken over: {fault:#}");
    if room::is_full(fault) {
        let detail = "send it again once the centre has made room; what is in already goes in once";
        let status = StatusCode::INSUFFICIENT_STORAGE;
        return Problem::of(status, "There is no room for it", detail).into_response();
    }
    let detail = "this is our fault; send it again later";
    Problem::of(StatusCode::INTERNAL_SERVER_ERROR, "It did not work", detail).into_response()
}

/// The SHA-256 that the sender announces, in hexadecimal digits (RFC 9530).
fn digest(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("content-digest")?.to_str().ok()?;
    let member = value.split(',').find_map(|one| one.trim().strip_prefix("sha-256=:"))?;
    let bytes = STANDARD.decode(member.strip_suffix(':')?).ok()?;
    (bytes.len() == 32).then(|| to_hex(&bytes))
}
