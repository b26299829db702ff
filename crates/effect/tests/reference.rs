//! Every curve and every test against R `survival`, digit by digit.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "support/shared.rs"]
mod shared;

use std::collections::BTreeMap;

use effect::km::{Curve, Kind, Point, curves};
use effect::logrank::{LogRank, g_rho};
use effect::risk::{RiskTable, Rows};
use effect::turnbull::{self, Span};
use effect::{Interval, Level};
use serde_json::Value;
use shared::Differences;

/// A data set: time, event, and per entry of its results the columns of group and stratum.
type Set = (&'static str, &'static str, &'static str, &'static [(&'static str, Option<Columns>)]);
/// Group column and, for a stratified test, the column of the stratum.
type Columns = (&'static str, Option<&'static str>);

const SETS: [Set; 5] = [
    (
        "lung",
        "time",
        "status",
        &[
            ("km_all", None),
            ("km_sex", Some(("sex", None))),
            ("rmst", Some(("sex", None))),
            ("logrank", Some(("sex", None))),
            ("peto", Some(("sex", None))),
            ("strat_logrank", Some(("sex", Some("ph.ecog")))),
        ],
    ),
    (
        "ovarian",
        "futime",
        "fustat",
        &[
            ("km_rx", Some(("rx", None))),
            ("rmst", Some(("rx", None))),
            ("logrank", Some(("rx", None))),
            ("strat", Some(("rx", Some("resid.ds")))),
        ],
    ),
    (
        "colon",
        "time",
        "status",
        &[
            ("km_rx", Some(("rx", None))),
            ("rmst", Some(("rx", None))),
            ("logrank", Some(("rx", None))),
            ("strat", Some(("rx", Some("node4")))),
        ],
    ),
    (
        "aml",
        "time",
        "status",
        &[
            ("km_all", None),
            ("km", Some(("x", None))),
            ("rmst", Some(("x", None))),
            ("logrank", Some(("x", None))),
            ("peto", Some(("x", None))),
        ],
    ),
    (
        "synth_ties_days",
        "days",
        "event",
        &[
            ("km_grp", Some(("grp", None))),
            ("rmst", Some(("grp", None))),
            ("logrank", Some(("grp", None))),
            ("strat", Some(("grp", Some("isp")))),
        ],
    ),
];

#[test]
fn curves_and_tests_keep_every_digit_of_r() {
    let Some(folder) = shared::reference() else { return };
    let mut differences = Differences::default();
    for (set, time, status, entries) in SETS {
        let columns = shared::columns(&folder, set);
        let results = shared::results(&folder, set);
        let event: Vec<bool> = columns[status].iter().map(|&status| status > 0.5).collect();
        let known: Vec<&str> = entries.iter().map(|entry| entry.0).collect();
        for name in results.as_object().unwrap().keys().filter(|name| *name != "cox") {
            assert!(known.contains(&name.as_str()), "{set}: {name} is not compared");
        }
        for (name, by) in entries {
            let group = by.map(|(column, _)| labels(&columns, column)).unwrap_or_default();
            let rows = Rows::right_censored(&columns[time], &event);
            let rows = if group.is_empty() { rows } else { rows.in_groups(&group) };
            let stratum = by.and_then(|(_, stratum)| stratum);
            let stratum: Option<Vec<u32>> =
                stratum.map(|column| labels(&columns, column).into_iter().map(u32::from).collect());
            compare(&mut differences, (set, name), (&rows, stratum), &results[name]);
        }
    }
    differences.conclude(1e-9);
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "labels are small whole numbers"
)]
fn labels(columns: &BTreeMap<String, Vec<f64>>, name: &str) -> Vec<u16> {
    columns[name].iter().map(|&label| label as u16).collect()
}

fn compare(
    differences: &mut Differences,
    (set, name): (&str, &str),
    (rows, stratum): (&Rows<'_>, Option<Vec<u32>>),
    expected: &Value,
) {
    let table = RiskTable::from_rows(rows).unwrap();
    if name.starts_with("km") {
        let curves = curves(&table);
        if expected.get("conf_type").is_some() {
            compare_curves(differences, set, &curves, expected);
        } else {
            let kinds = expected.as_object().unwrap();
            assert_eq!(kinds.len(), 5);
            kinds.values().for_each(|kind| compare_curves(differences, set, &curves, kind));
        }
    } else if name == "rmst" {
        let tau = expected["tau"].as_f64().unwrap();
        let curves = curves(&table);
        let means = curves.iter().map(|curve| curve.restricted_mean(tau).unwrap());
        let (mean, se): (Vec<_>, Vec<_>) = means.map(|m| (Some(m.mean), Some(m.se))).unzip();
        differences.compare(set, "restricted mean", &mean, &expected["rmean"]);
        differences.compare(set, "restricted mean SE", &se, &expected["se"]);
    } else {
        let strata = match stratum {
            Some(stratum) => RiskTable::by_stratum(rows, &stratum).unwrap(),
            None => vec![table],
        };
        let test = g_rho(&strata, expected["rho"].as_f64().unwrap()).unwrap();
        compare_test(differences, (set, name), &test, expected);
    }
}

fn compare_curves(to: &mut Differences, set: &str, curves: &[Curve], expected: &Value) {
    let name = expected["conf_type"].as_str().unwrap();
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name).unwrap();
    let lengths = shared::numbers(&expected["strata_lengths"]);
    let ours: Vec<_> = curves.iter().map(|curve| Some(curve.points.len() as f64)).collect();
    assert_eq!(ours, lengths);
    let mut column = |statistic: &str, field: &str, of: &dyn Fn(&Point) -> Option<f64>| {
        let values: Vec<_> = curves.iter().flat_map(|curve| &curve.points).map(of).collect();
        to.compare(set, statistic, &values, &expected[field]);
    };
    column("counts", "time", &|p| Some(p.time));
    column("counts", "n_risk", &|p| Some(p.at_risk as f64));
    column("counts", "n_event", &|p| Some(p.events as f64));
    column("counts", "n_censor", &|p| Some(p.censored as f64));
    column("survival", "surv", &|p| Some(p.survival));
    column("Greenwood SE", "greenwood_se", &Point::se);
    column("SE of log S", "cumhaz_se_like_std_err", &Point::log_se);
    column("Nelson–Aalen", "cumhaz", &|p| Some(p.cumulative_hazard));
    column("Nelson–Aalen SE", "std_chaz", &|p| Some(p.cumulative_hazard_se));
    let end = |of: &dyn Fn(Interval) -> f64| -> Vec<Option<f64>> {
        let intervals = curves.iter().flat_map(|curve| curve.intervals(kind, Level::P95));
        intervals.map(|interval| interval.map(of)).collect()
    };
    let interval = format!("interval, {name}");
    to.compare(set, &interval, &end(&|interval| interval.lower), &expected["lower"]);
    to.compare(set, &interval, &end(&|interval| interval.upper), &expected["upper"]);
    compare_quantiles(to, set, (curves, kind), expected);
}

fn compare_quantiles(
    to: &mut Differences,
    set: &str,
    (curves, kind): (&[Curve], Kind),
    expected: &Value,
) {
    let medians: Vec<_> = curves.iter().map(|curve| curve.median(kind, Level::P95)).collect();
    let probabilities = shared::numbers(&expected["quantile_probs"]);
    let quantiles: Vec<_> = curves
        .iter()
        .flat_map(|curve| {
            let of = |p: &Option<f64>| curve.quantile(p.unwrap(), kind, Level::P95).unwrap();
            probabilities.iter().map(of).collect::<Vec<_>>()
        })
        .collect();
    for (statistic, ours, field) in
        [("median", &medians, "median"), ("quantiles", &quantiles, "quantile")]
    {
        let column = |of: &dyn Fn(&effect::km::Quantile) -> Option<f64>| -> Vec<_> {
            ours.iter().map(of).collect()
        };
        to.compare(set, statistic, &column(&|q| q.time), &expected[field]);
        let with_interval = format!("{statistic}, interval");
        let ends = [column(&|q| q.lower), column(&|q| q.upper)];
        to.compare(set, &with_interval, &ends[0], &expected[format!("{field}_lower")]);
        to.compare(set, &with_interval, &ends[1], &expected[format!("{field}_upper")]);
    }
}

fn compare_test(to: &mut Differences, (set, name): (&str, &str), test: &LogRank, expected: &Value) {
    let statistic = match name {
        "logrank" => "log-rank",
        "peto" => "Peto–Peto",
        _ => "stratified log-rank",
    };
    let some = |values: &[f64]| -> Vec<_> { values.iter().copied().map(Some).collect() };
    let rows: Vec<f64> = test.rows.iter().map(|&rows| rows as f64).collect();
    to.compare(set, statistic, &some(&rows), &expected["n"]);
    to.compare(set, statistic, &some(&test.observed), &expected["observed"]);
    to.compare(set, statistic, &some(&test.expected), &expected["expected"]);
    to.compare(set, statistic, &some(&test.variance.concat()), &expected["var"]);
    to.compare(set, statistic, &[Some(test.chi_squared)], &expected["chisq"]);
    to.compare(set, statistic, &[Some(test.df as f64)], &expected["df"]);
    to.compare(set, &format!("{statistic}, p"), &[Some(test.p)], &expected["p"]);
}

#[test]
fn turnbull_reaches_the_maximum() {
    let Some(folder) = shared::reference() else { return };
    let columns = shared::columns(&folder, "interval_scan");
    let results = shared::results(&folder, "interval_scan");
    let of = labels(&columns, "grp");
    for (name, group) in [("all", None), ("g1", Some(1)), ("g2", Some(2))] {
        let members = (0..columns["left"].len()).filter(|&row| group.is_none_or(|g| of[row] == g));
        let spans: Vec<Span> = members
            .map(|row| match (columns["left"][row], columns["right"][row]) {
                (left, right) if right.is_nan() => Span::after(left),
                (left, right) => Span::between(left, right),
            })
            .collect();
        let curve = turnbull::fit(&spans).unwrap();
        let reference = &results[name]["npmle"];
        let left: Vec<_> = curve.cells.iter().map(|cell| Some(cell.left)).collect();
        let right: Vec<_> = curve.cells.iter().map(|cell| cell.right).collect();
        assert_eq!(
            (left, right.clone()),
            (shared::numbers(&reference["left"]), shared::numbers(&reference["right"]))
        );
        let mut largest = 0.0_f64;
        for (right, surv) in right.into_iter().zip(shared::numbers(&reference["surv"])) {
            let ours = right.map_or(0.0, |right| curve.survival_at(right).unwrap().lower);
            largest = largest.max((ours - surv.unwrap()).abs());
        }
        let likelihood = reference["loglik"].as_f64().unwrap();
        let relative = (curve.log_likelihood / likelihood - 1.0).abs();
        let (kkt, rounds) = (curve.kkt_max - 1.0, curve.iterations);
        println!(
            "| interval_scan {name} | Turnbull | {} | {largest:.1e} | \
             log likelihood {relative:.1e}, KKT − 1 = {kkt:.1e}, {rounds} steps",
            curve.cells.len()
        );
        assert!(largest <= 1e-9 && relative <= 1e-9 && curve.kkt_max <= 1.0 + 1e-6);
    }
}
