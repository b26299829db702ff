//! Pages by which a provider keeps its own entry (事業者の自己管理): networks, buildings, contacts,
//! keys, settings.

mod buildings;
mod contacts;
pub(crate) mod keys;
mod networks;
mod settings;

use axum::response::Response;

use crate::{
    access::{doors::Door, roles::Act},
    isps::{
        LeasePolicy,
        claims::{Claim, Subject},
        settings::{Field, Proposal},
    },
    time::Moment,
    web::{
        form::Errors,
        page::Page,
        routes::{OfficeRoutes, Signed},
    },
};

const DOOR: Door = Door::Provider(Act::ManageProvider);

/// The routes of this stage for providers.
pub fn office_routes() -> OfficeRoutes {
    OfficeRoutes::new()
        .get("/isp/networks", DOOR, networks::all)
        .post("/isp/networks", DOOR, networks::ask)
        .post("/isp/networks/withdraw", DOOR, networks::withdraw)
        .get("/isp/buildings", DOOR, buildings::all)
        .upload(("/isp/buildings", Some(buildings::FILE_MAX)), DOOR, buildings::check)
        .upload(("/isp/buildings/confirm", Some(buildings::FILE_MAX)), DOOR, buildings::confirm)
        .get("/isp/buildings/file.csv", DOOR, buildings::file)
        .get("/isp/buildings/one", DOOR, buildings::one)
        .post("/isp/buildings/one", DOOR, buildings::say)
        .get("/isp/contacts", DOOR, contacts::all)
        .post("/isp/contacts", DOOR, contacts::add)
        .post("/isp/contacts/{id}", DOOR, contacts::change)
        .get("/isp/keys", DOOR, keys::all)
        .upload(("/isp/keys", Some(keys::FILE_MAX)), DOOR, keys::check)
        .upload(("/isp/keys/confirm", Some(keys::FILE_MAX)), DOOR, keys::confirm)
        .get("/isp/keys/{fingerprint}", DOOR, keys::one)
        .post("/isp/keys/{fingerprint}", DOOR, keys::remove)
        .get("/isp/settings", DOOR, settings::all)
        .post("/isp/settings", DOOR, settings::propose)
        .post("/isp/settings/withdraw", DOOR, settings::withdraw)
}

/// The beginning and the end of a time, as days in Japan where they are midnights.
pub(crate) fn times(page: &Page, from: Moment, to: Option<Moment>) -> String {
    let day = |at: Moment| {
        let clock = page.clock(&at);
        clock.strip_suffix(" 00:00").map_or(clock.clone(), str::to_owned)
    };
    let from = if from == Moment(i64::MIN) { page.t("register-ever") } else { day(from) };
    let to = to.map_or_else(|| page.t("register-open"), day);
    page.with_all("register-times", &[("from", &from), ("to", &to)])
}

/// What a claim is about, in a few words.
pub(crate) fn subject(page: &Page, claim: &Claim) -> String {
    match &claim.asked.subject {
        Subject::Asn(asn) => format!("AS{asn}"),
        Subject::Prefix { prefix, kind, .. } => {
            format!("{prefix} ({})", page.t_of("register-kind", kind.word()))
        }
    }
}

/// What a provider proposed, in words where the wire has a word of its own.
pub(crate) fn proposed(page: &Page, one: &Proposal) -> String {
    said(page, one.field, &one.value)
}

/// The same of what stands.
fn said(page: &Page, field: Field, value: &str) -> String {
    let policy = (field == Field::LeasePolicy).then(|| value.parse()).and_then(Result::ok);
    match policy {
        None => value.to_owned(),
        Some(LeasePolicy::Static) => page.t("lease-static"),
        Some(LeasePolicy::Sticky(days)) => page.with("lease-sticky", "n", days),
        Some(LeasePolicy::Dynamic(days)) => page.with("lease-dynamic", "n", days),
    }
}

/// Why nothing was taken back: it was before, or somebody at the centre decided first.
pub(crate) fn over(page: &Page) -> Errors {
    Errors::meanwhile("main", page.t("register-withdraw-over"))
}

/// Back to a page after its form was taken.
fn onwards(signed: &Signed, to: &str) -> Response {
    signed.page.onwards(&format!("{to}#main"))
}
