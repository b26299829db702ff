//! `cargo xtask test`: everything the tests need, then all tests, doc tests included; then faults,
//! as many as fit in four minutes.

use std::env;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::cluster::Cluster;
use crate::{conformance, faults, packages, peers, processes};

/// Names the server the tests of the PostgreSQL half use.
const SERVER: &str = "TODOKE_TEST_POSTGRES";

/// Runs all tests; `args` go to the test binaries. True when all passed.
pub(crate) fn run(args: &[String]) -> Result<bool> {
    let args = args.strip_prefix(&["--".to_owned()]).unwrap_or(args);
    processes::catch_interrupts()?;
    let whole = Instant::now();
    let given = env::var(SERVER).ok().filter(|url| !url.is_empty());
    let cluster = match given {
        Some(_) => {
            println!("test: {SERVER} is set, so the tests use that server");
            None
        }
        None => Some(own_cluster()?),
    };
    let begin = Instant::now();
    let peers = peers::named()?;
    // Lists by mail are opened by the programs that their readers use.
    packages::programs(&[("gpg", "gnupg"), ("openssl", "openssl")])?;
    phase("peers", begin);
    if processes::interrupted() {
        bail!("interrupted");
    }

    let begin = Instant::now();
    let mut tests = processes::cargo(&["test", "--workspace", "--no-fail-fast", "--"]);
    tests.args(args).envs(peers);
    if let Some(cluster) = &cluster {
        tests.env(SERVER, cluster.url());
    }
    let passed = processes::run(&mut tests)?.success();
    let outcome = if passed { "passed" } else { "FAILED" };
    phase(&format!("tests {outcome}"), begin);

    let begin = Instant::now();
    let agrees = args.is_empty().then(conformance::run).transpose()?.unwrap_or(true);
    let passed = passed && agrees;
    phase(if agrees { "conformance agrees" } else { "conformance FAILED" }, begin);

    let begin = Instant::now();
    drop(cluster);
    phase("clean-up", begin);
    // A filter asks for some tests, and faults are none of them.
    let held = if passed && args.is_empty() {
        let begin = Instant::now();
        let held = faults::bounded()?;
        phase(&format!("faults {}", if held { "passed" } else { "FAILED" }), begin);
        held
    } else {
        true
    };
    phase("all", whole);
    if processes::interrupted() {
        bail!("interrupted");
    }
    Ok(passed && held)
}

fn own_cluster() -> Result<Cluster> {
    let begin = Instant::now();
    let bin = packages::postgresql()?;
    phase("packages", begin);
    let begin = Instant::now();
    let cluster = Cluster::start(bin)?;
    phase(&format!("cluster at {}", cluster.url()), begin);
    Ok(cluster)
}

fn phase(name: &str, begin: Instant) {
    println!("test: {name}: {:.1} s", begin.elapsed().as_secs_f64());
}
