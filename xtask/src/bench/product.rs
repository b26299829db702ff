//! The product under test: its release binary with a data folder of its own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::measure::{self, Measured};
use crate::{metadata, processes};

/// Builds the release binary; it, and the folder in which benchmarks keep their files.
pub(super) fn build() -> Result<(PathBuf, PathBuf)> {
    let target = PathBuf::from(metadata::text(&metadata::read(&[])?, "target_directory"));
    eprintln!("bench: building the release binary");
    processes::must(&mut processes::cargo(&["build", "--release", "--bin", "todoke"]))?;
    let folder = target.join("bench");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok((target.join("release/todoke"), folder))
}

/// The program, and where it keeps what it knows.
pub(super) struct Todoke {
    program: PathBuf,
    data: PathBuf,
    log: PathBuf,
    database_url: Option<String>,
}

impl Todoke {
    /// One that knows nothing yet: what lay in its data folder is removed.
    pub(super) fn fresh(
        program: PathBuf,
        folder: &Path,
        database_url: Option<String>,
    ) -> Result<Todoke> {
        let data = folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data).with_context(|| data.display().to_string())?;
        }
        Ok(Todoke { program, data, log: folder.join("log"), database_url })
    }

    /// Gives it the address table, the providers and a feed.
    pub(super) fn prepare(&self, tables: &[PathBuf], register: &Path) -> Result<()> {
        self.call(&["init"])?;
        let tables: Vec<&str> = tables.iter().filter_map(|table| table.to_str()).collect();
        let import = [&["networks", "import"], tables.as_slice(), &["--yes"]].concat();
        let measured = self.call(&import)?;
        eprintln!("bench: network table loaded in {:.1} s", measured.wall);
        self.call(&["isp", "import", &register.to_string_lossy()])?;
        self.call(&["feed", "add", "telnet", "--format", "shadowserver", "--stream", "notice"])?;
        Ok(())
    }

    /// Takes a list in.
    pub(super) fn ingest(&self, file: &Path) -> Result<Measured> {
        self.call(&["ingest", "--feed", "telnet", &file.to_string_lossy(), "--json"])
    }

    /// What its data folder takes.
    pub(super) fn store_bytes(&self) -> Result<u64> {
        size(&self.data)
    }

    /// Writes a file of its data folder.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.data.join(name);
        fs::write(&path, text).with_context(|| path.display().to_string())
    }

    /// Runs a command that must succeed.
    pub(super) fn call(&self, args: &[&str]) -> Result<Measured> {
        let mut command = processes::command(&self.program.to_string_lossy());
        command.arg("--data").arg(&self.data);
        if let Some(url) = &self.database_url {
            command.args(["--database-url", url]);
        }
        let measured = measure::run(command.args(args), &self.log)?;
        if !measured.success {
            let log = measure::complaint(&self.log);
            bail!("todoke {} failed:\n{log}", args.join(" "));
        }
        Ok(measured)
    }
}

fn size(path: &Path) -> Result<u64> {
    let found = fs::metadata(path).with_context(|| path.display().to_string())?;
    if !found.is_dir() {
        return Ok(found.len());
    }
    let mut bytes = 0;
    for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
        bytes += size(&entry?.path())?;
    }
    Ok(bytes)
}
