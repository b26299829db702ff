//! `/admin/audit`: the log for the auditor, filtered, page by page, and as a file.

use askama::Template;
use axum::{
    body::Body,
    extract::{Query, State},
    http::{HeaderValue, StatusCode, header},
    response::IntoResponse as _,
};
use serde::Deserialize;

use super::{
    export::Parts,
    list::{self, Filter, Noted},
};
use crate::{
    access::{doors::Door, keys::KeysRefused, roles::Act},
    app::App,
    time::Moment,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        routes::{Routes, Signed},
    },
};

/// Leaves of a page.
const LEAVES: i64 = 50;

/// What the auditor reads.
pub fn routes() -> Routes {
    let reads = Door::May(Act::ReadAudit);
    Routes::new().get("/admin/audit", reads, all).get("/admin/audit/export", reads, file)
}

/// Which leaves are asked for; what is empty asks for nothing.
#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    by: String,
    #[serde(default)]
    act: String,
    #[serde(default)]
    isp: String,
    #[serde(default)]
    since: String,
    /// The number of the leaf behind which the page begins; whatever is none is the latest.
    #[serde(default)]
    before: String,
}

#[derive(Template)]
#[template(path = "audit/log.html")]
struct Log {
    page: Page,
    asked: Asked,
    leaves: Vec<Noted>,
    /// The query of the next page, if there is one.
    next: Option<String>,
    errors: Errors,
}

/// `/admin/audit`
async fn all(State(app): State<App>, signed: Signed, Query(asked): Query<Asked>) -> PageResult {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let since = given(&asked.since).map(|day| Moment::parse_day(&day));
    if matches!(since, Some(Err(_))) {
        // What is not understood asks for nothing; all leaves would be no answer to it.
        return refused(signed, asked);
    }
    let filter = Filter {
        by: given(&asked.by),
        act: given(&asked.act),
        isp: given(&asked.isp),
        since: since.and_then(Result::ok),
        before: asked.before.parse().ok(),
    };
    let mut leaves = list::latest(&app.db, &filter, LEAVES + 1).await?;
    let more = leaves.len() > usize::try_from(LEAVES)?;
    leaves.truncate(usize::try_from(LEAVES)?);
    let next = match leaves.last().filter(|_| more) {
        Some(last) => Some(query(&asked, last.no)?),
        None => None,
    };
    show(&Log { page: signed.page, asked, leaves, next, errors: Errors::none() })
}

/// The form with what was typed, and no leaf.
fn refused(signed: Signed, asked: Asked) -> PageResult {
    let errors = Errors::of("since", signed.page.t("audit-since-error"));
    let page = signed.page.refused();
    let log = Log { page, asked, leaves: Vec::new(), next: None, errors };
    show_as(StatusCode::UNPROCESSABLE_ENTITY, &log)
}

fn query(asked: &Asked, before: i64) -> anyhow::Result<String> {
    let before = before.to_string();
    let all = [
        ("by", &asked.by),
        ("act", &asked.act),
        ("isp", &asked.isp),
        ("since", &asked.since),
        ("before", &before),
    ];
    let given: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    Ok(serde_urlencoded::to_string(given)?)
}

/// `/admin/audit/export`: the whole log as `todoke audit export` writes it.
async fn file(State(app): State<App>, signed: Signed) -> PageResult {
    let parts = Parts::of(&app).await;
    if let Err(why) = &parts
        && why.is::<KeysRefused>()
    {
        tracing::error!("the audit log cannot be exported: {why}");
        let errors = Errors::of("export", signed.page.t("audit-no-key"));
        let page = signed.page.refused();
        let asked = Asked::default();
        let log = Log { page, asked, leaves: Vec::new(), next: None, errors };
        return show_as(StatusCode::SERVICE_UNAVAILABLE, &log);
    }
    let parts = Some(parts?);
    let pieces = futures::stream::unfold(parts, |parts| async move {
        let mut parts = parts?;
        match parts.next().await {
            Ok(text) => Some((Ok(text?), Some(parts))),
            // What breaks off is no export, and its reader says so.
            Err(fault) => Some((Err(fault), None)),
        }
    });
    let mut answer = Body::from_stream(pieces).into_response();
    let set = answer.headers_mut();
    set.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    let name = HeaderValue::from_static("attachment; filename=\"audit.jsonl\"");
    set.insert(header::CONTENT_DISPOSITION, name);
    Ok(answer)
}
