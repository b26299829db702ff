//! Cuts a stream of bytes into CSV rows (RFC 4180, leniently) without taking in the whole file.
//!
//! Own work rather than a library's, for three reasons: the bytes of a refused row are kept as they
//! stood; a quote that is never closed costs one line, not the rest of the file; and the physical
//! line of each row is exact.

mod cut;
mod guess;

use std::io::{self, Read};
use std::ops::Range;

pub(crate) use cut::{Cell, cells, spans};

use crate::{Encoding, FileRefused, Reason, window::Window};
use cut::{Scan, first_line, scan};

/// No report has more columns.
pub(crate) const COLUMNS_MAX: usize = 512;
/// No row is longer.
const ROW_MAX: usize = 8 << 20;
/// What is read at a time.
const BUFFER: usize = 256 << 10;
/// So many bytes may be scanned in vain, for rows that are given up and tried again from their next
/// line; twice what is passed over comes back. Without a bound, lines that each open a quote cost
/// the square of their number. Where less is left than a row may take, none goes beyond its line.
const VAIN_BYTES_MAX: usize = 16 << 20;

/// What one step through the file gives.
#[derive(Debug)]
pub(crate) enum Step {
    /// A row stands ready.
    Row,
    /// The row at this line cannot be cut; `bytes` are its first line. The next one can be tried.
    Uncut { reason: Reason, bytes: Vec<u8> },
    /// The file is over.
    End,
}

/// A file on its way through the cutter.
pub(crate) struct Splitter {
    window: Window,
    next_line: u64,
    skip_to_line_end: bool,
    vain_bytes_left: usize,
    encoding: Encoding,
    delimiter: u8,
    cells: Vec<Cell>,
    count: usize,
    row: Range<usize>,
    unended: bool,
    line: u64,
    decoded: String,
}

impl Splitter {
    /// Looks at the beginning of the file: archive, byte-order mark, encoding.
    pub(crate) fn open(
        input: impl Read + Send + 'static,
        encoding: Encoding,
    ) -> Result<Self, FileRefused> {
        let window = Window::open(input, BUFFER)?;
        let encoding = if window.has_mark() { Encoding::Utf8 } else { encoding };
        Ok(Self {
            window,
            next_line: 1,
            skip_to_line_end: false,
            vain_bytes_left: VAIN_BYTES_MAX,
            encoding,
            delimiter: b',',
            cells: Vec::with_capacity(64),
            count: 0,
            row: 0..0,
            unended: false,
            line: 0,
            decoded: String::new(),
        })
    }

    /// The same with another byte between cells: ASCII, neither a quote nor a line end, and for
    /// CP932 none that may be the second byte of a character.
    pub(crate) fn delimited(self, delimiter: u8) -> Self {
        Self { delimiter, ..self }
    }

    /// Goes to the next row that is not blank.
    pub(crate) fn step(&mut self) -> io::Result<Step> {
        if self.skip_to_line_end && !self.skip_line()? {
            return Ok(Step::End);
        }
        loop {
            let (data, is_last) = (self.window.rest(), self.window.is_last());
            if data.is_empty() {
                if is_last {
                    return Ok(Step::End);
                }
                self.window.fill()?;
                continue;
            }
            let is_dear = self.vain_bytes_left < data.len();
            let line = if is_dear { first_line(data) } else { data };
            let (vain, is_all) = (line.len(), line.len() == data.len());
            let kind = (is_last && is_all, self.delimiter);
            match scan(line, kind, &mut self.cells, &mut self.count) {
                Scan::More if !is_all => return Ok(self.give_up(Reason::UnclosedQuote, vain)),
                Scan::More => {
                    if data.len() > ROW_MAX {
                        return Ok(self.give_up(Reason::RowTooLong, vain));
                    }
                    self.window.fill()?;
                }
                Scan::Row { len, .. } if len > ROW_MAX => {
                    return Ok(self.give_up(Reason::RowTooLong, vain));
                }
                Scan::Bad(reason) => return Ok(self.give_up(reason, vain)),
                // The first row that is not plain ASCII decides, with what follows it.
                Scan::Row { len, .. }
                    if self.encoding == Encoding::Auto && !data[..len].is_ascii() =>
                {
                    if data.len() < guess::SAMPLE && !is_last {
                        self.window.fill()?;
                    } else {
                        self.encoding = guess::encoding(data);
                    }
                }
                Scan::Row { len, advance } => {
                    self.unended = advance == len;
                    self.line = self.next_line;
                    self.next_line += line_ends(&data[..advance]);
                    let start = self.pass(advance).start;
                    self.row = start..start + len;
                    if len > 0 {
                        return Ok(Step::Row);
                    }
                }
            }
        }
    }

    /// Leaves the row at the end of its first physical line, from where reading can go on; `vain`
    /// bytes were scanned for it.
    fn give_up(&mut self, reason: Reason, vain: usize) -> Step {
        self.line = self.next_line;
        let data = self.window.rest();
        let first = memchr::memchr2(b'\n', b'\r', data);
        let len = first.unwrap_or(data.len());
        let bytes = data[..len].to_vec();
        let crlf = first.is_some() && data[len..].starts_with(b"\r\n");
        self.skip_to_line_end = first.is_none();
        self.next_line += u64::from(first.is_some());
        self.vain_bytes_left = self.vain_bytes_left.saturating_sub(vain);
        self.pass(len + usize::from(first.is_some()) + usize::from(crlf));
        Step::Uncut { reason, bytes }
    }

    /// Goes on by so many bytes; gives where they lie.
    fn pass(&mut self, bytes: usize) -> Range<usize> {
        self.vain_bytes_left = (self.vain_bytes_left + 2 * bytes).min(VAIN_BYTES_MAX);
        self.window.pass(bytes)
    }

    /// Skips the rest of a line too long for the window; false at the end of the file.
    fn skip_line(&mut self) -> io::Result<bool> {
        let is_found = self.window.pass_line()?;
        self.next_line += u64::from(is_found);
        self.skip_to_line_end = false;
        Ok(is_found)
    }

    /// The physical line where the row begins.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The row as it stood, without its line end.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.window.passed(self.row.clone())
    }

    /// Why the row is broken in itself, whatever its columns mean, and in which cell: a NUL byte, a
    /// quote that is still open at the end of the file, or a file that ends before the last of
    /// `expected` cells.
    pub(crate) fn broken(&self, expected: usize) -> Option<(usize, Reason)> {
        let (row, last) = (self.bytes(), self.count.saturating_sub(1));
        if let Some(at) = memchr::memchr(0, row) {
            let behind = self.cells.iter().rposition(|cell| cell.raw().start <= at);
            return Some((behind.unwrap_or(0), Reason::NulByte));
        }
        if self.window.is_last() && self.cells.last().is_some_and(|cell| cell.is_cut(row)) {
            return Some((last, Reason::UnclosedQuote));
        }
        let cut = self.unended && self.count < expected;
        cut.then_some((last, Reason::CutRow { found: self.count, expected }))
    }

    /// Whether nothing but the quote that closes the last of `expected` cells is missing: the line
    /// has its end.
    pub(crate) fn lacks_a_quote_alone(&self, expected: usize) -> bool {
        !self.unended && self.count == expected
    }

    /// How many cells the row has, even beyond the most that are kept.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The row as text with its cells; `None` if the bytes are no text in the encoding.
    pub(crate) fn decode(&mut self) -> Option<(&str, &[Cell])> {
        let bytes = self.window.passed(self.row.clone());
        if self.encoding != Encoding::Cp932 || bytes.is_ascii() {
            let text = std::str::from_utf8(bytes).ok()?;
            return Some((text, &self.cells));
        }
        let text =
            encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes)?;
        self.decoded = text.into_owned();
        // No second byte of CP932 is a comma, a quote or a line end: the cells are the same ones.
        let kind = (true, self.delimiter);
        scan(self.decoded.as_bytes(), kind, &mut self.cells, &mut self.count);
        Some((&self.decoded, &self.cells))
    }
}

/// Physical lines in a row: LF, CRLF and a lone CR each end one.
fn line_ends(row: &[u8]) -> u64 {
    let mut ends = 0;
    for at in memchr::memchr2_iter(b'\n', b'\r', row) {
        ends += u64::from(row[at] == b'\r' || at == 0 || row[at - 1] != b'\r');
    }
    ends
}

#[cfg(test)]
mod tests;
