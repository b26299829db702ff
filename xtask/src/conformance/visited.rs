//! Whether every file of the samples was looked at: by a comparison, or by a line that says why it
//! is no sample.

use std::collections::BTreeSet;

use anyhow::Result;

use super::page::{self, NO_SAMPLES, fits};

/// Folders that hold samples of formats. One that is missing fails: else its comparison would.
pub(super) const FOLDERS: [&str; 9] = [
    "shadowserver-intelmq",
    "shadowserver-intelmq-legacy",
    "shadowserver-n6",
    "intelmq-other-feeds",
    "abuse-mail-abuseio",
    "xarf",
    "stix-taxii",
    "misp",
    "mail",
];

/// Files by what became of them.
#[derive(Debug, Default)]
pub(super) struct Visited {
    /// Read by a comparison.
    pub(super) read: usize,
    /// No samples, as a line of the page says.
    pub(super) no_samples: usize,
    /// Neither: these fail.
    pub(super) unvisited: Vec<String>,
    /// Lines of the page that no file bears out, or that speak of one that was read.
    pub(super) idle: Vec<String>,
}

impl Visited {
    /// Sorts all files, named by their path below the samples, into those that were read and those
    /// of which the page says that they are no samples.
    pub(super) fn of(page: &str, files: &[String], read: &BTreeSet<String>) -> Result<Self> {
        let lines = page::table::<2>(page, NO_SAMPLES)?;
        let mut used = vec![false; lines.len()];
        let mut visited = Self::default();
        for file in files {
            if read.contains(file) {
                visited.read += 1;
                continue;
            }
            match lines.iter().position(|[pattern, _]| fits(pattern, file)) {
                Some(at) => {
                    used[at] = true;
                    visited.no_samples += 1;
                }
                None => visited.unvisited.push(file.clone()),
            }
        }
        let idle = lines.iter().zip(used).filter(|(_, used)| !used);
        let idle = idle.map(|([pattern, _], _)| format!("{pattern}: names no file that is unread"));
        visited.idle = idle.collect();
        Ok(visited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nobody_looked_at_is_found() {
        let page = format!("{NO_SAMPLES}\n| `*/README.md` | says what lies there |\n");
        let files = ["own/README.md", "own/a.csv", "own/b.csv"].map(str::to_owned);
        let read = BTreeSet::from(["own/a.csv".to_owned()]);
        let visited = Visited::of(&page, &files, &read).unwrap();
        assert_eq!((visited.read, visited.no_samples), (1, 1));
        assert_eq!(visited.unvisited, ["own/b.csv"]);
        assert!(visited.idle.is_empty());
    }

    #[test]
    fn a_line_that_names_no_file_is_idle() {
        let page = format!("{NO_SAMPLES}\n| `own/*` | why |\n");
        let files = ["own/a.csv".to_owned()];
        let visited = Visited::of(&page, &files, &BTreeSet::from(files.clone())).unwrap();
        assert_eq!(visited.idle.len(), 1);
    }
}
