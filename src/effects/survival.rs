//! Curves (経過曲線): the share not yet fixed, by days after the list.
//!
//! Scans come monthly, so a fix is known only to lie between two of them and the curve is
//! Turnbull's; between two scans it is drawn as falling evenly, which is a convention. Its
//! interval covers what the scans leave open. Sensors that look every day (`nicter`) give
//! Kaplan–Meier curves with log–log intervals, a fix counting on the day of its first clean scan.

use std::collections::BTreeMap;

use effect::{
    Interval, Level, km,
    risk::{RiskTable, Rows},
    turnbull::{self, Npmle, Span},
};

use super::{
    By, Draw, HORIZON_DAYS, Reading, Scope, cohort,
    cohort::{Line, Observation},
};
use crate::db::Db;

/// The stream whose sensors look every day.
const DAILY: &str = "nicter";

/// Days from one point of a curve to the next.
const GRID_DAYS: u16 = 5;

/// How a curve was estimated (推定法).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// From spans between scans.
    Turnbull,
    /// From days.
    KaplanMeier,
}

impl Method {
    /// Its word in commands and files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Turnbull => "turnbull",
            Self::KaplanMeier => "kaplan-meier",
        }
    }
}

/// A point of a curve; where follow-up has ended nothing is known and there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Days after the list.
    pub day: u16,
    /// Share not yet fixed.
    pub open: f64,
    /// Its interval; absent where the method has none, as before the first fix.
    pub interval: Option<Interval>,
    /// Lines seen unfixed on that day or later.
    pub at_risk: u64,
}

impl Point {
    /// Share fixed by that day, with its interval.
    pub fn fixed(&self) -> (f64, Option<Interval>) {
        let turn = |i: Interval| Interval { lower: 1.0 - i.upper, upper: 1.0 - i.lower };
        (1.0 - self.open, self.interval.map(turn))
    }
}

/// The curve of one group (経過曲線).
#[derive(Clone, Debug)]
#[doc(alias = "経過曲線")]
pub struct Curve {
    /// The group; `all` when not grouped.
    pub group: String,
    /// What a difference to other groups may be called; nothing when not grouped.
    pub reading: Option<Reading>,
    /// How it was estimated.
    pub method: Method,
    /// Lines followed.
    pub n: u64,
    /// Listed lines that nobody can follow.
    pub untraceable: u64,
    /// Listed lines of which no scan could prove anything yet.
    pub too_recent: u64,
    /// Points from day 0, every few days, as far as anything is known.
    pub points: Vec<Point>,
}

impl Curve {
    /// The point of that day.
    pub fn at(&self, day: u16) -> Option<&Point> {
        self.points.iter().find(|point| point.day == day)
    }
}

/// Lines of one group, ready for an estimate.
#[derive(Default)]
pub(super) struct Group {
    /// Equal spans counted together.
    pub(super) spans: Vec<Span>,
    untraceable: u64,
    too_recent: u64,
    daily: bool,
}

impl Group {
    /// Lines followed.
    pub(super) fn n(&self) -> u64 {
        self.spans.iter().map(|span| span.count).sum()
    }
}

/// One curve per group, in order of the groups' names.
pub async fn survival(
    db: &Db,
    scope: &Scope,
    by: Option<By>,
    draw: Draw,
) -> anyhow::Result<Vec<Curve>> {
    curves(&cohort::lines(db, scope).await?, by, draw)
}

/// The curves of these lines; a group of which no line can be followed has no points.
pub(super) fn curves(lines: &[Line], by: Option<By>, draw: Draw) -> anyhow::Result<Vec<Curve>> {
    let days: Vec<u16> = (0..=HORIZON_DAYS).step_by(usize::from(GRID_DAYS)).collect();
    let one = |(name, group): (String, Group)| {
        let (n, points) = (group.n(), points(&group, &days, draw)?);
        Ok(Curve {
            group: name,
            reading: by.map(Reading::of),
            method: if group.daily { Method::KaplanMeier } else { Method::Turnbull },
            n,
            untraceable: group.untraceable,
            too_recent: group.too_recent,
            points,
        })
    };
    groups(lines, by).into_iter().map(one).collect()
}

/// Listed lines by group.
pub(super) fn groups(lines: &[Line], by: Option<By>) -> BTreeMap<String, Group> {
    type Counted = BTreeMap<(u64, Option<u64>), Span>;
    let mut groups: BTreeMap<String, (Group, Counted)> = BTreeMap::new();
    for line in lines {
        let observation = line.observation();
        if matches!(observation, Observation::Unlisted | Observation::BeforeList) {
            continue;
        }
        let name = by.map_or_else(|| "all".to_owned(), |by| line.group(by));
        let (group, counted) = groups
            .entry(name)
            .or_insert((Group { daily: true, ..Group::default() }, BTreeMap::new()));
        group.daily &= line.stream == DAILY;
        match observation {
            Observation::Followed(span) => {
                // Ends are whole days from 0 on, whose bits sort as they do.
                let key = (span.left.to_bits(), span.right.map(f64::to_bits));
                counted.entry(key).or_insert(span.times(0)).count += 1;
            }
            Observation::Untraceable => group.untraceable += 1,
            _ => group.too_recent += 1,
        }
    }
    let whole = |(name, (group, counted)): (String, (Group, Counted))| {
        (name, Group { spans: counted.into_values().collect(), ..group })
    };
    groups.into_iter().map(whole).collect()
}

fn points(group: &Group, days: &[u16], draw: Draw) -> anyhow::Result<Vec<Point>> {
    if group.spans.is_empty() {
        return Ok(Vec::new());
    }
    if group.daily {
        return kaplan_meier(&group.spans, days);
    }
    let curve = turnbull::fit(&group.spans)?;
    let times: Vec<f64> = days.iter().map(|day| f64::from(*day)).collect();
    let intervals = turnbull::bootstrap(&group.spans, &times, draw.bootstrap())?;
    let known = |(day, interval): (&u16, Interval)| {
        let open = curve.interpolated_at(f64::from(*day))?;
        let at_risk = at_risk(&group.spans, f64::from(*day));
        Some(Point { day: *day, open, interval: Some(around(interval, open)), at_risk })
    };
    Ok(days.iter().zip(intervals).map_while(known).collect())
}

/// A percentile interval may miss its own estimate by rounding.
fn around(interval: Interval, open: f64) -> Interval {
    Interval { lower: interval.lower.min(open), upper: interval.upper.max(open) }
}

/// Lines seen unfixed at `time` or later.
fn at_risk(spans: &[Span], time: f64) -> u64 {
    spans.iter().filter(|span| span.left >= time).map(|span| span.count).sum()
}

fn kaplan_meier(spans: &[Span], days: &[u16]) -> anyhow::Result<Vec<Point>> {
    let repeated = |span: &Span| {
        let times = usize::try_from(span.count).unwrap_or(usize::MAX);
        std::iter::repeat_n(*span, times)
    };
    let each = || spans.iter().flat_map(repeated);
    let exit: Vec<f64> = each().map(|span| span.right.unwrap_or(span.left)).collect();
    let event: Vec<bool> = each().map(|span| span.right.is_some()).collect();
    let table = RiskTable::from_rows(&Rows::right_censored(&exit, &event))?;
    let curves = km::curves(&table);
    let known = |day: &u16| {
        let curve = curves.first()?;
        let at = curve.survival_at(f64::from(*day), km::Kind::LogLog, Level::P95)?;
        Some(Point { day: *day, open: at.survival, interval: at.interval, at_risk: at.at_risk })
    };
    Ok(days.iter().map_while(known).collect())
}

/// Share fixed by `day` as one number of a curve; beyond its end, what was reached by then.
pub(super) fn fixed_by(curve: &Npmle, day: f64) -> f64 {
    let ends = curve.cells.iter().filter(|cell| cell.right.is_none()).map(|cell| cell.left);
    let last = ends.fold(f64::INFINITY, f64::min);
    1.0 - curve.interpolated_at(day.min(last)).unwrap_or(1.0)
}
