//! Kaplan–Meier curve: the share of a group without the event, by time, when some left early.
//!
//! With nᵢ at risk and dᵢ events at the time tᵢ:
//!
//! | quantity | formula | source |
//! |---|---|---|
//! | survival | S(t) = Π (1 − dᵢ/nᵢ) over tᵢ ≤ t | Kaplan, Meier 1958, J. Am. Stat. Assoc. 53 |
//! | variance of log S | Σ dᵢ / (nᵢ(nᵢ − dᵢ)) | Greenwood 1926 |
//! | cumulative hazard | H(t) = Σ dᵢ/nᵢ | Nelson 1972; Aalen 1978, Ann. Stat. 6 |
//! | variance of H | Σ dᵢ/nᵢ² | as above, Poisson form |
//!
//! Digits are those of `survfit` in R `survival` 3.5-3, its intervals and quantiles included.

mod bounds;
mod mean;
mod quantile;

pub use bounds::Kind;
pub use mean::RestrictedMean;
pub use quantile::Quantile;

use crate::risk::{Group, RiskTable};
use crate::{Interval, Level};

/// The curve of one group: a point for each time at which a row of it left.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Label of the group.
    pub group: u16,
    /// Rows of the group.
    pub rows: u64,
    /// Points, ascending in time; before the first one survival is 1.
    pub points: Vec<Point>,
}

/// The state of a curve from one time up to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Time at which rows left.
    pub time: f64,
    /// Rows at risk just before `time`.
    pub at_risk: u64,
    /// Events at `time`.
    pub events: u64,
    /// Rows censored at `time`; pieces of a subject that goes on elsewhere count here too.
    pub censored: u64,
    /// S(time), Kaplan–Meier.
    pub survival: f64,
    /// H(time), Nelson–Aalen.
    pub cumulative_hazard: f64,
    /// Standard error of `cumulative_hazard`.
    pub cumulative_hazard_se: f64,
    /// Greenwood's sum, the variance of log S; infinite once S is 0.
    log_variance: f64,
}

/// What a curve says at one time; see [`Curve::survival_at`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurvivalAt {
    /// Share without the event.
    pub survival: f64,
    /// Its interval; absent where the kind has none (S = 0, for most kinds also S = 1).
    pub interval: Option<Interval>,
    /// Rows still at risk at the time asked for; on a curve with late entries, rows at risk at
    /// the next time on which one left.
    pub at_risk: u64,
}

/// One curve per group, in the order of the labels.
pub fn curves(table: &RiskTable) -> Vec<Curve> {
    table.groups().iter().map(curve).collect()
}

fn curve(group: &Group) -> Curve {
    let mut walk = group.walk();
    let (mut survival, mut log_variance) = (1.0, 0.0);
    let (mut hazard, mut hazard_variance) = (0.0, 0.0);
    let points = group.exits.iter().map(|exit| {
        let (at_risk, events) = walk.to(exit.time);
        if events > 0 {
            let (n, d) = (at_risk as f64, events as f64);
            survival *= (n - d) / n;
            log_variance += d / (n * (n - d));
            hazard += d / n;
            hazard_variance += d / (n * n);
        }
        Point {
            time: exit.time,
            at_risk,
            events,
            censored: exit.censored,
            survival,
            cumulative_hazard: hazard,
            cumulative_hazard_se: f64::sqrt(hazard_variance),
            log_variance,
        }
    });
    Curve { group: group.label, rows: group.rows, points: points.collect() }
}

impl Point {
    /// Standard error of log S; absent once S is 0.
    pub fn log_se(&self) -> Option<f64> {
        self.log_variance.is_finite().then(|| self.log_variance.sqrt())
    }

    /// Greenwood's standard error of S; absent once S is 0.
    pub fn se(&self) -> Option<f64> {
        self.log_se().map(|se| se * self.survival)
    }

    /// Interval for S; absent where `kind` has none.
    pub fn interval(&self, kind: Kind, level: Level) -> Option<Interval> {
        bounds::interval(self.survival, self.log_se()?, kind, level.z())
    }
}

impl Curve {
    /// Interval for S at each point.
    pub fn intervals(&self, kind: Kind, level: Level) -> Vec<Option<Interval>> {
        let z = level.z();
        let of = |p: &Point| bounds::interval(p.survival, p.log_se()?, kind, z);
        self.points.iter().map(of).collect()
    }

    /// Reads the step function at `time`, for a chart or a table of days.
    ///
    /// `None` when `time` is not a time (negative, NaN), or when the last row left before it
    /// without bringing the curve to 0: nothing is known then.
    pub fn survival_at(&self, time: f64, kind: Kind, level: Level) -> Option<SurvivalAt> {
        if time.is_nan() || time < 0.0 {
            return None;
        }
        let past = self.points.partition_point(|point| point.time <= time);
        let next = self.points[past..].first();
        let (survival, interval) = match past.checked_sub(1).map(|last| &self.points[last]) {
            Some(last) if next.is_none() && last.time < time && last.survival > 0.0 => return None,
            Some(last) => (last.survival, last.interval(kind, level)),
            None => (1.0, bounds::interval(1.0, 0.0, kind, level.z())),
        };
        Some(SurvivalAt { survival, interval, at_risk: next.map_or(0, |point| point.at_risk) })
    }
}

#[cfg(test)]
mod tests;
