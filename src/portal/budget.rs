//! The budget of failed look-ups (照会の上限): what makes fourteen random digits enough.
//!
//! A token is taken before the answer is known and given back when the ID was right, so that
//! guesses sent side by side cannot race the answer. Where the bucket of all sources is empty,
//! look-ups queue: each source may hold one place, its token is taken when the place is given, and
//! whoever comes back at its time is let through; nobody waits on an open connection. All nodes
//! share the buckets. A source is kept as an HMAC of its address, and only for as long as its
//! bucket is not full.

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

/// Seconds that the queue is long at most; whoever comes then has no place and is told to call.
pub const QUEUE_SECONDS: i64 = 300;

const GLOBAL_KEY: &str = "global";
/// After this long every source's bucket is full again, which is as good as none.
const FULL_AGAIN_HOURS: i64 = 1;
const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;

/// A bucket of tokens (残り回数) as it stood at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// What it held; below nothing where places in the queue have been given.
    pub tokens: f64,
    /// When.
    pub at: Moment,
    /// The place in the queue that a source holds: when it is let through.
    pub place: Option<Moment>,
}

impl Rule {
    /// A full bucket.
    pub fn full(self, now: Moment) -> Bucket {
        Bucket { tokens: self.burst, at: now, place: None }
    }

    /// The bucket at `now`; a clock that went back takes nothing away.
    pub fn refilled(self, bucket: Bucket, now: Moment) -> Bucket {
        let hours = (now.0 - bucket.at.0).max(0) as f64 / HOUR as f64;
        let tokens = (bucket.tokens + hours * self.an_hour).min(self.burst);
        Bucket { tokens, at: now.max(bucket.at), ..bucket }
    }

    /// The bucket with its token back.
    pub fn returned(self, bucket: Bucket, now: Moment) -> Bucket {
        let full = self.refilled(bucket, now);
        Bucket { tokens: (full.tokens + 1.0).min(self.burst), ..full }
    }

    /// When a refilled bucket will have gained a token beyond those that were promised.
    fn next_token(self, bucket: Bucket) -> Moment {
        let hours = (1.0 - bucket.tokens).max(0.0) / self.an_hour;
        #[expect(clippy::cast_possible_truncation, reason = "an hour or so, in microseconds")]
        let wait = (hours * HOUR as f64).round() as i64;
        Moment(bucket.at.0 + wait)
    }
}

/// What is decided of a look-up before it is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// It may be made.
    Admitted,
    /// Not before then; with a place in the queue or without one.
    NotBefore(Moment),
}

/// Decides on a look-up of a source, given its own bucket under `rule` and that of all sources;
/// gives both as they stand after that.
pub fn decide(rule: Rule, [own, all]: [Bucket; 2], now: Moment) -> ([Bucket; 2], Decision) {
    // A thousandth of a token short is a rounding error of the refill, not a guess.
    const ENOUGH: f64 = 0.999;
    let (own, all) = (rule.refilled(own, now), GLOBAL.refilled(all, now));
    match own.place {
        // Its token was taken when the place was given.
        Some(place) if place <= now => {
            return ([Bucket { place: None, ..own }, all], Decision::Admitted);
        }
        Some(place) => return ([own, all], Decision::NotBefore(place)),
        None => {}
    }
    if own.tokens < ENOUGH {
        return ([own, all], Decision::NotBefore(rule.next_token(own)));
    }
    let taken = |bucket: Bucket| Bucket { tokens: bucket.tokens - 1.0, ..bucket };
    if all.tokens >= ENOUGH {
        return ([taken(own), taken(all)], Decision::Admitted);
    }
    let place = GLOBAL.next_token(all);
    if place.0 - now.0 > QUEUE_SECONDS * SECOND {
        return ([own, all], Decision::NotBefore(place));
    }
    ([Bucket { place: Some(place), ..taken(own) }, taken(all)], Decision::NotBefore(place))
}

/// Whether so few tokens are left of all that somebody should look, and there were more before.
fn runs_low(before: Bucket, after: Bucket) -> bool {
    let tenth = GLOBAL.burst / 10.0;
    before.tokens >= tenth && after.tokens < tenth
}

/// Whether a look-up may be made.
#[derive(Clone, Debug)]
pub enum Admission {
    /// It may; the token goes back when the ID was right.
    Reserved(Reservation),
    /// Not before then.
    NotBefore(Moment),
}

/// A token taken from both buckets of a source.
#[derive(Clone, Debug)]
pub struct Reservation {
    buckets: [(String, Rule); 2],
}

/// Takes a token for a look-up from `source`, or a place in the queue.
pub async fn reserve(app: &App, source: IpAddr) -> anyhow::Result<Admission> {
    let own = if source.is_ipv4() { PER_IPV4 } else { PER_IPV6 };
    let buckets = [(tag(&app.keys, source), own), (GLOBAL_KEY.to_owned(), GLOBAL)];
    let now = app.now();
    store::forget_buckets(&app.db, Moment(now.0 - FULL_AGAIN_HOURS * HOUR), GLOBAL_KEY).await?;
    let (decision, low) = store::change_buckets(&app.db, &buckets, now, |before| {
        let (after, decision) = decide(own, before, now);
        (after, (decision, runs_low(GLOBAL.refilled(before[1], now), after[1])))
    })
    .await?;
    if low {
        tracing::warn!("a tenth is left of the budget of look-ups: many inquiry IDs are wrong");
    }
    Ok(match decision {
        Decision::Admitted => Admission::Reserved(Reservation { buckets }),
        Decision::NotBefore(at) => {
            tracing::warn!("a look-up of an inquiry ID must wait: the budget is used up");
            Admission::NotBefore(at)
        }
    })
}

/// Gives the token back: the ID was right.
pub async fn refund(app: &App, reservation: &Reservation) -> anyhow::Result<()> {
    let now = app.now();
    let [(_, own), (_, all)] = &reservation.buckets;
    store::change_buckets(&app.db, &reservation.buckets, now, |[mine, ours]| {
        ([own.returned(mine, now), all.returned(ours, now)], ())
    })
    .await?;
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

    /// Buckets of all, and of one source after another.
    struct Buckets {
        all: Bucket,
        sources: Vec<Bucket>,
    }

    impl Buckets {
        fn new(sources: usize) -> Self {
            Self { all: GLOBAL.full(START), sources: vec![PER_IPV4.full(START); sources] }
        }

        fn asks(&mut self, source: usize, second: i64) -> Decision {
            let now = at(second);
            let ([own, all], decision) = decide(PER_IPV4, [self.sources[source], self.all], now);
            (self.sources[source], self.all) = (own, all);
            decision
        }
    }

    fn at(second: i64) -> Moment {
        Moment(START.0 + second * SECOND)
    }

    #[test]
    fn a_burst_passes_then_all_sources_queue_at_one_a_second_each_with_one_place() {
        let mut buckets = Buckets::new(400);
        for source in 0..300 {
            assert_eq!(buckets.asks(source, 0), Decision::Admitted);
        }
        assert_eq!(buckets.asks(300, 0), Decision::NotBefore(at(1)));
        assert_eq!(buckets.asks(301, 0), Decision::NotBefore(at(2)), "behind the first");
        assert_eq!(
            buckets.asks(300, 0),
            Decision::NotBefore(at(1)),
            "asking twice is no place more"
        );
        assert_eq!(buckets.asks(302, 0), Decision::NotBefore(at(3)));
        // Somebody new does not pass those who wait, and each is let through once, at its time.
        assert_eq!(buckets.asks(300, 1), Decision::Admitted);
        assert_eq!(buckets.asks(303, 1), Decision::NotBefore(at(4)));
        assert_eq!(buckets.asks(301, 1), Decision::NotBefore(at(2)));
        assert_eq!(buckets.asks(302, 9), Decision::Admitted, "a place waits for its holder");
        assert_eq!(buckets.asks(304, 10), Decision::Admitted, "the queue is empty again");
    }

    #[test]
    fn a_queue_has_an_end_and_gives_no_place_beyond_it() {
        let mut buckets = Buckets::new(1);
        buckets.all.tokens = -299.0;
        assert_eq!(buckets.asks(0, 0), Decision::NotBefore(at(300)));
        assert_eq!(buckets.sources[0].place, Some(at(300)));
        buckets = Buckets::new(1);
        buckets.all.tokens = -300.0;
        assert_eq!(buckets.asks(0, 0), Decision::NotBefore(at(301)));
        assert_eq!((buckets.sources[0].place, buckets.all.tokens), (None, -300.0));
    }

    #[test]
    fn a_source_that_used_its_own_number_goes_slower_and_is_never_blocked() {
        let mut buckets = Buckets::new(2);
        let mut passed = 0;
        for minute in 0..600 {
            while buckets.asks(0, minute * 60) == Decision::Admitted {
                passed += 1;
            }
        }
        assert!(
            (218..=220).contains(&passed),
            "{passed} in ten hours: twenty, then twenty an hour"
        );
        assert_eq!(buckets.asks(1, 36_000), Decision::Admitted, "its neighbour is not slowed");
        let mut fresh = Buckets::new(1);
        for _ in 0..20 {
            fresh.asks(0, 0);
        }
        assert_eq!(fresh.asks(0, 0), Decision::NotBefore(at(180)), "it is told when");
    }

    #[test]
    fn however_many_sources_guess_no_more_is_admitted_than_the_budget_holds() {
        let mut buckets = Buckets::new(1000);
        let mut admitted = 0;
        for second in 0..600 {
            for source in 0..1000 {
                admitted += i32::from(buckets.asks(source, second) == Decision::Admitted);
            }
        }
        assert!(admitted <= 900, "{admitted} in ten minutes: 300, then one a second");
        assert!(admitted >= 800, "{admitted}: the queue moves on");
    }

    #[test]
    fn a_tenth_of_the_budget_is_told_once_as_it_is_passed() {
        let of = |tokens| Bucket { tokens, ..GLOBAL.full(START) };
        assert!(runs_low(of(30.0), of(29.0)));
        assert!(!runs_low(of(29.0), of(28.0)) && !runs_low(of(31.0), of(30.0)));
    }

    #[test]
    fn a_refund_never_overfills_and_a_clock_that_goes_back_takes_nothing() {
        let full = PER_IPV4.full(START);
        assert_eq!(PER_IPV4.returned(full, START), full);
        let taken = Bucket { tokens: full.tokens - 1.0, ..full };
        assert_eq!(PER_IPV4.returned(taken, START), full);
        assert_eq!(PER_IPV4.refilled(taken, Moment(0)), taken);
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
