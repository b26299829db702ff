//! What goes together in a row (整合): which cells ask for others, and which exclude each other.

use super::{DeliveryResult, Identified, ReasonCode, Report, State};
use crate::Reason;
use crate::table::Fault;

/// Columns of free text: there a dash in front makes a formula as well.
const FREE: [&str; 6] = ["list_id", "inquiry_id", "template_version", "token_epoch", "arm", "note"];

/// Refuses a cell that a spreadsheet would take for a formula. One that [`crate::safe_csv::guard`]
/// wrote is none: its `'` stands in front.
pub(super) fn no_formula(column: &'static str, cell: &str) -> Result<(), Fault> {
    let front = cell.trim_start_matches([' ', '\u{3000}']);
    let is_formula = front.starts_with(['=', '+', '@', '\t', '\r', '＝', '＋', '＠'])
        || (FREE.contains(&column) && front.starts_with(['-', '－', '\u{2212}']));
    if is_formula { Err((column, Reason::Formula)) } else { Ok(()) }
}

/// The column at fault in a report that contradicts itself, and why.
///
/// A notice that came back was given all the same: whether it arrived is measured apart, so that
/// `notified` goes with `bounced`. Who found only that no way leads to the subscriber says
/// `not_notified` for `BOUNCED`.
pub(super) fn contradiction(report: &Report) -> Option<(&'static str, &'static str)> {
    if report.line_token.is_some() && report.token_epoch.is_none() {
        return Some(("token_epoch", "a line token needs the epoch of its key"));
    }
    match report.state {
        State::Notified => of_notified(report),
        State::NotNotified => of_not_notified(report),
        State::Pending | State::Forwarded => of_undecided(report),
    }
}

fn came_back(report: &Report) -> bool {
    matches!(report.delivery_result, Some(DeliveryResult::Bounced | DeliveryResult::Returned))
}

fn of_notified(report: &Report) -> Option<(&'static str, &'static str)> {
    if report.notice_channel.is_none() {
        return Some(("notice_channel", "notified needs a channel"));
    }
    if report.notice_at.is_none() {
        return Some(("notice_at", "notified needs the time of the notice"));
    }
    if report.identified == Some(Identified::No) {
        return Some(("identified", "who was notified was identified"));
    }
    match report.reason_code {
        None => None,
        Some(ReasonCode::Bounced) if came_back(report) => None,
        Some(_) => Some(("reason_code", "notified has no reason for not being notified")),
    }
}

fn of_not_notified(report: &Report) -> Option<(&'static str, &'static str)> {
    let Some(reason) = report.reason_code else {
        return Some(("reason_code", "not_notified needs a reason"));
    };
    let unidentified = matches!(
        reason,
        ReasonCode::LogExpired | ReasonCode::IpSharedNoPort | ReasonCode::NotOurCustomer
    );
    if unidentified && report.identified == Some(Identified::Yes) {
        return Some(("identified", "with this reason nobody was identified"));
    }
    if report.delivery_result == Some(DeliveryResult::Delivered)
        && reason != ReasonCode::AlreadyNotified
    {
        return Some(("delivery_result", "what was not sent is not delivered"));
    }
    let tried = matches!(
        reason,
        ReasonCode::Bounced
            | ReasonCode::NoContact
            | ReasonCode::AlreadyNotified
            | ReasonCode::CustomerRefused
    );
    if report.notice_at.is_some() && !tried {
        return Some(("notice_at", "not_notified for this reason has no time of a notice"));
    }
    None
}

fn of_undecided(report: &Report) -> Option<(&'static str, &'static str)> {
    if report.notice_at.is_some() {
        return Some(("notice_at", "a notice that went out is notified"));
    }
    match report.delivery_result {
        Some(DeliveryResult::Unknown) | None => None,
        Some(_) => Some(("delivery_result", "a notice that went out is notified")),
    }
}
