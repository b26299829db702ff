//! 項目対応CSV: any other CSV, by a mapping of its columns that is kept as data.
//!
//! A sender that follows no format of its own is read by a [`Mapping`]: which column is what, how
//! times are written, what all rows have in common. [`propose()`] guesses one from a sample. The
//! page `docs/formats/csv-mapping.md` lists every key.

mod clock;
mod headings;
mod mapping;
mod plan;
mod propose;
mod rows;

use std::io::Read;

pub use mapping::{Columns, Key, Mapping, Required};
pub use propose::{Guess, Proposal, propose};

use crate::split::{Splitter, Step};
use crate::table::header;
use crate::{FileRefused, Header, Reading, Rows};
use plan::Plan;

/// Opens a file for reading by a mapping, which goes before what `reading` says of encoding and
/// zone.
///
/// Refused as a whole: a mapping that cannot be used, an empty file, one without a column that the
/// mapping needs.
pub fn open(
    mapping: &Mapping,
    input: impl Read + Send + 'static,
    reading: Reading,
) -> Result<Rows, FileRefused> {
    let encoding = mapping.encoding(reading.encoding)?;
    let delimiter = mapping.delimiter_byte()?;
    let mut splitter = Splitter::open(input, encoding)?.delimited(delimiter);
    let names = match &mapping.columns {
        Columns::ByName(_) => Some(header(&mut splitter)?),
        Columns::ByPosition(_) if mapping.skip_header => match splitter.step()? {
            Step::End => return Err(FileRefused::Empty),
            Step::Uncut { .. } | Step::Row => None,
        },
        Columns::ByPosition(_) => None,
    };
    let plan = Plan::of(mapping, names, reading)?;
    let report = Header {
        report_type: "mapped-csv".to_owned(),
        columns: plan.names.clone(),
        unknown: plan.unknown.clone(),
        missing: plan.missing.clone(),
        credentials: plan.credentials(),
    };
    Ok(Rows::new(report, rows::MappedRows { splitter, plan, delimiter, reading }))
}
