//! Cuts one row into cells: the grammar of RFC 4180, and what is forgiven.
//!
//! LF, CRLF and a lone CR end a row. A quote within an unquoted cell is text. Text after a closing
//! quote belongs to the cell.

use std::borrow::Cow;
use std::ops::Range;

use super::COLUMNS_MAX;
use crate::Reason;

/// No cell is longer.
const CELL_MAX: usize = 1 << 20;

/// How the bytes of a cell are to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// The bytes are the text.
    Plain,
    /// Quoted, nothing doubled inside: the bytes between the quotes are the text.
    Quoted,
    /// Quoted, with doubled quotes or with text after the closing quote.
    Odd,
}

/// Where a cell stands in its row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    start: u32,
    end: u32,
    shape: Shape,
}

impl Cell {
    /// The bytes with their quotes.
    pub(crate) fn raw(self) -> Range<usize> {
        match self.shape {
            Shape::Quoted => self.start as usize - 1..self.end as usize + 1,
            Shape::Plain | Shape::Odd => self.start as usize..self.end as usize,
        }
    }

    /// Whether a quote is opened in the cell and not closed.
    pub(crate) fn is_cut(self, row: &[u8]) -> bool {
        let quotes = || memchr::memchr_iter(b'"', &row[self.raw()]).count();
        self.shape == Shape::Odd && quotes() % 2 == 1
    }

    /// Whether nothing stands in the cell.
    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The text of the cell within the text of its row.
    pub(crate) fn text(self, row: &str) -> Cow<'_, str> {
        let text = &row[self.start as usize..self.end as usize];
        match self.shape {
            Shape::Plain | Shape::Quoted => Cow::Borrowed(text),
            Shape::Odd => Cow::Owned(unquoted(text)),
        }
    }
}

/// What scanning the buffer from the start of a row found.
pub(super) enum Scan {
    /// A row of `len` bytes, its line end included in `advance`.
    Row { len: usize, advance: usize },
    /// The row goes on beyond the buffer.
    More,
    /// The row cannot be cut.
    Bad(Reason),
}

/// The first physical line with its end, and with the byte that tells a lone CR from CRLF; all of
/// `data` where no line ends.
pub(super) fn first_line(data: &[u8]) -> &[u8] {
    let Some(at) = memchr::memchr2(b'\n', b'\r', data) else { return data };
    let end = if data[at] == b'\r' { at + 2 } else { at + 1 };
    &data[..end.min(data.len())]
}

/// The bytes each cell of a whole row takes, quotes included.
pub(crate) fn spans(row: &[u8], delimiter: u8) -> Vec<Range<usize>> {
    let (mut cells, mut count) = (Vec::new(), 0);
    scan(row, (true, delimiter), &mut cells, &mut count);
    cells.into_iter().map(Cell::raw).collect()
}

/// The cells of a whole row with commas between them.
pub(crate) fn cells(row: &[u8]) -> Vec<Cell> {
    let (mut cells, mut count) = (Vec::new(), 0);
    scan(row, (true, b','), &mut cells, &mut count);
    cells
}

/// Whether the file ends behind the data, and what stands between two cells.
pub(super) type Kind = (bool, u8);

/// Cuts one row from the front of `data`.
pub(super) fn scan(
    data: &[u8],
    (eof, delimiter): Kind,
    cells: &mut Vec<Cell>,
    count: &mut usize,
) -> Scan {
    cells.clear();
    *count = 0;
    let mut at = 0;
    loop {
        let (cell, end) = match cut(data, at, (eof, delimiter)) {
            Ok(Some(found)) => found,
            Ok(None) => return Scan::More,
            Err(reason) => return Scan::Bad(reason),
        };
        *count += 1;
        if *count <= COLUMNS_MAX {
            cells.push(cell);
        }
        match data.get(end) {
            Some(b) if *b == delimiter => at = end + 1,
            Some(b'\r') => {
                return match data.get(end + 1) {
                    Some(b'\n') => Scan::Row { len: end, advance: end + 2 },
                    None if !eof => Scan::More,
                    _ => Scan::Row { len: end, advance: end + 1 },
                };
            }
            Some(_) => return Scan::Row { len: end, advance: end + 1 },
            None => return Scan::Row { len: end, advance: end },
        }
    }
}

/// Cuts the cell that begins at `at`; gives it and where its delimiter stands, `None` for more.
fn cut(data: &[u8], at: usize, kind: Kind) -> Result<Option<(Cell, usize)>, Reason> {
    if data.get(at) == Some(&b'"') {
        return cut_quoted(data, at, kind);
    }
    let (eof, delimiter) = kind;
    match data[at..].iter().position(|b| ends(*b, delimiter)) {
        Some(len) => cell(at, at + len, Shape::Plain, at + len).map(Some),
        None if data.len() - at > CELL_MAX => Err(Reason::CellTooLong),
        None if eof => cell(at, data.len(), Shape::Plain, data.len()).map(Some),
        None => Ok(None),
    }
}

/// Whether a byte ends an unquoted cell.
fn ends(b: u8, delimiter: u8) -> bool {
    b == delimiter || matches!(b, b'\n' | b'\r')
}

fn cut_quoted(
    data: &[u8],
    at: usize,
    (eof, delimiter): Kind,
) -> Result<Option<(Cell, usize)>, Reason> {
    let mut from = at + 1;
    let mut doubled = false;
    let close = loop {
        let Some(quote) = data[from..].iter().position(|&b| b == b'"') else {
            return unclosed(data, at, eof);
        };
        match data.get(from + quote + 1) {
            Some(b'"') => {
                doubled = true;
                from += quote + 2;
            }
            None if !eof => return Ok(None),
            _ => break from + quote,
        }
    };
    match data.get(close + 1) {
        next if !doubled && next.is_none_or(|b| ends(*b, delimiter)) => {
            cell(at + 1, close, Shape::Quoted, close + 1).map(Some)
        }
        _ => match data[close + 1..].iter().position(|b| ends(*b, delimiter)) {
            Some(len) => cell(at, close + 1 + len, Shape::Odd, close + 1 + len).map(Some),
            None if data.len() - at > CELL_MAX => Err(Reason::CellTooLong),
            None if eof => cell(at, data.len(), Shape::Odd, data.len()).map(Some),
            None => Ok(None),
        },
    }
}

/// A quote still open at the end of what was read. At the end of the file the last line may be
/// cut within its last cell; an open quote further up must not swallow the lines below it.
fn unclosed(data: &[u8], at: usize, eof: bool) -> Result<Option<(Cell, usize)>, Reason> {
    if data.len() - at > CELL_MAX {
        return Err(Reason::CellTooLong);
    }
    if !eof {
        return Ok(None);
    }
    let line = data[at..].iter().position(|b| matches!(b, b'\n' | b'\r'));
    let end = line.map_or(data.len(), |len| at + len);
    if data[end..].iter().all(|b| matches!(b, b'\n' | b'\r')) {
        cell(at, end, Shape::Odd, end).map(Some)
    } else {
        Err(Reason::UnclosedQuote)
    }
}

fn cell(start: usize, end: usize, shape: Shape, delimiter: usize) -> Result<(Cell, usize), Reason> {
    if end - start > CELL_MAX {
        return Err(Reason::CellTooLong);
    }
    let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) else {
        return Err(Reason::RowTooLong);
    };
    Ok((Cell { start, end, shape }, delimiter))
}

/// The text of a quoted cell with doubled quotes, or with text after the closing quote.
fn unquoted(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw.strip_prefix('"').unwrap_or(raw);
    while let Some(quote) = rest.find('"') {
        text.push_str(&rest[..quote]);
        rest = &rest[quote + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                text.push('"');
                rest = after;
            }
            None => break,
        }
    }
    text.push_str(rest);
    text
}
