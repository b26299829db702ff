//! The mail merge (差し込み印刷用CSV): a row per line, with its text and what a text is made of.
//!
//! Owns no table.

use formats::safe_csv;

use super::{Kit, Sheet};
use crate::notices::wordings::{Way, text::parts};

/// Columns that hold what a variable of that name becomes.
const VALUES: [&str; 4] = ["found_on", "device", "finding", "remedy"];
/// The same, of later editions: a column keeps its place.
const MORE: [&str; 6] = ["effort", "title", "source", "happened", "to_do", "campaign_page"];

impl Kit {
    /// The texts as a mail merge takes them: CSV in UTF-8 with a byte-order mark, a row per line.
    pub fn csv(&self) -> anyhow::Result<Vec<u8>> {
        let front =
            ["list_id", "record_no", "inquiry_id", "template_version", "subject", "text", "parts"];
        let about = ["addressee", "placement", "state", "reason", "campaign"];
        let header = [&front[..], &VALUES, &about, &MORE].concat();
        Ok(safe_csv::table(&header, self.sheets.iter().map(|sheet| self.row(sheet)))?)
    }

    fn row(&self, sheet: &Sheet) -> Vec<String> {
        let text = sheet.text();
        let body = text.plain(self.way);
        let in_parts = if self.way == Way::Sms { parts(&body).to_string() } else { String::new() };
        let cell = |words: &str| words.replace('\n', "\r\n");
        let value = |name: &&str| cell(sheet.values.get(name).unwrap_or_default());
        let about = &sheet.about;
        let mut row = vec![
            cell(&self.list_id),
            sheet.record_no.to_string(),
            sheet.values.inquiry_id().to_owned(),
            sheet.wording.to_string(),
            cell(&text.subject),
            cell(&body),
            in_parts,
        ];
        row.extend(VALUES.iter().map(value));
        let about =
            [&about.addressee, &about.placement, &about.state, &about.reason, &about.campaign];
        row.extend(about.map(|words| cell(words)));
        row.extend(MORE.iter().map(value));
        row
    }
}
