//! `cargo xtask check`: all that is asked of a change besides its tests, in one command.

use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::{deny, processes, tidy, unused};

/// A step and what runs it; true when there was nothing to mend.
type Step = (&'static str, fn() -> Result<bool>);

const STEPS: [Step; 6] = [
    ("fmt", fmt),
    ("clippy", clippy),
    ("doc", doc),
    ("tidy", tidy::run),
    ("deny", deny::run),
    ("unused", unused::run),
];

/// Runs every step, also after one has failed, so that one round shows all there is to mend.
pub(crate) fn run() -> Result<bool> {
    processes::catch_interrupts()?;
    component("rustfmt", "fmt")?;
    component("clippy", "clippy")?;
    let mut failed = Vec::new();
    for (name, step) in STEPS {
        let begin = Instant::now();
        let good = step().unwrap_or_else(|fault| {
            eprintln!("{name}: {fault:#}");
            false
        });
        let verdict = if good { "ok" } else { "FAILED" };
        println!("check: {name}: {verdict} ({:.1} s)", begin.elapsed().as_secs_f64());
        if !good {
            failed.push(name);
        }
        if processes::interrupted() {
            bail!("interrupted");
        }
    }
    match failed.as_slice() {
        [] => println!("check: all {} steps passed", STEPS.len()),
        names => println!("check: FAILED: {}", names.join(", ")),
    }
    Ok(failed.is_empty())
}

fn fmt() -> Result<bool> {
    passes(&mut processes::cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Result<bool> {
    let args = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    passes(&mut processes::cargo(&args))
}

fn doc() -> Result<bool> {
    let mut doc = processes::cargo(&["doc", "--workspace", "--no-deps"]);
    passes(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

fn passes(command: &mut Command) -> Result<bool> {
    Ok(processes::run(command)?.success())
}

/// Makes sure of a part of the toolchain that a minimal installation leaves out.
fn component(name: &str, subcommand: &str) -> Result<()> {
    if processes::works("cargo", &[subcommand, "--version"]) {
        return Ok(());
    }
    if !processes::works("rustup", &["--version"]) {
        bail!("the toolchain has no {name}: install it beside cargo");
    }
    println!("check: adding {name} to the toolchain");
    processes::must(processes::command("rustup").args(["component", "add", name]))
}
