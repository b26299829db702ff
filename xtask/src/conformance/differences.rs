//! The page of differences: a table whose lines name a sample, a field and the reason.

use std::fs;

use anyhow::{Context as _, Result};

use super::Difference;

/// Where the reasons stand.
pub(super) const PAGE: &str = "docs/formats/differences.md";

/// A line of the table: which samples and which field it explains.
struct Line {
    samples: String,
    field: String,
    text: String,
    used: bool,
}

/// All of them.
pub(super) struct Differences(Vec<Line>);

impl Differences {
    /// Reads the page.
    pub(super) fn read() -> Result<Self> {
        let page = fs::read_to_string(PAGE).context(PAGE)?;
        Ok(Self::of(&page))
    }

    fn of(page: &str) -> Self {
        let cells = |line: &str| {
            let cells = line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', ""));
            cells.collect::<Vec<String>>()
        };
        let rows = page.lines().filter(|line| line.starts_with("| `"));
        let lines = rows.filter_map(|text| match &cells(text)[..] {
            [samples, field, reason] if !reason.is_empty() => Some(Line {
                samples: samples.clone(),
                field: field.clone(),
                text: text.to_owned(),
                used: false,
            }),
            _ => None,
        });
        Self(lines.collect())
    }

    /// Whether a line explains this difference.
    pub(super) fn explains(&mut self, sample: &str, one: &Difference) -> bool {
        let mut lines = self.0.iter_mut();
        let found = lines.find(|line| line.field == one.field && fits(&line.samples, sample));
        found.is_some_and(|line| {
            line.used = true;
            true
        })
    }

    /// Lines that explained nothing.
    pub(super) fn idle(&self) -> Vec<&str> {
        self.0.iter().filter(|line| !line.used).map(|line| line.text.as_str()).collect()
    }
}

/// Whether a sample's name fits a pattern, in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.is_char_boundary(at) && fits(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_counts_as_explained_only_by_its_own_line() {
        let page = "| sample | field | why |\n|---|---|---|\n| `n6/n6_*.csv` | kind | a reason |\n\
            | `n6/x.csv` | port | |\n";
        let mut differences = Differences::of(page);
        let one = |field| Difference { field, row: 1, theirs: String::new(), ours: String::new() };
        assert!(!differences.explains("n6/n6_a.csv", &one("port")));
        assert!(!differences.explains("n6/x.csv", &one("port")), "a line without a reason is none");
        assert_eq!(differences.idle().len(), 1);
        assert!(differences.explains("n6/n6_a.csv", &one("kind")));
        assert!(differences.idle().is_empty());
    }
}
