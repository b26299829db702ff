//! The chain (連鎖): the first four stages over one file, batch by batch.
//!
//! feeds → sightings → attribution → cases; each batch is one transaction.

use std::{collections::BTreeMap, time::Duration};

use anyhow::ensure;
use formats::{Outcome, Refused as BadRow, Row};

use crate::{
    app::App,
    attribution::{Attributor, unattributed},
    cases::{
        self,
        open::{Attributed, Cases},
    },
    db::retry,
    feeds::{
        Feed, gate,
        hits::{self, RunHits},
        quarantine,
        receive::{self, Counts, FeedFile},
    },
    ids::{FileId, IspId},
    sightings::{self, Sheaf, Sighting},
};

/// The first four stages over one file.
pub(crate) struct Chain<'a> {
    pub(crate) app: &'a App,
    pub(crate) feed: &'a Feed,
    pub(crate) attributor: &'a Attributor,
    pub(crate) file: &'a FeedFile,
}

/// What a transaction settles besides its rows.
#[derive(Clone, Copy)]
enum Mark<'a> {
    /// The file stood at this row and stands at the last one of the batch afterwards.
    Progress { from: i64 },
    /// These rows leave quarantine.
    Released(&'a [i64]),
}

/// A handful of rows sorted out: what goes to which stage.
pub(super) struct Sorted {
    rows: u64,
    first_row: i64,
    last_row: i64,
    sheaf: Sheaf,
    quarantined: Vec<(i64, BadRow)>,
    other_outcomes: u64,
    runs: BTreeMap<String, RunHits>,
}

/// Sorts out rows of a file, which are at least one.
pub(super) fn sort_out(file: FileId, rows: Vec<(i64, Row)>) -> Sorted {
    let number = |row: Option<&(i64, Row)>| row.map_or(0, |(row_no, _)| *row_no);
    let mut sorted = Sorted {
        rows: rows.len() as u64,
        first_row: number(rows.first()),
        last_row: number(rows.last()),
        sheaf: Sheaf::of(file),
        quarantined: Vec::new(),
        other_outcomes: 0,
        runs: hits::by_run(&rows),
    };
    for (row_no, row) in rows {
        match row {
            Row::Refused(bad) => sorted.quarantined.push((row_no, bad)),
            Row::Detection(row) if row.outcome == Outcome::Detected => {
                sorted.sheaf.lay(row_no, &row);
            }
            Row::Detection(_) => sorted.other_outcomes += 1,
        }
    }
    sorted
}

/// What all handfuls of a batch say of runs.
fn runs(batch: &[Sorted]) -> BTreeMap<String, RunHits> {
    let mut runs: BTreeMap<String, RunHits> = BTreeMap::new();
    for (run, hits) in batch.iter().flat_map(|sorted| &sorted.runs) {
        runs.entry(run.clone()).or_default().join(*hits);
    }
    runs
}

/// How many addresses of each provider the rows of a batch name, which are sorted by address.
pub(crate) fn addresses(rows: &[Attributed<'_>]) -> BTreeMap<IspId, i64> {
    let mut addresses = BTreeMap::new();
    let mut before = None;
    for one in rows {
        let Some(isp) = one.attribution.isp else { continue };
        let named = (one.sighting.ip(), isp);
        if before.replace(named) != Some(named) {
            *addresses.entry(isp).or_insert(0) += 1;
        }
    }
    addresses
}

impl Chain<'_> {
    /// Takes a batch in one transaction; asks the store when nobody saw the commit end, or when
    /// another process takes the same file and got further.
    pub(super) async fn take_batch(&self, mut batch: Vec<Sorted>) -> anyhow::Result<Counts> {
        let mut tries = 0;
        loop {
            let standing = receive::standing(self.app, self.file).await?;
            let done = standing.rows_done;
            batch.retain(|sorted| sorted.last_row > done);
            let Some(next) = batch.first() else { return Ok(standing.counts) };
            ensure!(
                next.first_row > done,
                "another version takes the same file in at the same time; start this again"
            );
            let mark = Mark::Progress { from: done };
            let fault = match self.write(&batch, standing.counts, mark).await {
                Ok(counts) => return Ok(counts),
                Err(fault) => fault,
            };
            tries += 1;
            if !retry::is_worth_asking(&fault) || tries >= retry::TRIES {
                return Err(fault);
            }
            tokio::time::sleep(Duration::from_millis(50 << tries)).await;
        }
    }

    /// Sightings with who served them.
    fn attributed<'a>(&self, sheaf: &'a Sheaf) -> Vec<Attributed<'a>> {
        let attributed = sheaf
            .sightings()
            .map(|one| Attributed::new(one, self.attributor.attribute(one.ip(), one.detected_at)));
        attributed.collect()
    }

    async fn write(
        &self,
        batch: &[Sorted],
        before: Counts,
        mark: Mark<'_>,
    ) -> anyhow::Result<Counts> {
        let mut counts = batch.iter().fold(before, Counts::plus);
        let sheaves: Vec<&Sheaf> = batch.iter().map(|sorted| &sorted.sheaf).collect();
        let sheaf = Sheaf::bound(self.file.id, &sheaves);
        let rows = &self.attributed(&sheaf)[..];
        let mut tx = self.app.db.begin().await?;
        match mark {
            Mark::Progress { from } => {
                let last = batch.last().map_or(from, |sorted| sorted.last_row);
                receive::claim(&mut tx, self.file, from, last).await?;
            }
            Mark::Released(rows) => {
                quarantine::release(&mut tx, self.feed, self.file.id, rows, self.app.now()).await?;
            }
        }
        let cases = Cases::enter(self.app, &mut tx, rows).await?;
        let nobody = rows.iter().filter(|one| one.attribution.isp.is_none());
        let nobody: Vec<_> = nobody.map(|one| (&one.sighting, &one.attribution)).collect();
        let listed = unattributed::known(&mut tx, &nobody).await?;
        let first = cases.first_of_all(rows, &listed);
        counts.sightings += first.len() as u64;
        counts.repeats += (rows.len() - first.len()) as u64;
        hits::note(&mut tx, self.file, &runs(batch)).await?;
        gate::note(&mut tx, self.file, &addresses(rows)).await?;
        for sorted in batch {
            quarantine::put(&mut tx, self.file, &sorted.quarantined).await?;
        }
        let all: Vec<&Sighting<'_>> = rows.iter().map(|one| &one.sighting).collect();
        sightings::record(&mut tx, &all, first).await?;
        counts.unattributed += nobody.len() as u64;
        unattributed::record(&mut tx, &nobody).await?;
        let identifier = self.attributor.identifier();
        let opened =
            cases::open::from_sightings(&mut tx, self.feed, rows, &cases, identifier).await?;
        counts.cases_opened += opened.new;
        counts.cases_extended += opened.extended;
        counts.cases_recurred += opened.recurred;
        if matches!(mark, Mark::Progress { .. }) {
            receive::tally(&mut tx, self.file, &counts).await?;
        }
        tx.commit().await?;
        Ok(counts)
    }

    /// Takes rows that were in quarantine and are understood now; gives how many were.
    pub(crate) async fn take_released(&self, rows: Vec<(i64, Row)>) -> anyhow::Result<u64> {
        let understood = rows.into_iter().filter(|(_, row)| matches!(row, Row::Detection(_)));
        let understood: Vec<_> = understood.collect();
        let numbers: Vec<i64> = understood.iter().map(|(row_no, _)| *row_no).collect();
        let sorted = sort_out(self.file.id, understood);
        match self.write(&[sorted], Counts::default(), Mark::Released(&numbers)).await {
            Ok(_) => Ok(numbers.len() as u64),
            // Another retry let them go first.
            Err(fault) if retry::is_overtaken(&fault) => Ok(0),
            Err(fault) => Err(fault),
        }
    }
}

impl Counts {
    fn plus(self, sorted: &Sorted) -> Self {
        Self {
            rows: self.rows + sorted.rows,
            quarantined: self.quarantined + sorted.quarantined.len() as u64,
            other_outcomes: self.other_outcomes + sorted.other_outcomes,
            ..self
        }
    }
}
