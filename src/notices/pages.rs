//! Pages of providers, `/isp…`, of the office that supports them, `/admin/isps` and its neighbours,
//! and of whoever writes what notices say, `/admin/wordings`; and `/api/v1/` and `/taxii2/`: what
//! machines of providers ask for, and hand in; no page, no cookie.
//!
//! A token opens the lists of one provider. Whatever belongs to another one is not there for it.

mod apartments;
mod board;
mod campaigns;
mod delivery;
mod delivery_words;
mod downloads;
mod inside;
mod kit;
mod line_notice;
mod line_report;
mod lines;
mod lists;
mod machine;
mod overview;
mod receipts;
mod report;
mod report_back;
mod resellers;
mod said;
mod taxii;
mod taxii_words;
mod whom;
mod wording_draft;
mod wording_words;
mod wordings;

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use utoipa::OpenApi as _;

pub use taxii_words::spoken as in_taxii;

use crate::{
    access::{doors::Door, roles::Act},
    web::routes::{OfficeRoutes, Routes},
};

/// A file as base64 in a form, and what stands around it.
const FORM_MAX: usize = 48 << 20;

/// Texts of a campaign in two languages, escaped as forms are.
const DRAFT_MAX: usize = 512 << 10;

/// What a campaign says in one more language.
const IN_LANGUAGE: &str = "/admin/campaigns/{name}/draft/{language}";

/// The pages of providers.
pub fn office_routes() -> OfficeRoutes {
    let sees = Door::Provider(Act::SeeLines);
    let reports = Door::Provider(Act::ReportBack);
    let answers = Door::Provider(Act::ManageProvider);
    let keeps = Door::Provider(Act::ManageProvider);
    OfficeRoutes::new()
        .get("/isp", sees, overview::waiting)
        .get("/isp/lines", sees, lines::page)
        .post("/isp/lines/export", sees, lines::take)
        .get("/isp/lines/{list}/{record}", sees, lines::one)
        .get("/isp/lines/{list}/{record}/report", reports, line_report::form)
        .post("/isp/lines/{list}/{record}/report", reports, line_report::check)
        .post("/isp/lines/{list}/{record}/report/confirm", reports, line_report::confirm)
        .post("/isp/lines/{list}/{record}/notice", sees, line_notice::make)
        .get("/isp/kit", sees, kit::all)
        .get("/isp/kit/{kind}/{language}", sees, kit::one)
        .post("/isp/kit/{kind}/{language}", sees, kit::hand_out)
        .get("/isp/kit/{kind}/{language}/sample.pdf", sees, kit::sample)
        .get("/isp/downloads", sees, downloads::all)
        .get("/isp/downloads/{list}", sees, downloads::one)
        .post("/isp/downloads/{list}", sees, downloads::take)
        .get("/isp/delivery", keeps, delivery::show_now)
        .post("/isp/delivery", keeps, delivery::check)
        .post("/isp/delivery/confirm", keeps, delivery::confirm)
        .get("/isp/delivery/receipt", keeps, delivery::receipt)
        .get("/isp/resellers", keeps, resellers::own)
        .post("/isp/resellers", keeps, resellers::ask)
        .post("/isp/resellers/withdraw", keeps, resellers::withdraw)
        .get("/isp/report", reports, report::form)
        .upload(("/isp/report", Some(FORM_MAX)), reports, report::check)
        .upload(("/isp/report/confirm", Some(FORM_MAX)), reports, report::confirm)
        .upload(("/isp/report/errors", Some(FORM_MAX)), reports, report::errors)
        .get("/isp/receipts/{number}", reports, receipts::one)
        .get("/isp/receipts/{number}/errors.csv", reports, receipts::errors)
        .get("/isp/campaigns", sees, campaigns::offered)
        .get("/isp/campaigns/{name}", sees, campaigns::offer)
        .post("/isp/campaigns/{name}/check", answers, campaigns::check)
        .post("/isp/campaigns/{name}", answers, campaigns::answer)
        .get("/isp/campaigns/{name}/receipt", sees, campaigns::receipt)
}

/// The pages of the office that supports providers, and of whoever writes what notices say.
pub fn routes() -> Routes {
    let (sees, works) = (Door::May(Act::SeeOffice), Door::May(Act::WorkOffice));
    Routes::new()
        .get("/admin/isps", sees, board::all)
        .get("/admin/isps/file.csv", sees, board::file)
        .get("/admin/isps/one", sees, board::one)
        .post("/admin/isps/again", works, board::again)
        .post("/admin/isps/reminded", works, board::reminded)
        .post("/admin/isps/reminded/back", works, board::take_back)
        .get("/admin/isps/{isp}/contacts", works, whom::show_contacts)
        .get("/admin/apartments", sees, apartments::queue)
        .get("/admin/apartments/{id}", sees, apartments::one)
        .post("/admin/apartments/{id}", works, apartments::say)
        .get("/admin/resellers", sees, resellers::all)
        .post("/admin/resellers", works, resellers::propose)
        .merge(wording_routes())
        .merge(campaign_routes())
}

fn wording_routes() -> Routes {
    let sees = Door::May(Act::SeeWordings);
    let drafts = Door::May(Act::DraftWording);
    let approves = Door::May(Act::ApproveWording);
    Routes::new()
        .get("/admin/wordings", sees, wordings::all)
        .get("/admin/wordings/{kind}/{language}", sees, wordings::one)
        .get("/admin/wordings/{kind}/{language}/sample.pdf", sees, wordings::sample)
        .get("/admin/wordings/{kind}/{language}/draft", drafts, wording_draft::form)
        .post("/admin/wordings/{kind}/{language}/draft", drafts, wording_draft::write)
        .post("/admin/wordings/{kind}/{language}/withdraw", drafts, wordings::retire)
        .post("/admin/wordings/{kind}/{language}/approve", approves, wordings::approve)
        .post("/admin/wordings/{kind}/{language}/retire", approves, wordings::retire)
}

fn campaign_routes() -> Routes {
    let (sees, runs) = (Door::May(Act::SeeCampaigns), Door::May(Act::RunCampaigns));
    let (writes, approves) = (Door::May(Act::DraftWording), Door::May(Act::ApproveCampaign));
    Routes::new()
        .get("/admin/campaigns", sees, campaigns::all)
        .get("/admin/new-campaign", runs, campaigns::new)
        .upload(("/admin/new-campaign", Some(DRAFT_MAX)), runs, campaigns::create)
        .get("/admin/campaigns/{name}", sees, campaigns::one)
        .get("/admin/campaigns/{name}/figures.csv", sees, campaigns::csv)
        .get("/admin/campaigns/{name}/draft", runs, campaigns::change)
        .upload(("/admin/campaigns/{name}/draft", Some(DRAFT_MAX)), runs, campaigns::say)
        .get(IN_LANGUAGE, writes, campaigns::write)
        .upload((IN_LANGUAGE, Some(DRAFT_MAX)), writes, campaigns::keep)
        .post("/admin/campaigns/{name}/decide", approves, campaigns::decide)
        .post("/admin/campaigns/{name}/run", runs, campaigns::run)
}

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

/// 404, which gets its page further out.
fn not_found() -> Response {
    StatusCode::NOT_FOUND.into_response()
}
