//! `/api/v1/` and `/taxii2/`: what machines of providers ask for, and hand in; no page, no cookie.
//!
//! A token opens the lists of one provider. Whatever belongs to another one is not there for it.

mod inside;
mod lists;
mod machine;
mod report_back;
mod taxii;
mod taxii_words;

use utoipa::OpenApi as _;

use crate::{access::doors::Door, web::routes::OfficeRoutes};

/// The addresses of machines of providers.
pub fn machine_routes() -> OfficeRoutes {
    let door = Door::ProviderToken;
    OfficeRoutes::new()
        .get("/api/v1/lists", door, lists::all)
        .get("/api/v1/lists/{list_id}", door, lists::one)
        .get("/api/v1/report/{name}", door, inside::ask)
        .upload(("/api/v1/report-back", Some(report_back::BODY_MAX)), door, report_back::take)
        .get("/taxii2/", door, taxii::discovery)
        .get("/taxii2/lists/", door, taxii::root)
        .get("/taxii2/lists/status/{id}/", door, taxii::status)
        .get("/taxii2/lists/collections/", door, taxii::collections)
        .get("/taxii2/lists/collections/{id}/", door, taxii::collection)
        .get("/taxii2/lists/collections/{id}/manifest/", door, taxii::manifest)
        .get("/taxii2/lists/collections/{id}/objects/", door, taxii::objects)
        .post("/taxii2/lists/collections/{id}/objects/", door, taxii::no_write)
        .get("/taxii2/lists/collections/{id}/objects/{object}/", door, taxii::object)
        .get("/taxii2/lists/collections/{id}/objects/{object}/versions/", door, taxii::versions)
        .get("/taxii2/{*path}", door, taxii::unknown)
}

/// These addresses, described for machines.
pub fn described() -> utoipa::openapi::OpenApi {
    Described::openapi()
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(lists::all, lists::one, inside::ask, report_back::take))]
struct Described;
