//! `cargo xtask faults`: what becomes of a store when the machine under it fails.
//!
//! Each fault is brought about for real: processes are killed, file systems shut down, disks fill
//! up, servers restart. After each, `todoke check` must be clean, every acknowledged file be there
//! exactly once, and the same files given again lead to the state of an undisturbed run. What this
//! machine cannot bring about is skipped with the reason, never passed.

mod centre;
mod disk;
mod kills;
mod mounted;
mod postgres;
mod power;
mod syscalls;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::bench::input::Random;
use crate::{metadata, processes};

/// A fault and how it is brought about.
type Fault = (&'static str, fn(&Wish) -> Result<Told>);

const FAULTS: [Fault; 8] = [
    ("kill-at-syscalls", syscalls::run),
    ("kill-at-random", kills::run),
    ("power-ext4", |wish| power::run(wish, "ext4")),
    ("power-xfs", |wish| power::run(wish, "xfs")),
    ("power-control", power::control),
    ("disk-full", disk::run),
    ("postgres-restart", postgres::restarts),
    ("serialization", postgres::serialization),
];

/// How long a fault is brought about in a bounded run, on top of what its first point takes.
const BOUNDED: Duration = Duration::from_secs(18);

/// What is asked for, and where it takes place.
pub(crate) struct Wish {
    seed: u64,
    /// At each point, rather than at as many as fit in four minutes.
    full: bool,
    release: bool,
    only: Vec<String>,
    program: PathBuf,
    /// For the files of this run; it lies under `target`.
    folder: PathBuf,
}

/// What came of a fault.
#[derive(Default)]
pub(crate) struct Told {
    /// How often it was brought about.
    points: u64,
    /// How often it hit: the process was killed, the statement refused.
    hit: u64,
    /// How often the store was clean afterwards.
    clean: u64,
    /// Acknowledged things that were not there.
    lost: u64,
    /// What else is worth saying.
    note: String,
    /// What was found wrong, one line each.
    wrong: Vec<String>,
    /// Why it was not brought about at all.
    skipped: Option<String>,
}

impl Told {
    /// That this machine cannot bring it about.
    fn skip(why: impl Into<String>) -> Self {
        Self { skipped: Some(why.into()), ..Self::default() }
    }

    fn passed(&self) -> bool {
        self.skipped.is_some() || (self.wrong.is_empty() && self.points > 0)
    }
}

impl Wish {
    fn random(&self) -> Random {
        Random::seeded(self.seed)
    }

    /// Points at which a fault is brought about: `full` of them, or as many as fit in time.
    fn points(&self, full: u64) -> impl Iterator<Item = u64> {
        let (bounded, begin) = (!self.full, Instant::now());
        (0..full).take_while(move |point| {
            let late = bounded && *point > 0 && begin.elapsed() > BOUNDED;
            !late && !processes::interrupted()
        })
    }

    /// A fresh folder of that name.
    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        Ok(folder)
    }
}

/// Brings the faults about that `args` name.
pub(crate) fn run(args: &[String]) -> Result<bool> {
    let mut wish = wish(args)?;
    processes::catch_interrupts()?;
    let target = PathBuf::from(metadata::text(&metadata::read(&[])?, "target_directory"));
    let (profile, built) = if wish.release { ("release", "release") } else { ("dev", "debug") };
    eprintln!("faults: building the program");
    processes::must(&mut processes::cargo(&["build", "--profile", profile, "--bin", "todoke"]))?;
    wish.program = target.join(built).join("todoke");
    wish.folder = target.join("faults");
    bring_about(&wish)
}

/// The bounded run after all tests, with the program that they used.
pub(crate) fn bounded() -> Result<bool> {
    run(&["--bounded".to_owned()])
}

fn wish(args: &[String]) -> Result<Wish> {
    let usage = || {
        let names: Vec<&str> = FAULTS.iter().map(|(name, _)| *name).collect();
        let names = names.join(" ");
        anyhow!(
            "usage: cargo xtask faults [--seed N] [--full|--bounded] [--release] [NAME…]\n{names}"
        )
    };
    let (program, folder) = (PathBuf::new(), PathBuf::new());
    let mut wish = Wish { seed: 1, full: false, release: false, only: Vec::new(), program, folder };
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        match arg {
            "--seed" => {
                let seed = args.next().ok_or_else(usage)?;
                wish.seed = seed.parse().context("--seed takes a number")?;
            }
            "--full" => wish.full = true,
            "--bounded" => wish.full = false,
            "--release" => wish.release = true,
            "only" => {}
            name if FAULTS.iter().any(|(known, _)| *known == name) => {
                wish.only.push(name.to_owned());
            }
            _ => return Err(usage()),
        }
    }
    Ok(wish)
}

fn bring_about(wish: &Wish) -> Result<bool> {
    let mut rows = Vec::new();
    let mut good = true;
    for (name, fault) in FAULTS {
        if !wish.only.is_empty() && !wish.only.iter().any(|only| only == name) {
            continue;
        }
        eprintln!("faults: {name}");
        let begin = Instant::now();
        // A fault that cannot be brought about to its end says nothing of the others.
        let told = fault(wish).unwrap_or_else(|why| Told {
            wrong: vec![format!("broke off: {why:#}")],
            ..Told::default()
        });
        for wrong in &told.wrong {
            eprintln!("faults: {name}: {wrong}");
        }
        good &= told.passed();
        rows.push(row(name, wish.seed, &told, begin.elapsed()));
        eprintln!("{}", rows.last().map_or("", String::as_str));
        if processes::interrupted() {
            bail!("interrupted");
        }
    }
    println!("| fault | seed | points | hit | clean | findings | lost | s | outcome |");
    println!("|---|--:|--:|--:|--:|--:|--:|--:|---|");
    rows.iter().for_each(|row| println!("{row}"));
    if !good {
        println!("again: cargo xtask faults --seed {} NAME", wish.seed);
    }
    Ok(good)
}

fn row(name: &str, seed: u64, told: &Told, took: Duration) -> String {
    let Told { points, hit, clean, lost, note, wrong, skipped } = told;
    let outcome = match skipped {
        Some(why) => format!("skipped: {why}"),
        None if told.passed() => format!("passed{}{note}", if note.is_empty() { "" } else { "; " }),
        None => format!("FAILED; {note}"),
    };
    let (wrong, took) = (wrong.len(), took.as_secs_f64());
    let counts = format!("{points} | {hit} | {clean} | {wrong} | {lost}");
    format!("| {name} | {seed} | {counts} | {took:.1} | {outcome} |")
}

/// Copies a folder with all rights and times.
fn copy(from: &Path, to: &Path) -> Result<()> {
    processes::output(processes::command("cp").arg("-a").arg(from).arg(to)).map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Told, row, wish};

    #[test]
    fn what_is_asked_for_is_read() {
        let read = |line: &str| {
            let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            wish(&args).ok().map(|wish| (wish.seed, wish.full, wish.only.len()))
        };
        assert_eq!(read(""), Some((1, false, 0)));
        assert_eq!(read("--seed 7 --full only disk-full power-xfs"), Some((7, true, 2)));
        assert_eq!(read("disk-empty"), None);
    }

    #[test]
    fn what_was_skipped_or_never_brought_about_is_not_called_passed() {
        let row = |told: &Told| row("x", 1, told, Duration::ZERO);
        assert!(row(&Told::skip("no root")).contains("skipped: no root"));
        assert!(!Told::default().passed());
        assert!(row(&Told::default()).contains("FAILED"));
        let wrong = Told { points: 3, wrong: vec!["one".into()], ..Told::default() };
        assert!(!wrong.passed());
    }
}
