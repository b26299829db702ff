//! A full disk: the data folder lies on a file system in memory that has ever a little more room.
//!
//! However little it is, taking in ends with a clear word and no half batch, reading goes on, and
//! once there is room the same command goes through.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::centre::Centre;
use super::mounted::Mounted;
use super::{Told, Wish};
use crate::bench::input;
use crate::packages;

/// Room beyond what is there at the beginning grows by so much.
const STEP: u64 = 64 << 10;
/// Rows of the file, for which the store needs about a MiB more.
const ROWS: u64 = 4_000;
/// Steps of a full run; the last ones leave room enough.
const STEPS: u64 = 30;
/// Once there is room, all is well within this time.
const RECOVERS: Duration = Duration::from_secs(10);

/// Fills the disk at ever later times.
pub(super) fn run(wish: &Wish) -> Result<Told> {
    if !packages::is_root()? {
        return Ok(Told::skip("mounting takes root"));
    }
    let folder = wish.folder("disk")?;
    let known = [input::list(&folder, "2026-11-20", 40, 1)?];
    let files = [input::list(&folder, "2026-11-21", ROWS, wish.seed)?];
    let template = Centre::make(wish, &folder.join("template"), None)?;
    must(&template, &known)?;
    let calm = template.copied(&folder.join("calm"))?;
    must(&calm, &files)?;
    let calm = calm.state_hash()?;
    let used = size(&template.data)?;
    let stride = if wish.full { 1 } else { 3 };
    let mut told = Told::default();
    let (mut slowest, mut words) = (Duration::ZERO, String::new());
    for point in wish.points(STEPS / stride) {
        let room = STEP * (1 + point * stride + wish.seed % stride);
        let at = format!("with {} KiB of room", room >> 10);
        let disk = match Mounted::in_memory(&folder.join("disk"), used + room) {
            Ok(disk) => disk,
            Err(why) => return Ok(Told::skip(format!("{why:#}"))),
        };
        // Too little room to copy the store is too little to begin.
        let Ok(centre) = template.copied(&disk.at) else { continue };
        told.points += 1;
        let args = Centre::ingest(&files);
        let answer = centre.does(&args.iter().map(String::as_str).collect::<Vec<_>>())?;
        if answer.status != Some(0) {
            told.hit += 1;
            let said = answer.stderr.to_lowercase();
            let names_it =
                ["full", "no space", "os error 28"].iter().any(|word| said.contains(word));
            if !answer.is_clear() || !names_it {
                let (status, said) = (answer.status, &answer.stderr);
                told.wrong.push(format!("{at}: it ended with {status:?} and said {said:?}"));
            }
            let said = answer.stderr.lines().last().unwrap_or_default();
            let said = said.rsplit_once("ERROR ").map_or(said, |(_, said)| said);
            said.clone_into(&mut words);
        }
        let listed = centre.does(&["case", "list"])?;
        if listed.status != Some(0) || listed.lines.is_empty() {
            let (status, said) = (listed.status, listed.stderr);
            told.wrong.push(format!("{at}: reading ended with {status:?}: {said}"));
        }
        disk.resize(64 << 20)?;
        let begin = Instant::now();
        centre.recovers(&mut told, (&files, &calm), (&answer.lines, &at))?;
        slowest = slowest.max(begin.elapsed());
    }
    unfolds(&folder, &template, &mut told)?;
    if slowest > RECOVERS {
        told.wrong.push(format!("one took {slowest:?} to recover"));
    }
    told.note = format!("recovers within {:.1} s; says \"{words}\"", slowest.as_secs_f64());
    Ok(told)
}

/// An archive that unfolds to more than there is room for: it is refused before the disk is full,
/// nothing of it is left lying about, and it goes in once there is room.
fn unfolds(folder: &Path, template: &Centre, told: &mut Told) -> Result<()> {
    let lists = ["2026-11-18", "2026-11-19"].map(|day| input::list(folder, day, 60_000, 3));
    let archive = folder.join("lists.zip");
    let mut zip = Command::new("python3");
    zip.args(["-m", "zipfile", "-c"]).arg(&archive);
    for list in lists {
        zip.arg(list?);
    }
    anyhow::ensure!(zip.status()?.success(), "{zip:?}");
    let disk = Mounted::in_memory(&folder.join("unfolding"), size(&template.data)? + (6 << 20))?;
    let centre = template.copied(&disk.at)?;
    told.points += 1;
    let args = Centre::ingest(&[archive]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let answer = centre.does(&args)?;
    if answer.status == Some(0) || !answer.is_clear() || !answer.stderr.contains("all but full") {
        let (status, said) = (answer.status, &answer.stderr);
        told.wrong.push(format!("an archive too large: it ended with {status:?}, said {said:?}"));
    }
    told.hit += 1;
    let left = fs::read_dir(centre.data.join("archive"))?.filter_map(Result::ok);
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    if left.iter().any(|name| name.to_string_lossy().starts_with(".part-")) {
        told.wrong.push(format!("an archive too large: {left:?} are left"));
    }
    disk.resize(256 << 20)?;
    centre.must(&args)?;
    centre.check(told, "once there is room for the archive")
}

fn must(centre: &Centre, files: &[std::path::PathBuf]) -> Result<()> {
    let args = Centre::ingest(files);
    centre.must(&args.iter().map(String::as_str).collect::<Vec<_>>()).map(|_| ())
}

/// Bytes of a folder as a file system in memory counts them: in whole pages.
fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 4096;
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let found = entry.metadata()?;
        bytes +=
            if found.is_dir() { size(&entry.path())? } else { found.len().div_ceil(4096) * 4096 };
    }
    Ok(bytes)
}
