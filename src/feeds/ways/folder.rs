//! A watched folder (監視フォルダー): somebody else puts files in, and they are taken from there.
//!
//! A file is ripe when its size and time have stood still for some seconds; one that is renamed in
//! atomically is so at once if it was written before. It is first moved to `.taking` below, which
//! nobody else may write, so that it is the same file that is looked at and taken; then handed
//! over; then moved to `done` or `refused`. No file is ever deleted. Killed anywhere, the next run
//! finds each file in one of these places and goes on.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, Metadata},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::{hand_over::Handed, run::Run};
use crate::{access::keys, net::Trouble, time::Clock};

/// Files of one run; what is left comes with the next.
const FILES_MAX: usize = 10_000;

/// Ends of names that are still being written.
const UNRIPE: [&str; 3] = [".part", ".tmp", "~"];

/// What a watched folder is made of (監視フォルダーの設定).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[doc(alias = "監視フォルダーの設定")]
pub struct Settings {
    /// The folder.
    pub path: PathBuf,
    /// How long a file must have stood still.
    pub settle_seconds: u64,
}

impl Settings {
    pub(super) fn objection(&self) -> Option<String> {
        let path = self.path.display();
        if !self.path.is_absolute() {
            return Some(format!("{path} is no full path; write it from / on"));
        }
        (!self.path.is_dir()).then(|| format!("{path} is no folder; make it first"))
    }
}

pub(super) async fn fetch(run: &mut Run<'_>, settings: &Settings) -> Result<(), Trouble> {
    let folder = Folder::open(&settings.path)?;
    for name in folder.left_behind()? {
        take(run, &folder, &name).await?;
    }
    for name in folder.ripe(Duration::from_secs(settings.settle_seconds)).await? {
        if folder.claim(&name)? {
            take(run, &folder, &name).await?;
        }
    }
    Ok(())
}

/// Hands a claimed file over and puts it where it belongs.
async fn take(run: &mut Run<'_>, folder: &Folder, name: &OsStr) -> Result<(), Trouble> {
    let path = folder.taking.join(name);
    let handed = match File::open(&path) {
        Ok(_) => run.hand_over(&path).await?,
        // A file that this account may not read holds the others back for nothing.
        Err(fault) if fault.kind() == ErrorKind::PermissionDenied => {
            run.count_refused();
            Handed::Refused(format!("the file cannot be opened: {fault}"))
        }
        Err(fault) => return Err(anyhow::Error::new(fault).context("a claimed file").into()),
    };
    match handed {
        Handed::New | Handed::Known => put(&path, name, &folder.done, None)?,
        Handed::Refused(why) => {
            run.remember(&name.to_string_lossy(), Some(&why)).await?;
            put(&path, name, &folder.refused, Some(&why))?;
        }
    }
    Ok(())
}

/// The folder and what lies below it.
struct Folder {
    path: PathBuf,
    taking: PathBuf,
    done: PathBuf,
    refused: PathBuf,
}

/// What tells whether a file has changed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    bytes: u64,
    changed_us: i64,
}

impl Look {
    fn at(meta: &Metadata) -> Self {
        let since = meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let changed_us = since.and_then(|since| i64::try_from(since.as_micros()).ok());
        Self { bytes: meta.len(), changed_us: changed_us.unwrap_or(0) }
    }
}

impl Folder {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let below = |name| -> anyhow::Result<PathBuf> {
            let below = path.join(name);
            match fs::create_dir(&below) {
                Err(fault) if fault.kind() != ErrorKind::AlreadyExists => {
                    let words = format!("{} cannot be made", below.display());
                    return Err(anyhow::Error::new(fault).context(words));
                }
                _ => {}
            }
            // A link here would lead the files out of the folder.
            let is_folder = fs::symlink_metadata(&below)?.is_dir();
            anyhow::ensure!(is_folder, "{} is no folder", below.display());
            Ok(below)
        };
        let taking = below(".taking")?;
        keys::shut(&taking).context("the folder `.taking` cannot be shut to others")?;
        let (done, refused) = (below("done")?, below("refused")?);
        Ok(Self { path: path.to_owned(), taking, done, refused })
    }

    /// Files that an earlier run claimed and did not finish.
    fn left_behind(&self) -> anyhow::Result<Vec<OsString>> {
        Ok(regular_files(&self.taking)?.into_iter().map(|(name, _)| name).collect())
    }

    /// Files that nobody writes to any more, by name.
    async fn ripe(&self, settle: Duration) -> anyhow::Result<Vec<OsString>> {
        // The time of a file is that of the machine, whatever day a rehearsal plays on.
        let now = Clock::Wall.now().0;
        let settle_us = i64::try_from(settle.as_micros()).unwrap_or(i64::MAX);
        let still = |look: &Look| (settle_us..).contains(&now.saturating_sub(look.changed_us));
        let first: Vec<_> =
            self.waiting()?.into_iter().filter(|(name, _)| is_wanted(name)).collect();
        let (mut ripe, fresh): (Vec<_>, Vec<_>) =
            first.into_iter().partition(|(_, look)| still(look));
        if !fresh.is_empty() {
            tokio::time::sleep(settle).await;
            let again = self.waiting()?;
            ripe.extend(fresh.into_iter().filter(|one| again.contains(one)));
        }
        let mut names: Vec<_> = ripe.into_iter().map(|(name, _)| name).collect();
        names.sort();
        names.truncate(FILES_MAX);
        Ok(names)
    }

    fn waiting(&self) -> anyhow::Result<Vec<(OsString, Look)>> {
        regular_files(&self.path)
    }

    /// Moves a file to where nobody else may change its name; tells whether it is there.
    fn claim(&self, name: &OsStr) -> anyhow::Result<bool> {
        let (from, to) = (self.path.join(name), self.taking.join(name));
        match fs::rename(&from, &to) {
            Ok(()) => {}
            Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(false),
            Err(fault) => {
                let words = format!("{} cannot be moved", from.display());
                return Err(anyhow::Error::new(fault).context(words));
            }
        }
        if fs::symlink_metadata(&to)?.is_file() {
            return Ok(true);
        }
        // Somebody put a link in its place between the look and the move.
        fs::rename(&to, &from)?;
        Ok(false)
    }
}

/// Moves a file where it is kept, beside whatever bears its name there.
fn put(path: &Path, name: &OsStr, into: &Path, reason: Option<&str>) -> anyhow::Result<()> {
    let moved = || -> io::Result<()> {
        let target = reserve(into, name)?;
        if let Some(reason) = reason {
            let mut told = target.file_name().unwrap_or(name).to_owned();
            told.push(".reason.txt");
            let told = into.join(told);
            // Whatever bears the name is in nobody's use; a link of that name must not be followed.
            let _ = fs::remove_file(&told);
            let mut file = File::options().write(true).create_new(true).open(told)?;
            writeln!(file, "{reason}")?;
        }
        fs::rename(path, &target)
    };
    moved().with_context(|| format!("{} cannot be moved to {}", path.display(), into.display()))
}

/// A name in `folder` that nothing bore: an empty file holds it until ours replaces it.
fn reserve(folder: &Path, name: &OsStr) -> io::Result<PathBuf> {
    for number in 1.. {
        let mut free = name.to_owned();
        if number > 1 {
            free.push(format!(".{number}"));
        }
        let path = folder.join(free);
        match File::options().write(true).create_new(true).open(&path) {
            Err(fault) if fault.kind() == ErrorKind::AlreadyExists => {}
            made => return made.map(|_| path),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn is_wanted(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    !name.starts_with('.') && !UNRIPE.iter().any(|end| name.ends_with(end))
}

/// Regular files of a folder; links and folders are none.
fn regular_files(folder: &Path) -> anyhow::Result<Vec<(OsString, Look)>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        // Whatever is gone by now is somebody else's.
        let Ok(meta) = fs::symlink_metadata(entry.path()) else { continue };
        if meta.is_file() {
            files.push((entry.file_name(), Look::at(&meta)));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_being_written_are_left_alone() {
        for name in [".hidden", "a.part", "a.csv.tmp", "a.csv~", "."] {
            assert!(!is_wanted(name.as_ref()), "{name}");
        }
        for name in ["a.csv", "part", "a.tmp.csv", "~a", "報告.csv"] {
            assert!(is_wanted(name.as_ref()), "{name}");
        }
    }

    #[test]
    fn two_files_of_one_name_are_both_kept() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        for text in ["one", "two", "three"] {
            let path = folder.taking.join("a.csv");
            fs::write(&path, text).unwrap();
            put(&path, "a.csv".as_ref(), &folder.done, None).unwrap();
        }
        let kept = ["a.csv", "a.csv.2", "a.csv.3"];
        let kept = kept.map(|name| fs::read_to_string(folder.done.join(name)).unwrap());
        assert_eq!(kept, ["one", "two", "three"]);
    }

    #[test]
    fn a_link_in_place_of_a_folder_leads_nowhere() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(outside.path(), dir.path().join("done")).unwrap();
        assert!(Folder::open(dir.path()).is_err());
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_link_is_not_claimed_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", dir.path().join("a.csv")).unwrap();
        assert!(folder.waiting().unwrap().is_empty());
        assert!(!folder.claim("a.csv".as_ref()).unwrap());
        assert!(fs::symlink_metadata(dir.path().join("a.csv")).unwrap().is_symlink());
    }
}
