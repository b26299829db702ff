//! Turnbull's curve: survival when the event is known only to lie between two looks.
//!
//! Monthly scans say that a device was last seen at L and first missing at R, so the event lies
//! in (L, R]. The likelihood Π (S(Lᵢ) − S(Rᵢ)) is largest for masses on the *innermost intervals*
//! alone: those that run from a left end to the next right end with no other end between (Peto
//! 1973, Appl. Stat. 22; Turnbull 1976, J. R. Stat. Soc. B 38). How a mass lies within its
//! interval the data cannot tell, so between the ends S has a lower and an upper value.
//!
//! The masses p are the maximum if, and only if, no innermost interval j has
//! D_j = (1/n) Σ 1\[j in i\]/Pᵢ above 1, Pᵢ being the mass in row i (Gentleman, Geyer 1994,
//! Biometrika 81). The largest D_j comes with every result as its certificate: the log likelihood
//! is at most n·(D − 1) below its maximum.

mod bootstrap;
mod innermost;
mod maximise;

pub use bootstrap::{Bootstrap, DRAWS_MAX, bootstrap, bootstrap_difference};

use crate::Error;

/// The largest certificate that a result may carry: D_j ≤ 1 + 1e-6 for every j.
pub const KKT_MAX: f64 = 1.0 + 1e-6;

/// One row, or several equal ones: the event lies in (left, right], or at left = right exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Latest time known to be before the event; 0 when the event was there at the first look.
    pub left: f64,
    /// Earliest time known not to be before the event; `None` when it was not seen to happen.
    pub right: Option<f64>,
    /// How many rows are alike.
    pub count: u64,
}

impl Span {
    /// The event lies in (left, right].
    pub fn between(left: f64, right: f64) -> Self {
        Self { left, right: Some(right), count: 1 }
    }

    /// The event was seen to happen at `time`.
    pub fn exactly(time: f64) -> Self {
        Self::between(time, time)
    }

    /// The event had not happened by `left` (right-censored).
    pub fn after(left: f64) -> Self {
        Self { left, right: None, count: 1 }
    }

    /// The event happened by `right` (left-censored), after time 0.
    pub fn by(right: f64) -> Self {
        Self::between(0.0, right)
    }

    /// `count` rows like this one.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self { count, ..self }
    }
}

/// An innermost interval (left, right] with its mass; a single time if both ends are equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Left end.
    pub left: f64,
    /// Right end; `None` for the mass beyond the last look.
    pub right: Option<f64>,
    /// Probability of the event within.
    pub mass: f64,
}

/// The maximum likelihood estimate; see the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Npmle {
    /// Innermost intervals, ascending; those without mass too.
    pub cells: Vec<Cell>,
    /// Log likelihood at the masses.
    pub log_likelihood: f64,
    /// The certificate: largest D_j, never above [`KKT_MAX`].
    pub kkt_max: f64,
    /// Newton steps taken.
    pub iterations: usize,
}

/// What the data say of S at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// S if the mass of the interval around the time comes before it.
    pub lower: f64,
    /// S if it comes after it; equal to `lower` outside innermost intervals and at right ends.
    pub upper: f64,
}

/// The estimate from rows in any order; equal rows cost nothing extra.
///
/// # Errors
/// [`Error::Empty`] when no row has a count, [`Error::NotFinite`], [`Error::NegativeTime`],
/// [`Error::NotAfterStart`] (right < left), [`Error::NotConverged`] when the certificate fails.
pub fn fit(spans: &[Span]) -> Result<Npmle, Error> {
    let grid = innermost::grid(spans)?;
    let solution = maximise::maximise(&grid.rows, grid.cells.len());
    // A NaN fails this comparison too.
    if solution.kkt_max <= KKT_MAX {
        let mut cells = grid.cells;
        cells.iter_mut().zip(&solution.mass).for_each(|(cell, &mass)| cell.mass = mass);
        let log_likelihood = grid.total * solution.mean_log_likelihood;
        let (kkt_max, iterations) = (solution.kkt_max, solution.iterations);
        return Ok(Npmle { cells, log_likelihood, kkt_max, iterations });
    }
    Err(Error::NotConverged { iterations: solution.iterations })
}

impl Npmle {
    /// Both values of S at `time`; `None` unless it is a finite time from 0 on.
    pub fn survival_at(&self, time: f64) -> Option<Band> {
        if !(time >= 0.0 && time.is_finite()) {
            return None;
        }
        // Summed from the far end, so that the tail keeps its digits.
        let (mut lower, mut upper) = (0.0, 0.0);
        for cell in self.cells.iter().rev() {
            if cell.right.is_none_or(|right| right > time) {
                upper += cell.mass;
                lower += if cell.left >= time { cell.mass } else { 0.0 };
            }
        }
        Some(Band { lower: f64::min(lower, 1.0), upper: f64::min(upper, 1.0) })
    }

    /// S at `time` with the mass of each innermost interval spread evenly over it.
    ///
    /// A convention, not knowledge: it gives one number between the two of
    /// [`Npmle::survival_at`]. `None` beyond the last look, where a mass has no right end.
    pub fn interpolated_at(&self, time: f64) -> Option<f64> {
        let band = self.survival_at(time)?;
        let around = self.cells.iter().find(|cell| {
            cell.mass > 0.0 && cell.left < time && cell.right.is_none_or(|right| right > time)
        });
        let Some(cell) = around else { return Some(band.upper) };
        let past = (time - cell.left) / (cell.right? - cell.left);
        Some(band.upper - past * (band.upper - band.lower))
    }
}

#[cfg(test)]
mod tests;
