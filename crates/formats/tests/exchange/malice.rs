//! No input makes a reader panic, hang or give a credential away.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// Reads everything a text gives; only the end matters.
fn survives(open: Open, text: &[u8]) {
    if let Ok(rows) = open(Cursor::new(text.to_vec()), Reading::at(NOW)) {
        for row in rows {
            drop(row.unwrap().clone());
        }
    }
}

/// Each reader, with good files of its format.
fn formats() -> Vec<(Open, Vec<String>)> {
    let xarf = vec![
        super::xarf::botnet().to_string(),
        format!("{:#}", super::xarf::botnet()),
        format!("[{0},\n{0}]", super::xarf::botnet()),
        super::xarf::REPORT_PART.to_owned(),
    ];
    vec![
        (XARF, xarf),
        (STIX, vec![super::stix::bundle(&super::stix::sinkholed()).to_string()]),
        (MISP, vec![super::misp::infected().to_string()]),
    ]
}

proptest! {
    #[test]
    fn no_bytes_whatever_make_a_reader_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        text in "[\\[\\]{}\",:\\\\a-z0-9.\n-]{0,200}",
    ) {
        for (open, _) in formats() {
            survives(open, &bytes);
            survives(open, text.as_bytes());
        }
    }

    #[test]
    fn no_change_to_a_good_file_makes_a_reader_panic(
        changes in proptest::collection::vec((any::<Index>(), any::<u8>(), 0_u8..4), 1..8),
    ) {
        for (open, files) in formats() {
            for file in files {
                let mut bytes = file.into_bytes();
                for (at, byte, how) in &changes {
                    if bytes.is_empty() {
                        break;
                    }
                    let at = at.index(bytes.len());
                    match how {
                        0 => bytes[at] = *byte,
                        1 => bytes.insert(at, *byte),
                        2 => bytes.truncate(at),
                        _ => drop(bytes.remove(at)),
                    }
                }
                survives(open, &bytes);
            }
        }
    }
}

#[test]
fn a_value_nested_beyond_measure_is_refused_and_nothing_overflows() {
    for (open, _) in formats() {
        for deep in ["[", "{\"a\":", "[{\"a\":["] {
            survives(open, deep.repeat(200_000).as_bytes());
        }
    }
}
