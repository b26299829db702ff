//! Innermost intervals: where the maximum can have mass, and which rows hold which of them.
//!
//! Ends are ordered by time; at equal times the closed left end of an exact event comes first,
//! then closed right ends, then open left ends. An innermost interval is a left end followed at
//! once by a right end, and every row holds a run of neighbouring ones.

use std::cmp::Ordering;

use super::{Cell, Span};
use crate::Error;

/// The problem in terms of cells.
pub(super) struct Grid {
    pub(super) cells: Vec<Cell>,
    pub(super) rows: Vec<Run>,
    /// Number of rows, equal ones included.
    pub(super) total: f64,
}

/// Equal rows: they hold the cells `from..to` and are this share of all rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) share: f64,
}

#[derive(Clone, Copy, PartialEq)]
struct End {
    at: f64,
    side: Side,
}

/// Kinds of end in the order they take at equal times.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    LeftClosed,
    Right,
    LeftOpen,
}

impl End {
    fn of(span: &Span) -> (Self, Self) {
        let right = span.right.unwrap_or(f64::INFINITY);
        let exact = span.left >= right;
        let side = if exact { Side::LeftClosed } else { Side::LeftOpen };
        (Self { at: span.left + 0.0, side }, Self { at: right + 0.0, side: Side::Right })
    }

    fn order(&self, other: &Self) -> Ordering {
        self.at.total_cmp(&other.at).then(self.side.cmp(&other.side))
    }
}

pub(super) fn grid(spans: &[Span]) -> Result<Grid, Error> {
    check(spans)?;
    let counted = spans.iter().filter(|span| span.count > 0);
    let rows: Vec<(End, End, u64)> = counted
        .map(|span| {
            let (left, right) = End::of(span);
            (left, right, span.count)
        })
        .collect();
    let total: f64 = rows.iter().map(|row| row.2 as f64).sum();
    if rows.is_empty() {
        return Err(Error::Empty);
    }
    let mut ends: Vec<End> = rows.iter().flat_map(|row| [row.0, row.1]).collect();
    ends.sort_unstable_by(End::order);
    ends.dedup();
    let pairs: Vec<(End, End)> = ends
        .windows(2)
        .filter(|pair| pair[0].side != Side::Right && pair[1].side == Side::Right)
        .map(|pair| (pair[0], pair[1]))
        .collect();
    let mut runs: Vec<Run> = rows
        .iter()
        .map(|(left, right, count)| Run {
            from: pairs.partition_point(|pair| pair.0.order(left).is_lt()),
            to: pairs.partition_point(|pair| pair.1.order(right).is_le()),
            share: *count as f64 / total,
        })
        .collect();
    merge(&mut runs);
    let cells = pairs.iter().map(|(left, right)| Cell {
        left: left.at,
        right: Some(right.at).filter(|at| at.is_finite()),
        mass: 0.0,
    });
    Ok(Grid { cells: cells.collect(), rows: runs, total })
}

/// Adds up rows that hold the same cells.
fn merge(runs: &mut Vec<Run>) {
    runs.sort_unstable_by_key(|run| (run.from, run.to));
    runs.dedup_by(|next, kept| {
        let same = (next.from, next.to) == (kept.from, kept.to);
        kept.share += if same { next.share } else { 0.0 };
        same
    });
}

fn check(spans: &[Span]) -> Result<(), Error> {
    for (row, span) in spans.iter().enumerate() {
        let right = span.right.unwrap_or(span.left);
        if !(span.left.is_finite() && right.is_finite()) {
            return Err(Error::NotFinite { row });
        }
        if span.left < 0.0 {
            return Err(Error::NegativeTime { row });
        }
        if right < span.left {
            return Err(Error::NotAfterStart { row });
        }
    }
    Ok(())
}
