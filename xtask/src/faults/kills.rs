//! Killed at random: a list of 20,845 rows is being taken in, and the process dies.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::centre::{Centre, lines, start};
use super::{Told, Wish};
use crate::bench::input;

/// Rows of the one-off list of a large operation, as it was published.
const ROWS: u64 = 20_845;
/// How often the process is killed in a full run.
const KILLS: u64 = 200;
/// Within this time a run that is started again must be done.
const RESUMES: Duration = Duration::from_secs(5);

/// Kills the taking in at random times.
pub(super) fn run(wish: &Wish) -> Result<Told> {
    let folder = wish.folder("kills")?;
    let files = [input::list(&folder, "2026-11-21", ROWS, wish.seed)?];
    let template = Centre::make(wish, &folder.join("template"), None)?;
    let args = Centre::ingest(&files);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let calm = template.copied(&folder.join("calm"))?;
    let begin = Instant::now();
    calm.must(&args)?;
    let takes = begin.elapsed();
    let calm = calm.state_hash()?;
    let (mut told, mut random, mut slowest) = (Told::default(), wish.random(), Duration::ZERO);
    for point in wish.points(KILLS) {
        let centre = template.copied(&folder.join("killed"))?;
        let wait = Duration::from_micros(random.below(takes.as_micros().try_into()?));
        let mut child = start(&mut centre.command(&args))?;
        thread::sleep(wait);
        child.kill().context("cannot kill")?;
        let output = child.wait_with_output().context("lost sight of a command")?;
        told.points += 1;
        told.hit += u64::from(output.status.code().is_none());
        let at = format!("kill {point} after {wait:?}");
        let said = lines(&output.stdout);
        let resumed = centre.recovers(&mut told, (&files, &calm), (&said, &at))?;
        slowest = slowest.max(resumed);
    }
    told.note = format!("resumed within {:.1} s", slowest.as_secs_f64());
    if slowest > RESUMES.max(2 * takes) {
        told.wrong.push(format!("one took {slowest:?} to resume"));
    }
    Ok(told)
}
