//! Soft locks (試行の間隔): whoever fails to sign in waits, longer each time.
//!
//! Failures are counted for each pair of a name and a source, so that nobody can lock somebody else
//! out from afar. An attempt is counted as failed before it is looked at and forgotten when it
//! succeeds, so that attempts side by side cannot outrun the count. A name that nobody has waits
//! like any other (OWASP ASVS 5.0, 6.3). Both are kept as keyed hashes.

use std::{net::IpAddr, time::Duration};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::store;
use crate::{
    app::App,
    db::retry,
    time::{DAY, Moment},
};

/// How long after its last failure a pair may try again; nothing = at once.
pub fn wait(failures: i64, last: Moment) -> Option<Moment> {
    let seconds = match failures {
        ..=0 => return None,
        1..3 => 1,
        3..9 => 3,
        9..25 => 5,
        25..100 => 10,
        _ => return Some(last.next_midnight()),
    };
    Some(Moment(last.0 + seconds * 1_000_000))
}

/// An attempt that came too early (早すぎる試行).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooEarly {
    /// When the next one is looked at.
    pub until: Moment,
}

impl TooEarly {
    /// How long that is from `now`, in whole seconds.
    pub fn seconds(self, now: Moment) -> u64 {
        let micros = u64::try_from(self.until.0 - now.0).unwrap_or(0);
        Duration::from_micros(micros).as_secs() + 1
    }
}

/// A pair of a name and a source, as it is counted.
pub type Bucket = [u8; 32];

/// The bucket of attempts at `what` under `name` from `source`.
pub fn bucket(app: &App, (what, name): (&str, &str), source: IpAddr) -> Bucket {
    // Whoever has an IPv6 connection has 2^64 addresses of it.
    let place = match source {
        IpAddr::V4(ip) => ip.to_bits().into(),
        IpAddr::V6(ip) => ip.to_bits() >> 64,
    };
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&app.keys.lookup).expect("HMAC takes keys of any length");
    for part in [what.as_bytes(), name.as_bytes(), &u128::to_be_bytes(place)] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Lets an attempt be looked at, and counts it as failed until [`succeeded`] says otherwise.
pub async fn admit(app: &App, bucket: &Bucket) -> anyhow::Result<Result<(), TooEarly>> {
    counted(app, bucket, i64::MAX).await
}

/// Failures beyond which an attempt that guesses at nothing waits no longer: five seconds are the
/// longest.
const PACED: i64 = 24;

/// Like [`admit`], for an attempt that guesses at nothing: whoever shares a source with somebody
/// who keeps failing is slowed down and never locked out.
pub async fn pace(app: &App, bucket: &Bucket) -> anyhow::Result<Result<(), TooEarly>> {
    counted(app, bucket, PACED).await
}

/// Counts an attempt as failed, unless it comes too early after `most` failures or fewer.
async fn counted(app: &App, bucket: &Bucket, most: i64) -> anyhow::Result<Result<(), TooEarly>> {
    let now = app.now();
    let admit = async || {
        let mut tx = app.db.begin().await?;
        store::locks::sweep(&mut tx, Moment(now.0 - 2 * DAY)).await?;
        let (failures, last) = store::locks::hold(&mut tx, bucket).await?;
        if let Some(until) = wait(failures.min(most), last).filter(|until| now < *until) {
            return Ok(Err(TooEarly { until }));
        }
        store::locks::count(&mut tx, bucket, now).await?;
        tx.commit().await?;
        Ok(Ok(()))
    };
    Ok(retry::again(admit).await?)
}

/// Forgets the failures of whoever got it right.
pub async fn succeeded(app: &App, bucket: &Bucket) -> anyhow::Result<()> {
    let forget = async || {
        let mut tx = app.db.begin().await?;
        store::locks::forget(&mut tx, bucket).await?;
        tx.commit().await
    };
    Ok(retry::again(forget).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_more_waits_at_least_as_long_as_the_one_before() {
        let last = Moment::parse("2026-05-01T12:00:00+09:00").unwrap();
        let waits: Vec<i64> = (0..200)
            .map(|failures| wait(failures, last).map_or(0, |until| until.0 - last.0))
            .collect();
        assert!(waits.is_sorted());
        assert_eq!(waits[0], 0);
        let seconds = [1, 2, 3, 8, 9, 24, 25, 99].map(|failures| waits[failures] / 1_000_000);
        assert_eq!(seconds, [1, 1, 3, 3, 5, 5, 10, 10]);
        assert_eq!(wait(100, last).unwrap().rfc3339(), "2026-05-01T15:00:00Z");
    }
}
