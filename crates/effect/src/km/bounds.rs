//! Kinds of interval for a survival share: on which scale the estimate is taken to be normal.
//!
//! With s the standard error of log S and z the normal quantile, each kind is g⁻¹(g(S) ± z·se):
//!
//! | kind | scale g | standard error on that scale |
//! |---|---|---|
//! | plain | S | s·S |
//! | log | log S | s |
//! | log–log | log(−log S) | s / log S |
//! | logit | log(S/(1 − S)) | s / (1 − S) |
//! | arcsin | asin √S | (s/2)·√(S/(1 − S)) |
//!
//! Kalbfleisch, Prentice 1980 (log–log); Borgan, Liestøl 1990, Scand. J. Stat. 17 (arcsin).
//! Where g is not finite, R gives NA, and so nothing is returned here.

use std::f64::consts::FRAC_PI_2;

use crate::Interval;

/// Scale on which an interval for S is symmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// S itself, cut to 0–1: the simplest, poor near the ends.
    Plain,
    /// log S, cut at 1: the default of R.
    Log,
    /// log(−log S): stays within 0–1 and holds its level in small groups.
    LogLog,
    /// Log odds of S.
    Logit,
    /// Angle whose squared sine is S.
    Arcsin,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Plain, Self::Log, Self::LogLog, Self::Logit, Self::Arcsin];

    /// The name R knows the kind by, as in `conf.type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Log => "log",
            Self::LogLog => "log-log",
            Self::Logit => "logit",
            Self::Arcsin => "arcsin",
        }
    }
}

/// Interval for `survival` whose logarithm has the standard error `se`.
pub(super) fn interval(survival: f64, se: f64, kind: Kind, z: f64) -> Option<Interval> {
    let s = survival;
    let inner = 0.0 < s && s < 1.0;
    let (lower, upper) = match kind {
        Kind::Plain => {
            let half = z * se * s;
            ((s - half).max(0.0), (s + half).min(1.0))
        }
        Kind::Log if s > 0.0 => {
            let half = z * se;
            ((s.ln() - half).exp(), (s.ln() + half).exp().min(1.0))
        }
        Kind::LogLog if inner => {
            // log S is negative, so the half-width is too: the signs look swapped and are not.
            let (at, half) = ((-s.ln()).ln(), z * se / s.ln());
            (log_log_inverse(at - half), log_log_inverse(at + half))
        }
        Kind::Logit if inner => {
            let (at, half) = ((s / (1.0 - s)).ln(), z * se / (1.0 - s));
            (1.0 - 1.0 / (1.0 + (at - half).exp()), 1.0 - 1.0 / (1.0 + (at + half).exp()))
        }
        Kind::Arcsin if inner => {
            let (at, half) = (s.sqrt().asin(), 0.5 * z * se * (s / (1.0 - s)).sqrt());
            ((at - half).max(0.0).sin().powi(2), (at + half).min(FRAC_PI_2).sin().powi(2))
        }
        Kind::Log | Kind::LogLog | Kind::Logit | Kind::Arcsin => return None,
    };
    Some(Interval { lower, upper })
}

fn log_log_inverse(x: f64) -> f64 {
    (-x.exp()).exp()
}
