//! Notices (注意喚起): an ISP's list, and its report back per line.
//!
//! Seventh stage: lists the open cases of one ISP, each with its inquiry ID, hands the list out as
//! the same bytes as often as asked, and takes in what the ISP reports. A line without a report is
//! in a state of its own, never zero. Owns `notices`, `notice_lines`, `notice_exports`,
//! `lines_handed_out`, `lines_of_others`, `line_reports`, `line_recalls`, `report_uploads`,
//! `report_attempts`, `report_refusals`, `reminders`, `reminder_mails`,
//! `reminder_mail_events`, `contact_reminders`, `campaign_lines`, `taxii_objects`,
//! `taxii_lists`, `wordings`, `wording_events`, `deliveries`, `delivery_events`,
//! `delivery_messages`, `returned_mails`, `bounce_items`, `bounce_runs`; reads `cases`, and the
//! tables of campaigns.

pub mod apartments;
pub mod board;
pub mod campaign_figures;
pub mod chasing;
pub mod clock;
pub mod collection;
pub mod dispatch;
pub mod downloads;
pub mod export;
pub mod fetch;
pub mod figures;
mod handed_out;
pub mod inside;
pub mod jobs;
pub mod kit;
#[cfg(feature = "print")]
pub mod letters;
pub mod line;
pub mod lines;
pub(crate) mod others;
pub mod pages;
pub mod prepare;
pub mod press;
mod readable;
pub mod recall;
pub mod reminders;
pub mod report_back;
pub mod resellers;
pub(crate) mod store;
pub mod wordings;

use sqlx::FromRow;

use crate::{
    db::Db,
    ids::{IspId, NoticeId},
    time::Moment,
};

/// A list for one ISP (注意喚起リスト).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "注意喚起")]
pub struct Notice {
    /// The ISP.
    pub isp_id: IspId,
    /// Its key.
    pub id: NoticeId,
    /// Its name on the wire.
    pub list_id: String,
    /// When it was prepared.
    pub prepared_at: Moment,
    /// Until when the ISP is asked to report.
    pub report_by: Moment,
    /// How many lines it has.
    pub lines: i64,
    /// When it lost all of them before it was handed out.
    pub withdrawn_at: Option<Moment>,
}

/// A list with what came back for it (注意喚起状況).
#[derive(Clone, Debug, FromRow)]
pub struct Standing {
    /// Its name on the wire.
    pub list_id: String,
    /// The ISP's code.
    pub isp: String,
    /// When it was prepared.
    pub prepared_at: Moment,
    /// Until when the ISP is asked to report.
    pub report_by: Moment,
    /// How many lines it has.
    pub lines: i64,
    /// Lines for which any report came.
    pub reported: i64,
    /// Lines whose latest report says that the subscriber was warned.
    pub notified: i64,
    /// How often it was handed out.
    pub exports: i64,
    /// Lines that were taken back since they were handed out.
    pub recalled: i64,
    /// Lines that await no report: taken back unreported, or telling that another was.
    pub silent: i64,
    /// When it lost all its lines before it was handed out.
    pub withdrawn_at: Option<Moment>,
}

impl Standing {
    /// Lines for which no report came.
    pub fn no_report(&self) -> i64 {
        self.lines - self.reported - self.silent
    }
}

/// All lists with what came back, oldest first.
pub async fn standings(db: &Db) -> crate::db::Result<Vec<Standing>> {
    store::standings(db).await
}

/// The list of that name.
pub async fn find(db: &Db, list_id: &str) -> crate::db::Result<Option<Notice>> {
    store::find(db, list_id).await
}
