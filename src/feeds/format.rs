//! Formats (形式): how the files of a feed are read, by the words of commands.

use std::{fmt, fs::File, io::Read, path::Path, str::FromStr};

use formats::{
    Encoding, FileRefused, Reading, Rows, intelmq, mapped_csv, misp, n6, scan_list, shadowserver,
    stix, unfold,
    unpack::{self, Limits, Unpacked},
    xarf,
};

use super::{Feed, mappings, quarantine, receive, receive::FeedFile};
use crate::{db::Db, time::Moment};

/// How the files of a feed are read (形式).
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "形式")]
pub enum Format {
    /// Shadowserver reports; the type stands in the file name.
    Shadowserver,
    /// Our own schema for scan results.
    ScanList,
    /// IntelMQ events as JSON lines.
    Intelmq,
    /// Records of n6.
    N6,
    /// Abuse reports in the eXtended Abuse Reporting Format.
    Xarf,
    /// Bundles of STIX 2.1, and what TAXII sends.
    Stix,
    /// Events of MISP.
    Misp,
    /// A CSV of whatever shape, by the mapping of that name.
    Csv(String),
}

/// A word that names no format this version reads.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no format this version reads; it reads shadowserver, scan-list, intelmq, n6, xarf, \
     stix, misp and csv:MAPPING"
)]
pub struct NotAFormat(String);

impl Format {
    /// The words of those that need no mapping.
    pub const PLAIN: [&str; 7] =
        ["shadowserver", "scan-list", "intelmq", "n6", "xarf", "stix", "misp"];

    /// Whether the first line of a file says what the cells of the others are.
    pub fn has_header(&self) -> bool {
        matches!(self, Self::Shadowserver | Self::ScanList | Self::Csv(_))
    }

    /// Whether its rows name the scan run that they belong to.
    pub fn names_runs(&self) -> bool {
        matches!(self, Self::ScanList)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shadowserver => f.write_str("shadowserver"),
            Self::ScanList => f.write_str("scan-list"),
            Self::Intelmq => f.write_str("intelmq"),
            Self::N6 => f.write_str("n6"),
            Self::Xarf => f.write_str("xarf"),
            Self::Stix => f.write_str("stix"),
            Self::Misp => f.write_str("misp"),
            Self::Csv(mapping) => write!(f, "csv:{mapping}"),
        }
    }
}

impl FromStr for Format {
    type Err = NotAFormat;

    fn from_str(word: &str) -> Result<Self, NotAFormat> {
        Ok(match word {
            "shadowserver" => Self::Shadowserver,
            "scan-list" => Self::ScanList,
            "intelmq" => Self::Intelmq,
            "n6" => Self::N6,
            "xarf" => Self::Xarf,
            "stix" => Self::Stix,
            "misp" => Self::Misp,
            _ => match word.strip_prefix("csv:") {
                Some(mapping) if mappings::is_name(mapping) => Self::Csv(mapping.to_owned()),
                _ => return Err(NotAFormat(word.to_owned())),
            },
        })
    }
}

impl TryFrom<String> for Format {
    type Error = NotAFormat;

    fn try_from(word: String) -> Result<Self, NotAFormat> {
        word.parse()
    }
}

/// Opens a file that is one list. A mail that cannot be unfolded is refused for that: read as the
/// list that it is not, it would tell something else and mislead whoever has to mend it.
pub(crate) fn unpacked(name: &str, path: &Path, limits: Limits) -> Result<Unpacked, FileRefused> {
    unfold::unfold(name, path, limits)?;
    unpack::unpack_within(name, File::open(path)?, limits)
}

/// Opens the rows of a file as its feed reads them.
pub fn open_rows(feed: &Feed, name: &str, path: &Path, now: Moment) -> Result<Rows, FileRefused> {
    let unpacked = unpacked(name, path, Limits::FEED)?;
    let name = unpacked.name.clone();
    open(feed, &name, unpacked, receive::reading(feed, now))
}

/// The type of report that a file's name says, or the name of what is packed in it; nothing where
/// names of the format say no type, or this one says none.
pub(super) fn report_type(feed: &Feed, name: &str, path: &Path) -> Option<String> {
    if feed.format != Format::Shadowserver {
        return None;
    }
    let file = File::open(path).ok()?;
    let unpacked = unpack::unpack_within(name, file, Limits::FEED).ok()?;
    Some(shadowserver::report_type(&unpacked.name)?.name)
}

/// Opens the rows of a file as they went in: by the mapping that was in force when it was taken in,
/// and rows that a retry let out of quarantine by the one of that time.
pub async fn open_as_taken(
    db: &Db,
    feed: &Feed,
    file: &FeedFile,
    path: &Path,
    now: Moment,
) -> anyhow::Result<Result<Rows, FileRefused>> {
    let by = |mapping: String| {
        let feed = Feed { mapping: Some(mapping), ..feed.clone() };
        open_rows(&feed, &file.name, path, now)
    };
    let Format::Csv(name) = &feed.format else {
        return Ok(open_rows(feed, &file.name, path, now));
    };
    let Some(then) = mappings::of_file(db, name, file.id).await? else {
        return Ok(open_rows(feed, &file.name, path, now));
    };
    let mut rows = match by(then.clone()) {
        Ok(rows) => rows,
        Err(why) => return Ok(Err(why)),
    };
    for (mapping, released) in quarantine::released(db, file.id, name).await? {
        if mapping != then
            && let Ok(newer) = by(mapping)
        {
            rows = rows.but(newer, move |row| released.contains(&row));
        }
    }
    Ok(Ok(rows))
}

fn open(
    feed: &Feed,
    name: &str,
    input: impl Read + Send + 'static,
    reading: Reading,
) -> Result<Rows, FileRefused> {
    match &feed.format {
        Format::Shadowserver => {
            shadowserver::open(name, None, input, reading.encoded(Encoding::Utf8))
        }
        Format::ScanList => scan_list::open(input, reading),
        Format::Intelmq => intelmq::open(input, reading),
        Format::N6 => n6::open(input, reading),
        Format::Xarf => xarf::open(input, reading),
        Format::Stix => stix::open(input, reading),
        Format::Misp => misp::open(input, reading),
        Format::Csv(_) => mapped_csv::open(&mappings::of(feed)?, input, reading),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_that_is_too_large_is_refused_for_that() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.eml");
        std::fs::write(&path, "Subject: a list\r\n\r\n").unwrap();
        File::options().write(true).open(&path).unwrap().set_len(36 << 20).unwrap();
        let refused = unpacked("list.eml", &path, Limits::FEED).unwrap_err();
        assert!(matches!(refused, FileRefused::TooLarge(bytes) if bytes == 25 << 20), "{refused}");
    }

    #[test]
    fn every_format_is_written_as_it_is_read() {
        for word in Format::PLAIN.into_iter().chain(["csv:isp-a_2"]) {
            assert_eq!(word.parse::<Format>().unwrap().to_string(), word);
        }
        for none in ["csv", "csv:", "csv:a b", "pdf", ""] {
            assert!(none.parse::<Format>().is_err(), "{none}");
        }
    }
}
