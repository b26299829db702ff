//! The tools of the project itself, run as `cargo xtask COMMAND`.

mod test_run;
mod packages;
mod peers;
mod cluster;
mod check;
mod deny;
mod licence;
mod unused;
mod metadata;
mod tidy;
mod bench;
mod conformance;
mod fuzz;
mod faults;
mod processes;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [-- FILTER…]   install what the tests need (PostgreSQL, dovecot, medallion), run all of
                      them, then the samples of the peers and some minutes of faults
  check               format, lints, docs, tidy, licences and sources, unused dependencies
  tidy                the rules of the house that no compiler knows
  conformance         the peers' samples through our readers, against what the peers expect
  bench ingest [--rows N] [--json] [--database-url URL]
                      what taking in two days' lists costs, by the release binary
  bench mails [--mails N] [--json] [--database-url URL]
                            a run of encrypted mails
  bench attribution [--json]
                      what looking up an address costs, beside other structures
  bench letters [N]   how many letters a second are printed
  fuzz [--seconds N] [--lean] [TARGET…]
                      feeds hostile bytes to every parser, 60 seconds each; lean: without
                      those that need the product built
  faults [--seed N] [--full] [--release] [NAME…]
                      kills, power losses, full disks, restarts: is everything there, and once?
  bench peers [--rows N] [--rows-peers M]
                      the same list through Todoke, IntelMQ, and polars with pyasn
";

fn main() -> ExitCode {
    match run() {
        Ok(status) => status,
        Err(fault) => {
            eprintln!("xtask: {fault:#}");
            ExitCode::from(3)
        }
    }
}

/// Status 0 is done, 1 found wanting, 2 wrong usage; faults are 3, as in the product.
fn run() -> Result<ExitCode> {
    env::set_current_dir(root()?).context("cannot enter the project's folder")?;
    let args: Vec<String> = env::args().skip(1).collect();
    let (command, rest) = args.split_first().map_or(("", &[][..]), |(c, r)| (c.as_str(), r));
    let good = match (command, rest) {
        ("test", _) => test_run::run(rest)?,
        ("check", []) => check::run()?,
        ("tidy", []) => tidy::run()?,
        ("bench", _) => bench::run(rest)?,
        ("conformance", []) => conformance::run()?,
        ("fuzz", _) => fuzz::run(rest)?,
        ("faults", _) => faults::run(rest)?,
        ("help" | "--help" | "-h", _) => {
            print!("{USAGE}");
            true
        }
        _ => {
            eprint!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    };
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The project's folder: this package lies directly below it.
fn root() -> Result<PathBuf> {
    let here = env::var("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").to_owned());
    let root = Path::new(&here).parent().context("xtask lies in no folder")?;
    Ok(root.to_owned())
}
