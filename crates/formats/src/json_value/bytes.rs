//! Bytes of a file one after the other, with the number of the line they stand on.

use std::io::{self, Read};

/// Bytes of a file (読込バイト列): looked at before they are taken.
pub(crate) struct Bytes {
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// The line the next byte stands on; 1 is the first.
    pub(crate) line: u64,
}

impl Bytes {
    /// Opens a file; a byte-order mark of UTF-8 and the blanks before the first byte are taken off.
    pub(crate) fn open(input: impl Read + Send + 'static) -> io::Result<Self> {
        let buffer = vec![0; 64 << 10];
        let mut bytes = Self { input: Box::new(input), buffer, at: 0, end: 0, line: 1 };
        while bytes.end < 3 && bytes.more()? {}
        if bytes.buffer[..bytes.end].starts_with(b"\xEF\xBB\xBF") {
            bytes.at = 3;
        }
        bytes.skip_blanks()?;
        Ok(bytes)
    }

    /// Reads more behind what is there; `false` at the end of the file.
    fn more(&mut self) -> io::Result<bool> {
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Ok(false),
                Ok(read) => {
                    self.end += read;
                    return Ok(true);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// The next byte, which stays; `None` at the end of the file.
    pub(crate) fn peek(&mut self) -> io::Result<Option<u8>> {
        if self.at == self.end {
            (self.at, self.end) = (0, 0);
            if !self.more()? {
                return Ok(None);
            }
        }
        Ok(Some(self.buffer[self.at]))
    }

    /// Takes the byte that [`Bytes::peek`] has shown.
    pub(crate) fn take(&mut self) {
        self.line += u64::from(self.buffer[self.at] == b'\n');
        self.at += 1;
    }

    /// Takes blanks and line ends.
    pub(crate) fn skip_blanks(&mut self) -> io::Result<()> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek()? {
            self.take();
        }
        Ok(())
    }
}
