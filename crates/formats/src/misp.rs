//! MISP事案: events of the threat sharing platform MISP, read for the addresses of devices.
//!
//! <https://www.misp-project.org/datamodels/>. A row is an attribute of type `ip-src` or `ip-dst`,
//! with or without `|port`, that is not deleted. Most name a command server or a victim, and most
//! say when they were entered and not when they were seen: those rows are refused and say so. The
//! page `docs/formats/misp.md` says which addresses are taken for devices.

mod event;
mod meaning;
mod row;

use std::collections::VecDeque;
use std::io::{self, Read};

use serde_json::Value;

use crate::json_value;
use crate::{FileRefused, Header, Reading, Row, Rows};

/// Keys by which an event is known: every event has the first, and a search for attributes or for
/// objects gives one of the others alone.
const MARKS: [&str; 3] = ["info", "Attribute", "Object"];

/// Opens an event, a list of events or a search result for reading; 64 MiB at most.
///
/// Texts stay as they are, Japanese ones too; what limits their onward use stands in `extra`
/// (`tlp`, `distribution`).
pub fn open(input: impl Read + Send + 'static, reading: Reading) -> Result<Rows, FileRefused> {
    let mut events = VecDeque::new();
    unwrap(json_value::parse_whole(input, reading)?, &mut events, 0)?;
    let header = Header { report_type: "misp".to_owned(), ..Header::default() };
    let mut rows: VecDeque<Row> = VecDeque::new();
    let (mut line, mut at, mut from) = (0, 0, 0);
    Ok(Rows::new(
        header,
        std::iter::from_fn(move || {
            // Some rows of one part of an event at a time, so that memory is that of the file.
            while rows.is_empty() {
                let event = events.front()?;
                let Some(part) = event::part(event, at) else {
                    events.pop_front();
                    (at, from) = (0, 0);
                    continue;
                };
                if let Some(some) = row::rows(event, &part, &reading, &mut line, from) {
                    rows = some.into();
                    from += row::ROWS_AT_ONCE;
                } else {
                    (at, from) = (at + 1, 0);
                }
            }
            rows.pop_front().map(Ok::<Row, io::Error>)
        }),
    ))
}

/// Takes the events out of what wraps them: `{"Event": …}`, `{"response": […]}`, a list.
fn unwrap(value: Value, events: &mut VecDeque<Value>, depth: u8) -> Result<(), FileRefused> {
    match value {
        Value::Array(list) if depth < 3 => {
            list.into_iter().try_for_each(|value| unwrap(value, events, depth + 1))
        }
        Value::Object(mut members) => {
            for wrapper in ["response", "Event"] {
                if let Some(inner) = members.remove(wrapper)
                    && depth < 3
                {
                    return unwrap(inner, events, depth + 1);
                }
            }
            // What a server says of a fault is an object too, and must not pass for an empty event.
            if !MARKS.iter().any(|mark| members.contains_key(*mark)) {
                return Err(FileRefused::MissingColumn("Event".to_owned()));
            }
            events.push_back(Value::Object(members));
            Ok(())
        }
        _ => Err(FileRefused::MissingColumn("Event".to_owned())),
    }
}
