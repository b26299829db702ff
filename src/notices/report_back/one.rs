//! A report on one line (一行の報告): what somebody filled in, read and judged as a row of a file is.
//!
//! The form becomes a report of one row, with the moment at which it was looked at as its date: the
//! same row sent twice is the same report, and a later one corrects the one that stood. What a file
//! said of the line and the form does not ask for, its token and its arm, is said again. Owns no
//! table.

use std::io::Cursor;

use formats::{FileRefused, report_back as wire, stamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Imported, body, import};
use crate::{
    access::{keys::to_hex, tenancy::Tenant},
    notices::store::reports as store,
    time::Moment,
};

/// Japan is nine hours ahead of UTC.
const JAPAN: i32 = 9 * 3_600;

/// What is said of one line, in words of the wire, each as it was filled in (一行の報告).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[doc(alias = "一行の報告")]
pub struct OneReport {
    /// What became of it.
    pub state: String,
    /// Whether the line was identified.
    pub identified: String,
    /// Why nobody was told.
    pub reason_code: String,
    /// How the subscriber was told.
    pub notice_channel: String,
    /// When, in Japan: a moment, or the day alone.
    pub notice_at: String,
    /// By which wording.
    pub template_version: String,
    /// Whether it arrived.
    pub delivery_result: String,
    /// Where the device stands.
    pub placement: String,
    /// Who was told.
    pub recipient: String,
    /// Free text.
    pub note: String,
}

/// What the provider said of a line last (直近の報告).
#[derive(Clone, Debug)]
pub struct Earlier {
    report: wire::Report,
}

impl Earlier {
    /// As a form shows it, to be corrected.
    pub fn filled_in(&self) -> OneReport {
        let said = &self.report;
        let word = |code: Option<&'static str>| code.unwrap_or_default().to_owned();
        OneReport {
            state: said.state.code().to_owned(),
            identified: word(said.identified.map(wire::Identified::code)),
            reason_code: word(said.reason_code.map(wire::ReasonCode::code)),
            notice_channel: word(said.notice_channel.map(wire::Channel::code)),
            notice_at: said
                .notice_at
                .map(if said.notice_is_day { stamp::japan_day } else { shown })
                .unwrap_or_default(),
            template_version: said.template_version.clone().unwrap_or_default(),
            delivery_result: word(said.delivery_result.map(wire::DeliveryResult::code)),
            placement: word(said.placement.map(wire::Placement::code)),
            recipient: word(said.recipient.map(wire::Recipient::code)),
            note: said.note.clone().unwrap_or_default(),
        }
    }
}

/// A moment as a form shows it: in Japan, its seconds where there are any.
fn shown(at: i64) -> String {
    let text = stamp::japan(at);
    let text = text.trim_end_matches("+09:00").replace('T', " ");
    text.strip_suffix(":00").map_or(text.clone(), str::to_owned)
}

/// A moment as it was typed, with its zone, or a day; what is neither stays as it is, and is
/// refused.
fn moment(typed: &str) -> String {
    let plain = |c: char| match c {
        '\u{3000}' => ' ',
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        _ => c,
    };
    let typed: String = typed.trim().chars().map(plain).collect();
    match (stamp::parse(&typed, Some(JAPAN)), stamp::day(&typed)) {
        (Ok(at), _) => stamp::japan(at),
        (Err(_), Some(day)) => stamp::japan_day(day),
        (Err(_), None) => typed,
    }
}

impl OneReport {
    /// The same with everything in its plain form, so that two can be compared.
    #[must_use]
    pub fn plain(&self) -> Self {
        let trimmed = |text: &str| text.trim().to_owned();
        Self {
            state: trimmed(&self.state),
            identified: trimmed(&self.identified),
            reason_code: trimmed(&self.reason_code),
            notice_channel: trimmed(&self.notice_channel),
            notice_at: moment(&self.notice_at),
            template_version: trimmed(&self.template_version),
            delivery_result: trimmed(&self.delivery_result),
            placement: trimmed(&self.placement),
            recipient: trimmed(&self.recipient),
            note: self.note.replace("\r\n", "\n").trim().to_owned(),
        }
    }

    /// Whether it says what was said last.
    pub fn says_the_same(&self, earlier: &Earlier) -> bool {
        self.plain() == earlier.filled_in().plain()
    }

    /// The report of one row, dated `at`.
    pub fn row(
        &self,
        (list_id, record_no): (&str, i64),
        earlier: Option<&Earlier>,
        at: Moment,
    ) -> anyhow::Result<Vec<u8>> {
        let said = earlier.map(|earlier| &earlier.report);
        let mut row = serde_json::to_value(self.plain())?;
        row["list_id"] = json!(list_id);
        row["record_no"] = json!(record_no);
        row["reported_at"] = json!(stamp::japan(at.0));
        if let Some(token) = said.and_then(|said| said.line_token) {
            row["line_token"] = json!(to_hex(&token));
        }
        row["token_epoch"] = json!(said.and_then(|said| said.token_epoch.clone()));
        row["arm"] = json!(said.and_then(|said| said.arm.clone()));
        Ok(serde_json::to_vec(&row)?)
    }

    /// What was filled in, read back from such a row; one of another line is none.
    pub fn of_row(row: &[u8], (list_id, record_no): (&str, i64)) -> Option<Self> {
        let row: serde_json::Value = serde_json::from_slice(row).ok()?;
        let is_it = row["list_id"] == json!(list_id) && row["record_no"] == json!(record_no);
        is_it.then(|| serde_json::from_value(row).ok()).flatten()
    }
}

/// Hands such a row in; with `dry_run` only says what that would do.
pub async fn hand_in(
    tenant: &Tenant,
    row: Vec<u8>,
    dry_run: bool,
) -> anyhow::Result<Result<Imported, FileRefused>> {
    import(tenant, Cursor::new(row), dry_run).await
}

/// What the provider said last of that line, if it said anything.
pub async fn latest(
    tenant: &Tenant,
    list_id: &str,
    record_no: i64,
) -> anyhow::Result<Option<Earlier>> {
    let mut tx = tenant.snapshot().await?;
    let body = store::standing(&mut tx, tenant.isp(), list_id, record_no).await?;
    Ok(body.as_deref().and_then(body::read).map(|report| Earlier { report }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_typed_as_people_do_and_shown_as_it_was() {
        for typed in ["2026-05-09 10:00", "2026/5/9 10:00", " ２０２６-05-09　10:00:00 "] {
            assert_eq!(moment(typed), "2026-05-09T10:00:00+09:00", "{typed}");
        }
        for typed in ["2026-05-09", "2026/5/9", " ２０２６/5/9 "] {
            assert_eq!(moment(typed), "2026-05-09", "{typed}: a letter has no hour");
        }
        for strange in ["", "2026-05", "2026-02-30", "yesterday"] {
            assert_eq!(moment(strange), strange, "the rules of the format refuse it");
        }
        for text in ["2026-05-09 10:00", "2026-05-09 10:00:07"] {
            assert_eq!(shown(stamp::parse(&moment(text), None).unwrap()), text);
        }
    }

    #[test]
    fn what_was_filled_in_is_read_back_from_its_row() {
        let said = OneReport { state: "pending".into(), note: "=1\r\n2".into(), ..<_>::default() };
        let row = said.row(("isp-a-1", 7), None, Moment(0)).unwrap();
        assert_eq!(OneReport::of_row(&row, ("isp-a-1", 7)), Some(said.plain()));
        for other in [("isp-a-1", 8), ("isp-a-2", 7)] {
            assert_eq!(OneReport::of_row(&row, other), None, "{other:?}");
        }
        assert_eq!(OneReport::of_row(b"state\n", ("isp-a-1", 7)), None);
    }
}
