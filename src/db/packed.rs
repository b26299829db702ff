//! Packed rows (詰込): many small values in one byte string, where a row each would cost too much.
//!
//! A number is a varint of its zigzag form (small ones of either sign take a byte), a byte string
//! is its length and its bytes, a key its bytes alone. The module that packs rows says which values
//! they have, in which order. Bytes that break off, or that nobody packed, are a fault with its
//! place and never a panic: a store may have been damaged.

/// Packed bytes that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("packed rows cannot be read at byte {at} of {of}")]
pub struct Broken {
    /// Where reading stopped.
    pub at: usize,
    /// How many bytes there are.
    pub of: usize,
}

impl From<Broken> for sqlx::Error {
    fn from(broken: Broken) -> Self {
        Self::Decode(Box::new(broken))
    }
}

/// Appends a number.
pub fn put_number(to: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while rest >= 0x80 {
        to.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    to.push((rest & 0x7f) as u8);
}

/// Appends how many there are of something.
pub fn put_count(to: &mut Vec<u8>, count: usize) {
    put_number(to, i64::try_from(count).expect("no memory holds as many"));
}

/// Appends a byte string with its length.
pub fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    put_count(to, bytes.len());
    to.extend_from_slice(bytes);
}

/// Reads what was packed, value by value.
#[derive(Clone, Debug)]
pub struct Unpacking<'a> {
    whole: &'a [u8],
    at: usize,
}

impl<'a> Unpacking<'a> {
    /// From the first value of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { whole: bytes, at: 0 }
    }

    /// Whether all values are read.
    pub fn is_done(&self) -> bool {
        self.at >= self.whole.len()
    }

    /// That what was read here is nothing that was packed.
    pub fn broken(&self) -> Broken {
        Broken { at: self.at, of: self.whole.len() }
    }

    /// The next number.
    pub fn number(&mut self) -> Result<i64, Broken> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.whole.get(self.at).ok_or_else(|| self.broken())?;
            self.at += 1;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
        Err(self.broken())
    }

    /// The next number, as how many there are of something.
    pub fn count(&mut self) -> Result<usize, Broken> {
        usize::try_from(self.number()?).map_err(|_| self.broken())
    }

    /// The next byte string.
    pub fn bytes(&mut self) -> Result<&'a [u8], Broken> {
        let length = self.count()?;
        self.take(length)
    }

    /// The next byte string, as text.
    pub fn text(&mut self) -> Result<&'a str, Broken> {
        std::str::from_utf8(self.bytes()?).map_err(|_| self.broken())
    }

    /// The next `N` bytes, which were appended without a length.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| self.broken())
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let end = self.at.checked_add(length).ok_or_else(|| self.broken())?;
        let bytes = self.whole.get(self.at..end).ok_or_else(|| self.broken())?;
        self.at = end;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_packed_comes_back(rows: Vec<(i64, Vec<u8>, [u8; 16])>) {
            let mut packed = Vec::new();
            for (number, bytes, key) in &rows {
                put_number(&mut packed, *number);
                put_bytes(&mut packed, bytes);
                packed.extend_from_slice(key);
            }
            let mut unpacking = Unpacking::new(&packed);
            for (number, bytes, key) in &rows {
                prop_assert_eq!(unpacking.number(), Ok(*number));
                prop_assert_eq!(unpacking.bytes(), Ok(&bytes[..]));
                prop_assert_eq!(unpacking.array(), Ok(*key));
            }
            prop_assert!(unpacking.is_done());
        }

        #[test]
        fn foreign_bytes_are_a_fault_and_no_panic(bytes: Vec<u8>) {
            let mut unpacking = Unpacking::new(&bytes);
            while unpacking.number().is_ok() && unpacking.bytes().is_ok() {}
            let broken = unpacking.broken();
            prop_assert!(broken.at <= broken.of && broken.of == bytes.len());
        }
    }
}
