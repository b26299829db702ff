//! `todoke simulate`: how many devices look fixed, beside how many are; needs no store.

use clap::Args;
use effect::{
    Level, proportions,
    simulate::{FollowedBy, Setting},
};
use serde_json::json;

use super::{Ended, Out, Refused};

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

impl Simulate {
    pub(super) fn run(&self, out: Out) -> anyhow::Result<Ended> {
        let setting = Setting {
            hold_days: self.hold_days,
            miss: self.miss,
            fix_rate: self.fix_rate,
            scan_interval_days: self.scan_days,
            clean_scans: 2,
        };
        let outcome = setting.simulate(self.cases, self.seed).map_err(Refused::because)?;
        if !out.json {
            println!(
                "{:<36}{:>12}{:>22}{:>10}{:>12}",
                "followed by", "looks fixed", "95 %", "formula", "truly fixed"
            );
        }
        let true_fixed = outcome.share(outcome.fixed);
        for (method, words, count, by, scans) in [
            ("address", "address", outcome.by_address, FollowedBy::Address, 1),
            ("line_once", "line token, one clean scan", outcome.by_line_once, FollowedBy::Line, 1),
            (
                "line_twice",
                "line token, two clean scans in a row",
                outcome.by_line_in_a_row,
                FollowedBy::Line,
                2,
            ),
        ] {
            let looks = proportions::wilson(count, outcome.cases, Level::P95)?;
            let formula = setting.looks_fixed(by, scans).map_err(Refused::because)?;
            let (share, interval) = (looks.value, looks.interval);
            out.line(
                &json!({
                    "method": method, "clean_scans": scans, "n": outcome.cases,
                    "looks_fixed": share, "lower": interval.lower, "upper": interval.upper,
                    "formula": formula, "true_fixed": true_fixed,
                }),
                format!(
                    "{words:<36}{:>10.2} %{:>10.2} – {:>5.2} %{:>8.2} %{:>10.2} %",
                    share * 100.0,
                    interval.lower * 100.0,
                    interval.upper * 100.0,
                    formula * 100.0,
                    true_fixed * 100.0,
                ),
            )?;
        }
        Ok(Ended::Done)
    }
}
