//! `cargo xtask bench office`: lists, pages and reports of providers, within the release build.
//!
//! Once one provider with fifty thousand lines, whose pages and report are measured; then a hundred
//! with twenty thousand each, whose lists are prepared and exported. It fails where an aim is
//! missed, and says which.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;

use crate::{metadata, processes};

/// How many providers, and lines of each; and how much at most is wanted of which figures.
const RUNS: [(&str, &str, &[Aim]); 2] = [
    ("1", "50000", &[("page_p95_ms", 300.0), ("export_seconds", 5.0), ("check_seconds", 5.0)]),
    ("100", "20000", &[("both_seconds", 60.0)]),
];

type Aim = (&'static str, f64);

/// Runs the benchmark; `args` may ask for JSON.
pub(super) fn run(args: &[String]) -> Result<bool> {
    let json = match args {
        [] => false,
        [one] if one == "--json" => true,
        _ => return Err(anyhow!("usage: cargo xtask bench office [--json]")),
    };
    let target = PathBuf::from(metadata::text(&metadata::read(&[])?, "target_directory"));
    eprintln!("bench: building the release example");
    processes::must(&mut processes::cargo(&["build", "--release", "--example", "office"]))?;
    let program = target.join("release/examples/office");
    if !json {
        println!(
            "| providers | lines of each | prepare s | export s | both s | page p95 ms \
             | report rows | check s | keep s |"
        );
        println!("|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    }
    let mut is_within = true;
    for (providers, lines, aims) in RUNS {
        let folder = target.join("bench").join(format!("office-{providers}"));
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        let mut measure = processes::command(&program.to_string_lossy());
        let printed = processes::output(measure.args([providers, lines]).arg(&folder))?;
        let said: Value = serde_json::from_str(&printed).context("the example prints JSON")?;
        let number = |name: &str| said[name].as_f64().unwrap_or(f64::NAN);
        for (name, most) in aims {
            let taken = number(name);
            if taken.is_nan() || taken > *most {
                is_within = false;
                eprintln!("bench: {name} is {taken:.1}; the aim is {most}");
            }
        }
        if json {
            println!("{printed}");
            continue;
        }
        println!(
            "| {providers} | {lines} | {:.1} | {:.1} | {:.1} | {:.1} | {} | {:.2} | {:.2} |",
            number("prepare_seconds"),
            number("export_seconds"),
            number("both_seconds"),
            number("page_p95_ms"),
            said["report_rows"],
            number("check_seconds"),
            number("keep_seconds"),
        );
    }
    Ok(is_within)
}
