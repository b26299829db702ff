//! A centre that faults come over: a data folder, its store, and the commands of the program.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::Value;

use super::{Told, Wish};
use crate::bench::input;
use crate::processes;

/// The present of all commands; the lists are of the days before.
const NOW: &str = "2026-11-23T09:00:00+09:00";
/// The feed that all lists belong to.
pub(super) const FEED: &str = "telnet";
/// No command takes as long, whatever comes over it.
const LIMIT: Duration = Duration::from_mins(3);

/// A centre.
#[derive(Clone)]
pub(super) struct Centre {
    program: PathBuf,
    pub(super) data: PathBuf,
    /// Its database, where it is not in the folder.
    pub(super) database: Option<String>,
}

/// What a command answered.
pub(super) struct Answer {
    pub(super) status: Option<i32>,
    pub(super) lines: Vec<Value>,
    pub(super) stderr: String,
}

impl Answer {
    /// Whether it ended as commands end: done or refused, or a fault with a reason.
    pub(super) fn is_clear(&self) -> bool {
        matches!(self.status, Some(0..=3)) && (self.status == Some(0) || !self.stderr.is_empty())
    }
}

/// The JSON lines that were written whole.
pub(super) fn lines(bytes: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

impl Centre {
    /// Makes one in `folder` that knows the providers of the lists.
    pub(super) fn make(wish: &Wish, folder: &Path, database: Option<String>) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let centre = Self { program: wish.program.clone(), data: folder.join("data"), database };
        let register = folder.join("isps.csv");
        fs::write(&register, input::register()).with_context(|| register.display().to_string())?;
        centre.must(&["init"])?;
        centre.must(&["isp", "import", &register.display().to_string()])?;
        centre.must(&["feed", "add", FEED, "--format", "shadowserver", "--stream", "notice"])?;
        Ok(centre)
    }

    /// The same centre, its folder copied to `folder`.
    pub(super) fn copied(&self, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let data = folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data).with_context(|| data.display().to_string())?;
        }
        super::copy(&self.data, &data)?;
        Ok(Self { data, ..self.clone() })
    }

    /// A command, not yet started.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        self.traced(&[], args)
    }

    /// A command that runs under the program `under` names with its arguments.
    pub(super) fn traced(&self, under: &[&str], args: &[&str]) -> Command {
        let program = self.program.display().to_string();
        let all: Vec<&str> = [under, &[program.as_str()], args, &["--json"]].concat();
        let mut command = processes::command(all[0]);
        command.args(&all[1..]).env_remove("TODOKE_DATABASE_URL").stdin(Stdio::null());
        command.env("TODOKE_DATA", &self.data).env("TODOKE_NOW", NOW).env("TODOKE_LOG", "warn");
        if let Some(url) = &self.database {
            command.env("TODOKE_DATABASE_URL", url);
        }
        command
    }

    /// Runs a command to its end, whatever that is.
    pub(super) fn does(&self, args: &[&str]) -> Result<Answer> {
        wait(start(&mut self.command(args))?)
    }

    /// Runs a command that must succeed.
    pub(super) fn must(&self, args: &[&str]) -> Result<Answer> {
        let answer = self.does(args)?;
        let status = answer.status;
        ensure!(status == Some(0), "{args:?} ended with {status:?}: {}", answer.stderr);
        Ok(answer)
    }

    /// Takes files in.
    pub(super) fn ingest(files: &[PathBuf]) -> Vec<String> {
        let files = files.iter().map(|file| file.display().to_string());
        ["ingest", "--feed", FEED].map(str::to_owned).into_iter().chain(files).collect()
    }

    /// The state hash.
    pub(super) fn state_hash(&self) -> Result<String> {
        let told = self.must(&["state-hash"])?;
        let hash = told.lines.first().and_then(|line| line["hash"].as_str().map(str::to_owned));
        hash.ok_or_else(|| anyhow!("no hash in {:?}", told.lines))
    }

    /// Checks the store; what is wrong goes to `told`, under the words `at`.
    pub(super) fn check(&self, told: &mut Told, at: &str) -> Result<()> {
        let answer = self.does(&["check"])?;
        let line = answer.lines.first();
        if line.is_some_and(|line| line["ok"] == true) {
            told.clean += 1;
            return Ok(());
        }
        let said = line.map_or(answer.stderr.clone(), |line| line["findings"].to_string());
        told.wrong.push(format!("{at}: {said}"));
        Ok(())
    }

    /// How many of the files that were acknowledged, each by its JSON line, are not there as whole
    /// as was said.
    pub(super) fn lost(&self, acknowledged: &[Value]) -> Result<u64> {
        let listed = self.must(&["feed", "files"])?.lines;
        let is_there = |line: &&Value| {
            let same = listed.iter().filter(|one| one["sha256"] == line["sha256"]);
            let rows: Vec<&Value> = same.map(|one| &one["rows"]).collect();
            rows == [&line["rows"]]
        };
        Ok(acknowledged.iter().filter(|line| !is_there(line)).count() as u64)
    }

    /// After a fault: what was acknowledged is there, the store is clean, and the same files given
    /// again lead to the state `calm`. Gives how long that took.
    pub(super) fn recovers(
        &self,
        told: &mut Told,
        (files, calm): (&[PathBuf], &str),
        (acknowledged, at): (&[Value], &str),
    ) -> Result<Duration> {
        let lost = self.lost(acknowledged)?;
        if lost > 0 {
            told.lost += lost;
            told.wrong.push(format!("{at}: {lost} of {} acknowledged", acknowledged.len()));
        }
        self.check(told, at)?;
        let begin = Instant::now();
        let args = Self::ingest(files);
        let again = self.does(&args.iter().map(String::as_str).collect::<Vec<_>>())?;
        let took = begin.elapsed();
        if again.status != Some(0) {
            told.wrong.push(format!("{at}: given again, files end with {}", again.stderr));
        } else if self.state_hash()? != calm {
            told.wrong.push(format!("{at}: the state is not that of an undisturbed run"));
        }
        Ok(took)
    }
}

/// Starts a command whose output is kept.
pub(super) fn start(command: &mut Command) -> Result<Child> {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().with_context(|| format!("cannot start {command:?}"))
}

/// Waits for a command, which has its time to end by itself.
pub(super) fn wait(mut child: Child) -> Result<Answer> {
    // Read beside the waiting: a pipe holds less than a list of cases.
    let read = |from: Option<Box<dyn Read + Send>>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            from.map_or(Ok(0), |mut from| from.read_to_end(&mut bytes)).map(|_| bytes)
        })
    };
    let stdout = read(child.stdout.take().map(|pipe| Box::new(pipe) as _));
    let stderr = read(child.stderr.take().map(|pipe| Box::new(pipe) as _));
    let (begin, mut late) = (Instant::now(), false);
    let status = loop {
        if let Some(status) = child.try_wait().context("lost sight of a command")? {
            break status;
        }
        if !late && (begin.elapsed() > LIMIT || processes::interrupted()) {
            late = true;
            child.kill().context("cannot kill")?;
        }
        thread::sleep(Duration::from_millis(5));
    };
    let bytes = |thread: JoinHandle<std::io::Result<Vec<u8>>>| {
        thread.join().map_err(|_| anyhow!("the thread that reads died"))?.context("cannot read")
    };
    let (stdout, stderr) = (bytes(stdout)?, bytes(stderr)?);
    let stderr = String::from_utf8_lossy(&stderr).trim().to_owned();
    ensure!(!late, "a command did not end by itself: {stderr}");
    Ok(Answer { status: status.code(), lines: lines(&stdout), stderr })
}
