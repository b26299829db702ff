//! The values of a file one by one: one object, a JSON array, or JSON Lines, told apart as they
//! are read, in memory that does not grow with the file.
//!
//! A broken value costs itself and no other. Where a value is left open at the end of its first
//! line and the next line begins with an object, the line was broken and that object is its own.

use std::io;

use super::Bytes;
use crate::Reason;

/// One value of a file, or what is broken there.
pub(crate) struct Item<'a> {
    /// Line where it begins.
    pub(crate) line: u64,
    /// Its bytes; not yet known to be JSON.
    pub(crate) bytes: Result<&'a [u8], Reason>,
}

/// The values of a file.
pub(crate) struct Items {
    input: Bytes,
    in_array: bool,
    item: Vec<u8>,
    bytes_max: usize,
}

/// Where the scan stands within one value.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
    lines: u64,
    too_long: bool,
}

/// What one more byte does to a value.
enum Step {
    /// It belongs to the value.
    Within,
    /// It belongs to the value and ends it.
    Last,
    /// It belongs to what follows.
    Beyond,
}

impl Items {
    /// Opens a file none of whose values may be longer than `bytes_max`, at most 8 MiB.
    pub(crate) fn open(input: Bytes, bytes_max: usize) -> Self {
        Self { input, in_array: false, item: Vec::new(), bytes_max }
    }

    /// The next value; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Item<'_>>> {
        loop {
            self.input.skip_blanks()?;
            let line = self.input.line;
            match self.input.peek()? {
                None if self.in_array => {
                    // An array that nothing closes: the rest of it is lost.
                    self.in_array = false;
                    return Ok(Some(Item { line, bytes: Err(CUT) }));
                }
                None => return Ok(None),
                Some(b',') if self.in_array => self.input.take(),
                Some(b']') if self.in_array => {
                    self.in_array = false;
                    self.input.take();
                }
                Some(b'[') if !self.in_array => {
                    self.in_array = true;
                    self.input.take();
                }
                Some(_) => {
                    let bytes = self.value()?.map(|()| self.item.as_slice());
                    return Ok(Some(Item { line, bytes }));
                }
            }
        }
    }

    /// Collects one value, whose first byte is there.
    fn value(&mut self) -> io::Result<Result<(), Reason>> {
        self.item.clear();
        let mut scan = Scan::default();
        loop {
            let Some(byte) = self.input.peek()? else {
                let open = scan.depth > 0 || scan.in_string;
                // What the file ends in counts once, as a cut value and not as a cut array too.
                self.in_array &= !open;
                return Ok(if open { Err(CUT) } else { scan.whole() });
            };
            let step = scan.step(byte, self.in_array, self.item.is_empty());
            if !matches!(step, Step::Beyond) {
                self.input.take();
                if self.item.len() < self.bytes_max {
                    self.item.push(byte);
                } else {
                    scan.too_long = true;
                }
            }
            if !matches!(step, Step::Within) {
                return Ok(scan.whole());
            }
            if byte == b'\n' {
                scan.lines += 1;
                if scan.lines == 1 && self.input.peek()? == Some(b'{') {
                    return Ok(Err(Reason::NotJson(super::NOT_JSON)));
                }
            }
        }
    }
}

/// The file ends within the value.
const CUT: Reason = Reason::CutRow { found: 0, expected: 1 };

impl Scan {
    fn whole(&self) -> Result<(), Reason> {
        if self.too_long { Err(Reason::RowTooLong) } else { Ok(()) }
    }

    fn step(&mut self, byte: u8, in_array: bool, first: bool) -> Step {
        if self.in_string && byte != b'\n' {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return Step::Within;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' if self.depth == 1 => return Step::Last,
            b'}' | b']' if self.depth > 1 => self.depth -= 1,
            // Outside of everything only an array parts values by more than line ends.
            b'}' if in_array && first => return Step::Last,
            b'}' | b']' | b',' if in_array && self.depth == 0 => return Step::Beyond,
            b'\n' => {
                // No string goes over a line end: one that does is broken.
                (self.in_string, self.escaped) = (false, false);
                if self.depth == 0 {
                    return Step::Beyond;
                }
            }
            _ => {}
        }
        Step::Within
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use std::io::Cursor;

    use super::*;

    /// Each value as text with its line, or why there is none.
    fn items(text: &str) -> Vec<(u64, String)> {
        let bytes = Bytes::open(Cursor::new(text.as_bytes().to_vec())).unwrap();
        let (mut items, mut out) = (Items::open(bytes, 64), Vec::new());
        while let Some(item) = items.next().unwrap() {
            let told = match item.bytes {
                Ok(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
                Err(reason) => reason.code().to_owned(),
            };
            out.push((item.line, told));
        }
        out
    }

    fn of(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
        expected.iter().map(|(line, text)| (*line, (*text).to_owned())).collect()
    }

    #[test]
    fn an_object_an_array_and_json_lines_give_their_values() {
        let two = of(&[(1, r#"{"a":"}"}"#), (2, r#"{"b":[1]}"#)]);
        assert_eq!(items("{\"a\":\"}\"}\n{\"b\":[1]}\n"), two);
        assert_eq!(items("[{\"a\":\"}\"},\n{\"b\":[1]}]\n"), two);
        assert_eq!(items("\u{FEFF}\n[]"), of(&[]));
        assert_eq!(items(" {\n \"a\": 1\n}"), of(&[(1, "{\n \"a\": 1\n}")]));
    }

    #[test]
    fn a_broken_value_costs_no_other() {
        let lines = items("{\"a\":1}\n{\"b\":\"x\n{\"c\":3}\nwhat, is this\n{\"d\":4");
        let told: Vec<&str> = lines.iter().map(|(_, told)| told.as_str()).collect();
        assert_eq!(told[..3], ["{\"a\":1}", "not_json", "{\"c\":3}"]);
        assert_eq!(told.last(), Some(&"cut_row"));
        assert_eq!(lines.last().unwrap().0, 5);
        let array = items("[{\"a\":1},\n{\"b\":\n{\"c\":3}]");
        assert_eq!(array[1..], of(&[(2, "not_json"), (3, "{\"c\":3}")]));
        let long = items(&format!("{{\"a\":\"{}\"}}\n{{}}", "x".repeat(100)));
        assert_eq!(long, of(&[(1, "row_too_long"), (2, "{}")]));
    }

    #[test]
    fn an_array_that_nothing_closes_is_told() {
        assert_eq!(items("[{},"), of(&[(1, "{}"), (1, "cut_row")]));
        assert_eq!(items("[{\"a\""), of(&[(1, "cut_row")]));
    }
}
