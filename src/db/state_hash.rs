//! The state hash (状態ハッシュ): one number over the logical state, equal on every engine.
//!
//! Keys that the application draws, and the order in which files came, do not enter; facts do. Each
//! row gives a SHA-256, and the sums of these (modulo 2⁶⁴ in four lanes) are hashed again, so that
//! no engine's idea of order matters. Reads every table that holds facts; owns none.
//!
//! How rows were packed into files is no fact either: the same rows whole, split, merged, doubled
//! or renamed are the same state. So a row in quarantine counts once by feed, reason and bytes, a
//! run once by feed and name with the time of its rows, a sighting once by feed, spot, time, port
//! and what tells its device from others. How many files there are stands among the counts and not
//! in the hash.
//!
//! Three things hang on the order of arrival by their nature, and are left out or told here:
//! - Which sighting *opened* a case, where several did see it: the case bears the stream, device,
//!   severity and basis of the one that came first, since a list may have gone out with them, and
//!   what was sent is not rewritten for a file that comes late. Which feeds saw the case at all is
//!   in the hash, by their sightings; verdicts are read from those and not from the opener.
//! - Coverage: a correction replaces what it corrects, so that the file that came last wins.
//! - What people did and when: their words on rows in quarantine, approvals, withdrawals of files.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use futures::TryStreamExt as _;
use sha2::{Digest as _, Sha256};

use super::{Db, on, packed::Broken};
use crate::access::keys::to_hex;

/// What is hashed: a name, and a query of five columns (text, bytes, number, number, text).
const FACTS: [(&str, &str); 9] = [
    (
        "quarantined",
        "SELECT DISTINCT d.name AS a, q.bytes AS b, CAST(0 AS BIGINT) AS c,
                CASE WHEN q.dismissed_at IS NULL THEN CAST(0 AS BIGINT)
                     ELSE CAST(1 AS BIGINT) END AS d, q.reason AS e
           FROM quarantined_rows q JOIN feed_files f ON f.id = q.feed_file_id
           JOIN feeds d ON d.id = f.feed_id
          WHERE q.released_at IS NULL",
    ),
    (
        "run_hits",
        "SELECT d.name AS a, CAST(NULL AS BYTEA) AS b, COALESCE(MIN(r.first_at), 0) AS c,
                COALESCE(MAX(r.last_at), 0) AS d, r.scan_run AS e
           FROM run_hits r JOIN feed_files f ON f.id = r.feed_file_id
           JOIN feeds d ON d.id = f.feed_id
          WHERE f.withdrawn_at IS NULL GROUP BY d.name, r.scan_run",
    ),
    (
        "coverage",
        "SELECT d.name || ' ' || c.scan_run || ' ' || c.prefix || ' ' || c.ports || ' ' || c.status
                    || ' ' || c.excluded || ' ' || COALESCE(CAST(c.hits AS TEXT), '') AS a,
                CAST(NULL AS BYTEA) AS b, c.from_at AS c, c.to_at AS d, c.weakness AS e
           FROM scan_coverage c JOIN feeds d ON d.id = c.feed_id",
    ),
    (
        "unattributed",
        "SELECT network_kind AS a, spot AS b, first_seen AS c, last_seen AS d, '' AS e
           FROM unattributed",
    ),
    (
        "cases",
        "SELECT i.code || ' ' || c.state AS a, c.spot AS b, c.first_seen AS c,
                c.last_seen AS d, CAST(c.term AS TEXT) AS e
           FROM cases c JOIN isps i ON i.id = c.isp_id",
    ),
    (
        "same_devices",
        "SELECT i.code || ' ' || d.kind AS a, l.spot AS b, d.since AS c, e.first_seen AS d,
                CAST(e.term AS TEXT) || ' ' || CAST(l.term AS TEXT) AS e
           FROM same_devices d JOIN cases e ON e.isp_id = d.isp_id AND e.id = d.case_id
           JOIN cases l ON l.isp_id = d.isp_id AND l.id = d.later_id
           JOIN isps i ON i.id = d.isp_id",
    ),
    (
        "case_events",
        "SELECT i.code || ' ' || e.author AS a, c.spot AS b, e.at AS c, CAST(0 AS BIGINT) AS d,
                e.kind AS e
           FROM case_events e JOIN cases c ON c.isp_id = e.isp_id AND c.id = e.case_id
           JOIN isps i ON i.id = e.isp_id 
          WHERE e.kind <> 'opened' AND e.withdrawn_at IS NULL",
    ),
    (
        "line_recalls",
        "SELECT n.list_id AS a, CAST(NULL AS BYTEA) AS b, r.record_no AS c, r.at AS d,
                r.author || ' ' || r.reason AS e
           FROM line_recalls r JOIN notices n ON n.isp_id = r.isp_id AND n.id = r.notice_id",
    ),
    (
        "line_reports",
        "SELECT n.list_id AS a, CAST(NULL AS BYTEA) AS b, r.record_no AS c, r.reported_at AS d,
                r.body AS e
           FROM line_reports r JOIN notices n ON n.isp_id = r.isp_id AND n.id = r.notice_id",
    ),
];

/// The hash and how many facts of each kind it covers.
#[derive(Debug, serde::Serialize)]
pub struct StateHash {
    /// 64 hexadecimal digits.
    pub hash: String,
    /// Facts by kind.
    pub counts: BTreeMap<&'static str, u64>,
}

type Fact = (String, Option<Vec<u8>>, i64, i64, String);

/// A sighting: its spot, when, the port it called from, 0 for none, and its identities end to end.
pub type Seen = (Vec<u8>, i64, i64, Vec<u8>);

/// How the stage that packs hits unpacks those of a shelf: from its name, the moment they begin at
/// and their body.
pub type Unpack = fn(&[u8], i64, &[u8]) -> Result<Vec<Seen>, Broken>;

/// Reads all facts and hashes them.
pub async fn state_hash(db: &Db, unpack: Unpack) -> anyhow::Result<StateHash> {
    let mut counts = BTreeMap::new();
    let mut whole = Sha256::new();
    let (lanes, count) = sightings(db, unpack).await?;
    lanes.iter().for_each(|lane| whole.update(lane.to_be_bytes()));
    counts.insert("sightings", count);
    for (name, sql) in FACTS {
        let (mut lanes, mut count) = ([0_u64; 4], 0_u64);
        on!(db, pool => {
            let mut rows = sqlx::query_as::<_, Fact>(sql).fetch(pool);
            while let Some(fact) = rows.try_next().await? {
                add(&mut lanes, &fact);
                count += 1;
            }
        });
        whole.update(name.as_bytes());
        lanes.iter().for_each(|lane| whole.update(lane.to_be_bytes()));
        counts.insert(name, count);
    }
    counts.insert("files", files(db).await?);
    Ok(StateHash { hash: to_hex(&whole.finalize()), counts })
}

/// How many files are in, by content: told beside the facts, and no fact.
async fn files(db: &Db) -> anyhow::Result<u64> {
    const SQL: &str = "SELECT COUNT(*) FROM feed_files WHERE withdrawn_at IS NULL";
    let files: i64 = on!(db, pool => sqlx::query_scalar(SQL).fetch_one(pool).await)?;
    Ok(files.cast_unsigned())
}

/// Sums up that feeds saw spots, each moment once, however many rows told of it.
async fn sightings(db: &Db, unpack: Unpack) -> anyhow::Result<([u64; 4], u64)> {
    const SQL: &str = "SELECT h.shelf, d.name, h.from_at, h.body
          FROM hits h JOIN feed_files f ON f.id = h.feed_file_id JOIN feeds d ON d.id = f.feed_id
         ORDER BY h.shelf";
    let (mut lanes, mut count) = ([0_u64; 4], 0_u64);
    let mut of_shelf: (Vec<u8>, BTreeSet<(String, Seen)>) = Default::default();
    let mut settle = |hits: BTreeSet<(String, Seen)>| {
        for (feed, (spot, at, port, identities)) in hits {
            add(&mut lanes, &(feed, Some(spot), at, port, to_hex(&identities)));
            count += 1;
        }
    };
    on!(db, pool => {
        let mut rows = sqlx::query_as::<_, (Vec<u8>, String, i64, Vec<u8>)>(SQL).fetch(pool);
        while let Some((shelf, feed, from, body)) = rows.try_next().await? {
            if of_shelf.0 != shelf {
                settle(std::mem::take(&mut of_shelf.1));
                of_shelf.0.clone_from(&shelf);
            }
            let hits = unpack(&shelf, from, &body).context("hits of a shelf")?;
            of_shelf.1.extend(hits.into_iter().map(|hit| (feed.clone(), hit)));
        }
    });
    settle(of_shelf.1);
    Ok((lanes, count))
}

fn add(lanes: &mut [u64; 4], fact: &Fact) {
    let (first, bytes, one, two, last) = fact;
    let mut row = Sha256::new();
    let bytes = bytes.as_deref().unwrap_or_default();
    let (one, two) = (one.to_be_bytes(), two.to_be_bytes());
    for part in [first.as_bytes(), bytes, &one, &two, last.as_bytes()] {
        row.update((part.len() as u64).to_be_bytes());
        row.update(part);
    }
    for (lane, part) in lanes.iter_mut().zip(row.finalize().chunks_exact(8)) {
        let part: [u8; 8] = part.try_into().unwrap_or_default();
        *lane = lane.wrapping_add(u64::from_be_bytes(part));
    }
}
