//! Tests of `km`: values worked out by hand, and what must hold whatever the data.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(clippy::float_cmp, reason = "these results are exact")]
use super::*;
use crate::Error;
use crate::risk::Rows;

fn curve_of(exit: &[f64], event: &[bool]) -> Curve {
    curves(&RiskTable::from_rows(&Rows::right_censored(exit, event)).unwrap()).remove(0)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

/// Five rows by hand: an event at 1, one at 2 beside a censoring, one at 4, a censoring at 6.
fn five() -> Curve {
    curve_of(&[4.0, 2.0, 1.0, 2.0, 6.0], &[true, true, true, false, false])
}

#[test]
fn five_rows_by_hand() {
    let curve = five();
    let counts: Vec<_> =
        curve.points.iter().map(|p| (p.time, p.at_risk, p.events, p.censored)).collect();
    assert_eq!(counts, [(1.0, 5, 1, 0), (2.0, 4, 1, 1), (4.0, 2, 1, 0), (6.0, 1, 0, 1)]);
    for (point, (survival, greenwood, hazard, spread)) in curve.points.iter().zip([
        (4.0 / 5.0, 1.0 / 20.0, 1.0 / 5.0, 1.0 / 25.0),
        (3.0 / 5.0, 2.0 / 15.0, 9.0 / 20.0, 41.0 / 400.0),
        (3.0 / 10.0, 19.0 / 30.0, 19.0 / 20.0, 141.0 / 400.0),
        (3.0 / 10.0, 19.0 / 30.0, 19.0 / 20.0, 141.0 / 400.0),
    ]) {
        assert!(near(point.survival, survival));
        assert!(near(point.se().unwrap(), survival * f64::sqrt(greenwood)));
        assert!(near(point.cumulative_hazard, hazard));
        assert!(near(point.cumulative_hazard_se, f64::sqrt(spread)));
    }
}

#[test]
fn intervals_follow_their_scales() {
    // S = 0.8 with SE 0.8·√(1/20) = 0.178885..., z = 1.959964.
    let point = five().points[0];
    let of = |kind| point.interval(kind, Level::P95).unwrap();
    let half = Level::P95.z() * 0.05_f64.sqrt();
    assert!(near(of(Kind::Plain).lower, 0.8 - 0.8 * half) && of(Kind::Plain).upper == 1.0);
    assert!(near(of(Kind::Log).lower, 0.8 * (-half).exp()) && of(Kind::Log).upper == 1.0);
    let power = (half / 0.8_f64.ln()).exp();
    assert!(near(of(Kind::LogLog).lower, 0.8_f64.powf(1.0 / power)));
    assert!(near(of(Kind::LogLog).upper, 0.8_f64.powf(power)));
    let odds = 4.0 * (-half / 0.2).exp();
    assert!(near(of(Kind::Logit).lower, odds / (1.0 + odds)));
    let angle = 0.8_f64.sqrt().asin() - half; // √(S/(1−S)) = 2
    assert!(near(of(Kind::Arcsin).lower, angle.sin().powi(2)));
    assert!(near(of(Kind::Arcsin).upper, (angle + 2.0 * half).sin().powi(2)));
}

#[test]
fn an_end_that_does_not_exist_is_absent() {
    let curve = curve_of(&[1.0, 2.0, 3.0], &[false, true, true]);
    for kind in Kind::ALL {
        let intervals = curve.intervals(kind, Level::P95);
        // Nothing has happened at 1; at 3 nobody is left.
        assert_eq!(intervals[0].is_some(), matches!(kind, Kind::Plain | Kind::Log));
        assert!(intervals[1].is_some() && intervals[2].is_none());
    }
    assert_eq!((curve.points[2].se(), curve.points[2].log_se()), (None, None));
}

#[test]
fn the_median_of_a_flat_is_its_middle() {
    let time = |curve: &Curve, p| curve.quantile(p, Kind::Log, Level::P95).unwrap().time;
    let even = curve_of(&[1.0, 2.0, 5.0, 6.0], &[true; 4]);
    assert_eq!(time(&even, 0.5), Some(3.5));
    assert_eq!(time(&even, 0.4), Some(2.0));
    assert_eq!(time(&even, 0.0), Some(0.0));
    assert_eq!(time(&even, 1.0), Some(6.0));
    // The last flat: from the last event at 2 to the last exit at 9.
    let ending = curve_of(&[1.0, 2.0, 5.0, 9.0], &[true, true, false, false]);
    assert_eq!(time(&ending, 0.5), Some(5.5));
    let median = |curve: &Curve| curve.median(Kind::Log, Level::P95);
    assert_eq!((median(&ending).time, median(&ending).upper), (Some(2.0), None));
    assert_eq!(median(&even).time, Some(3.5));
    assert_eq!(time(&ending, 0.6), None);
    let refused = Err(Error::NotAProbability);
    assert_eq!(even.quantile(1.5, Kind::Log, Level::P95), refused);
    assert_eq!(even.quantile(f64::NAN, Kind::Log, Level::P95), refused);
}

#[test]
fn the_restricted_mean_is_an_area() {
    let mean = five().restricted_mean(5.0).unwrap();
    // 1·1 + 1·0.8 + 2·0.6 + 1·0.3; areas beyond 1, 2, 4 are 2.3, 1.5, 0.3.
    assert!(near(mean.mean, 3.3));
    let variance = 2.3 * 2.3 / 20.0 + 1.5 * 1.5 / 12.0 + 0.3 * 0.3 / 2.0;
    assert!(near(mean.se, f64::sqrt(variance)));
    assert!(!mean.extrapolated && five().restricted_mean(7.0).unwrap().extrapolated);
    let early = five().restricted_mean(0.5).unwrap();
    assert_eq!((early.mean, early.se), (0.5, 0.0));
    for tau in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(five().restricted_mean(tau), Err(Error::OutOfRange { name: "tau" }));
    }
}

#[test]
fn a_day_between_two_exits_reads_the_earlier() {
    let read = |day| five().survival_at(day, Kind::Plain, Level::P95);
    let shape = |day| read(day).map(|at| (at.survival, at.at_risk));
    assert_eq!(shape(0.0), Some((1.0, 5)));
    assert_eq!(shape(1.5), Some((0.8, 4)));
    assert_eq!(read(1.5).unwrap().interval, five().points[0].interval(Kind::Plain, Level::P95));
    assert_eq!(shape(6.0).unwrap().1, 0);
    assert_eq!((shape(6.5), shape(-1.0), shape(f64::NAN)), (None, None, None));
    // A curve that reached 0 stays there.
    let done = curve_of(&[1.0], &[true]);
    assert_eq!(done.survival_at(9.0, Kind::Log, Level::P95).unwrap().survival, 0.0);
}
