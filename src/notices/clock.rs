//! The identification clock (特定期限): how long a provider can still look a line up.
//!
//! A provider keeps the logs that tell which line held an address for so many days, [`LOG_DAYS`]
//! where it says nothing else, counted in days of the Japanese calendar: on the last of them a line
//! can still be found, from midnight on no more. A line whose logs are gone and for which no report
//! came stands as `log_expired`: that is derived whenever it is asked for, and never a row that the
//! provider did not send. A report that comes late counts like any other. Owns no table; for how
//! long a provider keeps its logs is in the register (see `isps::log_terms`).

use serde::Serialize;

use crate::{
    isps::log_terms,
    time::{DAY, Moment},
};

/// Days for which a provider keeps its logs, unless it says otherwise.
pub const LOG_DAYS: i64 = log_terms::DAYS;
/// A line is urgent when no more than so many days are left.
pub const URGENT_DAYS: i64 = 14;

/// Japan is nine hours ahead of UTC.
const AHEAD: i64 = 9 * 3_600_000_000;

/// Whether a line can still be found (特定期限).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[doc(alias = "特定期限")]
pub enum Clock {
    /// There is time.
    InTime,
    /// [`URGENT_DAYS`] days or fewer are left.
    Urgent,
    /// The logs are gone.
    Expired,
}

impl Clock {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::InTime => "in_time",
            Self::Urgent => "urgent",
            Self::Expired => "expired",
        }
    }
}

/// The day of the Japanese calendar, as a number.
fn day(at: Moment) -> i64 {
    at.0.saturating_add(AHEAD).div_euclid(DAY)
}

/// When a day of the Japanese calendar begins.
fn begin(day: i64) -> Moment {
    Moment(day.saturating_mul(DAY).saturating_sub(AHEAD))
}

/// Days left to look up what was seen at `seen`, the last one being 0; negative once it is over.
pub fn days_left(seen: Moment, log_days: i64, now: Moment) -> i64 {
    day(seen) + log_days - day(now)
}

/// How the clock of a line stands that was seen at `seen`.
pub fn read(seen: Moment, log_days: i64, now: Moment) -> Clock {
    match days_left(seen, log_days, now) {
        ..0 => Clock::Expired,
        0..=URGENT_DAYS => Clock::Urgent,
        _ => Clock::InTime,
    }
}

/// The last moment at which it can be looked up: the end of its last day.
pub fn last_moment(seen: Moment, log_days: i64) -> Moment {
    Moment(begin(day(seen) + log_days + 1).0 - 1)
}

/// Between which sightings a clock stands so (区切り): the same rule for queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// What was seen earlier has expired.
    pub expired_before: Moment,
    /// What was seen earlier, and has not expired, is urgent.
    pub urgent_before: Moment,
}

impl Bounds {
    /// The bounds of a provider that keeps its logs for so many days.
    pub fn at(now: Moment, log_days: i64) -> Self {
        let first = day(now) - log_days;
        Self { expired_before: begin(first), urgent_before: begin(first + URGENT_DAYS + 1) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    #[test]
    fn a_line_is_found_until_midnight_in_japan_after_its_last_day() {
        let seen = at("2026-04-01T23:59:59+09:00");
        for (now, clock) in [
            ("2026-04-01T23:59:59+09:00", Clock::InTime),
            ("2026-08-14T23:59:59+09:00", Clock::InTime),
            ("2026-08-15T00:00:00+09:00", Clock::Urgent),
            ("2026-08-28T12:00:00+09:00", Clock::Urgent),
            ("2026-08-29T00:00:00+09:00", Clock::Urgent),
            ("2026-08-29T23:59:59.999999+09:00", Clock::Urgent),
            ("2026-08-30T00:00:00+09:00", Clock::Expired),
            ("2026-08-30T12:00:00+09:00", Clock::Expired),
        ] {
            assert_eq!(read(seen, 150, at(now)), clock, "{now}");
        }
        assert_eq!(last_moment(seen, 150), at("2026-08-29T23:59:59.999999+09:00"));
        // A second later it is another day in Japan, though not in London.
        let later = at("2026-04-02T00:00:00+09:00");
        assert_eq!(read(later, 150, at("2026-08-30T00:00:00+09:00")), Clock::Urgent);
        assert_eq!(days_left(later, 150, at("2026-08-30T23:00:00+09:00")), 0);
    }

    #[test]
    fn a_provider_that_keeps_no_logs_for_long_is_urgent_from_the_first_day() {
        let seen = at("2026-04-01T10:00:00+09:00");
        assert_eq!(read(seen, 14, seen), Clock::Urgent);
        assert_eq!(read(seen, 1, at("2026-04-02T10:00:00+09:00")), Clock::Urgent);
        assert_eq!(read(seen, 1, at("2026-04-03T00:00:00+09:00")), Clock::Expired);
    }

    proptest! {
        #[test]
        fn queries_and_rule_agree_on_every_sighting(
            seen in 0_i64..4_000_000_000_000_000,
            days in 1_i64..400,
            offset in -3_i64..420,
            second in 0_i64..86_400,
        ) {
            let (seen, now) = (Moment(seen), Moment(seen + offset * DAY + second * 1_000_000));
            let bounds = Bounds::at(now, days);
            let by_bounds = if seen < bounds.expired_before {
                Clock::Expired
            } else if seen < bounds.urgent_before {
                Clock::Urgent
            } else {
                Clock::InTime
            };
            prop_assert_eq!(read(seen, days, now), by_bounds);
            prop_assert_eq!(now > last_moment(seen, days), by_bounds == Clock::Expired);
        }

        #[test]
        fn the_clock_never_goes_back(
            seen in 0_i64..4_000_000_000_000_000,
            days in 1_i64..400,
            earlier in 0_i64..500,
            more in 0_i64..500,
        ) {
            let at = |days: i64| Moment(seen).plus_days(days);
            let (one, two) = (at(earlier), at(earlier + more));
            let place = |now| read(Moment(seen), days, now) as u8;
            prop_assert!(place(one) <= place(two));
            let left = |now| days_left(Moment(seen), days, now);
            prop_assert_eq!(left(two), left(one) - more);
        }
    }
}
