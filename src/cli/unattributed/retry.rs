//! Another look (再判定): sightings that nobody served, once a register or a table knows more.
//!
//! Each is attributed as of its own time. Those that somebody served are read again from the
//! archive, so that they become cases by the way, and with the words, of any other sighting; they
//! are in already and are not entered as sightings once more. What is done twice changes nothing:
//! a case that stands is found again, and a line leaves the list only once its cases are there.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use formats::{Outcome, Row};
use serde::Serialize;

use crate::{
    app::App,
    attribution::{
        Attributor,
        unattributed::{self, Left, Unattributed},
    },
    audit::{self, Deed},
    cases::{
        self,
        open::{Attributed, Cases, Opened},
    },
    db::retry,
    feeds::{
        self, Feed, archive, files, format, gate,
        receive::{self, FeedFile},
        room,
    },
    ids::FileId,
    intake::{self, chain},
    sightings::{self, Sheaf, Sighting, Spot},
    time::Moment,
};

/// Lines of the list that are looked at together, each of them with all its sightings.
const ROUND: i64 = 50_000;

/// What came of another look (再判定結果).
#[derive(Debug, Default, Serialize)]
pub(super) struct Done {
    /// Spots on the list.
    pub(super) tried: u64,
    /// Spots that somebody served when they were seen, some or all of the time.
    pub(super) served: u64,
    /// Cases opened.
    pub(super) cases_opened: u64,
    /// Cases that stood already.
    pub(super) cases_extended: u64,
    /// Cases that recurred.
    pub(super) cases_recurred: u64,
    /// Spots left on the list.
    pub(super) left: u64,
    /// Files that are no longer in the archive.
    pub(super) missing: Vec<String>,
}

/// Sightings of a spot that somebody served, by their moments.
type Served = HashMap<Vec<u8>, BTreeSet<Moment>>;

/// A part of the list on its way to cases.
#[derive(Default)]
struct Round {
    served: Served,
    left: Vec<Left>,
    files: HashSet<FileId>,
    /// Rows that are kept whole already.
    kept: HashSet<(FileId, i64)>,
}

/// Looks at the whole list again.
pub(super) async fn retry(app: &App) -> anyhow::Result<Done> {
    let attributor = Attributor::load(app).await?;
    let (mut done, mut after) = (Done::default(), Vec::new());
    loop {
        let lines = unattributed::page(&app.db, &after, ROUND).await?;
        let Some(last) = lines.last() else { return Ok(done) };
        if after.is_empty() {
            audit::note_first(app, Deed::new("unattributed.retry", "all")).await?;
        }
        after.clone_from(&last.spot);
        let round = look(app, &attributor, &lines).await?;
        done.tried += lines.len() as u64;
        let found = read(app, &attributor, &round, &mut done).await?;
        // A spot of which a file is gone stays as it is.
        let all_found = |line: &&Left| found.get(&line.spot) == round.served.get(&line.spot);
        let settled: Vec<Left> = round.left.iter().filter(all_found).cloned().collect();
        let gone = settled.iter().filter(|line| line.is.is_none()).count() as u64;
        let settle = || async {
            let mut tx = app.db.begin().await?;
            unattributed::keep(&mut tx, &settled).await?;
            tx.commit().await
        };
        retry::until_settled(settle).await?;
        done.served += round.served.len() as u64;
        done.left += lines.len() as u64 - gone;
    }
}

/// Which sightings of these lines somebody served, and what is left of the lines.
async fn look(app: &App, attributor: &Attributor, lines: &[Unattributed]) -> anyhow::Result<Round> {
    let spots: Vec<Vec<u8>> = lines.iter().map(|line| line.spot.clone()).collect();
    let mut tx = app.db.begin().await?;
    let mut hits = sightings::hits_of(&mut tx, &spots).await?;
    let mut round = Round::default();
    for line in lines {
        let Some(place) = Spot(line.spot.clone()).place() else { continue };
        let (mut served, mut left) = (BTreeSet::new(), BTreeSet::new());
        for hit in hits.remove(&line.spot).unwrap_or_default() {
            if hit.at < line.first_seen || hit.at > line.last_seen {
                continue;
            }
            let found = attributor.attribute(place.ip, hit.at);
            if found.isp.is_some() { &mut served } else { &mut left }.insert(hit.at);
        }
        if served.is_empty() {
            continue;
        }
        let is = left.first().copied().zip(left.last().copied());
        let was = (line.first_seen, line.last_seen);
        round.left.push(Left { spot: line.spot.clone(), was, is });
        round.kept.insert((line.feed_file_id, line.row_no));
        round.served.insert(line.spot.clone(), served);
    }
    let served: Vec<Vec<u8>> = round.served.keys().cloned().collect();
    round.files = sightings::files_of(&mut tx, &served).await?;
    tx.commit().await?;
    Ok(round)
}

/// Reads the files of a round again; gives the served sightings that were found in them.
async fn read(
    app: &App,
    attributor: &Attributor,
    round: &Round,
    done: &mut Done,
) -> anyhow::Result<Served> {
    let mut found = Served::new();
    let wanted: Arc<HashSet<Vec<u8>>> = Arc::new(round.served.keys().cloned().collect());
    for (feed, file) in in_order(app, &round.files).await? {
        let laid = match archive::lay_out(app, &file) {
            Ok(laid) => laid,
            Err(fault) if room::is_full(&fault) => return Err(fault),
            Err(_) => {
                done.missing.push(file.name.clone());
                continue;
            }
        };
        let rows = format::open_as_taken(&app.db, &feed, &file, laid.path(), app.now()).await?;
        let Ok(rows) = rows else {
            done.missing.push(file.name.clone());
            continue;
        };
        gate::hold_while_read(app, file.id).await?;
        let (id, wanted) = (file.id, Arc::clone(&wanted));
        let mut handfuls = receive::handfuls(rows, 0, move |rows| lay(id, rows, &wanted));
        let reading = Reading { app, attributor, round, feed: &feed, file: &file };
        while let Some(sheaves) = handfuls.next_batch().await {
            let sheaf = Sheaf::bound(id, &sheaves.iter().collect::<Vec<_>>());
            let opened = reading.take(&sheaf, &mut found).await?;
            done.cases_opened += opened.new;
            done.cases_extended += opened.extended;
            done.cases_recurred += opened.recurred;
        }
        // A file that breaks off did so the first time, too.
        handfuls.broken().await?;
        intake::gate::weigh_again(app, &feed, &file, attributor).await?;
    }
    Ok(found)
}

/// These files with their feeds, in the order in which they came.
async fn in_order(app: &App, wanted: &HashSet<FileId>) -> anyhow::Result<Vec<(Feed, FeedFile)>> {
    let mut files = Vec::new();
    for feed in feeds::all(&app.db).await? {
        let of_feed = files::with_hits(&app.db, feed.id).await?.into_iter();
        files.extend(of_feed.filter(|one| wanted.contains(&one.id)).map(|one| (feed.clone(), one)));
    }
    files.sort_by_key(|(_, file)| (file.received_at, file.id));
    Ok(files)
}

/// Of a handful of rows those at the wanted spots.
fn lay(file: FileId, rows: Vec<(i64, Row)>, wanted: &HashSet<Vec<u8>>) -> Sheaf {
    let mut sheaf = Sheaf::of(file);
    for (row_no, row) in rows {
        let Row::Detection(row) = row else { continue };
        let mut one = Sheaf::of(file);
        one.lay(row_no, &row);
        let here = one.sightings().next().is_some_and(|one| wanted.contains(one.spot));
        if row.outcome == Outcome::Detected && here {
            sheaf.lay(row_no, &row);
        }
    }
    sheaf
}

struct Reading<'a> {
    app: &'a App,
    attributor: &'a Attributor,
    round: &'a Round,
    feed: &'a Feed,
    file: &'a FeedFile,
}

impl Reading<'_> {
    /// Has those of a sheaf that somebody served become cases; notes them as found.
    async fn take(&self, sheaf: &Sheaf, found: &mut Served) -> anyhow::Result<Opened> {
        let is_served = |one: &Sighting<'_>| {
            let moments = self.round.served.get(one.spot);
            moments.is_some_and(|moments| moments.contains(&one.detected_at))
        };
        let rows: Vec<Attributed<'_>> = sheaf
            .sightings()
            .filter(is_served)
            .map(|one| Attributed::new(one, self.attributor.attribute(one.ip(), one.detected_at)))
            .collect();
        for row in &rows {
            let moments = found.entry(row.sighting.spot.to_vec()).or_default();
            moments.insert(row.sighting.detected_at);
        }
        if rows.is_empty() {
            return Ok(Opened::default());
        }
        let mut tries = 0;
        loop {
            let fault = match self.write(&rows).await {
                Ok(opened) => return Ok(opened),
                Err(fault) => fault,
            };
            tries += 1;
            if !retry::is_worth_asking(&fault) || tries >= retry::TRIES {
                return Err(fault);
            }
            tokio::time::sleep(Duration::from_millis(50 << tries)).await;
        }
    }

    async fn write(&self, rows: &[Attributed<'_>]) -> anyhow::Result<Opened> {
        let mut tx = self.app.db.begin().await?;
        let cases = Cases::enter(self.app, &mut tx, rows).await?;
        let mut first = cases.openings(rows);
        first.retain(|one| !self.round.kept.contains(&(one.file, one.row_no)));
        sightings::keep_whole(&mut tx, first).await?;
        let identifier = self.attributor.identifier();
        let opened =
            cases::open::from_sightings(&mut tx, self.feed, rows, &cases, identifier).await?;
        // What a provider is found to have only now counts against its measure as well.
        gate::note(&mut tx, self.file, &chain::addresses(rows)).await?;
        tx.commit().await?;
        Ok(opened)
    }
}
