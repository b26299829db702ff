//! The address table rows are attributed against: a published one where npm can fetch it, so
//! that the figures hold for the size of the real Internet, else a made-up one.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::input::PROVIDERS;
use crate::processes;

/// Pinned, so that figures of different days compare.
const PACKAGE: &str = "@ip-location-db/asn@2.3.2026061719";

/// The CSV files of the table: first address, last address, ASN, organisation.
pub(crate) fn prepare(folder: &Path) -> Result<Vec<PathBuf>> {
    let real = ["asn-ipv4.csv", "asn-ipv6.csv"].map(|name| folder.join("package").join(name));
    if real.iter().all(|file| file.exists()) {
        return Ok(real.to_vec());
    }
    match fetch(folder) {
        Ok(()) => Ok(real.to_vec()),
        Err(fault) => {
            eprintln!("bench: no {PACKAGE} ({fault:#}); taking a made-up table");
            made_up(folder)
        }
    }
}

fn fetch(folder: &Path) -> Result<()> {
    eprintln!("bench: fetching {PACKAGE}");
    let mut pack = Command::new("npm");
    pack.args(["pack", "--silent", PACKAGE]).current_dir(folder);
    let printed = processes::output(&mut pack)?;
    let archive = printed.lines().last().context("npm pack named no file")?;
    let mut unpack = Command::new("tar");
    unpack.args(["-xzf", archive, "package/asn-ipv4.csv", "package/asn-ipv6.csv"]);
    processes::output(unpack.current_dir(folder))?;
    Ok(())
}

/// Every made-up provider holds one block.
fn made_up(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut text = String::new();
    for (asn, [a, b]) in PROVIDERS {
        // Blocks of four /16, each beginning at a multiple of four.
        let last = b + 3;
        writeln!(text, "{a}.{b}.0.0,{a}.{last}.255.255,{asn},Provider {asn}")
            .context("cannot format")?;
    }
    let file = folder.join("made-up.csv");
    fs::write(&file, text).with_context(|| file.display().to_string())?;
    Ok(vec![file])
}
