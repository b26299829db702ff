//! Debian packages that tests and benchmarks need, installed where they are missing.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::processes;

/// Where Debian keeps the server binaries, one folder per major version.
const POSTGRESQL: &str = "/usr/lib/postgresql";
/// What decision 4 asks for at least.
const POSTGRESQL_MIN: u32 = 15;

/// Whether this process is root.
pub(crate) fn is_root() -> Result<bool> {
    Ok(fs::metadata("/proc/self").context("cannot tell who runs this: no /proc")?.uid() == 0)
}

/// The folder of `initdb` and `pg_ctl`, after installing the package where there is none.
pub(crate) fn postgresql() -> Result<PathBuf> {
    if let Some(found) = newest_postgresql() {
        return Ok(found);
    }
    install(&["postgresql"]).context(
        "instead of a package, TODOKE_TEST_POSTGRES can name the URL of a server whose every \
         database may be dropped",
    )?;
    newest_postgresql().with_context(|| {
        format!(
            "the package `postgresql` is installed, yet {POSTGRESQL}/{POSTGRESQL_MIN}/bin or newer \
             is missing: this system's PostgreSQL is too old"
        )
    })
}

/// The mail server, after installing the package where it is missing.
pub(crate) fn dovecot() -> Result<PathBuf> {
    let program = PathBuf::from("/usr/sbin/dovecot");
    let imap = PathBuf::from("/usr/lib/dovecot/imap");
    if !(program.exists() && imap.exists()) {
        install(&["dovecot-imapd"])?;
    }
    Ok(program)
}

/// What letters are printed with and read again by: the font, and two readers.
pub(crate) fn printing() -> Result<()> {
    if !PathBuf::from("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").exists() {
        install(&["fonts-noto-cjk"])?;
    }
    programs(&[("pdftotext", "poppler-utils"), ("zbarimg", "zbar-tools")])
}

/// A Python that can make environments, after installing the package where there is none.
pub(crate) fn python() -> Result<PathBuf> {
    // `venv` alone is not enough: Debian keeps what it installs with in a package of its own.
    if !processes::works("python3", &["-c", "import venv, ensurepip"]) {
        install(&["python3-venv"])?;
    }
    Ok(PathBuf::from("python3"))
}

/// Makes sure that programs are there, each with the package that brings it.
pub(crate) fn programs(wanted: &[(&str, &str)]) -> Result<()> {
    let missing = wanted.iter().filter(|(program, _)| !on_path(program));
    let packages: Vec<&str> = missing.map(|(_, package)| *package).collect();
    if packages.is_empty() { Ok(()) } else { install(&packages) }
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

/// Sees to what the programs beside ours are run with: Redis, and Python's own environments.
pub(crate) fn peers() -> Result<()> {
    programs(&[("redis-server", "redis-server")])?;
    python().map(|_| ())
}

/// The newest version that is new enough.
fn newest_postgresql() -> Option<PathBuf> {
    let versions = fs::read_dir(POSTGRESQL).ok()?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .map(|(version, folder): (u32, PathBuf)| (version, folder.join("bin")))
        .filter(|(version, bin)| *version >= POSTGRESQL_MIN && bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin)
}

/// Installs Debian packages: the lists are fetched once, then everything in one go.
fn install(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if !processes::works("apt-get", &["--version"]) {
        bail!(
            "this needs {names} and this system has no apt-get: install it by hand; in place \
             of PostgreSQL, TODOKE_TEST_POSTGRES may be the URL of a server whose every database \
             may be dropped"
        );
    }
    println!("packages: installing {names}");
    processes::must(apt(&names)?.arg("update"))?;
    let options = ["install", "--yes", "--no-install-recommends"];
    processes::must(apt(&names)?.args(options).args(packages))
        .with_context(|| format!("could not install {names}"))
}

/// `apt-get` as root, by sudo where needed.
fn apt(names: &str) -> Result<Command> {
    let mut apt = if is_root()? {
        processes::command("apt-get")
    } else if processes::works("sudo", &["--version"]) {
        // The password is asked for here, while this process still owns the terminal.
        let granted = Command::new("sudo").arg("--validate").status().context("cannot run sudo")?;
        if !granted.success() {
            bail!("sudo refused; run `apt-get install {names}` as root, then this again");
        }
        let mut sudo = processes::command("sudo");
        sudo.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    } else {
        bail!(
            "Debian packages are missing, and this is neither root nor is there sudo: \
             run `apt-get install {names}` as root, then this again"
        );
    };
    apt.env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet");
    Ok(apt)
}
