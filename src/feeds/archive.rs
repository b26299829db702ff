//! The archive (保管庫): the raw bytes of every file, compressed, under the hash of their content.

use std::{
    fs::{self, File},
    hash::{BuildHasher as _, RandomState},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use super::{receive::FeedFile, room::Roomy};
use crate::{
    access::keys::{private, to_hex},
    app::App,
    time::{DAY, Moment},
};

/// Level of zstd; a higher one saves a tenth of the bytes for twice the time.
const LEVEL: i32 = 1;

/// Bytes compressed at once, each piece a frame of its own: faster than a stream, for a few bytes.
const PIECE: usize = 1 << 20;

/// Hashes and compresses in one pass; the name is the hash, and only a whole file bears it.
pub(super) fn keep(folder: &Path, source: &Path) -> anyhow::Result<(String, i64, PathBuf)> {
    fs::create_dir_all(folder).context("the archive folder cannot be made")?;
    let input = File::open(source).with_context(|| format!("cannot open {}", source.display()))?;
    // Gone on any way out but the last: on a full disk the next try needs that room.
    let part = LaidOut(tempname(folder));
    let mut packed = Roomy::new(File::create(&part.0)?, folder)?;
    let mut packer = zstd::bulk::Compressor::new(LEVEL)?;
    let mut hash = Sha256::new();
    let mut piece = Vec::with_capacity(PIECE);
    let mut bytes = 0_i64;
    loop {
        piece.clear();
        let read = (&input).take(PIECE as u64).read_to_end(&mut piece)?;
        hash.update(&piece);
        packed.write_all(&packer.compress(&piece)?)?;
        bytes += i64::try_from(read)?;
        if read < PIECE {
            break;
        }
    }
    packed.into_file().sync_all()?;
    let sha256 = to_hex(&hash.finalize());
    let archived = path_of(folder, &sha256);
    fs::rename(&part.0, &archived)?;
    File::open(folder)?.sync_all()?;
    Ok((sha256, bytes, archived))
}

/// A name in `folder` that no other file and no other process has, on this machine or another.
pub(crate) fn tempname(folder: &Path) -> PathBuf {
    use std::sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    };
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // A process in a container has the number of the one before it; what the standard library
    // draws for its hash tables differs from process to process.
    static PROCESS: OnceLock<u64> = OnceLock::new();
    let process = PROCESS.get_or_init(|| RandomState::new().hash_one(std::process::id()));
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    folder.join(format!(".part-{}-{process:016x}-{next}", std::process::id()))
}

/// Removes what killed processes left half-done beside the archive, gives how many these were:
/// what is a day old. No file takes that long, and whose process another machine or container
/// runs, nobody sees here.
pub fn sweep_up(app: &App) -> io::Result<u64> {
    sweep(&app.data.join("archive"), Moment(app.now().0 - DAY))
}

fn sweep(folder: &Path, before: Moment) -> io::Result<u64> {
    let mut swept = 0;
    if !folder.exists() {
        return Ok(swept);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let made = entry.metadata()?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let is_old = made.as_micros() < u128::try_from(before.0).unwrap_or(0);
        if name.starts_with(".part-") && is_old {
            let removed =
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            // Another process may sweep at the same time.
            swept += u64::from(removed.is_ok());
        }
    }
    Ok(swept)
}

/// Where the raw bytes of a content hash lie.
pub fn path_of(folder: &Path, sha256: &str) -> PathBuf {
    folder.join(format!("{sha256}.zst"))
}

/// The raw bytes of a file that was taken in.
pub fn raw(app: &App, file: &FeedFile) -> anyhow::Result<impl io::Read + Send + use<>> {
    bytes_of(app, &file.sha256)
}

/// The raw bytes of that content.
pub fn bytes_of(app: &App, sha256: &str) -> anyhow::Result<impl io::Read + Send + use<>> {
    let path = path_of(&app.data.join("archive"), sha256);
    let packed = File::open(&path).with_context(|| format!("{} is missing", path.display()))?;
    Ok(zstd::Decoder::new(packed)?)
}

/// The raw bytes of a file, laid out on disk for whoever must seek in them; gone when dropped.
#[derive(Debug)]
pub struct LaidOut(PathBuf);

impl LaidOut {
    /// Where they lie.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for LaidOut {
    fn drop(&mut self) {
        // What cannot be removed is a stray copy of what the archive holds anyway.
        let _ = fs::remove_file(&self.0);
    }
}

/// Lays the raw bytes of a file out beside the archive.
pub fn lay_out(app: &App, file: &FeedFile) -> anyhow::Result<LaidOut> {
    let folder = app.data.join("archive");
    let laid = LaidOut(tempname(&folder));
    let mut open = private();
    let mut target = Roomy::new(open.write(true).create_new(true).open(&laid.0)?, &folder)?;
    io::copy(&mut raw(app, file)?, &mut target)?;
    Ok(laid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_swept_a_day_later_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(tempname(folder.path()), "x").unwrap();
        fs::write(at("abc.zst"), "x").unwrap();
        fs::create_dir(tempname(folder.path())).unwrap();
        assert_eq!(sweep(folder.path(), Moment(1)).unwrap(), 0, "somebody may be at it");
        assert_eq!(sweep(folder.path(), Moment(i64::MAX)).unwrap(), 2);
        assert!(at("abc.zst").exists());
        assert_eq!(sweep(&at("nowhere"), Moment(i64::MAX)).unwrap(), 0);
    }
}
