//! `cargo xtask fuzz [--seconds N] [--lean] [TARGET…]`: feeds hostile bytes to every parser.
//!
//! The targets stand in `fuzz/`, a workspace of its own, and are built by the stable compiler with
//! the coverage counters libFuzzer reads. A crash, one run over a second, or memory over 512 MiB is
//! a finding, and any finding fails. What is found new stays under `fuzz/target`; the inputs of
//! findings go to `fuzz/artifacts`, to become tests.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::processes;

/// What cargo-fuzz passes too, less what only a nightly compiler takes: the sanitizers.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module \
     -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
     -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares";
/// Limits of one run.
const LIMITS: [&str; 3] = ["-timeout=1", "-rss_limit_mb=512", "-malloc_limit_mb=512"];

/// What is asked for.
struct Wish {
    seconds: u32,
    /// Without the targets that need the product, which takes minutes to build.
    lean: bool,
    targets: Vec<String>,
}

/// What a target did, in the words of libFuzzer.
struct Told {
    target: String,
    runs: u64,
    runs_per_second: u64,
    corpus: String,
    edges: String,
    peak_mib: u64,
    findings: usize,
}

/// Builds the targets and runs those `args` name, all of them where none is named.
pub(crate) fn run(args: &[String]) -> Result<bool> {
    let wish = wish(args)?;
    processes::catch_interrupts()?;
    let program = build(wish.lean)?;
    let known = targets(&program)?;
    let stranger = wish.targets.iter().find(|target| !known.contains(target));
    if let Some(stranger) = stranger {
        bail!("no target is named {stranger}; there are {}", known.join(", "));
    }
    let wanted = if wish.targets.is_empty() { known } else { wish.targets };
    let mut told = Vec::new();
    for target in wanted {
        eprintln!("fuzz: {target} for {} seconds", wish.seconds);
        told.push(feed(&program, &target, wish.seconds)?);
        if processes::interrupted() {
            break;
        }
    }
    print_table(&told);
    Ok(told.iter().all(|told| told.findings == 0))
}

fn wish(args: &[String]) -> Result<Wish> {
    let usage = || anyhow!("usage: cargo xtask fuzz [--seconds N] [--lean] [TARGET…]");
    let mut wish = Wish { seconds: 60, lean: false, targets: Vec::new() };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--seconds" => {
                let seconds = args.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
                wish.seconds = seconds.ok_or_else(usage)?;
            }
            "--lean" => wish.lean = true,
            option if option.starts_with('-') => return Err(usage()),
            target => wish.targets.push(target.to_owned()),
        }
    }
    Ok(wish)
}

/// Builds the one binary that holds all targets. Naming the host as target keeps the flags off the
/// build scripts, which have no libFuzzer to count for.
fn build(lean: bool) -> Result<PathBuf> {
    let version = Command::new("rustc").arg("-vV").output().context("cannot run rustc")?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not name its host")?;
    eprintln!("fuzz: building the targets");
    let manifest = ["--manifest-path", "fuzz/Cargo.toml", "--target-dir", "fuzz/target"];
    let mut cargo = processes::cargo(&["build", "--release", "--locked", "--target", host]);
    if lean {
        cargo.arg("--no-default-features");
    }
    processes::must(cargo.args(manifest).env("RUSTFLAGS", COVERAGE))?;
    Ok(Path::new("fuzz/target").join(host).join("release/fuzz"))
}

/// The targets the binary has: it tells them where none is named to it.
fn targets(program: &Path) -> Result<Vec<String>> {
    let output = Command::new(program).env_remove("TODOKE_FUZZ_TARGET").output();
    let output = output.with_context(|| format!("cannot run {}", program.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

fn feed(program: &Path, target: &str, seconds: u32) -> Result<Told> {
    let folder = |path: String| -> Result<String> {
        fs::create_dir_all(&path).with_context(|| path.clone())?;
        Ok(path)
    };
    let grown = folder(format!("fuzz/target/corpus/{target}"))?;
    let artifacts = folder(format!("fuzz/artifacts/{target}"))?;
    let own = format!("fuzz/corpus/{target}");
    let log = PathBuf::from(folder("fuzz/target/logs".to_owned())?).join(target);
    let before = files(&artifacts)?;
    let mut command = processes::command(&program.display().to_string());
    command.env("TODOKE_FUZZ_TARGET", target).args(LIMITS).arg("-print_final_stats=1");
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-artifact_prefix={artifacts}/"));
    command.arg(&grown);
    if Path::new(&own).is_dir() {
        command.arg(&own);
    }
    let written = File::create(&log).with_context(|| log.display().to_string())?;
    let status = command.stdout(written.try_clone()?).stderr(written).status()?;
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let found = files(&artifacts)?.saturating_sub(before);
    let findings = if status.success() { found } else { found.max(1) };
    if findings > 0 {
        eprintln!("fuzz: {target}: see {} and {artifacts}/", log.display());
    }
    Ok(told(target, &text, findings))
}

fn files(folder: &str) -> Result<usize> {
    Ok(fs::read_dir(folder).with_context(|| folder.to_owned())?.count())
}

/// Reads libFuzzer's own figures: `stat::name: 7`, and `cov: 7 ft: 9 corp: 5/1Kb` on its way.
fn told(target: &str, log: &str, findings: usize) -> Told {
    let stat = |name: &str| {
        let line = log.lines().rev().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.trim_start_matches(':').trim().parse().ok()).unwrap_or(0)
    };
    let last = |word: &str| {
        let line = log.lines().rev().find(|line| line.starts_with('#') && line.contains(word));
        let mut words = line.unwrap_or_default().split_whitespace();
        words.find(|found| *found == word).and_then(|_| words.next()).unwrap_or("-").to_owned()
    };
    Told {
        target: target.to_owned(),
        runs: stat("stat::number_of_executed_units"),
        runs_per_second: stat("stat::average_exec_per_sec"),
        corpus: last("corp:"),
        edges: last("cov:"),
        peak_mib: stat("stat::peak_rss_mb"),
        findings,
    }
}

fn print_table(told: &[Told]) {
    println!("target                 runs   runs/s      corpus   edges  peak MiB  findings");
    for Told { target, runs, runs_per_second, corpus, edges, peak_mib, findings } in told {
        println!(
            "{target:<16} {runs:>10} {runs_per_second:>8} {corpus:>11} {edges:>7} {peak_mib:>9} \
             {findings:>9}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
#2\tINITED cov: 11 ft: 11 corp: 1/1b exec/s: 0 rss: 40Mb
#900\tDONE   cov: 312 ft: 700 corp: 41/2Kb lim: 4 exec/s: 450 rss: 44Mb
Done 900 runs in 2 second(s)
stat::number_of_executed_units: 900
stat::average_exec_per_sec:     450
stat::peak_rss_mb:              44
";

    #[test]
    fn the_last_figures_of_a_log_are_the_ones_told() {
        let told = told("mail", LOG, 0);
        assert_eq!((told.runs, told.runs_per_second, told.peak_mib), (900, 450, 44));
        assert_eq!((told.corpus.as_str(), told.edges.as_str()), ("41/2Kb", "312"));
    }

    #[test]
    fn a_wish_names_seconds_and_targets_and_nothing_else() {
        let wish = |args: &[&str]| wish(&args.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>());
        assert_eq!(wish(&[]).unwrap().seconds, 60);
        let both = wish(&["mail", "--seconds", "5", "stamp"]).unwrap();
        assert_eq!((both.seconds, both.targets), (5, vec!["mail".to_owned(), "stamp".to_owned()]));
        for bad in [&["--seconds"][..], &["--seconds", "0"], &["--fast"]] {
            assert!(wish(bad).is_err());
        }
    }
}
