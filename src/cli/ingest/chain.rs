//! The chain of `todoke ingest`: the first four stages over one file, batch by batch.
//!
//! feeds → sightings → attribution → cases; each batch is one transaction.

use std::{collections::BTreeMap, time::Duration};

use formats::{Detection, Outcome, Refused as BadRow, Row};

use crate::{
    app::App,
    attribution::{self, Attributor},
    cases::{
        self,
        open::{Attributed, Batch},
    },
    db::retry,
    feeds::{
        Feed,
        hits::{self, RunHits},
        quarantine,
        receive::{self, Counts, FeedFile},
    },
    sightings::{self, Sighting},
    time::Moment,
};

/// The first four stages over one file.
pub(in crate::cli) struct Chain<'a> {
    pub(in crate::cli) app: &'a App,
    pub(in crate::cli) feed: &'a Feed,
    pub(in crate::cli) attributor: &'a Attributor,
    pub(in crate::cli) file: &'a FeedFile,
}

/// What a transaction settles besides its rows.
#[derive(Clone, Copy)]
enum Mark<'a> {
    /// The file stood at this row and stands at the last one of the batch afterwards.
    Progress { from: i64 },
    /// These rows leave quarantine.
    Released(&'a [i64]),
}

/// A batch sorted out: what goes to which stage.
struct Sorted {
    rows: u64,
    last_row: i64,
    sightings: Vec<Attributed>,
    quarantined: Vec<(i64, BadRow)>,
    other_outcomes: u64,
    runs: BTreeMap<String, RunHits>,
}

impl Chain<'_> {
    /// Takes a batch in one transaction; asks the store when nobody saw the commit end, or when
    /// another process takes the same file and got further.
    pub(super) async fn take_batch(&self, batch: Vec<(i64, Row)>) -> anyhow::Result<Counts> {
        let mut standing = receive::standing(self.app, self.file).await?;
        let fresh = batch.into_iter().filter(|(row_no, _)| *row_no > standing.rows_done);
        let sorted = self.sort_out(fresh.collect());
        let mut tries = 0;
        while sorted.last_row > standing.rows_done {
            let mark = Mark::Progress { from: standing.rows_done };
            let fault = match self.write(&sorted, standing.counts, mark).await {
                Ok(counts) => return Ok(counts),
                Err(fault) => fault,
            };
            tries += 1;
            if !retry::is_worth_asking(&fault) || tries >= retry::TRIES {
                return Err(fault);
            }
            tokio::time::sleep(Duration::from_millis(50 << tries)).await;
            standing = receive::standing(self.app, self.file).await?;
        }
        Ok(standing.counts)
    }

    fn sort_out(&self, batch: Vec<(i64, Row)>) -> Sorted {
        let runs = hits::by_run(&batch);
        let (rows, last_row) = (batch.len() as u64, batch.last().map_or(0, |(row_no, _)| *row_no));
        let mut other_outcomes = 0;
        let mut quarantined = Vec::new();
        let mut seen = Vec::with_capacity(batch.len());
        for (row_no, row) in batch {
            match row {
                Row::Refused(bad) => quarantined.push((row_no, bad)),
                Row::Detection(row) if row.outcome == Outcome::Detected => seen.push((row_no, row)),
                Row::Detection(_) => other_outcomes += 1,
            }
        }
        let sightings = self.in_order(seen);
        Sorted { rows, last_row, sightings, quarantined, other_outcomes, runs }
    }

    /// Sightings by spot and time. A million rows lie all over the memory: they are put in order by
    /// their addresses alone, and each is then looked at once, to take out what is needed again.
    fn in_order(&self, rows: Vec<(i64, Box<Detection>)>) -> Vec<Attributed> {
        let address = |(_, row): &(i64, Box<Detection>)| u128::from(sightings::mapped(row.ip));
        let mut order: Vec<(u128, usize)> = rows.iter().map(address).zip(0..).collect();
        order.sort_unstable();
        let mut rows: Vec<_> = rows.into_iter().map(Some).collect();
        let taken = order.into_iter().filter_map(|(_, place)| rows[place].take());
        let mut sightings: Vec<Attributed> = taken
            .map(|(row_no, row)| {
                let attribution = self.attributor.attribute(row.ip, Moment(row.detected_at));
                Attributed::new(Sighting::of(self.file.id, row_no, row), attribution)
            })
            .collect();
        sightings.sort_by(|a, b| {
            let key = |one: &Sighting| (one.detected_at, one.row_no);
            let (a, b) = (&a.sighting, &b.sighting);
            a.spot.cmp(&b.spot).then_with(|| key(a).cmp(&key(b)))
        });
        sightings
    }

    async fn write(
        &self,
        sorted: &Sorted,
        before: Counts,
        mark: Mark<'_>,
    ) -> anyhow::Result<Counts> {
        let mut counts = before.plus(sorted);
        let mut tx = self.app.db.begin().await?;
        match mark {
            Mark::Progress { from } => {
                receive::claim(&mut tx, self.file, from, sorted.last_row).await?;
            }
            Mark::Released(rows) => {
                quarantine::release(&mut tx, self.file.id, rows, self.app.now()).await?;
            }
        }
        let rows = &sorted.sightings[..];
        let batch = Batch::enter(self.app, &mut tx, rows).await?;
        let nobody = rows.iter().filter(|one| one.attribution.isp.is_none());
        let nobody: Vec<_> = nobody.map(|one| (&one.sighting, &one.attribution)).collect();
        let listed = attribution::known(&mut tx, &nobody).await?;
        let first = batch.first_of_all(rows, &listed);
        counts.sightings += first.len() as u64;
        counts.repeats += (rows.len() - first.len()) as u64;
        hits::note(&mut tx, self.file, &sorted.runs).await?;
        quarantine::put(&mut tx, self.file, &sorted.quarantined).await?;
        let all: Vec<&Sighting> = rows.iter().map(|one| &one.sighting).collect();
        sightings::record(&mut tx, &all, first).await?;
        counts.unattributed += nobody.len() as u64;
        attribution::record_unattributed(&mut tx, &nobody).await?;
        let opened = cases::open::from_sightings(&mut tx, self.feed, rows, &batch).await?;
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
    pub(in crate::cli) async fn take_released(&self, rows: Vec<(i64, Row)>) -> anyhow::Result<u64> {
        let understood = rows.into_iter().filter(|(_, row)| matches!(row, Row::Detection(_)));
        let understood: Vec<_> = understood.collect();
        let numbers: Vec<i64> = understood.iter().map(|(row_no, _)| *row_no).collect();
        let sorted = self.sort_out(understood);
        match self.write(&sorted, Counts::default(), Mark::Released(&numbers)).await {
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
