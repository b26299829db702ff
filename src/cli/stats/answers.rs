//! Answers under the names that R's `survfit` and `survdiff` go by.
//!
//! Vectors run over all groups one after another, cut by `strata_lengths`. Without a group what
//! is one number per group is a number. What does not exist is null.

use std::fmt::Write as _;

use effect::{
    Interval, Level,
    km::{self, Curve, Kind, Point, Quantile},
    logrank,
    risk::RiskTable,
    turnbull::{self, Span},
};
use serde_json::{Map, Value, json};

use super::{
    Answer, Refusal,
    columns::{Labels, Study},
};

/// The quantiles that are given.
const PROBABILITIES: [f64; 3] = [0.25, 0.5, 0.75];

impl From<effect::Error> for Refusal {
    fn from(error: effect::Error) -> Self {
        Self::Statistic(error.to_string())
    }
}

/// A curve per group.
pub(super) fn km(study: &Study, kind: Kind, tau: Option<f64>) -> Result<Answer, Refusal> {
    let curves = km::curves(&RiskTable::from_rows(&study.rows())?);
    let grouped = study.group.is_some();
    let per_group = |values: Vec<Value>| if grouped { values.into() } else { alone(values) };
    let lengths: Map<String, Value> =
        curves.iter().map(|c| (name(study, c.group), c.points.len().into())).collect();
    let mut json = json!({
        "formula": study.formula, "conf_type": kind.name(), "strata_lengths": lengths,
        "n": per_group(curves.iter().map(|curve| curve.rows.into()).collect()),
    });
    insert_points(&mut json, &curves, kind);
    let medians: Vec<Quantile> = curves.iter().map(|c| c.median(kind, Level::P95)).collect();
    for (field, of) in END {
        let values = medians.iter().map(|median| of(median).into()).collect();
        json[format!("median{field}")] = per_group(values);
    }
    json["quantile_probs"] = json!(PROBABILITIES);
    let quantiles = curves.iter().map(|curve| {
        PROBABILITIES.map(|p| curve.quantile(p, kind, Level::P95)).into_iter().collect()
    });
    let quantiles: Vec<Vec<Quantile>> = quantiles.collect::<Result<_, effect::Error>>()?;
    for (field, of) in END {
        let row = |row: &Vec<Quantile>| row.iter().map(of).collect::<Value>();
        json[format!("quantile{field}")] = per_group(quantiles.iter().map(row).collect());
    }
    if let Some(tau) = tau {
        let means = curves.iter().map(|curve| curve.restricted_mean(tau));
        let means: Vec<_> = means.collect::<Result<_, _>>()?;
        json["tau"] = tau.into();
        json["rmean"] = per_group(means.iter().map(|mean| mean.mean.into()).collect());
        json["se"] = per_group(means.iter().map(|mean| mean.se.into()).collect());
    }
    let words = km_words(study, &curves, &medians, &json);
    Ok(Answer { json, words })
}

/// A field's ending and what it reads.
type End = (&'static str, fn(&Quantile) -> Option<f64>);
const END: [End; 3] = [("", |q| q.time), ("_lower", |q| q.lower), ("_upper", |q| q.upper)];

fn insert_points(json: &mut Value, curves: &[Curve], kind: Kind) {
    let points: Vec<&Point> = curves.iter().flat_map(|curve| &curve.points).collect();
    let column = |of: &dyn Fn(&Point) -> Value| points.iter().map(|p| of(p)).collect::<Value>();
    let bounds: Vec<Option<Interval>> =
        curves.iter().flat_map(|curve| curve.intervals(kind, Level::P95)).collect();
    let bound = |of: fn(Interval) -> f64| bounds.iter().map(|b| b.map(of)).collect::<Value>();
    json["time"] = column(&|p| p.time.into());
    json["n_risk"] = column(&|p| p.at_risk.into());
    json["n_event"] = column(&|p| p.events.into());
    json["n_censor"] = column(&|p| p.censored.into());
    json["surv"] = column(&|p| p.survival.into());
    json["greenwood_se"] = column(&|p| p.se().into());
    json["cumhaz_se_like_std_err"] = column(&|p| p.log_se().into());
    json["lower"] = bound(|interval| interval.lower);
    json["upper"] = bound(|interval| interval.upper);
    json["cumhaz"] = column(&|p| p.cumulative_hazard.into());
    json["std_chaz"] = column(&|p| p.cumulative_hazard_se.into());
}

fn km_words(study: &Study, curves: &[Curve], medians: &[Quantile], json: &Value) -> String {
    let mut words = format!("{}\n{:<20}{:>10}{:>10}", study.formula, "group", "n", "events");
    let _ = write!(words, "{:>12}{:>12}{:>12}", "median", "lower", "upper");
    if json["tau"].is_number() {
        let _ = write!(words, "{:>12}{:>12}", "rmean", "se");
    }
    for (place, (curve, median)) in curves.iter().zip(medians).enumerate() {
        let events: u64 = curve.points.iter().map(|point| point.events).sum();
        let group = name(study, curve.group);
        let _ = write!(words, "\n{group:<20}{:>10}{events:>10}", curve.rows);
        for end in [median.time, median.lower, median.upper] {
            let _ = write!(words, "{:>12}", end.map_or("-".to_owned(), |end| format!("{end:.4}")));
        }
        for field in ["rmean", "se"].iter().filter(|_| json["tau"].is_number()) {
            let mean = json[field].get(place).unwrap_or(&json[field]);
            let _ = write!(words, "{:>12.4}", mean.as_f64().unwrap_or(f64::NAN));
        }
    }
    words
}

/// A test of all groups.
pub(super) fn log_rank(
    study: &Study,
    stratum: Option<&Labels>,
    rho: f64,
) -> Result<Answer, Refusal> {
    let Some(group) = &study.group else {
        return Err(Refusal::Statistic("a test compares groups: name one by --group".to_owned()));
    };
    let tables = match stratum {
        None => vec![RiskTable::from_rows(&study.rows())?],
        Some(stratum) => {
            let of: Vec<u32> = stratum.of.iter().map(|place| u32::from(*place)).collect();
            RiskTable::by_stratum(&study.rows(), &of)?
        }
    };
    let test = logrank::g_rho(&tables, rho)?;
    let strata = stratum.map_or(String::new(), |s| format!(" + strata({})", s.column));
    let formula = format!("{}{strata}", study.formula);
    let mut words = format!("{formula}\n{:<20}{:>10}", "group", "n");
    let _ = write!(words, "{:>14}{:>14}", "observed", "expected");
    for (place, rows) in test.rows.iter().enumerate() {
        let (name, observed) = (&group.names[place], test.observed[place]);
        let expected = test.expected[place];
        let _ = write!(words, "\n{name:<20}{rows:>10}{observed:>14.4}{expected:>14.4}");
    }
    let (chisq, df, p) = (test.chi_squared, test.df, test.p);
    let _ = write!(words, "\nchi-squared {chisq:.6} on {df} degrees of freedom, p = {p:.6}");
    let json = json!({
        "rho": rho, "formula": formula, "groups": group.names, "n": test.rows,
        "observed": test.observed, "expected": test.expected, "var": test.variance,
        "chisq": chisq, "df": df, "p": p,
    });
    Ok(Answer { json, words })
}

/// A curve per group, one line each.
pub(super) fn turnbull(spans: &[Span], group: Option<&Labels>) -> Result<Vec<Answer>, Refusal> {
    let Some(group) = group else { return Ok(vec![one_turnbull("all", spans)?]) };
    let of_group = |(place, name): (u16, &String)| {
        let members = spans.iter().zip(&group.of).filter(|(_, of)| **of == place);
        one_turnbull(name, &members.map(|(span, _)| *span).collect::<Vec<_>>())
    };
    (0_u16..).zip(&group.names).map(of_group).collect()
}

fn one_turnbull(group: &str, spans: &[Span]) -> Result<Answer, Refusal> {
    let curve = turnbull::fit(spans)?;
    let after = |cell: &turnbull::Cell| match cell.right {
        Some(right) => curve.survival_at(right).map_or(0.0, |band| band.lower),
        None => 0.0,
    };
    let surv: Vec<f64> = curve.cells.iter().map(after).collect();
    let mut words = format!("{group}: n {}\n{:>12}{:>12}", spans.len(), "left", "right");
    let _ = write!(words, "{:>12}{:>12}", "mass", "surv");
    for (cell, surv) in curve.cells.iter().zip(&surv) {
        let right = cell.right.map_or("-".to_owned(), |right| right.to_string());
        let (left, mass) = (cell.left, cell.mass);
        let _ = write!(words, "\n{left:>12}{right:>12}{mass:>12.6}{surv:>12.6}");
    }
    let cells = || curve.cells.iter();
    let json = json!({
        "group": group, "n": spans.len(),
        "npmle": {
            "left": cells().map(|cell| cell.left).collect::<Value>(),
            "right": cells().map(|cell| cell.right).collect::<Value>(),
            "mass": cells().map(|cell| cell.mass).collect::<Value>(),
            "surv": surv, "loglik": curve.log_likelihood, "kkt_max": curve.kkt_max,
        },
    });
    Ok(Answer { json, words })
}

/// A group as R labels it.
fn name(study: &Study, label: u16) -> String {
    let all = || "all".to_owned();
    study
        .group
        .as_ref()
        .map_or_else(all, |group| format!("{}={}", group.column, group.names[usize::from(label)]))
}

fn alone(values: Vec<Value>) -> Value {
    values.into_iter().next().unwrap_or(Value::Null)
}
