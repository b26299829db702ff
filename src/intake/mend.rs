//! Mending a quarantined row (隔離行の修正): a person writes the row as it was meant.
//!
//! What was delivered stays as it is. The mended row goes in as a small file of its own, archived
//! like any other, so that what stands in the store can always be read again from raw bytes. The
//! row it stands for is dismissed, naming that file. Owns no table.

use std::{
    borrow::Cow,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
};

use formats::{Row, unpack::Limits};

use super::{Taken, take_one};
use crate::{
    access::keys::private,
    app::App,
    attribution::Attributor,
    feeds::{
        Feed, Format, accept, archive,
        files::Holds,
        format,
        quarantine::{self, QuarantinedRow, Rows, Word},
        receive::FeedFile,
    },
};

/// The longest header that is carried over.
const HEADER_MAX: u64 = 64 << 10;

/// Why a row is not mended (修正不可).
#[derive(Debug, thiserror::Error)]
pub enum NotMended {
    /// The row as it is written now is not understood either.
    #[error("the row is not understood yet: {0}")]
    NotUnderstood(String),
    /// There are none or several rows in what was written.
    #[error("write exactly one row")]
    NotOneRow,
    /// The file's encoding has no such characters.
    #[error("the file is in CP932, which has not all of these characters")]
    NotInEncoding,
    /// It waits no more.
    #[error("the row no longer waits in quarantine")]
    NotWaiting,
    /// Rows of coverage are mended by sending them again.
    #[error("a row of coverage is corrected by a coverage file that says it anew")]
    IsCoverage,
}

/// Takes a quarantined row in as somebody wrote it anew.
pub async fn mend(
    app: &App,
    (feed, file): (&Feed, &FeedFile),
    row: &QuarantinedRow,
    (text, word): (&str, Word<'_>),
) -> anyhow::Result<Result<Taken, NotMended>> {
    if file.holds == Holds::Coverage {
        return Ok(Err(NotMended::IsCoverage));
    }
    if row.released_at.is_some() || row.dismissed_at.is_some() {
        return Ok(Err(NotMended::NotWaiting));
    }
    let laid = archive::lay_out(app, file)?;
    let (name, header) = header_of(&feed.format, &file.name, laid.path())?;
    let Some(line) = encoded(text.trim(), &header) else {
        return Ok(Err(NotMended::NotInEncoding));
    };
    let desk = tempfile_beside(laid.path(), &name, &[&header[..], &line, b"\n"].concat())?;
    let mended = match one_detection(app, feed, &desk) {
        Ok(()) => take_in_its_place(app, feed, row, (&desk, word)).await.map(Ok),
        Err(why) => Ok(Err(why)),
    };
    if let Some(folder) = desk.parent() {
        fs::remove_dir_all(folder)?;
    }
    mended
}

async fn take_in_its_place(
    app: &App,
    feed: &Feed,
    row: &QuarantinedRow,
    (desk, word): (&Path, Word<'_>),
) -> anyhow::Result<Taken> {
    let app = &app.clone().in_the_hands_of(word.author);
    let attributor = Attributor::load(app).await?;
    let taken = take_one(app, (feed, &attributor), desk).await?;
    let reason = format!("{} (mended: {})", word.reason, &taken.sha256[..16]);
    let word = Word { author: word.author, reason: &reason };
    // Somebody else may have dealt with it since: then there is nothing left to say.
    let _dealt_with = quarantine::dismiss(app, &[Rows::One(row.id())], word).await?;
    Ok(taken)
}

/// The name that tells how the file is read, and the line that its rows need above them.
fn header_of(how: &Format, name: &str, path: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let unpacked = format::unpacked(name, path, Limits::FEED)?;
    let name = unpacked.name.clone();
    if !how.has_header() {
        return Ok((name, Vec::new()));
    }
    let mut header = Vec::new();
    BufReader::new(unpacked.take(HEADER_MAX)).read_until(b'\n', &mut header)?;
    Ok((name, header))
}

/// A row in the encoding of the header above it; nothing where that cannot say it.
fn encoded<'a>(text: &'a str, header: &[u8]) -> Option<Cow<'a, [u8]>> {
    if std::str::from_utf8(header).is_ok() {
        return Some(Cow::Borrowed(text.as_bytes()));
    }
    let (bytes, _, lossy) = encoding_rs::SHIFT_JIS.encode(text);
    (!lossy).then_some(bytes)
}

/// Writes a file under just that name, in a folder of its own, which nobody else reads.
fn tempfile_beside(beside: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    let folder = beside.with_extension("mend");
    fs::create_dir(&folder)?;
    let path = folder.join(name);
    private().write(true).create_new(true).open(&path)?.write_all(bytes)?;
    Ok(path)
}

fn one_detection(app: &App, feed: &Feed, path: &Path) -> Result<(), NotMended> {
    let told = |why: &dyn std::fmt::Display| NotMended::NotUnderstood(why.to_string());
    let rows = format::open_rows(feed, &accept::name_of(path), path, app.now());
    let mut rows = rows.map_err(|why| told(&why))?;
    match (rows.next(), rows.next()) {
        (Some(Ok(Row::Detection(_))), None) => Ok(()),
        (Some(Ok(Row::Refused(why))), None) => Err(told(&why)),
        (Some(Err(fault)), _) => Err(told(&fault)),
        _ => Err(NotMended::NotOneRow),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_a_file_of_any_size_is_mended_under_its_header() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("national.csv");
        fs::write(&path, "ip,port\n192.0.2.7,23\n").unwrap();
        // What a person may upload ends before that; what comes by a feed does not.
        fs::File::options().write(true).open(&path).unwrap().set_len((64 << 20) + 1).unwrap();
        let (name, header) = header_of(&Format::ScanList, "national.csv", &path).unwrap();
        assert_eq!((name.as_str(), &header[..]), ("national.csv", &b"ip,port\n"[..]));
    }
}
