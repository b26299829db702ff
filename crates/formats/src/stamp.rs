//! 時刻: times as feeds write them, and as our own formats write them.
//!
//! RFC 3339 is the rule; `YYYY-MM-DD HH:MM:SS` without a zone is what Shadowserver sends, and
//! `2026/4/1 9:05` what a Japanese spreadsheet makes of it. A time without a zone counts only
//! where the feed states its zone: Japan Standard Time read as UTC is nine hours off.

use std::fmt::Write as _;

use crate::Reason;

const SECOND: i64 = 1_000_000;

/// Japan is nine hours ahead of UTC.
const JAPAN: i32 = 9 * 3_600;

/// Reads a time into microseconds UTC. `utc_offset` (seconds east) is the zone of a naive time.
///
/// Years 1970 to 9999 in UTC. A fraction beyond microseconds is cut. A leap second counts as the
/// next one.
pub fn parse(text: &str, utc_offset: Option<i32>) -> Result<i64, Reason> {
    let bytes = text.as_bytes();
    if let Some(naive) = fast_naive(bytes) {
        let offset = utc_offset.ok_or(Reason::NoZone)?;
        return writable((naive - i64::from(offset)) * SECOND);
    }
    writable(slow(text.trim(), utc_offset)?)
}

/// Reads a time as people in Japan write it: with its zone, or as a Japanese spreadsheet shows it,
/// `2026/3/20 9:05`, which is Japan Standard Time. Programs write `2026-03-20 09:05`, and many of
/// them mean UTC: such a time is refused as by [`parse`], unless `utc_offset` tells its zone.
pub fn parse_japanese(text: &str, utc_offset: Option<i32>) -> Result<i64, Reason> {
    let is_of_a_spreadsheet = text.trim().as_bytes().get(4) == Some(&b'/');
    parse(text, if is_of_a_spreadsheet { Some(JAPAN) } else { utc_offset })
}

/// Reads a day without a time, `2026-03-19` or `2026/3/19`, as the moment it begins in Japan;
/// `None` for every other shape.
pub fn day(text: &str) -> Option<i64> {
    let text = text.trim();
    let separator = if text.contains('/') { '/' } else { '-' };
    let [year, month, day] = numbers(text.split(separator), [4, 2, 2])?;
    let begins = seconds([year, month, day, 0, 0, 0])? - i64::from(JAPAN);
    writable(begins * SECOND).ok()
}

/// The moment at which the day of `at` begins in Japan.
pub fn day_of(at: i64) -> i64 {
    const DAY: i64 = 86_400 * SECOND;
    let japan = i64::from(JAPAN) * SECOND;
    (at + japan).div_euclid(DAY) * DAY - japan
}

/// Writes the day of a moment in Japan: `2026-03-19`.
pub fn japan_day(at: i64) -> String {
    let mut text = civil(at, i64::from(JAPAN));
    text.truncate(10);
    text
}

/// The zone may carry a time out of the years that are written; it would not be read again.
fn writable(at: i64) -> Result<i64, Reason> {
    const YEAR_10000: i64 = 253_402_300_800 * SECOND;
    if (0..YEAR_10000).contains(&at) { Ok(at) } else { Err(Reason::BadTime) }
}

/// `YYYY-MM-DD HH:MM:SS` in seconds, or `None` for every other shape.
fn fast_naive(b: &[u8]) -> Option<i64> {
    let b: &[u8; 19] = b.try_into().ok()?;
    if b[4] != b'-' || b[7] != b'-' || b[10] != b' ' || b[13] != b':' || b[16] != b':' {
        return None;
    }
    let two = |at: usize| -> Option<i64> {
        let (tens, ones) = (b[at].wrapping_sub(b'0'), b[at + 1].wrapping_sub(b'0'));
        (tens < 10 && ones < 10).then(|| i64::from(tens) * 10 + i64::from(ones))
    };
    let year = two(0)? * 100 + two(2)?;
    seconds([year, two(5)?, two(8)?, two(11)?, two(14)?, two(17)?])
}

/// Seconds since 1970 of year, month, day, hour, minute, second; `None` if there is no such time.
fn seconds([year, month, day, hour, minute, second]: [i64; 6]) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1970..=9999).contains(&year) || !(1..=days).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": `days_from_civil`.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Every accepted shape: `-` or `/` in the date, blank or `T`, optional seconds, fraction and zone.
fn slow(text: &str, utc_offset: Option<i32>) -> Result<i64, Reason> {
    let (date, rest) = text.split_once(['T', 't', ' ']).ok_or(Reason::BadTime)?;
    let separator = if date.contains('/') { '/' } else { '-' };
    let date = numbers(date.split(separator), [4, 2, 2]).ok_or(Reason::BadTime)?;
    let rest = rest.trim();
    let clock_end = rest.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.');
    let (clock, zone) = rest.split_at(clock_end.unwrap_or(rest.len()));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let clock = match clock.matches(':').count() {
        1 => numbers(clock.split(':').chain(["0"]), [2, 2, 2]),
        _ => numbers(clock.split(':'), [2, 2, 2]),
    };
    let [hour, minute, second] = clock.ok_or(Reason::BadTime)?;
    let [year, month, day] = date;
    let naive = seconds([year, month, day, hour, minute, second]).ok_or(Reason::BadTime)?;
    let offset = offset(zone.trim())?.or(utc_offset.map(i64::from)).ok_or(Reason::NoZone)?;
    Ok((naive - offset) * SECOND + micros(fraction).ok_or(Reason::BadTime)?)
}

/// Exactly three numbers of at most so many digits.
fn numbers<'a>(parts: impl Iterator<Item = &'a str>, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut out = [0; 3];
    let mut count = 0;
    for part in parts {
        let fits = count < 3 && (1..=digits[count]).contains(&part.len());
        if !fits || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        out[count] = part.parse().ok()?;
        count += 1;
    }
    (count == 3).then_some(out)
}

/// Microseconds of a decimal fraction; digits beyond the sixth are cut.
fn micros(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || fraction.len() > 18 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let kept = &fraction[..fraction.len().min(6)];
    let scale = 10_i64.pow(6 - u32::try_from(kept.len()).ok()?);
    Some(kept.parse::<i64>().ok()? * scale)
}

/// Seconds east of UTC of `Z`, `UTC`, `JST`, `+09:00`, `+0900`; `None` for an empty zone.
pub(crate) fn offset(zone: &str) -> Result<Option<i64>, Reason> {
    match zone {
        "" => return Ok(None),
        "Z" | "z" | "UTC" | "GMT" => return Ok(Some(0)),
        "JST" => return Ok(Some(9 * 3600)),
        _ => {}
    }
    let (sign, digits) = match zone.split_at_checked(1) {
        Some(("+", digits)) => (1, digits),
        Some(("-", digits)) => (-1, digits),
        _ => return Err(Reason::BadTime),
    };
    let digits = digits.replacen(':', "", 1);
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::BadTime);
    }
    let number: i64 = digits.parse().map_err(|_| Reason::BadTime)?;
    let (hours, minutes) = (number / 100, number % 100);
    if hours > 23 || minutes > 59 {
        return Err(Reason::BadTime);
    }
    Ok(Some(sign * (hours * 3600 + minutes * 60)))
}

/// Writes a time as RFC 3339 in UTC, `2026-04-01T00:00:00Z`; a fraction only where there is one.
pub fn utc(at: i64) -> String {
    let mut text = civil(at, 0);
    let fraction = at.rem_euclid(SECOND);
    if fraction != 0 {
        let _ = write!(text, ".{fraction:06}");
    }
    text.push('Z');
    text
}

/// Writes a time as RFC 3339 in Japan Standard Time to the second: `2026-04-01T09:00:00+09:00`.
pub fn japan(at: i64) -> String {
    let mut text = civil(at, 9 * 3600);
    text.push_str("+09:00");
    text
}

/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": `civil_from_days`.
fn civil(at: i64, offset: i64) -> String {
    let seconds = at.div_euclid(SECOND) + offset;
    let (days, clock) = (seconds.div_euclid(86_400) + 719_468, seconds.rem_euclid(86_400));
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}
