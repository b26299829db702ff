//! Scan coverage (走査範囲): which prefixes and ports a run really covered, when, and how fully.
//!
//! Only a covering run that does not list a device is a clean scan; a feed without coverage can
//! never make anything *verified*. A coverage file goes in once by content, is archived, and its
//! bad rows wait in quarantine, as with any file. A correction replaces by run, prefix, protocol
//! and weakness, and the file that came last wins. A run is read once its [`hits`] came too.

use std::{collections::HashSet, fs::File, io, net::IpAddr, path::Path, time::Duration};

use formats::{
    FileRefused, Proto, Refused, Weakness,
    coverage::{self as wire, Covered},
    unpack,
};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{
    Feed,
    files::Holds,
    hits::{self, Hits, Waits},
    quarantine,
    receive::{self, FeedFile},
    refusals, store,
};
use crate::{
    app::App,
    db::{Db, retry},
    ids::FeedId,
    time::Moment,
};

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
    let unpacked = unpack::unpack_within(name, File::open(path)?, unpack::Limits::UPLOAD)?;
    wire::open(unpacked, receive::reading(feed, now))
}

fn rows_of(feed: &Feed, name: &str, path: &Path, now: Moment) -> Result<Vec<Row>, String> {
    let rows = open_rows(feed, name, path, now).map_err(|why| refusals::whole(&why))?;
    rows.collect::<io::Result<_>>().map_err(|fault| refusals::within(&fault))
}

/// Takes a coverage file in, whole or not at all, exactly once by content.
pub async fn take_in(app: &App, feed: &Feed, path: &Path) -> anyhow::Result<Taken> {
    let file = receive::accept(app, feed, Holds::Coverage, path).await?.file;
    let mut counts: Counts = serde_json::from_str(&file.counts)?;
    let mut refused = file.refused.clone();
    if file.completed_at.is_none() {
        match rows_of(feed, &file.name, path, app.now()) {
            Ok(rows) => counts = record(app, feed, &file, &rows).await?,
            Err(why) => {
                receive::close(app, &file, Some(&why)).await?;
                refused = Some(why);
            }
        }
    }
    Ok(Taken {
        file: receive::name_of(path),
        already_ingested: file.is_in(),
        waiting: quarantine::waiting(&app.db, file.id).await?,
        sha256: file.sha256,
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
    store::close_file(&mut tx, file.id, app.now(), None).await?;
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
    quarantine::release(&mut tx, file.id, &numbers, app.now()).await?;
    for (_, row) in good {
        store::coverage::upsert(&mut tx, feed.id, row, file).await?;
    }
    tx.commit().await
}

/// A run of a feed with everything it covered.
#[derive(Clone, Debug)]
pub struct Run {
    /// The feed.
    pub feed: FeedId,
    /// Its name within the feed.
    pub scan_run: String,
    /// When its first part began.
    pub from: Moment,
    /// When its last part ended.
    pub to: Moment,
    /// Hits that its coverage announces, if every row of it says how many.
    pub announced: Option<i64>,
    /// Addresses that a row in quarantine says it listed.
    pub unread_at: HashSet<IpAddr>,
    /// The parts that count: complete enough, not aborted.
    pub parts: Vec<Part>,
}

/// One covered prefix of a run.
#[derive(Clone, Debug)]
pub struct Part {
    /// The prefix.
    pub prefix: IpNet,
    /// The protocol number.
    pub proto: i64,
    /// The ports.
    pub ports: Vec<u16>,
    /// What was looked for.
    pub weakness: Weakness,
    /// Prefixes inside it that were left out.
    pub excluded: Vec<IpNet>,
}

impl Run {
    /// Whether this run looked for exactly this weakness at exactly this address and port.
    ///
    /// An infection is seen by its own calls, from whatever port, so ports and protocol do not
    /// matter there. Where a row in quarantine names the address, nobody knows what was found.
    pub fn covers(&self, ip: IpAddr, port: (Proto, Option<u16>), weakness: Weakness) -> bool {
        let (proto, port) = port;
        !self.unread_at.contains(&ip)
            && self.parts.iter().any(|part| {
                part.weakness == weakness
                    && (weakness == Weakness::Infected
                        || (part.proto == i64::from(proto.number())
                            && port.is_some_and(|port| part.ports.contains(&port))))
                    && part.holds(ip)
            })
    }
}

impl Part {
    fn holds(&self, ip: IpAddr) -> bool {
        self.prefix.contains(&ip) && !self.excluded.iter().any(|out| out.contains(&ip))
    }
}

/// The runs of all feeds that ended by `until` and whose hits had come by then, in order of their
/// end.
pub async fn runs(db: &Db, until: Moment) -> anyhow::Result<Vec<Run>> {
    heard(db, until, until).await
}

/// The runs of all feeds that ended by `until` and whose hits have come by `now`, in order of their
/// end: who looks back knows what came since.
pub async fn heard(db: &Db, until: Moment, now: Moment) -> anyhow::Result<Vec<Run>> {
    let runs = all(db, until, now).await?;
    Ok(runs.into_iter().filter(|(_, waits)| waits.is_none()).map(|(run, _)| run).collect())
}

/// When the runs since `since` ended that looked for `weakness` at just that address and port, in
/// order of time, and whether the last of them is read already.
///
/// Reads the parts of runs that lie over the address, however much else they covered.
pub async fn looked_at(
    db: &Db,
    (ip, port, weakness): (IpAddr, (Proto, Option<u16>), Weakness),
    since: Moment,
    now: Moment,
) -> anyhow::Result<(Vec<Moment>, bool)> {
    let longest = if ip.is_ipv4() { 32 } else { 128 };
    let prefixes = (0..=longest).filter_map(|length| IpNet::new(ip, length).ok());
    let prefixes: Vec<String> = prefixes.map(|prefix| prefix.trunc().to_string()).collect();
    let mut runs = store::coverage::runs_over(db, &prefixes, weakness, since).await?;
    runs.retain(|run| run.to <= now && run.covers(ip, port, weakness));
    runs.sort_by_key(|run| run.to);
    let ends = runs.iter().map(|run| run.to).collect();
    let Some(mut last) = runs.pop() else { return Ok((ends, true)) };
    let (from, to, announced) = store::coverage::extent(db, (last.feed, &last.scan_run)).await?;
    (last.from, last.to, last.announced) = (from, to, announced);
    let came = Hits::read(db).await?;
    let is_read = hits::waits(announced, came.of(&last), to, now).is_none();
    Ok((ends, is_read && !came.unread_at(&last).contains(&ip)))
}

/// The runs that ended by `until` and are not read yet, with the reason.
pub async fn waiting(db: &Db, until: Moment, now: Moment) -> anyhow::Result<Vec<(Run, Waits)>> {
    let runs = all(db, until, now).await?;
    Ok(runs.into_iter().filter_map(|(run, waits)| Some((run, waits?))).collect())
}

async fn all(db: &Db, until: Moment, now: Moment) -> anyhow::Result<Vec<(Run, Option<Waits>)>> {
    let mut runs = store::coverage::runs(db).await?;
    runs.retain(|run| run.to <= until);
    runs.sort_by(|a, b| (a.to, a.feed, &a.scan_run).cmp(&(b.to, b.feed, &b.scan_run)));
    let came = Hits::read(db).await?;
    runs.iter_mut().for_each(|run| run.unread_at = came.unread_at(run));
    let waits = |run: &Run| hits::waits(run.announced, came.of(run), run.to, now);
    Ok(runs.into_iter().map(|run| (waits(&run), run)).map(|(waits, run)| (run, waits)).collect())
}
