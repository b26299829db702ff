//! Receiving (取込): a file goes in once by content, and its raw bytes stay.
//!
//! A file is taken in batches, each one transaction that also says how far it got. A run that was
//! killed goes on where its last commit ended. A commit whose connection died is answered by
//! asking the store how far the file is, not by guessing.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use formats::{FileRefused, Reading, Row, Rows, scan_list, shadowserver, unpack};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;

use super::{Feed, Format, store};
use crate::{
    access::keys::to_hex,
    app::App,
    db::{Tx, retry},
    ids::FileId,
    time::Moment,
};

/// Rows of one transaction: so many that most shelves get more than a few rows of it, and so few
/// that they take a hundred megabytes and that whoever else writes waits about a second.
pub const BATCH: usize = 80_000;

/// Rows handed over at once between the reading and the storing thread.
const HANDFUL: usize = 5_000;

/// A file that was taken in or is being taken in (取込回).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "取込回")]
pub struct FeedFile {
    /// Its key.
    pub id: FileId,
    /// SHA-256 of its bytes as they came.
    pub sha256: String,
    /// The name it came under.
    pub name: String,
    /// When it came.
    pub received_at: Moment,
    /// Rows that are committed.
    pub rows_done: i64,
    /// What came of them, as JSON of [`Counts`].
    pub counts: String,
    /// When its last row was committed.
    pub completed_at: Option<Moment>,
    /// Why it was refused as a whole.
    pub refused: Option<String>,
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
    /// Cases seen again.
    pub cases_extended: u64,
    /// Cases seen again after they were verified.
    pub cases_recurred: u64,
}

/// A file whose bytes are archived and whose name stands in the store.
#[derive(Debug)]
pub struct Accepted {
    /// The file.
    pub file: FeedFile,
    /// Where its raw bytes lie, compressed.
    pub archived: PathBuf,
}

/// Archives `path` and enters it; a file of the same content gives the entry it already has.
pub async fn accept(app: &App, feed: &Feed, path: &Path) -> anyhow::Result<Accepted> {
    let folder = app.data.join("archive");
    let source = path.to_owned();
    let archiving = tokio::task::spawn_blocking(move || archive(&folder, &source));
    let (sha256, bytes, archived) = archiving.await??;
    let fresh = FeedFile {
        id: FileId(app.fresh_id()),
        sha256,
        name: name_of(path),
        received_at: app.now(),
        rows_done: 0,
        counts: serde_json::to_string(&Counts::default())?,
        completed_at: None,
        refused: None,
    };
    let enter = || async {
        let mut tx = app.db.begin().await?;
        let file = store::enter_file(&mut tx, feed.id, &fresh, bytes).await?;
        tx.commit().await?;
        Ok(file)
    };
    let file = reconsider(app, feed, retry::again(enter).await?, path).await?;
    Ok(Accepted { file, archived })
}

/// The name a file bears, without its folder.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Lets a file that was refused as a whole go on if it can be read now: its type may stand in the
/// name that it bears only this time, and a newer version may know what an older one did not.
async fn reconsider(
    app: &App,
    feed: &Feed,
    file: FeedFile,
    path: &Path,
) -> anyhow::Result<FeedFile> {
    let name = name_of(path);
    let hopeless = || open_rows(feed, &name, path, app.now()).is_err();
    if file.refused.is_none() || file.rows_done > 0 || hopeless() {
        return Ok(file);
    }
    let mut tx = app.db.begin().await?;
    store::reopen_file(&mut tx, file.id, &name).await?;
    tx.commit().await?;
    Ok(FeedFile { name, completed_at: None, refused: None, ..file })
}

/// Hashes and compresses in one pass; the name is the hash, and only a whole file bears it.
fn archive(folder: &Path, source: &Path) -> anyhow::Result<(String, i64, PathBuf)> {
    fs::create_dir_all(folder).context("the archive folder cannot be made")?;
    let mut input =
        File::open(source).with_context(|| format!("cannot open {}", source.display()))?;
    let part = tempname(folder);
    let mut packed = zstd::Encoder::new(File::create(&part)?, 1)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0_i64;
    loop {
        let read = input.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        packed.write_all(&buffer[..read])?;
        bytes += i64::try_from(read)?;
    }
    packed.finish()?.sync_all()?;
    let sha256 = to_hex(&hash.finalize());
    let archived = path_of(folder, &sha256);
    fs::rename(&part, &archived)?;
    File::open(folder)?.sync_all()?;
    Ok((sha256, bytes, archived))
}

/// A name in `folder` that no other file and no other process of this machine has.
pub(crate) fn tempname(folder: &Path) -> PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    folder.join(format!(".part-{}-{next}", std::process::id()))
}

/// Where the raw bytes of a content hash lie.
pub fn path_of(folder: &Path, sha256: &str) -> PathBuf {
    folder.join(format!("{sha256}.zst"))
}

/// The raw bytes of a file that was taken in.
pub fn raw(app: &App, file: &FeedFile) -> anyhow::Result<impl io::Read> {
    let path = path_of(&app.data.join("archive"), &file.sha256);
    let packed = File::open(&path).with_context(|| format!("{} is missing", path.display()))?;
    Ok(zstd::Decoder::new(packed)?)
}

/// Opens the rows of a file as its feed reads them.
pub fn open_rows(feed: &Feed, name: &str, path: &Path, now: Moment) -> Result<Rows, FileRefused> {
    let input = File::open(path)?;
    let unpacked = unpack::unpack_within(name, input, unpack::Limits::FEED)?;
    let offset = feed.utc_offset_minutes.and_then(|minutes| i32::try_from(minutes * 60).ok());
    let reading = Reading { now: now.0, encoding: formats::Encoding::Auto, utc_offset: offset };
    match feed.format {
        Format::Shadowserver => {
            let name = unpacked.name.clone();
            shadowserver::open(&name, None, unpacked, reading.encoded(formats::Encoding::Utf8))
        }
        Format::ScanList => scan_list::open(unpacked, reading),
    }
}

/// A batch of rows with their numbers in the file, from 1.
pub type Batch = Vec<(i64, Row)>;

/// Reads rows on a thread of its own, so that parsing and storing overlap; a few handfuls wait,
/// which bounds the memory whatever the size of the file.
pub fn handfuls(rows: Rows) -> Handfuls {
    let (send, receive) = tokio::sync::mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        let mut handful = Vec::with_capacity(HANDFUL);
        for (number, row) in (1..).zip(rows) {
            match row {
                Ok(row) => handful.push((number, row)),
                Err(fault) => {
                    let _ = send.blocking_send(Ok(handful));
                    let _ = send.blocking_send(Err(fault));
                    return;
                }
            }
            if handful.len() == HANDFUL {
                let full = std::mem::replace(&mut handful, Vec::with_capacity(HANDFUL));
                if send.blocking_send(Ok(full)).is_err() {
                    return;
                }
            }
        }
        let _ = send.blocking_send(Ok(handful));
    });
    Handfuls { receive, broken: None }
}

/// Rows on their way from the reading thread.
#[derive(Debug)]
pub struct Handfuls {
    receive: tokio::sync::mpsc::Receiver<io::Result<Batch>>,
    broken: Option<io::Error>,
}

impl Handfuls {
    /// The next batch, of about [`BATCH`] rows; nothing when the file is over.
    pub async fn next_batch(&mut self) -> Option<Batch> {
        let mut batch = Batch::new();
        while batch.len() < BATCH {
            match self.receive.recv().await {
                Some(Ok(rows)) => batch.extend(rows),
                Some(Err(fault)) => self.broken = Some(fault),
                None => break,
            }
        }
        (!batch.is_empty()).then_some(batch)
    }

    /// Why the file breaks off, if it does.
    pub fn broken(self) -> Option<io::Error> {
        self.broken
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

/// Closes a file, whole or refused.
pub(crate) async fn close(app: &App, file: &FeedFile, refused: Option<&str>) -> anyhow::Result<()> {
    let close = || async {
        let mut tx = app.db.begin().await?;
        store::close_file(&mut tx, file.id, app.now(), refused).await?;
        tx.commit().await
    };
    Ok(retry::again(close).await?)
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
    let (rows_done, counts) = store::standing(&app.db, file.id).await?;
    Ok(Standing { rows_done, counts: serde_json::from_str(&counts)? })
}
