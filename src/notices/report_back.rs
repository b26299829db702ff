//! Report back (注意喚起状況報告): what the ISP says of each line, as events; the one that the ISP
//! dated last counts, whenever it came, and of two of one date the one that came later.
//!
//! Good rows go in, bad ones come back with line, column, reason and what to do. The same report
//! again changes nothing, and one that differs is kept beside the one it corrects. A line token
//! joins the case to its line. A row that says of an apartment house what cannot be comes back too,
//! and where nobody can say yet who is told, the row is kept with that question. An ISP reports on
//! its own lists alone: another one's look exactly like none. Owns `line_reports` and, by
//! [`receipt`], `report_uploads`, `report_attempts` and `report_refusals`.

pub(super) mod body;
mod judge;
mod keep;
pub mod one;
pub mod receipt;

use std::{
    borrow::Cow,
    fmt::Display,
    io::{Cursor, Read},
};

use formats::{FileRefused, Reading, Reason, Refused, report_back as wire};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    access::{keys::to_hex, tenancy::Tenant},
    db::retry,
    isps::apartments::contradiction::Question,
    web::texts::Lang,
};

pub(super) use judge::Fresh;
pub use receipt::{Attempt, Receipt};

/// No report is larger: some fifty thousand rows of the longest notes fit in.
pub const BYTES_MAX: u64 = 64 << 20;

/// A row that came back (差戻し行).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowError {
    /// The line of the file.
    pub line: u64,
    /// The column at fault.
    pub column: Option<String>,
    /// The stable word of the reason.
    pub code: Cow<'static, str>,
    /// What is wrong, in words.
    pub reason: String,
    /// What the ISP can do about it.
    pub what_to_do: String,
    /// What should stand there instead, in words of the wire, where the reason names it.
    #[serde(skip)]
    pub instead: String,
}

impl RowError {
    fn of(
        line: u64,
        column: Option<&str>,
        code: impl Into<Cow<'static, str>>,
        reason: impl Display,
    ) -> Self {
        let (column, code) = (column.map(ToOwned::to_owned), code.into());
        let what_to_do = advice(Lang::En, &code, column.as_deref());
        let (reason, instead) = (reason.to_string(), String::new());
        Self { line, column, code, reason, what_to_do, instead }
    }

    /// A row that cannot be read. Its words are for a provider, which knows of no feed.
    fn unread(row: &Refused) -> Self {
        let (line, column, code) = (row.line, row.column.as_deref(), row.reason.code());
        match row.reason {
            Reason::NoZone => Self::of(line, column, code, Lang::En.say("office-no-zone")),
            _ => Self::of(line, column, code, &row.reason),
        }
    }

    /// What is wrong, in the language of a page.
    pub fn reason_in(&self, lang: Lang) -> String {
        if lang == Lang::En {
            self.reason.clone()
        } else if self.code == "no_zone" {
            lang.say("office-no-zone")
        } else {
            let instead = said_in(lang, &self.instead);
            lang.say_with(&format!("reason-{}", self.code), &[("instead", &instead)])
        }
    }

    /// What to do, in the language of a page.
    pub fn advice_in(&self, lang: Lang) -> String {
        advice(lang, &self.code, self.column.as_deref())
    }
}

/// Words of the wire, one or several, in the language of a page.
fn said_in(lang: Lang, words: &str) -> String {
    let one = |word: &str| {
        if word.parse::<wire::Recipient>().is_ok() {
            lang.say(&format!("apartments-who-{word}"))
        } else if word.parse::<wire::ReasonCode>().is_ok() {
            lang.say(&format!("said-reason-{word}"))
        } else {
            word.to_owned()
        }
    };
    let words = words.replace(" or ", ", ");
    let all: Vec<String> = words.split(", ").map(one).collect();
    all.join(&lang.say("apartments-or"))
}

/// What to do about a reason: cells that contradict each other are mended by column.
fn advice(lang: Lang, code: &str, column: Option<&str>) -> String {
    const OF_PAIRS: [&str; 6] = [
        "notice_channel",
        "notice_at",
        "identified",
        "reason_code",
        "delivery_result",
        "token_epoch",
    ];
    const OF_FILE: [&str; 7] = [
        "too_many_cells",
        "too_few_cells",
        "bad_encoding",
        "nul_byte",
        "cut_row",
        "unclosed_quote",
        "rounded_number",
    ];
    let key = match (code, column) {
        ("contradiction", Some(column)) if OF_PAIRS.contains(&column) => column,
        (
            "unknown_list" | "unknown_record" | "unknown_id" | "withdrawn_line" | "other_line"
            | "before_detection" | "contact_data" | "formula" | "unknown_word" | "missing_value"
            | "future_time" | "bad_token" | "house_recipient" | "house_nobody" | "house_reason"
            | "house_provider",
            _,
        ) => code,
        ("bad_time" | "no_zone", Some("notice_at")) => "day",
        ("bad_time" | "no_zone", _) => "time",
        (code, _) if OF_FILE.contains(&code) => "save-again",
        _ => "mend",
    };
    lang.say(&format!("office-advice-{key}"))
}

/// A row that is kept, and what is still to be answered about its device in an apartment house
/// (残る問い).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[doc(alias = "残る問い")]
pub struct Asked {
    /// The line of the file.
    pub line: u64,
    /// `place` or `address_use`, which the ISP is asked; `decide`, which a person of the centre
    /// answers.
    pub question: &'static str,
    /// What is asked, and of whom.
    pub reason: String,
}

impl Asked {
    fn of(line: u64, question: Question) -> Self {
        let question = question.word();
        let reason = Lang::En.say(&format!("office-asks-{question}"));
        Self { line, question, reason }
    }

    /// What is asked, in the language of a page.
    pub fn reason_in(&self, lang: Lang) -> String {
        lang.say(&format!("office-asks-{}", self.question))
    }
}

/// What an import did (報告取込結果).
#[derive(Clone, Debug, Default, Serialize)]
pub struct Imported {
    /// Rows of the file.
    pub rows: usize,
    /// Rows that said something new.
    pub accepted: usize,
    /// Of these, rows that correct an earlier report.
    pub corrections: usize,
    /// Of these, rows that are kept in the history alone: a report that is dated later stands.
    pub older: usize,
    /// Rows that said what was known.
    pub unchanged: usize,
    /// Rows that came back.
    pub errors: Vec<RowError>,
    /// Rows that say something new, and leave something to be answered.
    pub asked: Vec<Asked>,
    /// Columns that are not read.
    pub unknown_columns: Vec<String>,
    /// The receipt, unless nothing was to be kept.
    pub receipt: Option<Receipt>,
    /// Whether these very bytes were handed in before.
    pub is_again: bool,
}

/// A report as it is handed in: what its rows say, and which file they stand in.
struct HandedIn<'a> {
    reports: &'a [wire::Report],
    /// Rows that could not be read.
    errors: Vec<RowError>,
    /// The content of the file, where it is one.
    sha256: Option<String>,
}

/// Reads the report of a provider and keeps it; with `dry_run` only says what it would do.
pub async fn import(
    tenant: &Tenant,
    file: impl Read + Send + 'static,
    dry_run: bool,
) -> anyhow::Result<Result<Imported, FileRefused>> {
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Ok(Err(FileRefused::TooLarge(BYTES_MAX)));
    }
    let sha256 = Some(to_hex(&Sha256::digest(&bytes)));
    let reading = Reading::at(tenant.now().0).encoded(formats::Encoding::Auto);
    let read = match wire::read_file(Cursor::new(bytes), reading) {
        Ok(read) => read,
        Err(refused) => return Ok(Err(refused)),
    };
    let errors = read.refused.iter().map(RowError::unread).collect();
    let handed_in = HandedIn { reports: &read.reports, errors, sha256 };
    let done = settle(tenant, &handed_in, dry_run).await?;
    Ok(Ok(Imported { unknown_columns: read.header.unknown, ..done }))
}

/// Keeps reports that stand in no file; see [`import`].
pub async fn keep(
    tenant: &Tenant,
    reports: &[wire::Report],
    dry_run: bool,
) -> anyhow::Result<Imported> {
    let handed_in = HandedIn { reports, errors: Vec::new(), sha256: None };
    settle(tenant, &handed_in, dry_run).await
}

async fn settle(
    tenant: &Tenant,
    handed_in: &HandedIn<'_>,
    dry_run: bool,
) -> anyhow::Result<Imported> {
    if dry_run {
        return keep::rehearse(tenant, handed_in).await;
    }
    // A report that was kept before is known, so that doing it again changes nothing.
    retry::looking_again(|| keep::keep(tenant, handed_in)).await
}

/// The rows that came back as CSV for a spreadsheet, in the language of a page.
pub fn errors_csv(errors: &[RowError], lang: Lang) -> std::io::Result<Vec<u8>> {
    let rows = errors.iter().map(|error| {
        let column = error.column.clone().unwrap_or_default();
        [error.line.to_string(), column, error.reason_in(lang), error.advice_in(lang)]
    });
    let mut out = Vec::new();
    wire::write_errors(&mut out, rows)?;
    Ok(out)
}
