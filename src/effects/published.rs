//! What the public is told (公表値): rounded, with small cells withheld, as of the month's start.
//!
//! A count from 1 to 9 is withheld, and so is one that differs from another published count by 1
//! to 9, since the difference would say what is withheld. A share is told only with its count.
//! Facts count up to the start of the month in Japan, so that two looks within a month cannot be
//! subtracted from each other.

use super::{
    By, Draw, Reading, Scope, TABLE_DAYS, WAIT, cohort, funnel,
    funnel::{Share, Step},
    survival,
    survival::{Curve, Method},
};
use crate::{db::Db, time::Moment, web::chart};

/// Counts below are withheld.
pub const LEAST: u64 = 10;

/// Samples drawn for each interval on the page.
const REPLICATES: usize = 400;

/// The stream that the public page speaks of.
const STREAM: &str = "notice";

/// The public figures (公表値).
#[derive(Clone, Debug)]
#[doc(alias = "公表値")]
pub struct Published {
    /// Facts up to here count.
    pub as_of: Moment,
    /// The funnel.
    pub steps: Vec<PublicStep>,
    /// By what the curves are grouped.
    pub by: By,
    /// The curves, largest share still open first.
    pub curves: Vec<PublicCurve>,
}

/// One step of the funnel as it may be told.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicStep {
    /// The step.
    pub step: Step,
    /// Of those detected; nothing when withheld.
    pub of_detected: Option<PublicShare>,
    /// Of those warned; nothing when withheld.
    pub of_warned: Option<PublicShare>,
}

/// A count and its share as they may be told.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicShare {
    /// Lines.
    pub count: u64,
    /// Of so many.
    pub n: u64,
    /// In per cent; nothing of nothing has none.
    pub percent: Option<String>,
    /// Lower and upper end of the Wilson interval in per cent.
    pub interval: Option<(String, String)>,
}

/// One group's curve as it may be told.
#[derive(Clone, Debug)]
pub struct PublicCurve {
    /// The group's word.
    pub group: String,
    /// How it was estimated.
    pub method: Method,
    /// Its size, at least [`LEAST`], and its points.
    pub series: chart::Series,
}

impl Published {
    /// What a difference between the curves may be called.
    pub fn reading(&self) -> Reading {
        Reading::of(self.by)
    }

    /// Whether there is anything to tell.
    pub fn is_empty(&self) -> bool {
        let detected = self.steps.first().and_then(|step| step.of_detected.as_ref());
        detected.is_none_or(|detected| detected.count == 0)
    }
}

/// The start of the month of `now` in Japan.
pub fn month_start(now: Moment) -> Moment {
    let first = now.in_japan().strftime("%Y-%m-01").to_string();
    Moment::parse_day(&first).unwrap_or(now)
}

/// The public figures as of the start of this month.
pub async fn compile(db: &Db, now: Moment) -> anyhow::Result<Published> {
    let scope = Scope::of_stream(STREAM, month_start(now));
    let lines = cohort::lines(db, &scope).await?;
    let rows = funnel::count(&lines, scope.as_of, None);
    let draw = Draw { replicates: REPLICATES, ..Draw::default() };
    let arms = curves(survival::curves(&lines, Some(By::Arm), draw)?);
    let drawn = arms.len() > 1 && arms.iter().any(|curve| curve.group == WAIT);
    let (by, curves) = if drawn {
        (By::Arm, arms)
    } else {
        (By::Channel, curves(survival::curves(&lines, Some(By::Channel), draw)?))
    };
    Ok(Published { as_of: scope.as_of, steps: steps(&rows), by, curves })
}

/// Counts that were told, against which each further one is held.
#[derive(Default)]
pub(super) struct Told(Vec<u64>);

impl Told {
    /// The count if it may be told: no cell, and no difference to a told one, from 1 to 9.
    pub(super) fn tell(&mut self, count: u64) -> Option<u64> {
        let small = |cell: u64| (1..LEAST).contains(&cell);
        if small(count) || self.0.iter().any(|told| small(told.abs_diff(count))) {
            return None;
        }
        self.0.push(count);
        Some(count)
    }
}

/// The funnel as it may be told.
pub(super) fn steps(rows: &[funnel::Row]) -> Vec<PublicStep> {
    let mut told = Told::default();
    let of_detected: Vec<_> = rows.iter().map(|row| public(&mut told, row.of_detected)).collect();
    let steps = rows.iter().zip(of_detected).map(|(row, of_detected)| PublicStep {
        step: row.step,
        of_detected,
        of_warned: public(&mut told, row.of_warned),
    });
    steps.collect()
}

fn public(told: &mut Told, share: Share) -> Option<PublicShare> {
    // A share of a withheld denominator would tell it.
    let whole = share.n == 0 || share.n >= LEAST;
    let count = told.tell(share.count).filter(|_| whole)?;
    let percent = |share: f64| chart::Thousandths::of(share).percent();
    Some(PublicShare {
        count,
        n: share.n,
        percent: share.estimate.map(percent),
        interval: share.interval.map(|ends| (percent(ends.lower), percent(ends.upper))),
    })
}

/// Curves of groups that are large enough; lines without an arm belong to no trial.
fn curves(curves: Vec<Curve>) -> Vec<PublicCurve> {
    let large =
        |curve: &Curve| curve.n >= LEAST && !curve.points.is_empty() && curve.group != "none";
    let mut public: Vec<PublicCurve> = curves.into_iter().filter(large).map(one).collect();
    let last = |curve: &PublicCurve| curve.series.points.last().map(|point| point.share);
    public.sort_by_key(|curve| std::cmp::Reverse(last(curve)));
    public
}

fn one(curve: Curve) -> PublicCurve {
    let mut told = Told::default();
    told.tell(curve.n);
    let round = chart::Thousandths::of;
    let points = curve.points.iter().map(|point| chart::Point {
        day: point.day,
        share: round(point.open),
        interval: point.interval.map(|ends| (round(ends.lower), round(ends.upper))),
        // Between the days of the table a number at risk would only help to subtract.
        at_risk: (point.day == 0 || TABLE_DAYS.contains(&point.day))
            .then(|| told.tell(point.at_risk))
            .flatten(),
    });
    let series = chart::Series { label: curve.group.clone(), n: curve.n, points: points.collect() };
    PublicCurve { group: curve.group, method: curve.method, series }
}
