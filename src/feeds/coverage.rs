//! Scan coverage (走査範囲): which prefixes and ports a run really covered, when, and how fully.
//!
//! Only a covering run that does not list a device is a clean scan; a feed without coverage can
//! never make anything *verified*. A coverage file goes in once by content, is archived, and its
//! bad rows wait in quarantine, as with any file. A correction replaces by run, prefix, protocol
//! and weakness, and the file that came last wins. A [run](super::runs) is read
//! once its hits came too.

use std::{collections::HashSet, io, path::Path, time::Duration};

use formats::{
    FileRefused, Refused,
    coverage::{self as wire, Covered},
    unpack::Limits,
};
use serde::{Deserialize, Serialize};

use super::{
    Feed, accept,
    files::Holds,
    format, quarantine,
    receive::{self, FeedFile},
    refusals, store,
};
use crate::{app::App, db::retry, time::Moment};

/// What came of the rows of a coverage file (取込結果).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All rows.
    pub rows: u64,
    /// Runs that the understood ones name.
    pub runs: u64,
    /// Rows that were understood.
    pub prefixes: u64,
    /// Addresses attempted, summed.
    pub addresses: u64,
    /// Rows in quarantine.
    pub quarantined: u64,
}

/// What became of a coverage file.
#[derive(Debug, Serialize)]
pub struct Taken {
    /// The name it bears this time.
    pub file: String,
    /// The hash of its content.
    pub sha256: String,
    /// Whether it was in already; the counts are then those of the first time.
    pub already_ingested: bool,
    /// What came of its rows.
    #[serde(flatten)]
    pub counts: Counts,
    /// Rows that still wait in quarantine.
    pub waiting: i64,
    /// Why it was refused as a whole.
    pub refused: Option<String>,
}

/// A row of a coverage file: understood, or for quarantine.
type Row = Result<Covered, Refused>;

/// Opens the rows of a coverage file.
pub(super) fn open_rows(
    feed: &Feed,
    name: &str,
    path: &Path,
    now: Moment,
) -> Result<impl Iterator<Item = io::Result<Row>> + use<>, FileRefused> {
    let unpacked = format::unpacked(name, path, Limits::UPLOAD)?;
    wire::open(unpacked, receive::reading(feed, now))
}

fn rows_of(feed: &Feed, name: &str, path: &Path, now: Moment) -> Result<Vec<Row>, String> {
    let rows = open_rows(feed, name, path, now).map_err(|why| refusals::whole(&why))?;
    rows.collect::<io::Result<_>>().map_err(|fault| refusals::within(&fault))
}

/// Takes a coverage file in, whole or not at all, exactly once by content.
pub async fn take_in(app: &App, feed: &Feed, path: &Path) -> anyhow::Result<Taken> {
    let file = accept::accept(app, feed, Holds::Coverage, path).await?.file;
    let taken = take_accepted(app, feed, &file, path).await?;
    Ok(Taken { file: accept::name_of(path), ..taken })
}

/// Takes a file in that was accepted and whose bytes lie at `path`.
pub(crate) async fn take_accepted(
    app: &App,
    feed: &Feed,
    file: &FeedFile,
    path: &Path,
) -> anyhow::Result<Taken> {
    let mut counts: Counts = serde_json::from_str(&file.counts)?;
    let mut refused = file.refused.clone();
    if file.completed_at.is_none() {
        match rows_of(feed, &file.name, path, app.now()) {
            Ok(rows) => counts = record(app, feed, file, &rows).await?,
            Err(why) => {
                receive::close(app, file, Some(&why), &[]).await?;
                refused = Some(why);
            }
        }
    }
    Ok(Taken {
        file: file.name.clone(),
        already_ingested: file.is_in(),
        waiting: quarantine::waiting(&app.db, file.id).await?,
        sha256: file.sha256.clone(),
        counts,
        refused,
    })
}

/// Records the rows of a file in one transaction. A commit that nobody saw end is answered by doing
/// it again: the file says whether it is in.
async fn record(app: &App, feed: &Feed, file: &FeedFile, rows: &[Row]) -> anyhow::Result<Counts> {
    let counts = counted(rows);
    for tries in 1.. {
        match write(app, feed, file, rows, &counts).await {
            Err(fault) if retry::is_overtaken(&fault) => break,
            Err(fault) if retry::is_worth_asking(&fault) && tries < retry::TRIES => {
                tokio::time::sleep(Duration::from_millis(50 << tries)).await;
            }
            Err(fault) => return Err(fault),
            Ok(()) => break,
        }
    }
    Ok(counts)
}

fn counted(rows: &[Row]) -> Counts {
    let good = || rows.iter().flatten();
    let runs: HashSet<&str> = good().map(|row| row.scan_run.as_str()).collect();
    let prefixes = good().count() as u64;
    Counts {
        rows: rows.len() as u64,
        runs: runs.len() as u64,
        prefixes,
        addresses: good().fold(0, |sum, row| sum.saturating_add(row.attempted)),
        quarantined: rows.len() as u64 - prefixes,
    }
}

async fn write(
    app: &App,
    feed: &Feed,
    file: &FeedFile,
    rows: &[Row],
    counts: &Counts,
) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    store::set_rows_done(&mut tx, file.id, 0, counts.rows.cast_signed()).await?;
    let mut bad = Vec::new();
    for (row_no, row) in (1..).zip(rows) {
        match row {
            Ok(row) => store::coverage::upsert(&mut tx, feed.id, row, file).await?,
            Err(refused) => bad.push((row_no, refused.clone())),
        }
    }
    quarantine::put(&mut tx, file, &bad).await?;
    store::set_counts(&mut tx, file.id, &serde_json::to_string(counts)?).await?;
    store::close_file(&mut tx, file, app.now(), None).await?;
    tx.commit().await?;
    Ok(())
}

/// Reads quarantined rows of a coverage file again, whose bytes lie at `path`; gives how many are
/// understood now.
pub(crate) async fn retry(
    app: &App,
    feed: &Feed,
    file: &FeedFile,
    path: &Path,
    numbers: &HashSet<i64>,
) -> anyhow::Result<u64> {
    let rows = rows_of(feed, &file.name, path, app.now()).map_err(anyhow::Error::msg)?;
    let wanted = (1..).zip(rows).filter(|(row_no, _)| numbers.contains(row_no));
    let good: Vec<_> = wanted.filter_map(|(row_no, row)| Some((row_no, row.ok()?))).collect();
    let released = retry::again(|| release(app, feed, file, &good)).await;
    match released.map_err(anyhow::Error::from) {
        // Another retry let them go first.
        Err(fault) if retry::is_overtaken(&fault) => Ok(0),
        released => released.map(|()| good.len() as u64),
    }
}

/// Lets rows go that are understood now, and records what they cover.
async fn release(
    app: &App,
    feed: &Feed,
    file: &FeedFile,
    good: &[(i64, Covered)],
) -> crate::db::Result<()> {
    let numbers: Vec<i64> = good.iter().map(|(row_no, _)| *row_no).collect();
    let mut tx = app.db.begin().await?;
    quarantine::release(&mut tx, feed, file.id, &numbers, app.now()).await?;
    for (_, row) in good {
        store::coverage::upsert(&mut tx, feed.id, row, file).await?;
    }
    tx.commit().await
}
