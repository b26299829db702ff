//! Tests of `proportions`: values worked out by hand, and what must hold whatever the data.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(clippy::float_cmp, reason = "these results are exact")]
use super::*;

/// Whether both ends agree with a published interval of four decimals.
fn prints(estimate: Estimate, lower: f64, upper: f64) -> bool {
    let Interval { lower: l, upper: u } = estimate.interval;
    (l - lower).abs() <= 0.000_05 && (u - upper).abs() <= 0.000_05
}

#[test]
fn wilson_as_published() {
    // Newcombe 1998, 857–872, table I, method 3.
    for (successes, trials, lower, upper) in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ] {
        assert!(prints(wilson(successes, trials, Level::P95).unwrap(), lower, upper));
    }
    let none = wilson(0, 20, Level::P95).unwrap().interval;
    let all = wilson(20, 20, Level::P95).unwrap().interval;
    assert_eq!((none.lower, all.upper), (0.0, 1.0));
    assert!((none.upper + all.lower - 1.0).abs() < 1e-12);
}

#[test]
fn differences_as_published() {
    // Newcombe 1998, 873–890, table II, method 10.
    for (first, second, lower, upper) in [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((10, 10), (0, 10), 0.6075, 1.0),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ] {
        assert!(prints(difference(first, second, Level::P95).unwrap(), lower, upper));
        let swapped = difference(second, first, Level::P95).unwrap();
        assert!(prints(swapped, -upper, -lower));
    }
}

#[test]
fn holm_steps_down() {
    let adjusted = holm(&[0.04, 0.01, 0.03, 0.5]).unwrap();
    for (ours, expected) in adjusted.iter().zip([0.09, 0.04, 0.09, 0.5]) {
        assert!((ours - expected).abs() < 1e-15);
    }
    assert_eq!(holm(&[0.9, 0.8]).unwrap(), [1.0, 1.0]);
    assert_eq!(holm(&[]).unwrap(), [0.0; 0]);
}

#[test]
fn what_is_no_proportion_is_refused() {
    for (successes, trials) in [(0, 0), (2, 1)] {
        assert_eq!(wilson(successes, trials, Level::P95), Err(Error::NotACount));
        assert_eq!(difference((1, 2), (successes, trials), Level::P95), Err(Error::NotACount));
    }
    for p in [-0.1, 1.1, f64::NAN] {
        assert_eq!(holm(&[0.5, p]), Err(Error::NotAProbability));
    }
    assert!(wilson(u64::MAX, u64::MAX, Level::P95).unwrap().interval.lower > 0.99);
}
