//! Files (取込回): each row of a raw file is a hit, in quarantine, or says that nothing was found.

use std::collections::{BTreeMap, HashMap, HashSet};

use formats::{Outcome, Row, Rows};
use serde_json::Value;

use super::{
    Findings, Kind,
    hits::Sum,
    mapped::Mapped,
    raw::{self, NotThere, Raw},
    shelves::Seen,
    store::{self, File, Quarantined},
};
use crate::{app::App, db::Tx};

/// What reading a file again tells.
#[derive(Default)]
struct Read {
    rows: i64,
    sum: Sum,
    /// The same without what tells devices apart.
    sum_unidentified: Sum,
    /// Rows that say that nothing was found, of those that never waited in quarantine.
    other: i64,
    /// Hits of rows that never waited in quarantine.
    hits: i64,
    /// Hits by run.
    runs: BTreeMap<String, i64>,
    /// Rows that are not understood and do not stand in quarantine.
    lost: Vec<i64>,
    /// Sightings that were kept whole and read like their rows.
    kept: usize,
    broken: Option<String>,
}

/// Checks one file, of which `seen` stands in the store; tells whether its rows were read.
pub(super) async fn check(
    app: &App,
    tx: &mut Tx,
    (file, seen): (&File, Seen),
    findings: &mut Findings,
) -> anyhow::Result<bool> {
    let place = format!("{} ({})", file.name, file.sha256.get(..12).unwrap_or(&file.sha256));
    let raw = match Raw::unpack(&app.data.join("archive"), &file.sha256, file.bytes) {
        Ok(raw) => raw,
        Err(NotThere::Damaged(what)) => {
            findings.add(Kind::Archive, place, what);
            return Ok(false);
        }
        Err(NotThere::NoRoom(fault)) => {
            findings
                .skip(format!("{place}: no room for a working copy beside the archive ({fault})"));
            return Ok(false);
        }
    };
    if (&raw.sha256, raw.bytes) != (&file.sha256, file.bytes) {
        findings.add(Kind::Archive, place, "its bytes in the archive are others than came");
        return Ok(false);
    }
    // Nothing of it was refused as dated in the future that was not then.
    let now = app.now().0.max(file.received_at).max(file.completed_at.unwrap_or(i64::MIN));
    let quarantine = store::quarantine(tx, file.id).await?;
    let saved = store::mappings(tx, &file.format).await?;
    let mapped = Mapped::of(file.mapped_at, &saved, &quarantine);
    let checking = Checking { file, place, raw, now, quarantine, mapped };
    if file.holds == "coverage" {
        return checking.coverage(tx, findings).await;
    }
    if file.completed_at.is_some() && file.refused.is_some() && file.rows_done == 0 {
        return Ok(false);
    }
    checking.hits(tx, seen, findings).await
}

/// A file that is being checked.
pub(super) struct Checking<'a> {
    pub(super) file: &'a File,
    pub(super) place: String,
    pub(super) raw: Raw,
    /// Rows that are dated later than this were refused.
    pub(super) now: i64,
    /// Rows that are or were in quarantine.
    pub(super) quarantine: Vec<Quarantined>,
    pub(super) mapped: Mapped,
}

impl Checking<'_> {
    /// Notes what is wrong with it.
    pub(super) fn find(&self, findings: &mut Findings, kind: Kind, what: impl Into<String>) {
        findings.add(kind, &self.place, what);
    }

    /// Rows that are in quarantine now.
    pub(super) fn waiting(&self) -> HashSet<i64> {
        let waiting = self.quarantine.iter().filter(|one| one.released_at.is_none());
        waiting.map(|one| one.row_no).collect()
    }

    /// Whether it was accepted and nobody began to take it in.
    fn is_untouched(&self, seen: Seen) -> bool {
        self.file.completed_at.is_none() && self.file.rows_done == 0 && seen.hits.hits == 0
    }

    async fn hits(&self, tx: &mut Tx, seen: Seen, findings: &mut Findings) -> anyhow::Result<bool> {
        let rows = match self.raw.rows(self.file, self.now, &self.mapped) {
            Ok(rows) => rows,
            // Whoever takes it in will find out, and say so.
            Err(_) if self.is_untouched(seen) => return Ok(false),
            // Nothing in the store comes of rows that are all in quarantine, or of none.
            Err(why) if usize::try_from(self.file.rows_done) == Ok(self.waiting().len()) => {
                findings
                    .skip(format!("{}: this version refuses it as a whole ({why})", self.place));
                return Ok(false);
            }
            Err(why) => {
                self.find(findings, Kind::Unreadable, why.to_string());
                return Ok(false);
            }
        };
        let kept = self.kept(tx, findings).await?;
        let read = self.read(rows, &kept);
        if read.kept < kept.len() {
            let what = format!("{} sightings kept whole differ from rows", kept.len() - read.kept);
            self.find(findings, Kind::Kept, what);
        }
        let more = self.kept_later(tx, seen.cases, &kept, findings).await?;
        self.count(&read, (kept.len(), more), findings);
        let seen = seen.hits;
        if read.sum_unidentified == seen && read.sum != seen && read.lost.is_empty() {
            let place = &self.place;
            findings.skip(format!("{place} is from before hits told devices apart"));
        } else if read.sum != seen || !read.lost.is_empty() {
            self.compare(tx, &read.lost, findings).await?;
        }
        let mut noted: BTreeMap<String, i64> =
            store::run_hits(tx, self.file.id).await?.into_iter().collect();
        // A list may be named as the hits of a run that found nothing.
        noted.retain(|_, hits| *hits != 0);
        if noted != read.runs {
            let what = "the hits of its runs were noted otherwise";
            self.find(findings, Kind::RunHits, what);
        }
        Ok(true)
    }

    /// Reads the rows that are in.
    fn read(&self, rows: Rows, kept: &HashMap<i64, u128>) -> Read {
        let mut read = Read::default();
        // Rows that ever were in quarantine, and whether they have left it.
        let waits: HashMap<i64, bool> =
            self.quarantine.iter().map(|one| (one.row_no, one.released_at.is_some())).collect();
        for row in rows {
            let row = match row {
                Ok(row) => row,
                Err(fault) => {
                    read.broken = Some(fault.to_string());
                    break;
                }
            };
            read.rows += 1;
            if read.rows > self.file.rows_done {
                continue;
            }
            let waited = waits.get(&read.rows).copied();
            match row {
                _ if waited == Some(false) => {}
                Row::Refused(_) => read.lost.push(read.rows),
                Row::Detection(row) if row.outcome == Outcome::Detected => {
                    let hit = raw::hit(&row);
                    read.sum.add(hit.print());
                    read.sum_unidentified.add(hit.print_unidentified());
                    read.hits += i64::from(waited.is_none());
                    let run = row.detail.scan_run.as_deref().unwrap_or_default();
                    match read.runs.get_mut(run) {
                        Some(hits) => *hits += 1,
                        None => drop(read.runs.insert(run.to_owned(), 1)),
                    }
                    let is_kept = kept.get(&read.rows).is_some_and(|one| *one == hit.print_kept());
                    read.kept += usize::from(is_kept);
                }
                Row::Detection(_) => read.other += i64::from(waited.is_none()),
            }
        }
        read
    }

    /// The numbers that the file says of its rows.
    pub(super) fn told(&self) -> impl Fn(&str) -> i64 {
        let told: Value = serde_json::from_str(&self.file.counts).unwrap_or_default();
        move |name| told[name].as_i64().unwrap_or(-1)
    }

    /// Compares what the file counts with its rows, and with how many sightings are `kept` whole:
    /// `more` of these may have been kept later.
    fn count(&self, read: &Read, (kept, more): (usize, i64), findings: &mut Findings) {
        let (file, told) = (self.file, self.told());
        let here = i64::try_from(self.quarantine.len()).unwrap_or(i64::MAX);
        let ends = match (file.completed_at, &read.broken) {
            (None, _) => file.rows_done <= read.rows,
            (Some(_), None) => file.rows_done == read.rows,
            (Some(_), Some(_)) => file.rows_done == read.rows && file.refused.is_some(),
        };
        let known = told("sightings") + told("repeats");
        let parts = known + told("other_outcomes") + told("quarantined");
        let first = told("sightings");
        let is_kept = i64::try_from(kept)
            .is_ok_and(|kept| kept >= first && kept <= first.saturating_add(more));
        let wrong = [
            (!ends, "it has other rows than are in"),
            (told("rows") != file.rows_done, "it counts other rows than are in"),
            (parts != told("rows"), "its counts do not add up to its rows"),
            (told("quarantined") != here, "it counts other rows in quarantine than stand there"),
            (known != read.hits, "it counts other sightings than its rows tell"),
            (told("other_outcomes") != read.other, "it counts other outcomes than its rows tell"),
            (!is_kept, "it counts other first sightings than were kept whole"),
        ];
        for (_, what) in wrong.iter().filter(|(wrong, _)| *wrong) {
            self.find(findings, Kind::Counts, *what);
        }
        let beyond = self.quarantine.last().is_some_and(|one| one.row_no > file.rows_done);
        if beyond {
            let what = "a row waits in quarantine that the file does not have";
            self.find(findings, Kind::Quarantine, what);
        }
    }
}
