//! Properties that hold for every study, whatever its rows.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use effect::km::{Curve, Kind, curves};
use effect::logrank::{g_rho, log_rank, peto_peto};
use effect::risk::{RiskTable, Rows};
use effect::turnbull::{self, Cell, KKT_MAX, Span};
use effect::{Error, Level};
use proptest::prelude::*;

/// Rows on whole days, so that ties are common: (exit, event, group).
fn study() -> impl Strategy<Value = Vec<(u8, bool, u16)>> {
    prop::collection::vec((0_u8..12, any::<bool>(), 0_u16..4), 1..60)
}

struct Study {
    exit: Vec<f64>,
    event: Vec<bool>,
    group: Vec<u16>,
}

impl Study {
    /// Times are divided by `unit`, so that 3 leads past the counting of whole days.
    fn of(rows: &[(u8, bool, u16)], unit: f64) -> Self {
        Self {
            exit: rows.iter().map(|row| f64::from(row.0) / unit).collect(),
            event: rows.iter().map(|row| row.1).collect(),
            group: rows.iter().map(|row| row.2).collect(),
        }
    }

    fn table(&self) -> RiskTable {
        let rows = Rows::right_censored(&self.exit, &self.event).in_groups(&self.group);
        RiskTable::from_rows(&rows).unwrap()
    }
}

/// What a curve says, apart from where pieces of a subject end.
fn at_events(curve: &Curve) -> Vec<[f64; 5]> {
    let points = curve.points.iter().filter(|point| point.events > 0);
    points
        .map(|p| {
            [p.time, p.at_risk as f64, p.survival, p.cumulative_hazard, p.log_se().unwrap_or(-1.0)]
        })
        .collect()
}

/// The likelihood straight from its definition.
fn log_likelihood(cells: &[Cell], spans: &[Span]) -> f64 {
    let of = |span: &Span| {
        let (from, to) = (span.left, span.right.unwrap_or(f64::INFINITY));
        let held = cells.iter().filter(|cell| {
            // An exact event at the open left end lies outside the row, unless it is the row.
            let right = cell.right.unwrap_or(f64::INFINITY);
            cell.left >= from && right <= to && (right > from || to <= from)
        });
        span.count as f64 * held.map(|cell| cell.mass).sum::<f64>().ln()
    };
    spans.iter().filter(|span| span.count > 0).map(of).sum()
}

proptest! {
    // A failure is shown in full; nothing is written into the source tree.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_rows_says_nothing(
        (rows, shuffled) in study()
            .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
    ) {
        for unit in [1.0, 3.0] {
            let (a, b) = (Study::of(&rows, unit).table(), Study::of(&shuffled, unit).table());
            prop_assert_eq!(curves(&a), curves(&b));
            prop_assert_eq!(log_rank(&[a]), log_rank(&[b]));
        }
    }

    #[test]
    fn without_censoring_the_curve_is_the_share_still_there(rows in study()) {
        let rows: Vec<_> = rows.into_iter().map(|(day, _, _)| (day, true, 0)).collect();
        let study = Study::of(&rows, 1.0);
        let n = rows.len() as f64;
        for point in &curves(&study.table())[0].points {
            let later = study.exit.iter().filter(|&&exit| exit > point.time).count() as f64;
            prop_assert!((point.survival - later / n).abs() < 1e-12);
            // Greenwood is then the binomial standard error.
            let binomial = (point.survival * (1.0 - point.survival) / n).sqrt();
            prop_assert!((point.se().unwrap_or(0.0) - binomial).abs() < 1e-12);
        }
    }

    #[test]
    fn cutting_a_subject_into_pieces_says_nothing(rows in study(), cut in 0.5_f64..11.5) {
        let study = Study::of(&rows, 1.0);
        // Nobody leaves at 0 here: an interval (0, 0] is empty.
        let exit: Vec<f64> = study.exit.iter().map(|exit| exit + 1.0).collect();
        let whole = Rows::counting(&[], &exit, &study.event);
        let zeros = vec![0.0; exit.len()];
        let whole = Rows { entry: Some(&zeros), ..whole }.in_groups(&study.group);
        let (mut from, mut to, mut event, mut group) = (vec![], vec![], vec![], vec![]);
        for (row, &end) in exit.iter().enumerate() {
            if cut < end {
                from.push(0.0);
                to.push(cut);
                event.push(false);
                group.push(study.group[row]);
            }
            from.push(if cut < end { cut } else { 0.0 });
            to.push(end);
            event.push(study.event[row]);
            group.push(study.group[row]);
        }
        let pieces = Rows::counting(&from, &to, &event).in_groups(&group);
        let whole = RiskTable::from_rows(&whole).unwrap();
        let pieces = RiskTable::from_rows(&pieces).unwrap();
        let says = |table: &RiskTable| curves(table).iter().map(at_events).collect::<Vec<_>>();
        prop_assert_eq!(says(&whole), says(&pieces));
        let chi_squared = |table| peto_peto(&[table]).map(|test| test.chi_squared);
        prop_assert_eq!(chi_squared(whole), chi_squared(pieces));
    }

    #[test]
    fn curves_fall_within_their_intervals(rows in study()) {
        for curve in curves(&Study::of(&rows, 1.0).table()) {
            prop_assert!(curve.points.is_sorted_by(|a, b| a.time < b.time));
            prop_assert!(curve.points.is_sorted_by(|a, b| a.survival >= b.survival));
            for kind in Kind::ALL {
                let intervals = curve.intervals(kind, Level::P95);
                for (point, interval) in curve.points.iter().zip(intervals) {
                    let Some(interval) = interval else { continue };
                    prop_assert!(0.0 <= interval.lower && interval.upper <= 1.0);
                    let slack = 1e-12;
                    prop_assert!(interval.lower <= point.survival + slack);
                    prop_assert!(interval.upper >= point.survival - slack);
                }
            }
        }
    }

    #[test]
    fn observed_and_expected_have_one_sum(rows in study(), rho in 0.0_f64..3.0) {
        match g_rho(&[Study::of(&rows, 1.0).table()], rho) {
            Ok(test) => {
                let sum = |values: &[f64]| values.iter().sum::<f64>();
                prop_assert!((sum(&test.observed) - sum(&test.expected)).abs() < 1e-9);
                prop_assert!(test.chi_squared >= 0.0 && (0.0..=1.0).contains(&test.p));
                for row in &test.variance {
                    prop_assert!(sum(row).abs() < 1e-9);
                }
            }
            Err(error) => prop_assert!(matches!(error, Error::NoEvents | Error::NotComparable)),
        }
    }

    #[test]
    fn any_finite_rows_are_answered_or_refused(
        rows in prop::collection::vec(
            (any::<f64>(), any::<f64>(), any::<bool>(), any::<u16>()), 0..30),
        late in any::<bool>(), positive in any::<bool>(),
        (tau, p, time) in (any::<f64>(), any::<f64>(), any::<f64>()),
    ) {
        let sign = |time: f64| if positive { time.abs() } else { time };
        let entry: Vec<f64> = rows.iter().map(|row| sign(row.0).min(sign(row.1))).collect();
        let exit: Vec<f64> = rows.iter().map(|row| sign(row.0).max(sign(row.1))).collect();
        let event: Vec<bool> = rows.iter().map(|row| row.2).collect();
        let group: Vec<u16> = rows.iter().map(|row| row.3 % 5).collect();
        let stratum: Vec<u32> = rows.iter().map(|row| u32::from(row.3) / 30_000).collect();
        let columns = Rows { entry: late.then_some(&entry), ..Rows::right_censored(&exit, &event) };
        let columns = columns.in_groups(&group);
        if let Ok(table) = RiskTable::from_rows(&columns) {
            for curve in curves(&table) {
                for kind in Kind::ALL {
                    let _ = curve.median(kind, Level::P95);
                    let _ = curve.quantile(p, kind, Level::P95);
                    let _ = curve.survival_at(time, kind, Level::P95);
                }
                let _ = curve.restricted_mean(tau);
            }
        }
        if let Ok(strata) = RiskTable::by_stratum(&columns, &stratum) {
            let _ = log_rank(&strata);
            let _ = g_rho(&strata, p);
        }
    }

    #[test]
    fn looks_of_any_kind_end_at_the_maximum(
        looks in prop::collection::vec((0_u8..40, 0_u8..12, any::<bool>(), 0_u64..4), 1..80),
        shift in prop::collection::vec(-1.0_f64..1.0, 80),
    ) {
        let spans: Vec<Span> = looks.iter().map(|&(left, width, seen, count)| {
            let left = f64::from(left);
            let span = Span::between(left, left + f64::from(width));
            if seen { span.times(count) } else { Span::after(left).times(count) }
        }).collect();
        let Ok(curve) = turnbull::fit(&spans) else {
            prop_assert!(looks.iter().all(|look| look.3 == 0));
            return Ok(());
        };
        prop_assert!(curve.kkt_max <= KKT_MAX);
        let likelihood = log_likelihood(&curve.cells, &spans);
        prop_assert!((likelihood - curve.log_likelihood).abs() < 1e-8 * (1.0 + likelihood.abs()));
        // No other masses do better.
        let shifted = |(cell, shift): (&Cell, &f64)| (cell.mass + 0.01) * (1.0 + shift);
        let weights = curve.cells.iter().zip(&shift).map(shifted);
        let sum: f64 = weights.clone().sum();
        let mut other = curve.cells.clone();
        other.iter_mut().zip(weights).for_each(|(cell, weight)| cell.mass = weight / sum);
        let rival = log_likelihood(&other, &spans);
        prop_assert!(rival <= likelihood + 1e-6 * (1.0 + likelihood.abs()));
    }

    #[test]
    fn any_finite_looks_are_answered_or_refused(
        looks in prop::collection::vec(
            (any::<f64>(), any::<f64>(), any::<bool>(), any::<u64>()), 0..20),
        time in any::<f64>(),
    ) {
        let spans: Vec<Span> = looks.iter().map(|&(a, b, seen, count)| {
            let (a, b) = (a.abs(), b.abs());
            let span = if seen { Span::between(a.min(b), a.max(b)) } else { Span::after(a) };
            span.times(count)
        }).collect();
        if let Ok(curve) = turnbull::fit(&spans) {
            let _ = curve.survival_at(time);
        }
    }
}
