//! A window on a stream of bytes: what was read and not yet passed over. Both cutters, that of CSV
//! and that of JSON records, look at a file through one, and so hold no more of it than a record.

use std::io::{self, Read};
use std::ops::Range;

use crate::FileRefused;

/// Bytes of a file that are at hand.
pub(crate) struct Window {
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    eof: bool,
    has_mark: bool,
}

impl Window {
    /// Reads the beginning of a file, `size` bytes at a time, and passes the byte-order mark of
    /// UTF-8 over. Refused: what is still packed, and UTF-16.
    pub(crate) fn open(
        input: impl Read + Send + 'static,
        size: usize,
    ) -> Result<Self, FileRefused> {
        let mut this = Self {
            input: Box::new(input),
            buffer: vec![0; size],
            start: 0,
            end: 0,
            eof: false,
            has_mark: false,
        };
        this.fill()?;
        let seen = this.rest();
        if seen.starts_with(b"PK\x03\x04") || seen.starts_with(&[0x1F, 0x8B]) {
            return Err(FileRefused::BadArchive("it is still packed".to_owned()));
        }
        if seen.starts_with(&[0xFF, 0xFE]) || seen.starts_with(&[0xFE, 0xFF]) {
            return Err(FileRefused::Encoding("UTF-16".to_owned()));
        }
        this.has_mark = seen.starts_with(&[0xEF, 0xBB, 0xBF]);
        this.start = if this.has_mark { 3 } else { 0 };
        Ok(this)
    }

    /// Whether the file began with the byte-order mark of UTF-8.
    pub(crate) fn has_mark(&self) -> bool {
        self.has_mark
    }

    /// Whether nothing follows what is at hand.
    pub(crate) fn is_last(&self) -> bool {
        self.eof
    }

    /// What is at hand and not yet passed over.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Where in the window the rest begins.
    pub(crate) fn here(&self) -> usize {
        self.start
    }

    /// Goes on by so many bytes; gives where they lie, to be looked at until the next [`fill`].
    ///
    /// [`fill`]: Window::fill
    pub(crate) fn pass(&mut self, bytes: usize) -> Range<usize> {
        let passed = self.start..self.start + bytes;
        self.start = passed.end;
        passed
    }

    /// What was passed over since the last [`fill`](Window::fill).
    pub(crate) fn passed(&self, range: Range<usize>) -> &[u8] {
        &self.buffer[range]
    }

    /// Passes the rest of a line over, and its LF; false if the file ends before one.
    pub(crate) fn pass_line(&mut self) -> io::Result<bool> {
        loop {
            if let Some(at) = memchr::memchr(b'\n', self.rest()) {
                self.start += at + 1;
                return Ok(true);
            }
            self.start = self.end;
            if self.eof {
                return Ok(false);
            }
            self.fill()?;
        }
    }

    /// Moves what is left to the front, grows if nothing moved, and reads until full or over. After
    /// a failure nothing is left.
    pub(crate) fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        while self.end < self.buffer.len() && !self.eof {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.eof = true,
                Ok(read) => self.end += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.eof = true;
                    self.start = self.end;
                    return Err(e);
                }
            }
        }
        Ok(())
    }
}
