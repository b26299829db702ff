//! From objects to rows: which addresses were seen, when, and what is wrong there.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::bundle::{Bundle, ids, is_revoked, text};
use super::context::keep_context;
use super::meaning;
use super::observed::{Seen, seen};
use super::write::extension;
use crate::json_value::{Fault, MASK, Object, at, keep_text, mask, some_text};
use crate::{Detail, Detection, Legible, Notes, Outcome, Reading, Reason, Refused, Row, address};

/// The rows of a bundle, made object by object.
pub(super) struct Sightings {
    bundle: Bundle,
    reading: Reading,
    next: usize,
    rows: VecDeque<Row>,
    given: usize,
    /// Observed data that a sighting speaks for, and observables that observed data holds.
    spoken_for: HashSet<String>,
}

/// No observed data names more observables, and no sighting gives many more rows: objects that
/// refer to each other may otherwise make many rows of few bytes.
const REFS_MAX: usize = 1000;

/// No longer bundle is shown with a refused row: up to a thousand rows are made at a time.
const SHOWN_BYTES_MAX: usize = 32 << 10;

/// No bundle gives more rows.
const ROWS_MAX: usize = 1_000_000;

const TOO_MANY: Reason = Reason::Contradiction("it refers to more than 1,000 objects; split it");

const INDICATOR: Reason =
    Reason::NotAboutDevice("an indicator is a pattern to look for, not a sighting of a device");
const REVOKED: Reason = Reason::NotAboutDevice("its sender has withdrawn it");
const UNSEEN: Reason = Reason::Unseen(
    "no observed-data and no sighting says when this address was seen; ask for those",
);
const NO_MEANING: Reason = Reason::NotAboutDevice(
    "nothing says what is wrong with the device: no malware, vulnerability or botnet is sighted",
);

impl Sightings {
    pub(super) fn of(bundle: Bundle, reading: Reading) -> Self {
        let mut spoken_for = HashSet::new();
        for object in bundle.all() {
            let keys: &[&str] = match text(object, "type") {
                Some("sighting") => &["observed_data_refs"],
                Some("observed-data") => &["object_refs"],
                Some("network-traffic") => {
                    for end in ["src_ref", "dst_ref"] {
                        spoken_for.extend(text(object, end).map(str::to_owned));
                    }
                    &[]
                }
                _ => &[],
            };
            keys.iter().for_each(|key| spoken_for.extend(ids(object, key).map(str::to_owned)));
        }
        Self { bundle, reading, next: 0, rows: VecDeque::new(), given: 0, spoken_for }
    }

    /// Makes the rows of the object at this place, whose number stands in for the line.
    fn read(&self, place: usize) -> Vec<Row> {
        let Some(object) = self.bundle.at(place) else { return Vec::new() };
        let spoken_for = text(object, "id").is_some_and(|id| self.spoken_for.contains(id));
        let line = place as u64 + 1;
        let revoked = is_revoked(object);
        match text(object, "type") {
            None => vec![refused(line, object, &[], (at("type", Reason::MissingValue), None))],
            Some("sighting" | "observed-data" | "indicator") if revoked => {
                vec![refused(line, object, &[], (at("revoked", REVOKED), None))]
            }
            Some("indicator") => {
                vec![refused(line, object, &[], (at("type", INDICATOR), None))]
            }
            Some("sighting") => self.sighting(line, object),
            Some("observed-data") if !spoken_for => self.observed(line, object, object),
            Some("ipv4-addr" | "ipv6-addr") if !spoken_for => {
                let ip = text(object, "value").and_then(|ip| address::parse(ip).ok());
                vec![refused(line, object, &[], (at("type", UNSEEN), ip))]
            }
            _ => Vec::new(),
        }
    }

    /// A sighting is of what its observed data hold.
    fn sighting(&self, line: u64, sighting: &Value) -> Vec<Row> {
        let mut rows = Vec::new();
        for id in ids(sighting, "observed_data_refs") {
            if rows.len() >= REFS_MAX {
                let why = at("observed_data_refs", TOO_MANY);
                rows.push(refused(line, sighting, &[], (why, None)));
                break;
            }
            match self.bundle.get(id) {
                Some(observed) if is_revoked(observed) => {
                    let why = at("observed_data_refs", REVOKED);
                    rows.push(refused(line, sighting, &[observed], (why, None)));
                }
                Some(observed) => rows.extend(self.observed(line, sighting, observed)),
                // It may stand on another page, but nothing is known of it here.
                None => {
                    let why = at("observed_data_refs", Reason::NoSourceAddress);
                    rows.push(refused(line, sighting, &[], (why, None)));
                }
            }
        }
        if rows.is_empty() {
            let why = at("observed_data_refs", Reason::NoSourceAddress);
            rows.push(refused(line, sighting, &[], (why, None)));
        }
        rows
    }

    /// One row for each address of observed data; `said` is what speaks of it.
    fn observed(&self, line: u64, said: &Value, observed: &Value) -> Vec<Row> {
        if ids(observed, "object_refs").count() > REFS_MAX {
            return vec![refused(line, said, &[], (at("object_refs", TOO_MANY), None))];
        }
        let seen = seen(&self.bundle, observed);
        let context: Vec<&Value> =
            if std::ptr::eq(said, observed) { vec![] } else { vec![observed] };
        if seen.is_empty() {
            let why = at("object_refs", Reason::NoSourceAddress);
            return vec![refused(line, said, &context, (why, None))];
        }
        let row = |seen: Seen| {
            let ip = seen.ip.as_ref().ok().copied();
            match self.detection(line, said, observed, seen) {
                Ok(detection) => Row::Detection(Box::new(detection)),
                Err(fault) => refused(line, said, &context, (fault, ip)),
            }
        };
        seen.into_iter().map(row).collect()
    }

    fn detection(
        &self,
        line: u64,
        said: &Value,
        observed: &Value,
        seen: Seen,
    ) -> Result<Detection, Fault> {
        let ip = seen.ip?;
        let detected_at = self.last_seen(said, observed)?;
        let sighted = text(said, "sighting_of_ref").and_then(|id| self.bundle.get(id));
        let mut meaning = sighted
            .and_then(|sighted| meaning::of(&self.bundle, sighted))
            .or_else(|| meaning::of(&self.bundle, observed))
            .or_else(|| self.of_observables(observed))
            .ok_or_else(|| at("sighting_of_ref", NO_MEANING))?;
        // An exposure in our own words is taken at its word.
        if let Some(own) = extension(said, "exposure").and_then(|own| own.parse().ok()) {
            meaning.exposure = own;
        }
        let mut detail = Detail::default();
        if address::is_special(ip) {
            detail.notes.add(Notes::SPECIAL_ADDRESS);
        }
        detail.record_no = text(said, "id").and_then(|id| some_text(id, &mut detail.notes));
        let family = meaning.family.as_deref();
        detail.malware_family = family.and_then(|name| some_text(name, &mut detail.notes));
        if let Some(cve) = &meaning.cve {
            keep_text(&mut detail, "cve", cve)?;
        }
        keep_context(&self.bundle, &mut detail, said, observed)?;
        for name in ["list_id", "inquiry_id"] {
            if let Some(value) = extension(said, name) {
                keep_text(&mut detail, name, value)?;
            }
        }
        Ok(Detection {
            line,
            detected_at,
            ip,
            port: seen.port,
            proto: seen.proto,
            peer_ip: seen.peer_ip,
            peer_port: seen.peer_port,
            exposure: meaning.exposure,
            outcome: Outcome::Detected,
            severity: meaning.severity,
            severity_from_row: false,
            detail,
        })
    }

    /// What the objects named beside the addresses say is wrong.
    fn of_observables(&self, observed: &Value) -> Option<meaning::Meaning> {
        let objects = ids(observed, "object_refs");
        objects.filter_map(|id| self.bundle.get(id)).find_map(|o| meaning::of(&self.bundle, o))
    }

    /// When it was seen last: by the sighting, else by the observed data.
    fn last_seen(&self, said: &Value, observed: &Value) -> Result<i64, Fault> {
        let places = [
            (said, "last_seen"),
            (observed, "last_observed"),
            (said, "first_seen"),
            (observed, "first_observed"),
        ];
        for (object, key) in places {
            let time = Object::of(object).map(|object| object.time(key, &self.reading));
            if let Some(time) = time.transpose()?.flatten() {
                return Ok(time);
            }
        }
        Err(at("last_observed", Reason::MissingValue))
    }
}

impl Iterator for Sightings {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.rows.is_empty() && self.next < self.bundle.len() {
            self.rows = self.read(self.next).into();
            self.next += 1;
        }
        let row = self.rows.pop_front()?;
        self.given += 1;
        if self.given > ROWS_MAX {
            (self.rows, self.next) = (VecDeque::new(), self.bundle.len());
            let why = "its objects refer to each other more than 1,000,000 times";
            return Some(Err(io::Error::new(io::ErrorKind::InvalidData, why)));
        }
        Some(Ok(row))
    }
}

/// A refused object, shown as a bundle of it and what it refers to, without credentials.
fn refused(line: u64, said: &Value, context: &[&Value], why: (Fault, Option<IpAddr>)) -> Row {
    let ((column, reason), ip) = why;
    let objects: Vec<Value> =
        std::iter::once(said).chain(context.iter().copied()).map(mask).collect();
    let shown = json!({"type": "bundle", "objects": objects}).to_string().into_bytes();
    // Cut JSON is of no use to anybody.
    let bytes = if shown.len() > SHOWN_BYTES_MAX { MASK.into() } else { shown };
    let legible = Legible { scan_run: None, ip };
    Row::Refused(Refused { line, column: Some(column.into_owned()), reason, bytes, legible })
}
