//! Child processes: what `cargo` leaves in the environment is taken out, and Ctrl-C is passed on.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context as _, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Raised by Ctrl-C and its kin; every long wait looks at it.
static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Variables `cargo run` sets for this program. Some build scripts watch them, and would build
/// their crates anew each time a command is run by `cargo xtask` and then again by hand.
const LEFT_BY_CARGO: [&str; 5] =
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];

/// From here on Ctrl-C no longer ends this process at once: guards get to clean up first.
pub(crate) fn catch_interrupts() -> Result<()> {
    let flag = INTERRUPTED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(flag)).context("cannot catch signals")?;
    }
    Ok(())
}

/// Whether somebody asked for an end.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.get().is_some_and(|flag| flag.load(Ordering::SeqCst))
}

/// A command with an environment as if typed by hand.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if LEFT_BY_CARGO.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// `cargo` with `args`.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = command("cargo");
    command.args(args);
    command
}

/// Runs to the end with output passed through, in a process group of its own.
///
/// The group is what makes an interrupt reach cargo and the test binaries under it alike.
pub(crate) fn run(command: &mut Command) -> Result<ExitStatus> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {shown}"))?;
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait().with_context(|| format!("lost sight of {shown}"))? {
            return Ok(status);
        }
        if interrupted() && !told {
            told = true;
            let group = format!("-{}", child.id());
            Command::new("kill").args(["-TERM", "--", &group]).status().context("cannot kill")?;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Like [`run`], where anything but success is a fault.
pub(crate) fn must(command: &mut Command) -> Result<()> {
    let status = run(command)?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// What a command prints, without the newline at its end. Its complaints are part of the fault.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let done = command.output().with_context(|| format!("cannot start {command:?}"))?;
    if !done.status.success() {
        let complaint = String::from_utf8_lossy(&done.stderr);
        bail!("{command:?} ended with {}: {}", done.status, complaint.trim());
    }
    let text = String::from_utf8(done.stdout).context("the output is not UTF-8")?;
    Ok(text.trim_end().to_owned())
}

/// Whether the process `id` has ended, and its user and system ticks; none when it is unknown.
///
/// One that has ended stays known, with its times, until its parent asks for it.
pub(crate) fn stat(id: &str) -> Option<(bool, u64)> {
    read_stat(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
}

/// Fields 3, 14 and 15 of proc(5); the name before them may itself hold spaces and brackets.
fn read_stat(text: &str) -> Option<(bool, u64)> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some((*fields.first()? == "Z", ticks))
}

/// Whether `program args…` can be run and succeeds; its output is dropped.
pub(crate) fn works(program: &str, args: &[&str]) -> bool {
    let quiet = command(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::read_stat;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let text = "7 (a (b) c) Z 1 7 7 0 -1 4 99 0 0 0 30 12 0 0 20 0 1 0 5 0 0";
        assert_eq!(read_stat(text), Some((true, 42)));
    }
}
