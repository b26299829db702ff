//! Bootstrap: how far the curve would move in another sample of the same size.
//!
//! Rows are drawn with replacement, the curve is fitted again, and the middle share of the values
//! of S is the interval (percentile interval; Efron, Tibshirani 1993, ch. 13). Its lower end comes
//! from the lower values of S and its upper end from the upper ones, so it covers what the looks
//! leave open. It is justified where looks come on a common schedule, as scans do; for looks at
//! arbitrary times the estimate converges at rate n^(1/3) and this bootstrap is not consistent
//! (Sen, Xu 2015, Comput. Stat. Data Anal. 81).

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Npmle, Span, fit, innermost};
use crate::{Error, Interval, Level};

/// Rows drawn at most over all replicates.
pub const DRAWS_MAX: f64 = 1e10;

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// Level of the interval.
    pub level: Level,
    /// Samples drawn, at least 2; 1,000 steady a 95 % interval.
    pub replicates: usize,
    /// The same seed gives the same interval.
    pub seed: u64,
}

/// An interval for S at each of `times`.
///
/// Each replicate draws as many rows as the counts add up to.
///
/// # Errors
/// As [`fit`]; [`Error::OutOfRange`] for fewer than 2 replicates, for more than [`DRAWS_MAX`]
/// draws, or when a time is not finite or negative.
pub fn bootstrap(spans: &[Span], times: &[f64], how: Bootstrap) -> Result<Vec<Interval>, Error> {
    let total = innermost::grid(spans)?.total;
    if how.replicates < 2 || total * how.replicates as f64 > DRAWS_MAX {
        return Err(Error::OutOfRange { name: "replicates" });
    }
    if !times.iter().all(|&time| time >= 0.0 && time.is_finite()) {
        return Err(Error::OutOfRange { name: "times" });
    }
    let mut rng = ChaCha8Rng::seed_from_u64(how.seed);
    let mut lower = vec![Vec::with_capacity(how.replicates); times.len()];
    let mut upper = lower.clone();
    for _ in 0..how.replicates {
        let curve = fit(&resample(spans, &mut rng))?;
        for (place, &time) in times.iter().enumerate() {
            let band = curve.survival_at(time).ok_or(Error::OutOfRange { name: "times" })?;
            lower[place].push(band.lower);
            upper[place].push(band.upper);
        }
    }
    let tail = (1.0 - how.level.share()) / 2.0;
    let ends = lower.into_iter().zip(upper);
    Ok(ends
        .map(|(lower, upper)| Interval {
            lower: quantile(lower, tail),
            upper: quantile(upper, 1.0 - tail),
        })
        .collect())
}

/// An interval for `of(first) − of(second)`, two samples that know nothing of each other.
///
/// `of` reads one number from a curve, such as the share that had the event by a day. Both samples
/// are drawn anew in each replicate, the second with a generator of its own.
///
/// # Errors
/// As [`bootstrap`].
pub fn bootstrap_difference(
    first: &[Span],
    second: &[Span],
    of: impl Fn(&Npmle) -> f64,
    how: Bootstrap,
) -> Result<Interval, Error> {
    let total = innermost::grid(first)?.total + innermost::grid(second)?.total;
    if how.replicates < 2 || total * how.replicates as f64 > DRAWS_MAX {
        return Err(Error::OutOfRange { name: "replicates" });
    }
    let mut rngs = [0, 1].map(|stream| {
        let mut rng = ChaCha8Rng::seed_from_u64(how.seed);
        rng.set_stream(stream);
        rng
    });
    let mut differences = Vec::with_capacity(how.replicates);
    for _ in 0..how.replicates {
        let [a, b] = [(first, 0), (second, 1)].map(|(spans, rng)| resample(spans, &mut rngs[rng]));
        differences.push(of(&fit(&a)?) - of(&fit(&b)?));
    }
    let tail = (1.0 - how.level.share()) / 2.0;
    let lower = quantile(differences.clone(), tail);
    Ok(Interval { lower, upper: quantile(differences, 1.0 - tail) })
}

/// As many rows as there are, drawn with replacement.
fn resample(spans: &[Span], rng: &mut ChaCha8Rng) -> Vec<Span> {
    let reached: Vec<u64> = spans
        .iter()
        .scan(0, |sum, span| {
            *sum += span.count;
            Some(*sum)
        })
        .collect();
    let total = reached.last().copied().unwrap_or(0);
    let mut drawn: Vec<Span> = spans.iter().map(|span| span.times(0)).collect();
    for _ in 0..total {
        let row = rng.random_range(0..total);
        drawn[reached.partition_point(|&sum| sum <= row)].count += 1;
    }
    drawn
}

/// The p quantile of a sample, linear between its order statistics (type 7 of Hyndman, Fan 1996).
fn quantile(mut sample: Vec<f64>, p: f64) -> f64 {
    sample.sort_unstable_by(f64::total_cmp);
    let place = p * (sample.len() - 1) as f64;
    let below = place.floor();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place within the sample"
    )]
    let first = below as usize;
    let next = sample[(first + 1).min(sample.len() - 1)];
    sample[first] + (place - below) * (next - sample[first])
}
