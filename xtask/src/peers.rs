//! Real peers for the tests of ways in: a mail server of Debian, and a TAXII server of PyPI.
//!
//! Neither is started here: each test starts its own, and is told by the environment where it is.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{packages, processes};

/// Names the mail server.
pub(crate) const DOVECOT: &str = "TODOKE_TEST_DOVECOT";
/// Names the TAXII server.
pub(crate) const MEDALLION: &str = "TODOKE_TEST_MEDALLION";

/// The version that the tests are written against.
const VERSION: &str = "3.0.0";

/// The variables that name the peers, after installing what is missing, also what letters need. A variable that is set
/// already stays as it is.
pub(crate) fn named() -> Result<Vec<(&'static str, PathBuf)>> {
    packages::printing()?;
    let mut named = Vec::new();
    if is_free(DOVECOT) {
        named.push((DOVECOT, packages::dovecot()?));
    }
    if is_free(MEDALLION) {
        named.push((MEDALLION, medallion()?));
    }
    Ok(named)
}

fn is_free(variable: &str) -> bool {
    env::var_os(variable).is_none_or(|value| value.is_empty())
}

/// The TAXII server, in an environment of its own below `target`, which later runs find there.
fn medallion() -> Result<PathBuf> {
    let home = env::current_dir().context("no current folder")?.join("target/peers");
    let done = home.join(format!("medallion-{VERSION}"));
    let program = done.join("bin/medallion");
    if program.exists() {
        return Ok(program);
    }
    println!("packages: installing medallion {VERSION} below {}", home.display());
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    let python = packages::python()?;
    // An environment cannot be moved, so one that was cut off is made anew in its place.
    let _none_yet = fs::remove_dir_all(&done);
    let installed = install(&python, &done);
    if installed.is_err() {
        let _half_done = fs::remove_dir_all(&done);
    }
    installed.map(|()| program)
}

fn install(python: &Path, home: &Path) -> Result<()> {
    processes::must(Command::new(python).args(["-m", "venv"]).arg(home))?;
    let mut pip = Command::new(home.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"]);
    processes::must(pip.arg(format!("medallion=={VERSION}")))
        .with_context(|| format!("could not install medallion {VERSION}"))
}
