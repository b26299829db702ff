//! What a child process costs, as Linux accounts for it under `/proc`.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::processes;

/// What one run cost and printed.
pub(crate) struct Measured {
    pub(crate) success: bool,
    pub(crate) wall: f64,
    /// User and system seconds.
    pub(crate) cpu: f64,
    pub(crate) peak_bytes: u64,
    pub(crate) stdout: String,
}

/// Runs to the end. Output goes to `log` with the endings `.out` and `.err`.
pub(crate) fn run(command: &mut Command, log: &Path) -> Result<Measured> {
    let out = log.with_extension("out");
    let create = |path: &Path| File::create(path).with_context(|| path.display().to_string());
    command.stdin(Stdio::null()).stdout(create(&out)?);
    command.stderr(create(&log.with_extension("err"))?);
    let per_second = ticks_per_second()?;
    let begin = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    let (mut peak_bytes, mut told) = (0, false);
    // Until it is waited for, an ended process keeps its times under /proc, so none are missed;
    // its memory is gone by then, and the peak is at most one look old.
    let ticks = loop {
        let (ended, ticks) = processes::stat(&child.id().to_string())
            .context("CPU time is read from /proc, as Linux lays it out")?;
        peak_bytes = peak_bytes.max(peak(child.id()));
        if ended {
            break ticks;
        }
        if processes::interrupted() && !told {
            told = true;
            processes::output(Command::new("kill").args(["-TERM", &child.id().to_string()]))?;
        }
        thread::sleep(Duration::from_millis(20));
    };
    let wall = begin.elapsed().as_secs_f64();
    let success = child.wait().context("lost sight of the child")?.success();
    let stdout = fs::read_to_string(&out).with_context(|| out.display().to_string())?;
    Ok(Measured { success, wall, cpu: ticks as f64 / per_second, peak_bytes, stdout })
}

/// What the last run with this `log` wrote to its standard error.
pub(crate) fn complaint(log: &Path) -> String {
    fs::read_to_string(log.with_extension("err")).unwrap_or_default()
}

fn ticks_per_second() -> Result<f64> {
    let text = processes::output(Command::new("getconf").arg("CLK_TCK"))?;
    text.parse().context("getconf printed no number")
}

fn peak(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::Command;

    use super::run;

    #[test]
    fn a_child_is_measured_to_its_end() {
        let log = env::temp_dir().join(format!("todoke-measure-{}", std::process::id()));
        let measured = run(Command::new("sh").args(["-c", "sleep 0.1; echo done"]), &log).unwrap();
        assert!(measured.success && measured.wall >= 0.1 && measured.peak_bytes > 0);
        assert_eq!(measured.stdout, "done\n");
        for end in ["out", "err"] {
            std::fs::remove_file(log.with_extension(end)).unwrap();
        }
    }
}
