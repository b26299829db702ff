//! JSON値: one JSON value, read within bounds, for the formats that are JSON.
//!
//! `serde_json` bounds the depth alone, at 128. What a stranger sends is bound here in depth, in
//! the length of a key and in the number of values, and a key that stands twice refuses the whole:
//! which of two addresses was meant cannot be known.

mod bytes;
mod items;
mod keep;
mod object;
mod shape;

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{Encoding, FileRefused, Reading, Reason};

pub(crate) use bytes::Bytes;
pub(crate) use items::Items;
pub(crate) use keep::{MASK, keep, keep_text, mask, some_text, texts};
pub(crate) use object::{Fault, Object, at};
pub(crate) use shape::{
    cves, is_base64, is_digest, is_email, is_hostname, is_tag, is_uri, is_uuid,
};

/// No value is nested deeper.
const DEPTH_MAX: usize = 64;
/// No key is longer.
const KEY_BYTES_MAX: usize = 256;
/// No value holds more values: each costs some hundred bytes, however short it is written.
const VALUES_MAX: usize = 500_000;
/// A file that must be read as a whole is no larger than this.
pub(crate) const WHOLE_BYTES_MAX: u64 = 64 << 20;

/// What is said of bytes that are no JSON value.
pub(crate) const NOT_JSON: &str = "this is not one whole JSON value";

/// Reads one JSON value.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Reason> {
    if std::str::from_utf8(bytes).is_err() {
        return Err(Reason::BadEncoding);
    }
    if bytes.contains(&0) {
        return Err(Reason::NulByte);
    }
    let bounds = Bounds { left: Cell::new(VALUES_MAX), broken: Cell::new(NOT_JSON) };
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = Seed { bounds: &bounds, depth: 0 }.deserialize(&mut json);
    match value.and_then(|value| json.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(_) => Err(Reason::NotJson(bounds.broken.get())),
    }
}

/// Reads a file that is one JSON value; one that is larger than 64 MiB or broken is refused.
pub(crate) fn parse_whole(input: impl Read, reading: Reading) -> Result<Value, FileRefused> {
    no_other_encoding(reading)?;
    let mut bytes = Vec::new();
    input.take(WHOLE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > WHOLE_BYTES_MAX {
        return Err(FileRefused::TooLarge(WHOLE_BYTES_MAX));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(FileRefused::Empty);
    }
    parse(bytes).map_err(|reason| {
        let why = match reason {
            Reason::NotJson(why) => why.to_owned(),
            reason => reason.to_string(),
        };
        FileRefused::Io(io::Error::new(io::ErrorKind::InvalidData, why))
    })
}

/// JSON is UTF-8 (RFC 8259, section 8.1), whatever the feed states.
pub(crate) fn no_other_encoding(reading: Reading) -> Result<(), FileRefused> {
    match reading.encoding {
        Encoding::Utf8 | Encoding::Auto => Ok(()),
        Encoding::Cp932 => Err(FileRefused::Encoding("this format is always UTF-8".to_owned())),
    }
}

/// What is left of the bounds of one value, and which one broke it.
struct Bounds {
    left: Cell<usize>,
    broken: Cell<&'static str>,
}

impl Bounds {
    fn break_off<E: Error>(&self, why: &'static str) -> E {
        self.broken.set(why);
        E::custom(why)
    }
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    bounds: &'a Bounds,
    depth: usize,
}

impl<'a> Seed<'a> {
    fn deeper<E: Error>(self) -> Result<Seed<'a>, E> {
        if self.depth == DEPTH_MAX {
            return Err(self.bounds.break_off("it is nested deeper than 64"));
        }
        Ok(Seed { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        let left = self.bounds.left.get();
        if left == 0 {
            return Err(self.bounds.break_off("it holds more than 500,000 values"));
        }
        self.bounds.left.set(left - 1);
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let seed = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(seed)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let seed = self.deeper()?;
        let mut values = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if key.len() > KEY_BYTES_MAX {
                return Err(self.bounds.break_off("a key is longer than 256 bytes"));
            }
            let value = map.next_value_seed(seed)?;
            if values.insert(key, value).is_some() {
                return Err(self.bounds.break_off("a key stands twice in one object"));
            }
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use super::*;

    fn refused(text: &str) -> Reason {
        parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_value_within_its_bounds_is_read_whole() {
        let text = r#"{"a":[1,-2,2.5,true,null,"条イ音態\u0000"],"b":{}}"#;
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(parse(text.as_bytes()), Ok(expected));
        let deepest = format!("{}{}", "[".repeat(64), "]".repeat(64));
        assert!(parse(deepest.as_bytes()).is_ok());
    }

    #[test]
    fn a_value_beyond_its_bounds_is_refused_and_says_which() {
        let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        assert_eq!(refused(&deep), Reason::NotJson("it is nested deeper than 64"));
        assert_eq!(refused(&"[".repeat(1 << 20)), refused(&deep));
        let twice = r#"{"ip":"192.0.2.1","ip":"192.0.2.2"}"#;
        assert_eq!(refused(twice), Reason::NotJson("a key stands twice in one object"));
        let key = format!(r#"{{"{}":1}}"#, "k".repeat(257));
        assert_eq!(refused(&key), Reason::NotJson("a key is longer than 256 bytes"));
        let many = format!("[{}0]", "0,".repeat(VALUES_MAX));
        assert_eq!(refused(&many), Reason::NotJson("it holds more than 500,000 values"));
        assert_eq!(refused("{\"a\":1} x"), Reason::NotJson(NOT_JSON));
        assert_eq!(refused("{\"a\":\0}"), Reason::NulByte);
        assert_eq!(parse(b"\"\x83\x65\"").unwrap_err(), Reason::BadEncoding);
    }

    #[test]
    fn a_file_that_must_be_read_whole_is_bounded() {
        let endless = io::repeat(b' ');
        let refused = parse_whole(endless, Reading::at(0)).unwrap_err();
        assert!(matches!(refused, FileRefused::TooLarge(WHOLE_BYTES_MAX)));
        let refused = parse_whole(&b"{\"a\":"[..], Reading::at(0)).unwrap_err();
        assert_eq!(refused.code(), "io");
        assert_eq!(parse_whole(&b" \n"[..], Reading::at(0)).unwrap_err().code(), "empty");
    }
}
