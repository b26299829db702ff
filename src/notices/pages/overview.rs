//! `/isp`: what waits this month: in all, and list by list, the most urgent first.

use askama::Template;
use axum::extract::Query;
use serde::Deserialize;

use crate::{
    access::{roles::Act, tenancy::Tenant},
    notices::{
        chasing::{ListStanding, Reason},
        lines::{self, Summary},
    },
    time::Moment,
    web::{
        error::PageResult,
        page::{Page, show},
        routes::Signed,
    },
};

/// Lists of a page.
const SHOWN: usize = 20;

/// Which page is wanted; what is none is the first.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    page: String,
}

#[derive(Template)]
#[template(path = "notices/overview.html")]
struct Overview {
    page: Page,
    sum: Summary,
    /// The lists of this page.
    shown: Vec<ListStanding>,
    /// How many lists lie before them.
    before: usize,
    may_report: bool,
    may_manage: bool,
    now: Moment,
}

impl Overview {
    /// What is to be done about a list, in the language of the page.
    fn to_do(&self, list: &ListStanding) -> String {
        match list.reasons(self.now).first() {
            Some(reason) => self.page.t_of("overview-do", reason.word()),
            None if list.unreported > list.expired => self.page.t("overview-do-open"),
            None => self.page.t("overview-do-nothing"),
        }
    }

    fn lines(&self) -> i64 {
        self.sum.lists.iter().map(|list| list.lines).sum()
    }

    /// Which lists of how many this page shows.
    fn which(&self) -> String {
        let (from, to) = (self.before + 1, self.before + self.shown.len());
        let all = self.sum.lists.len();
        self.page.with_all("overview-which", &[("from", &from), ("to", &to), ("all", &all)])
    }

    fn number(&self) -> usize {
        self.before / SHOWN + 1
    }

    fn is_more(&self) -> bool {
        self.before + self.shown.len() < self.sum.lists.len()
    }
}

/// The urgency of a list about which there is nothing to do.
const DONE: u8 = 5;

/// How soon something has to be done about a list, the most urgent first.
fn urgency(list: &ListStanding, now: Moment) -> u8 {
    match list.reasons(now).first() {
        Some(Reason::Expiring) => 0,
        Some(Reason::NotReported | Reason::PartlyReported) => 1,
        Some(Reason::NotFetched) => 2,
        Some(Reason::DueSoon) => 3,
        None if list.unreported > list.expired => 4,
        Some(Reason::LogExpired) | None => DONE,
    }
}

/// `GET /isp`
pub(super) async fn waiting(
    tenant: Tenant,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> PageResult {
    let mut sum = lines::summary(&tenant).await?;
    let now = tenant.now();
    sum.lists.sort_by_key(|list| {
        let urgency = urgency(list, now);
        // Of what is done, the latest is asked for most.
        let day = if urgency == DONE { -list.report_by.0 } else { list.report_by.0 };
        (urgency, day, list.list_id.clone())
    });
    let last = sum.lists.len().saturating_sub(1) / SHOWN;
    let number = asked.page.parse::<usize>().unwrap_or(1).saturating_sub(1).min(last);
    let before = number * SHOWN;
    let shown = sum.lists.iter().skip(before).take(SHOWN).cloned().collect();
    let (may_report, may_manage) = (signed.may(Act::ReportBack), signed.may(Act::ManageProvider));
    show(&Overview { page: signed.page, sum, shown, before, may_report, may_manage, now })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::{IspId, NoticeId};

    fn list(unreported: i64, expiring: i64, report_by: i64) -> ListStanding {
        ListStanding {
            isp_id: IspId(Uuid::from_u128(1)),
            notice_id: NoticeId(Uuid::from_u128(2)),
            isp: "isp-a".to_owned(),
            name: "A".to_owned(),
            list_id: "isp-a-1".to_owned(),
            prepared_at: Moment(0),
            report_by: Moment(0).plus_days(report_by),
            lines: 10,
            unreported,
            expiring,
            expired: 0,
            pending: 0,
            overdue: 0,
            due: 0,
            untaken: 0,
            fetched_at: Some(Moment(1)),
            last_found: None,
            asked_at: None,
            reminded_at: None,
        }
    }

    #[test]
    fn what_can_soon_be_found_no_more_comes_first_and_what_is_done_last() {
        let now = Moment(0).plus_days(20);
        let by_urgency = [
            list(10, 1, 30),
            ListStanding { overdue: 3, ..list(3, 0, 10) },
            ListStanding { untaken: 10, fetched_at: None, ..list(10, 0, 30) },
            ListStanding { due: 10, ..list(10, 0, 25) },
            list(10, 0, 30),
            list(0, 0, 10),
        ];
        for (place, list) in by_urgency.iter().enumerate() {
            assert_eq!(usize::from(urgency(list, now)), place, "{list:?}");
        }
        // Nobody can find such lines any more: nothing is left to do but to say so.
        let gone = ListStanding { expired: 4, ..list(4, 0, 30) };
        assert_eq!(urgency(&gone, now), 5);
    }
}
