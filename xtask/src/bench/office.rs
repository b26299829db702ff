//! `cargo xtask bench office`: lists, pages and reports of providers, within the release build.
//!
//! Once one provider with fifty thousand lines, whose pages and report are measured; then a hundred
//! with twenty thousand each, whose lists are prepared and exported.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;

use crate::{metadata, processes};

/// How many providers, and lines of each.
const RUNS: [(&str, &str); 2] = [("1", "50000"), ("100", "20000")];

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
            "| providers | lines of each | prepare s | export s | page p95 ms | report rows | \
             check s | keep s |"
        );
        println!("|--:|--:|--:|--:|--:|--:|--:|--:|");
    }
    for (providers, lines) in RUNS {
        let folder = target.join("bench").join(format!("office-{providers}"));
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        let mut measure = processes::command(&program.to_string_lossy());
        let printed = processes::output(measure.args([providers, lines]).arg(&folder))?;
        if json {
            println!("{printed}");
            continue;
        }
        let said: Value = serde_json::from_str(&printed).context("the example prints JSON")?;
        let number = |name: &str| said[name].as_f64().unwrap_or(f64::NAN);
        println!(
            "| {providers} | {lines} | {:.1} | {:.1} | {:.1} | {} | {:.2} | {:.2} |",
            number("prepare_seconds"),
            number("export_seconds"),
            number("page_p95_ms"),
            said["report_rows"],
            number("check_seconds"),
            number("keep_seconds"),
        );
    }
    Ok(true)
}
