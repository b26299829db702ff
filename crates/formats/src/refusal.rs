//! 隔離行: a row, or a whole file, that is not understood, with the reason.

use std::fmt;
use std::io;
use std::net::IpAddr;

use crate::{Detection, Header};

/// Why a row is refused (隔離理由). `Display` gives plain English, `code` a stable word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// More cells than the header has columns: which cell is which cannot be known.
    #[error("the row has {found} cells, the header has {expected} columns")]
    TooManyCells {
        /// Cells in the row.
        found: usize,
        /// Columns in the header.
        expected: usize,
    },
    /// The row ends before a column that is needed, or just within one.
    #[error("the row ends after {found} of {expected} cells")]
    TooFewCells {
        /// Cells in the row.
        found: usize,
        /// Columns in the header.
        expected: usize,
    },
    /// A cell that must be filled is empty.
    #[error("the cell is empty")]
    MissingValue,
    /// The row names no address of a device.
    #[error("the row names no address of a device")]
    NoSourceAddress,
    /// Not an address.
    #[error("this is not an IP address")]
    BadAddress,
    /// A prefix or range where one address is due.
    #[error("this is a prefix, not one address")]
    PrefixNotAddress,
    /// `0.0.0.0` or `::`.
    #[error("the unspecified address belongs to no device")]
    UnspecifiedAddress,
    /// Not a port from 0 to 65535.
    #[error("this is not a port number")]
    BadPort,
    /// Not a time.
    #[error("this is not a time")]
    BadTime,
    /// A time without a zone, and nothing states one.
    #[error("this time names no zone, and the feed states none")]
    NoZone,
    /// A time later than now.
    #[error("this time lies in the future")]
    FutureTime,
    /// Bytes that are not text in the encoding of the file.
    #[error("these bytes are not text in the encoding of the file")]
    BadEncoding,
    /// A NUL byte: no text holds one, and what stood there cannot be known.
    #[error("the row holds a NUL byte")]
    NulByte,
    /// The file ends within the row.
    #[error("the file ends within this row, after {found} of {expected} cells")]
    CutRow {
        /// Cells in the row, the last one maybe in part.
        found: usize,
        /// Columns in the header.
        expected: usize,
    },
    /// A cell longer than 1 MiB.
    #[error("the cell is longer than 1 MiB")]
    CellTooLong,
    /// A row longer than 8 MiB.
    #[error("the row is longer than 8 MiB")]
    RowTooLong,
    /// A quote is opened and never closed.
    #[error("a quote is opened and never closed")]
    UnclosedQuote,
    /// Not a number, or outside its bounds.
    #[error("this is not a number within its bounds")]
    BadNumber,
    /// A number a spreadsheet has rounded: `4.82E+14`.
    #[error("a spreadsheet has rounded this number")]
    RoundedNumber,
    /// A word outside the closed list of the column.
    #[error("this word is not in the list of the column")]
    UnknownWord,
    /// Not a prefix in CIDR notation.
    #[error("this is not a prefix in CIDR notation")]
    BadPrefix,
    /// The text is longer than the column allows.
    #[error("the text is too long")]
    TextTooLong,
    /// A mail address or telephone number in free text.
    #[error("contact data does not belong in this column")]
    ContactData,
    /// A cell that a spreadsheet takes for a formula.
    #[error("a spreadsheet would take this cell for a formula")]
    Formula,
    /// Not the 64 hexadecimal digits of a token.
    #[error("this is not a token of 64 hexadecimal digits")]
    BadToken,
    /// Two columns contradict each other, or one asks for another.
    #[error("this cell does not go with the others: {0}")]
    Contradiction(&'static str),
    /// Not one whole JSON object.
    #[error("this cannot be read as JSON: {0}")]
    NotJson(&'static str),
    /// JSON nested deeper than 64 levels.
    #[error("the record is nested deeper than 64 levels")]
    TooDeep,
    /// A record that tells of no weak device, with what it is instead.
    #[error("this tells of no weak device: {0}")]
    NotAboutDevice(&'static str),
    /// An address of which nothing says when it was seen, with what to ask for.
    #[error("nothing says when this was seen: {0}")]
    Unseen(&'static str),
    /// Not the name of a host.
    #[error("this is not the name of a host")]
    BadHostName,
}

impl Reason {
    /// The stable word of the reason, for counting and for translation.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooManyCells { .. } => "too_many_cells",
            Self::TooFewCells { .. } => "too_few_cells",
            Self::MissingValue => "missing_value",
            Self::NoSourceAddress => "no_source_address",
            Self::BadAddress => "bad_address",
            Self::PrefixNotAddress => "prefix_not_address",
            Self::UnspecifiedAddress => "unspecified_address",
            Self::BadPort => "bad_port",
            Self::BadTime => "bad_time",
            Self::NoZone => "no_zone",
            Self::FutureTime => "future_time",
            Self::BadEncoding => "bad_encoding",
            Self::NulByte => "nul_byte",
            Self::CutRow { .. } => "cut_row",
            Self::CellTooLong => "cell_too_long",
            Self::RowTooLong => "row_too_long",
            Self::UnclosedQuote => "unclosed_quote",
            Self::BadNumber => "bad_number",
            Self::RoundedNumber => "rounded_number",
            Self::UnknownWord => "unknown_word",
            Self::BadPrefix => "bad_prefix",
            Self::TextTooLong => "text_too_long",
            Self::ContactData => "contact_data",
            Self::Formula => "formula",
            Self::BadToken => "bad_token",
            Self::Contradiction(_) => "contradiction",
            Self::NotJson(_) => "not_json",
            Self::TooDeep => "too_deep",
            Self::NotAboutDevice(_) => "not_about_device",
            Self::Unseen(_) => "unseen",
            Self::BadHostName => "bad_host_name",
        }
    }
}

/// 隔離行: one row that is not understood. It stops no other row.
#[doc(alias = "隔離行")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Physical line of the file where the row begins; 1 is the first line.
    pub line: u64,
    /// The column at fault, by its name in the header, where one is.
    pub column: Option<String>,
    /// Why.
    pub reason: Reason,
    /// The row as it stood, without its line end; credential cells are replaced by `***`, and no
    /// more than the first 256 KiB are kept.
    pub bytes: Vec<u8>,
    /// What it says of itself all the same.
    pub legible: Legible,
}

/// What can still be read of a refused row (判読できた項目): which run it speaks of, and of which
/// address. Where nothing is legible it may be a row of any run, on any device.
#[doc(alias = "判読できた項目")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Legible {
    /// The run it names; a Shadowserver report never names one.
    pub scan_run: Option<String>,
    /// The address of the device.
    pub ip: Option<IpAddr>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// One row of a feed, understood or not (取込行).
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// An understood row.
    Detection(Box<Detection>),
    /// A row for quarantine.
    Refused(Refused),
}

/// Why a whole file is refused (取込拒否).
#[derive(Debug, thiserror::Error)]
pub enum FileRefused {
    /// No header, or nothing at all.
    #[error("the file is empty")]
    Empty,
    /// A column without which no row can be read.
    #[error("the column {0:?} is missing")]
    MissingColumn(String),
    /// Several columns without which no row can be read.
    #[error("these columns are missing: {}", .0.join(", "))]
    MissingColumns(Vec<String>),
    /// A column that stands twice and must not.
    #[error("the column {0:?} stands twice")]
    DuplicateColumn(String),
    /// A type of report no rule knows.
    #[error("the type of report {0:?} is not known")]
    UnknownType(String),
    /// A broken, nested or suspicious archive.
    #[error("the archive cannot be read: {0}")]
    BadArchive(String),
    /// A spreadsheet or another document of an office programme.
    #[error("this is a spreadsheet or a document: save it as \"CSV UTF-8\" and deliver that")]
    Spreadsheet,
    /// A mail that breaks its limits, or brings nothing.
    #[error("the mail cannot be read: {0}")]
    BadMail(String),
    /// An encoding this format does not have.
    #[error("the encoding cannot be read: {0}")]
    Encoding(String),
    /// More columns than any report has.
    #[error("the header has more than {0} columns")]
    TooManyColumns(usize),
    /// Larger than allowed.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// The header itself is broken: an unclosed quote, a giant cell.
    #[error("the header cannot be read: {0}")]
    BadHeader(Reason),
    /// No line of its beginning is JSON.
    #[error("the file is not JSON; give the JSON lines or the JSON array as it was delivered")]
    NotJson,
    /// Its beginning is neither JSON nor the report part of an X-ARF.
    #[error(
        "the file is neither JSON nor the report part of an X-ARF mail; give the reports as sent"
    )]
    NotXarf,
    /// A mapping that says no sound thing of the columns.
    #[error("the mapping cannot be used: {0}")]
    BadMapping(String),
    /// The input failed while its beginning was read.
    #[error("the file could not be read")]
    Io(#[from] io::Error),
}

impl FileRefused {
    /// The stable word of the reason, for counting and for translation.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::MissingColumn(_) | Self::MissingColumns(_) => "missing_column",
            Self::DuplicateColumn(_) => "duplicate_column",
            Self::UnknownType(_) => "unknown_type",
            Self::BadArchive(_) => "bad_archive",
            Self::Spreadsheet => "spreadsheet",
            Self::BadMail(_) => "bad_mail",
            Self::Encoding(_) => "encoding",
            Self::TooManyColumns(_) => "too_many_columns",
            Self::TooLarge(_) => "too_large",
            Self::BadHeader(_) => "bad_header",
            Self::NotJson => "not_json",
            Self::NotXarf => "not_xarf",
            Self::BadMapping(_) => "bad_mapping",
            Self::Io(_) => "io",
        }
    }
}

/// The rows of an open file, read one after the other.
///
/// An `Err` is a failing input, not a bad row: it is given once and ends the iteration.
pub struct Rows {
    header: Header,
    rows: Box<dyn Iterator<Item = io::Result<Row>> + Send>,
}

impl Rows {
    pub(crate) fn new(
        header: Header,
        rows: impl Iterator<Item = io::Result<Row>> + Send + 'static,
    ) -> Self {
        Self { header, rows: Box::new(rows) }
    }

    /// The same rows, but those of which `which` says so by their number, from 1, as `other` reads
    /// them: it reads the same file in another way.
    #[must_use]
    pub fn but(self, other: Self, which: impl Fn(i64) -> bool + Send + 'static) -> Self {
        let (mut others, mut number) = (other.rows, 0);
        let picked = self.rows.map(move |row| {
            number += 1;
            match others.next() {
                Some(Ok(other)) if which(number) => Ok(other),
                _ => row,
            }
        });
        Self::new(self.header, picked)
    }

    /// What the header of the file says, and what changed in it.
    pub fn header(&self) -> &Header {
        &self.header
    }
}

impl Iterator for Rows {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next()
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("header", &self.header).finish_non_exhaustive()
    }
}
