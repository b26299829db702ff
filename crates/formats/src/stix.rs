//! STIX 2.1: sightings of devices in a bundle, or in the envelope of a TAXII 2.1 server.
//!
//! <https://docs.oasis-open.org/cti/stix/v2.1/>. A sighting is spread over objects that refer to
//! each other, so the file is read as a whole, 64 MiB at most. An `indicator` is a pattern to look
//! for and no sighting; the newest version of an object counts, and a revoked one is withdrawn.
//! The page `docs/formats/stix.md` says what becomes of each object.

mod bundle;
mod context;
mod meaning;
mod observed;
mod sighting;
mod write;

use std::io::Read;

use serde_json::Value;

use crate::json_value::{self, Object};
use crate::{FileRefused, Header, Reading, Rows};

pub use write::{Version, Writer, write};

/// Opens a bundle or envelope for reading: one row for each address that was seen.
///
/// Rows are sightings, observed data, indicators, and addresses that nothing says were seen. All
/// other objects only say what those mean and are no rows.
pub fn open(input: impl Read + Send + 'static, reading: Reading) -> Result<Rows, FileRefused> {
    let file = json_value::parse_whole(input, reading)?;
    let missing = || FileRefused::MissingColumn("objects".to_owned());
    let whole = Object::of(&file).ok_or_else(missing)?;
    let is_bundle = whole.get("type").and_then(Value::as_str) == Some("bundle");
    let objects = match whole.get("objects") {
        Some(Value::Array(objects)) => objects.clone(),
        // An empty bundle and an empty page of a server leave the list out.
        None if is_bundle || whole.get("more").is_some() => Vec::new(),
        _ => return Err(missing()),
    };
    let header = Header { report_type: "stix".to_owned(), ..Header::default() };
    Ok(Rows::new(header, sighting::Sightings::of(bundle::Bundle::of(objects), reading)))
}
