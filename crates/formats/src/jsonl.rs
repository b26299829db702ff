//! JSON Lines (行区切りJSON): one value each, UTF-8, LF.

use std::io::{self, Write};

use serde::Serialize;

/// Writes `values`, a line each, and flushes.
pub(crate) fn write(
    out: &mut impl Write,
    values: impl IntoIterator<Item = impl Serialize>,
) -> io::Result<()> {
    for value in values {
        serde_json::to_writer(&mut *out, &value)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
