//! Runs (走査回): what one scan of a feed covered, and whether its silence may be read yet.
//!
//! A run is made of the rows of [`coverage`](super::coverage) that name it; it is read for verdicts
//! once its [`hits`] came too.

use std::{collections::HashSet, net::IpAddr};

use formats::{Proto, Weakness};
use ipnet::IpNet;

use super::{
    hits::{self, Hits, Waits},
    store,
};
use crate::{db::Db, ids::FeedId, time::Moment};

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

    /// Whether it looked at this address, for whatever.
    pub fn reaches(&self, ip: IpAddr) -> bool {
        self.parts.iter().any(|part| part.holds(ip))
    }
}

impl Part {
    fn holds(&self, ip: IpAddr) -> bool {
        self.prefix.contains(&ip) && !self.excluded.iter().any(|out| out.contains(&ip))
    }
}

/// The runs of all feeds that ended by `until` and whose hits had come by then, in order of their
/// end.
pub async fn heard_by(db: &Db, until: Moment) -> anyhow::Result<Vec<Run>> {
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

/// The runs that ended by `until`, each with the reason why it is not read yet.
pub async fn all(db: &Db, until: Moment, now: Moment) -> anyhow::Result<Vec<(Run, Option<Waits>)>> {
    let mut runs = store::coverage::runs(db).await?;
    runs.retain(|run| run.to <= until);
    runs.sort_by(|a, b| (a.to, a.feed, &a.scan_run).cmp(&(b.to, b.feed, &b.scan_run)));
    let came = Hits::read(db).await?;
    runs.iter_mut().for_each(|run| run.unread_at = came.unread_at(run));
    let waits = |run: &Run| hits::waits(run.announced, came.of(run), run.to, now);
    Ok(runs.into_iter().map(|run| (waits(&run), run)).map(|(waits, run)| (run, waits)).collect())
}
