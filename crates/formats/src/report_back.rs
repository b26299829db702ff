//! 注意喚起状況報告 (`todoke/report-back/1`): what the ISP did with each line of a notice list.
//!
//! Good rows are taken, bad ones are handed back with line, column and reason. The latest report
//! on a record wins; which one that is, the caller decides. *No report* is a state of the case,
//! never a row.

mod contact;
mod json;
mod rules;
mod words;

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read, Write};

use crate::safe_csv::CsvWriter;
use crate::table::{Fault, Line, Sheet, due};
use crate::{FileRefused, Header, Reading, Reason, Refused, stamp, text};

pub use contact::holds_contact_data;
pub use words::{Channel, DeliveryResult, Identified, Placement, ReasonCode, Recipient, State};

/// Columns that must be there and filled; `inquiry_id` may stand for the first two.
pub const REQUIRED: &[&str] = &["list_id", "record_no", "reported_at", "state"];

/// Columns that may be there in a file that is written.
pub const OPTIONAL: &[&str] = READ.split_at(1).1;

/// The column that names the record where `list_id` and `record_no` do not.
const INQUIRY_ID: &str = "inquiry_id";

/// What may be there when a file is read. A file that is written names records by list and number.
const READ: &[&str] = &[
    INQUIRY_ID,
    "identified",
    "reason_code",
    "notice_channel",
    "notice_at",
    "delivery_result",
    "template_version",
    "recipient",
    "placement",
    "line_token",
    "token_epoch",
    "arm",
    "note",
];

/// The note of a refused row is never shown again: it may hold contact data. Nor is an ID.
const MASKED: &[&str] = &["note", "template_version", "token_epoch", "arm", INQUIRY_ID];

/// An inquiry ID as somebody typed it (問合せID): whether it is one, the caller finds out. `Debug`
/// hides it, so that it slips into no log.
#[derive(Clone, PartialEq, Eq)]
#[doc(alias = "問合せID")]
pub struct TypedId(pub String);

impl fmt::Debug for TypedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedId(…)")
    }
}

/// 注意喚起状況報告: what the ISP did with one record of a notice list.
#[doc(alias = "注意喚起状況報告")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Physical line of the file; 0 for a row that is to be written.
    pub line: u64,
    /// The list the record stands in; empty where the inquiry ID alone names the record.
    pub list_id: String,
    /// Number of the record in that list; 0 where the inquiry ID alone names the record.
    pub record_no: u64,
    /// The inquiry ID, where the file gives it; it is never written.
    pub inquiry_id: Option<TypedId>,
    /// When the ISP says so, in microseconds UTC.
    pub reported_at: i64,
    /// What became of the record.
    pub state: State,
    /// Whether the line was identified.
    pub identified: Option<Identified>,
    /// Why not; there for every [`State::NotNotified`].
    pub reason_code: Option<ReasonCode>,
    /// How; there for every [`State::Notified`].
    pub notice_channel: Option<Channel>,
    /// When the notice went out, in microseconds UTC; there for every [`State::Notified`].
    pub notice_at: Option<i64>,
    /// Whether that is a day alone, as of a letter: then `notice_at` is when it begins in Japan.
    pub notice_is_day: bool,
    /// Whether it arrived.
    pub delivery_result: Option<DeliveryResult>,
    /// Version of the text used.
    pub template_version: Option<String>,
    /// Who was told.
    pub recipient: Option<Recipient>,
    /// Where the device stands.
    pub placement: Option<Placement>,
    /// HMAC of the line under the ISP's own key; compared within one epoch only.
    pub line_token: Option<[u8; 32]>,
    /// The epoch of that key.
    pub token_epoch: Option<String>,
    /// Arm of a trial, only where the ISP assigns.
    pub arm: Option<String>,
    /// Free text without contact data, at most 2000 characters.
    pub note: Option<String>,
}

/// A report-back file as it was read (報告ファイル).
#[derive(Debug)]
pub struct ReportFile {
    /// The rows understood.
    pub reports: Vec<Report>,
    /// The rows to hand back.
    pub refused: Vec<Refused>,
    /// What the header says, such as columns that are not read.
    pub header: Header,
}

/// Reads a report-back file: the rows understood, and the rows to hand back.
pub fn read(
    input: impl Read + Send + 'static,
    reading: Reading,
) -> Result<(Vec<Report>, Vec<Refused>), FileRefused> {
    let file = read_file(input, reading)?;
    Ok((file.reports, file.refused))
}

/// Reads a report-back file, CSV or JSON lines, and says what its header told.
pub fn read_file(
    input: impl Read + Send + 'static,
    reading: Reading,
) -> Result<ReportFile, FileRefused> {
    let mut input = BufReader::new(input);
    if json::begins(input.fill_buf()?) {
        return json::read(input, &reading);
    }
    let instead = (INQUIRY_ID, &REQUIRED[..2]);
    let columns = [REQUIRED, READ, MASKED];
    let sheet = Sheet::open_either(input, reading, "report-back", columns, Some(instead))?;
    let header = sheet.header.clone();
    let (reports, refused) = sheet.all(report)?;
    Ok(ReportFile { reports, refused, header })
}

fn report(line: &Line<'_>) -> Result<Report, Fault> {
    for column in REQUIRED.iter().chain(READ) {
        rules::no_formula(column, &line.raw(column))?;
    }
    let inquiry_id = line.text(INQUIRY_ID, 100)?.map(TypedId);
    let (list_id, record_no) = (line.text("list_id", 200)?, line.number("record_no", u64::MAX)?);
    let (list_id, record_no) = match (&inquiry_id, list_id, record_no) {
        (Some(_), None, None) => (String::new(), 0),
        (_, list_id, record_no) => (due("list_id", list_id)?, due("record_no", record_no)?),
    };
    let (notice_at, notice_is_day) = line.time_or_day("notice_at")?;
    let report = Report {
        line: line.number,
        list_id,
        record_no,
        inquiry_id,
        reported_at: due("reported_at", line.japanese_time("reported_at")?)?,
        state: due("state", line.word("state")?)?,
        identified: line.word("identified")?,
        reason_code: line.word("reason_code")?,
        notice_channel: line.word("notice_channel")?,
        notice_at,
        notice_is_day,
        delivery_result: line.word("delivery_result")?,
        template_version: line.text("template_version", 200)?,
        recipient: line.word("recipient")?,
        placement: line.word("placement")?,
        line_token: line.code("line_token").map(|code| token(&code)).transpose()?,
        token_epoch: line.text("token_epoch", 200)?,
        arm: line.text("arm", 200)?,
        note: line.text("note", 2000)?,
    };
    let free = [
        ("template_version", &report.template_version),
        ("token_epoch", &report.token_epoch),
        ("arm", &report.arm),
        ("note", &report.note),
    ];
    // A file of which the columns moved by one brings a telephone number into any of them.
    let holds = |text: &Option<String>| text.as_deref().is_some_and(holds_contact_data);
    if let Some((column, _)) = free.into_iter().find(|(_, text)| holds(text)) {
        return Err((column, Reason::ContactData));
    }
    match rules::contradiction(&report) {
        Some((column, why)) => Err((column, Reason::Contradiction(why))),
        None => Ok(report),
    }
}

/// 32 bytes in 64 hexadecimal digits.
fn token(code: &str) -> Result<[u8; 32], Fault> {
    let bad = ("line_token", Reason::BadToken);
    let digits: Vec<u32> = code.chars().map_while(|c| c.to_digit(16)).collect();
    if digits.len() != 64 || code.len() != 64 {
        return Err(bad);
    }
    let mut token = [0; 32];
    for (byte, pair) in token.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::try_from(pair[0] * 16 + pair[1]).map_err(|_| bad.clone())?;
    }
    Ok(token)
}

/// Writes a report-back file: UTF-8, CRLF, times and days in Japan Standard Time, a byte-order mark
/// on request.
pub fn write<'a>(
    out: impl Write,
    reports: impl IntoIterator<Item = &'a Report>,
    bom: bool,
) -> io::Result<()> {
    let mut csv = CsvWriter::new(out, bom, &[REQUIRED, OPTIONAL].concat())?;
    for report in reports {
        csv.cell(&report.list_id);
        csv.cell(&report.record_no.to_string());
        csv.cell(&stamp::japan(report.reported_at));
        csv.cell(report.state.code());
        csv.shown(report.identified);
        csv.shown(report.reason_code);
        csv.shown(report.notice_channel);
        let at = if report.notice_is_day { stamp::japan_day } else { stamp::japan };
        csv.shown(report.notice_at.map(at));
        csv.shown(report.delivery_result);
        csv.shown(report.template_version.as_deref());
        csv.shown(report.recipient);
        csv.shown(report.placement);
        csv.shown(report.line_token.map(|token| text::hex(&token)));
        csv.shown(report.token_epoch.as_deref());
        csv.shown(report.arm.as_deref());
        csv.shown(report.note.as_deref());
        csv.end_row()?;
    }
    csv.finish().map(drop)
}

/// Writes the rows that are handed back, for a spreadsheet: `line`, `column`, `reason` and
/// `what_to_do`; UTF-8 with a byte-order mark, CRLF.
pub fn write_errors(
    out: impl Write,
    rows: impl IntoIterator<Item = [String; 4]>,
) -> io::Result<()> {
    let mut csv = CsvWriter::new(out, true, &["line", "column", "reason", "what_to_do"])?;
    for row in rows {
        row.iter().for_each(|cell| csv.cell(cell));
        csv.end_row()?;
    }
    csv.finish().map(drop)
}
