//! The coverage calendar (走査暦): on which days a feed's scans covered something, and how well.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use sqlx::FromRow;

use super::store;
use crate::{
    db::Db,
    ids::FeedId,
    time::{DAY, Moment},
};

/// What a day's runs come to, best first (走査状況).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Covered {
    /// Every part of some run was complete enough to count.
    Fully,
    /// Some parts counted, others did not.
    Partly,
    /// Runs took place, and no part of them counts: nobody's silence means anything.
    InVain,
    /// No run.
    Nothing,
}

impl Covered {
    /// A word for templates and texts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fully => "fully",
            Self::Partly => "partly",
            Self::InVain => "in-vain",
            Self::Nothing => "nothing",
        }
    }
}

/// One day of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day, in Japan.
    pub date: Date,
    /// What its runs come to.
    pub covered: Covered,
    /// The runs, by name.
    pub runs: Vec<String>,
    /// Addresses that were tried, summed over the runs that ended on that day.
    pub attempted: i64,
}

/// What one run says: when it lasted, how many parts it has, and how many of them count.
#[derive(Clone, Debug, FromRow)]
pub(super) struct RunDays {
    pub(super) scan_run: String,
    pub(super) from_at: Moment,
    pub(super) to_at: Moment,
    pub(super) parts: i64,
    pub(super) counting: i64,
    pub(super) attempted: i64,
}

/// The days of the month of `month` as a feed covered them.
pub async fn month(db: &Db, feed: FeedId, month: Date) -> crate::db::Result<Vec<Day>> {
    let (first, last) = (month.first_of_month(), month.last_of_month());
    let (from, to) = (midnight(first), Moment(midnight(last).0 + DAY));
    let runs = store::coverage::days(db, feed, (from, to)).await?;
    Ok(days(first, last, &runs))
}

/// Midnight in Japan.
fn midnight(date: Date) -> Moment {
    let since = date.since(jiff::civil::date(1970, 1, 1)).map_or(0, |span| span.get_days());
    Moment(i64::from(since) * DAY - 9 * 3_600_000_000)
}

fn days(first: Date, last: Date, runs: &[RunDays]) -> Vec<Day> {
    let mut on: BTreeMap<Date, (BTreeSet<&str>, Covered, i64)> = BTreeMap::new();
    for run in runs {
        let ended = run.to_at.in_japan().date();
        let one = match run.counting {
            0 => Covered::InVain,
            all if all == run.parts => Covered::Fully,
            _ => Covered::Partly,
        };
        let mut day = run.from_at.in_japan().date().max(first);
        while day <= ended.min(last) {
            let entry = on.entry(day).or_insert((BTreeSet::new(), Covered::Nothing, 0));
            entry.0.insert(&run.scan_run);
            entry.1 = entry.1.min(one);
            entry.2 += if day == ended { run.attempted } else { 0 };
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
    }
    let mut days = Vec::with_capacity(31);
    let mut day = first;
    while day <= last {
        let (runs, covered, attempted) =
            on.remove(&day).unwrap_or((BTreeSet::new(), Covered::Nothing, 0));
        let runs = runs.into_iter().map(str::to_owned).collect();
        days.push(Day { date: day, covered, runs, attempted });
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    days
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_run_over_midnight_stands_on_both_days_and_counts_its_addresses_once() {
        let at = |text: &str| Moment::parse(text).unwrap();
        let run = |name: &str, from, to, counting| RunDays {
            scan_run: name.to_owned(),
            from_at: at(from),
            to_at: at(to),
            parts: 2,
            counting,
            attempted: 500,
        };
        let runs = [
            run("a", "2026-04-30T23:00:00+09:00", "2026-05-01T01:00:00+09:00", 2),
            run("b", "2026-05-03T23:59:59+09:00", "2026-05-04T00:00:00+09:00", 1),
            run("c", "2026-05-04T10:00:00+09:00", "2026-05-04T11:00:00+09:00", 0),
        ];
        let days = days(date(2026, 5, 1), date(2026, 5, 31), &runs);
        assert_eq!(days.len(), 31);
        let of = |day: usize| (days[day - 1].covered, days[day - 1].attempted);
        assert_eq!(of(1), (Covered::Fully, 500));
        assert_eq!(of(2), (Covered::Nothing, 0));
        assert_eq!(of(3), (Covered::Partly, 0));
        assert_eq!((of(4), days[3].runs.len()), ((Covered::Partly, 1_000), 2));
        assert_eq!(midnight(date(2026, 5, 1)), Moment::parse_day("2026-05-01").unwrap());
    }
}
