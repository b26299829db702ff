//! 時刻の書式: times as a mapping states them, and Japanese dates.

use jiff::fmt::strtime;
use jiff::tz::Offset;

use super::mapping::{Mapping, unusable};
use crate::{FileRefused, Reading, Reason, stamp, text};

/// Microseconds from 1601, where Windows begins, to 1970.
const WINDOWS_US: i64 = 11_644_473_600 * 1_000_000;

/// How the times of a file are written.
#[derive(Debug)]
pub(super) struct Clock {
    format: Format,
    utc_offset: Option<i32>,
}

#[derive(Debug)]
enum Format {
    /// RFC 3339, what spreadsheets make of it, Japanese dates.
    Usual,
    /// Since 1970; the number of digits tells seconds, milliseconds and microseconds apart.
    Epoch,
    /// Tenths of microseconds since 1601.
    WindowsNt,
    /// A format of strptime.
    Stated(String),
}

impl Clock {
    pub(super) fn of(mapping: &Mapping, reading: Reading) -> Result<Self, FileRefused> {
        let format = match mapping.time_format.as_deref() {
            None => Format::Usual,
            Some("epoch" | "epoch_millis") => Format::Epoch,
            Some("windows_nt") => Format::WindowsNt,
            Some(format) if format.contains('%') => Format::Stated(format.to_owned()),
            Some(other) => {
                let what = "is not epoch, epoch_millis, windows_nt or like %Y-%m-%d %H:%M:%S";
                return Err(unusable(format!("the time format {other:?} {what}")));
            }
        };
        Ok(Self { format, utc_offset: mapping.utc_offset(reading.utc_offset)? })
    }

    /// Reads a time into microseconds UTC. A date alone is its midnight.
    pub(super) fn read(&self, cell: &str) -> Result<i64, Reason> {
        let plain = text::narrow(cell);
        if text::is_rounded(&plain) {
            return Err(Reason::RoundedNumber);
        }
        match &self.format {
            Format::Usual => match stamp::parse(&plain, self.utc_offset) {
                Err(Reason::BadTime) => {
                    let japanese = japanese(&plain).ok_or(Reason::BadTime)?;
                    stamp::parse(&japanese, self.utc_offset)
                }
                read => read,
            },
            Format::Epoch => epoch(&plain),
            Format::WindowsNt => {
                let ticks = number(&plain)?;
                let micros = ticks / 10 - WINDOWS_US;
                if micros < 0 { Err(Reason::BadTime) } else { Ok(micros) }
            }
            Format::Stated(format) => self.stated(format, &plain),
        }
    }

    fn stated(&self, format: &str, cell: &str) -> Result<i64, Reason> {
        let parts = strtime::parse(format, cell).map_err(|_| Reason::BadTime)?;
        let stamp = if parts.offset().is_some() {
            parts.to_timestamp().map_err(|_| Reason::BadTime)?
        } else {
            let naive = parts.to_datetime().or_else(|_| parts.to_date().map(|d| d.at(0, 0, 0, 0)));
            let naive = naive.map_err(|_| Reason::BadTime)?;
            let seconds = self.utc_offset.ok_or(Reason::NoZone)?;
            let offset = Offset::from_seconds(seconds).map_err(|_| Reason::BadTime)?;
            offset.to_timestamp(naive).map_err(|_| Reason::BadTime)?
        };
        let micros = stamp.as_microsecond();
        if micros < 0 { Err(Reason::BadTime) } else { Ok(micros) }
    }
}

fn number(digits: &str) -> Result<i64, Reason> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::BadTime);
    }
    digits.parse().map_err(|_| Reason::BadTime)
}

/// Ten digits are seconds and thirteen milliseconds, whatever the feed calls them.
fn epoch(cell: &str) -> Result<i64, Reason> {
    let (whole, fraction) = cell.split_once('.').unwrap_or((cell, "0"));
    let (value, _) = (number(whole)?, number(fraction)?);
    match whole.len() {
        9..=10 => {
            let micros: String = fraction.chars().chain("000000".chars()).take(6).collect();
            Ok(value * 1_000_000 + number(&micros)?)
        }
        12..=13 => Ok(value * 1_000),
        15..=16 => Ok(value),
        _ => Err(Reason::BadTime),
    }
}

/// `令和3年4月1日 12時34分`, `R3.4.1`, `2021/4/1`, `2021年4月1日(木) 午後3時5分`, made into
/// `2021-4-1 12:34`.
fn japanese(text: &str) -> Option<String> {
    let (era, rest) = era(text.trim());
    let (year, rest) = match rest.strip_prefix('元') {
        Some(rest) if era.is_some() => (1, rest),
        _ => leading(rest)?,
    };
    let rest = rest.strip_prefix(['年', '/', '.', '-'])?;
    let (month, rest) = leading(rest)?;
    let rest = rest.strip_prefix(['月', '/', '.', '-'])?;
    let (day, rest) = leading(rest)?;
    let year = match era {
        Some(first) => {
            let year = (first.0 + year).checked_sub(1)?;
            within(first, (year, month, day)).then_some(year)?
        }
        None => (year >= 1000).then_some(year)?,
    };
    let rest = rest.strip_prefix('日').unwrap_or(rest).trim_start();
    let rest = match rest.strip_prefix('(').and_then(|r| r.split_once(')')) {
        Some((weekday, rest)) if weekday.chars().count() <= 3 => rest.trim_start(),
        _ => rest,
    };
    Some(format!("{year:04}-{month}-{day} {}", clock(rest)?))
}

/// First year of an era, its first day and its last.
type Era = (u32, (u32, u32, u32), (u32, u32, u32));

/// Reads the name of an era off the front.
fn era(text: &str) -> (Option<Era>, &str) {
    const REIWA: Era = (2019, (2019, 5, 1), (9999, 12, 31));
    const HEISEI: Era = (1989, (1989, 1, 8), (2019, 4, 30));
    let names = [("令和", REIWA), ("㋿", REIWA), ("R", REIWA), ("r", REIWA)];
    let older = [("平成", HEISEI), ("㍻", HEISEI), ("H", HEISEI), ("h", HEISEI)];
    for (name, era) in names.into_iter().chain(older) {
        if let Some(rest) = text.strip_prefix(name) {
            return (Some(era), rest.trim_start_matches(['.', ' ']));
        }
    }
    (None, text)
}

fn within((_, first, last): Era, date: (u32, u32, u32)) -> bool {
    first <= date && date <= last
}

/// The number of one to four digits at the front.
fn leading(text: &str) -> Option<(u32, &str)> {
    let text = text.trim_start();
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(len);
    (1..=4).contains(&len).then_some(())?;
    Some((digits.parse().ok()?, rest.trim_start()))
}

/// The time of day; midnight where none is named.
fn clock(text: &str) -> Option<String> {
    let text = text.strip_prefix('T').unwrap_or(text).trim();
    if text.is_empty() {
        return Some("0:00".to_owned());
    }
    let (noon, text) = match (text.strip_prefix("午前"), text.strip_prefix("午後")) {
        (Some(rest), _) => (Some(0), rest),
        (_, Some(rest)) => (Some(12), rest),
        _ => (None, text),
    };
    let (mut hour, rest) = leading(text)?;
    if let Some(noon) = noon {
        hour = if hour <= 12 { hour % 12 + noon } else { return None };
    }
    let rest = rest.replace(['時', '分'], ":").replace('秒', "");
    let rest = rest.trim_end_matches(':');
    Some(if rest.is_empty() { format!("{hour}:00") } else { format!("{hour}{rest}") })
}
