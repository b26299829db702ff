//! File systems of our own: made in a file or in memory, mounted, shut down as if power was lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::processes::{command, output};

/// Perl calls the ioctl, since no part of this project is unsafe: on ext4 and xfs alike it ends all
/// writing at once, and 2 says that not even the log is flushed.
const SHUT_DOWN: &str = "open(my $there, '<', $ARGV[0]) or die $!; my $how = pack('L', 2); \
                         ioctl($there, 0x8004587d, $how) or die $!;";

/// A mounted file system; dropping it unmounts it.
pub(super) struct Mounted {
    pub(super) at: PathBuf,
    image: Option<PathBuf>,
}

impl Mounted {
    /// Makes a file system of `kind` in a file beside `at`, and mounts it there.
    pub(super) fn make(kind: &str, at: &Path) -> Result<Self> {
        let image = at.with_extension("image");
        let _ = fs::remove_file(&image);
        let file = fs::File::create(&image).with_context(|| image.display().to_string())?;
        // The least that mkfs.xfs takes; most of it is a hole.
        file.set_len(320 << 20)?;
        let mut make = command(&format!("mkfs.{kind}"));
        make.arg(if kind == "xfs" { "-qf" } else { "-qF" });
        output(make.arg(&image)).with_context(|| format!("no {kind} can be made"))?;
        fs::create_dir_all(at).with_context(|| at.display().to_string())?;
        let mounted = Self { at: at.to_owned(), image: Some(image) };
        mounted.mount()?;
        Ok(mounted)
    }

    /// A file system in memory that holds so many bytes.
    pub(super) fn in_memory(at: &Path, bytes: u64) -> Result<Self> {
        fs::create_dir_all(at).with_context(|| at.display().to_string())?;
        let mut mount = command("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]);
        output(mount.arg(at))?;
        Ok(Self { at: at.to_owned(), image: None })
    }

    /// Makes room in memory for so many bytes.
    pub(super) fn resize(&self, bytes: u64) -> Result<()> {
        let mut mount = command("mount");
        output(mount.args(["-o", &format!("remount,size={bytes}")]).arg(&self.at)).map(|_| ())
    }

    fn mount(&self) -> Result<()> {
        let Some(image) = &self.image else { return Ok(()) };
        output(command("mount").args(["-o", "loop"]).arg(image).arg(&self.at)).map(|_| ())
    }

    /// Loses power: what is not on the disk by now never comes there.
    pub(super) fn shut_down(&self) -> Result<()> {
        output(command("perl").args(["-e", SHUT_DOWN]).arg(&self.at)).map(|_| ())
    }

    /// Has power again.
    pub(super) fn again(&self) -> Result<()> {
        self.unmount()?;
        self.mount()
    }

    fn unmount(&self) -> Result<()> {
        let mut tries = 0;
        loop {
            match output(command("umount").arg(&self.at)) {
                Ok(_) => return Ok(()),
                // A process that has just ended may hold it a moment longer.
                Err(fault) if tries >= 50 => return Err(fault),
                Err(_) => tries += 1,
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Err(fault) = self.unmount() {
            eprintln!("faults: {} stays mounted: {fault:#}", self.at.display());
        }
        if let Some(image) = &self.image {
            let _ = fs::remove_file(image);
        }
    }
}
