//! `cargo xtask bench peers`: the same list through Todoke and through what else would be used.
//!
//! One run on one machine, since CPU seconds of different machines do not compare. IntelMQ may
//! get a head of the list alone; Todoke is measured on that head too. It is counted with all it
//! does, its start and the loading of its address table among it; the others are not.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;

use super::product::{self, Todoke};
use super::{DAYS, input, measure, network_table, per_second};
use crate::{packages, processes};

const SCRIPTS: &str = "xtask/peers";
const REQUIREMENTS: [&str; 4] = ["intelmq==3.5.*", "polars", "pyasn", "redis"];
/// After this many seconds IntelMQ with its queues is taken to hang.
const LIMIT: &str = "1200";

/// What is asked for.
#[derive(Debug, PartialEq)]
struct Wish {
    rows: u64,
    /// How many of them IntelMQ gets.
    head: u64,
}

/// One program's way with a list.
struct Run {
    program: String,
    per_row: &'static str,
    rows: u64,
    cpu: f64,
    peak_bytes: u64,
}

/// Runs all programs and prints a table.
pub(super) fn run(args: &[String]) -> Result<bool> {
    let wish = wish(args)?;
    processes::catch_interrupts()?;
    let (program, folder) = product::build()?;
    packages::peers()?;
    let python = python(&folder)?;
    let tables = network_table::prepare(&folder)?;
    let list = input::day(&folder, &tables, DAYS[0], wish.rows)?;
    let head = head(&folder, &list, wish.head)?;
    let peers = Peers { table: asn_table(&python, &folder, &tables)?, python, folder };

    let todoke = |list: &Path, rows| -> Result<Run> {
        let todoke = Todoke::fresh(program.clone(), &peers.folder, None)?;
        todoke.prepare(&tables, &input::isp_register(&peers.folder, list)?)?;
        eprintln!("bench: Todoke, {rows} rows");
        let measured = todoke.ingest(list)?;
        Ok(Run {
            program: "Todoke".to_owned(),
            per_row: "parsed, validated, attributed, stored as a case with its history",
            rows,
            cpu: measured.cpu,
            peak_bytes: measured.peak_bytes,
        })
    };
    let ours = [todoke(&list, wish.rows)?, todoke(&head, wish.head)?];
    let queues = "the same, each event through Redis between three processes";
    let columns = "columns cast, attributed, written as Parquet";
    let theirs = [
        peers.run("intelmq_one", "parsed, validated, attributed, written as JSON", &head)?,
        peers.run("intelmq_queues", queues, &head)?,
        peers.run("polars_pyasn", columns, &list)?,
    ];
    print!("{}", table(&ours, &theirs));
    Ok(true)
}

fn wish(args: &[String]) -> Result<Wish> {
    let usage = || anyhow!("usage: cargo xtask bench peers [--rows N] [--rows-peers M]");
    let mut wish = Wish { rows: 1_000_000, head: 20_000 };
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        let place = match arg {
            "--rows" => &mut wish.rows,
            "--rows-peers" => &mut wish.head,
            _ => return Err(usage()),
        };
        let rows = args.next().ok_or_else(usage)?;
        *place = rows.replace('_', "").parse().with_context(|| format!("{arg} takes a number"))?;
    }
    if wish.head == 0 || wish.head > wish.rows {
        bail!("--rows-peers is a head of the list: from 1 to {} rows", wish.rows);
    }
    Ok(wish)
}

/// The environment's Python, with the programs in it; made anew where other ones are asked for.
fn python(folder: &Path) -> Result<PathBuf> {
    let environment = folder.join("peers");
    let python = environment.join("bin/python");
    let (made, wanted) = (environment.join("requirements"), REQUIREMENTS.join("\n"));
    if fs::read_to_string(&made).is_ok_and(|text| text == wanted) {
        return Ok(python);
    }
    eprintln!("bench: installing {}", REQUIREMENTS.join(", "));
    let mut venv = processes::command("python3");
    processes::must(venv.args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut pip = processes::command(&python.to_string_lossy());
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    processes::must(pip.args(REQUIREMENTS))?;
    fs::write(&made, wanted).with_context(|| made.display().to_string())?;
    Ok(python)
}

/// The first rows of `list`, under its name, from which the reader takes the kind of report.
fn head(folder: &Path, list: &Path, rows: u64) -> Result<PathBuf> {
    let folder = folder.join("head");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let file = folder.join(list.file_name().context("a list without a name")?);
    let source = File::open(list).with_context(|| list.display().to_string())?;
    let create = File::create(&file).with_context(|| file.display().to_string())?;
    let mut out = BufWriter::new(create);
    // The header is a line more; no field of a list that the benchmark makes holds a newline.
    let lines = usize::try_from(rows).context("too many rows")?.saturating_add(1);
    for line in BufReader::new(source).lines().take(lines) {
        writeln!(out, "{}", line.with_context(|| list.display().to_string())?)?;
    }
    out.flush().with_context(|| file.display().to_string())?;
    Ok(file)
}

/// The address table as pyasn reads it, made unless it is there from an earlier run.
fn asn_table(python: &Path, folder: &Path, tables: &[PathBuf]) -> Result<PathBuf> {
    let first = tables.first().and_then(|table| table.file_stem()).context("no network table")?;
    let file = folder.join(first).with_extension("pyasn");
    if !file.exists() {
        eprintln!("bench: making {}", file.display());
        let part = file.with_extension("part");
        let mut make = processes::command(&python.to_string_lossy());
        make.arg(format!("{SCRIPTS}/asn_table.py")).arg(&part).args(tables);
        processes::output(&mut make)?;
        fs::rename(&part, &file).with_context(|| file.display().to_string())?;
    }
    Ok(file)
}

/// What the other programs are run with.
struct Peers {
    python: PathBuf,
    table: PathBuf,
    folder: PathBuf,
}

impl Peers {
    fn run(&self, script: &str, per_row: &'static str, list: &Path) -> Result<Run> {
        let program = self.name(script)?;
        eprintln!("bench: {program}");
        let mut command = processes::command(&self.python.to_string_lossy());
        command.arg(format!("{SCRIPTS}/{script}.py")).arg(list).arg(&self.table);
        command.arg(self.folder.join(script));
        if script == "intelmq_queues" {
            command.arg(LIMIT);
        }
        let log = self.folder.join("log");
        let measured = measure::run(&mut command, &log)?;
        if !measured.success {
            bail!("{program} failed:\n{}", measure::complaint(&log));
        }
        // Bots say farewell after the script has spoken.
        let said = measured.stdout.lines().rev().find(|line| line.starts_with('{'));
        let last = said.with_context(|| format!("{script} printed no JSON"))?;
        let said: Value = serde_json::from_str(last).context(last.to_owned())?;
        let number = |key: &str| said[key].as_u64().with_context(|| format!("no `{key}`: {last}"));
        let cpu = said["cpu"].as_f64().with_context(|| format!("no `cpu`: {last}"))?;
        Ok(Run { program, per_row, rows: number("rows")?, cpu, peak_bytes: number("peak")? })
    }

    /// What a script runs, with the versions that are installed.
    fn name(&self, script: &str) -> Result<String> {
        let version = |package: &str| {
            let code = "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))";
            let mut ask = processes::command(&self.python.to_string_lossy());
            processes::output(ask.args(["-c", code, package]))
        };
        Ok(match script {
            "polars_pyasn" => format!("polars {}, pyasn {}", version("polars")?, version("pyasn")?),
            "intelmq_one" => format!("IntelMQ {}, one process", version("intelmq")?),
            _ => format!("IntelMQ {}, with queues", version("intelmq")?),
        })
    }
}

/// Rows per CPU second of each, and how many times as many Todoke takes: of as many rows as the
/// other was given, and of the whole list. `ours` begins with the whole list.
fn table(ours: &[Run], theirs: &[Run]) -> String {
    let rate = |run: &Run| per_second(run.rows, run.cpu);
    let whole = &ours[0];
    let head = format!(
        "| program | each row is | rows | CPU s | rows per CPU s | peak MiB | \
         Todoke ÷ it, same rows | Todoke ÷ it, {} rows |\n|---|---|--:|--:|--:|--:|--:|--:|\n",
        whole.rows
    );
    let line = |run: &Run| {
        let same = ours.iter().find(|our| our.rows == run.rows).map_or(f64::NAN, rate);
        format!(
            "| {} | {} | {} | {:.2} | {:.0} | {:.0} | {:.1} | {:.1} |\n",
            run.program,
            run.per_row,
            run.rows,
            run.cpu,
            rate(run),
            run.peak_bytes as f64 / 1_048_576.0,
            same / rate(run),
            rate(whole) / rate(run),
        )
    };
    ours.iter().chain(theirs).map(line).fold(head, |text, line| text + &line)
}

#[cfg(test)]
mod tests {
    use super::{Run, Wish, table, wish};

    fn read(line: &str) -> Option<Wish> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        wish(&args).ok()
    }

    fn run(program: &str, rows: u64, cpu: f64) -> Run {
        Run { program: program.to_owned(), per_row: "read", rows, cpu, peak_bytes: 3 << 20 }
    }

    #[test]
    fn what_is_asked_for_is_read() {
        assert_eq!(read(""), Some(Wish { rows: 1_000_000, head: 20_000 }));
        assert_eq!(read("--rows 9_000 --rows-peers 70"), Some(Wish { rows: 9_000, head: 70 }));
        for wrong in ["--rows", "--rows many", "--json", "--rows 9 --rows-peers 10"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_program_is_compared_on_the_rows_it_was_given_and_on_the_whole_list() {
        let ours = [run("Todoke", 1000, 1.0), run("Todoke", 10, 0.1)];
        let text = table(&ours, &[run("other", 10, 0.5)]);
        assert_eq!(text.lines().last(), Some("| other | read | 10 | 0.50 | 20 | 3 | 5.0 | 50.0 |"));
    }
}
