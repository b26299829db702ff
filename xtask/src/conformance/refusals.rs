//! Which rows may be refused: lines that name samples, how many of their rows, and the reason.
//!
//! A line counts over all samples that fit it, so that a reader that begins to refuse more, or to
//! take what it used to refuse, is noticed.

use anyhow::{Context as _, Result};

use super::outcome::{Outcome, Refusal};
use super::page::{self, PAGE, REFUSED, fits};

/// How many rows a line explains.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    /// So many in all samples that fit.
    Of(usize),
    /// Every row of every sample that fits.
    All,
}

/// A line of the table.
struct Line {
    samples: String,
    count: Count,
    code: String,
    /// Refused rows it explained, and rows of the samples that fit it.
    refused: usize,
    rows: usize,
}

/// All of them.
pub(super) struct Refusals(Vec<Line>);

impl Refusals {
    /// Reads the table of the page.
    pub(super) fn of(page: &str) -> Result<Self> {
        let line = |[samples, count, code, _]: [String; 4]| {
            let count = match count.as_str() {
                "all" => Count::All,
                count => Count::Of(count.parse().with_context(|| {
                    format!("{PAGE}: {samples}: {count:?} is neither a number nor `all`")
                })?),
            };
            Ok(Line { samples, count, code, refused: 0, rows: 0 })
        };
        Ok(Self(page::table(page, REFUSED)?.into_iter().map(line).collect::<Result<_>>()?))
    }

    /// Accounts for the refused rows of a sample, and gives back those that no line explains. One
    /// that has to be refused accounts for itself.
    pub(super) fn unexplained<'a>(&mut self, outcome: &'a Outcome) -> Vec<&'a Refusal> {
        if outcome.must_be_refused {
            return Vec::new();
        }
        let mut unexplained = Vec::new();
        for refusal in &outcome.refused {
            match self.0.iter_mut().find(|line| line.fits(&outcome.name, refusal.code)) {
                Some(line) => line.refused += 1,
                None => unexplained.push(refusal),
            }
        }
        for line in self.0.iter_mut().filter(|line| fits(&line.samples, &outcome.name)) {
            line.rows += outcome.rows;
        }
        unexplained
    }

    /// Lines that say another number than there is, or explain nothing any more.
    pub(super) fn wrong(&self) -> Vec<String> {
        let wrong = self.0.iter().filter_map(|line| {
            let Line { samples, code, refused, rows, .. } = line;
            let expected = match line.count {
                Count::Of(count) => count,
                Count::All => *rows,
            };
            match *refused {
                0 => Some(format!("{samples}, {code}: no row is refused for that any more")),
                n if n != expected => {
                    Some(format!("{samples}, {code}: says {expected} rows, refused are {n}"))
                }
                _ => None,
            }
        });
        wrong.collect()
    }
}

impl Line {
    fn fits(&self, sample: &str, code: &str) -> bool {
        self.code == code && fits(&self.samples, sample)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lines: &str) -> Refusals {
        Refusals::of(&format!("{REFUSED}\n{lines}")).unwrap()
    }

    fn sample(name: &str, rows: usize, codes: &[&'static str]) -> Outcome {
        let refused = codes.iter().map(|code| Refusal { code, words: String::new() });
        let refused = refused.collect();
        Outcome { rows, refused, ..Outcome::of(name) }
    }

    #[test]
    fn a_refusal_that_stands_nowhere_is_unexplained() {
        let mut refusals = page("| `own/a` | 1 | bad_time | a reason |\n");
        let outcome = sample("own/a", 3, &["bad_time", "bad_port"]);
        let unexplained = refusals.unexplained(&outcome);
        assert_eq!(unexplained.iter().map(|one| one.code).collect::<Vec<_>>(), ["bad_port"]);
        assert!(refusals.wrong().is_empty());
        assert_eq!(refusals.unexplained(&sample("own/b", 1, &["bad_time"])).len(), 1);
    }

    #[test]
    fn a_line_with_the_wrong_number_is_wrong() {
        let mut refusals = page("| `own/*` | 2 | bad_time | a reason |\n");
        assert!(refusals.unexplained(&sample("own/a", 3, &["bad_time"])).is_empty());
        assert_eq!(refusals.wrong(), ["own/*, bad_time: says 2 rows, refused are 1"]);
        assert!(refusals.unexplained(&sample("own/b", 3, &["bad_time"])).is_empty());
        assert!(refusals.wrong().is_empty(), "the number is that of all samples that fit");
    }

    #[test]
    fn a_line_for_all_rows_is_wrong_where_one_is_read() {
        let mut refusals = page("| `own/*` | all | bad_time | a reason |\n");
        assert!(refusals.unexplained(&sample("own/a", 1, &["bad_time"])).is_empty());
        assert!(refusals.wrong().is_empty());
        assert!(refusals.unexplained(&sample("own/b", 1, &[])).is_empty());
        assert_eq!(refusals.wrong().len(), 1);
    }

    #[test]
    fn a_line_that_explains_nothing_is_wrong() {
        let mut refusals = page("| `own/*` | all | bad_time | a reason |\n");
        assert!(refusals.unexplained(&sample("other/a", 1, &[])).is_empty());
        assert_eq!(refusals.wrong(), ["own/*, bad_time: no row is refused for that any more"]);
    }

    #[test]
    fn a_sample_that_has_to_be_refused_needs_no_line() {
        let mut outcome = sample("own/a", 1, &["bad_time"]);
        outcome.must_be_refused = true;
        assert!(page("").unexplained(&outcome).is_empty());
    }

    #[test]
    fn a_count_is_a_number_or_all() {
        assert!(Refusals::of(&format!("{REFUSED}\n| `a` | some | bad_time | why |\n")).is_err());
    }
}
