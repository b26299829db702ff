//! The chain of the first four stages over one file, batch by batch.

use std::{collections::BTreeMap, time::Duration};

use formats::{Detection, Outcome, Refused as BadRow, Row};

use crate::{
    app::App,
    attribution::{self, Attribution, Attributor},
    cases,
    db::retry,
    feeds::{
        Feed,
        hits::{self, RunHits},
        quarantine,
        receive::{self, Counts, FeedFile},
    },
    sightings::{self, Sighting, Spot},
    time::Moment,
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

/// A batch sorted out: what goes to which stage.
struct Sorted {
    rows: u64,
    last_row: i64,
    sightings: Vec<(Sighting, Attribution)>,
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
        let mut sorted = Sorted {
            rows: batch.len() as u64,
            last_row: batch.last().map_or(0, |(row_no, _)| *row_no),
            sightings: Vec::with_capacity(batch.len()),
            quarantined: Vec::new(),
            other_outcomes: 0,
            runs: hits::by_run(batch.iter().filter_map(|(_, row)| match row {
                Row::Detection(row) => Some(&**row),
                Row::Refused(_) => None,
            })),
        };
        for (row_no, row) in batch {
            match row {
                Row::Refused(bad) => sorted.quarantined.push((row_no, bad)),
                Row::Detection(row) if row.outcome == Outcome::Detected => {
                    sorted.sightings.push(self.sighting(row_no, *row));
                }
                Row::Detection(_) => sorted.other_outcomes += 1,
            }
        }
        let key = |(s, _): &(Sighting, Attribution)| (s.row.detected_at, s.row_no);
        sorted
            .sightings
            .sort_unstable_by(|a, b| a.0.spot.cmp(&b.0.spot).then_with(|| key(a).cmp(&key(b))));
        sorted
    }

    fn sighting(&self, row_no: i64, row: Detection) -> (Sighting, Attribution) {
        let attribution = self.attributor.attribute(row.ip, Moment(row.detected_at));
        let sighting = Sighting { file: self.file.id, row_no, spot: Spot::of(&row), row };
        (sighting, attribution)
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
        let mut spots: Vec<Vec<u8>> =
            sorted.sightings.iter().map(|(s, _)| s.spot.0.clone()).collect();
        spots.dedup();
        let known = cases::open::known(&mut tx, &spots).await?;
        let listed = attribution::known(&mut tx, &spots).await?;
        let is_known = |spot: &Vec<u8>| known.contains_key(spot) || listed.contains(spot);
        let (mut first, mut again) = (Vec::new(), Vec::new());
        let mut previous: Option<&Spot> = None;
        for (sighting, _) in &sorted.sightings {
            let repeats = previous == Some(&sighting.spot) || is_known(&sighting.spot.0);
            if repeats {
                again.push(sighting);
            } else {
                first.push(sighting);
            }
            previous = Some(&sighting.spot);
        }
        counts.sightings += first.len() as u64;
        counts.repeats += again.len() as u64;
        hits::note(&mut tx, self.file, &sorted.runs).await?;
        quarantine::put(&mut tx, self.file, &sorted.quarantined).await?;
        sightings::record(&mut tx, &first, &again).await?;
        let nobody = sorted.sightings.iter().filter(|(_, attribution)| attribution.isp.is_none());
        let nobody: Vec<_> = nobody.map(|(s, a)| (s, a)).collect();
        counts.unattributed += nobody.len() as u64;
        attribution::record_unattributed(&mut tx, &nobody).await?;
        let opened =
            cases::open::from_sightings(self.app, &mut tx, self.feed, &sorted.sightings, &known)
                .await?;
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
