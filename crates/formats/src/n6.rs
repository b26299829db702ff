//! n6イベント: the events of n6, from its REST interface or its stream.
//!
//! <https://n6.readthedocs.io/>. `sjson` is one event per line, `json` is one array, and a message
//! of the stream is one event. The page `docs/formats/n6.md` lists every key.

mod event;
mod exposure;
mod write;

use std::io::{self, Read};

use serde_json::Value;

use crate::draft::Fault;
use crate::json_rows::{JsonRows, Object, Step, mask_broken, mask_value};
use crate::table::REFUSED_BYTES_MAX;
use crate::{FileRefused, Header, Legible, Reading, Reason, Refused, Row, Rows};

pub use write::{COLUMNS, category, confidence, event, id, moment, name, source, write, write_csv};

/// No event names more addresses.
const ADDRESSES_MAX: usize = 1024;

/// Opens a file of events for reading.
///
/// An event with several addresses is several sightings: it gives one row per address, all of the
/// same line, so that the rows in are the rows out. An event without any gives one refused row. The
/// bytes of a refused row hold the one address it is about, so that it can be tried again alone. A
/// failed `json` answer just ends: without its `]` the file breaks off with an error after its good
/// rows. Refused as a whole: an empty file, one that is no JSON, one still packed.
pub fn open(input: impl Read + Send + 'static, reading: Reading) -> Result<Rows, FileRefused> {
    let events = Events { rows: JsonRows::open(input)?, reading, parts: None };
    let header = Header { report_type: "n6".to_owned(), ..Header::default() };
    Ok(Rows::new(header, events))
}

/// The events of one file.
struct Events {
    rows: JsonRows,
    reading: Reading,
    /// The event at hand without its addresses, and the addresses still to be read.
    parts: Option<(Object, std::vec::IntoIter<Value>)>,
}

impl Iterator for Events {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some((event, rest)) = &mut self.parts {
            if let Some(address) = rest.next() {
                let part = event::at_address(event, address);
                return Some(Ok(self.row(part)));
            }
            self.parts = None;
        }
        match self.rows.step() {
            Ok(Step::End) => None,
            Err(e) => Some(Err(e)),
            Ok(Step::Uncut { reason, bytes }) => {
                Some(Ok(self.refused(None, reason, mask_broken(&bytes))))
            }
            Ok(Step::Row) => Some(Ok(self.read())),
        }
    }
}

impl Events {
    /// Reads the first row of an event.
    fn read(&mut self) -> Row {
        let mut object = match self.rows.object() {
            Ok(object) => object,
            Err(reason) => {
                return self.refused(None, reason, mask_broken(self.rows.bytes()));
            }
        };
        let list = match object.remove("address") {
            Some(Value::Array(list)) => list,
            Some(one) => vec![one],
            None => Vec::new(),
        };
        if list.len() > ADDRESSES_MAX {
            let reason = Reason::TooManyCells { found: list.len(), expected: ADDRESSES_MAX };
            let bytes = mask_broken(self.rows.bytes());
            return self.refused(Some("address".to_owned()), reason, bytes);
        }
        let mut rest = list.into_iter();
        let first = match rest.next() {
            Some(address) => event::at_address(&object, address),
            None => object.clone(),
        };
        self.parts = Some((object, rest));
        self.row(first)
    }

    fn row(&self, part: Object) -> Row {
        match event::detection(self.rows.line(), &part, &self.reading) {
            Ok(detection) => Row::Detection(Box::new(detection)),
            Err(fault) => self.faulty(part, fault),
        }
    }

    fn faulty(&self, part: Object, (key, reason): Fault) -> Row {
        let mut value = event::without_persons(part).into();
        mask_value(&mut value);
        self.refused(Some(key), reason, value.to_string().into_bytes())
    }

    fn refused(&self, column: Option<String>, reason: Reason, mut bytes: Vec<u8>) -> Row {
        bytes.truncate(REFUSED_BYTES_MAX);
        let (line, legible) = (self.rows.line(), Legible::default());
        Row::Refused(Refused { line, column, reason, bytes, legible })
    }
}
