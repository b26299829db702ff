//! The truth (真の効果): what each way of telling people changes in the demo country, by parameter.
//!
//! A device is fixed at a rate per day that is the same for everybody, and higher for a while for
//! those whom a notice reached. From these rates the share fixed within a horizon follows in closed
//! form, and so does the effect that any estimator of the product ought to recover. Owns no table.
//!
//! The clock starts when the ISP first decides about the line, that is, with the list; devices
//! fixed between the scan and the list do not count. *Fixed* is the first fix within the horizon,
//! whatever the cause, and stays counted when the device recurs. A line that ends first is not
//! fixed: it competes. To a scan it looks the same, hence
//! [`Endpoint::seen_clean`].

use std::collections::BTreeMap;

use super::{Country, chance::later, fate::Cause};
use crate::time::Moment;

/// Days within which a device counts as fixed (評価期間).
pub const HORIZON_DAYS: f64 = 180.0;

/// Fixes per weak device and day without any notice: replaced, switched off, made safe by chance.
pub const FIXED_PER_DAY: f64 = 0.0015;

/// Lines that end per day.
pub const ENDED_PER_DAY: f64 = 0.0002;

/// Days for which a notice is remembered; afterwards the device is fixed no faster than others.
pub const REMEMBERED_DAYS: f64 = 60.0;

/// Infections gone per day by a restart alone; the weakness stays, so most come back.
///
/// With [`FIXED_PER_DAY`], 73 % are gone within 180 days without any notice. Cetin et al. (NDSS
/// 2019) saw 58 to 74 % of unnotified owners clean up.
pub const RESTARTED_PER_DAY: f64 = 0.006;

/// Fixed devices that are weak again, per day: reset to the factory's password.
pub const RESET_PER_DAY: f64 = 0.0006;

/// New infections of a weak device that has been infected before, per day.
pub const INFECTED_AGAIN_PER_DAY: f64 = 0.01;

/// Arm (群): what the ISP drew for a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[doc(alias = "群")]
pub enum Arm {
    /// Told after the study.
    Wait,
    /// Told by electronic mail.
    Email,
    /// Told by letter.
    Post,
    /// Told by telephone.
    Phone,
}

impl Arm {
    /// Every arm; the ISP draws them equally often.
    pub const ALL: [Self; 4] = [Self::Wait, Self::Email, Self::Post, Self::Phone];

    /// The word in a report back.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Email => "email",
            Self::Post => "post",
            Self::Phone => "phone",
        }
    }

    /// Fixes per day that a notice adds while it is remembered.
    pub const fn adds_fixed_per_day(self) -> f64 {
        match self {
            Self::Wait => 0.0,
            Self::Email => 0.001,
            Self::Post => 0.005,
            Self::Phone => 0.012,
        }
    }

    /// Restarts per day that a notice adds while it is remembered.
    pub const fn adds_restarted_per_day(self) -> f64 {
        match self {
            Self::Wait => 0.0,
            Self::Email => 0.002,
            Self::Post => 0.008,
            Self::Phone => 0.03,
        }
    }

    /// Share of the notices that reach the subscriber; the others come back.
    pub const fn reached(self) -> f64 {
        match self {
            Self::Wait => 0.0,
            Self::Email => 0.88,
            Self::Post => 0.96,
            Self::Phone => 0.85,
        }
    }

    /// Days from the list until the notice goes out.
    pub const fn sent_after_days(self) -> f64 {
        match self {
            Self::Wait | Self::Email => 1.0,
            Self::Post => 2.0,
            Self::Phone => 3.0,
        }
    }

    /// Days from the list until the subscriber knows.
    pub const fn heard_after_days(self) -> f64 {
        match self {
            Self::Wait | Self::Email => 2.0,
            Self::Post => 4.0,
            Self::Phone => 3.0,
        }
    }
}

/// What counts as success (評価項目).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The device is weak no more.
    WeaknessClosed,
    /// The infection is gone, for the first time.
    InfectionGone,
}

impl Endpoint {
    fn rates(self, arm: Arm) -> Rates {
        let (alone, added) = (FIXED_PER_DAY, arm.adds_fixed_per_day());
        match self {
            Self::WeaknessClosed => Rates { alone, added },
            Self::InfectionGone => Rates {
                alone: alone + RESTARTED_PER_DAY,
                added: added + arm.adds_restarted_per_day(),
            },
        }
    }

    /// True probability of success within `horizon_days` of the list.
    pub fn truth(self, arm: Arm, horizon_days: f64) -> f64 {
        self.rates(arm).within(arm, horizon_days).0
    }

    /// True probability of success *or that the line has ended* within `horizon_days`.
    ///
    /// A perfect scan that never misses sees this, and cannot tell the two apart.
    pub fn seen_clean(self, arm: Arm, horizon_days: f64) -> f64 {
        let (fixed, ended) = self.rates(arm).within(arm, horizon_days);
        fixed + ended
    }
}

/// True probability that a weak device is fixed within `horizon_days` of the list.
pub fn truth(arm: Arm, horizon_days: f64) -> f64 {
    Endpoint::WeaknessClosed.truth(arm, horizon_days)
}

/// True effect of `arm` against waiting: the difference of [`truth`].
pub fn true_effect(arm: Arm, horizon_days: f64) -> f64 {
    truth(arm, horizon_days) - truth(Arm::Wait, horizon_days)
}

/// Rates per day, without a notice and added by one.
#[derive(Clone, Copy)]
struct Rates {
    alone: f64,
    added: f64,
}

impl Rates {
    /// Shares fixed and ended within `horizon`; those whom no notice reached fix as if alone.
    fn within(self, arm: Arm, horizon: f64) -> (f64, f64) {
        let told = self.piecewise(arm.heard_after_days(), horizon);
        let untold = self.piecewise(f64::INFINITY, horizon);
        let mix = |told: f64, untold: f64| arm.reached() * told + (1.0 - arm.reached()) * untold;
        (mix(told.0, untold.0), mix(told.1, untold.1))
    }

    /// The same for one who hears after `heard` days. The rate is constant before, while the notice
    /// is remembered, and after; in each piece fixing and ending compete.
    fn piecewise(self, heard: f64, horizon: f64) -> (f64, f64) {
        let bounds = [0.0, heard, heard + REMEMBERED_DAYS, f64::INFINITY];
        let rates = [self.alone, self.alone + self.added, self.alone];
        let (mut left, mut fixed, mut ended) = (1.0, 0.0, 0.0);
        for (piece, rate) in rates.into_iter().enumerate() {
            let days = bounds[piece + 1].min(horizon) - bounds[piece].min(horizon);
            let all = rate + ENDED_PER_DAY;
            let gone = left * (1.0 - (-all * days).exp());
            fixed += gone * rate / all;
            ended += gone * ENDED_PER_DAY / all;
            left -= gone;
        }
        (fixed, ended)
    }
}

/// The truth about one arm, as parameter and as it came out by chance (群ごとの真値).
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct ChannelTruth {
    /// The arm's word in the report back.
    pub channel: &'static str,
    /// Probability of being fixed within the horizon.
    pub true_share: f64,
    /// Difference to waiting.
    pub true_effect: f64,
    /// Probability of being fixed, or the line ended, within the horizon.
    pub seen_clean: f64,
    /// Lines that the ISPs drew for this arm whose device still had the exposure when listed.
    pub lines: usize,
    /// Share of them that really was fixed within the horizon.
    pub realised_share: f64,
}

impl Country {
    /// The truth about every arm within [`HORIZON_DAYS`]: weaknesses closed.
    ///
    /// Devices that no scan can find are left out, and lines told outside the lot.
    pub fn truth_table(&self) -> Vec<ChannelTruth> {
        self.table(Endpoint::WeaknessClosed)
    }

    /// The same for infections gone, of devices that were infected from the start.
    pub fn infection_truth_table(&self) -> Vec<ChannelTruth> {
        self.table(Endpoint::InfectionGone)
    }

    fn table(&self, endpoint: Endpoint) -> Vec<ChannelTruth> {
        let row = |arm: Arm| {
            let fates = self.lines.iter().filter_map(|line| {
                let entry = line.entry.as_ref().filter(|entry| entry.arm == Some(arm))?;
                Some((line.fate.counting_for(endpoint, entry.at)?, entry.at))
            });
            let spells: Vec<_> = fates.collect();
            let fixed = spells.iter().filter(|(spell, at)| {
                spell.cause != Cause::LineEnded && spell.to < later(*at, HORIZON_DAYS)
            });
            let true_share = endpoint.truth(arm, HORIZON_DAYS);
            ChannelTruth {
                channel: arm.word(),
                true_share,
                true_effect: true_share - endpoint.truth(Arm::Wait, HORIZON_DAYS),
                seen_clean: endpoint.seen_clean(arm, HORIZON_DAYS),
                lines: spells.len(),
                realised_share: fixed.count() as f64 / spells.len().max(1) as f64,
            }
        };
        Arm::ALL.into_iter().map(row).collect()
    }

    /// What ended the weaknesses that are over by `at`, and how often.
    pub fn causes(&self, at: Moment) -> BTreeMap<Cause, usize> {
        let mut causes = BTreeMap::new();
        let spells = self.lines.iter().flat_map(|line| &line.fate.weak);
        for spell in spells.filter(|spell| spell.to <= at) {
            *causes.entry(spell.cause).or_default() += 1;
        }
        causes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_notice_the_truth_is_the_textbook_formula() {
        let all = FIXED_PER_DAY + ENDED_PER_DAY;
        let expected = FIXED_PER_DAY / all * (1.0 - (-all * 180.0_f64).exp());
        assert!((truth(Arm::Wait, 180.0) - expected).abs() < 1e-12);
    }

    #[test]
    fn the_closed_form_agrees_with_small_steps_of_time() {
        for arm in Arm::ALL {
            let (step, mut told, mut fixed) = (0.001, (1.0, 1.0), 0.0);
            for k in 0..180_000_u32 {
                let day = (f64::from(k) + 0.5) * step;
                let since = day - arm.heard_after_days();
                let heard = (0.0..REMEMBERED_DAYS).contains(&since);
                let added = if heard { arm.adds_fixed_per_day() } else { 0.0 };
                let rates = (FIXED_PER_DAY + added, FIXED_PER_DAY);
                fixed += step * arm.reached() * told.0 * rates.0;
                fixed += step * (1.0 - arm.reached()) * told.1 * rates.1;
                told.0 *= 1.0 - step * (rates.0 + ENDED_PER_DAY);
                told.1 *= 1.0 - step * (rates.1 + ENDED_PER_DAY);
            }
            assert!((truth(arm, 180.0) - fixed).abs() < 1e-5, "{arm:?}");
        }
    }
}
