//! The naive number: how many devices look fixed, beside how many are.
//!
//! A device is seen at day 0 and then scanned every interval I. It is truly fixed at a constant
//! rate, so that the share f is fixed within one interval and the share f of the rest within the
//! next. A scan misses a live device with probability m, independently each time. The line keeps
//! its token for ever; its address passes to another line after an exponential time of mean h,
//! and the device is not at the old address any more.
//!
//! A method calls the device fixed at the first scan when that scan and the next k − 1 are clean.
//! With q the chance that one interval leaves it to be seen, the share that looks fixed is
//!
//! > Σ (qm)ʲ(1 − q) over j < k, plus (qm)ᵏ
//!
//! with q = (1 − f)·exp(−I/h) by address and q = 1 − f by line. For k = 1 that is 1 − q(1 − m);
//! for k = 2 by line f + (1 − f)mf + (1 − f)²m²: fixed in time, missed once and fixed before the
//! second scan, missed twice. For I = 30 days, m = 10 %:
//!
//! | followed by | f = 0, h = 30 | f = 0, h = 7 | f = 26 %, h = 30 |
//! |---|---|---|---|
//! | address | 66.9 % | 98.8 % | 75.5 % |
//! | line, one clean scan | 10 % | 10 % | 33.4 % |
//! | line, two in a row | 1 % | 1 % | 28.5 % (28.47) |
//!
//! The truth in each column is f. What this leaves out makes following by address still worse: a
//! device that moved is found again elsewhere and counted as new.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Error;

/// Clean scans in a row that may be asked for at most.
pub const CLEAN_SCANS_MAX: u32 = 100;
/// Cases that one run may simulate at most.
pub const CASES_MAX: u64 = 100_000_000;

/// A country in which the truth is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Mean time an address stays with one line, in days; positive.
    pub hold_days: f64,
    /// Probability that a scan misses a live device, 0–1.
    pub miss: f64,
    /// Share truly fixed within one scan interval, 0–1.
    pub fix_rate: f64,
    /// Days from one scan to the next; positive.
    pub scan_interval_days: f64,
    /// Clean scans in a row that verify a fix, from 1 to [`CLEAN_SCANS_MAX`].
    pub clean_scans: u32,
}

/// By what a device is recognised from scan to scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FollowedBy {
    /// Its address on the day it was first seen.
    Address,
    /// The token of its line, whatever the address.
    Line,
}

/// What became of the simulated cases; every field but `cases` counts a subset of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Cases simulated.
    pub cases: u64,
    /// Truly fixed when the first scan came.
    pub fixed: u64,
    /// Looks fixed: by address, one clean scan.
    pub by_address: u64,
    /// Looks fixed: by line token, one clean scan.
    pub by_line_once: u64,
    /// Looks fixed: by line token, as many clean scans in a row as the setting asks for.
    pub by_line_in_a_row: u64,
}

impl Default for Setting {
    /// Monthly scans that miss a tenth, addresses held for a month, two clean scans, no fix.
    fn default() -> Self {
        Self { hold_days: 30.0, miss: 0.1, fix_rate: 0.0, scan_interval_days: 30.0, clean_scans: 2 }
    }
}

impl Setting {
    /// Share of cases that look fixed after `clean_scans` clean scans in a row, in closed form.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] names the field outside its range.
    pub fn looks_fixed(&self, by: FollowedBy, clean_scans: u32) -> Result<f64, Error> {
        Self { clean_scans, ..*self }.check()?;
        let stays = match by {
            FollowedBy::Address => (-self.scan_interval_days / self.hold_days).exp(),
            FollowedBy::Line => 1.0,
        };
        let seen = (1.0 - self.fix_rate) * stays;
        let (mut missed, mut share) = (1.0, 0.0);
        for _ in 0..clean_scans {
            share += missed * (1.0 - seen);
            missed *= seen * self.miss;
        }
        Ok(share + missed)
    }

    /// Plays `cases` cases; the same seed gives the same outcome.
    ///
    /// Every method watches the same cases, so their differences are not blurred by chance.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] names the field outside its range, `cases` included (at most
    /// [`CASES_MAX`]); [`Error::Empty`] without cases.
    pub fn simulate(&self, cases: u64, seed: u64) -> Result<Outcome, Error> {
        self.check()?;
        match cases {
            0 => return Err(Error::Empty),
            1..=CASES_MAX => {}
            _ => return Err(Error::OutOfRange { name: "cases" }),
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut outcome = Outcome { cases, ..Outcome::default() };
        for _ in 0..cases {
            self.play(&mut rng, &mut outcome);
        }
        Ok(outcome)
    }

    /// Plays one case. A time is measured in scan intervals, so scan s comes at s.
    fn play(&self, rng: &mut impl Rng, outcome: &mut Outcome) {
        let fixed_at = exponential(rng, -1.0 / (-self.fix_rate).ln_1p());
        let moved_at = exponential(rng, self.hold_days / self.scan_interval_days);
        let mut clean = |scan: u32| f64::from(scan) >= fixed_at || rng.random_bool(self.miss);
        let once = clean(1);
        let in_a_row = once && (2..=self.clean_scans).all(clean);
        outcome.fixed += u64::from(fixed_at <= 1.0);
        outcome.by_address += u64::from(once || moved_at <= 1.0);
        outcome.by_line_once += u64::from(once);
        outcome.by_line_in_a_row += u64::from(in_a_row);
    }

    fn check(&self) -> Result<(), Error> {
        let share = 0.0..=1.0;
        let positive = |days: f64| days > 0.0 && days.is_finite();
        for (name, holds) in [
            ("hold_days", positive(self.hold_days)),
            ("miss", share.contains(&self.miss)),
            ("fix_rate", share.contains(&self.fix_rate)),
            ("scan_interval_days", positive(self.scan_interval_days)),
            ("clean_scans", (1..=CLEAN_SCANS_MAX).contains(&self.clean_scans)),
        ] {
            if !holds {
                return Err(Error::OutOfRange { name });
            }
        }
        Ok(())
    }
}

impl Outcome {
    /// One of the counts as a share of the cases.
    pub fn share(&self, count: u64) -> f64 {
        count as f64 / self.cases as f64
    }
}

/// An exponential time of the given mean, which may be 0 or infinite.
fn exponential(rng: &mut impl Rng, mean: f64) -> f64 {
    // 1 − u lies within (0, 1], so its logarithm is finite, and 0 · ∞ cannot arise below it.
    let units = -(1.0 - rng.random::<f64>()).ln();
    if mean.is_infinite() { f64::INFINITY } else { mean.abs() * units }
}

#[cfg(test)]
mod tests;
