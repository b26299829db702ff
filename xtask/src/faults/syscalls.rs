//! Killed at each write, sync and rename of taking files in, by strace.
//!
//! strace counts calls of each kind in each thread, and kills as one is entered, before it is done.
//! So point 7 of `pwrite64` is the state after six of them. Several small files stand for several
//! batches: each is entered, taken in and closed in transactions of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::centre::{Centre, lines, start};
use super::{Told, Wish};
use crate::bench::input;
use crate::packages;

/// Calls that change what is on the disk, or say that it is there.
const CALLS: [&str; 10] = [
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "unlink",
    "ftruncate",
    "fallocate",
    "mkdir",
    "openat",
];
/// Rows of each file.
const ROWS: u64 = 40;

/// Kills at each call, or in a bounded run at as many as fit, spread evenly.
pub(super) fn run(wish: &Wish) -> Result<Told> {
    if let Err(why) = packages::programs(&[("strace", "strace")]) {
        return Ok(Told::skip(format!("{why:#}")));
    }
    let folder = wish.folder("syscalls")?;
    let mut files = Vec::new();
    for (day, seed) in [("2026-11-20", 1), ("2026-11-21", 2), ("2026-11-22", 3)] {
        files.push(input::list(&folder, day, ROWS, seed)?);
    }
    let template = Centre::make(wish, &folder.join("template"), None)?;
    let args = Centre::ingest(&files);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let calm = template.copied(&folder.join("calm"))?;
    let log = folder.join("calls");
    let trace = format!("trace={}", CALLS.join(","));
    let under = ["strace", "-f", "-qq", "-e", &trace, "-o", &log.display().to_string()];
    let output = calm.traced(&under, &args).output().context("cannot start strace")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Ok(Told::skip(format!("strace cannot trace here: {said}")));
    }
    let (points, calm) = (points(&log)?, calm.state_hash()?);
    let mut told = Told::default();
    let all = points.len() as u64;
    // Bounded runs take every n-th point, with another beginning for another seed.
    let stride = if wish.full { 1 } else { all.div_ceil(20).max(1) };
    let from = wish.seed % stride;
    for point in wish.points(all.saturating_sub(from).div_ceil(stride)) {
        let (call, k) = points[usize::try_from(from + point * stride)?];
        let centre = template.copied(&folder.join("killed"))?;
        let inject = format!("inject={call}:signal=SIGKILL:when={k}");
        let trace = format!("trace={call}");
        let log = folder.join("injected").display().to_string();
        let under = ["strace", "-f", "-qq", "-e", &trace, "-e", &inject, "-o", &log];
        let output = start(&mut centre.traced(&under, &args))?.wait_with_output()?;
        told.points += 1;
        told.hit += u64::from(!output.status.success());
        let at = format!("killed at {call} {k}");
        centre.recovers(&mut told, (&files, &calm), (&lines(&output.stdout), &at))?;
    }
    told.note = format!("of {all} points");
    Ok(told)
}

/// Each kind of call with the numbers at which some thread makes it.
fn points(log: &Path) -> Result<Vec<(&'static str, u64)>> {
    let text = fs::read_to_string(log).with_context(|| log.display().to_string())?;
    Ok(counted(&text))
}

fn counted(log: &str) -> Vec<(&'static str, u64)> {
    let mut counts: BTreeMap<(&str, &'static str), u64> = BTreeMap::new();
    for line in log.lines() {
        let Some((thread, rest)) = line.split_once(char::is_whitespace) else { continue };
        let called = |call: &&&str| rest.trim_start().strip_prefix(**call).is_some_and(opens);
        if let Some(call) = CALLS.iter().find(called) {
            *counts.entry((thread, call)).or_default() += 1;
        }
    }
    let most = |call: &&'static str| {
        let of_call = counts.iter().filter(|((_, known), _)| known == call);
        of_call.map(|(_, count)| *count).max().unwrap_or(0)
    };
    CALLS.iter().flat_map(|call| (1..=most(call)).map(|k| (*call, k))).collect()
}

fn opens(rest: &str) -> bool {
    rest.starts_with('(')
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn calls_are_counted_in_each_thread_and_the_busiest_one_counts() {
        let log = [
            "7 write(1, \"a\") = 1",
            "8  write(1, \"a\") = 1",
            "7 write(2, \"b\" <unfinished ...>",
            "7 <... write resumed>) = 1",
            "8 writev(1) = 1",
            "8 fsync(3) = 0",
        ];
        let log = &log.join("\n");
        assert_eq!(counted(log), [("write", 1), ("write", 2), ("fsync", 1)]);
    }
}
