//! Moments and the clock (時刻): stored as UTC microseconds, shown in Japanese time.
//!
//! The clock is injected: the same program runs on the wall clock, on a fixed moment in a test and
//! on the calendar of the demo country. Owns no table.

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::{Timestamp, civil, tz::Offset};

/// Microseconds in a day.
pub const DAY: i64 = 86_400_000_000;

/// A moment (時刻): microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    sqlx::Type,
    serde::Serialize,
    serde::Deserialize,
)]
#[sqlx(transparent)]
#[serde(transparent)]
#[doc(alias = "時刻")]
pub struct Moment(pub i64);

/// A text that is no moment, and what to write instead.
#[derive(Debug, thiserror::Error)]
pub enum NotAMoment {
    /// Nobody can tell whose midnight or whose clock it means.
    #[error("`{text}` names no offset from UTC; for Japan, write {example}")]
    NoOffset {
        /// As it was written.
        text: String,
        /// The same with the offset of Japan.
        example: String,
    },
    /// No time at all.
    #[error("`{0}` is no RFC 3339 time with an offset, such as 2026-05-01T09:00:00+09:00")]
    NoTime(String),
}

impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        Self::parse(text)
    }
}

impl Moment {
    /// Reads an RFC 3339 time; one without an offset is refused, and so is a bare date.
    pub fn parse(text: &str) -> Result<Self, NotAMoment> {
        if let Ok(stamp) = text.parse::<Timestamp>() {
            return Ok(Self(stamp.as_microsecond()));
        }
        let local: Result<civil::DateTime, _> = text.parse();
        Err(match local {
            Ok(local) => NotAMoment::NoOffset {
                text: text.to_owned(),
                example: format!("{}+09:00", local.strftime("%Y-%m-%dT%H:%M:%S")),
            },
            Err(_) => NotAMoment::NoTime(text.to_owned()),
        })
    }

    /// Reads a date, whose beginning in Japan it means, or an RFC 3339 time: for columns whose
    /// format says so.
    pub fn parse_day(text: &str) -> Result<Self, NotAMoment> {
        if text.len() != 10 {
            return Self::parse(text);
        }
        let bad = || NotAMoment::NoTime(text.to_owned());
        let date: civil::Date = text.parse().map_err(|_| bad())?;
        let midnight = JAPAN.to_timestamp(date.at(0, 0, 0, 0)).map_err(|_| bad())?;
        Ok(Self(midnight.as_microsecond()))
    }

    /// The moment `days` later (earlier when negative).
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(DAY)))
    }

    /// Days from `earlier` to this moment, with the fraction.
    pub fn days_since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0) as f64 / DAY as f64
    }

    /// The moment on the Japanese calendar; a moment beyond year 9999 shows as the epoch.
    pub fn in_japan(self) -> civil::DateTime {
        JAPAN.to_datetime(Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// The next midnight in Japan.
    #[must_use]
    pub fn next_midnight(self) -> Self {
        const NINE_HOURS: i64 = DAY / 24 * 9;
        Self((self.0 + NINE_HOURS).div_euclid(DAY) * DAY + DAY - NINE_HOURS)
    }

    /// The last moment of its day in Japan, to which a deadline on that day holds.
    #[must_use]
    pub fn end_of_day(self) -> Self {
        Self(self.next_midnight().0 - 1)
    }

    /// When the day in Japan on which this lies began.
    #[must_use]
    pub fn midnight(self) -> Self {
        Self(self.next_midnight().0 - DAY)
    }

    /// Whether the day in Japan on which this lies is over.
    pub fn is_day_over(self, now: Self) -> bool {
        now > self.end_of_day()
    }

    /// RFC 3339 in UTC to the second, for machines.
    pub fn rfc3339(self) -> String {
        let utc = Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        Offset::UTC.to_datetime(utc).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The date in Japan as `2026-05-01`.
    pub fn date_jst(self) -> String {
        self.in_japan().strftime("%Y-%m-%d").to_string()
    }

    /// The date in Japan as a letter writes it: `2026年11月23日(月)`.
    pub fn date_ja(self) -> String {
        const WEEKDAYS: [&str; 7] = ["月", "火", "水", "木", "金", "土", "日"];
        let day = self.in_japan();
        let weekday = WEEKDAYS[usize::from(day.weekday().to_monday_zero_offset().unsigned_abs())];
        format!("{}年{}月{}日({weekday})", day.year(), day.month(), day.day())
    }

    /// The date in Japan in English: `23 November 2026`.
    pub fn date_en(self) -> String {
        self.in_japan().strftime("%-d %B %Y").to_string()
    }
}

/// Japan has kept one offset since 1951, so no time zone database is needed.
const JAPAN: Offset = jiff::tz::offset(9);

/// Where the present comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    Wall,
    /// A moment that only its holder moves; clones share it.
    Set(Arc<AtomicI64>),
    /// The machine's clock, moved by so many microseconds: the demo country's present goes on.
    Shifted(i64),
}

impl Clock {
    /// A clock that stands still at `at` until it is set again.
    pub fn standing_at(at: Moment) -> Self {
        Self::Set(Arc::new(AtomicI64::new(at.0)))
    }

    /// A clock that reads `at` now and goes on from there.
    pub fn going_on_from(at: Moment) -> Self {
        Self::Shifted(at.0 - Self::Wall.now().0)
    }

    /// The present.
    pub fn now(&self) -> Moment {
        #[expect(clippy::disallowed_methods, reason = "the one place that asks the wall")]
        let wall = || Timestamp::now().as_microsecond();
        match self {
            Self::Wall => Moment(wall()),
            Self::Set(at) => Moment(at.load(Ordering::SeqCst)),
            Self::Shifted(by) => Moment(wall() + by),
        }
    }

    /// Moves a standing clock; the wall clock cannot be moved and stays.
    pub fn set(&self, at: Moment) {
        if let Self::Set(cell) = self {
            cell.store(at.0, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_offset_is_refused_and_told_how_it_is_written() {
        for (text, example) in [
            ("2026-05-01T00:00:00", "2026-05-01T00:00:00+09:00"),
            ("2026-05-01 12:30", "2026-05-01T12:30:00+09:00"),
            ("2026-05-01", "2026-05-01T00:00:00+09:00"),
        ] {
            let told = Moment::parse(text).unwrap_err().to_string();
            assert!(told.ends_with(&format!("write {example}")), "{told}");
            assert!(Moment::parse(example).is_ok());
        }
        assert!(Moment::parse("soon").unwrap_err().to_string().contains("such as 2026-05-01T"));
    }

    #[test]
    fn where_a_format_takes_a_date_it_begins_at_midnight_in_japan() {
        let midnight = Moment::parse_day("2026-05-01").unwrap();
        assert_eq!(midnight.rfc3339(), "2026-04-30T15:00:00Z");
        assert_eq!(midnight.date_jst(), "2026-05-01");
        assert_eq!(midnight.date_ja(), "2026年5月1日(金)");
        assert_eq!(Moment::parse_day("2026-04-30T15:00:00Z").unwrap(), midnight);
        assert!(Moment::parse_day("2026-05-41").is_err());
    }
}
