//! The header of a file, and typed access to the cells of our own formats.

use std::borrow::Cow;
use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::Arc;

use crate::split::{COLUMNS_MAX, Cell, Splitter, Step};
use crate::{FileRefused, Header, Legible, Reading, Reason, Refused};
use crate::{address, credentials, safe_csv, stamp, text};

/// No more bytes of a refused row are kept.
pub(crate) const REFUSED_BYTES_MAX: usize = 256 << 10;

/// Reads the header: lower case, without surrounding blanks.
pub(crate) fn header(splitter: &mut Splitter) -> Result<Vec<String>, FileRefused> {
    match splitter.step()? {
        Step::End => return Err(FileRefused::Empty),
        Step::Uncut { reason, .. } => return Err(FileRefused::BadHeader(reason)),
        Step::Row => {}
    }
    if splitter.count() > COLUMNS_MAX {
        return Err(FileRefused::TooManyColumns(COLUMNS_MAX));
    }
    let Some((row, cells)) = splitter.decode() else {
        return Err(FileRefused::Encoding("the header is not text in that encoding".to_owned()));
    };
    Ok(cells.iter().map(|cell| text::narrow(&cell.text(row)).to_ascii_lowercase()).collect())
}

/// One of our own formats open for reading.
pub(crate) struct Sheet {
    splitter: Splitter,
    names: Vec<String>,
    reading: Reading,
    /// Columns whose cells never show in a refused row.
    masked: Vec<bool>,
    /// Columns the format does not name, without credentials.
    unnamed: Vec<(usize, Arc<str>)>,
    required: &'static [&'static str],
    pub(crate) header: Header,
}

/// Why a row is refused, and at which column.
pub(crate) type Fault = (&'static str, Reason);

/// One row, its cells by column name.
pub(crate) struct Line<'a> {
    names: &'a [String],
    row: &'a str,
    cells: &'a [Cell],
    reading: &'a Reading,
    unnamed: &'a [(usize, Arc<str>)],
    replaced: std::cell::Cell<bool>,
    pub(crate) number: u64,
}

impl Sheet {
    /// Opens a file that must have every `required` column; `masked` cells are kept nowhere.
    pub(crate) fn open(
        input: impl Read + Send + 'static,
        reading: Reading,
        name: &str,
        columns: [&'static [&'static str]; 3],
    ) -> Result<Self, FileRefused> {
        Self::open_either(input, reading, name, columns, None)
    }

    /// The same, where one column may be there instead of some others.
    pub(crate) fn open_either(
        input: impl Read + Send + 'static,
        reading: Reading,
        name: &str,
        [required, optional, masked]: [&'static [&'static str]; 3],
        instead: Option<(&str, &[&str])>,
    ) -> Result<Self, FileRefused> {
        let mut splitter = Splitter::open(input, reading.encoding)?;
        let names = header(&mut splitter)?;
        let has = |column: &str| names.iter().any(|name| name == column);
        let is_spared =
            |column: &str| instead.is_some_and(|(one, all)| has(one) && all.contains(&column));
        let missing = required.iter().filter(|column| !has(column) && !is_spared(column));
        match *missing.map(|column| (*column).to_owned()).collect::<Vec<_>>() {
            [] => {}
            [ref one] => return Err(FileRefused::MissingColumn(one.clone())),
            ref several => return Err(FileRefused::MissingColumns(several.to_owned())),
        }
        let known = |n: &str| required.contains(&n) || optional.contains(&n);
        for (at, name) in names.iter().enumerate() {
            if known(name) && names[..at].contains(name) {
                return Err(FileRefused::DuplicateColumn(name.clone()));
            }
        }
        let secret: Vec<bool> = names.iter().map(|n| credentials::is_withheld(n)).collect();
        let report = Header {
            report_type: name.to_owned(),
            columns: names.clone(),
            unknown: names.iter().filter(|n| !known(n)).cloned().collect(),
            missing: optional
                .iter()
                .filter(|c| !names.iter().any(|n| n == *c))
                .map(|c| (*c).to_owned())
                .collect(),
            credentials: names
                .iter()
                .zip(&secret)
                .filter(|(_, s)| **s)
                .map(|(n, _)| n.clone())
                .collect(),
        };
        let unnamed = names.iter().enumerate().filter(|(at, n)| !known(n) && !secret[*at]);
        let unnamed = unnamed.map(|(at, n)| (at, Arc::from(n.as_str()))).collect();
        let hidden = |n: &String, secret: &bool| *secret || masked.contains(&n.as_str());
        let masked = names.iter().zip(&secret).map(|(n, s)| hidden(n, s)).collect();
        Ok(Self { splitter, names, reading, masked, unnamed, required, header: report })
    }

    /// The next row, as `read` understands it; `None` at the end.
    pub(crate) fn next<T>(
        &mut self,
        read: &mut impl FnMut(&Line<'_>) -> Result<T, Fault>,
    ) -> io::Result<Option<Result<T, Refused>>> {
        let ((column, reason, legible), mut bytes) = match self.splitter.step()? {
            Step::End => return Ok(None),
            Step::Uncut { reason, bytes } => {
                ((None, reason, Legible::default()), credentials::mask_uncut(&bytes, &self.masked))
            }
            Step::Row => match self.read(read) {
                Ok(value) => return Ok(Some(Ok(value))),
                Err(fault) => (fault, credentials::mask(self.splitter.bytes(), &self.masked)),
            },
        };
        bytes.truncate(REFUSED_BYTES_MAX);
        let line = self.splitter.line();
        Ok(Some(Err(Refused { line, column, reason, bytes, legible })))
    }

    fn read<T>(
        &mut self,
        read: &mut impl FnMut(&Line<'_>) -> Result<T, Fault>,
    ) -> Result<T, (Option<String>, Reason, Legible)> {
        let illegible = |column, reason| (column, reason, Legible::default());
        let (number, found) = (self.splitter.line(), self.splitter.count());
        if let Some((at, reason)) = self.splitter.broken(self.names.len()) {
            return Err(illegible(self.names.get(at).cloned(), reason));
        }
        let Self { splitter, names, reading, unnamed, required, .. } = self;
        let expected = names.len();
        let (row, cells) = splitter.decode().ok_or(illegible(None, Reason::BadEncoding))?;
        // A spreadsheet adds or leaves out empty cells at the end of a row.
        if found > expected && !cells[expected..].iter().all(|c| c.is_empty()) {
            return Err(illegible(None, Reason::TooManyCells { found, expected }));
        }
        if found < expected {
            let last = names.get(found - 1).map_or("", String::as_str);
            if let Some(column) = required.iter().find(|c| **c == last) {
                let reason = Reason::TooFewCells { found, expected };
                return Err(illegible(Some((*column).to_owned()), reason));
            }
        }
        let line = Line { names, row, cells, reading, unnamed, replaced: false.into(), number };
        read(&line).map_err(|(column, reason)| (Some(column.to_owned()), reason, line.legible()))
    }

    /// Every row at once: those understood, and those refused.
    pub(crate) fn all<T>(
        mut self,
        mut read: impl FnMut(&Line<'_>) -> Result<T, Fault>,
    ) -> Result<(Vec<T>, Vec<Refused>), FileRefused> {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        while let Some(row) = self.next(&mut read)? {
            match row {
                Ok(value) => good.push(value),
                Err(refused) => bad.push(refused),
            }
        }
        Ok((good, bad))
    }
}

impl<'a> Line<'a> {
    /// A row that stood in no table: the names of its columns, its text, its cells.
    pub(crate) fn of(
        (names, row, cells): (&'a [String], &'a str, &'a [Cell]),
        reading: &'a Reading,
        number: u64,
    ) -> Self {
        Self { names, row, cells, reading, unnamed: &[], replaced: false.into(), number }
    }

    /// What can be read of a row that is refused.
    fn legible(&self) -> Legible {
        let scan_run = self.text("scan_run", 1000).unwrap_or_default();
        Legible { scan_run, ip: self.ip("ip").unwrap_or_default() }
    }

    /// The cell as it stands; empty where the file has no such column.
    pub(crate) fn raw(&self, column: &str) -> Cow<'a, str> {
        let at = self.names.iter().position(|name| name == column);
        at.and_then(|at| self.cells.get(at)).map_or(Cow::Borrowed(""), |cell| cell.text(self.row))
    }

    /// A code, a number or a time: blanks off, full-width digits made plain.
    pub(crate) fn code(&self, column: &str) -> Option<Cow<'a, str>> {
        let code = match self.raw(column) {
            Cow::Borrowed(raw) => text::narrow(safe_csv::unguard(raw)),
            Cow::Owned(raw) => Cow::Owned(text::narrow(safe_csv::unguard(&raw)).into_owned()),
        };
        (!code.is_empty()).then_some(code)
    }

    /// Free text of at most `max` characters, control characters replaced.
    pub(crate) fn text(&self, column: &'static str, max: usize) -> Result<Option<String>, Fault> {
        let raw = self.raw(column);
        if raw.is_empty() {
            return Ok(None);
        }
        let (clean, replaced) = text::clean(Cow::Borrowed(safe_csv::unguard(&raw)));
        self.replaced.set(self.replaced.get() || replaced);
        let clean = clean.trim();
        if clean.len() > max && clean.chars().count() > max {
            return Err((column, Reason::TextTooLong));
        }
        if text::is_rounded(&text::narrow(clean)) {
            return Err((column, Reason::RoundedNumber));
        }
        Ok((!clean.is_empty()).then(|| clean.to_owned()))
    }

    /// Whether a control character in a text given so far was replaced.
    pub(crate) fn replaced_controls(&self) -> bool {
        self.replaced.get()
    }

    /// A time, not later than now.
    pub(crate) fn time(&self, column: &'static str) -> Result<Option<i64>, Fault> {
        self.any_time(column)?.map(|at| self.not_later(column, at)).transpose()
    }

    /// A time as people in Japan write it, not later than now.
    pub(crate) fn japanese_time(&self, column: &'static str) -> Result<Option<i64>, Fault> {
        let Some(code) = self.code(column) else { return Ok(None) };
        let at = stamp::parse_japanese(&code, self.reading.utc_offset);
        self.not_later(column, at.map_err(|reason| (column, reason))?).map(Some)
    }

    /// The same, or a day alone, which is the moment it begins in Japan; whether it is one.
    pub(crate) fn time_or_day(&self, column: &'static str) -> Result<(Option<i64>, bool), Fault> {
        match self.code(column).and_then(|code| stamp::day(&code)) {
            Some(day) => Ok((Some(self.not_later(column, day)?), true)),
            None => Ok((self.japanese_time(column)?, false)),
        }
    }

    fn not_later(&self, column: &'static str, at: i64) -> Result<i64, Fault> {
        if self.reading.is_future(at) { Err((column, Reason::FutureTime)) } else { Ok(at) }
    }

    /// A time, be it past or to come.
    pub(crate) fn any_time(&self, column: &'static str) -> Result<Option<i64>, Fault> {
        let read = |code: Cow<'_, str>| stamp::parse(&code, self.reading.utc_offset);
        self.code(column).map(read).transpose().map_err(|reason| (column, reason))
    }

    /// A word of a closed list, in any case.
    pub(crate) fn word<T: Word>(&self, column: &'static str) -> Result<Option<T>, Fault> {
        let Some(code) = self.code(column) else { return Ok(None) };
        T::read(&code).map(Some).ok_or((column, Reason::UnknownWord))
    }

    /// A whole number of at most `max`.
    pub(crate) fn number(&self, column: &'static str, max: u64) -> Result<Option<u64>, Fault> {
        let read = |code: Cow<'_, str>| text::number(&code, max);
        self.code(column).map(read).transpose().map_err(|reason| (column, reason))
    }

    /// A port; empty and 0 mean that none is known.
    pub(crate) fn port(&self, column: &'static str) -> Result<Option<u16>, Fault> {
        let read = |code: Cow<'_, str>| address::port(&code);
        let port = self.code(column).map(read).transpose().map_err(|reason| (column, reason))?;
        Ok(port.flatten())
    }

    /// An address.
    pub(crate) fn ip(&self, column: &'static str) -> Result<Option<IpAddr>, Fault> {
        let read = |code: Cow<'_, str>| address::parse(&code);
        self.code(column).map(read).transpose().map_err(|reason| (column, reason))
    }

    /// The parts of a list joined by `;`.
    pub(crate) fn list(&self, column: &str) -> Vec<String> {
        let code = self.code(column).unwrap_or_default();
        let parts = code.split(';').map(str::trim).filter(|part| !part.is_empty());
        parts.map(ToOwned::to_owned).collect()
    }

    /// Every filled cell of a column the format does not name, without credentials.
    pub(crate) fn others(&self) -> Vec<(Arc<str>, Box<str>)> {
        let mut others = Vec::new();
        for (at, name) in self.unnamed {
            if let Some(cell) = self.cells.get(*at).filter(|cell| !cell.is_empty()) {
                let (value, replaced) = text::clean(cell.text(self.row));
                self.replaced.set(self.replaced.get() || replaced);
                let value = credentials::without_userinfo(safe_csv::unguard(&value)).into();
                others.push((Arc::clone(name), value));
            }
        }
        others
    }
}

/// A cell that must be filled.
pub(crate) fn due<T>(column: &'static str, value: Option<T>) -> Result<T, Fault> {
    value.ok_or((column, Reason::MissingValue))
}

/// A closed list of words that a cell can hold.
pub(crate) trait Word: Sized {
    /// Finds the word, whatever its case.
    fn read(code: &str) -> Option<Self>;
}
