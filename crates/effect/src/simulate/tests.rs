//! Tests of `simulate`: values worked out by hand, and what must hold whatever the data.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
use super::*;

/// The table of the design: hold, share fixed, and what address, one scan and two scans report.
const TABLE: [(f64, f64, [f64; 3]); 3] = [
    (30.0, 0.0, [0.67, 0.10, 0.01]),
    (7.0, 0.0, [0.99, 0.10, 0.01]),
    (30.0, 0.26, [0.76, 0.33, 0.28]),
];

fn expected(setting: &Setting) -> [f64; 3] {
    [(FollowedBy::Address, 1), (FollowedBy::Line, 1), (FollowedBy::Line, setting.clean_scans)]
        .map(|(by, scans)| setting.looks_fixed(by, scans).unwrap())
}

fn played(setting: &Setting) -> [f64; 3] {
    let outcome = setting.simulate(200_000, 20_260_401).unwrap();
    [outcome.by_address, outcome.by_line_once, outcome.by_line_in_a_row]
        .map(|count| outcome.share(count))
}

/// Whether a simulated share lies within four standard errors of its expectation.
fn within_chance(share: f64, expected: f64) -> bool {
    (share - expected).abs() <= 4.0 * (expected * (1.0 - expected) / 200_000.0).sqrt()
}

#[test]
fn the_published_table_comes_out() {
    for (hold_days, fix_rate, table) in TABLE {
        let setting = Setting { hold_days, fix_rate, ..Setting::default() };
        for ((closed, played), printed) in
            expected(&setting).into_iter().zip(played(&setting)).zip(table)
        {
            // The table is simulated and rounded to whole per cent: 75.4992 % is printed as 76 %.
            assert!((closed - printed).abs() <= 0.006, "{closed} is printed as {printed}");
            assert!(within_chance(played, closed), "{played} is far from {closed}");
        }
        let outcome = setting.simulate(200_000, 7).unwrap();
        assert!(within_chance(outcome.share(outcome.fixed), fix_rate));
    }
}

#[test]
fn more_scans_and_other_countries_follow_the_closed_form() {
    for (hold_days, miss, fix_rate, clean_scans) in
        [(10.0, 0.3, 0.5, 1), (90.0, 0.5, 0.1, 4), (30.0, 0.9, 0.02, 7)]
    {
        let setting = Setting { hold_days, miss, fix_rate, clean_scans, scan_interval_days: 14.0 };
        for (closed, played) in expected(&setting).into_iter().zip(played(&setting)) {
            assert!(within_chance(played, closed), "{setting:?}: {played} is far from {closed}");
        }
    }
}

#[test]
fn certainty_is_exact() {
    let count = |setting: Setting| {
        let o = setting.simulate(1000, 1).unwrap();
        [o.fixed, o.by_address, o.by_line_once, o.by_line_in_a_row]
    };
    assert_eq!(count(Setting { fix_rate: 1.0, ..Setting::default() }), [1000; 4]);
    assert_eq!(count(Setting { miss: 1.0, ..Setting::default() }), [0, 1000, 1000, 1000]);
    let settled = Setting { miss: 0.0, hold_days: 1e300, ..Setting::default() };
    assert_eq!(count(settled), [0; 4]);
}

#[test]
fn a_seed_is_an_outcome() {
    let run = |seed| Setting::default().simulate(1000, seed).unwrap();
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_setting_outside_its_range_is_named() {
    let base = Setting::default();
    for (setting, name) in [
        (Setting { hold_days: 0.0, ..base }, "hold_days"),
        (Setting { hold_days: f64::NAN, ..base }, "hold_days"),
        (Setting { miss: 1.5, ..base }, "miss"),
        (Setting { fix_rate: -0.1, ..base }, "fix_rate"),
        (Setting { scan_interval_days: f64::INFINITY, ..base }, "scan_interval_days"),
        (Setting { clean_scans: 0, ..base }, "clean_scans"),
        (Setting { clean_scans: 101, ..base }, "clean_scans"),
    ] {
        assert_eq!(setting.simulate(1, 1), Err(Error::OutOfRange { name }));
        assert_eq!(
            setting.looks_fixed(FollowedBy::Line, setting.clean_scans),
            Err(Error::OutOfRange { name })
        );
    }
    assert_eq!(base.simulate(0, 1), Err(Error::Empty));
    assert_eq!(base.simulate(CASES_MAX + 1, 1), Err(Error::OutOfRange { name: "cases" }));
}
