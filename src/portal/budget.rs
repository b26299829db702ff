//! The budget of failed look-ups (照会の上限): what makes fourteen random digits enough.
//!
//! A token is taken before the answer is known and given back when the ID was right, so that
//! guesses sent side by side cannot race the answer. Where the bucket of all sources is empty,
//! look-ups queue: each source may hold one place, its token is taken when the place is given, and
//! whoever comes back at its time is let through; nobody waits on an open connection. A site of
//! IPv6, a /48, has a bucket beside those of its 65,536 homes, or it alone could hold the whole
//! queue. All nodes share the buckets. A source is kept as an HMAC of its address, and only for as
//! long as its bucket is not full.

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
/// Of one IPv6 /48, which is a company, or some hundred homes of one provider.
pub const PER_SITE: Rule = Rule { an_hour: 60.0, burst: 60.0 };

/// Seconds that the queue is long at most; whoever comes then has no place and is told to call.
pub const QUEUE_SECONDS: i64 = 300;

/// What stands for all sources.
pub(super) const GLOBAL_KEY: &str = "global";
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

    /// Whether a bucket at `now` is as good as none.
    pub fn is_full(self, bucket: Bucket, now: Moment) -> bool {
        bucket.place.is_none() && self.refilled(bucket, now).tokens >= self.burst
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

/// Decides on a look-up of a source, given its own buckets under `rules` and that of all sources;
/// gives them as they stand after that. The first is its own alone, and holds its place.
pub fn decide(
    rules: &[Rule],
    own: &[Bucket],
    all: Bucket,
    now: Moment,
) -> (Vec<Bucket>, Bucket, Decision) {
    // A thousandth of a token short is a rounding error of the refill, not a guess.
    const ENOUGH: f64 = 0.999;
    let mut own: Vec<Bucket> =
        rules.iter().zip(own).map(|(rule, bucket)| rule.refilled(*bucket, now)).collect();
    let mut all = GLOBAL.refilled(all, now);
    match own.first().and_then(|own| own.place) {
        // Its tokens were taken when the place was given.
        Some(place) if place <= now => {
            own[0].place = None;
            return (own, all, Decision::Admitted);
        }
        Some(place) => return (own, all, Decision::NotBefore(place)),
        None => {}
    }
    let empty = rules.iter().zip(&own).filter(|(_, bucket)| bucket.tokens < ENOUGH);
    if let Some(later) = empty.map(|(rule, bucket)| rule.next_token(*bucket)).max() {
        return (own, all, Decision::NotBefore(later));
    }
    let place = (all.tokens < ENOUGH).then(|| GLOBAL.next_token(all));
    if let Some(place) = place.filter(|place| place.0 - now.0 > QUEUE_SECONDS * SECOND) {
        return (own, all, Decision::NotBefore(place));
    }
    for bucket in own.iter_mut().chain([&mut all]) {
        bucket.tokens -= 1.0;
    }
    if let (Some(own), Some(_)) = (own.first_mut(), place) {
        own.place = place;
    }
    (own, all, place.map_or(Decision::Admitted, Decision::NotBefore))
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

/// A token taken from each bucket of a source, and from that of all.
#[derive(Clone, Debug)]
pub struct Reservation {
    own: Vec<(String, Rule)>,
}

/// Takes a token for a look-up from `source`, or a place in the queue.
pub async fn reserve(app: &App, source: IpAddr) -> anyhow::Result<Admission> {
    let own = buckets_of(&app.keys, source);
    let rules: Vec<Rule> = own.iter().map(|(_, rule)| *rule).collect();
    let now = app.now();
    store::forget_buckets(&app.db, Moment(now.0 - FULL_AGAIN_HOURS * HOUR), GLOBAL_KEY).await?;
    let (decision, low) = store::change_buckets(&app.db, &own, now, |mine, all| {
        let (mine, after, decision) = decide(&rules, mine, all, now);
        (mine, after, (decision, runs_low(GLOBAL.refilled(all, now), after)))
    })
    .await?;
    if low {
        tracing::warn!("a tenth is left of the budget of look-ups: many inquiry IDs are wrong");
    }
    Ok(match decision {
        Decision::Admitted => Admission::Reserved(Reservation { own }),
        Decision::NotBefore(at) => {
            tracing::warn!("a look-up of an inquiry ID must wait: the budget is used up");
            Admission::NotBefore(at)
        }
    })
}

/// Gives the tokens back: the ID was right.
pub async fn refund(app: &App, reservation: &Reservation) -> anyhow::Result<()> {
    let now = app.now();
    let own = &reservation.own;
    store::change_buckets(&app.db, own, now, |mine, all| {
        let mine = own.iter().zip(mine).map(|((_, rule), bucket)| rule.returned(*bucket, now));
        (mine.collect(), GLOBAL.returned(all, now), ())
    })
    .await?;
    Ok(())
}

/// The buckets of a source, its own first: an IPv4 address has one, an IPv6 address that of its
/// home and that of its site.
fn buckets_of(keys: &Keys, source: IpAddr) -> Vec<(String, Rule)> {
    match source {
        IpAddr::V4(ip) => vec![(tag(keys, &ip.octets()), PER_IPV4)],
        IpAddr::V6(ip) => {
            let ip = ip.octets();
            vec![(tag(keys, &ip[..8]), PER_IPV6), (tag(keys, &ip[..6]), PER_SITE)]
        }
    }
}

/// What stands for a source: an HMAC of its address, or of what its address begins with, under the
/// look-up key.
fn tag(keys: &Keys, source: &[u8]) -> String {
    let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new_from_slice(&keys.lookup)
        .expect("HMAC takes a key of any length");
    mac.update(b"source of look-ups:");
    mac.update(source);
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
            let own = [self.sources[source]];
            let (own, all, decision) = decide(&[PER_IPV4], &own, self.all, now);
            (self.sources[source], self.all) = (own[0], all);
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
    fn a_site_gets_no_more_than_its_share_of_the_queue_whatever_the_number_of_its_homes() {
        let rules = [PER_IPV6, PER_SITE];
        let mut site = PER_SITE.full(START);
        let mut all = Bucket { tokens: 0.0, ..GLOBAL.full(START) };
        let mut places = 0;
        for _ in 0..5_000 {
            let home = PER_IPV6.full(START);
            let (own, after, _) = decide(&rules, &[home, site], all, START);
            (site, all) = (own[1], after);
            places += i32::from(own[0].place.is_some());
            // A home that got no place leaves nothing behind.
            assert_eq!(own[0].place.is_none(), PER_IPV6.is_full(own[0], START));
        }
        assert_eq!(places, 60);
        let (_, _, elsewhere) =
            decide(&rules, &[PER_IPV6.full(START), PER_SITE.full(START)], all, START);
        assert_eq!(elsewhere, Decision::NotBefore(at(61)), "its neighbours stand behind those");
    }

    #[test]
    fn neighbours_share_a_bucket_with_their_home_and_their_site_and_no_tag_shows_an_address() {
        let keys = Keys { lookup: [1; 32], seal: [2; 32] };
        let of = |ip: &str| buckets_of(&keys, ip.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        let (one, other) = (of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert!(one[0] != other[0] && one[1] == other[1], "another home of the same site");
        assert_ne!(of("2001:db8::1")[1], of("2001:db8:1::1")[1]);
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert!(one.iter().all(|(tag, _)| tag.len() == 64) && one[0].0 != one[1].0);
    }
}
