//! What one sample came to: values on which we agree with its peer or not, rows that we refuse.

use formats::Detection;

/// What a reader of ours makes of one row of a sample.
pub(super) type Taken = Result<Detection, Refusal>;

/// 適合結果: what one sample came to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The peer and the name of the sample.
    pub(super) name: String,
    /// Rows in it; a file that is refused as a whole counts as one.
    pub(super) rows: usize,
    /// Records of a peer that assert something of it.
    pub(super) records: usize,
    /// Values that a peer asserts and that we say too.
    pub(super) agreeing: usize,
    /// Values on which we differ.
    pub(super) differing: Vec<Difference>,
    /// Rows, or the file, that we refuse.
    pub(super) refused: Vec<Refusal>,
    /// Whether the sample itself says that it has to be refused.
    pub(super) must_be_refused: bool,
}

/// One value on which we differ.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) field: &'static str,
    pub(super) row: usize,
    pub(super) theirs: String,
    pub(super) ours: String,
}

/// A row that we refuse, or a whole file.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// The reader's stable word for the reason.
    pub(super) code: &'static str,
    /// What the reader says, and which reader it was.
    pub(super) words: String,
}

impl Outcome {
    pub(super) fn of(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Counts the rows, and keeps those that are refused.
    pub(super) fn take(&mut self, rows: &[Taken]) {
        self.rows += rows.len();
        self.refused.extend(rows.iter().filter_map(|row| row.as_ref().err().cloned()));
    }

    /// Refuses the sample, or a part of it, for a reason that no reader gave.
    pub(super) fn refuse(&mut self, code: &'static str, words: impl Into<String>) {
        self.rows += 1;
        self.refused.push(Refusal { code, words: words.into() });
    }

    /// The sample itself says that it is wrong: reading any row of it is a difference.
    pub(super) fn expect_refusal(&mut self) {
        self.must_be_refused = true;
        let read = self.rows > self.refused.len();
        self.compare("file", 0, "refused", if read { "read" } else { "refused" });
    }

    /// A sample that gives nothing at all, not even a refusal, has to say why as well: a reader
    /// that passes over everything would look like one that agrees.
    pub(super) fn settle(&mut self) {
        if self.rows == 0 {
            self.refuse("no_rows", "it holds no row that this reader looks at");
        }
    }

    /// Compares one value: alike, without regard to case, or not.
    pub(super) fn compare(&mut self, field: &'static str, row: usize, theirs: &str, ours: &str) {
        if theirs.eq_ignore_ascii_case(ours) {
            self.agreeing += 1;
        } else {
            let (theirs, ours) = (theirs.to_owned(), ours.to_owned());
            self.differing.push(Difference { field, row, theirs, ours });
        }
    }

    /// The same where the peer may assert nothing. What we lack counts as an empty text and so as a
    /// difference: a value that a peer asserts is never passed over.
    pub(super) fn compare_asserted(
        &mut self,
        field: &'static str,
        row: usize,
        theirs: Option<String>,
        ours: Option<impl ToString>,
    ) {
        if let Some(theirs) = theirs {
            let ours = ours.map_or_else(String::new, |ours| ours.to_string());
            self.compare(field, row, &theirs, &ours);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_only_the_peer_has_counts_as_differing() {
        let mut outcome = Outcome::of("own/a");
        outcome.compare_asserted("family", 1, Some("mirai".to_owned()), None::<String>);
        outcome.compare_asserted("family", 1, None, Some("mirai"));
        outcome.compare_asserted("port", 1, Some("23".to_owned()), Some(23));
        assert_eq!((outcome.agreeing, outcome.differing.len()), (1, 1));
    }

    #[test]
    fn a_sample_that_had_to_be_refused_and_was_read_differs() {
        let mut outcome = Outcome::of("own/a");
        outcome.rows = 1;
        outcome.expect_refusal();
        assert_eq!(outcome.differing[0].ours, "read");
    }

    #[test]
    fn a_sample_without_any_row_counts_as_refused() {
        let mut outcome = Outcome::of("own/a");
        outcome.settle();
        assert_eq!(outcome.refused[0].code, "no_rows");
    }
}
