//! Hits of runs (走査回の検知): which files told what of which run, so that no run is read too soon.
//!
//! A verdict waits for the coverage of a run *and* for its hits: coverage that came first would
//! call every device clean that the hits are about to list. A scan list names its run in each row.
//! A Shadowserver report names none; it belongs to the runs in whose time its rows fall. Owns
//! `run_hits`.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    net::IpAddr,
};

use formats::{Detection, Row};
use sqlx::FromRow;

use super::{Format, receive::FeedFile, runs::Run, store};
use crate::{
    app::App,
    audit::{self, Deed},
    db::{Db, Tx, retry},
    ids::{FeedId, FileId},
    time::Moment,
};

/// Days after the end of a run that announced nothing and sent nothing, after which its silence is
/// taken for what it says: it found nothing. Long enough for a weekend.
pub const HITS_DUE_DAYS: i64 = 3;

/// What a batch of one file says of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunHits {
    /// Rows that say that something was found.
    pub hits: i64,
    /// The earliest and the latest time in its rows.
    pub span: Option<(i64, i64)>,
}

impl RunHits {
    fn add(&mut self, row: &Detection) {
        let at = row.detected_at;
        self.hits += i64::from(row.outcome == formats::Outcome::Detected);
        let (first, last) = self.span.unwrap_or((at, at));
        self.span = Some((first.min(at), last.max(at)));
    }

    /// Adds what other rows say of the same run.
    pub(crate) fn join(&mut self, other: Self) {
        self.hits += other.hits;
        self.span = match (self.span, other.span) {
            (Some(one), Some(two)) => Some((one.0.min(two.0), one.1.max(two.1))),
            (one, two) => one.or(two),
        };
    }
}

/// What a batch says of runs; an understood row that names no run speaks of the empty one.
pub fn by_run(batch: &[(i64, Row)]) -> BTreeMap<String, RunHits> {
    let mut runs: BTreeMap<String, RunHits> = BTreeMap::new();
    for (_, row) in batch {
        let run = match row {
            Row::Detection(row) => row.detail.scan_run.as_deref().unwrap_or_default(),
            Row::Refused(row) => match row.legible.scan_run.as_deref() {
                Some(run) => run,
                None => continue,
            },
        };
        if !runs.contains_key(run) {
            runs.insert(run.to_owned(), RunHits::default());
        }
        if let (Row::Detection(row), Some(hits)) = (row, runs.get_mut(run)) {
            hits.add(row);
        }
    }
    runs
}

/// Keeps what a batch of `file` says of runs, in the caller's transaction.
pub(crate) async fn note(
    tx: &mut Tx,
    file: &FeedFile,
    runs: &BTreeMap<String, RunHits>,
) -> crate::db::Result<()> {
    store::coverage::add_hits(tx, file.id, runs).await
}

/// Says that a file brought the hits of `run`, even if no row of it names the run.
pub(crate) async fn name_run(app: &App, file: FileId, run: &str) -> crate::db::Result<()> {
    let runs = BTreeMap::from([(run.to_owned(), RunHits::default())]);
    let name = || async {
        let mut tx = app.db.begin().await?;
        store::coverage::add_hits(&mut tx, file, &runs).await?;
        audit::note_deed(app, &mut tx, Deed::new("file.name_run", &file.to_string())).await?;
        tx.commit().await
    };
    retry::until_settled(name).await
}

/// What one file says of one run, and whether the file is whole.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Said {
    feed_id: FeedId,
    #[sqlx(try_from = "String")]
    format: Format,
    scan_run: String,
    hits: i64,
    first_at: Option<Moment>,
    last_at: Option<Moment>,
    completed_at: Option<Moment>,
    refused: Option<String>,
    /// Rows of the file in quarantine that may be of this run, on any device.
    unread: i64,
    /// Rows of the file that name this run, and of which somebody said that nothing is to be done.
    dismissed: i64,
}

/// What is known of the hits of one run (検知の到着).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Hits in whole files, closed rows included.
    pub hits: i64,
    /// Whole files that speak of it.
    pub whole: u64,
    /// Files that speak of it and break off.
    pub broken: u64,
    /// Files that speak of it and are not in to their end.
    pub unfinished: u64,
    /// Rows in quarantine, in whole files that speak of it, that may be of any device.
    pub unread: i64,
    /// Whether a file came since its beginning of which nobody knows what runs it speaks of.
    pub mute: bool,
}

/// Why a run is not read yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// A file that speaks of it is not in to its end.
    Unfinished,
    /// Fewer hits came than its coverage announces.
    Announced {
        /// Hits that came.
        came: i64,
        /// Hits it announces.
        of: i64,
    },
    /// The only files that speak of it break off.
    Broken,
    /// So many rows of its files are in quarantine, and each may be a device that looks clean.
    Quarantined(i64),
    /// A file of the feed is refused, in quarantine or not in to its end, and may speak of it.
    Mute,
    /// No file speaks of it, and it ended too lately for that to mean that it found nothing.
    Due(Moment),
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfinished => f.write_str("a file of its hits is not in to the end"),
            Self::Announced { came, of } => write!(f, "{came} of {of} announced hits came"),
            Self::Broken => f.write_str("the file of its hits breaks off"),
            Self::Quarantined(1) => f.write_str("a row of its hits is in quarantine"),
            Self::Quarantined(rows) => write!(f, "{rows} rows of its hits are in quarantine"),
            Self::Mute => f.write_str("a file that could not be read may hold its hits"),
            Self::Due(until) => {
                write!(f, "none came; if none comes until {}, it found nothing", until.rfc3339())
            }
        }
    }
}

/// What a run waits for at `now`: `announced` by its coverage, `arrived` so far, ended at `end`.
pub fn waits(announced: Option<i64>, arrived: Arrived, end: Moment, now: Moment) -> Option<Waits> {
    let due = end.plus_days(HITS_DUE_DAYS);
    match announced {
        _ if arrived.unfinished > 0 => Some(Waits::Unfinished),
        Some(of) if arrived.hits < of => Some(Waits::Announced { came: arrived.hits, of }),
        _ if arrived.unread > 0 => Some(Waits::Quarantined(arrived.unread)),
        Some(_) => None,
        None if arrived.whole > 0 => None,
        None if arrived.broken > 0 => Some(Waits::Broken),
        None if arrived.mute => Some(Waits::Mute),
        None => (now < due).then_some(Waits::Due(due)),
    }
}

/// All that came of the hits of all runs.
pub(super) struct Hits {
    named: HashMap<(FeedId, String), Arrived>,
    nameless: HashMap<FeedId, Vec<Said>>,
    /// Addresses that rows in quarantine say they list.
    located: HashMap<(FeedId, String), HashSet<IpAddr>>,
    /// When the last file came of which nobody knows what runs it speaks of.
    mute: HashMap<FeedId, Moment>,
}

impl Hits {
    /// Reads them.
    pub(super) async fn read(db: &Db) -> crate::db::Result<Self> {
        let mut named: HashMap<_, Arrived> = HashMap::new();
        let mut nameless: HashMap<_, Vec<Said>> = HashMap::new();
        for said in store::coverage::said(db).await? {
            if said.scan_run.is_empty() && !said.format.names_runs() {
                nameless.entry(said.feed_id).or_default().push(said);
            } else {
                named.entry((said.feed_id, said.scan_run.clone())).or_default().add(&said);
            }
        }
        let mute = store::coverage::mute(db).await?.into_iter().collect();
        let mut located: HashMap<_, HashSet<_>> = HashMap::new();
        for (feed, run, ip) in store::coverage::located(db).await? {
            located.entry((feed, run)).or_default().extend(ip.parse::<IpAddr>());
        }
        Ok(Self { named, nameless, located, mute })
    }

    /// Addresses of which nobody knows what `run` found there.
    pub(super) fn unread_at(&self, run: &Run) -> HashSet<IpAddr> {
        self.located.get(&(run.feed, run.scan_run.clone())).cloned().unwrap_or_default()
    }

    /// What came for `run`.
    pub(super) fn of(&self, run: &Run) -> Arrived {
        let key = (run.feed, run.scan_run.clone());
        let mut arrived = self.named.get(&key).copied().unwrap_or_default();
        let nameless = self.nameless.get(&run.feed).into_iter().flatten();
        nameless.filter(|said| said.falls_within(run)).for_each(|said| arrived.add(said));
        arrived.mute = self.mute.get(&run.feed).is_some_and(|came| *came >= run.from);
        arrived
    }
}

impl Said {
    fn falls_within(&self, run: &Run) -> bool {
        self.first_at.is_some_and(|at| at <= run.to)
            && self.last_at.is_some_and(|at| at >= run.from)
    }
}

impl Arrived {
    fn add(&mut self, said: &Said) {
        match (said.completed_at, &said.refused) {
            (None, _) => self.unfinished += 1,
            (Some(_), Some(_)) => self.broken += 1,
            (Some(_), None) => {
                self.whole += 1;
                // Nobody waits for an announced row that somebody closed.
                self.hits = self.hits.saturating_add(said.hits).saturating_add(said.dismissed);
                self.unread = self.unread.saturating_add(said.unread);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Moment = Moment(0);

    fn after(days: i64) -> Moment {
        END.plus_days(days)
    }

    #[test]
    fn a_run_that_announces_nothing_waits_for_a_whole_file_or_its_time() {
        let silent = Arrived::default();
        assert_eq!(waits(None, silent, END, after(2)), Some(Waits::Due(after(3))));
        assert_eq!(waits(None, silent, END, after(3)), None);
        let whole = Arrived { whole: 1, ..silent };
        assert_eq!(waits(None, whole, END, END), None);
        let broken = Arrived { broken: 1, ..silent };
        assert_eq!(waits(None, broken, END, after(99)), Some(Waits::Broken));
        assert_eq!(waits(None, Arrived { broken: 1, ..whole }, END, END), None);
        let mute = Arrived { mute: true, ..silent };
        assert_eq!(waits(None, mute, END, after(99)), Some(Waits::Mute));
        assert_eq!(waits(None, Arrived { mute: true, ..whole }, END, END), None);
        assert_eq!(waits(Some(0), mute, END, END), None);
        let unread = Arrived { unread: 2, ..whole };
        assert_eq!(waits(None, unread, END, after(99)), Some(Waits::Quarantined(2)));
        assert_eq!(waits(Some(0), unread, END, after(99)), Some(Waits::Quarantined(2)));
        let unfinished = Arrived { unfinished: 1, ..whole };
        assert_eq!(waits(None, unfinished, END, after(99)), Some(Waits::Unfinished));
    }

    #[test]
    fn a_run_that_announces_hits_waits_for_all_of_them_and_for_none_if_there_are_none() {
        let came = |hits| Arrived { hits, whole: 1, ..Arrived::default() };
        assert_eq!(waits(Some(0), Arrived::default(), END, END), None);
        let short = Some(Waits::Announced { came: 1, of: 2 });
        assert_eq!(waits(Some(2), came(1), END, after(99)), short);
        assert_eq!(waits(Some(2), came(2), END, END), None);
        assert_eq!(waits(Some(2), came(3), END, END), None);
    }
}
