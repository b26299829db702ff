//! The cutter against another reader, and its own promises.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use proptest::prelude::*;

use super::{Splitter, Step};
use crate::Encoding;

/// A reader that gives one byte at a time.
struct Drops(std::io::Cursor<Vec<u8>>);

impl std::io::Read for Drops {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(1);
        self.0.read(&mut buffer[..most])
    }
}

/// Line and cells of each row; a row that cannot be cut has no cells.
fn rows(bytes: &[u8], encoding: Encoding) -> Vec<(u64, Vec<String>)> {
    let input = Drops(std::io::Cursor::new(bytes.to_vec()));
    let mut splitter = Splitter::open(input, encoding).unwrap();
    let mut rows = Vec::new();
    loop {
        let cells = match splitter.step().unwrap() {
            Step::End => return rows,
            Step::Uncut { .. } => Vec::new(),
            Step::Row => {
                let (row, cells) = splitter.decode().unwrap();
                cells.iter().map(|cell| cell.text(row).into_owned()).collect()
            }
        };
        rows.push((splitter.line(), cells));
    }
}

fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
    rows(bytes, Encoding::Utf8).into_iter().map(|(_, cells)| cells).collect()
}

#[test]
fn any_line_end_ends_a_row_and_counts_one_line() {
    let rows = rows(b"a,b\nc,d\r\ne,f\rg,h", Encoding::Utf8);
    let lines: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 2, 3, 4]);
    assert_eq!(rows[3].1, ["g", "h"]);
}

#[test]
fn a_line_break_within_quotes_belongs_to_the_cell_and_counts_as_a_line() {
    let rows = rows(b"a\r\n\"x\r\ny\",2\r\n\r\nz\r\n", Encoding::Utf8);
    assert_eq!(rows[1], (2, vec!["x\r\ny".to_owned(), "2".to_owned()]));
    assert_eq!(rows[2], (5, vec!["z".to_owned()]));
}

#[test]
fn quotes_are_doubled_inside_quotes_and_text_outside_them() {
    assert_eq!(cells(b"\"a\"\"b\",c\"d,\"e\"f,\"\"\n"), [["a\"b", "c\"d", "ef", ""]]);
}

#[test]
fn an_open_quote_costs_its_own_line_and_not_the_rest() {
    assert_eq!(cells(b"a,\"b\nc,d\ne,f\n"), [vec![], vec!["c", "d"], vec!["e", "f"]]);
    assert_eq!(cells(b"a,b\nc,\"d\n"), [["a", "b"], ["c", "d"]]);
}

#[test]
fn a_giant_cell_costs_its_own_line_and_not_the_rest() {
    for quote in ["", "\""] {
        let mut bytes = format!("a,{quote}").into_bytes();
        bytes.resize(3 << 20, b'x');
        bytes.extend_from_slice(format!("{quote}\nc,d\n").as_bytes());
        assert_eq!(cells_fast(&bytes), [vec![], vec!["c", "d"]]);
    }
}

#[test]
fn a_giant_row_of_small_cells_costs_its_own_line_and_not_the_rest() {
    let mut bytes = b"x,".repeat(5 << 20);
    bytes.extend_from_slice(b"\nc,d\n");
    assert_eq!(cells_fast(&bytes), [vec![], vec!["c", "d"]]);
}

/// As [`cells`], not byte by byte.
fn cells_fast(bytes: &[u8]) -> Vec<Vec<String>> {
    let input = std::io::Cursor::new(bytes.to_vec());
    let mut splitter = Splitter::open(input, Encoding::Utf8).unwrap();
    let mut rows = Vec::new();
    loop {
        match splitter.step().unwrap() {
            Step::End => return rows,
            Step::Uncut { .. } => rows.push(Vec::new()),
            Step::Row => {
                let (row, cells) = splitter.decode().unwrap();
                rows.push(cells.iter().map(|cell| cell.text(row).into_owned()).collect());
            }
        }
    }
}

#[test]
fn cp932_is_decoded_even_where_a_second_byte_looks_like_a_backslash() {
    // 表 is 0x95 0x5C, ソ is 0x83 0x5C, ① is 0x87 0x40.
    let bytes = b"\x95\x5C,\"\x83\x5C\x87\x40\",c\n";
    let expected = vec!["表".to_owned(), "ソ①".to_owned(), "c".to_owned()];
    assert_eq!(rows(bytes, Encoding::Cp932), [(1, expected.clone())]);
    assert_eq!(rows(bytes, Encoding::Auto), [(1, expected)]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_cell() {
    for encoding in [Encoding::Utf8, Encoding::Cp932, Encoding::Auto] {
        let rows = rows("\u{FEFF}é,b\n".as_bytes(), encoding);
        assert_eq!(rows[0].1, ["é", "b"]);
    }
}

proptest! {
    #[test]
    fn another_reader_cuts_the_same_cells(text in "([a,\n]|\"\"|\"[a,\n]{0,4}\"|\r\n){0,40}") {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let theirs: Vec<Vec<String>> = reader
            .records()
            .map(|record| record.unwrap().iter().map(ToOwned::to_owned).collect())
            .collect();
        // Where a quote stays open the two differ on purpose.
        let open = theirs.last().is_some_and(|row| row.last().is_some_and(|c| c.contains('\n')));
        let ours = cells(text.as_bytes());
        if ours.iter().all(|row| !row.is_empty()) && !open {
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn no_bytes_make_it_panic_and_lines_only_grow(bytes in prop::collection::vec(
        prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200)) {
        for encoding in [Encoding::Utf8, Encoding::Cp932, Encoding::Auto] {
            let input = Drops(std::io::Cursor::new(bytes.clone()));
            let Ok(mut splitter) = Splitter::open(input, encoding) else { continue };
            let mut last = 0;
            while !matches!(splitter.step().unwrap(), Step::End) {
                prop_assert!(splitter.line() > last);
                last = splitter.line();
                let _ = splitter.decode();
            }
        }
    }
}
