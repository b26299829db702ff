//! Log-rank family: do groups differ in how fast the event comes, given who was at risk?
//!
//! At each time with d events among n at risk, group k with n_k at risk expects d·n_k/n of them;
//! the hypergeometric covariance is d(n − d)/(n − 1) · (n_k/n)(δ_kl − n_l/n). Sums over times and
//! strata give observed − expected = u and V; χ² = u′V⁻u has one degree of freedom fewer than
//! there are groups with an expectation.
//!
//! | test | weight of a time | source |
//! |---|---|---|
//! | log-rank (ρ = 0) | 1 | Mantel 1966; Peto, Peto 1972, J. R. Stat. Soc. A 135 |
//! | Peto–Peto (ρ = 1) | S(t−), pooled within the stratum | Peto, Peto 1972 |
//! | Gρ | S(t−)^ρ | Harrington, Fleming 1982, Biometrika 69 |
//!
//! Digits are those of `survdiff` in R `survival` 3.5-3, which knows right censoring only; late
//! entry is counted here in the same way.

use crate::level::chi_squared_tail;
use crate::risk::{RiskTable, Walk};
use crate::{Error, linear};

/// Groups that one test compares at most: the covariance has the square of it.
pub const GROUPS_MAX: usize = 1_000;

/// The result of a test; vectors hold one entry per group, in the order of `labels`.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRank {
    /// Labels of the groups, ascending.
    pub labels: Vec<u16>,
    /// Rows per group.
    pub rows: Vec<u64>,
    /// Weighted events.
    pub observed: Vec<f64>,
    /// Weighted events expected if the groups did not differ.
    pub expected: Vec<f64>,
    /// Covariance of observed − expected; square, singular by construction.
    pub variance: Vec<Vec<f64>>,
    /// The statistic χ².
    pub chi_squared: f64,
    /// Its degrees of freedom.
    pub df: usize,
    /// Chance of so large a χ² when the groups do not differ.
    pub p: f64,
}

/// The log-rank test over one table per stratum; a single table is the unstratified test.
///
/// # Errors
/// As [`g_rho`].
pub fn log_rank(strata: &[RiskTable]) -> Result<LogRank, Error> {
    g_rho(strata, 0.0)
}

/// The Peto–Peto modification of Gehan's test: early events weigh more.
///
/// # Errors
/// As [`g_rho`].
pub fn peto_peto(strata: &[RiskTable]) -> Result<LogRank, Error> {
    g_rho(strata, 1.0)
}

/// The Gρ family over one table per stratum.
///
/// # Errors
/// [`Error::Empty`] without a table, [`Error::OutOfRange`] unless 0 ≤ `rho` ≤ 100,
/// [`Error::TooManyGroups`] beyond [`GROUPS_MAX`], [`Error::NoEvents`], and
/// [`Error::NotComparable`] when V leaves a contrast between groups undetermined: a single group,
/// or groups that no event ever found at risk together.
pub fn g_rho(strata: &[RiskTable], rho: f64) -> Result<LogRank, Error> {
    if strata.is_empty() {
        return Err(Error::Empty);
    }
    if !(0.0..=100.0).contains(&rho) {
        return Err(Error::OutOfRange { name: "rho" });
    }
    let mut labels: Vec<u16> = strata.iter().flat_map(RiskTable::labels).collect();
    labels.sort_unstable();
    labels.dedup();
    if labels.len() > GROUPS_MAX {
        return Err(Error::TooManyGroups { found: labels.len(), limit: GROUPS_MAX });
    }
    let mut sums = Sums::new(labels.len());
    for table in strata {
        sums.add(table, &labels, rho);
    }
    sums.conclude(labels)
}

/// What the times and strata add up to.
struct Sums {
    rows: Vec<u64>,
    observed: Vec<f64>,
    expected: Vec<f64>,
    /// Row by row.
    variance: Vec<f64>,
}

impl Sums {
    fn new(groups: usize) -> Self {
        Self {
            rows: vec![0; groups],
            observed: vec![0.0; groups],
            expected: vec![0.0; groups],
            variance: vec![0.0; groups * groups],
        }
    }

    fn add(&mut self, table: &RiskTable, labels: &[u16], rho: f64) {
        let places: Vec<usize> =
            table.labels().map(|l| labels.partition_point(|&x| x < l)).collect();
        for (group, &place) in table.groups().iter().zip(&places) {
            self.rows[place] += group.rows;
        }
        let mut walks: Vec<Walk<'_>> =
            table.groups().iter().map(super::risk::Group::walk).collect();
        let mut now = vec![(0.0, 0.0); walks.len()];
        let mut survival = 1.0_f64;
        for time in event_times(table) {
            let (mut at_risk, mut events) = (0.0, 0.0);
            for (walk, slot) in walks.iter_mut().zip(&mut now) {
                let (n, d) = walk.to(time);
                *slot = (n as f64, d as f64);
                at_risk += slot.0;
                events += slot.1;
            }
            self.add_time(&places, &now, (at_risk, events), survival.powf(rho));
            survival *= (at_risk - events) / at_risk;
        }
    }

    /// Adds one time: `now` holds (at risk, events) per group of the stratum, `total` their sums.
    fn add_time(&mut self, places: &[usize], now: &[(f64, f64)], total: (f64, f64), weight: f64) {
        let (n, d) = total;
        let spread = if n > 1.0 { weight * weight * d * (n - d) / (n - 1.0) } else { 0.0 };
        let groups = self.rows.len();
        for (&place, &(at_risk, events)) in places.iter().zip(now) {
            let share = at_risk / n;
            self.observed[place] += weight * events;
            self.expected[place] += weight * d * share;
            let row = &mut self.variance[place * groups..][..groups];
            row[place] += spread * share;
            for (&other, &(others, _)) in places.iter().zip(now) {
                row[other] -= spread * share * (others / n);
            }
        }
    }

    fn conclude(self, labels: Vec<u16>) -> Result<LogRank, Error> {
        let groups = labels.len();
        // A group that was never at risk at an event has no part in the comparison.
        let mut taking_part = (0..groups).filter(|&k| self.expected[k] > 0.0);
        if taking_part.next().is_none() {
            return Err(Error::NoEvents);
        }
        let rest: Vec<usize> = taking_part.collect();
        if rest.is_empty() {
            return Err(Error::NotComparable);
        }
        let difference: Vec<f64> =
            rest.iter().map(|&k| self.observed[k] - self.expected[k]).collect();
        let matrix: Vec<Vec<f64>> = rest
            .iter()
            .map(|&k| rest.iter().map(|&l| self.variance[k * groups + l]).collect())
            .collect();
        let chi_squared =
            linear::quadratic_form(matrix, &difference).ok_or(Error::NotComparable)?;
        Ok(LogRank {
            labels,
            variance: self.variance.chunks(groups).map(<[f64]>::to_vec).collect(),
            rows: self.rows,
            observed: self.observed,
            expected: self.expected,
            chi_squared,
            df: rest.len(),
            p: chi_squared_tail(chi_squared, rest.len()),
        })
    }
}

/// Distinct times with an event in any group, ascending.
fn event_times(table: &RiskTable) -> Vec<f64> {
    let exits = table.groups().iter().flat_map(|group| &group.exits);
    let mut times: Vec<f64> = exits.filter(|exit| exit.events > 0).map(|exit| exit.time).collect();
    times.sort_unstable_by(f64::total_cmp);
    times.dedup();
    times
}

#[cfg(test)]
mod tests;
