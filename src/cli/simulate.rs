//! `todoke simulate`: how many devices look fixed, beside how many are; needs no store.

use clap::Args;
use effect::{
    Interval, Level, proportions,
    simulate::{FollowedBy, Setting},
};
use serde::Serialize;

use super::{Ended, Out, WrongUsage};
use crate::verification::CLEAN_SCANS;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  todoke simulate --hold-days 30 --miss 0.1 --fix-rate 0.26\n\n\
    Each scan misses a live device with probability P, independently; a fix comes at a constant \
    rate;\nan address passes on after an exponential time of mean D.")]
pub(super) struct Simulate {
    /// Mean days for which a line keeps an address.
    #[arg(long, value_name = "D", default_value_t = 30.0)]
    hold_days: f64,
    /// Probability that a scan misses a live device.
    #[arg(long, value_name = "P", default_value_t = 0.1)]
    miss: f64,
    /// Share truly fixed from one scan to the next.
    #[arg(long, value_name = "R", default_value_t = 0.0)]
    fix_rate: f64,
    /// Days from one scan to the next.
    #[arg(long, value_name = "D", default_value_t = 30.0)]
    scan_days: f64,
    /// Devices.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    cases: u64,
    /// The same seed gives the same table.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// What one way of following devices says.
#[derive(Debug, Serialize)]
struct Row {
    method: &'static str,
    clean_scans: u32,
    n: u64,
    looks_fixed: f64,
    lower: f64,
    upper: f64,
    formula: f64,
    true_fixed: f64,
    #[serde(skip)]
    words: &'static str,
}

impl Simulate {
    pub(super) fn run(&self, out: Out) -> anyhow::Result<Ended> {
        let rows = self.rows().map_err(|why| WrongUsage(why.to_string()))?;
        if !out.json {
            let (method, looks, truly) = ("followed by", "looks fixed", "truly fixed");
            println!("{method:<36}{looks:>12}{:>20}{:>12}{truly:>14}", "95 %", "formula");
        }
        for row in &rows {
            let [looks, lower, upper, formula, truly] =
                [row.looks_fixed, row.lower, row.upper, row.formula, row.true_fixed]
                    .map(|share| format!("{:.2} %", share * 100.0));
            let interval = format!("{lower} to {upper}");
            let words = row.words;
            out.line(row, format!("{words:<36}{looks:>12}{interval:>20}{formula:>12}{truly:>14}"))?;
        }
        Ok(Ended::Done)
    }

    fn rows(&self) -> Result<Vec<Row>, effect::Error> {
        let setting = Setting {
            hold_days: self.hold_days,
            miss: self.miss,
            fix_rate: self.fix_rate,
            scan_interval_days: self.scan_days,
            clean_scans: CLEAN_SCANS,
        };
        let outcome = setting.simulate(self.cases, self.seed)?;
        let true_fixed = outcome.share(outcome.fixed);
        let row = |(method, words, count, by, clean_scans): Counted| {
            let looks = proportions::wilson(count, outcome.cases, Level::P95)?;
            let formula = setting.looks_fixed(by, clean_scans)?;
            let Interval { lower, upper } = looks.interval;
            let (n, looks_fixed) = (outcome.cases, looks.value);
            Ok(Row {
                method,
                clean_scans,
                n,
                looks_fixed,
                lower,
                upper,
                formula,
                true_fixed,
                words,
            })
        };
        let line = FollowedBy::Line;
        let counted: [Counted; 3] = [
            ("address", "address", outcome.by_address, FollowedBy::Address, 1),
            ("line_once", "line token, one clean scan", outcome.by_line_once, line, 1),
            (
                "line_twice",
                "line token, two clean scans in a row",
                outcome.by_line_in_a_row,
                line,
                CLEAN_SCANS,
            ),
        ];
        counted.into_iter().map(row).collect()
    }
}

/// Method, its words, cases that look fixed, by what they are followed, clean scans.
type Counted = (&'static str, &'static str, u64, FollowedBy, u32);

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the design: held days, share fixed, and per method what looks fixed.
    #[test]
    fn the_table_of_the_naive_number_is_reproduced() {
        for (hold_days, fix_rate, shares) in [
            (30.0, 0.0, [0.67, 0.10, 0.01]),
            (7.0, 0.0, [0.99, 0.10, 0.01]),
            (30.0, 0.26, [0.76, 0.33, 0.28]),
        ] {
            let asked = Simulate {
                hold_days,
                miss: 0.1,
                fix_rate,
                scan_days: 30.0,
                cases: 200_000,
                seed: 3,
            };
            let rows = asked.rows().unwrap();
            for (row, share) in rows.iter().zip(shares) {
                // Half a point of rounding in the table, and the error of chance.
                assert!((row.looks_fixed - share).abs() < 0.009, "{row:?} {share}");
                assert!((row.true_fixed - fix_rate).abs() < 0.005, "{row:?}");
                assert!(row.lower <= row.formula && row.formula <= row.upper, "{row:?}");
            }
        }
    }
}
