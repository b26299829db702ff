//! From the cells of a row to a detection, by the plan of its file.

use std::borrow::Cow;
use std::io;

use super::mapping::Key;
use super::plan::{Plan, Target};
use crate::draft::Draft;
use crate::split::{Splitter, Step};
use crate::table::{REFUSED_BYTES_MAX, Word};
use crate::{
    Detail, Detection, Legible, Outcome, Proto, Reading, Reason, Refused, Row, Severity, address,
    credentials, safe_csv, text,
};

/// The rows of one file.
pub(super) struct MappedRows {
    pub(super) splitter: Splitter,
    pub(super) plan: Plan,
    pub(super) delimiter: u8,
    pub(super) reading: Reading,
}

/// Why a row is refused, and at which column.
type Fault = (Option<String>, Reason);

/// The cells of one row, by what they hold.
#[derive(Default)]
struct Cells {
    keys: [Option<(String, Option<usize>)>; Key::ALL.len()],
    texts: [Option<Box<str>>; Detail::NAMES.len()],
    draft: Draft,
}

impl Iterator for MappedRows {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let secret: Vec<bool> = self.plan.columns.iter().map(|column| column.masked).collect();
        match self.splitter.step() {
            Ok(Step::End) => None,
            Err(e) => Some(Err(e)),
            Ok(Step::Uncut { reason, bytes }) => {
                let bytes = credentials::mask_uncut(&bytes, &secret);
                Some(Ok(self.refused((None, reason), bytes)))
            }
            Ok(Step::Row) => Some(Ok(match self.detection() {
                Ok(detection) => Row::Detection(Box::new(detection)),
                Err(fault) => {
                    let row = self.splitter.bytes();
                    let bytes = credentials::mask_delimited(row, &secret, self.delimiter);
                    self.refused(fault, bytes)
                }
            })),
        }
    }
}

impl MappedRows {
    fn refused(&self, (column, reason): Fault, mut bytes: Vec<u8>) -> Row {
        bytes.truncate(REFUSED_BYTES_MAX);
        let (line, legible) = (self.splitter.line(), Legible::default());
        Row::Refused(Refused { line, column, reason, bytes, legible })
    }

    fn detection(&mut self) -> Result<Detection, Fault> {
        let (line, expected) = (self.splitter.line(), self.plan.columns.len());
        if let Some((at, reason)) = self.splitter.broken(expected) {
            return Err((self.plan.names.get(at).cloned(), reason));
        }
        let found = self.splitter.count();
        let Self { splitter, plan, reading, .. } = self;
        let (row, cells) = splitter.decode().ok_or((None, Reason::BadEncoding))?;
        if cells.len() > expected && !cells[expected..].iter().all(|cell| cell.is_empty()) {
            return Err((None, Reason::TooManyCells { found, expected }));
        }
        let mut read = Cells::default();
        for (at, cell) in cells.iter().enumerate().take(expected) {
            read.put(plan, at, &cell.text(row))?;
        }
        for (target, value) in &plan.constants {
            read.stand_in(target, value);
        }
        read.detection(plan, *reading, line)
    }
}

impl Cells {
    /// Puts a cell into its place. A lone hyphen is how many systems write that nothing is known.
    fn put(&mut self, plan: &Plan, at: usize, cell: &str) -> Result<(), Fault> {
        let column = &plan.columns[at];
        let fault = |reason| Err((plan.names.get(at).cloned(), reason));
        let mut cell = Cow::Borrowed(safe_csv::unguard(cell).trim());
        if let Some(part) = &column.part {
            let found = part.find(&cell).map(|found| found.as_str().to_owned());
            cell = Cow::Owned(found.unwrap_or_default());
        }
        if column.secret || cell.is_empty() || cell == "-" {
            return Ok(());
        }
        match &column.target {
            Target::Ignore => {}
            Target::Key(key) => {
                let place = &mut self.keys[*key as usize];
                match place {
                    None => *place = Some((cell.into_owned(), Some(at))),
                    Some((date, _)) if *key == Key::DetectedAt => {
                        date.push(' ');
                        date.push_str(&cell);
                    }
                    Some(_) => {}
                }
            }
            Target::Text(_) | Target::Extra(_) if text::is_rounded(&text::narrow(&cell)) => {
                return fault(Reason::RoundedNumber);
            }
            Target::Text(place) => {
                let is_host = Detail::NAMES[*place] == "hostname";
                if is_host && !is_host_name(&cell) {
                    if column.required {
                        return fault(Reason::BadHostName);
                    }
                    self.draft.keep("hostname", &cell);
                } else if self.texts[*place].is_none() {
                    self.texts[*place] = self.draft.clean(&cell);
                }
            }
            Target::Extra(name) => self.draft.keep(name, &cell),
        }
        Ok(())
    }

    /// Puts a constant where no cell has said anything.
    fn stand_in(&mut self, target: &Target, value: &str) {
        match target {
            Target::Ignore => {}
            Target::Key(key) => {
                self.keys[*key as usize].get_or_insert_with(|| (value.to_owned(), None));
            }
            Target::Text(at) => {
                if self.texts[*at].is_none() {
                    self.texts[*at] = self.draft.clean(value);
                }
            }
            Target::Extra(name) => {
                if self.draft.0.extra(name).is_none() {
                    self.draft.keep(name, value);
                }
            }
        }
    }

    /// What a key says, or why it cannot be read. What need not be readable stays as text.
    fn take<T>(
        &mut self,
        plan: &Plan,
        key: Key,
        read: impl FnOnce(&str) -> Result<T, Reason>,
    ) -> Result<Option<T>, Fault> {
        let Some((value, at)) = self.keys[key as usize].take() else { return Ok(None) };
        let code = text::narrow(&value);
        let name = || at.and_then(|at| plan.names.get(at).cloned()).unwrap_or(key.to_string());
        match read(&code) {
            Ok(value) => Ok(Some(value)),
            Err(_) if text::is_rounded(&code) => Err((Some(name()), Reason::RoundedNumber)),
            Err(reason) if at.is_none_or(|at| plan.columns[at].required) => {
                Err((Some(name()), reason))
            }
            Err(_) => {
                self.draft.keep(key.code(), &value);
                Ok(None)
            }
        }
    }

    fn detection(mut self, plan: &Plan, reading: Reading, line: u64) -> Result<Detection, Fault> {
        let lacks = |key: Key, reason: Reason| (Some(key.to_string()), reason);
        let detected_at = self.take(plan, Key::DetectedAt, |cell| {
            let at = plan.clock.read(cell)?;
            if reading.is_future(at) { Err(Reason::FutureTime) } else { Ok(at) }
        })?;
        let detected_at = detected_at.ok_or(lacks(Key::DetectedAt, Reason::MissingValue))?;
        let ip = self.take(plan, Key::Ip, address::parse)?;
        let ip = ip.ok_or(lacks(Key::Ip, Reason::NoSourceAddress))?;
        let port = self.take(plan, Key::Port, address::port)?.flatten();
        let peer_ip = self.take(plan, Key::PeerIp, address::parse)?;
        let peer_port = self.take(plan, Key::PeerPort, address::port)?.flatten();
        let kind = self.take(plan, Key::Kind, |cell| Ok(cell.to_owned()))?;
        let exposure = |cell: &str| plan.exposure(cell, kind.as_deref()).ok_or(Reason::UnknownWord);
        let exposure = match self.take(plan, Key::Exposure, exposure)? {
            Some(exposure) => Some(exposure),
            None => self.take(plan, Key::Weakness, exposure)?,
        };
        let exposure = exposure.ok_or(lacks(Key::Exposure, Reason::MissingValue))?;
        let severity: Option<Severity> = self.take(plan, Key::Severity, word)?;
        let outcome = self.take(plan, Key::Outcome, word)?.unwrap_or(Outcome::Detected);
        let proto = self.keys[Key::Proto as usize].take().map(|(word, _)| word);
        let proto = self.draft.proto("proto", proto.as_deref(), Proto::Other);
        let asn = self.keys[Key::Asn as usize].take().map(|(asn, _)| asn);
        self.draft.asn("asn", asn.as_deref());
        let kept = self.draft.finish(ip);
        let named = Detail::of_texts(self.texts);
        let mut detail = Detail { asn: kept.asn, notes: kept.notes, extra: kept.extra, ..named };
        if let Some(serial) = detail.serial_hash.take() {
            detail.tell_serial(&serial);
        }
        Ok(Detection {
            line,
            detected_at,
            ip,
            port,
            proto,
            peer_ip,
            peer_port,
            exposure,
            outcome,
            severity: severity.unwrap_or(Severity::Unknown),
            severity_from_row: severity.is_some(),
            detail,
        })
    }
}

fn word<T: Word>(cell: &str) -> Result<T, Reason> {
    T::read(cell).ok_or(Reason::UnknownWord)
}

/// Whether a text can be the name of a host: a letter or digit somewhere, no blank.
fn is_host_name(text: &str) -> bool {
    text.len() <= 253
        && text.chars().any(char::is_alphanumeric)
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}
