//! `/taxii2/`: a TAXII 2.1 server for each provider, with one collection to read.
//!
//! Which provider it is, the token says: all of them ask at the same addresses, and the collection
//! of another one is not there.

use axum::{
    extract::{Path, RawQuery},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::taxii_words::{STIX, Wrong, answer, filter, is_acceptable, micro, paged, version};
use crate::{access::tenancy::Tenant, notices::collection};

/// What a handler answers.
type Answer = Result<Response, Wrong>;

/// The other name of every collection.
const ALIAS: &str = "lists";

/// Whoever takes our media type asks for its own collection.
fn is_readers(tenant: &Tenant, headers: &HeaderMap, id: &str) -> Result<(), Wrong> {
    is_acceptable(headers)?;
    let is_own = id == ALIAS || id.eq_ignore_ascii_case(&collection_id(tenant));
    if is_own { Ok(()) } else { Err(Wrong::not_found()) }
}

/// The id of a provider's collection, the same each time.
fn collection_id(tenant: &Tenant) -> String {
    Uuid::new_v5(&tenant.isp().0, b"taxii collection").to_string()
}

fn described(tenant: &Tenant) -> Value {
    json!({
        "id": collection_id(tenant), "title": format!("Lists of {}", tenant.code()),
        "description": "Detections on your network, and the inquiry IDs to warn subscribers with",
        "alias": ALIAS, "can_read": true, "can_write": false, "media_types": [STIX],
    })
}

pub(super) async fn discovery(tenant: Tenant, headers: HeaderMap) -> Answer {
    is_acceptable(&headers)?;
    let centre = tenant.centre();
    Ok(answer(&json!({
        "title": centre.name_en, "contact": format!("abuse@{}", centre.domain),
        "default": "/taxii2/lists/", "api_roots": ["/taxii2/lists/"],
    })))
}

pub(super) async fn root(headers: HeaderMap) -> Answer {
    is_acceptable(&headers)?;
    Ok(answer(&json!({
        "title": "Lists for providers", "versions": ["application/taxii+json;version=2.1"],
        "max_content_length": 65536,
    })))
}

/// Nothing is handed in here, so that there is no state of anything.
pub(super) async fn status(headers: HeaderMap) -> Answer {
    is_acceptable(&headers)?;
    Err(Wrong::not_found())
}

pub(super) async fn collections(tenant: Tenant, headers: HeaderMap) -> Answer {
    is_acceptable(&headers)?;
    Ok(answer(&json!({ "collections": [described(&tenant)] })))
}

pub(super) async fn collection(
    tenant: Tenant,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    is_readers(&tenant, &headers, &id)?;
    Ok(answer(&described(&tenant)))
}

pub(super) async fn manifest(
    tenant: Tenant,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    is_readers(&tenant, &headers, &id)?;
    let page = collection::manifest(&tenant, &filter(query.as_deref(), None)?).await?;
    let record = |entry: &collection::Entry| {
        json!({
            "id": entry.object_id, "date_added": micro(entry.added_at),
            "version": version(entry), "media_type": STIX,
        })
    };
    let records = page.entries.iter().map(record).collect();
    paged(&page, "objects", records)
}

pub(super) async fn objects(
    tenant: Tenant,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    is_readers(&tenant, &headers, &id)?;
    let (page, objects) = collection::objects(&tenant, &filter(query.as_deref(), None)?).await?;
    paged(&page, "objects", objects)
}

pub(super) async fn object(
    tenant: Tenant,
    Path((id, object)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    is_readers(&tenant, &headers, &id)?;
    let filter = filter(query.as_deref(), Some(&object))?;
    if !collection::holds(&tenant, &object).await? {
        return Err(Wrong::not_found());
    }
    let (page, objects) = collection::objects(&tenant, &filter).await?;
    paged(&page, "objects", objects)
}

pub(super) async fn versions(
    tenant: Tenant,
    Path((id, object)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    is_readers(&tenant, &headers, &id)?;
    let mut filter = filter(query.as_deref(), Some(&object))?;
    filter.versions = vec![collection::Which::All];
    if !collection::holds(&tenant, &object).await? {
        return Err(Wrong::not_found());
    }
    let page = collection::manifest(&tenant, &filter).await?;
    let versions = page.entries.iter().map(|entry| version(entry).into()).collect();
    paged(&page, "versions", versions)
}

/// Nobody writes here. What was sent is read to its end after the answer is made (`web::unread`),
/// so that a client goes on with the same connection.
pub(super) async fn no_write(tenant: Tenant, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    is_readers(&tenant, &headers, &id)?;
    let text = "the collection is to be read; report back at `/api/v1/report-back`";
    Err(Wrong::of(StatusCode::FORBIDDEN, "The collection takes no objects", text))
}

/// No such address.
pub(super) async fn unknown(headers: HeaderMap) -> Answer {
    is_acceptable(&headers)?;
    Err(Wrong::not_found())
}
