//! The budget of failed look-ups (照会の上限): what makes fourteen random digits enough.
//!
//! A token is taken before the answer is known and given back when the ID was right, so that
//! guesses sent side by side cannot race the answer. All nodes share the buckets. A source is kept
//! as an HMAC of its address, and only for as long as its bucket is not full.

use std::net::IpAddr;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::store;
use crate::{
    access::keys::{Keys, to_hex},
    app::App,
    time::Moment,
};

/// How fast a bucket fills and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Tokens an hour.
    pub an_hour: f64,
    /// Tokens it holds when full.
    pub burst: f64,
}

/// All failed look-ups together: one a second, three hundred at once.
pub const GLOBAL: Rule = Rule { an_hour: 3600.0, burst: 300.0 };
/// Of one IPv4 address, which MAP-E and carrier NAT let many homes share.
pub const PER_IPV4: Rule = Rule { an_hour: 20.0, burst: 20.0 };
/// Of one IPv6 /64, which is one home.
pub const PER_IPV6: Rule = Rule { an_hour: 10.0, burst: 10.0 };

const GLOBAL_KEY: &str = "global";
/// After this long every source's bucket is full again, which is as good as none.
const FULL_AGAIN_HOURS: i64 = 1;
const HOUR: i64 = 3_600_000_000;

/// A bucket of tokens (残り回数) as it stood at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// What it held.
    pub tokens: f64,
    /// When.
    pub at: Moment,
}

impl Rule {
    /// A full bucket.
    pub fn full(self, now: Moment) -> Bucket {
        Bucket { tokens: self.burst, at: now }
    }

    /// The bucket at `now`; a clock that went back takes nothing away.
    pub fn refilled(self, bucket: Bucket, now: Moment) -> Bucket {
        let hours = (now.0 - bucket.at.0).max(0) as f64 / HOUR as f64;
        let tokens = (bucket.tokens + hours * self.an_hour).min(self.burst);
        Bucket { tokens, at: now.max(bucket.at) }
    }

    /// The bucket with one token fewer, or nothing where none is left.
    pub fn taken(self, bucket: Bucket, now: Moment) -> Option<Bucket> {
        let full = self.refilled(bucket, now);
        // A thousandth of a token short is a rounding error of the refill, not a guess.
        (full.tokens >= 0.999).then(|| Bucket { tokens: (full.tokens - 1.0).max(0.0), ..full })
    }

    /// The bucket with its token back.
    pub fn returned(self, bucket: Bucket, now: Moment) -> Bucket {
        let full = self.refilled(bucket, now);
        Bucket { tokens: (full.tokens + 1.0).min(self.burst), ..full }
    }
}

/// A token taken from both buckets of a source.
#[derive(Clone, Debug)]
pub struct Reservation {
    buckets: [(String, Rule); 2],
}

/// Takes a token for a look-up from `source`; nothing when one of the buckets is empty.
pub async fn reserve(app: &App, source: IpAddr) -> anyhow::Result<Option<Reservation>> {
    let own = if source.is_ipv4() { PER_IPV4 } else { PER_IPV6 };
    let buckets = [(tag(&app.keys, source), own), (GLOBAL_KEY.to_owned(), GLOBAL)];
    let now = app.now();
    store::forget_buckets(&app.db, Moment(now.0 - FULL_AGAIN_HOURS * HOUR), GLOBAL_KEY).await?;
    let taken = store::change_buckets(&app.db, &buckets, now, Rule::taken).await?;
    Ok(taken.then_some(Reservation { buckets }))
}

/// Gives the token back: the ID was right.
pub async fn refund(app: &App, reservation: &Reservation) -> anyhow::Result<()> {
    let back = |rule: Rule, bucket, now| Some(rule.returned(bucket, now));
    store::change_buckets(&app.db, &reservation.buckets, app.now(), back).await?;
    Ok(())
}

/// What stands for a source: an HMAC under the look-up key, of an address cut to its /64.
fn tag(keys: &Keys, source: IpAddr) -> String {
    let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new_from_slice(&keys.lookup)
        .expect("HMAC takes a key of any length");
    mac.update(b"source of look-ups:");
    match source {
        IpAddr::V4(ip) => mac.update(&ip.octets()),
        IpAddr::V6(ip) => mac.update(&ip.octets()[..8]),
    }
    to_hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = Moment(1_000_000_000);

    #[test]
    fn a_burst_passes_then_one_at_the_pace_of_the_rule() {
        let mut bucket = GLOBAL.full(START);
        for _ in 0..300 {
            bucket = GLOBAL.taken(bucket, START).unwrap();
        }
        assert_eq!(GLOBAL.taken(bucket, START), None);
        let later = Moment(START.0 + 1_000_000);
        bucket = GLOBAL.taken(bucket, later).unwrap();
        assert_eq!(GLOBAL.taken(bucket, later), None);
    }

    #[test]
    fn a_source_gets_its_hourly_number_and_no_more_than_a_full_bucket() {
        let mut bucket = PER_IPV6.full(START);
        let mut passed = 0;
        for minute in 0..600 {
            let now = Moment(START.0 + minute * 60_000_000);
            while let Some(next) = PER_IPV6.taken(bucket, now) {
                (bucket, passed) = (next, passed + 1);
            }
        }
        assert!((108..=110).contains(&passed), "{passed} in ten hours: ten, then ten an hour");
        let idle = PER_IPV4.refilled(bucket, Moment(START.0 + 1_000 * HOUR));
        assert!((idle.tokens - PER_IPV4.burst).abs() < 1e-9);
    }

    #[test]
    fn a_refund_never_overfills_and_a_clock_that_goes_back_takes_nothing() {
        let full = PER_IPV4.full(START);
        assert_eq!(PER_IPV4.returned(full, START), full);
        let taken = PER_IPV4.taken(full, START).unwrap();
        assert_eq!(PER_IPV4.returned(taken, START), full);
        let back = PER_IPV4.refilled(taken, Moment(0));
        assert_eq!(back, taken);
    }

    #[test]
    fn neighbours_in_one_64_share_a_bucket_and_the_tag_shows_no_address() {
        let keys = Keys { lookup: [1; 32], seal: [2; 32] };
        let of = |ip: &str| tag(&keys, ip.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1").len(), 64);
    }
}
