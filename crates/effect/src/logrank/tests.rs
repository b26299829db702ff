//! Tests of `logrank`: values worked out by hand, and what must hold whatever the data.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(clippy::float_cmp, reason = "these results are exact")]
use super::*;
use crate::risk::Rows;

fn table(exit: &[f64], event: &[bool], group: &[u16]) -> RiskTable {
    RiskTable::from_rows(&Rows::right_censored(exit, event).in_groups(group)).unwrap()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

/// Groups 1 and 2: events of 1 at 1 and 3, of 2 at 2; a censoring of 2 at 4.
fn four() -> RiskTable {
    table(&[1.0, 3.0, 2.0, 4.0], &[true, true, true, false], &[1, 1, 2, 2])
}

#[test]
fn four_rows_by_hand() {
    let test = log_rank(&[four()]).unwrap();
    // At risk (2, 2), (1, 2), (1, 1): expected for group 1 are 1/2 + 1/3 + 1/2.
    assert_eq!((test.labels, test.rows, test.df), (vec![1, 2], vec![2, 2], 1));
    assert_eq!(test.observed, [2.0, 1.0]);
    assert!(near(test.expected[0], 4.0 / 3.0) && near(test.expected[1], 5.0 / 3.0));
    let variance = 1.0 / 4.0 + 2.0 / 9.0 + 1.0 / 4.0;
    assert!(near(test.variance[0][0], variance) && near(test.variance[0][1], -variance));
    assert!(near(test.chi_squared, (4.0 / 9.0) / variance));
}

#[test]
fn peto_peto_weighs_by_the_pooled_curve() {
    let test = peto_peto(&[four()]).unwrap();
    // Weights 1, 3/4, 1/2.
    assert!(near(test.observed[0], 1.5) && near(test.observed[1], 0.75));
    assert!(near(test.expected[0], 0.5 + 0.25 + 0.25));
    let variance = 0.25 + 0.5625 * 2.0 / 9.0 + 0.25 * 0.25;
    assert!(near(test.variance[0][0], variance));
}

#[test]
fn strata_add_up() {
    let once = log_rank(&[four()]).unwrap();
    let twice = log_rank(&[four(), four()]).unwrap();
    assert!(near(twice.chi_squared, 2.0 * once.chi_squared));
    assert_eq!(twice.rows, [4, 4]);
    // A stratum that lacks a group has no say in it.
    let alone = table(&[1.0, 2.0], &[true, true], &[1, 1]);
    let with = log_rank(&[four(), alone]).unwrap();
    assert!(near(with.chi_squared, once.chi_squared));
    assert_eq!(with.observed, [4.0, 1.0]);
}

#[test]
fn late_entry_counts_only_from_its_time() {
    let rows = Rows::counting(&[0.0, 0.0, 1.0], &[1.0, 3.0, 2.0], &[true, false, true]);
    let late = RiskTable::from_rows(&rows.in_groups(&[1, 1, 2])).unwrap();
    // At 1 group 2 has not entered; at 2 one of each is at risk.
    let test = log_rank(&[late]).unwrap();
    assert_eq!((test.expected, test.variance[0][0]), (vec![1.5, 0.5], 0.25));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let quiet = table(&[1.0, 2.0], &[false, false], &[1, 2]);
    let apart = table(&[1.0, 2.0], &[false, true], &[1, 2]);
    let single = table(&[1.0, 2.0], &[true, true], &[1, 1]);
    assert_eq!(log_rank(&[]), Err(Error::Empty));
    assert_eq!(log_rank(&[quiet]), Err(Error::NoEvents));
    assert_eq!(log_rank(&[apart]), Err(Error::NotComparable));
    assert_eq!(log_rank(&[single]), Err(Error::NotComparable));
    let all_at_once = table(&[1.0, 1.0], &[true, true], &[1, 2]);
    assert_eq!(log_rank(&[all_at_once]), Err(Error::NotComparable));
    for rho in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(g_rho(&[four()], rho), Err(Error::OutOfRange { name: "rho" }));
    }
    let labels: Vec<u16> = (0..1001).collect();
    let many = table(&vec![1.0; 1001], &vec![true; 1001], &labels);
    assert_eq!(log_rank(&[many]), Err(Error::TooManyGroups { found: 1001, limit: GROUPS_MAX }));
}
