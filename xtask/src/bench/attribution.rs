//! `cargo xtask bench attribution`: nanoseconds for one look-up of an address, in the structure of
//! the product and in others, within one run of the release build.
//!
//! IPv4 addresses are those of a day's list; IPv6 ones are drawn, each range alike, from what the
//! table has of the providers on that list.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;

use super::{input, network_table};
use crate::{metadata, processes};

const DAY: &str = "2026-11-22";
const ROWS: u64 = 1_000_000;
const V6_ADDRESSES: usize = 200_000;

/// Runs the benchmark; `args` may ask for JSON.
pub(super) fn run(args: &[String]) -> Result<bool> {
    let json = match args {
        [] => false,
        [one] if one == "--json" => true,
        _ => return Err(anyhow!("usage: cargo xtask bench attribution [--json]")),
    };
    let target = PathBuf::from(metadata::text(&metadata::read(&[])?, "target_directory"));
    eprintln!("bench: building the release example");
    processes::must(&mut processes::cargo(&["build", "--release", "--example", "attribution"]))?;
    let folder = target.join("bench");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let tables = network_table::prepare(&folder)?;
    let list = input::day(&folder, &tables, DAY, ROWS)?;
    let asked = addresses(&folder, &list, &tables)?;
    let program = target.join("release/examples/attribution");
    let mut measure = processes::command(&program.to_string_lossy());
    let printed = processes::output(measure.arg(&asked).args(&tables))?;
    if json {
        println!("{printed}");
        return Ok(true);
    }
    println!("| family | structure | ns a look-up | by sorted ranges |");
    println!("|---|---|--:|--:|");
    for line in printed.lines() {
        let said: Value = serde_json::from_str(line).context("the example prints JSON lines")?;
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| said[name].as_f64();
        let structure = text("structure");
        if let Some(seconds) = number("built_seconds") {
            println!("{structure}: worked out beforehand in {seconds:.2} s");
        } else if let Some(ns) = number("ns") {
            let ratio = number("ratio").filter(|_| structure != "whole attribution");
            let ratio = ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
            println!("| {} | {structure} | {ns:.1} | {ratio} |", text("family"));
        }
    }
    Ok(true)
}

/// The addresses to look up, one a line.
fn addresses(folder: &Path, list: &Path, tables: &[PathBuf]) -> Result<PathBuf> {
    let text = fs::read_to_string(list).with_context(|| list.display().to_string())?;
    let mut asked = String::new();
    let mut providers = BTreeSet::new();
    for row in text.lines().skip(1) {
        let mut cells = row.split(',').map(|cell| cell.trim_matches('"'));
        asked.push_str(cells.nth(1).unwrap_or_default());
        asked.push('\n');
        providers.extend(cells.nth(4).map(str::to_owned));
    }
    let mut ranges: Vec<(u128, u128)> = Vec::new();
    for table in tables {
        let text = fs::read_to_string(table).with_context(|| table.display().to_string())?;
        ranges.extend(text.lines().filter_map(|row| held(row, &providers)));
    }
    let mut random = input::Random(20);
    for _ in 0..if ranges.is_empty() { 0 } else { V6_ADDRESSES } {
        let (first, last) = random.of(&ranges);
        let draw = u128::from(random.below(u64::MAX)) << 64 | u128::from(random.below(u64::MAX));
        let step = (last - first).checked_add(1).map_or(draw, |size| draw % size);
        asked.push_str(&Ipv6Addr::from_bits(first + step).to_string());
        asked.push('\n');
    }
    let file = folder.join("addresses");
    fs::write(&file, asked).with_context(|| file.display().to_string())?;
    Ok(file)
}

/// First and last address of a row, where it is an IPv6 range of one of `providers`.
fn held(row: &str, providers: &BTreeSet<String>) -> Option<(u128, u128)> {
    let mut cells = row.splitn(4, ',');
    let mut address = || cells.next()?.parse::<Ipv6Addr>().ok().map(u128::from);
    let range = (address()?, address()?);
    providers.contains(cells.next()?).then_some(range)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::held;

    #[test]
    fn ipv6_ranges_of_listed_providers_are_taken() {
        let listed = BTreeSet::from(["4713".to_owned()]);
        assert_eq!(held("2001:db8::,2001:db8::f,4713,\"A, B\"", &listed).unwrap().1 & 0xff, 15);
        assert!(held("2001:db8::,2001:db8::f,1,Other", &listed).is_none());
        assert!(held("58.80.0.0,58.80.0.255,4713,Four", &listed).is_none());
    }
}
