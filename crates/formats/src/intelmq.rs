//! IntelMQイベント: the events of IntelMQ as JSON, as its senders dump them.
//!
//! <https://docs.intelmq.org/latest/user/event/>. One event per line, one array of events, or
//! single events; keys flat (`source.ip`) or nested. The page `docs/formats/intelmq.md` lists every
//! key.

mod event;
mod exposure;
mod names;
mod write;

use std::io::{self, Read};

use crate::json_rows::{JsonRows, Step, mask_broken, mask_value};
use crate::table::REFUSED_BYTES_MAX;
use crate::{FileRefused, Header, Legible, Reading, Reason, Refused, Row, Rows};

pub use write::write;

/// Opens a file of events for reading.
///
/// Every event is one row, an understood one or a refused one with its line, its key as `column`,
/// the reason, and its bytes without credentials and without `raw`. An array that ends without its
/// `]` breaks off with an error after its good rows. Refused as a whole: an empty file, one that is
/// no JSON, one still packed.
pub fn open(input: impl Read + Send + 'static, reading: Reading) -> Result<Rows, FileRefused> {
    let events = Events { rows: JsonRows::open(input)?, reading };
    let header = Header { report_type: "intelmq".to_owned(), ..Header::default() };
    Ok(Rows::new(header, events))
}

/// The events of one file.
struct Events {
    rows: JsonRows,
    reading: Reading,
}

impl Iterator for Events {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.rows.step() {
            Ok(Step::End) => None,
            Err(e) => Some(Err(e)),
            Ok(Step::Uncut { reason, bytes }) => Some(Ok(self.refused(None, reason, &bytes))),
            Ok(Step::Row) => Some(Ok(self.row())),
        }
    }
}

impl Events {
    fn row(&self) -> Row {
        let object = match self.rows.object() {
            Ok(object) => object,
            Err(reason) => return self.refused(None, reason, self.rows.bytes()),
        };
        match event::detection(self.rows.line(), &object, &self.reading) {
            Ok(detection) => Row::Detection(Box::new(detection)),
            Err((key, reason)) => {
                let mut value = serde_json::Value::Object(object);
                mask_value(&mut value);
                let mut bytes = value.to_string().into_bytes();
                bytes.truncate(REFUSED_BYTES_MAX);
                let (line, legible) = (self.rows.line(), Legible::default());
                Row::Refused(Refused { line, column: Some(key), reason, bytes, legible })
            }
        }
    }

    fn refused(&self, column: Option<String>, reason: Reason, bytes: &[u8]) -> Row {
        let mut bytes = mask_broken(bytes);
        bytes.truncate(REFUSED_BYTES_MAX);
        let (line, legible) = (self.rows.line(), Legible::default());
        Row::Refused(Refused { line, column, reason, bytes, legible })
    }
}
