//! Rule 11: what has no place in a file that strangers read, and words the glossary avoids.

use std::collections::HashSet;

use super::Finding;
use super::source::Source;
use super::tree::{File, Tree};

const GLOSSARY: &str = "docs/glossary.md";

/// What is read; anything else is data.
const TEXTS: [&str; 12] = [
    ".rs", ".md", ".toml", ".sql", ".html", ".txt", ".ftl", ".css", ".js", ".sh", ".yml", ".ci/run",
];

/// Columns of published formats, whose readers know them by these names whatever the house says.
const ON_THE_WIRE: [&str; 1] = ["device_vendor"];

/// Folders of one machine. Written in halves, or this file would break its own rule.
const MACHINE: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

/// Marks of unfinished work.
const UNFINISHED: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Macros for the time of writing.
const DRAFTS: [&str; 3] = ["dbg", "todo", "unimplemented"];

/// Finds words out of place.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let text = |file: &&File| {
        TEXTS.iter().any(|end| file.path.ends_with(end)) && !file.path.contains("fixtures/")
    };
    let mut findings: Vec<Finding> = tree.files.iter().filter(text).flat_map(in_text).collect();
    let avoided = tree.file(GLOSSARY).map_or(Vec::new(), |file| avoided(&file.text));
    for (file, source) in tree.sources() {
        findings.extend(in_code(file, source));
        if file.path.starts_with("src/") && !file.is_test() {
            findings.extend(against_glossary(file, source, &avoided));
        }
    }
    findings
}

fn in_text(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        let mut found =
            |advice: String| findings.push(Finding::new(&file.path, number, "words", advice));
        if let Some(path) = MACHINE.iter().find(|path| opens_path(line, path)) {
            found(format!(
                "`{path}` exists on one machine only: name it from the project's folder"
            ));
        }
        let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        if let Some(word) = words.iter().find(|word| UNFINISHED.contains(word)) {
            found(format!("`{word}`: do it now, or leave it out"));
        }
        let talk = words
            .windows(2)
            .any(|pair| pair[0].eq_ignore_ascii_case("session") && pair[1].parse::<u32>().is_ok());
        if talk {
            found("say what holds now, not when it was written".to_owned());
        }
    }
    findings
}

/// Whether `path` stands at the beginning of a path, not within a longer one or an address.
fn opens_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !"_-.~}$*".contains(c))
    })
}

fn in_code(file: &File, source: &Source) -> Vec<Finding> {
    let drafts = source.macros.iter().filter(|(_, name)| DRAFTS.contains(&name.as_str()));
    let drafts =
        drafts.map(|(line, name)| (*line, format!("`{name}!` is for the time of writing")));
    let numbers = source.comments.iter().filter(|(_, comment)| names_a_number(comment));
    let numbers = numbers.map(|(line, _)| {
        (*line, "a number in a tracker explains nothing: write the reason itself".to_owned())
    });
    let finding = |(line, advice)| Finding::new(&file.path, line, "words", advice);
    drafts.chain(numbers).map(finding).collect()
}

/// Whether a comment says `#` and digits, other than as an HTML entity.
fn names_a_number(comment: &str) -> bool {
    comment.match_indices('#').any(|(at, _)| {
        let entity = comment[..at].ends_with('&');
        !entity && comment[at + 1..].starts_with(|c: char| c.is_ascii_digit())
    })
}

/// Words in backticks in the last column of the glossary's tables.
fn avoided(glossary: &str) -> Vec<String> {
    let rows = glossary.lines().map(str::trim).filter(|line| line.starts_with('|'));
    let last = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    last.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

fn on_the_wire(name: &str) -> bool {
    ON_THE_WIRE.contains(&name)
}

fn against_glossary(file: &File, source: &Source, avoided: &[String]) -> Vec<Finding> {
    let mut seen = HashSet::new();
    let mut findings = Vec::new();
    for (line, name) in source.names.iter().filter(|(_, name)| !on_the_wire(name)) {
        let parts = format!("_{}_", snake(name));
        for word in avoided {
            if parts.contains(&format!("_{word}_")) && seen.insert(word) {
                let advice = format!("`{name}`: see {GLOSSARY} for what `{word}` is called here");
                findings.push(Finding::warning(&file.path, *line, "words", advice));
            }
        }
    }
    findings
}

/// `OpenTicket` and `OPEN_TICKET` as `open_ticket`; a plural as its singular.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut small = false;
    for c in name.chars() {
        if c.is_uppercase() && small {
            snake.push('_');
        }
        small = c.is_lowercase();
        snake.extend(c.to_lowercase());
    }
    snake
        .split('_')
        .map(|part| part.strip_suffix('s').unwrap_or(part))
        .collect::<Vec<_>>()
        .join("_")
}

#[cfg(test)]
mod tests {
    use super::{MACHINE, UNFINISHED, check};
    use crate::tidy::tree::Tree;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&Tree::planted(&[(path, text)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        for path in MACHINE {
            assert_eq!(found("README.md", &format!("see `{path}x`")).len(), 1);
            assert!(found("README.md", &format!("see docs{path}x")).is_empty());
        }
    }

    #[test]
    fn unfinished_work_is_found() {
        for word in UNFINISHED {
            assert_eq!(found("src/a.rs", &format!("// {word}: later")).len(), 1);
            assert!(found("src/a.rs", &format!("// {word}KE")).is_empty());
        }
        for name in super::DRAFTS {
            assert_eq!(found("src/a.rs", &format!("fn f() {{ {name}!() }}")).len(), 1);
        }
    }

    #[test]
    fn talk_of_the_workplace_is_found() {
        assert_eq!(found("docs/a.md", &["as of session", "12"].join(" ")).len(), 1);
        assert_eq!(found("src/a.rs", "// see #123\n").len(), 1);
        assert!(
            found("src/a.rs", "#[a]\n// 23–206 ns, &#39;\nconst A: &str = \"#12\";").is_empty()
        );
    }

    #[test]
    fn an_avoided_word_warns() {
        let glossary = "| term | not |\n|-|-|\n| case | incident, `ticket` |\n";
        let source = "struct OpenTickets;\nfn incident() {}\n";
        let tree = Tree::planted(&[(super::GLOSSARY, glossary), ("src/cases.rs", source)]);
        let found: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("warning: src/cases.rs:1: words: `OpenTickets`"));
    }
}
