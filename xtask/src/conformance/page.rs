//! The page of differences: three tables, for values, for refused rows and for files that are no
//! samples.

use std::fs;

use anyhow::{Context as _, Result, ensure};

/// Where the reasons stand.
pub(super) const PAGE: &str = "docs/formats/differences.md";

/// The headings over the tables.
pub(super) const VALUES: &str = "## Values on which we differ";
pub(super) const REFUSED: &str = "## Rows that we refuse";
pub(super) const NO_SAMPLES: &str = "## Files that are no samples";

/// The text of the page.
pub(super) fn read() -> Result<String> {
    fs::read_to_string(PAGE).context(PAGE)
}

/// The lines of the table under a heading, as cells without their backquotes; the first cell of
/// each is a pattern. A line that lacks a cell is a fault, since it would explain nothing.
pub(super) fn table<const N: usize>(page: &str, heading: &str) -> Result<Vec<[String; N]>> {
    let below = page.lines().skip_while(|line| *line != heading).skip(1);
    let below = below.take_while(|line| !line.starts_with("## "));
    let rows = below.filter(|line| line.starts_with("| `"));
    let cells = |line: &str| {
        let cells = line.trim().trim_matches('|').split('|');
        let cells: Vec<String> = cells.map(|cell| cell.trim().replace('`', "")).collect();
        let whole = cells.len() == N && cells.iter().all(|cell| !cell.is_empty());
        ensure!(whole, "{PAGE}: this line has not {N} filled cells: {line}");
        cells.try_into().ok().context("counted above")
    };
    rows.map(cells).collect()
}

/// Whether a name fits a pattern, in which `*` stands for anything.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
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
    fn each_table_is_read_under_its_own_heading() {
        let page = format!(
            "# Page\n\n{VALUES}\n\n| sample | field | why |\n|---|---|---|\n\
            | `n6/*` | kind | a reason |\n\n{NO_SAMPLES}\n\n| `*.md` | a text |\n"
        );
        let lines = table::<3>(&page, VALUES).unwrap();
        assert_eq!(lines, [["n6/*", "kind", "a reason"].map(str::to_owned)]);
        assert_eq!(table::<2>(&page, NO_SAMPLES).unwrap().len(), 1);
        assert!(table::<4>(&page, REFUSED).unwrap().is_empty());
    }

    #[test]
    fn a_line_without_a_reason_is_a_fault() {
        let page = format!("{VALUES}\n| `n6/x.csv` | port | |\n");
        assert!(table::<3>(&page, VALUES).is_err());
    }
}
