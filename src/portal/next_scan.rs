//! The next scan (次の調査): about when the place of a case is looked at again.
//!
//! Nobody promises a day. What may be said follows from the rhythm of the past runs that looked for
//! its weakness over the very place where its line was seen last. Reads them by `feeds::runs`.

use super::result::Line;
use crate::{app::App, cases::CaseRef, feeds::runs, time::Moment};

/// Runs that must be known before a rhythm may be spoken of.
const RUNS_MIN: usize = 3;
/// The latest runs count: a rhythm that was given up years ago says nothing.
const RUNS_MAX: usize = 13;

/// No run that ended earlier is asked for: thirteen monthly ones lie within.
const MEMORY_DAYS: i64 = 400;

/// What may be said of the next scan (次の調査の見込み).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "次の調査の見込み")]
pub enum Next {
    /// About then.
    Around(Moment),
    /// By its rhythm it is due; it may be under way, or its result not yet here.
    Due,
    /// Too few runs are known, or they have ceased.
    NotKnown,
}

/// When the next run is due after runs that ended at `ends`, which are in order of time: the median
/// gap later.
///
/// Runs of one day are one. A rhythm that has missed two beats is one no longer.
pub fn expected(ends: &[Moment], now: Moment) -> Next {
    let mut days: Vec<Moment> = ends.to_vec();
    days.dedup_by(|next, before| next.date_jst() == before.date_jst());
    let days = &days[days.len().saturating_sub(RUNS_MAX)..];
    let Some(last) = days.last().filter(|_| days.len() >= RUNS_MIN) else { return Next::NotKnown };
    let mut gaps: Vec<i64> = days.windows(2).map(|two| two[1].0 - two[0].0).collect();
    gaps.sort_unstable();
    let middle = gaps.len() / 2;
    let gap = match gaps.len() % 2 {
        1 => gaps[middle],
        _ => i64::midpoint(gaps[middle - 1], gaps[middle]),
    };
    let next = Moment(last.0 + gap);
    if next > now && next.date_jst() != now.date_jst() {
        Next::Around(next)
    } else if now.0 - last.0 < 2 * gap {
        Next::Due
    } else {
        Next::NotKnown
    }
}

/// What may be said of the next scan of the line of a case.
pub async fn of(app: &App, case: CaseRef) -> anyhow::Result<Next> {
    let line = Line::of(app, case).await?;
    let place = line.stands_at().place()?;
    let now = app.now();
    let place = (place.ip, (place.proto, place.port), place.exposure.weakness);
    let since = now.plus_days(-MEMORY_DAYS);
    let (ends, is_read) = runs::looked_at(&app.db, place, since, now).await?;
    Ok(match expected(&ends, now) {
        // The last run has been there, and nobody knows yet what it found.
        Next::Around(_) if !is_read => Next::Due,
        next => next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(days: &[i64]) -> Vec<Moment> {
        days.iter().map(|day| Moment(0).plus_days(*day)).collect()
    }

    fn next(days: &[i64], now: i64) -> Next {
        expected(&on(days), Moment(0).plus_days(now))
    }

    fn around(day: i64) -> Next {
        Next::Around(Moment(0).plus_days(day))
    }

    #[test]
    fn the_next_run_is_a_median_gap_after_the_last() {
        assert_eq!(next(&[0, 30, 60], 61), around(90));
        assert_eq!(next(&[0, 30, 61, 91], 95), around(121));
        assert_eq!(next(&[0, 28, 120, 150], 151), around(180), "one long break is no rhythm");
        assert_eq!(next(&[0, 7, 16], 17), around(24), "between two gaps, the middle");
    }

    #[test]
    fn with_fewer_than_three_runs_nothing_is_said() {
        for days in [&[][..], &[5], &[5, 35]] {
            assert_eq!(next(days, 36), Next::NotKnown);
        }
        let morning_and_evening = [Moment(0), Moment(3_600_000_000), Moment(7_200_000_000)];
        assert_eq!(expected(&morning_and_evening, Moment(8_000_000_000)), Next::NotKnown);
    }

    #[test]
    fn a_run_that_is_late_is_due_and_one_that_stays_away_is_not_promised() {
        assert_eq!(next(&[0, 30, 60], 90), Next::Due, "today");
        assert_eq!(next(&[0, 30, 60], 119), Next::Due);
        assert_eq!(next(&[0, 30, 60], 120), Next::NotKnown);
    }

    #[test]
    fn a_rhythm_that_was_given_up_long_ago_does_not_count() {
        let daily: Vec<i64> = (0..100).collect();
        let weekly: Vec<i64> = (1..=12).map(|week| 99 + week * 7).collect();
        let all: Vec<i64> = daily.into_iter().chain(weekly).collect();
        assert_eq!(next(&all, 184), around(190));
    }
}
