//! Rows of a file that does not add up (照合), held one by one against the hits that they left.

use std::collections::HashMap;

use formats::{Outcome, Row};
use futures::TryStreamExt as _;

use super::{
    Findings, Kind,
    files::Checking,
    hits::{self, Hit},
    raw, store,
};
use crate::db::Tx;

impl Checking<'_> {
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
    pub(super) async fn compare(
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
