//! Refusals of whole files (取込拒否): why a file does not go in, and what to do about it.

use std::io::{self, ErrorKind};

use formats::FileRefused;

use super::receive::FeedFile;
use crate::time::Moment;

/// Why a file was refused before its first row.
pub fn whole(why: &FileRefused) -> String {
    match why {
        FileRefused::Empty => "the file is empty, without even a header".to_owned(),
        FileRefused::BadArchive(why) => {
            format!("the archive cannot be read ({why}); fetch it again, or give what is inside it")
        }
        FileRefused::Io(fault) => format!("the file {}", damage(fault)),
        why => why.to_string(),
    }
}

/// Why a file breaks off after some of its rows, which are in.
pub fn within(fault: &io::Error) -> String {
    format!("the file breaks off: it {}", damage(fault))
}

/// Why a file that was withdrawn does not go in again by itself.
pub fn withdrawn(file: &FeedFile) -> String {
    let at = file.withdrawn_at.map_or_else(String::new, Moment::rfc3339);
    format!("it was withdrawn at {at}; `todoke feed restore {}` brings it back", file.id)
}

fn damage(fault: &io::Error) -> String {
    match fault.kind() {
        ErrorKind::UnexpectedEof => "is cut short; fetch it again".to_owned(),
        ErrorKind::InvalidData | ErrorKind::InvalidInput => {
            format!("is damaged ({fault}); fetch it again")
        }
        _ => format!("could not be read ({fault})"),
    }
}
