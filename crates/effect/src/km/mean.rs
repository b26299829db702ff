//! Restricted mean: the average time without the event within the first τ, the area under S.
//!
//! Its variance is Σ A(tᵢ)² dᵢ/(nᵢ(nᵢ − dᵢ)) with A(t) the area from t to τ, the term being 0
//! where all at risk had the event (Klein, Moeschberger 2003, §4.5). It stays meaningful when the
//! median is never reached and needs no proportional hazards.

use super::Curve;
use crate::Error;

/// Restricted mean of one curve, in the unit of its times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMean {
    /// The horizon τ.
    pub tau: f64,
    /// Mean time without the event within the first τ.
    pub mean: f64,
    /// Its standard error.
    pub se: f64,
    /// True when the last row left before τ with S above 0. As in R, the curve was then drawn
    /// on flat, which is an assumption and not an observation: choose a smaller τ.
    pub extrapolated: bool,
}

impl Curve {
    /// Mean time without the event within the first `tau`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless `tau` is positive and finite and its square is finite too.
    pub fn restricted_mean(&self, tau: f64) -> Result<RestrictedMean, Error> {
        if !(tau > 0.0 && tau.is_finite()) {
            return Err(Error::OutOfRange { name: "tau" });
        }
        let within = &self.points[..self.points.partition_point(|point| point.time <= tau)];
        let (mut area, mut variance, mut until) = (0.0, 0.0, tau);
        for point in within.iter().rev() {
            area += point.survival * (until - point.time);
            until = point.time;
            let (n, d) = (point.at_risk as f64, point.events as f64);
            if point.at_risk > point.events {
                variance += area * area * d / (n * (n - d));
            }
        }
        // Times near the end of the number range have a mean, but its square has none.
        if !variance.is_finite() {
            return Err(Error::OutOfRange { name: "tau" });
        }
        let last = self.points.last();
        Ok(RestrictedMean {
            tau,
            mean: area + until,
            se: variance.sqrt(),
            extrapolated: last.is_none_or(|point| point.time < tau && point.survival > 0.0),
        })
    }
}
