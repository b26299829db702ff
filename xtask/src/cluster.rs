//! A PostgreSQL cluster for one test run: made in a temporary folder, gone with the run.
//!
//! It listens on a free port of 127.0.0.1 alone and trusts whoever connects, so it holds
//! nothing but what the tests put in.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::{packages, processes};

/// Tries at a port: between finding it free and using it, somebody else may take it.
const TRIES: u32 = 5;

/// Where clusters lie; short, since a socket's path may have 107 bytes at most. In memory each of
/// a thousand databases is there in a tenth of a second.
const FOLDERS: [&str; 2] = ["/dev/shm", "/tmp"];
/// Megabytes that must be free in memory for that.
const ROOM: u64 = 6_000;
const PREFIX: &str = "todoke-test-";
/// Inside a cluster's folder: the process id of the run it belongs to.
const RUNNER: &str = "runner";

/// Whom the server runs as; PostgreSQL refuses to run as root.
#[derive(Clone)]
enum Account {
    /// Whoever runs this.
    Own,
    /// The account Debian's package makes.
    Postgres { uid: u32, gid: u32 },
}

/// A running cluster. Dropping it stops the server and removes its folder.
pub(crate) struct Cluster {
    bin: PathBuf,
    home: PathBuf,
    port: u16,
    account: Account,
}

impl Cluster {
    /// Makes and starts a cluster with the binaries in `bin`.
    pub(crate) fn start(bin: PathBuf) -> Result<Cluster> {
        let account = account()?;
        sweep(&account, &bin);
        let home = folder(&account)?;
        let mut cluster = Cluster { bin, home, port: 0, account };
        fs::write(cluster.home.join(RUNNER), process::id().to_string())
            .context("cannot write into the cluster's folder")?;
        cluster.make()?;
        for _ in 0..TRIES {
            cluster.port = free_port()?;
            if cluster.serve()? {
                return Ok(cluster);
            }
            if processes::interrupted() {
                bail!("interrupted");
            }
        }
        let log = fs::read_to_string(cluster.home.join("log")).unwrap_or_default();
        bail!("PostgreSQL did not start; its log:\n{log}");
    }

    /// Where the tests find it.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Ends the server at once, as if it had crashed, unless it has ended; and starts it again on
    /// the same port.
    pub(crate) fn restart(&self) -> Result<()> {
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--mode=immediate", "--silent", "--wait", "--pgdata"]).arg(self.data());
        let stopped = processes::output(&mut stop).context("PostgreSQL does not stop");
        if self.data().join("postmaster.pid").exists() {
            stopped?;
        }
        for _ in 0..TRIES {
            if self.serve()? {
                return Ok(());
            }
        }
        bail!("PostgreSQL did not start again")
    }

    fn make(&self) -> Result<()> {
        let mut initdb = self.program("initdb");
        // `--no-sync` spares the flush after initdb only; the server itself keeps fsync on.
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8"]);
        initdb.args(["--locale=C.UTF-8", "--no-sync", "--pgdata"]).arg(self.data());
        processes::output(&mut initdb).context("could not make a PostgreSQL cluster")?;
        Ok(())
    }

    fn serve(&self) -> Result<bool> {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c max_connections=200 \
             -c unix_socket_directories='{}'",
            self.port,
            self.home.display()
        );
        let mut start = self.program("pg_ctl");
        start.args(["start", "--wait", "--silent", "--timeout=60", "--pgdata"]).arg(self.data());
        start.arg("--log").arg(self.home.join("log")).arg("--options").arg(options);
        start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(start.status().context("cannot start pg_ctl")?.success())
    }

    fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    fn program(&self, name: &str) -> Command {
        owned(&self.account, &self.bin.join(name))
    }
}

/// Drops the clusters of runs that were killed before they could do so themselves.
fn sweep(account: &Account, bin: &Path) {
    for entry in FOLDERS.into_iter().filter_map(|at| fs::read_dir(at).ok()).flatten().flatten() {
        let home = entry.path();
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // A folder without this file is somebody else's, or its run has only just begun.
        let Ok(runner) = fs::read_to_string(home.join(RUNNER)) else { continue };
        if processes::stat(runner.trim()).is_none_or(|(ended, _)| ended) {
            println!("cluster: removing {}, left by a run that was killed", home.display());
            drop(Cluster { bin: bin.to_owned(), home, port: 0, account: account.clone() });
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        // Nothing in it is worth a clean end, and a connection left open would delay one.
        stop.args(["stop", "--mode=immediate", "--silent", "--pgdata"]).arg(self.data());
        let _not_running = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
        if let Err(fault) = fs::remove_dir_all(&self.home) {
            eprintln!("could not remove {}: {fault}", self.home.display());
        }
    }
}

/// A command run as the cluster's owner, from a folder everybody may enter.
fn owned(account: &Account, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").env("LC_ALL", "C.UTF-8");
    if let Account::Postgres { uid, gid } = account {
        command.uid(*uid).gid(*gid);
    }
    command
}

fn account() -> Result<Account> {
    if !packages::is_root()? {
        return Ok(Account::Own);
    }
    let id = |flag: &str| -> Result<u32> {
        let text = processes::output(Command::new("id").args([flag, "postgres"]))
            .context("PostgreSQL does not run as root, and there is no account `postgres`")?;
        text.parse().context("`id` printed no number")
    };
    Ok(Account::Postgres { uid: id("-u")?, gid: id("-g")? })
}

/// A folder of the owner's own.
fn folder(account: &Account) -> Result<PathBuf> {
    let mut make = owned(account, Path::new("mktemp"));
    let [in_memory, on_disk] = FOLDERS;
    let folders = if has_room(in_memory) { in_memory } else { on_disk };
    make.arg("--directory").arg(format!("{folders}/{PREFIX}XXXXXX"));
    Ok(PathBuf::from(processes::output(&mut make)?))
}

/// Whether that folder lies in memory of which enough is free.
fn has_room(folder: &str) -> bool {
    let mut df = Command::new("df");
    df.args(["--output=avail", "--block-size=1M", folder]);
    let avail = processes::output(&mut df).unwrap_or_default();
    let avail = avail.lines().last().and_then(|line| line.trim().parse::<u64>().ok());
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let memory = memory.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    avail.is_some_and(|free| free >= ROOM) && memory.is_some_and(|free| free / 1024 >= 2 * ROOM)
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
    Ok(listener.local_addr().context("a listener without an address")?.port())
}
