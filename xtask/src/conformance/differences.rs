//! Which values may differ from a peer's: lines that name a sample, a field and the reason.

use anyhow::Result;

use super::outcome::Difference;
use super::page::{self, VALUES, fits};

/// A line of the table: which samples and which field it explains.
struct Line {
    samples: String,
    field: String,
    used: bool,
}

/// All of them.
pub(super) struct Differences(Vec<Line>);

impl Differences {
    /// Reads the table of the page.
    pub(super) fn of(page: &str) -> Result<Self> {
        let lines = page::table(page, VALUES)?.into_iter();
        Ok(Self(lines.map(|[samples, field, _]| Line { samples, field, used: false }).collect()))
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
    pub(super) fn idle(&self) -> Vec<String> {
        let idle = self.0.iter().filter(|line| !line.used);
        idle.map(|line| format!("{}, {}: no value differs any more", line.samples, line.field))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_counts_as_explained_only_by_its_own_line() {
        let page = format!("{VALUES}\n| `n6/n6_*.csv` | kind | a reason |\n");
        let mut differences = Differences::of(&page).unwrap();
        let one = |field| Difference { field, row: 1, theirs: String::new(), ours: String::new() };
        assert!(!differences.explains("n6/n6_a.csv", &one("port")));
        assert!(!differences.explains("n6/x.csv", &one("kind")));
        assert_eq!(differences.idle().len(), 1);
        assert!(differences.explains("n6/n6_a.csv", &one("kind")));
        assert!(differences.idle().is_empty());
    }
}
