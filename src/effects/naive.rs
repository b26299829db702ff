//! The naive number (アドレスだけの集計): what counting addresses would claim.
//!
//! Each listed address stands for itself, whatever line it belongs to, and is called fixed when it
//! was never seen again from the first scan on that began after its list. An address that went to
//! another line looks fixed in this way, and so does a device that a scan missed. It is shown
//! beside the estimates to say how wrong it is, never instead of them.

use std::collections::HashMap;

use super::{Scope, rate, store};
use crate::{db::Db, feeds::runs, ids::FeedId, time::Moment};

/// Days after which an address that was not seen is called gone where no coverage is known.
const WITHOUT_COVERAGE_DAYS: i64 = 35;

/// What counting addresses would claim (アドレスだけの集計).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ByAddress {
    /// Listed addresses of which a later scan could say something.
    pub n: u64,
    /// Those not seen from the next scan on.
    pub gone: u64,
    /// Their share; nothing of nothing has none.
    pub estimate: Option<f64>,
    /// Its Wilson interval.
    pub interval: Option<effect::Interval>,
}

/// The share of listed addresses that vanished by the next scan.
pub async fn by_address(db: &Db, scope: &Scope) -> anyhow::Result<ByAddress> {
    let mut runs: HashMap<FeedId, Vec<Moment>> = HashMap::new();
    for run in runs::heard_by(db, scope.as_of).await? {
        runs.entry(run.feed).or_default().push(run.from);
    }
    let (mut n, mut gone) = (0, 0);
    for listed in store::listed_addresses(db, scope).await? {
        let next = match runs.get(&listed.feed_id) {
            Some(starts) => starts.iter().filter(|from| **from > listed.prepared_at).min().copied(),
            None => Some(listed.prepared_at.plus_days(WITHOUT_COVERAGE_DAYS)),
        };
        let Some(next) = next.filter(|next| *next <= scope.as_of) else { continue };
        n += 1;
        gone += u64::from(listed.last_seen < next);
    }
    let rate = rate(gone, n);
    Ok(ByAddress {
        n,
        gone,
        estimate: rate.map(|rate| rate.value),
        interval: rate.map(|rate| rate.interval),
    })
}
