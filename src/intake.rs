//! Intake (取込): a delivered file goes through the first four stages, batch by batch.
//!
//! feeds → sightings → attribution → cases. Stands above the stages, since it alone knows all four;
//! commands, pages and jobs take files in through it. Owns no table.

pub(crate) mod chain;
pub(crate) mod gate;
pub mod mend;
pub mod pages;
pub mod retry;
pub mod withdrawal;

use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    app::App,
    attribution::Attributor,
    db,
    feeds::{
        Feed, archive, coverage,
        deliver::{self, Piece},
        files::Holds,
        format,
        gate::{self as measure},
        quarantine,
        receive::{self, Counts, FeedFile},
        refusals,
    },
    ids::FileId,
};

pub(crate) use chain::Chain;

/// What became of a file (取込結果).
#[derive(Debug, Serialize)]
pub struct Taken {
    /// Its key.
    #[serde(skip)]
    pub id: FileId,
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
    /// The run whose hits it was named as.
    pub run: Option<String>,
    /// Why it was refused as a whole.
    pub refused: Option<String>,
    /// Why no list holds its cases before somebody approves it.
    pub waits_for_approval: Option<String>,
    /// Wall time.
    pub seconds: f64,
}

impl Taken {
    /// Whether every row of it was understood, so that its silence on a place means something.
    pub fn is_whole(&self) -> bool {
        self.refused.is_none() && self.counts.quarantined == 0
    }
}

/// Takes in what lies at `path`, each file of it from where an earlier run left it; tells
/// `progress` how many rows of the present file are in.
pub async fn take_in(
    app: &App,
    (feed, attributor): (&Feed, &Attributor),
    path: &Path,
    progress: &(dyn Fn(u64) + Sync),
) -> anyhow::Result<Vec<Taken>> {
    let delivery = deliver::accept(app, feed, Holds::Hits, path).await?;
    let mut all = Vec::with_capacity(delivery.pieces.len());
    for Piece { file, name, path, .. } in &delivery.pieces {
        let start = std::time::Instant::now();
        let came = match file.completed_at {
            Some(_) if file.withdrawn_at.is_some() => {
                (serde_json::from_str(&file.counts)?, Some(refusals::withdrawn(file)))
            }
            Some(_) => (serde_json::from_str(&file.counts)?, file.refused.clone()),
            None => take_rows(&Chain { app, feed, attributor, file }, path, progress).await?,
        };
        let taken = taken(app, file, came, start.elapsed().as_secs_f64()).await?;
        all.push(Taken { file: name.clone(), already_ingested: file.is_in(), ..taken });
    }
    Ok(all)
}

/// Takes in what lies at `path` and is one file.
pub async fn take_one(app: &App, with: (&Feed, &Attributor), path: &Path) -> anyhow::Result<Taken> {
    let mut all = take_in(app, with, path, &|_| {}).await?;
    all.pop().context("a file that was accepted")
}

async fn taken(
    app: &App,
    file: &FeedFile,
    (counts, refused): (Counts, Option<String>),
    seconds: f64,
) -> anyhow::Result<Taken> {
    Ok(Taken {
        id: file.id,
        file: file.name.clone(),
        sha256: file.sha256.clone(),
        already_ingested: false,
        counts,
        waiting: quarantine::waiting(&app.db, file.id).await?,
        waits_for_approval: measure::why(&app.db, file.id).await?,
        run: None,
        refused,
        seconds,
    })
}

/// Takes in what was accepted and not taken in to its end, from its bytes in the archive: files
/// that came while nobody was at work, and those whose taking in was interrupted. At most `limit`.
pub async fn finish(app: &App, limit: i64) -> anyhow::Result<Vec<Taken>> {
    let unfinished = receive::unfinished(&app.db, limit).await?;
    if unfinished.is_empty() {
        return Ok(Vec::new());
    }
    let attributor = Attributor::load(app).await?;
    let mut done = Vec::with_capacity(unfinished.len());
    for (feed, file) in unfinished {
        match finish_one(app, (&feed, &attributor), &file).await {
            Ok(taken) => done.push(taken),
            // One file that cannot be taken in now holds no other back; it is tried again.
            Err(fault) => {
                tracing::error!("{}: {fault:#}", file.name);
                receive::put_back(app, &file).await?;
            }
        }
    }
    Ok(done)
}

pub(crate) async fn finish_one(
    app: &App,
    (feed, attributor): (&Feed, &Attributor),
    file: &FeedFile,
) -> anyhow::Result<Taken> {
    let start = std::time::Instant::now();
    let laid = archive::lay_out(app, file)?;
    let came = match file.holds {
        Holds::Hits => {
            take_rows(&Chain { app, feed, attributor, file }, laid.path(), &|_| {}).await?
        }
        Holds::Coverage => {
            let taken = coverage::take_accepted(app, feed, file, laid.path()).await?;
            (Counts { rows: taken.counts.rows, ..Counts::default() }, taken.refused)
        }
    };
    taken(app, file, came, start.elapsed().as_secs_f64()).await
}

/// Takes the rows of a file that lies at `path`, and closes it; gives what came of them, and why
/// the file was refused or breaks off, if so. Somebody may withdraw it meanwhile.
async fn take_rows(
    chain: &Chain<'_>,
    path: &Path,
    progress: &(dyn Fn(u64) + Sync),
) -> anyhow::Result<(Counts, Option<String>)> {
    let fault = match take_all_rows(chain, path, progress).await {
        Err(fault) if db::retry::is_overtaken(&fault) => fault,
        taken => return taken,
    };
    match receive::with_feed(&chain.app.db, chain.file.id).await? {
        Some((_, file)) if file.withdrawn_at.is_some() => {
            Ok((serde_json::from_str(&file.counts)?, Some(refusals::withdrawn(&file))))
        }
        _ => Err(fault),
    }
}

async fn take_all_rows(
    chain: &Chain<'_>,
    path: &Path,
    progress: &(dyn Fn(u64) + Sync),
) -> anyhow::Result<(Counts, Option<String>)> {
    let (app, file) = (chain.app, chain.file);
    let mut counts: Counts = serde_json::from_str(&file.counts)?;
    let rows = format::open_as_taken(&app.db, chain.feed, file, path, app.now()).await?;
    let refused = match rows {
        Ok(rows) => {
            let id = file.id;
            let sort_out = move |rows| chain::sort_out(id, rows);
            let mut handfuls = receive::handfuls(rows, file.rows_done, sort_out);
            while let Some(batch) = handfuls.next_batch().await {
                counts = chain.take_batch(batch).await?;
                progress(counts.rows);
            }
            handfuls.broken().await?.map(|fault| refusals::within(&fault))
        }
        Err(why) => Some(refusals::whole(&why)),
    };
    let excess = gate::weigh(app, chain.feed, file, chain.attributor).await?;
    receive::close(app, file, refused.as_deref(), &excess).await?;
    Ok((counts, refused))
}
