//! Lines of a provider (自社の明細): where each stands, page by page, and one with its history.
//!
//! A line stands as its latest report says; without one it is `no_report`, or `log_expired` once it
//! can be found no more (see [`clock`]), and one that was taken back is `withdrawn`. A page takes a
//! fixed number of queries, whatever the number of lines, and begins where the last one ended.
//! Whoever reads lines reads addresses: each page leaves a leaf in the audit log. Reads `cases`.

pub mod chosen;
mod told;

use std::net::IpAddr;

use formats::report_back::Report;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{
    apartments::{Own, Placed},
    chasing::{ListStanding, SOON_DAYS},
    clock::{self, Bounds, Clock, LOG_DAYS, URGENT_DAYS},
    dispatch::{Delivery, undelivered},
    line::LineBody,
    others,
    readable::Reader,
    report_back::body,
    store::{chasing, lines as store},
};
use crate::{
    access::tenancy::Tenant,
    audit::{self, Leaf},
    cases::{CaseRef, inquiry_id},
    db::Tx,
    ids::{CaseId, NoticeId},
    isps::log_terms,
    sightings::Spot,
    time::Moment,
};

/// Lines on a page.
pub const PAGE: i64 = 50;

/// How a line stands with its provider (対応状況).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[doc(alias = "対応状況")]
pub enum LineState {
    /// No report came.
    NoReport,
    /// No report came, and the line can be found no more.
    LogExpired,
    /// The subscriber was told.
    Notified,
    /// The subscriber was not told.
    NotNotified,
    /// The provider has not yet decided.
    Pending,
    /// The provider handed it on.
    Forwarded,
    /// The line was taken back.
    Withdrawn,
}

impl LineState {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NoReport,
        Self::LogExpired,
        Self::Notified,
        Self::NotNotified,
        Self::Pending,
        Self::Forwarded,
        Self::Withdrawn,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoReport => "no_report",
            Self::LogExpired => "log_expired",
            Self::Notified => "notified",
            Self::NotNotified => "not_notified",
            Self::Pending => "pending",
            Self::Forwarded => "forwarded",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// How a line stands, given its latest report and its clock.
    fn of(said: Option<&str>, clock: Clock, is_withdrawn: bool) -> Self {
        match said.and_then(Self::of_word) {
            _ if is_withdrawn => Self::Withdrawn,
            // Whoever is still at it finds nobody any more.
            None | Some(Self::Pending) if clock == Clock::Expired => Self::LogExpired,
            Some(said) => said,
            None => Self::NoReport,
        }
    }
}

/// Which lines are asked for (絞り込み).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// On that list.
    pub list_id: Option<String>,
    /// That stand so; without it, all but those taken back.
    pub state: Option<LineState>,
    /// That can still be found, but not for long, and for which no report says how it ended.
    pub is_urgent: bool,
    /// For which no report says how they ended, and when that is due.
    pub waits: Option<Waits>,
    /// Of that model.
    pub model: Option<String>,
    /// Seen at that moment or later.
    pub since: Option<Moment>,
}

/// Which lines that wait for a report are asked for (報告待ち).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "報告待ち")]
pub enum Waits {
    /// Those that can still be found.
    Open,
    /// Those of which the day to report by comes within [`SOON_DAYS`] days.
    Soon,
    /// Those of which it is over.
    Over,
}

impl Waits {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Soon, Self::Over];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Soon => "soon",
            Self::Over => "over",
        }
    }

    /// What that word names.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|waits| waits.word() == word)
    }

    /// From when on, and until before when, its lines are to be reported on.
    pub(in crate::notices) fn dates(self, now: Moment) -> (Moment, Moment) {
        let (first, last) = (Moment(i64::MIN), Moment(i64::MAX));
        match self {
            Self::Open => (first, last),
            Self::Soon => (now.midnight(), Moment(now.plus_days(SOON_DAYS).0 + 1)),
            Self::Over => (first, now.midnight()),
        }
    }
}

/// Where a page begins: behind that line (続きの位置).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    /// When the line was seen.
    pub seen_at: Moment,
    /// Its list.
    pub notice: NoticeId,
    /// Its number on it.
    pub record_no: i64,
}

impl After {
    /// As it stands in an address.
    pub fn text(&self) -> String {
        format!("{}.{}.{}", self.seen_at.0, self.notice, self.record_no)
    }

    /// Reads it back; whatever is none is the beginning.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let seen_at = Moment(parts.next()?.parse().ok()?);
        let notice = parts.next()?.parse().ok()?;
        Some(Self { seen_at, notice, record_no: parts.next()?.parse().ok()? })
    }
}

/// A line on a page (明細の一行).
#[derive(Clone, Debug)]
pub struct LineRow {
    /// The list.
    pub list_id: String,
    /// The number on it.
    pub record_no: i64,
    /// The case.
    pub case: CaseId,
    /// When it was seen.
    pub seen_at: Moment,
    /// The address.
    pub ip: Option<IpAddr>,
    /// The port.
    pub port: Option<u16>,
    /// The maker.
    pub maker: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// How grave it is.
    pub severity: String,
    /// Until when the provider is asked to report.
    pub report_by: Moment,
    /// How it stands.
    pub state: LineState,
    /// How its clock stands.
    pub clock: Clock,
    /// Days left to look it up; negative once it is over.
    pub days_left: i64,
    /// When the provider says so.
    pub reported_at: Option<Moment>,
    /// Why the subscriber was not told.
    pub reason_code: Option<String>,
}

/// A page of lines (明細の頁).
#[derive(Clone, Debug)]
pub struct LinePage {
    /// Its lines, seen first the first.
    pub lines: Vec<LineRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<After>,
}

/// A page of the provider's lines that pass the filter.
pub async fn page(
    tenant: &Tenant,
    filter: &Filter,
    after: Option<After>,
) -> anyhow::Result<LinePage> {
    others::look_through(tenant.app(), Some(tenant.isp())).await?;
    let reader = Reader::of(tenant.app(), tenant.isp()).await?;
    let mut tx = tenant.begin().await?;
    let log_days = log_terms::days(&mut tx, tenant.isp()).await?;
    let bounds = Bounds::at(tenant.now(), log_days);
    told::hold(tenant, &mut tx).await?;
    let mut found =
        store::page(&mut tx, tenant.isp(), (filter, &bounds, tenant.now()), (after, PAGE + 1))
            .await?;
    let is_more = found.len() > usize::try_from(PAGE)?;
    found.truncate(usize::try_from(PAGE)?);
    let next = found.last().filter(|_| is_more).map(|line| After {
        seen_at: line.seen_at,
        notice: line.notice_id,
        record_no: line.record_no,
    });
    let now = tenant.now();
    let shown = told::shown(tenant, &mut tx, (&reader, found)).await?;
    let lines = shown.iter().map(|line| row(line, log_days, now));
    let lines = lines.collect::<anyhow::Result<Vec<_>>>()?;
    note_read(&mut tx, tenant, "notice.lines.read", (filter.list_id.as_deref(), lines.len()))
        .await?;
    tx.commit().await?;
    Ok(LinePage { lines, next })
}

/// Addresses were read.
async fn note_read(
    tx: &mut Tx,
    tenant: &Tenant,
    act: &str,
    (on, lines): (Option<&str>, usize),
) -> crate::db::Result<()> {
    let detail = serde_json::json!({ "lines": lines }).to_string();
    let leaf = Leaf {
        at: tenant.now(),
        by: tenant.by(),
        act,
        on: on.unwrap_or("all lists"),
        isp: Some(tenant.code()),
        detail: Some(&detail),
    };
    audit::note(tx, leaf).await
}

fn row(line: &store::StoredRow, log_days: i64, now: Moment) -> anyhow::Result<LineRow> {
    let body: LineBody = serde_json::from_str(&line.body)?;
    let place = Spot::from_hex(&body.spot).and_then(|spot| spot.place());
    let clock = clock::read(line.seen_at, log_days, now);
    Ok(LineRow {
        list_id: line.list_id.clone(),
        record_no: line.record_no,
        case: line.case_id,
        seen_at: line.seen_at,
        ip: place.as_ref().map(|place| place.ip),
        port: place.and_then(|place| place.port).or(body.calling_port),
        maker: body.maker,
        model: body.model,
        severity: body.severity,
        report_by: line.report_by,
        state: LineState::of(line.said.as_deref(), clock, line.is_withdrawn),
        clock,
        days_left: clock::days_left(line.seen_at, log_days, now),
        reported_at: line.reported_at,
        reason_code: line.reason_code.clone(),
    })
}

/// What waits for the provider (今月やること).
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Its lists that stand.
    pub lists: Vec<ListStanding>,
    /// Lists of which lines wait to be fetched.
    pub new_lists: i64,
    /// Lines without a report that says how they ended.
    pub unreported: i64,
    /// Of these, lines on a list whose date is within a week.
    pub due: i64,
    /// Of these, lines on a list whose date has passed.
    pub overdue: i64,
    /// Of these, lines that can be found for [`URGENT_DAYS`] days at most.
    pub expiring: i64,
    /// Of these, lines that can be found no more.
    pub expired: i64,
    /// Days for which the provider keeps its logs.
    pub log_days: i64,
    /// Lists that were to be sent and did not arrive.
    pub undelivered: Vec<Delivery>,
}

/// What waits for the provider, in a fixed number of queries.
pub async fn summary(tenant: &Tenant) -> anyhow::Result<Summary> {
    let now = tenant.now();
    others::look_through(tenant.app(), Some(tenant.isp())).await?;
    let mut tx = tenant.snapshot().await?;
    let log_days = log_terms::days(&mut tx, tenant.isp()).await?;
    let terms = (LOG_DAYS, URGENT_DAYS);
    let lists = chasing::standings(&mut tx, Some(tenant.isp()), now, terms).await?;
    let undelivered = undelivered::all(&mut tx, Some(tenant.isp())).await?;
    let mut sum = Summary { log_days, undelivered, ..Summary::default() };
    for list in &lists {
        sum.new_lists += i64::from(list.untaken > 0);
        sum.unreported += list.unreported;
        sum.expiring += list.expiring;
        sum.expired += list.expired;
        sum.overdue += list.overdue;
        sum.due += list.due;
    }
    Ok(Summary { lists, ..sum })
}

/// A report in the history of a line (報告の履歴).
#[derive(Clone, Debug, FromRow)]
pub struct SaidBefore {
    /// Its number.
    pub version: i64,
    /// When the provider says so.
    pub reported_at: Moment,
    /// When it came.
    pub received_at: Moment,
    /// What it says.
    pub state: String,
    /// Whether the line was identified.
    pub identified: Option<String>,
    /// Why not.
    pub reason_code: Option<String>,
    /// By which channel.
    pub channel: Option<String>,
    /// When the notice went out.
    pub notice_at: Option<Moment>,
    /// Whether it arrived.
    pub delivery: Option<String>,
    /// Which report it corrects.
    pub corrects: Option<i64>,
    /// As it is kept.
    body: String,
}

impl SaidBefore {
    /// Everything it says; nothing where this version cannot read what an older one kept.
    pub fn in_full(&self) -> Option<Report> {
        body::read(&self.body)
    }
}

/// A line with its history (明細の詳細).
#[derive(Debug)]
pub struct OneLine {
    /// How it stands.
    pub row: LineRow,
    /// Its inquiry ID, which the provider hands on to the subscriber.
    pub inquiry_id: inquiry_id::InquiryId,
    /// What was reported, the latest first.
    pub reports: Vec<SaidBefore>,
    /// The lists and records on which the same case stands, this one among them.
    pub listings: Vec<(String, i64)>,
    /// What is known of its place, where it is in an apartment house.
    pub house: Option<Placed>,
}

/// That line of the provider, in a fixed number of queries; another one's looks like none.
pub async fn one(
    tenant: &Tenant,
    list_id: &str,
    record_no: i64,
) -> anyhow::Result<Option<OneLine>> {
    let own = Own::of(tenant).await?;
    let reader = Reader::of(tenant.app(), tenant.isp()).await?;
    let mut tx = tenant.begin().await?;
    let log_days = log_terms::days(&mut tx, tenant.isp()).await?;
    told::hold(tenant, &mut tx).await?;
    let found = store::one(&mut tx, tenant.isp(), list_id, record_no).await?;
    let found = told::shown(tenant, &mut tx, (&reader, found.into_iter().collect())).await?.pop();
    let Some(found) = found else { return Ok(None) };
    let row = row(&found, log_days, tenant.now())?;
    let case = CaseRef { isp: tenant.isp(), id: row.case };
    let inquiry_id = inquiry_id::issue(tenant.app(), &mut tx, case).await?;
    let reports = store::reports(&mut tx, tenant.isp(), found.notice_id, record_no).await?;
    let listings = store::listings(&mut tx, tenant.isp(), row.case).await?;
    let house = match own {
        Some(own) => own.placed(&mut tx, tenant, &[row.case]).await?.remove(&row.case),
        None => None,
    };
    note_read(&mut tx, tenant, "notice.line.read", (Some(list_id), 1)).await?;
    tx.commit().await?;
    Ok(Some(OneLine { row, inquiry_id, reports, listings, house }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_a_report_is_never_zero_and_a_late_report_counts() {
        use Clock::*;
        assert_eq!(LineState::of(None, Urgent, false), LineState::NoReport);
        assert_eq!(LineState::of(None, Expired, false), LineState::LogExpired);
        assert_eq!(LineState::of(Some("notified"), Expired, false), LineState::Notified);
        assert_eq!(LineState::of(Some("pending"), Urgent, false), LineState::Pending);
        assert_eq!(LineState::of(Some("pending"), Expired, false), LineState::LogExpired);
        assert_eq!(LineState::of(Some("notified"), InTime, true), LineState::Withdrawn);
    }

    #[test]
    fn the_place_where_a_page_begins_is_read_back() {
        let notice = NoticeId(uuid::Uuid::from_u128(7));
        let after = After { seen_at: Moment(-5), notice, record_no: 20_000 };
        assert_eq!(After::read(&after.text()), Some(after));
        for text in ["", "1", "1.2.3", "x.y.z", "1.00000000-0000-0000-0000-000000000007."] {
            assert_eq!(After::read(text), None, "{text}");
        }
    }
}
