//! The commands against the results of R, and what they refuse.

#[path = "../../../tests/support/data_folder.rs"]
mod data_folder;

use clap::Parser;
use serde_json::Value;

use super::{Answer, Stats};
use data_folder::data_folder;

#[derive(Parser)]
struct Typed {
    #[command(flatten)]
    stats: Stats,
}

fn answers(words: &str) -> Result<Vec<Answer>, String> {
    let typed = Typed::try_parse_from(std::iter::once("stats").chain(words.split_whitespace()));
    typed.unwrap().stats.answers().map_err(|refusal| refusal.to_string())
}

/// Every number of `reference` stands in `ours` under the same name, within 1e-9.
fn agree(ours: &Value, reference: &Value, place: &str) {
    match reference {
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| *name != "formula") {
                agree(&ours[name], value, &format!("{place}.{name}"));
            }
        }
        Value::Array(items) => {
            assert_eq!(ours.as_array().map(Vec::len), Some(items.len()), "{place}: {ours}");
            for (index, value) in items.iter().enumerate() {
                agree(&ours[index], value, &format!("{place}[{index}]"));
            }
        }
        Value::Number(number) => {
            let (a, b) = (ours.as_f64(), number.as_f64().unwrap());
            let a = a.unwrap_or_else(|| panic!("{place}: {ours} is not {b}"));
            let scale = if b.abs() < 1e-30 { 1.0 } else { b.abs() };
            assert!((a - b).abs() / scale <= 1e-9, "{place}: {a} is not {b}");
        }
        other => assert_eq!(ours, other, "{place}"),
    }
}

#[test]
fn curves_and_tests_are_those_of_r_through_the_command_line() {
    let Some(folder) = data_folder("survival_reference") else { return };
    let sets = [
        ("aml", "--time time --event status", "--group x --tau 48", &["km"][..], None),
        (
            "lung",
            "--time time --event status",
            "--group sex --tau 365",
            &["km_sex"],
            Some("ph.ecog"),
        ),
        (
            "ovarian",
            "--time futime --event fustat",
            "--group rx --tau 700",
            &["km_rx"],
            Some("resid.ds"),
        ),
        ("colon", "--time time --event status", "--group rx --tau 1825", &["km_rx"], Some("node4")),
        (
            "synth_ties_days",
            "--time days --event event",
            "--group grp --tau 180",
            &["km_grp"],
            Some("isp"),
        ),
    ];
    for (set, columns, group, curves, stratum) in sets {
        let text = std::fs::read_to_string(folder.join(set).with_extension("json")).unwrap();
        let results: Value = serde_json::from_str(&text).unwrap();
        let csv = folder.join(set).with_extension("csv");
        let rows = format!("--csv {} {columns}", csv.display());
        for entry in curves.iter().copied().chain(["km_all"]) {
            let group = if entry == "km_all" { "" } else { group };
            let kinds = ["log-log", "log", "plain", "logit", "arcsin"];
            for kind in kinds.iter().filter(|kind| results[entry][kind].is_object()) {
                let got = answers(&format!("km {rows} {group} --conf-type {kind}")).unwrap();
                agree(&got[0].json, &results[entry][kind], &format!("{set}.{entry}.{kind}"));
            }
        }
        let got = answers(&format!("km {rows} {group}")).unwrap();
        agree(&got[0].json, &results["rmst"], &format!("{set}.rmst"));
        if !results[curves[0]]["log-log"].is_object() {
            agree(&got[0].json, &results[curves[0]], &format!("{set}.{}", curves[0]));
        }
        let group = group.split(" --tau").next().unwrap();
        for (entry, more) in [
            ("logrank", String::new()),
            ("peto", "--rho 1".to_owned()),
            ("strat", format!("--strata {}", stratum.unwrap_or_default())),
            ("strat_logrank", format!("--strata {}", stratum.unwrap_or_default())),
        ] {
            if results[entry].is_object() {
                let got = answers(&format!("logrank {rows} {group} {more}")).unwrap();
                agree(&got[0].json, &results[entry], &format!("{set}.{entry}"));
            }
        }
    }
}

#[test]
fn spans_give_the_converged_curve_through_the_command_line() {
    let Some(folder) = data_folder("survival_reference") else { return };
    let text = std::fs::read_to_string(folder.join("interval_scan.json")).unwrap();
    let results: Value = serde_json::from_str(&text).unwrap();
    let rows =
        format!("--csv {} --left left --right right", folder.join("interval_scan.csv").display());
    let mut got = answers(&format!("turnbull {rows}")).unwrap();
    got.extend(answers(&format!("turnbull {rows} --group grp")).unwrap());
    for (answer, name) in got.iter().zip(["all", "g1", "g2"]) {
        let (ours, reference) = (&answer.json["npmle"], &results[name]["npmle"]);
        for field in ["left", "right"] {
            agree(&ours[field], &reference[field], &format!("{name}.{field}"));
        }
        agree(&ours["loglik"], &reference["loglik"], name);
        let ends = |value: &Value| value["surv"].as_array().unwrap().clone();
        for (a, b) in ends(ours).iter().zip(ends(reference)) {
            assert!((a.as_f64().unwrap() - b.as_f64().unwrap()).abs() <= 1e-9, "{name}");
        }
        assert!(ours["kkt_max"].as_f64().unwrap() <= 1.0 + 1e-6);
    }
}

#[test]
fn a_refusal_names_line_and_column() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("t.csv");
    std::fs::write(&file, "days,fixed,arm\n3,1,a\nfour,0,b\n5,2,\n").unwrap();
    let refused = |words: &str| answers(&words.replace("FILE", &file.display().to_string())).err();
    let says = |words: &str, part: &str| {
        let why = refused(words).unwrap();
        assert!(why.contains(part), "{why}");
    };
    says("km --csv FILE --time days", "line 3, column `days`: `four` is no number");
    says("km --csv FILE --time weeks", "no column `weeks`; there are: days, fixed, arm");
    says("logrank --csv FILE --time fixed --event fixed --group arm", "line 4");
    says("logrank --csv FILE --time fixed", "--group");
    says(
        "km --csv FILE.txt --time days",
        "FILE.txt".replace("FILE", &file.display().to_string()).as_str(),
    );
    says("turnbull --csv FILE --left fixed --right arm", "line 2, column `arm`");
}

#[test]
fn what_is_not_offered_is_not_named() {
    for word in ["cox", "cuminc"] {
        assert!(Typed::try_parse_from(["stats", word]).is_err());
        let help = Typed::try_parse_from(["stats", "--help"]).err().unwrap().to_string();
        assert!(!help.contains(word));
    }
}
