//! Entry (入口): from what a person typed to a visit of one case.

use std::net::IpAddr;

use super::{
    VISIT_HOURS, Visit,
    budget::{self, Admission},
    store,
};
use crate::{
    app::App,
    cases::inquiry_id::{self, InquiryId, NotAnInquiryId},
    ids::VisitId,
    time::Moment,
    web::session,
};

/// What came of an ID that was typed.
#[derive(Debug)]
pub enum Entered {
    /// It leads to a case; this secret goes into the cookie.
    Opened(String),
    /// It is no ID, for a reason that anybody could compute.
    NotAnId(NotAnInquiryId),
    /// No such ID, or one that has ended, or one withdrawn: the same answer for all.
    Unknown,
    /// Too many wrong ones lately: not before then, or call.
    NotBefore(Moment),
}

/// Looks up what was typed and opens a visit.
///
/// A length or a check digit that is wrong costs no budget: it tells nothing about any case.
pub async fn open(app: &App, typed: &str, from: IpAddr) -> anyhow::Result<Entered> {
    let id = match InquiryId::parse(typed) {
        Ok(id) => id,
        Err(reason) => return Ok(Entered::NotAnId(reason)),
    };
    let reservation = match budget::reserve(app, from).await? {
        Admission::Reserved(reservation) => reservation,
        Admission::NotBefore(at) => return Ok(Entered::NotBefore(at)),
    };
    let Some(case) = inquiry_id::look_up(app, &id).await? else { return Ok(Entered::Unknown) };
    budget::refund(app, &reservation).await?;
    let now = app.now();
    let secret = session::fresh_secret(app);
    let visit = Visit {
        id: VisitId(app.fresh_id()),
        case,
        opened_at: now,
        seen_at: now,
        ends_at: Moment(now.0 + VISIT_HOURS * 3_600_000_000),
    };
    store::insert_visit(&app.db, &visit, &session::tag(&secret)).await?;
    Ok(Entered::Opened(secret))
}

/// The visit a cookie belongs to, if it still runs; each request makes it last longer.
pub async fn resume(app: &App, secret: &str) -> anyhow::Result<Option<Visit>> {
    /// A visit that was seen within this is not written again.
    const FRESH: i64 = 30_000_000;
    let now = app.now();
    let Some(visit) = store::visit(&app.db, &session::tag(secret)).await? else { return Ok(None) };
    if !visit.is_open(now) {
        return Ok(None);
    }
    if now.0 - visit.seen_at.0 > FRESH {
        store::touch_visit(&app.db, visit.id, now).await?;
    }
    Ok(Some(visit))
}

/// Ends a visit.
pub async fn leave(app: &App, secret: &str) -> anyhow::Result<()> {
    store::end_visit(&app.db, &session::tag(secret), app.now()).await?;
    Ok(())
}
