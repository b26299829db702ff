//! JSON行: cuts a stream of JSON into records: one object per line, one array of objects, or
//! single objects over several lines.
//!
//! A record that cannot be cut costs its first line; reading goes on at the next one. Nothing but
//! the record at hand is held in memory. The encoding is UTF-8, as RFC 8259 has it.

mod flat;
mod mask;
mod scan;

use std::io::{self, Read};
use std::ops::Range;

pub(crate) use flat::Fields;
pub(crate) use mask::{is_secret, mask_broken, mask_value};

use crate::{FileRefused, Reason, window::Window};
use scan::{Ends, is_blank, value_end};

/// One JSON object.
pub(crate) type Object = serde_json::Map<String, serde_json::Value>;

/// No record is longer.
const ROW_MAX: usize = 8 << 20;
/// No text in it is longer.
const TEXT_MAX: usize = 1 << 20;
/// No record has more keys, those within counted.
const KEYS_MAX: usize = 512;
/// What is read at a time.
const BUFFER: usize = 64 << 10;

/// What one step through the file gives.
#[derive(Debug)]
pub(crate) enum Step {
    /// A record stands ready.
    Row,
    /// What stands at this line is no record; `bytes` are its first line.
    Uncut { reason: Reason, bytes: Vec<u8> },
    /// The file is over.
    End,
}

/// How the records lie in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Nothing read so far.
    Unknown,
    /// One record per line.
    Lines,
    /// Records one after the other, some over several lines.
    Loose,
    /// Within an array.
    Array,
}

/// A file on its way through the cutter.
pub(crate) struct JsonRows {
    window: Window,
    next_line: u64,
    line: u64,
    row: Range<usize>,
    layout: Layout,
    /// A line too long for the window is passed over to its end.
    skip_to_line_end: bool,
    /// After a broken record of an array: only a line that begins with a record counts.
    lost: bool,
}

impl JsonRows {
    /// Looks at the beginning of the file. Refused: nothing at all, what is packed, UTF-16, and a
    /// file of which no line begins as JSON does.
    pub(crate) fn open(input: impl Read + Send + 'static) -> Result<Self, FileRefused> {
        let window = Window::open(input, BUFFER)?;
        let mut lines = window.rest().split(|b| matches!(b, b'\n' | b'\r'));
        let first = |line: &[u8]| line.iter().copied().find(|b| !is_blank(*b));
        let mut filled = lines.by_ref().filter_map(first).peekable();
        if filled.peek().is_none() && window.is_last() {
            return Err(FileRefused::Empty);
        }
        if !filled.any(|b| matches!(b, b'{' | b'[')) {
            return Err(FileRefused::NotJson);
        }
        Ok(Self {
            window,
            next_line: 1,
            line: 0,
            row: 0..0,
            layout: Layout::Unknown,
            skip_to_line_end: false,
            lost: false,
        })
    }

    /// Goes to the next record. An array that ends without its `]` is a file cut short: the
    /// records before the end are good, then the input fails.
    pub(crate) fn step(&mut self) -> io::Result<Step> {
        if self.skip_to_line_end && !self.skip_line()? {
            return self.over();
        }
        loop {
            let Some(first) = self.first_byte()? else { return self.over() };
            let array = self.layout == Layout::Array;
            let ends = match first {
                b'[' if self.layout == Layout::Unknown => {
                    self.layout = Layout::Array;
                    self.window.pass(1);
                    continue;
                }
                b']' if array => {
                    self.layout = Layout::Loose;
                    self.lost = false;
                    self.window.pass(1);
                    continue;
                }
                b',' if array || self.row.end == self.window.here() => {
                    self.window.pass(1);
                    continue;
                }
                b'{' => value_end(self.window.rest(), self.layout == Layout::Lines),
                _ if self.lost => {
                    self.skip_line()?;
                    continue;
                }
                b'[' | b'"' if array => value_end(self.window.rest(), false),
                _ => Ends::Broken("it is no object"),
            };
            match ends {
                Ends::At(len) if len > ROW_MAX => return Ok(self.give_up(Reason::RowTooLong)),
                Ends::At(len) => return Ok(self.ready(len)),
                Ends::Broken(why) => return Ok(self.give_up(Reason::NotJson(why))),
                Ends::TooDeep => return Ok(self.give_up(Reason::TooDeep)),
                Ends::More if self.window.rest().len() > ROW_MAX => {
                    return Ok(self.give_up(Reason::RowTooLong));
                }
                Ends::More if self.window.is_last() && array => {
                    self.window.pass(self.window.rest().len());
                    return self.over();
                }
                Ends::More if self.window.is_last() => {
                    return Ok(self.give_up(Reason::NotJson("its end is missing")));
                }
                Ends::More => self.fill()?,
            }
        }
    }

    fn over(&mut self) -> io::Result<Step> {
        if self.layout == Layout::Array {
            self.layout = Layout::Loose;
            let cut = io::Error::new(io::ErrorKind::UnexpectedEof, "the array has no end");
            return Err(cut);
        }
        Ok(Step::End)
    }

    /// Passes blanks and line ends over; gives the byte that follows, `None` at the end.
    fn first_byte(&mut self) -> io::Result<Option<u8>> {
        loop {
            while let [b, rest @ ..] = self.window.rest() {
                let crlf = *b == b'\r' && rest.first() == Some(&b'\n');
                match *b {
                    b'\n' => self.next_line += 1,
                    b'\r' => self.next_line += u64::from(!crlf),
                    b if is_blank(b) => {}
                    b => return Ok(Some(b)),
                }
                self.window.pass(1);
            }
            if self.window.is_last() {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    fn ready(&mut self, len: usize) -> Step {
        self.lost = false;
        self.line = self.next_line;
        self.row = self.window.pass(len);
        let ends = memchr::memchr_iter(b'\n', self.bytes()).count();
        self.next_line += ends as u64;
        if self.layout == Layout::Unknown {
            self.layout = if ends == 0 { Layout::Lines } else { Layout::Loose };
        }
        Step::Row
    }

    /// Leaves what cannot be cut at the end of its first line, from where reading can go on.
    fn give_up(&mut self, reason: Reason) -> Step {
        self.line = self.next_line;
        let first = memchr::memchr2(b'\n', b'\r', self.window.rest());
        let len = first.unwrap_or(self.window.rest().len());
        let bytes = self.window.rest()[..len].to_vec();
        self.window.pass(len);
        self.row = 0..0;
        self.skip_to_line_end = first.is_none();
        self.lost = self.layout == Layout::Array;
        Step::Uncut { reason, bytes }
    }

    /// Skips the rest of a line; false at the end of the file.
    fn skip_line(&mut self) -> io::Result<bool> {
        self.row = 0..0;
        let found = self.window.pass_line().inspect_err(|_| self.layout = Layout::Loose)?;
        self.next_line += u64::from(found);
        self.skip_to_line_end = false;
        Ok(found)
    }

    /// Reads on. Where that fails, no array can lack its end: the failure is told instead.
    fn fill(&mut self) -> io::Result<()> {
        self.row = 0..0;
        self.window.fill().inspect_err(|_| self.layout = Layout::Loose)
    }

    /// The physical line where the record begins.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The record as it stood.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.window.passed(self.row.clone())
    }

    /// The record as an object within the limits.
    pub(crate) fn object(&self) -> Result<Object, Reason> {
        let text = std::str::from_utf8(self.bytes()).map_err(|_| Reason::BadEncoding)?;
        let value = serde_json::from_str(text);
        let value: serde_json::Value =
            value.map_err(|_| Reason::NotJson("its syntax is broken"))?;
        let serde_json::Value::Object(object) = value else {
            return Err(Reason::NotJson("it is no object"));
        };
        let (mut keys, mut longest) = (0, 0);
        flat::measure(&object, &mut keys, &mut longest);
        if keys > KEYS_MAX {
            return Err(Reason::TooManyCells { found: keys, expected: KEYS_MAX });
        }
        if longest > TEXT_MAX { Err(Reason::CellTooLong) } else { Ok(object) }
    }
}
