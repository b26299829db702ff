//! Chasing (督促): which lists the ISP support office should ask a provider about, and that it did.
//!
//! Who did not fetch a list, did not report on it, or only in part, and whose lines can soon be
//! found no more. A reminder is a fact: when, to whom, of which list, by whom or by the calendar.
//! Those that are `due` wait until one goes out, as a mail (see `reminders`) or by phone; `noted`
//! says that one did. Owns `reminders`; reads `log_terms`.

pub mod calls;

use serde::Serialize;
use sqlx::FromRow;

use super::{
    clock::{LOG_DAYS, URGENT_DAYS},
    others, reminders,
    store::chasing as store,
};
use crate::{
    access::tenancy::Tenant,
    app::App,
    audit::{self, Deed, Leaf},
    cases::register,
    db::{Db, retry},
    ids::{IspId, NoticeId, ReminderId},
    time::Moment,
};

/// Days after which a list that nobody fetched is asked about.
pub const FETCH_DAYS: i64 = 3;
/// Days before its date at which a list that lacks reports is asked about.
pub const SOON_DAYS: i64 = 7;
/// Days between two reminders of one list by the calendar.
pub const QUIET_DAYS: i64 = 7;

/// How a list stands with its provider (リストの状況).
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[doc(alias = "リストの状況")]
pub struct ListStanding {
    /// The provider.
    pub isp_id: IspId,
    /// The list.
    pub notice_id: NoticeId,
    /// The provider's code.
    pub isp: String,
    /// The provider's name.
    pub name: String,
    /// The name of the list.
    pub list_id: String,
    /// When it was prepared.
    pub prepared_at: Moment,
    /// By which day the provider is asked to report first: that of the list, or that of a campaign
    /// which names an open line of it.
    pub report_by: Moment,
    /// Lines that stand and await a report.
    pub lines: i64,
    /// Of these, lines without a report that says how they ended.
    pub unreported: i64,
    /// Of those, lines that the provider says it is still at.
    pub pending: i64,
    /// Of those, lines of which the day to report by is over.
    pub overdue: i64,
    /// Of those, lines of which that day comes within [`SOON_DAYS`] days.
    pub due: i64,
    /// Of those, lines that can be found for [`URGENT_DAYS`] days at most.
    pub expiring: i64,
    /// Of those, lines that can be found no more.
    pub expired: i64,
    /// Of the lines without a report, those that the provider never got: neither with the whole
    /// list nor as part of it.
    pub untaken: i64,
    /// When anything of it was fetched first.
    pub fetched_at: Option<Moment>,
    /// When the last of the unreported lines can or could be found last.
    pub last_found: Option<Moment>,
    /// When a reminder went out, or was to go out, last.
    pub asked_at: Option<Moment>,
    /// When one last went out that did not come back.
    pub reminded_at: Option<Moment>,
}

/// Why a provider is asked about a list (督促理由).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[doc(alias = "督促理由")]
pub enum Reason {
    /// Lines of it were never fetched.
    NotFetched,
    /// The date has passed, and no report came.
    NotReported,
    /// The date has passed, and reports on some lines are missing.
    PartlyReported,
    /// The date is near, and reports are missing.
    DueSoon,
    /// Lines without a report can soon be found no more.
    Expiring,
    /// The date has passed, and none of the lines that lack a report can be found any more: all
    /// that is left is to say so.
    LogExpired,
}

impl Reason {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotFetched => "not_fetched",
            Self::NotReported => "not_reported",
            Self::PartlyReported => "partly_reported",
            Self::DueSoon => "due_soon",
            Self::Expiring => "expiring",
            Self::LogExpired => "log_expired",
        }
    }
}

impl ListStanding {
    /// Why its provider is to be asked about it at `now`, the gravest first; nothing if it is not.
    pub fn reasons(&self, now: Moment) -> Vec<Reason> {
        if self.unreported == 0 {
            return Vec::new();
        }
        let is_over = self.overdue > 0;
        if self.is_gone() {
            return if is_over { vec![Reason::LogExpired] } else { Vec::new() };
        }
        let mut reasons = Vec::new();
        if self.expiring > 0 {
            reasons.push(Reason::Expiring);
        }
        if is_over {
            // Where some lines are due earlier than others, these are a part of the list.
            let none = self.overdue == self.lines && self.pending == 0;
            reasons.push(if none { Reason::NotReported } else { Reason::PartlyReported });
        }
        if self.untaken > 0 && now >= self.prepared_at.plus_days(FETCH_DAYS) {
            reasons.push(Reason::NotFetched);
        }
        if !is_over && self.due > 0 {
            reasons.push(Reason::DueSoon);
        }
        reasons
    }

    /// Whether no line that lacks a report can be found any more.
    fn is_gone(&self) -> bool {
        self.unreported > 0 && self.unreported == self.expired
    }

    /// Whether the calendar reminds of it at `now`: of what can be found no more, once.
    pub fn is_due(&self, now: Moment) -> bool {
        let is_quiet = self.asked_at.is_some_and(|at| now < at.plus_days(QUIET_DAYS));
        let since = self.last_found.map(|last| last.max(self.report_by).next_midnight());
        let is_told = self.is_gone() && self.asked_at >= since;
        !is_quiet && !is_told && !self.reasons(now).is_empty()
    }

    /// Since when a reminder waits to go out, or was sent and did not arrive.
    pub fn due_since(&self) -> Option<Moment> {
        self.asked_at.filter(|asked| self.reminded_at.is_none_or(|last| last < *asked))
    }
}

/// How the lists of all providers stand, those of each in order of their dates.
pub async fn standings(app: &App) -> anyhow::Result<Vec<ListStanding>> {
    others::look_through(app, None).await?;
    let mut tx = app.db.snapshot().await?;
    Ok(store::standings(&mut tx, None, app.now(), (LOG_DAYS, URGENT_DAYS)).await?)
}

/// A list to be asked about, and why.
pub type Chased = (ListStanding, Vec<Reason>);

/// The chasing list (督促リスト): lists to be asked about, and why.
pub async fn list(app: &App) -> anyhow::Result<Vec<Chased>> {
    Ok(chased(standings(app).await?, app.now()))
}

/// That of one provider.
pub async fn list_one(app: &App, isp: IspId) -> anyhow::Result<Vec<Chased>> {
    others::look_through(app, Some(isp)).await?;
    let mut tx = app.db.snapshot().await?;
    let all = store::standings(&mut tx, Some(isp), app.now(), (LOG_DAYS, URGENT_DAYS)).await?;
    Ok(chased(all, app.now()))
}

fn chased(all: Vec<ListStanding>, now: Moment) -> Vec<Chased> {
    let all = all.into_iter().map(|list| {
        let reasons = list.reasons(now);
        (list, reasons)
    });
    all.filter(|(_, reasons)| !reasons.is_empty()).collect()
}

/// A reminder (督促).
#[derive(Clone, Debug, FromRow, Serialize)]
#[doc(alias = "督促")]
pub struct Reminder {
    /// The provider.
    #[serde(skip)]
    pub isp_id: IspId,
    /// Its key.
    pub id: ReminderId,
    /// The provider's code.
    pub isp: String,
    /// The list.
    pub list_id: String,
    /// The word of the reason.
    pub reason: String,
    /// `due`, `noted` once it went out, or `taken_back` where that was noted by mistake.
    pub state: String,
    /// How it went out: `mail`, `phone`, or another word of the office.
    pub way: Option<String>,
    /// When.
    #[serde(skip)]
    pub at: Moment,
    /// By whom; `calendar` where nobody asked for it.
    pub author: String,
}

/// Reminds by the calendar: a reminder becomes due for each list that is to be asked about and was
/// not within the last [`QUIET_DAYS`] days, and a mail says so where one can go. Done again at
/// once, nothing becomes due.
pub async fn remind(app: &App) -> anyhow::Result<usize> {
    others::look_through(app, None).await?;
    retry::looking_again(|| remind_once(app)).await
}

async fn remind_once(app: &App) -> anyhow::Result<usize> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    // Two nodes at once would each remind: the second waits, and finds the reminders of the first.
    register::hold(&mut tx).await?;
    let lists = store::standings(&mut tx, None, now, (LOG_DAYS, URGENT_DAYS)).await?;
    let mut due = Vec::new();
    for list in lists.iter().filter(|list| list.is_due(now)) {
        let reason = list.reasons(now).first().map_or("", |reason| reason.word());
        let fact = store::NewReminder {
            id: ReminderId(app.fresh_id()),
            notice: list.notice_id,
            reason,
            state: "due",
            way: None,
            at: now,
            author: "calendar",
            mail: None,
        };
        store::insert(&mut tx, list.isp_id, &fact).await?;
        due.push((fact.id, list));
    }
    reminders::enter_reports(app, &mut tx, &due).await?;
    if !due.is_empty() {
        let detail = serde_json::json!({ "due": due.len() }).to_string();
        audit::note_deed(app, &mut tx, Deed::new("isp.remind", "all").with(&detail)).await?;
    }
    tx.commit().await?;
    Ok(due.len())
}

/// Reminders that are due: no later one of their list went out.
pub async fn due(db: &Db) -> crate::db::Result<Vec<Reminder>> {
    let mut tx = db.snapshot().await?;
    store::due(&mut tx).await
}

/// All reminders of a provider, the latest first.
pub async fn of_isp(tenant: &Tenant) -> crate::db::Result<Vec<Reminder>> {
    let mut tx = tenant.snapshot().await?;
    store::of_isp(&mut tx, tenant.isp()).await
}

/// Why nothing is noted (記録できない理由).
#[derive(Debug, thiserror::Error)]
pub enum NotNoted {
    /// Another provider's list, or none.
    #[error("{isp} has no list `{list}`; `todoke isp chase` names them")]
    UnknownList {
        /// The provider.
        isp: String,
        /// What was asked for.
        list: String,
    },
}

/// Notes that the provider was reminded of a list, in which way: what was due is done with that.
pub async fn noted(
    tenant: &Tenant,
    list_id: &str,
    way: &str,
) -> anyhow::Result<Result<Reminder, NotNoted>> {
    let now = tenant.now();
    others::look_through(tenant.app(), Some(tenant.isp())).await?;
    let mut tx = tenant.begin().await?;
    let lists = store::standings(&mut tx, Some(tenant.isp()), now, (LOG_DAYS, URGENT_DAYS)).await?;
    let Some(list) = lists.into_iter().find(|list| list.list_id == list_id) else {
        let (isp, list) = (tenant.code().to_owned(), list_id.to_owned());
        return Ok(Err(NotNoted::UnknownList { isp, list }));
    };
    let reason = list.reasons(now).first().map_or("asked", |reason| reason.word());
    let fact = store::NewReminder {
        id: ReminderId(tenant.fresh_id()),
        notice: list.notice_id,
        reason,
        state: "noted",
        way: Some(way),
        at: now,
        author: tenant.by(),
        mail: None,
    };
    store::insert(&mut tx, tenant.isp(), &fact).await?;
    let detail = serde_json::json!({ "way": way, "reason": reason }).to_string();
    let leaf = Leaf {
        at: now,
        by: tenant.by(),
        act: "isp.reminded",
        on: list_id,
        isp: Some(tenant.code()),
        detail: Some(&detail),
    };
    audit::note(&mut tx, leaf).await?;
    tx.commit().await?;
    Ok(Ok(Reminder {
        isp_id: list.isp_id,
        id: fact.id,
        isp: list.isp,
        list_id: list.list_id,
        reason: reason.to_owned(),
        state: "noted".to_owned(),
        way: Some(way.to_owned()),
        at: now,
        author: tenant.by().to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn list() -> ListStanding {
        ListStanding {
            isp_id: IspId(Uuid::from_u128(1)),
            notice_id: NoticeId(Uuid::from_u128(2)),
            isp: "isp-a".to_owned(),
            name: "A".to_owned(),
            list_id: "isp-a-1".to_owned(),
            prepared_at: Moment(0),
            report_by: Moment(0).plus_days(30),
            lines: 10,
            unreported: 10,
            expiring: 0,
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

    fn at(day: i64) -> Moment {
        Moment(0).plus_days(day)
    }

    /// A list of which so many lines are due, and so many overdue.
    fn dated(due: i64, overdue: i64) -> ListStanding {
        ListStanding { overdue, due, ..list() }
    }

    #[test]
    fn a_list_is_asked_about_when_it_lies_unfetched_or_its_date_is_near_or_past() {
        assert_eq!(list().reasons(at(22)), []);
        assert_eq!(dated(10, 0).reasons(at(23)), [Reason::DueSoon]);
        assert_eq!(dated(0, 10).reasons(at(31)), [Reason::NotReported]);
        let one = dated(0, 1).reasons(at(31));
        assert_eq!(one, [Reason::PartlyReported], "one line that was due earlier is not the list");
        let at_it = ListStanding { pending: 1, ..dated(0, 10) };
        assert_eq!(at_it.reasons(at(31)), [Reason::PartlyReported], "it is not silent");
        let partly = ListStanding { unreported: 3, ..dated(0, 3) };
        assert_eq!(partly.reasons(at(31)), [Reason::PartlyReported]);
        let unfetched = ListStanding { untaken: 10, fetched_at: None, ..list() };
        assert_eq!(unfetched.reasons(at(2)), []);
        assert_eq!(unfetched.reasons(at(3)), [Reason::NotFetched]);
        let half = ListStanding { untaken: 5, ..list() };
        assert_eq!(half.reasons(at(3)), [Reason::NotFetched], "a page of it is not the list");
        let expiring = ListStanding { expiring: 1, ..dated(0, 10) };
        assert_eq!(expiring.reasons(at(31)), [Reason::Expiring, Reason::NotReported]);
        let done = ListStanding { unreported: 0, fetched_at: None, ..list() };
        assert_eq!(done.reasons(at(400)), [], "who reported has nothing more to do");
    }

    #[test]
    fn a_provider_is_left_in_peace_for_a_week_after_a_reminder() {
        let reminded = ListStanding { asked_at: Some(at(31)), ..dated(0, 10) };
        assert!(dated(0, 10).is_due(at(31)));
        assert!(!reminded.is_due(at(37)) && reminded.is_due(at(38)));
    }

    #[test]
    fn what_can_be_found_no_more_is_reminded_of_once_when_its_date_is_over() {
        let near = ListStanding { expired: 10, last_found: Some(at(20)), ..dated(10, 0) };
        assert_eq!(near.reasons(at(29)), [], "until its date nobody is asked");
        let gone = ListStanding { due: 0, overdue: 10, ..near };
        assert_eq!(gone.reasons(at(32)), [Reason::LogExpired]);
        let before = ListStanding { asked_at: Some(at(19)), ..gone.clone() };
        assert!(gone.is_due(at(32)) && before.is_due(at(32)));
        let after = ListStanding { asked_at: Some(at(32)), ..gone };
        assert!(!after.is_due(at(39)) && !after.is_due(at(400)));
    }

    #[test]
    fn a_reminder_that_did_not_go_out_or_came_back_still_waits() {
        assert_eq!(list().due_since(), None);
        let due = ListStanding { asked_at: Some(at(31)), ..list() };
        assert_eq!(due.due_since(), Some(at(31)));
        let out = ListStanding { reminded_at: Some(at(31)), ..due };
        assert_eq!(out.due_since(), None);
    }
}
