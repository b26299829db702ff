//! Survival and trial statistics for one question: did the warning work?
//!
//! Pure functions over plain columns: no files, no network, no clock, no hidden randomness.
//! Every refusal is an [`Error`]; where a statistic does not exist it is absent (`None`), never
//! a made-up number. The files follow the order of use.
//!
//! | module | answers |
//! |---|---|
//! | [`risk`] | who was under observation when, counted once for all that follows |
//! | [`km`] | how many are still open after so many days (Kaplan–Meier, Nelson–Aalen) |
//! | [`logrank`] | do the groups differ (log-rank, Peto–Peto, stratified) |
//! | [`turnbull`] | the same curve when only (last seen, first clean] is known |
//! | [`proportions`] | rates, their differences, and many comparisons at once |
//! | [`simulate`] | how far a naive count is from the truth |
//!
//! ```
//! use effect::{Level, km, risk::{RiskTable, Rows}};
//!
//! let rows = Rows::right_censored(&[3.0, 5.0, 5.0, 8.0], &[true, true, false, false]);
//! let curve = &km::curves(&RiskTable::from_rows(&rows)?)[0];
//! let seen = curve.survival_at(6.0, km::Kind::LogLog, Level::P95).unwrap();
//! assert_eq!((seen.survival, seen.at_risk), (0.5, 1));
//! # Ok::<(), effect::Error>(())
//! ```

mod error;
mod level;
mod linear;
pub mod risk;
pub mod km;
pub mod logrank;
pub mod turnbull;
pub mod proportions;
pub mod simulate;

pub use error::Error;
pub use level::{Interval, Level};

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
