//! Real peers for the tests: a mail server of Debian; from PyPI a server and a client of TAXII, and
//! a provider of OpenID Connect.
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
/// Names the Python that has the TAXII client.
pub(crate) const TAXII_CLIENT: &str = "TODOKE_TEST_TAXII_CLIENT";
/// Names the provider of OpenID Connect.
pub(crate) const OIDC_PROVIDER: &str = "TODOKE_TEST_OIDC_PROVIDER";

/// A package of PyPI that the tests need, in the version that they are written against.
struct Package {
    name: &'static str,
    version: &'static str,
    /// What of its environment the tests start.
    program: &'static str,
}

const MEDALLION_PACKAGE: Package =
    Package { name: "medallion", version: "3.0.0", program: "bin/medallion" };
const CLIENT_PACKAGE: Package =
    Package { name: "taxii2-client", version: "2.3.0", program: "bin/python" };
const PROVIDER_PACKAGE: Package =
    Package { name: "oidc-provider-mock", version: "0.3.4", program: "bin/oidc-provider-mock" };

/// The variables that name the peers, after installing what is missing, also what letters need. A
/// variable that is set already stays as it is.
pub(crate) fn named() -> Result<Vec<(&'static str, PathBuf)>> {
    packages::printing()?;
    let mut named = Vec::new();
    if is_free(DOVECOT) {
        named.push((DOVECOT, packages::dovecot()?));
    }
    if is_free(MEDALLION) {
        named.push((MEDALLION, MEDALLION_PACKAGE.installed()?));
    }
    if is_free(TAXII_CLIENT) {
        named.push((TAXII_CLIENT, CLIENT_PACKAGE.installed()?));
    }
    if is_free(OIDC_PROVIDER) {
        named.push((OIDC_PROVIDER, PROVIDER_PACKAGE.installed()?));
    }
    Ok(named)
}

fn is_free(variable: &str) -> bool {
    env::var_os(variable).is_none_or(|value| value.is_empty())
}

impl Package {
    /// Its program, in an environment of its own below `target`, which later runs find there.
    fn installed(&self) -> Result<PathBuf> {
        let Self { name, version, program } = self;
        let home = env::current_dir().context("no current folder")?.join("target/peers");
        let done = home.join(format!("{name}-{version}"));
        // The program may be there before the package is.
        let mark = done.join("installed");
        let program = done.join(program);
        if mark.exists() {
            return Ok(program);
        }
        println!("packages: installing {name} {version} below {}", home.display());
        fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
        let python = packages::python()?;
        // An environment cannot be moved, so one that was cut off is made anew in its place.
        let _none_yet = fs::remove_dir_all(&done);
        let installed = self.install(&python, &done);
        if installed.is_err() {
            let _half_done = fs::remove_dir_all(&done);
        }
        installed?;
        fs::write(&mark, "").with_context(|| format!("cannot write {}", mark.display()))?;
        Ok(program)
    }

    fn install(&self, python: &Path, home: &Path) -> Result<()> {
        let Self { name, version, .. } = self;
        processes::must(Command::new(python).args(["-m", "venv"]).arg(home))?;
        let mut pip = Command::new(home.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check"]);
        processes::must(pip.arg(format!("{name}=={version}")))
            .with_context(|| format!("could not install {name} {version}"))
    }
}
