//! Answers (注意喚起状況報告): what an invented ISP does with a list, and what it reports.
//!
//! The ISP looks an address up in its connection logs at the time of the detection, finds the line,
//! and draws an arm for it once and for all. Whom it tells is told once; a later list that names
//! the same line is answered by the same token and `ALREADY_NOTIFIED`. Owns no table.

use formats::{
    Severity,
    isp_list::{Action, Line as Listed},
    report_back::{
        Channel, DeliveryResult, Identified, Placement, ReasonCode, Recipient, Report, State,
    },
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::{Rng as _, RngExt as _};
use rand_chacha::ChaCha20Rng;
use sha2::Sha256;

use super::{
    Country, HOUR,
    chance::{Purpose, coin, later},
    people::Heard,
    providers::{self, Declared, PROVIDERS},
    truth::Arm,
};
use crate::time::{DAY, Moment};

/// The epoch of the ISPs' keys, one for the fiscal year.
pub const TOKEN_EPOCH: &str = "2025";

/// Days from a list to the report on it, less an hour: the report lies there in the morning.
const REPORT_AFTER: i64 = 7 * DAY - HOUR;

/// Shares of lines whose log is gone, and of addresses that a reseller's customer turns out to use.
const LOG_EXPIRED: f64 = 0.05;
const NOT_OUR_CUSTOMER: f64 = 0.03;

/// Share of the lines in apartment houses whose device serves the whole building.
const SHARED_DEVICE: f64 = 0.3;

/// What an ISP decided about a line when it first found it on a list (決定).
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The list.
    pub(super) list_id: String,
    /// When it came.
    pub(super) at: Moment,
    /// The arm drawn; nothing for a line that no lot was drawn for, since it must be told.
    pub(super) arm: Option<Arm>,
    /// How it is told.
    pub(super) way: Arm,
    /// Whether that arrives.
    pub(super) reached: bool,
}

/// Why the ISP cannot tell whose a line is; drawn once per line.
pub(super) fn unidentified(rng: &mut ChaCha20Rng, apartment: bool) -> Option<ReasonCode> {
    let (shared, share): (f64, f64) = (rng.random(), rng.random());
    if apartment && shared < SHARED_DEVICE {
        return Some(ReasonCode::ApartmentSharedDevice);
    }
    match share {
        share if share < LOG_EXPIRED => Some(ReasonCode::LogExpired),
        share if share < LOG_EXPIRED + NOT_OUR_CUSTOMER => Some(ReasonCode::NotOurCustomer),
        _ => None,
    }
}

impl Country {
    /// The ISP gets a list: it tells subscribers from now on, and reports in a week.
    ///
    /// The report comes out of [`Country::reports_due`]. An ISP that never reports does nothing.
    pub fn answer(&mut self, isp_code: &str, lines: &[Listed], listed_at: Moment) {
        let Some(isp) = providers::place(isp_code) else { return };
        self.follow(lines, PROVIDERS[isp].lease, listed_at);
        if !PROVIDERS[isp].reports {
            return;
        }
        for listed in lines.iter().filter(|listed| listed.action != Action::Withdrawn) {
            let report = self.report(isp, listed, listed_at);
            let due = Moment(listed_at.0 + REPORT_AFTER);
            let key = (due, isp, listed.list_id.clone());
            let entry = self.reports.entry(key);
            entry.or_insert_with(|| (PROVIDERS[isp].code, Vec::new())).1.push(report);
        }
    }

    /// The reports that have come by `at` and were not handed out yet: ISP, list, rows.
    pub fn reports_due(&mut self, at: Moment) -> Vec<(&'static str, String, Vec<Report>)> {
        let mut due = Vec::new();
        while let Some(first) = self.reports.first_entry().filter(|first| first.key().0 <= at) {
            let ((_, _, list_id), (code, reports)) = first.remove_entry();
            due.push((code, list_id, reports));
        }
        due
    }

    /// What `isp` does about one line of a list, and what it will say.
    fn report(&mut self, isp: usize, listed: &Listed, at: Moment) -> Report {
        let found = self.addresses.holder(listed.ip, Moment(listed.detected_at));
        let Some(no) = found.filter(|no| self.lines[*no].isp == isp) else {
            return not_identified(listed, at, ReasonCode::NotOurCustomer);
        };
        if let Some(reason) = self.lines[no].unidentified {
            return not_identified(listed, at, reason);
        }
        if self.lines[no].entry.is_none() {
            let entry = self.decide(no, listed, at);
            if entry.reached {
                self.tell(no, &entry, listed);
            }
            self.lines[no].entry = Some(entry);
        }
        self.reported(no, listed, at)
    }

    /// Draws how `no` is told.
    fn decide(&self, no: usize, listed: &Listed, at: Moment) -> Entry {
        let mut rng = self.chance.stream(Purpose::Answer, no);
        let drawn = Arm::ALL[rng.random_range(0..Arm::ALL.len())];
        let critical = listed.severity == Some(Severity::Critical)
            || self.lines[no].device.severity() == Severity::Critical;
        let way = if critical { Arm::Phone } else { drawn };
        let reached = coin(&mut rng, way.reached());
        let arm = (!critical).then_some(drawn);
        Entry { list_id: listed.list_id.clone(), at, arm, way, reached }
    }

    /// The subscriber of `no` hears of it, which changes what lies ahead.
    fn tell(&mut self, no: usize, entry: &Entry, listed: &Listed) {
        let at = later(entry.at, entry.way.heard_after_days());
        let mut rng = self.chance.stream(Purpose::Person, no);
        let acted = self.lines[no].fate.hear(at, entry.way, &mut rng);
        self.plan_acts(no, Heard { way: entry.way, at, acted }, listed);
    }

    /// The row about an identified line.
    fn reported(&self, no: usize, listed: &Listed, at: Moment) -> Report {
        let line = &self.lines[no];
        let Some(entry) = &line.entry else {
            return not_identified(listed, at, ReasonCode::Pending);
        };
        let apartment = PROVIDERS[line.isp].blocks[line.block].declared == Declared::Apartments;
        let report = Report {
            identified: Some(Identified::Yes),
            placement: apartment.then_some(Placement::Private),
            line_token: Some(self.token(no)),
            token_epoch: Some(TOKEN_EPOCH.to_owned()),
            arm: entry.arm.map(|arm| arm.word().to_owned()),
            ..blank(listed, at, State::NotNotified)
        };
        let because = |reason| Report { reason_code: Some(reason), ..report.clone() };
        let Some(channel) = channel(entry.way) else {
            return because(ReasonCode::SuppressedByTrialArm);
        };
        let first = entry.list_id == listed.list_id;
        let tried = Report {
            notice_channel: Some(channel),
            notice_at: Some(later(entry.at, entry.way.sent_after_days()).0),
            notice_is_day: false,
            template_version: Some("2025-04".to_owned()),
            recipient: Some(if apartment { Recipient::Tenant } else { Recipient::Subscriber }),
            ..report.clone()
        };
        match (first, entry.reached) {
            (true, true) => Report {
                state: State::Notified,
                delivery_result: Some(delivered(entry.way)),
                ..tried
            },
            (true, false) if entry.way == Arm::Phone => because(ReasonCode::NoContact),
            (true, false) => Report {
                reason_code: Some(ReasonCode::Bounced),
                delivery_result: Some(came_back(entry.way)),
                ..tried
            },
            (false, true) => because(ReasonCode::AlreadyNotified),
            (false, false) => because(ReasonCode::NoContact),
        }
    }

    /// The token of a line (回線トークン): HMAC-SHA-256 under a key that only its ISP has.
    fn token(&self, no: usize) -> [u8; 32] {
        let mut secret = [0; 32];
        let isp = self.lines[no].isp;
        self.chance.stream(Purpose::Secret, isp).fill_bytes(&mut secret);
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&secret).expect("a key may have any length (RFC 2104)");
        mac.update(format!("{TOKEN_EPOCH}/line/{no}").as_bytes());
        mac.finalize().into_bytes().into()
    }
}

fn channel(way: Arm) -> Option<Channel> {
    match way {
        Arm::Wait => None,
        Arm::Email => Some(Channel::Email),
        Arm::Post => Some(Channel::Post),
        Arm::Phone => Some(Channel::Phone),
    }
}

/// A letter that does not come back is thought to have arrived; nobody knows.
fn delivered(way: Arm) -> DeliveryResult {
    if way == Arm::Post { DeliveryResult::Unknown } else { DeliveryResult::Delivered }
}

fn came_back(way: Arm) -> DeliveryResult {
    if way == Arm::Post { DeliveryResult::Returned } else { DeliveryResult::Bounced }
}

/// The row about a line whose subscriber is told nothing, for that reason.
pub(super) fn untold(listed: &Listed, at: Moment, reason: ReasonCode) -> Report {
    Report { identified: None, ..not_identified(listed, at, reason) }
}

fn not_identified(listed: &Listed, at: Moment, reason: ReasonCode) -> Report {
    let shared = reason == ReasonCode::ApartmentSharedDevice;
    Report {
        identified: Some(Identified::No),
        reason_code: Some(reason),
        placement: shared.then_some(Placement::Shared),
        ..blank(listed, at, State::NotNotified)
    }
}

/// A row about a line that says nothing yet but how it stands.
pub(super) fn blank(listed: &Listed, at: Moment, state: State) -> Report {
    Report {
        line: 0,
        list_id: listed.list_id.clone(),
        record_no: listed.record_no,
        inquiry_id: None,
        reported_at: at.0 + REPORT_AFTER,
        state,
        identified: None,
        reason_code: None,
        notice_channel: None,
        notice_at: None,
        notice_is_day: false,
        delivery_result: None,
        template_version: None,
        recipient: None,
        placement: None,
        line_token: None,
        token_epoch: None,
        arm: None,
        note: None,
    }
}
