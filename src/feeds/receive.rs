//! Receiving (取込): a file goes in once by content, and its raw bytes stay.
//!
//! A file is taken in batches, each one transaction that also says how far it got. A run that was
//! killed goes on where its last commit ended. A commit whose connection died is answered by
//! asking the store how far the file is, not by guessing.

use std::io;

use anyhow::Context as _;
use formats::{Reading, Row, Rows};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{Feed, files::Holds, gate::Excess, store};
use crate::{
    app::App,
    db::{Db, Tx, retry},
    ids::FileId,
    time::Moment,
};

/// Rows of one transaction: so many that most shelves get more than a few rows of it, and so few
/// that two batches take a hundred megabytes and that whoever else writes waits less than a second.
pub const BATCH: usize = 80_000;

/// Rows handed over at once between the reading and the storing thread.
const HANDFUL: usize = 1_000;

/// A file that was taken in or is being taken in (取込回).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "取込回")]
pub struct FeedFile {
    /// Its key.
    pub id: FileId,
    /// What its rows are.
    #[sqlx(try_from = "String")]
    pub holds: Holds,
    /// SHA-256 of its bytes as they came.
    pub sha256: String,
    /// The type of report its name says, empty where it says none. Nothing in files that an older
    /// version took in.
    pub report_type: Option<String>,
    /// The name it came under.
    pub name: String,
    /// When it came.
    pub received_at: Moment,
    /// Rows that are committed.
    pub rows_done: i64,
    /// What came of them, as JSON of [`Counts`], or of those of
    /// [coverage](super::coverage::Counts).
    pub counts: String,
    /// When its last row was committed.
    pub completed_at: Option<Moment>,
    /// Why it was refused as a whole.
    pub refused: Option<String>,
    /// When somebody began to withdraw it.
    pub withdrawn_at: Option<Moment>,
}

impl FeedFile {
    /// Whether its rows are in: all of them, or those before the place where it breaks off.
    pub fn is_in(&self) -> bool {
        self.completed_at.is_some() && (self.refused.is_none() || self.rows_done > 0)
    }

    /// Whether it was refused as a whole, and nobody has withdrawn it.
    pub(super) fn may_be_reopened(&self) -> bool {
        self.refused.is_some() && self.rows_done == 0 && self.withdrawn_at.is_none()
    }
}

/// What came of the rows of a file (取込結果).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All rows.
    pub rows: u64,
    /// First sightings of a spot.
    pub sightings: u64,
    /// Sightings of a spot that was known.
    pub repeats: u64,
    /// Rows that say what was *not* found: a login refused, no answer.
    pub other_outcomes: u64,
    /// Rows in quarantine.
    pub quarantined: u64,
    /// Sightings that nobody is known to serve.
    pub unattributed: u64,
    /// Cases opened.
    pub cases_opened: u64,
    /// Cases seen again; one that several batches of rows see counts in each.
    pub cases_extended: u64,
    /// Cases seen again after they were verified, counted likewise.
    pub cases_recurred: u64,
}

/// Files that were accepted and are not in to their end, oldest first, with their feeds.
pub(crate) async fn unfinished(db: &Db, limit: i64) -> crate::db::Result<Vec<(Feed, FeedFile)>> {
    let feeds = super::all(db).await?;
    let files = store::unfinished(db, limit).await?;
    let with_feed = |(feed, file)| Some((feeds.iter().find(|one| one.id == feed)?.clone(), file));
    Ok(files.into_iter().filter_map(with_feed).collect())
}

/// Notes that a file could not be taken in now, so that those behind it go first the next time.
pub(crate) async fn put_back(app: &App, file: &FeedFile) -> crate::db::Result<()> {
    let put_back = || async {
        let mut tx = app.db.begin().await?;
        store::set_tried(&mut tx, file.id, app.now()).await?;
        tx.commit().await
    };
    retry::until_settled(put_back).await
}

/// A file and its feed.
pub(crate) async fn with_feed(db: &Db, id: FileId) -> crate::db::Result<Option<(Feed, FeedFile)>> {
    let feeds = super::all(db).await?;
    let found = store::file(db, id).await?;
    Ok(found.and_then(|(feed, file)| Some((feeds.into_iter().find(|one| one.id == feed)?, file))))
}

/// The file of a feed whose content has that hash.
pub(crate) async fn by_content(
    db: &Db,
    feed: &Feed,
    sha256: &str,
) -> crate::db::Result<Vec<FeedFile>> {
    store::by_content(db, feed.id, sha256).await
}

/// How the files of a feed are read at `now`.
pub(super) fn reading(feed: &Feed, now: Moment) -> Reading {
    let offset = feed.utc_offset_minutes.and_then(|minutes| i32::try_from(minutes * 60).ok());
    Reading { now: now.0, encoding: formats::Encoding::Auto, utc_offset: offset }
}

/// Some rows with their numbers in the file, from 1.
pub type Batch = Vec<(i64, Row)>;

/// Reads rows on a thread of its own, from behind row `done` on, so that one batch is read while
/// another is stored; no more than that waits, which bounds the memory whatever the size of the
/// file. `sort_out` makes of a handful what is stored of it while its rows are at hand.
pub fn handfuls<T: Send + 'static>(
    rows: Rows,
    done: i64,
    sort_out: impl Fn(Batch) -> T + Send + 'static,
) -> Handfuls<T> {
    let (send, receive) = tokio::sync::mpsc::channel(BATCH / HANDFUL);
    let reading = tokio::task::spawn_blocking(move || {
        let is_done = |(number, row): &(i64, io::Result<Row>)| *number <= done && row.is_ok();
        let mut rows = (1..).zip(rows).skip_while(is_done);
        loop {
            let (mut handful, mut fault) = (Vec::with_capacity(HANDFUL), None);
            for (number, row) in rows.by_ref().take(HANDFUL) {
                match row {
                    Ok(row) => handful.push((number, row)),
                    Err(broken) => fault = Some(broken),
                }
            }
            let is_last = handful.len() < HANDFUL;
            if !handful.is_empty() && send.blocking_send(Ok(sort_out(handful))).is_err() {
                return;
            }
            if let Some(fault) = fault {
                let _ = send.blocking_send(Err(fault));
            }
            if is_last {
                return;
            }
        }
    });
    Handfuls { receive, reading, broken: None }
}

/// Rows on their way from the reading thread.
#[derive(Debug)]
pub struct Handfuls<T> {
    receive: tokio::sync::mpsc::Receiver<io::Result<T>>,
    reading: tokio::task::JoinHandle<()>,
    broken: Option<io::Error>,
}

impl<T> Handfuls<T> {
    /// The next batch, of at most [`BATCH`] rows; nothing when the file is over.
    pub async fn next_batch(&mut self) -> Option<Vec<T>> {
        let mut batch = Vec::with_capacity(BATCH / HANDFUL);
        while batch.len() < BATCH / HANDFUL {
            match self.receive.recv().await {
                Some(Ok(rows)) => batch.push(rows),
                Some(Err(fault)) => self.broken = Some(fault),
                None => break,
            }
        }
        (!batch.is_empty()).then_some(batch)
    }

    /// Why the file breaks off, if it does. A reading thread that died is a fault of its own: what
    /// it had still to read is not the end of the file.
    pub async fn broken(self) -> anyhow::Result<Option<io::Error>> {
        drop(self.receive);
        self.reading.await.context("the thread that reads the file")?;
        Ok(self.broken)
    }
}

/// Moves a file from row `from` on to row `to`, in the transaction of the batch that lies between.
/// It goes first in that transaction: whoever else takes the same batch waits here, then starts
/// over and finds it done.
pub(crate) async fn claim(
    tx: &mut Tx,
    file: &FeedFile,
    from: i64,
    to: i64,
) -> crate::db::Result<()> {
    store::set_rows_done(tx, file.id, from, to).await
}

/// Says what came of the rows so far, in the same transaction.
pub(crate) async fn tally(tx: &mut Tx, file: &FeedFile, counts: &Counts) -> anyhow::Result<()> {
    store::set_counts(tx, file.id, &serde_json::to_string(counts)?).await?;
    Ok(())
}

/// Closes a file, whole or refused; where it is out of measure, its cases wait from now on. Rows in
/// quarantine of which somebody said before that nothing is to be done stand so again.
pub(crate) async fn close(
    app: &App,
    file: &FeedFile,
    refused: Option<&str>,
    excess: &[Excess],
) -> anyhow::Result<()> {
    let why = serde_json::to_string(excess)?;
    let close = || async {
        let mut tx = app.db.begin().await?;
        store::close_file(&mut tx, file, app.now(), refused).await?;
        store::undo::dismiss_again(&mut tx, file.id).await?;
        if !excess.is_empty() {
            store::gate::insert(&mut tx, file.id, app.now(), &why).await?;
        }
        tx.commit().await
    };
    Ok(retry::until_settled(close).await?)
}

/// How far the store says a file is, whoever got it there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// Rows that are committed.
    pub(crate) rows_done: i64,
    /// What came of them.
    pub(crate) counts: Counts,
}

/// How far the file is: the answer to a commit that nobody saw end.
pub(crate) async fn standing(app: &App, file: &FeedFile) -> anyhow::Result<Standing> {
    let ask = || store::standing(&app.db, file.id);
    let (rows_done, counts) = retry::until_settled(ask).await?;
    Ok(Standing { rows_done, counts: serde_json::from_str(&counts)? })
}
