//! Soft locks (試行の間隔): whoever fails to sign in waits, longer each time.
//!
//! Failures are counted for each pair of a name and a source, so that nobody can lock somebody else
//! out from afar, and for each source, so that whoever tries many names does not keep others
//! waiting. An attempt is counted as failed before it is looked at and forgotten when it succeeds,
//! so that attempts side by side cannot outrun the count. A name that nobody has waits like any
//! other (OWASP ASVS 5.0, 6.3), yet leaves no row: its failures are kept in memory alone. What is
//! counted are keyed hashes.
//!
//! Codes are counted for each account as well, from wherever they come: whoever has a password that
//! leaked has as many sources as six digits take. Nobody is locked out from afar by it, since codes
//! are asked for behind the first factor alone.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{
    accounts::{self, Account},
    doors::Standing,
    store::{self, accounts::Fact},
};
use crate::{
    app::App,
    db::retry,
    time::{DAY, Moment},
};

/// From so many failures on the log tells of them.
const TOLD: i64 = 10;
/// From so many failures on a pair is locked until midnight.
const LOCKED: i64 = 100;
/// Who locks, as the audit log says it; no account is named so.
const LOCKS: &str = "todoke (sign-in)";

/// How long after its last failure a pair may try again; nothing = at once.
pub fn wait(failures: i64, last: Moment) -> Option<Moment> {
    let seconds = match failures {
        ..=0 => return None,
        1..3 => 1,
        3..9 => 3,
        9..25 => 5,
        25..LOCKED => 10,
        _ => return Some(last.next_midnight()),
    };
    Some(Moment(last.0 + seconds * 1_000_000))
}

/// Failures from one source that are looked at as they come: an office full of people behind one
/// address mistypes so often.
const BURST: i64 = 20;
/// Beyond these one attempt each five seconds is, in microseconds.
const DRAIN: i64 = 5_000_000;

/// How full the bucket of a source is at `now`, and as of when, given how full it was at `last`.
fn level((failures, last): (i64, Moment), now: Moment) -> (i64, Moment) {
    let steps = (now.0 - last.0).max(0) / DRAIN;
    match failures - steps {
        ..=0 => (0, now),
        left => (left, Moment(last.0 + steps * DRAIN)),
    }
}

/// Until when a source waits whose bucket is that full.
fn full((failures, since): (i64, Moment)) -> Option<Moment> {
    let over = failures - BURST + 1;
    (over > 0).then(|| Moment(since.0 + over * DRAIN))
}

/// An attempt that came too early (早すぎる試行).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooEarly {
    /// When the next one is looked at.
    pub until: Moment,
}

impl TooEarly {
    /// Whether that is not before tomorrow in Japan.
    pub fn is_over_for_today(self, now: Moment) -> bool {
        self.until >= now.next_midnight()
    }

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

/// What is tried where a second factor is typed.
pub const CODE: &str = "code";

/// The bucket of all codes of an account, whatever their source; one that is recovered begins anew.
fn of_codes(app: &App, attempt: &Attempt<'_>) -> Option<Bucket> {
    let account = attempt.account.filter(|_| attempt.what == CODE)?;
    let invited = format!("{} {}", account.id, account.invited_at.0);
    Some(bucket(app, ("codes", &invited), Ipv4Addr::UNSPECIFIED.into()))
}

/// An attempt to sign in (入る試み), before anybody has looked whether it is right.
#[derive(Clone, Copy, Debug)]
#[doc(alias = "入る試み")]
pub struct Attempt<'a> {
    /// What is tried: `password` or [`CODE`].
    pub what: &'a str,
    /// The name that was typed.
    pub name: &'a str,
    /// From where it comes.
    pub source: IpAddr,
    /// The account that may be entered under that name.
    pub account: Option<&'a Account>,
}

/// An attempt that is looked at, and counted as failed until somebody says otherwise.
#[must_use]
#[derive(Debug)]
pub struct Counted {
    buckets: Buckets,
    failures: Failures,
}

/// Where an attempt is counted (数える場所).
#[derive(Clone, Copy, Debug)]
struct Buckets {
    pair: Bucket,
    source: Bucket,
    /// Of the codes of an account, where one is typed.
    codes: Option<Bucket>,
}

/// The failures of an attempt's pair, and of all codes of its account (失敗の数).
#[derive(Clone, Copy, Debug)]
struct Failures {
    of_pair: i64,
    of_codes: i64,
}

/// Lets an attempt be looked at, and counts it as failed until [`Counted::succeeded`] says
/// otherwise.
pub async fn admit(app: &App, attempt: &Attempt<'_>) -> anyhow::Result<Result<Counted, TooEarly>> {
    let buckets = Buckets {
        pair: bucket(app, (attempt.what, &attempt.name.to_lowercase()), attempt.source),
        source: bucket(app, ("source", ""), attempt.source),
        codes: of_codes(app, attempt),
    };
    let now = app.now();
    // A look alone for most of a flood, which thereby does not wait for whoever writes.
    let of_source = store::locks::look(&app.db, &buckets.source).await?;
    if let Some(until) = of_source.and_then(|kept| full(level(kept, now))) {
        app.strangers.tell_of_a_flood(now);
        return Ok(Err(TooEarly { until }));
    }
    let of_pair = store::locks::look(&app.db, &buckets.pair).await?;
    if let Some(early) = of_pair.and_then(|kept| too_early(kept, now)) {
        return Ok(Err(early));
    }
    let of_nobody = match attempt.account {
        Some(_) => None,
        None => match app.strangers.admit(buckets.pair, now) {
            Ok(failures) => Some(failures),
            Err(early) => return Ok(Err(early)),
        },
    };
    let admitted = reserve(app, buckets, of_nobody.is_none(), now).await?;
    Ok(admitted.map(|written| {
        let of_pair = of_nobody.unwrap_or(written.of_pair);
        Counted { buckets, failures: Failures { of_pair, ..written } }
    }))
}

/// Counts an attempt in its buckets; gives the failures. The row of a name that nobody has is taken
/// away again: both cost the same, and no row stays.
async fn reserve(
    app: &App,
    Buckets { pair, source, codes }: Buckets,
    is_known: bool,
    now: Moment,
) -> anyhow::Result<Result<Failures, TooEarly>> {
    let reserve = async || {
        let mut tx = app.db.begin().await?;
        store::locks::sweep(&mut tx, Moment(now.0 - 2 * DAY)).await?;
        let (filled, since) = level(store::locks::hold(&mut tx, &source).await?, now);
        if let Some(until) = full((filled, since)) {
            return Ok(Err(TooEarly { until }));
        }
        let kept = store::locks::hold(&mut tx, &pair).await?;
        if let Some(early) = too_early(kept, now) {
            return Ok(Err(early));
        }
        let mut failures = Failures { of_pair: kept.0 + 1, of_codes: 0 };
        if let Some(codes) = &codes {
            let kept = store::locks::hold(&mut tx, codes).await?;
            // Below the lock nobody waits here for what others do elsewhere.
            if let Some(early) = too_early(kept, now).filter(|_| kept.0 >= LOCKED) {
                return Ok(Err(early));
            }
            store::locks::count(&mut tx, codes, now).await?;
            failures.of_codes = kept.0 + 1;
        }
        store::locks::set(&mut tx, &source, (filled + 1, since)).await?;
        if is_known {
            store::locks::count(&mut tx, &pair, now).await?;
        } else {
            store::locks::forget(&mut tx, &pair).await?;
        }
        tx.commit().await?;
        Ok(Ok(failures))
    };
    Ok(retry::again(reserve).await?)
}

fn too_early((failures, last): (i64, Moment), now: Moment) -> Option<TooEarly> {
    wait(failures, last).filter(|until| now < *until).map(|until| TooEarly { until })
}

impl Counted {
    /// It was right: the failures of the pair and of the account's codes are forgotten, and the
    /// source has one less.
    pub async fn succeeded(self, app: &App) -> anyhow::Result<()> {
        let forget = async || {
            let mut tx = app.db.begin().await?;
            store::locks::take_back(&mut tx, &self.buckets.source).await?;
            store::locks::forget(&mut tx, &self.buckets.pair).await?;
            if let Some(codes) = &self.buckets.codes {
                store::locks::forget(&mut tx, codes).await?;
            }
            tx.commit().await
        };
        Ok(retry::again(forget).await?)
    }

    /// Nobody could look at it: it counts for nothing.
    pub async fn taken_back(self, app: &App) -> anyhow::Result<()> {
        app.strangers.take_back(&self.buckets.pair);
        let take_back = async || {
            let mut tx = app.db.begin().await?;
            let Buckets { pair, source, codes } = &self.buckets;
            for bucket in [source, pair].into_iter().chain(codes) {
                store::locks::take_back(&mut tx, bucket).await?;
            }
            tx.commit().await
        };
        Ok(retry::again(take_back).await?)
    }

    /// It was wrong: the log tells of it where many were before it, without the name that was
    /// typed, which may be a password; that a confirmed account is locked is kept.
    pub async fn failed(self, app: &App, attempt: &Attempt<'_>) -> anyhow::Result<()> {
        let (Failures { of_pair, of_codes }, what) = (self.failures, attempt.what);
        let who = attempt.account.map_or("unknown name", |account| account.name.as_str());
        for (failures, from) in [(of_pair, "one source"), (of_codes, "any source")] {
            if failures == TOLD || failures >= LOCKED {
                tracing::warn!("signing in failed {failures} times from {from}: {who} ({what})");
            }
        }
        let failures = of_pair.max(of_codes);
        let account = attempt.account.filter(|one| one.standing() == Standing::Confirmed);
        let Some(account) = account.filter(|_| failures >= LOCKED) else { return Ok(()) };
        let detail = serde_json::json!({ "failures": failures, "what": what }).to_string();
        let by = (LOCKS, app.now());
        let keep = async || {
            let mut tx = app.db.begin().await?;
            accounts::told_with(&mut tx, account, Fact::Locked, by, Some(&detail)).await?;
            tx.commit().await
        };
        Ok(retry::again(keep).await?)
    }
}

/// Names that nobody has (だれのものでもない名前), as pairs that fail: in memory, and not many.
#[derive(Debug, Default)]
pub struct Strangers {
    failures: Mutex<HashMap<Bucket, (i64, Moment)>>,
    told_at: Mutex<Option<Moment>>,
}

impl Strangers {
    /// The most pairs that are kept.
    const MOST: usize = 4096;

    /// Counts an attempt unless it comes too early; gives the failures of the pair.
    fn admit(&self, pair: Bucket, now: Moment) -> Result<i64, TooEarly> {
        let mut kept = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |(_, last): &(i64, Moment)| last.0 >= now.0 - 2 * DAY;
        let (failures, last) = kept.get(&pair).copied().filter(is_recent).unwrap_or((0, now));
        if let Some(early) = too_early((failures, last), now) {
            return Err(early);
        }
        if kept.len() >= Self::MOST && !kept.contains_key(&pair) {
            kept.retain(|_, one| too_early(*one, now).is_some());
        }
        if kept.len() >= Self::MOST {
            let oldest = kept.iter().min_by_key(|(_, (_, last))| last.0).map(|(pair, _)| *pair);
            if let Some(pair) = oldest {
                kept.remove(&pair);
            }
        }
        kept.insert(pair, (failures + 1, now));
        Ok(failures + 1)
    }

    fn take_back(&self, pair: &Bucket) {
        let mut kept = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((failures, _)) = kept.get_mut(pair) {
            *failures -= 1;
        }
    }

    /// Tells the log, once an hour at most, that one source tries too often.
    fn tell_of_a_flood(&self, now: Moment) {
        const HOUR: i64 = DAY / 24;
        let mut told_at = self.told_at.lock().unwrap_or_else(PoisonError::into_inner);
        if told_at.is_none_or(|at| now.0 - at.0 >= HOUR) {
            tracing::warn!("one source tries to sign in too often, and is slowed down");
            *told_at = Some(now);
        }
    }
}

/// Failures beyond which an attempt that guesses at nothing waits no longer: five seconds are the
/// longest.
const PACED: i64 = 24;

/// Counts an attempt that guesses at nothing, unless it comes too early: whoever shares a source
/// with somebody who keeps failing is slowed down and never locked out.
pub async fn pace(app: &App, bucket: &Bucket) -> anyhow::Result<Result<(), TooEarly>> {
    let now = app.now();
    let pace = async || {
        let mut tx = app.db.begin().await?;
        store::locks::sweep(&mut tx, Moment(now.0 - 2 * DAY)).await?;
        let (failures, last) = store::locks::hold(&mut tx, bucket).await?;
        if let Some(early) = too_early((failures.min(PACED), last), now) {
            return Ok(Err(early));
        }
        store::locks::count(&mut tx, bucket, now).await?;
        tx.commit().await?;
        Ok(Ok(()))
    };
    Ok(retry::again(pace).await?)
}

/// Forgets what [`pace`] counted, for whoever got it right.
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

    #[test]
    fn a_source_has_a_burst_and_then_one_attempt_each_five_seconds() {
        let start = Moment::parse("2026-05-01T12:00:00+09:00").unwrap();
        let after = |seconds: i64| Moment(start.0 + seconds * 1_000_000);
        let attempts = |from: (i64, Moment), seconds: std::ops::Range<i64>| {
            seconds.fold((from, 0), |(kept, admitted), second| {
                let (filled, since) = level(kept, after(second));
                match full((filled, since)) {
                    None => ((filled + 1, since), admitted + 1),
                    Some(_) => (kept, admitted),
                }
            })
        };
        let (mut kept, mut at_once) = ((0, Moment(0)), 0);
        while full(level(kept, start)).is_none() {
            let (filled, since) = level(kept, start);
            (kept, at_once) = ((filled + 1, since), at_once + 1);
        }
        assert_eq!(at_once, 20);
        assert_eq!(full(level(kept, start)), Some(after(5)));
        let (kept, admitted) = attempts(kept, 1..101);
        assert_eq!(admitted, 20, "one each five seconds");
        assert_eq!(level(kept, after(300)), (0, after(300)), "it drains");
    }

    #[test]
    fn names_that_nobody_has_wait_like_others_and_fill_no_memory() {
        let (strangers, now) = (Strangers::default(), Moment(1_000 * DAY));
        let pair = |number: u64| {
            let mut pair = [0; 32];
            pair[..8].copy_from_slice(&number.to_be_bytes());
            pair
        };
        assert_eq!(strangers.admit(pair(0), now), Ok(1));
        assert_eq!(
            strangers.admit(pair(0), now),
            Err(TooEarly { until: Moment(now.0 + 1_000_000) })
        );
        let later = Moment(now.0 + 1_000_000);
        assert_eq!(strangers.admit(pair(0), later), Ok(2));
        for number in 1..10_000 {
            assert_eq!(strangers.admit(pair(number), later), Ok(1));
        }
        assert_eq!(strangers.failures.lock().unwrap().len(), Strangers::MOST);
        let days = Moment(later.0 + 2 * DAY + 1);
        assert_eq!(strangers.admit(pair(9_999), days), Ok(1), "it is forgotten after two days");
    }
}
