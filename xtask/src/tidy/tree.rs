//! The text files of the project, read once for all rules.

use std::fs;

use anyhow::{Context as _, Result};

use super::source::Source;
use crate::processes;

/// All text files under version control, and those about to be.
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

/// A text file.
pub(crate) struct File {
    /// From the project's folder, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
    /// What a Rust file holds, or why it cannot be read.
    pub(crate) source: Option<Result<Source, String>>,
}

impl Tree {
    /// What git knows or would add, so that nothing built or downloaded is read.
    pub(crate) fn of_the_project() -> Result<Tree> {
        let args = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
        let listed = processes::output(processes::command("git").args(args))
            .context("tidy reads the files git lists")?;
        let mut files = Vec::new();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            // A file deleted but not yet committed is listed still; what is no UTF-8 is no text.
            if let Ok(text) = fs::read_to_string(path) {
                files.push(File::new(path.to_owned(), text));
            }
        }
        Ok(Tree { files })
    }

    /// The file at `path`.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// All Rust files that can be read, with what they hold.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&File, &Source)> {
        self.files.iter().filter_map(|file| Some((file, file.source.as_ref()?.as_ref().ok()?)))
    }

    /// A tree as a test plants it.
    #[cfg(test)]
    pub(crate) fn planted(files: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| File::new((*path).to_owned(), (*text).to_owned());
        Tree { files: files.iter().map(file).collect() }
    }
}

impl File {
    fn new(path: String, text: String) -> File {
        let source = is_a("rs", &path).then(|| Source::read(&text, depth(&path)));
        File { path, text, source }
    }

    /// Whether the file's name ends in `.` and `end`.
    pub(crate) fn is_a(&self, end: &str) -> bool {
        is_a(end, &self.path)
    }

    /// Whether the whole file is test code.
    pub(crate) fn is_test(&self) -> bool {
        let folders = ["tests", "benches", "fixtures"];
        self.path.ends_with("/tests.rs") || self.path.split('/').any(|part| folders.contains(&part))
    }

    /// The module of the main package this file belongs to: `cases` for `src/cases/store.rs`.
    pub(crate) fn module(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?.strip_suffix(".rs")?;
        let module = inside.split('/').next()?;
        (!["lib", "main"].contains(&module)).then_some(module)
    }
}

fn is_a(end: &str, path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, found)| found == end)
}

/// How many `super` lead from a file to its crate's root.
fn depth(path: &str) -> usize {
    let inside = path.rsplit_once("src/").map_or(path, |(_, inside)| inside);
    if ["lib.rs", "main.rs"].contains(&inside) { 0 } else { inside.split('/').count() }
}
