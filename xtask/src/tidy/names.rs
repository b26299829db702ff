//! Rules 7 and 8: a file bears the name of what it holds, and opens by saying what that is.

use super::Finding;
use super::tree::{File, Tree};

/// Names of patterns and drawers, which tell nobody what is inside.
const BANNED: [&str; 12] = [
    "service",
    "services",
    "manager",
    "managers",
    "dto",
    "repository",
    "utils",
    "util",
    "helpers",
    "common",
    "misc",
    "mod",
];

/// Finds empty names and files that open without a word about themselves.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let rust = tree.files.iter().filter(|file| file.is_a("rs"));
    rust.flat_map(|file| [name(file), opening(file)]).flatten().collect()
}

fn name(file: &File) -> Option<Finding> {
    let parts = file.path.strip_suffix(".rs")?.split('/');
    let banned = parts.into_iter().find(|part| BANNED.contains(part))?;
    let advice = match banned {
        "mod" => "`x/mod.rs` is written `x.rs` beside `x/`".to_owned(),
        _ => format!("`{banned}` says nothing: name it after a noun or verb of the domain"),
    };
    Some(Finding::new(&file.path, 1, "name", advice))
}

fn opening(file: &File) -> Option<Finding> {
    let advice = "open with `//!`: the word, its place in the life, tables owned and read";
    (!file.text.starts_with("//!"))
        .then(|| Finding::new(&file.path, 1, "opening", advice.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        check(&Tree::planted(&[(path, text)])).iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn a_name_that_says_nothing_is_found() {
        for path in ["src/cases/service.rs", "src/utils.rs", "src/cases/mod.rs", "src/misc/a.rs"] {
            assert_eq!(rules(path, "//! A.\n"), ["name"], "{path}");
        }
        assert!(rules("src/cases/lines.rs", "//! A.\n").is_empty());
    }

    #[test]
    fn a_file_that_opens_without_a_word_is_found() {
        assert_eq!(rules("src/cases.rs", "use std::fs;\n"), ["opening"]);
        assert_eq!(rules("src/cases.rs", "\n//! A.\n"), ["opening"]);
    }
}
