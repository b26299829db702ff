//! Tests of `turnbull`: values worked out by hand, and what must hold whatever the data.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
use super::*;
use crate::km::{self, Kind};
use crate::risk::{RiskTable, Rows};
use crate::{Interval, Level};

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

fn masses(spans: &[Span]) -> Vec<(f64, Option<f64>, f64)> {
    let curve = fit(spans).unwrap();
    assert!(curve.kkt_max <= KKT_MAX && near(curve.cells.iter().map(|c| c.mass).sum(), 1.0));
    curve.cells.iter().map(|cell| (cell.left, cell.right, cell.mass)).collect()
}

#[test]
fn two_rows_that_overlap_share_one_cell() {
    assert_eq!(masses(&[Span::by(2.0), Span::between(1.0, 3.0)]), [(1.0, Some(2.0), 1.0)]);
    // A right end at the left end of another row does not overlap it.
    let apart = masses(&[Span::by(2.0), Span::between(2.0, 3.0)]);
    assert_eq!(
        apart.iter().map(|cell| (cell.0, cell.1)).collect::<Vec<_>>(),
        [(0.0, Some(2.0)), (2.0, Some(3.0))]
    );
    assert!(near(apart[0].2, 0.5));
}

/// Rows (0, 1], (1, 2] twice, (0, 2]: with p on the first cell, the likelihood is p(1 − p)²·1.
#[test]
fn a_likelihood_by_hand() {
    let spans = [Span::by(1.0), Span::between(1.0, 2.0).times(2), Span::by(2.0)];
    let curve = fit(&spans).unwrap();
    assert!(near(curve.cells[0].mass, 1.0 / 3.0));
    assert!(near(curve.log_likelihood, f64::ln(4.0 / 27.0)));
    let unfolded = [spans[0], Span::between(1.0, 2.0), spans[2], Span::between(1.0, 2.0)];
    assert_eq!(fit(&unfolded).unwrap().cells, curve.cells);
    let (inside, at_end) = (curve.survival_at(0.5).unwrap(), curve.survival_at(1.0).unwrap());
    assert!(near(inside.lower, 2.0 / 3.0) && near(inside.upper, 1.0));
    assert!(near(at_end.lower, 2.0 / 3.0) && near(at_end.upper, 2.0 / 3.0));
    assert!(curve.survival_at(-1.0).is_none() && curve.survival_at(f64::NAN).is_none());
}

#[test]
fn exact_and_censored_rows_make_a_kaplan_meier_curve() {
    let (exit, event) = ([4.0, 2.0, 1.0, 2.0, 6.0], [true, true, true, false, false]);
    let spans: Vec<Span> = exit
        .iter()
        .zip(event)
        .map(|(&t, event)| if event { Span::exactly(t) } else { Span::after(t) })
        .collect();
    let table = RiskTable::from_rows(&Rows::right_censored(&exit, &event)).unwrap();
    let km = &km::curves(&table)[0];
    let turnbull = fit(&spans).unwrap();
    for day in [0.0, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0] {
        let band = turnbull.survival_at(day).unwrap();
        let share = km.survival_at(day, Kind::Log, Level::P95).unwrap().survival;
        assert!(near(band.lower, share) && near(band.upper, share), "day {day}");
    }
    // What lies beyond the last look may come at once or never.
    let beyond = turnbull.survival_at(7.0).unwrap();
    assert!(near(beyond.lower, 0.0) && near(beyond.upper, 0.3));
}

#[test]
fn an_exact_event_at_an_end_lies_in_the_row_that_ends_there() {
    let together = masses(&[Span::by(5.0), Span::exactly(5.0)]);
    assert_eq!(together, [(5.0, Some(5.0), 1.0)]);
    assert_eq!(masses(&[Span::between(5.0, 8.0), Span::exactly(5.0)]).len(), 2);
    assert_eq!(masses(&[Span::after(3.0)]), [(3.0, None, 1.0)]);
}

#[test]
fn many_looks_meet_the_certificate() {
    // Looks at days that differ from row to row; a quarter never sees the event.
    let spans: Vec<Span> = (0..400_u32)
        .map(|row| {
            let (left, width) = (f64::from(row * 37 % 101), f64::from(row * 53 % 19 + 1));
            if row % 4 == 0 { Span::after(left) } else { Span::between(left, left + width) }
        })
        .collect();
    let curve = fit(&spans).unwrap();
    assert!(curve.kkt_max <= 1.0 + 1e-9, "{} after {}", curve.kkt_max, curve.iterations);
    let steps = (0..130).map(|day| curve.survival_at(f64::from(day)).unwrap());
    assert!(steps.is_sorted_by(|a, b| a.lower >= b.lower && a.upper >= b.upper));
}

#[test]
fn the_bootstrap_covers_and_repeats() {
    let spans = [Span::by(30.0).times(40), Span::between(30.0, 60.0).times(60)];
    let how = Bootstrap { level: Level::P95, replicates: 400, seed: 11 };
    let interval = bootstrap(&spans, &[30.0], how).unwrap();
    assert_eq!(interval, bootstrap(&spans, &[30.0], how).unwrap());
    // S(30) is binomial here: 0.6 ± 1.96·√(0.24/100).
    let Interval { lower, upper } = interval[0];
    assert!((lower - 0.504).abs() < 0.03 && (upper - 0.696).abs() < 0.03);
    let few = Bootstrap { replicates: 1, ..how };
    let refused = |name| Err(Error::OutOfRange { name });
    assert_eq!(bootstrap(&spans, &[30.0], few), refused("replicates"));
    assert_eq!(bootstrap(&spans, &[f64::NAN], how), refused("times"));
    let huge = [Span::by(1.0).times(u64::MAX), Span::by(2.0).times(u64::MAX)];
    assert_eq!(bootstrap(&huge, &[], how), refused("replicates"));
}

#[test]
fn a_difference_of_two_samples_is_drawn_and_repeats() {
    let first = [Span::by(30.0).times(60), Span::after(30.0).times(40)];
    let second = [Span::by(30.0).times(40), Span::after(30.0).times(60)];
    let how = Bootstrap { level: Level::P95, replicates: 400, seed: 5 };
    let gone = |curve: &Npmle| 1.0 - curve.interpolated_at(30.0).unwrap_or(1.0);
    let interval = bootstrap_difference(&first, &second, gone, how).unwrap();
    assert_eq!(interval, bootstrap_difference(&first, &second, gone, how).unwrap());
    // 0.2 ± 1.96·√(2·0.24/100).
    let Interval { lower, upper } = interval;
    assert!((lower - 0.064).abs() < 0.03 && (upper - 0.336).abs() < 0.03, "{lower} {upper}");
    let few = Bootstrap { replicates: 1, ..how };
    assert!(bootstrap_difference(&first, &second, gone, few).is_err());
}

#[test]
fn between_two_looks_the_mass_is_spread_evenly() {
    let curve = fit(&[Span::between(30.0, 60.0).times(3), Span::after(60.0)]).unwrap();
    let at = |day| curve.interpolated_at(day);
    for (day, survival) in [(0.0, 1.0), (30.0, 1.0), (50.0, 0.5), (60.0, 0.25)] {
        assert!(near(at(day).unwrap(), survival), "{day}: {:?}", at(day));
    }
    assert_eq!((at(61.0), at(f64::NAN)), (None, None));
}

#[test]
fn what_is_no_span_is_refused() {
    let row = 0;
    assert_eq!(fit(&[]), Err(Error::Empty));
    assert_eq!(fit(&[Span::by(1.0).times(0)]), Err(Error::Empty));
    assert_eq!(fit(&[Span::after(f64::NAN)]), Err(Error::NotFinite { row }));
    assert_eq!(fit(&[Span::by(f64::INFINITY)]), Err(Error::NotFinite { row }));
    assert_eq!(fit(&[Span::after(-1.0)]), Err(Error::NegativeTime { row }));
    assert_eq!(fit(&[Span::between(2.0, 1.0)]), Err(Error::NotAfterStart { row }));
}
