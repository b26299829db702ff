//! `cargo xtask bench ingest`: how fast a day's list is taken in, and whether it stays that fast.
//!
//! Each row is parsed, validated, attributed against a full table and stored, by the release
//! binary in a fresh data folder; then the next day's list for the same addresses. All of it
//! lies under `target/bench`, where the files made once are found again. `cargo xtask bench peers`
//! sets other programs beside it, on the same list and machine. `cargo xtask bench mails` sends a
//! thousand encrypted mails.

mod attribution;
pub(crate) mod input;
mod mails;
mod measure;
mod network_table;
mod office;
mod peers;
mod product;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use serde_json::{Value, json};

use crate::{packages, processes};
use measure::Measured;
use product::Todoke;

/// The two days; past ones, since a sighting from tomorrow is refused.
const DAYS: [&str; 2] = ["2026-11-21", "2026-11-22"];

/// What is asked for.
struct Wish {
    rows: u64,
    json: bool,
    database_url: Option<String>,
}

/// One day taken in.
struct Day {
    date: &'static str,
    bytes: u64,
    measured: Measured,
    store_bytes: u64,
    /// What the product itself said of the file.
    said: Value,
}

/// Runs the benchmark `args` name.
pub(crate) fn run(args: &[String]) -> Result<bool> {
    match args.split_first() {
        Some((name, rest)) if name == "attribution" => return attribution::run(rest),
        Some((name, rest)) if name == "mails" => return mails::run(rest),
        Some((name, rest)) if name == "office" => return office::run(rest),
        Some((name, rest)) if name == "peers" => return peers::run(rest),
        Some((name, rest)) if name == "letters" => return letters(rest),
        _ => {}
    }
    let wish = wish(args)?;
    let (program, folder) = product::build()?;
    let tables = network_table::prepare(&folder)?;
    let [first, second] = DAYS.map(|date| input::day(&folder, &tables, date, wish.rows));
    let files = [first?, second?];
    let register = input::isp_register(&folder, &files[0])?;
    let todoke = Todoke::fresh(program, &folder, wish.database_url.clone())?;
    todoke.prepare(&tables, &register)?;
    let mut days = Vec::new();
    for (date, file) in DAYS.into_iter().zip(&files) {
        eprintln!("bench: taking in {}", file.display());
        days.push(ingest(&todoke, date, file)?);
    }
    if wish.json {
        println!("{}", as_json(&wish, &days));
    } else {
        print_table(&wish, &days);
    }
    Ok(true)
}

/// Letters a second, by the crate that prints them; `args` may name how many.
fn letters(args: &[String]) -> Result<bool> {
    packages::printing()?;
    let release = ["run", "--release", "--package", "print", "--example", "letters", "--"];
    Ok(processes::run(processes::cargo(&release).args(args))?.success())
}

fn wish(args: &[String]) -> Result<Wish> {
    let usage = || {
        anyhow!(
            "usage: cargo xtask bench ingest [--rows N] [--json] [--database-url U]\n\
                 or: cargo xtask bench attribution [--json]\n\
                 or: cargo xtask bench letters [N]\n\
                 or: cargo xtask bench mails\n\
                 or: cargo xtask bench office [--json]"
        )
    };
    let mut wish = Wish { rows: 1_000_000, json: false, database_url: None };
    let mut args = args.iter().map(String::as_str);
    if args.next() != Some("ingest") {
        return Err(usage());
    }
    while let Some(arg) = args.next() {
        match arg {
            "--json" => wish.json = true,
            "--rows" => {
                let rows = args.next().ok_or_else(usage)?;
                wish.rows = rows.replace('_', "").parse().context("--rows takes a number")?;
            }
            "--database-url" => wish.database_url = Some(args.next().ok_or_else(usage)?.to_owned()),
            _ => return Err(usage()),
        }
    }
    Ok(wish)
}

fn ingest(todoke: &Todoke, date: &'static str, file: &Path) -> Result<Day> {
    let measured = todoke.ingest(file)?;
    let last = measured.stdout.lines().last().unwrap_or_default();
    let said = serde_json::from_str(last).context("ingest --json printed no JSON object")?;
    let bytes = fs::metadata(file).with_context(|| file.display().to_string())?.len();
    Ok(Day { date, bytes, measured, store_bytes: todoke.store_bytes()?, said })
}

fn per_second(rows: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { rows as f64 / seconds } else { f64::NAN }
}

/// CPU seconds of the second day by those of the first: 1 means that what is stored costs nothing.
fn ratio(days: &[Day]) -> f64 {
    match days {
        [first, second, ..] => second.measured.cpu / first.measured.cpu,
        _ => f64::NAN,
    }
}

fn as_json(wish: &Wish, days: &[Day]) -> Value {
    let runs = days.iter().map(|day| {
        json!({
            "date": day.date,
            "bytes": day.bytes,
            "wall_seconds": day.measured.wall,
            "cpu_seconds": day.measured.cpu,
            "rows_per_cpu_second": per_second(wish.rows, day.measured.cpu),
            "peak_memory_bytes": day.measured.peak_bytes,
            "store_bytes": day.store_bytes,
            "product": day.said,
        })
    });
    let runs: Vec<Value> = runs.collect();
    json!({ "rows": wish.rows, "runs": runs, "second_by_first": ratio(days) })
}

fn print_table(wish: &Wish, days: &[Day]) {
    println!("{} rows a day: parsed, validated, attributed, stored", wish.rows);
    println!("| day | file MB | wall s | CPU s | rows per CPU s | peak MiB | store MiB |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for Day { date, bytes, measured, store_bytes, .. } in days {
        println!(
            "| {date} | {:.1} | {:.1} | {:.1} | {:.0} | {:.0} | {:.0} |",
            *bytes as f64 / 1e6,
            measured.wall,
            measured.cpu,
            per_second(wish.rows, measured.cpu),
            measured.peak_bytes as f64 / 1_048_576.0,
            *store_bytes as f64 / 1_048_576.0,
        );
    }
    println!("second day by first, CPU: {:.2}", ratio(days));
}

#[cfg(test)]
mod tests {
    use super::wish;

    fn read(line: &str) -> Option<(u64, bool)> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        wish(&args).ok().map(|wish| (wish.rows, wish.json))
    }

    #[test]
    fn what_is_asked_for_is_read() {
        assert_eq!(read("ingest"), Some((1_000_000, false)));
        assert_eq!(read("ingest --rows 10_000 --json"), Some((10_000, true)));
        assert_eq!(read("export"), None);
        assert_eq!(read("ingest --rows many"), None);
    }
}
