//! Pages of providers, `/isp…`, and the board of the office that supports them, `/admin/isps`.

mod board;
mod lines;
mod overview;
mod report;

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};

use crate::{
    access::{doors::Door, roles::Act},
    web::routes::{OfficeRoutes, Routes},
};

/// A file as base64 in a form, and what stands around it.
const FORM_MAX: usize = 48 << 20;

/// The pages of providers.
pub fn office_routes() -> OfficeRoutes {
    let sees = Door::Provider(Act::SeeLines);
    let reports = Door::Provider(Act::ReportBack);
    OfficeRoutes::new()
        .get("/isp", sees, overview::waiting)
        .get("/isp/lines", sees, lines::page)
        .get("/isp/lines/{list}/{record}", sees, lines::one)
        .get("/isp/downloads", sees, overview::downloads)
        .get("/isp/report", reports, report::form)
        .upload(("/isp/report", Some(FORM_MAX)), reports, report::check)
        .upload(("/isp/report/confirm", Some(FORM_MAX)), reports, report::confirm)
        .upload(("/isp/report/errors", Some(FORM_MAX)), reports, report::errors)
        .get("/isp/receipts/{number}", reports, report::receipt)
}

/// The pages of the office that supports providers.
pub fn routes() -> Routes {
    Routes::new().get("/admin/isps", Door::May(Act::SeeOffice), board::show).post(
        "/admin/isps/reminded",
        Door::May(Act::WorkOffice),
        board::reminded,
    )
}

/// 404, which gets its page further out.
fn not_found() -> Response {
    StatusCode::NOT_FOUND.into_response()
}
