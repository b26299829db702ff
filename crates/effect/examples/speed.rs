//! How long curves by six groups and a log-rank test take: `cargo run --release --example speed`.
#![expect(clippy::unwrap_used, reason = "a measurement may stop by panicking")]

use std::hint::black_box;
use std::time::Instant;

use effect::risk::{RiskTable, Rows};
use effect::{km, logrank};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn main() {
    for rows in [1_000_000, 10_000_000] {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let days: Vec<u16> = (0..rows).map(|_| rng.random_range(0..=365)).collect();
        let event: Vec<bool> = (0..rows).map(|_| rng.random_bool(0.7)).collect();
        let group: Vec<u16> = (0..rows).map(|_| rng.random_range(0..6)).collect();
        let times: Vec<f64> = days.iter().map(|&day| f64::from(day)).collect();
        let uneven: Vec<f64> = times.iter().map(|t| t + rng.random::<f64>()).collect();
        let report = |name: &str, table: &dyn Fn() -> RiskTable| {
            let best = (0..5).map(|_| seconds(table)).fold(f64::INFINITY, f64::min);
            println!("{rows} rows, {name}: {best:.5} s");
        };
        let rows_of = |exit| {
            let rows = Rows::right_censored(exit, &event).in_groups(&group);
            RiskTable::from_rows(&rows).unwrap()
        };
        report("whole days as integers", &|| RiskTable::from_days(&days, &event, &group).unwrap());
        report("whole days as floats", &|| rows_of(&times));
        report("any times", &|| rows_of(&uneven));
    }
}

fn seconds(table: &dyn Fn() -> RiskTable) -> f64 {
    let start = Instant::now();
    let table = table();
    black_box(km::curves(&table));
    black_box(logrank::log_rank(&[table]).unwrap());
    start.elapsed().as_secs_f64()
}
