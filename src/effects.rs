//! Effects (効果): did the warning work, for whom, and how sure is that?
//!
//! Twelfth stage: reads what cases, notices, the portal and the verification wrote, and turns it
//! into a funnel, curves and differences with intervals. Reads `cases`, `case_events`,
//! `line_tokens`, `isps`, `feeds`, `scan_coverage`, `notices`, `notice_lines`, `whole_lists`,
//! `lines_handed_out`, `line_reports`, `visits`, `step_marks`; writes nothing.
//!
//! The unit is the line, as its speaking case stands for it. Time zero is the preparation of the
//! first notice that lists the line, the same for every arm, so that an arm is compared as it was
//! drawn and not as it was carried out (intention to treat).

pub mod cohort;
pub mod compare;
mod fixes;
pub mod funnel;
pub mod naive;
pub mod pages;
pub mod published;
pub mod survival;
mod store;

use std::{fmt, str::FromStr};

use crate::time::Moment;

/// Days after the list at which arms are compared.
pub const HORIZON_DAYS: u16 = 180;

/// Days after the list at which a table reads the curves.
pub const TABLE_DAYS: [u16; 5] = [30, 60, 90, 120, 180];

/// The arm whose lines are not warned before the trial has ended.
pub const WAIT: &str = "wait";

/// Which lines are looked at, and what was known by when (範囲).
#[derive(Clone, Debug)]
pub struct Scope {
    /// Only this stream (`notice`, `nicter`, …); nothing = all.
    pub stream: Option<String>,
    /// First detected at or after this.
    pub from: Moment,
    /// First detected before this.
    pub to: Moment,
    /// Facts dated later are left out, so that the same question keeps its answer.
    pub as_of: Moment,
}

impl Scope {
    /// Every line of one stream, as known at `as_of`.
    pub fn of_stream(stream: &str, as_of: Moment) -> Self {
        Self {
            stream: Some(stream.to_owned()),
            from: Moment(i64::MIN),
            to: Moment(i64::MAX),
            as_of,
        }
    }
}

/// By what lines are grouped (区分).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "区分")]
pub enum By {
    /// How the ISP says it told the subscriber.
    Channel,
    /// The arm that the ISP drew for the line.
    Arm,
    /// The ISP.
    Isp,
    /// The model of the device.
    Model,
    /// The undertaking that found it.
    Stream,
}

/// The word of each grouping.
pub const GROUPINGS: [(By, &str); 5] = [
    (By::Channel, "channel"),
    (By::Arm, "arm"),
    (By::Isp, "isp"),
    (By::Model, "model"),
    (By::Stream, "stream"),
];

/// A word that names no grouping.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no grouping; known are channel, arm, isp, model, stream")]
pub struct NotAGrouping(String);

impl FromStr for By {
    type Err = NotAGrouping;

    fn from_str(word: &str) -> Result<Self, NotAGrouping> {
        let known = GROUPINGS.iter().find(|(_, known)| *known == word);
        known.map(|(by, _)| *by).ok_or_else(|| NotAGrouping(word.to_owned()))
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(GROUPINGS.iter().find(|(by, _)| by == self).map_or("", |(_, word)| word))
    }
}

/// What a difference between groups may be called (読み方).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The groups were drawn at random: a difference is the doing of what they were given.
    Effect,
    /// They were not: whoever differs in the one may differ in everything else.
    Comparison,
}

impl Reading {
    /// Only arms are drawn.
    pub fn of(by: By) -> Self {
        if by == By::Arm { Self::Effect } else { Self::Comparison }
    }

    /// The label that stands beside every figure.
    pub fn word(self) -> &'static str {
        match self {
            Self::Effect => "effect",
            Self::Comparison => "comparison, not effect",
        }
    }
}

/// How intervals of curves are drawn (再標本).
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// Samples drawn for each interval.
    pub replicates: usize,
    /// The same seed gives the same interval.
    pub seed: u64,
}

impl Default for Draw {
    /// A thousand samples steady a 95 % interval.
    fn default() -> Self {
        Self { replicates: 1_000, seed: 20_190_220 }
    }
}

impl Draw {
    fn bootstrap(self) -> effect::turnbull::Bootstrap {
        effect::turnbull::Bootstrap {
            level: effect::Level::P95,
            replicates: self.replicates,
            seed: self.seed,
        }
    }
}

/// A rate with its Wilson interval; nothing of nothing has none.
fn rate(count: u64, of: u64) -> Option<effect::proportions::Estimate> {
    effect::proportions::wilson(count, of, effect::Level::P95).ok()
}

#[cfg(test)]
mod tests;
