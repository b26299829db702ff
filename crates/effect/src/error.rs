//! Refusals: what the functions of this crate say instead of returning a number.

use thiserror::Error as ThisError;

/// Why a statistic was refused.
///
/// Rows are counted from 0 in the order in which the caller gave them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// There is no row at all.
    #[error("there are no rows")]
    Empty,
    /// Two columns of one table differ in length.
    #[error("columns differ in length: {expected} and {found}")]
    LengthsDiffer {
        /// Length of the column that counts the rows.
        expected: usize,
        /// Length of the column that disagrees.
        found: usize,
    },
    /// A value is NaN or infinite where a finite one is needed.
    #[error("row {row} is not finite")]
    NotFinite {
        /// The first such row.
        row: usize,
    },
    /// A time lies before 0.
    #[error("row {row} has a negative time")]
    NegativeTime {
        /// The first such row.
        row: usize,
    },
    /// The end of an interval is not after its start.
    #[error("row {row} does not end after it starts")]
    NotAfterStart {
        /// The first such row.
        row: usize,
    },
    /// No row ends with the event.
    #[error("no event was observed")]
    NoEvents,
    /// The groups were never at risk together, so nothing compares them.
    #[error("no event happened while the groups could be compared")]
    NotComparable,
    /// More groups than a dense covariance matrix should hold.
    #[error("{found} groups are more than the {limit} that can be compared at once")]
    TooManyGroups {
        /// Groups given.
        found: usize,
        /// Groups allowed.
        limit: usize,
    },
    /// A number that must be a probability is not one.
    #[error("not a probability, or outside the range that makes sense here")]
    NotAProbability,
    /// A parameter lies outside its documented range.
    #[error("parameter {name} is out of range")]
    OutOfRange {
        /// Name of the parameter.
        name: &'static str,
    },
    /// More successes than trials, or no trial.
    #[error("a count exceeds its total, or the total is 0")]
    NotACount,
    /// The iteration ended before its certificate held.
    #[error("no convergence after {iterations} iterations")]
    NotConverged {
        /// Iterations spent.
        iterations: usize,
    },
}
