//! Scan coverage (走査範囲): which prefixes and ports a run really covered, when, and how fully.
//!
//! Only a covering run that does not list a device is a clean scan; a feed without coverage can
//! never make anything *verified*. A correction replaces by run, prefix, protocol and weakness.

use std::net::IpAddr;

use formats::{Proto, Refused, Weakness, coverage::Covered};
use ipnet::IpNet;

use super::{Feed, store};
use crate::{app::App, db::Db, ids::FeedId, time::Moment};

/// What a coverage file brought.
#[derive(Debug)]
pub struct Recorded {
    /// Runs named in it.
    pub runs: usize,
    /// Rows taken.
    pub prefixes: usize,
    /// Addresses attempted, summed.
    pub addresses: u64,
    /// Rows that were not understood.
    pub refused: Vec<Refused>,
}

/// Records a coverage file that was read.
pub async fn record(
    app: &App,
    feed: &Feed,
    rows: &[Covered],
    refused: Vec<Refused>,
    sha256: &str,
) -> anyhow::Result<Recorded> {
    let mut tx = app.db.begin().await?;
    for row in rows {
        store::upsert_coverage(&mut tx, feed.id, row, sha256, app.now()).await?;
    }
    tx.commit().await?;
    let runs: std::collections::HashSet<_> = rows.iter().map(|row| &row.scan_run).collect();
    let addresses = rows.iter().map(|row| row.attempted).sum();
    Ok(Recorded { runs: runs.len(), prefixes: rows.len(), addresses, refused })
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
    /// matter there.
    pub fn covers(&self, ip: IpAddr, port: (Proto, Option<u16>), weakness: Weakness) -> bool {
        let (proto, port) = port;
        self.parts.iter().any(|part| {
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

/// The runs of all feeds that ended by `until`, in order of their end.
pub async fn runs(db: &Db, until: Moment) -> anyhow::Result<Vec<Run>> {
    let mut runs = store::runs(db).await?;
    runs.retain(|run| run.to <= until);
    runs.sort_by(|a, b| (a.to, a.feed, &a.scan_run).cmp(&(b.to, b.feed, &b.scan_run)));
    Ok(runs)
}
