//! Power lost: the file system under the centre ends all writing at a random time.
//!
//! What was acknowledged by then is noted outside it, and must be there when it is mounted again.
//! It models lost caches, not disks that lie. That it would tell a store that loses commits from
//! one that does not is shown by a control: the program refuses to run at `synchronous=NORMAL`, so
//! a small writer of this harness commits at that setting, and must be seen to lose something.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::centre::{Centre, lines, start};
use super::mounted::Mounted;
use super::{Told, Wish};
use crate::bench::input;
use crate::{packages, processes};

/// How often power is lost on each file system in a full run.
const LOSSES: u64 = 100;
/// Files of one run, and rows of each.
const FILES: u64 = 40;
const ROWS: u64 = 60;

/// Commits row by row in WAL mode at the setting it is told, and says so after each commit; then
/// waits, since closing would write the log back.
const WRITER: &str = "
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('PRAGMA journal_mode=WAL')
db.execute('PRAGMA synchronous=' + sys.argv[2])
for n in range(300):
    db.execute('BEGIN IMMEDIATE')
    db.execute('INSERT INTO commits VALUES (?, ?)', (n, 'x' * 200))
    db.execute('COMMIT')
    print(n, flush=True)
time.sleep(60)
";
/// Makes the table on its own, so that a control loses commits and not the table.
const MAKER: &str = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('PRAGMA journal_mode=WAL')
db.execute('CREATE TABLE commits (n INTEGER, text TEXT)')
";
/// Says how many commits are there.
const READER: &str = "
import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute('SELECT COUNT(*) FROM commits').fetchone()[0])
";

/// Why this machine cannot lose power, if it cannot.
fn cannot() -> Result<Option<String>> {
    if !packages::is_root()? {
        return Ok(Some("mounting takes root".to_owned()));
    }
    let tools = [("mkfs.ext4", "e2fsprogs"), ("mkfs.xfs", "xfsprogs"), ("perl", "perl-base")];
    if let Err(why) = packages::programs(&tools) {
        return Ok(Some(format!("{why:#}")));
    }
    Ok(None)
}

/// Loses power at random times while many files are taken in, on a file system of `kind`.
pub(super) fn run(wish: &Wish, kind: &str) -> Result<Told> {
    if let Some(why) = cannot()? {
        return Ok(Told::skip(why));
    }
    let folder = wish.folder(&format!("power-{kind}"))?;
    let mut files = Vec::new();
    for number in 0..FILES {
        let own = folder.join(format!("{number:02}"));
        fs::create_dir_all(&own)?;
        files.push(input::list(&own, "2026-11-21", ROWS, 1 + number)?);
    }
    let template = Centre::make(wish, &folder.join("template"), None)?;
    let args = Centre::ingest(&files);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let at = folder.join("disk");
    // On the same kind of file system, so that power is lost while it still works.
    let (takes, calm) = {
        let disk = match Mounted::make(kind, &at) {
            Ok(disk) => disk,
            Err(why) => return Ok(Told::skip(format!("{why:#}"))),
        };
        let calm = template.copied(&disk.at)?;
        let begin = Instant::now();
        calm.must(&args)?;
        (begin.elapsed(), calm.state_hash()?)
    };
    let (mut told, mut random, mut acknowledged) = (Told::default(), wish.random(), 0);
    for point in wish.points(LOSSES) {
        let disk = Mounted::make(kind, &at)?;
        let centre = template.copied(&disk.at)?;
        // What was made before stands: only what is done since may be in a cache.
        processes::output(processes::command("sync").arg("-f").arg(&disk.at))?;
        let wait = Duration::from_micros(random.below(takes.as_micros().try_into()?));
        let mut child = start(&mut centre.command(&args))?;
        thread::sleep(wait);
        disk.shut_down()?;
        told.points += 1;
        told.hit += u64::from(child.try_wait()?.is_none());
        // It ends by its own faults, or is killed as power kills it.
        thread::sleep(Duration::from_millis(100));
        child.kill().context("cannot kill")?;
        let said = lines(&child.wait_with_output()?.stdout);
        disk.again()?;
        acknowledged += said.len();
        let what = format!("power lost {point} after {wait:?}");
        centre.recovers(&mut told, (&files, &calm), (&said, &what))?;
    }
    told.note = format!("{acknowledged} files acknowledged");
    Ok(told)
}

/// A writer at `synchronous=NORMAL` must lose commits, and one at FULL none, or nothing is proven.
pub(super) fn control(wish: &Wish) -> Result<Told> {
    if let Some(why) = cannot()? {
        return Ok(Told::skip(why));
    }
    if let Err(why) = packages::programs(&[("python3", "python3")]) {
        return Ok(Told::skip(format!("{why:#}")));
    }
    let folder = wish.folder("power-control")?;
    let (mut told, mut notes) = (Told::default(), Vec::new());
    for kind in ["ext4", "xfs"] {
        for level in ["NORMAL", "FULL"] {
            let disk = match Mounted::make(kind, &folder.join("disk")) {
                Ok(disk) => disk,
                Err(why) => return Ok(Told::skip(format!("{why:#}"))),
            };
            let (acknowledged, there) = commits(&disk, level)?;
            let lost = acknowledged.saturating_sub(there);
            told.points += 1;
            told.hit += u64::from(lost > 0);
            if (lost > 0) != (level == "NORMAL") {
                told.wrong.push(format!("{kind} {level}: {lost} of {acknowledged} commits lost"));
            }
            notes.push(format!("{kind} {level} lost {lost} of {acknowledged}"));
        }
    }
    told.note = notes.join(", ");
    Ok(told)
}

/// How many commits a writer acknowledged before power was lost, and how many are there.
fn commits(disk: &Mounted, level: &str) -> Result<(u64, u64)> {
    let file = disk.at.join("control.sqlite");
    python(MAKER, &[&file])?;
    processes::output(processes::command("sync").arg("-f").arg(&disk.at))?;
    let mut writer = processes::command("python3");
    let file_name = file.display().to_string();
    let noted = disk.at.with_extension("noted");
    writer.args(["-c", WRITER, &file_name, level]).stdin(Stdio::null());
    let mut child = writer.stdout(fs::File::create(&noted)?).spawn()?;
    let begin = Instant::now();
    let said = || fs::read_to_string(&noted).map_or(0, |text| text.matches('\n').count() as u64);
    while said() < 300 && begin.elapsed() < Duration::from_mins(1) {
        thread::sleep(Duration::from_millis(10));
    }
    disk.shut_down()?;
    child.kill().context("cannot kill")?;
    child.wait()?;
    disk.again()?;
    let there = python(READER, &[&file])?.parse().context("the reader printed no number")?;
    Ok((said(), there))
}

fn python(program: &str, args: &[&PathBuf]) -> Result<String> {
    processes::output(processes::command("python3").args(["-c", program]).args(args))
}
