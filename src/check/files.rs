//! Files (取込回): each row of a raw file is a hit, in quarantine, or says that nothing was found.

use std::collections::{BTreeMap, HashMap, HashSet};

use formats::{Outcome, Row, Rows};
use futures::TryStreamExt as _;
use serde_json::Value;

use super::{
    Findings, Kind,
    hits::{self, Hit, Sum},
    mapped::Mapped,
    raw::{self, NotThere, Raw},
    store::{self, File},
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
    (file, seen): (&File, Sum),
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
    let mapped = Mapped::of(file.mapped_at, &saved, &store::read_by(tx, file.id).await?);
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
    place: String,
    pub(super) raw: Raw,
    /// Rows that are dated later than this were refused.
    pub(super) now: i64,
    /// Rows that are or were in quarantine, and when a retry let them go.
    pub(super) quarantine: Vec<(i64, Option<i64>)>,
    mapped: Mapped,
}

impl Checking<'_> {
    /// Notes what is wrong with it.
    pub(super) fn find(&self, findings: &mut Findings, kind: Kind, what: impl Into<String>) {
        findings.add(kind, &self.place, what);
    }

    /// Rows that are in quarantine now.
    pub(super) fn waiting(&self) -> HashSet<i64> {
        self.quarantine.iter().filter(|(_, left)| left.is_none()).map(|(row, _)| *row).collect()
    }

    async fn hits(&self, tx: &mut Tx, seen: Sum, findings: &mut Findings) -> anyhow::Result<bool> {
        let rows = match self.raw.rows(self.file, self.now, &self.mapped) {
            Ok(rows) => rows,
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
        self.count(&read, kept.len(), findings);
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
            self.quarantine.iter().map(|(row, left)| (*row, left.is_some())).collect();
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

    fn count(&self, read: &Read, kept: usize, findings: &mut Findings) {
        let file = self.file;
        let told: Value = serde_json::from_str(&file.counts).unwrap_or_default();
        let told = |name: &str| told[name].as_i64().unwrap_or(-1);
        let here = i64::try_from(self.quarantine.len()).unwrap_or(i64::MAX);
        let released = self.quarantine.iter().any(|(_, left)| left.is_some());
        let ends = match (file.completed_at, &read.broken) {
            (None, _) => file.rows_done <= read.rows,
            (Some(_), None) => file.rows_done == read.rows,
            (Some(_), Some(_)) => file.rows_done == read.rows && file.refused.is_some(),
        };
        let known = told("sightings") + told("repeats");
        let parts = known + told("other_outcomes") + told("quarantined");
        let is_kept = i64::try_from(kept).is_ok_and(|kept| {
            // A row may stand in for one that waited, or for one of a file that was withdrawn.
            let more = released || file.undone > 0;
            if more { kept >= told("sightings") } else { kept == told("sightings") }
        });
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
        let beyond = self.quarantine.last().is_some_and(|(row, _)| *row > file.rows_done);
        if beyond {
            let what = "a row waits in quarantine that the file does not have";
            self.find(findings, Kind::Quarantine, what);
        }
    }

    /// What each line of the raw file must have left.
    fn due(&self, lost: &[i64]) -> anyhow::Result<HashMap<i64, Due>> {
        let mut due: HashMap<i64, Due> = HashMap::new();
        let waiting = self.waiting();
        let rows = self.raw.rows(self.file, self.now, &self.mapped).map_err(anyhow::Error::from)?;
        for (row_no, row) in (1..=self.file.rows_done).zip(rows) {
            let Ok(row) = row else { break };
            match row {
                Row::Detection(row) if row.outcome == Outcome::Detected => {
                    let waits = waiting.contains(&row_no);
                    let prints = (!waits).then(|| Prints::of(&raw::hit(&row)));
                    due.insert(row.line.cast_signed(), (row_no, prints, false));
                }
                Row::Refused(row) if lost.binary_search(&row_no).is_ok() => {
                    due.insert(row.line.cast_signed(), (row_no, None, false));
                }
                _ => {}
            }
        }
        Ok(due)
    }

    /// Looks at each hit of a file whose hits are not those of its rows.
    async fn compare(
        &self,
        tx: &mut Tx,
        lost: &[i64],
        findings: &mut Findings,
    ) -> anyhow::Result<()> {
        let mut due = self.due(lost)?;
        let (mut unread, mut early) = (0, 0);
        let mut stored = store::hits_of(tx, self.file.id);
        while let Some(packed) = stored.try_next().await? {
            let each = |hit: Hit| {
                let (kind, what) = match due.get_mut(&hit.line) {
                    None => (Kind::HitForeign, "no row is there"),
                    Some((_, _, true)) => (Kind::HitDoubled, "a row is in twice"),
                    Some((row, prints, done)) => {
                        *done = true;
                        match prints {
                            Some(prints) if prints.whole == hit.print() => return,
                            Some(prints) if prints.unidentified == hit.print() => {
                                return early += 1;
                            }
                            Some(_) => (Kind::HitMoved, "a row is in at another place or time"),
                            // An older version understood it, and nobody can say any more as what.
                            None if lost.binary_search(row).is_ok() => return unread += 1,
                            None => (Kind::Quarantine, "a row is in, and in quarantine as well"),
                        }
                    }
                };
                self.find(findings, kind, told(hit.line, what));
            };
            // What cannot be unpacked is a finding already.
            let _ = hits::unpack(&packed.shelf, packed.from_at, &packed.body, each);
        }
        let mut missing: Vec<_> = due.into_iter().filter(|(_, (_, _, done))| !done).collect();
        missing.sort_unstable_by_key(|(line, _)| *line);
        for (line, (row, prints, _)) in missing {
            if lost.binary_search(&row).is_ok() {
                let what = told(line, "a row is not understood and not in quarantine");
                self.find(findings, Kind::Quarantine, what);
            } else if prints.is_some() {
                self.find(findings, Kind::HitMissing, told(line, "a row is not in"));
            }
        }
        let place = &self.place;
        if unread > 0 {
            findings
                .skip(format!("{unread} hits of {place} whose rows are not understood any more"));
        }
        if early > 0 {
            findings.skip(format!("{early} hits of {place} that do not tell their devices apart"));
        }
        Ok(())
    }
}

/// The number of a row, what it must have left unless it waits, and whether that was found.
type Due = (i64, Option<Prints>, bool);

/// What identifies the hit that a row must have left: as it is taken in today, and as it was
/// before hits told devices apart.
struct Prints {
    whole: u128,
    unidentified: u128,
}

impl Prints {
    fn of(hit: &Hit) -> Self {
        Self { whole: hit.print(), unidentified: hit.print_unidentified() }
    }
}

fn told(line: i64, what: &str) -> String {
    format!("line {line}: {what}")
}
