//! Schedules (日程): when something is done again, and how long to wait after a failure.
//!
//! A pattern of cron is read in Japanese time, where the people who write it live. After failures
//! the wait doubles from a minute to six hours. Owns no table.

use std::{fmt, str::FromStr, time::Duration};

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use rand::RngExt as _;

use crate::{app::App, time::Moment};

/// How far Japan is ahead of UTC; it has kept this offset since 1951.
const JAPAN: TimeDelta = TimeDelta::hours(9);

/// The wait after a first failure.
const BACK_OFF: Duration = Duration::from_mins(1);
/// The longest wait, however often it failed.
const BACK_OFF_MAX: Duration = Duration::from_hours(6);

/// When something is done again (日程).
#[derive(Clone, Debug)]
#[doc(alias = "日程")]
pub enum Schedule {
    /// So long after the last time.
    Every(Duration),
    /// At the times of a pattern of cron, in Japanese time.
    Cron(Box<Cron>),
}

/// A text that is no schedule, and what to write instead.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotASchedule {
    /// Not a number of minutes, hours or days.
    #[error("`{0}` is no time span between 1m and 31d, such as 15m, 6h or 1d")]
    NoSpan(String),
    /// Not a pattern of cron.
    #[error("`{0}` is no pattern of cron such as `0 6 * * *` (six in the morning in Japan): {1}")]
    NoPattern(String, String),
    /// It names days that never come.
    #[error("`{0}` names a time that never comes")]
    Never(String),
}

/// Reads a time span such as `15m`, `6h` or `1d`.
pub fn span(text: &str) -> Result<Duration, NotASchedule> {
    let bad = || NotASchedule::NoSpan(text.to_owned());
    let unit = text.chars().next_back().ok_or_else(bad)?;
    let minutes: u64 = match unit {
        'm' => 1,
        'h' => 60,
        'd' => 24 * 60,
        _ => return Err(bad()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| bad())?;
    let total = number.checked_mul(minutes).filter(|total| (1..=31 * 24 * 60).contains(total));
    total.map(Duration::from_mins).ok_or_else(bad)
}

impl FromStr for Schedule {
    type Err = NotASchedule;

    fn from_str(text: &str) -> Result<Self, NotASchedule> {
        if let Some(given) = text.strip_prefix("every ") {
            return span(given).map(Self::Every);
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed);
        let cron = parser.build().parse(text);
        let cron = cron.map_err(|e| NotASchedule::NoPattern(text.to_owned(), e.to_string()))?;
        let schedule = Self::Cron(Box::new(cron));
        // A pattern such as `0 0 30 2 *` is well formed; that it says nothing shows only here.
        match schedule.next(Moment(0)) {
            Some(_) => Ok(schedule),
            None => Err(NotASchedule::Never(text.to_owned())),
        }
    }
}

/// A time span in the greatest unit that it is whole in: `d`, `h` or `m`.
pub(crate) fn in_units(span: Duration) -> (u64, &'static str) {
    let minutes = span.as_secs() / 60;
    match minutes {
        _ if minutes.is_multiple_of(24 * 60) => (minutes / (24 * 60), "d"),
        _ if minutes.is_multiple_of(60) => (minutes / 60, "h"),
        _ => (minutes, "m"),
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(span) => {
                let (number, unit) = in_units(*span);
                write!(f, "every {number}{unit}")
            }
            Self::Cron(cron) => f.write_str(cron.as_str()),
        }
    }
}

impl Schedule {
    /// The next time after `at`; nothing where the calendar ends before it comes.
    pub fn next(&self, at: Moment) -> Option<Moment> {
        match self {
            Self::Every(span) => Some(later(at, *span)),
            Self::Cron(cron) => {
                let next = cron.find_next_occurrence(&in_japan(at)?, false).ok()?;
                Some(Moment((next - JAPAN).and_utc().timestamp_micros()))
            }
        }
    }
}

fn in_japan(at: Moment) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(at.0)?.naive_utc().checked_add_signed(JAPAN)
}

/// The moment so much later.
pub fn later(at: Moment, span: Duration) -> Moment {
    Moment(at.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
}

/// How long to wait after so many failures in a row: a minute, doubling up to six hours. A random
/// quarter is taken off, so that ways which failed together do not come back together.
pub fn back_off(app: &App, failures: i64) -> Duration {
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(0).min(16);
    let whole = BACK_OFF.saturating_mul(1 << doublings).min(BACK_OFF_MAX);
    whole.mul_f64(app.random(|rng| rng.random_range(0.75..=1.0)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn next(schedule: &str, at: &str) -> String {
        let schedule: Schedule = schedule.parse().unwrap();
        schedule.next(Moment::parse(at).unwrap()).unwrap().rfc3339()
    }

    #[test]
    fn a_pattern_is_read_in_japanese_time() {
        assert_eq!(next("0 6 * * *", "2026-11-27T05:59:00+09:00"), "2026-11-26T21:00:00Z");
        assert_eq!(next("0 6 * * *", "2026-11-27T06:00:00+09:00"), "2026-11-27T21:00:00Z");
        // 1 April begins in Japan while it is still March in UTC.
        assert_eq!(next("0 0 1 4 *", "2027-03-31T14:59:59Z"), "2027-03-31T15:00:00Z");
        assert_eq!(next("0 0 29 2 *", "2026-11-27T00:00:00Z"), "2028-02-28T15:00:00Z");
        assert_eq!(
            next("*/15 9-17 * * MON-FRI", "2026-11-27T17:45:00+09:00"),
            "2026-11-30T00:00:00Z"
        );
    }

    #[test]
    fn a_span_is_minutes_hours_or_days() {
        assert_eq!(next("every 15m", "2026-11-27T05:59:00+09:00"), "2026-11-26T21:14:00Z");
        for (text, shown) in [("every 90m", "every 90m"), ("every 24h", "every 1d")] {
            assert_eq!(text.parse::<Schedule>().unwrap().to_string(), shown);
        }
        for bad in ["", "m", "0m", "15", "-1h", "15 m", "32d", "1w", "９m", "18446744073709551615d"]
        {
            assert_eq!(span(bad), Err(NotASchedule::NoSpan(bad.to_owned())), "{bad}");
        }
    }

    #[test]
    fn a_pattern_that_is_none_or_never_comes_is_refused() {
        for bad in ["", "daily", "0 6 * *", "0 0 6 * * *", "61 * * * *", "every", "* * * * ７"] {
            assert!(matches!(bad.parse::<Schedule>(), Err(NotASchedule::NoPattern(..))), "{bad}");
        }
        let never = "0 0 30 2 *".parse::<Schedule>();
        assert_eq!(never.unwrap_err(), NotASchedule::Never("0 0 30 2 *".to_owned()));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,40}") {
            let _ = text.parse::<Schedule>();
        }

        #[test]
        fn the_next_time_lies_after_the_present(minute in 0_u32..60, hour in 0_u32..24, at: u32) {
            let schedule: Schedule = format!("{minute} {hour} * * *").parse().unwrap();
            let at = Moment(i64::from(at) * 1_000_000);
            let next = schedule.next(at).unwrap();
            prop_assert!(next > at && next <= at.plus_days(1));
        }
    }
}
