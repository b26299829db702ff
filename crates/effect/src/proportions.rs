//! Proportions: a rate with its interval, the difference of two rates, many comparisons at once.
//!
//! The textbook interval p ± z·√(p(1 − p)/n) fails where rates of this field lie: few cases, or
//! a share near 0 or 1. The score intervals here hold their level and never leave 0–1.

use crate::{Error, Interval, Level};

/// A rate or a difference of rates with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The observed share, or difference of shares.
    pub value: f64,
    /// Its interval.
    pub interval: Interval,
}

/// `successes` out of `trials` with Wilson's score interval, without continuity correction.
///
/// Ends (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n): Wilson 1927, J. Am. Stat. Assoc.
/// 22; method 3 of Newcombe 1998, Stat. Med. 17, 857–872.
///
/// # Errors
/// [`Error::NotACount`] when `trials` is 0 or below `successes`.
pub fn wilson(successes: u64, trials: u64, level: Level) -> Result<Estimate, Error> {
    if trials == 0 || successes > trials {
        return Err(Error::NotACount);
    }
    let (n, z) = (trials as f64, level.z());
    let p = successes as f64 / n;
    let shrink = 1.0 + z * z / n;
    let centre = (p + z * z / (2.0 * n)) / shrink;
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt() / shrink;
    // The ends of an extreme count are exact, which rounding would blur.
    let lower = if successes == 0 { 0.0 } else { (centre - half).max(0.0) };
    let upper = if successes == trials { 1.0 } else { (centre + half).min(1.0) };
    Ok(Estimate { value: p, interval: Interval { lower, upper } })
}

/// First share minus second share, each given as (successes, trials), for independent samples.
///
/// Hybrid score interval: with the Wilson ends (l, u) of each share, the lower end is
/// d − √((p₁ − l₁)² + (u₂ − p₂)²) and the upper one d + √((u₁ − p₁)² + (p₂ − l₂)²). Method 10 of
/// Newcombe 1998, Stat. Med. 17, 873–890.
///
/// # Errors
/// As [`wilson`], for either share.
pub fn difference(first: (u64, u64), second: (u64, u64), level: Level) -> Result<Estimate, Error> {
    let a = wilson(first.0, first.1, level)?;
    let b = wilson(second.0, second.1, level)?;
    let value = a.value - b.value;
    let below = f64::hypot(a.value - a.interval.lower, b.interval.upper - b.value);
    let above = f64::hypot(a.interval.upper - a.value, b.value - b.interval.lower);
    let interval = Interval { lower: (value - below).max(-1.0), upper: (value + above).min(1.0) };
    Ok(Estimate { value, interval })
}

/// p values adjusted for as many comparisons as there are values, in the order given.
///
/// The i-th smallest of m becomes the largest of (m − j + 1)·p₍ⱼ₎ over j ≤ i, at most 1. Calling
/// those below α significant keeps the chance of any false one below α, whatever their
/// dependence: Holm 1979, Scand. J. Stat. 6.
///
/// # Errors
/// [`Error::NotAProbability`] when a value is not within 0–1.
pub fn holm(p: &[f64]) -> Result<Vec<f64>, Error> {
    if !p.iter().all(|p| (0.0..=1.0).contains(p)) {
        return Err(Error::NotAProbability);
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut reached = 0.0_f64;
    for (smaller, &place) in order.iter().enumerate() {
        let left = (p.len() - smaller) as f64;
        reached = reached.max(left * p[place]).min(1.0);
        adjusted[place] = reached;
    }
    Ok(adjusted)
}

#[cfg(test)]
mod tests;
