//! Quantiles of the time to the event, the median among them, with intervals.
//!
//! The p quantile is the time at which 1 − S reaches p; when the curve is flat exactly at p, the
//! middle of the flat. Its interval reads the lower and the upper bound of S the same way
//! (Brookmeyer, Crowley 1982, Biometrics 38), so an end that a bound never reaches is absent.
//!
//! R `survival` 3.5-3 has two readings, both kept here digit by digit. They part in two places:
//!
//! | where | [`Curve::median`], as `print` and `summary` | [`Curve::quantile`], as `quantile` |
//! |---|---|---|
//! | the last flat lies exactly at p | its start | the middle from its start to the last exit |
//! | a bound falls below p and rises again | the first time below | the nearest height |

use super::{Curve, Kind};
use crate::{Error, Level};

/// Two shares closer than this count as equal: the square root of the machine epsilon, as in R.
const TOLERANCE: f64 = 1.490_116_119_384_765_6e-8;

/// A quantile of the time to the event; what the curve never reaches is absent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The time.
    pub time: Option<f64>,
    /// Lower end of its interval.
    pub lower: Option<f64>,
    /// Upper end of its interval.
    pub upper: Option<f64>,
}

impl Curve {
    /// Time by which half have had the event.
    pub fn median(&self, kind: Kind, level: Level) -> Quantile {
        let bounds = self.intervals(kind, level);
        let lower = bounds.iter().map(|bound| bound.map(|interval| interval.lower));
        let upper = bounds.iter().map(|bound| bound.map(|interval| interval.upper));
        Quantile {
            time: self.halving(self.points.iter().map(|point| Some(point.survival))),
            lower: self.halving(lower),
            upper: self.halving(upper),
        }
    }

    /// First time at which `shares`, given at each point, is down to one half.
    fn halving(&self, shares: impl Iterator<Item = Option<f64>>) -> Option<f64> {
        let steps = self.points.iter().zip(shares);
        let mut down = steps.filter_map(|(point, share)| Some((point.time, share?)));
        let (time, share) = down.find(|&(_, share)| share < 0.5 + TOLERANCE)?;
        // A flat at one half ends where the curve next falls.
        let flat = (share - 0.5).abs() < TOLERANCE;
        let next = down.find(|&(_, later)| flat && later < share);
        Some(next.map_or(time, |(until, _)| f64::midpoint(time, until)))
    }

    /// Time by which the share `p` has had the event.
    ///
    /// # Errors
    /// [`Error::NotAProbability`] unless 0 ≤ `p` ≤ 1.
    pub fn quantile(&self, p: f64, kind: Kind, level: Level) -> Result<Quantile, Error> {
        if !(0.0..=1.0).contains(&p) {
            return Err(Error::NotAProbability);
        }
        let bounds = self.intervals(kind, level);
        let lower = bounds.iter().map(|bound| bound.map(|interval| interval.lower));
        let upper = bounds.iter().map(|bound| bound.map(|interval| interval.upper));
        Ok(Quantile {
            time: self.crossing(self.points.iter().map(|point| Some(point.survival)), p),
            lower: self.crossing(lower, p),
            upper: self.crossing(upper, p),
        })
    }

    /// Time at which one minus `shares`, given at each point, reaches `p`.
    fn crossing(&self, shares: impl Iterator<Item = Option<f64>>, p: f64) -> Option<f64> {
        if p == 0.0 {
            return Some(0.0);
        }
        let mut steps = vec![(0.0, 0.0)];
        let mut ends_absent = false;
        for (point, share) in self.points.iter().zip(shares) {
            ends_absent = share.is_none();
            steps.extend(share.map(|share| (1.0 - share, point.time)));
        }
        // A bound need not be monotone. The sort is stable: equal heights keep their order.
        let last = steps.last().filter(|_| !ends_absent).map(|step| step.0);
        steps.sort_by(|a, b| a.0.total_cmp(&b.0));
        let at_least = |height: f64| steps.get(steps.partition_point(|step| step.0 < height));
        let first = at_least(p - TOLERANCE)?.1;
        if last.is_some_and(|height| (p - height).abs() < TOLERANCE) {
            return Some(f64::midpoint(first, self.points.last()?.time));
        }
        Some(f64::midpoint(first, at_least(p + TOLERANCE)?.1))
    }
}
