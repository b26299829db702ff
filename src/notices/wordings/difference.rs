//! Differences (変更箇所): what a version says anew, line by line, against the one in force.
//!
//! Owns no table.

use similar::{ChangeTag, TextDiff};

use super::text::Text;

/// What became of a line (行の変わり方).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It stands as it stood.
    Kept,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
}

impl Became {
    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }

    /// The sign before such a line, as programmers and editors know it.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Kept => " ",
            Self::Added => "+",
            Self::Removed => "−",
        }
    }
}

/// The lines of both texts in order, with what became of each; the subject, where there is one, is
/// the first of them.
pub fn lines(before: &Text, after: &Text) -> Vec<(Became, String)> {
    let whole = |text: &Text| match text.subject.as_str() {
        "" => format!("{}\n", text.body),
        subject => format!("{subject}\n{}\n", text.body),
    };
    let (before, after) = (whole(before), whole(after));
    let difference = TextDiff::from_lines(&before, &after);
    let line = |change: similar::Change<&str>| {
        let became = match change.tag() {
            ChangeTag::Equal => Became::Kept,
            ChangeTag::Insert => Became::Added,
            ChangeTag::Delete => Became::Removed,
        };
        (became, change.value().trim_end_matches('\n').to_owned())
    };
    difference.iter_all_changes().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_is_one_that_went_and_one_that_came() {
        let text =
            |subject: &str, body: &str| Text { subject: subject.to_owned(), body: body.to_owned() };
        let found = lines(&text("件名", "一\n二\n三"), &text("件名", "一\n弐\n三"));
        let words: Vec<String> =
            found.iter().map(|(became, line)| format!("{}{line}", became.sign())).collect();
        assert_eq!(words, [" 件名", " 一", "−二", "+弐", " 三"]);
        let same = lines(&text("", "一"), &text("", "一"));
        assert_eq!(same, [(Became::Kept, "一".to_owned())], "a short message has no subject");
    }
}
