//! 数式注入の防止: CSV we write (RFC 4180: UTF-8, CRLF, header), in which no cell is a formula.

use std::borrow::Cow;
use std::io::{self, Write};

/// Characters at the front of a cell that a spreadsheet takes for a formula, or skips to find one.
/// A Japanese spreadsheet folds the full-width ones to the plain ones.
const TRIGGERS: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'];

fn is_guarded(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(TRIGGERS)
}

/// Puts `'` before free text that a spreadsheet would take for a formula.
///
/// Text that already begins with `'` and then such a character gets one more, so that
/// [`unguard`] gives every text back as it was.
pub fn guard(cell: &str) -> Cow<'_, str> {
    if is_guarded(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// Takes the `'` of [`guard`] off.
pub fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_guarded(text) => text,
        _ => cell,
    }
}

/// A table for a spreadsheet: the byte-order mark by which it knows UTF-8, the header, the rows.
pub fn table<Row>(header: &[&str], rows: impl IntoIterator<Item = Row>) -> io::Result<Vec<u8>>
where
    Row: IntoIterator<Item: AsRef<str>>,
{
    let mut csv = CsvWriter::new(Vec::new(), true, header)?;
    for row in rows {
        row.into_iter().for_each(|cell| csv.cell(cell.as_ref()));
        csv.end_row()?;
    }
    csv.finish()
}

/// Writes rows of cells; every cell is guarded and quoted where needed.
pub(crate) struct CsvWriter<W> {
    out: W,
    row: String,
    cells: usize,
}

impl<W: Write> CsvWriter<W> {
    /// Writes the byte-order mark if asked, then the header.
    pub(crate) fn new(mut out: W, bom: bool, header: &[&str]) -> io::Result<Self> {
        if bom {
            out.write_all(b"\xEF\xBB\xBF")?;
        }
        let mut this = Self { out, row: String::new(), cells: 0 };
        for name in header {
            this.cell(name);
        }
        this.end_row()?;
        Ok(this)
    }

    /// Adds a cell to the row.
    pub(crate) fn cell(&mut self, text: &str) {
        if self.cells > 0 {
            self.row.push(',');
        }
        self.cells += 1;
        push_cell(&mut self.row, text);
    }

    /// Adds a cell of what can be displayed, empty for `None`.
    pub(crate) fn shown(&mut self, value: Option<impl std::fmt::Display>) {
        match value {
            Some(value) => self.cell(&value.to_string()),
            None => self.cell(""),
        }
    }

    /// Writes the row out.
    pub(crate) fn end_row(&mut self) -> io::Result<()> {
        self.row.push_str("\r\n");
        self.out.write_all(self.row.as_bytes())?;
        self.row.clear();
        self.cells = 0;
        Ok(())
    }

    /// Flushes and gives the output back.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// One cell, guarded, and quoted where it must be.
pub(crate) fn push_cell(row: &mut String, text: &str) {
    let text = guard(text);
    if text.contains([',', '"', '\r', '\n']) {
        row.push('"');
        row.push_str(&text.replace('"', "\"\""));
        row.push('"');
    } else {
        row.push_str(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_bears_its_mark_and_no_cell_of_it_is_a_formula() {
        let rows = [["a,b", "=1+1"], ["say \"no\"", "two\r\nlines"]];
        let csv = table(&["left", "right"], rows).unwrap();
        let text = String::from_utf8(csv).unwrap();
        let rest = text.strip_prefix('\u{feff}').unwrap();
        assert_eq!(rest, "left,right\r\n\"a,b\",'=1+1\r\n\"say \"\"no\"\"\",\"two\r\nlines\"\r\n");
        assert_eq!(table(&["one"], [[""; 0]; 0]).unwrap(), "\u{feff}one\r\n".as_bytes());
    }
}
