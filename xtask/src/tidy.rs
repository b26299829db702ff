//! `cargo xtask tidy`: the rules of the house that no compiler knows.
//!
//! Each rule is a function from the tree of sources to findings, in a file of its own, with a
//! planted violation as its test.

mod tree;
mod source;
mod functions;
mod order;
mod direction;
mod libraries;
mod life;
mod budgets;
mod names;
mod reasons;
mod tables;
mod words;

use std::fmt;

use anyhow::Result;

use tree::Tree;

/// All rules.
const RULES: [fn(&Tree) -> Vec<Finding>; 9] = [
    unreadable,
    direction::check,
    libraries::check,
    life::check,
    budgets::check,
    names::check,
    reasons::check,
    tables::check,
    words::check,
];

/// A place where a rule is broken, and what to do about it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    file: String,
    line: usize,
    rule: &'static str,
    advice: String,
    /// A warning does not fail the run.
    warning: bool,
}

impl Finding {
    fn new(file: &str, line: usize, rule: &'static str, advice: String) -> Finding {
        Finding { file: file.to_owned(), line, rule, advice, warning: false }
    }

    fn warning(file: &str, line: usize, rule: &'static str, advice: String) -> Finding {
        Finding { warning: true, ..Finding::new(file, line, rule, advice) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { file, line, rule, advice, warning } = self;
        let mark = if *warning { "warning: " } else { "" };
        write!(f, "{mark}{file}:{line}: {rule}: {advice}")
    }
}

/// Reads the sources. True when no rule is broken.
pub(crate) fn run() -> Result<bool> {
    let tree = Tree::of_the_project()?;
    let findings = findings(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    let warnings = findings.iter().filter(|finding| finding.warning).count();
    let broken = findings.len() - warnings;
    println!("tidy: {} files, {broken} to mend, {warnings} warnings", tree.files.len());
    Ok(broken == 0)
}

fn findings(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    findings.sort();
    findings
}

/// A file that does not lex escapes every other rule, so it is a finding itself.
fn unreadable(tree: &Tree) -> Vec<Finding> {
    let broken = |file: &tree::File| {
        let fault = file.source.as_ref()?.as_ref().err()?;
        Some(Finding::new(&file.path, 1, "unreadable", format!("this is no Rust: {fault}")))
    };
    tree.files.iter().filter_map(broken).collect()
}

#[cfg(test)]
mod tests {
    use super::tree::Tree;
    use super::{Finding, findings};

    #[test]
    fn a_file_in_order_raises_nothing() {
        let tree = Tree::planted(&[("src/net.rs", "//! Addresses.\n\nfn small() {}\n")]);
        assert_eq!(findings(&tree), []);
    }

    #[test]
    fn a_file_that_does_not_lex_is_found() {
        let found = findings(&Tree::planted(&[("src/net.rs", "//! A.\nfn x( {\n")]));
        assert_eq!(found[0].rule, "unreadable");
    }

    #[test]
    fn a_finding_reads_file_line_rule_advice() {
        let finding = Finding::warning("a.rs", 3, "words", "say case".to_owned());
        assert_eq!(finding.to_string(), "warning: a.rs:3: words: say case");
    }
}
