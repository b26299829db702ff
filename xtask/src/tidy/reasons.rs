//! Rule 9: every dependency says why it is there, directly above or at the end of its line.

use super::Finding;
use super::tree::{File, Tree};

/// Finds dependencies without a reason.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let manifest = |file: &&File| file.path.rsplit('/').next() == Some("Cargo.toml");
    tree.files.iter().filter(manifest).flat_map(in_manifest).collect()
}

/// Where the reader of a manifest is.
enum Section {
    Other,
    /// `[dependencies]` and its kin: each entry is a dependency.
    Dependencies,
}

fn in_manifest(file: &File) -> Vec<Finding> {
    let lines: Vec<&str> = file.text.lines().collect();
    let mut findings = Vec::new();
    let mut section = Section::Other;
    let mut open = 0_usize;
    for (index, line) in lines.iter().enumerate() {
        let entry = if open > 0 {
            None
        } else if let Some(header) = header(line) {
            section = if lists(header) { Section::Dependencies } else { Section::Other };
            one(header).map(|name| (name, table(&lines[index + 1..])))
        } else if matches!(section, Section::Dependencies) {
            key(line).map(|name| (name, value(&lines[index..])))
        } else {
            None
        };
        open = (open + opened(line)).saturating_sub(closed(line));
        let Some((name, stated)) = entry else { continue };
        let ours = stated.contains("path =") || stated.contains("path=");
        let above = index > 0 && lines[index - 1].trim_start().starts_with('#');
        if !ours && !above && !code_and_comment(line).1 {
            let advice = format!("say in a comment above `{name}` what it is needed for");
            findings.push(Finding::new(&file.path, index + 1, "reason", advice));
        }
    }
    findings
}

fn header(line: &str) -> Option<&str> {
    line.trim().strip_prefix('[')?.trim_start_matches('[').split(']').next()
}

/// `dependencies`, `workspace.dependencies`, `target.'cfg(unix)'.dev-dependencies`.
fn lists(header: &str) -> bool {
    header.rsplit('.').next().is_some_and(is_kind)
}

/// `dependencies.serde`: one dependency with a table of its own.
fn one(header: &str) -> Option<&str> {
    let (section, name) = header.rsplit_once('.')?;
    lists(section).then_some(name)
}

fn is_kind(name: &str) -> bool {
    ["dependencies", "dev-dependencies", "build-dependencies"].contains(&name)
}

fn key(line: &str) -> Option<&str> {
    let (code, _) = code_and_comment(line);
    let (key, _) = code.split_once('=')?;
    key.trim().split('.').next().filter(|name| !name.is_empty())
}

/// The lines of an entry, up to where its brackets close.
fn value(lines: &[&str]) -> String {
    let mut open = 0_usize;
    let mut text = String::new();
    for line in lines {
        text.push_str(code_and_comment(line).0);
        open = (open + opened(line)).saturating_sub(closed(line));
        if open == 0 {
            break;
        }
    }
    text
}

/// The lines of a table, up to the next one.
fn table(lines: &[&str]) -> String {
    lines.iter().take_while(|line| header(line).is_none()).copied().collect()
}

fn opened(line: &str) -> usize {
    code_and_comment(line).0.matches(['[', '{']).count()
}

fn closed(line: &str) -> usize {
    code_and_comment(line).0.matches([']', '}']).count()
}

/// A line without its comment, and whether there is one; `#` inside quotes opens none.
fn code_and_comment(line: &str) -> (&str, bool) {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return (&line[..at], true),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    (line, false)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn lines(text: &str) -> Vec<usize> {
        let tree = Tree::planted(&[("crates/a/Cargo.toml", text)]);
        check(&tree).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        assert_eq!(lines("[dependencies]\nserde = \"1\"\n"), [2]);
        assert_eq!(lines("[dev-dependencies]\n# why\na = \"1\"\nb.workspace = true\n"), [4]);
        assert_eq!(lines("[target.'cfg(unix)'.dependencies]\na = \"#1\"\n"), [2]);
        assert_eq!(lines("[workspace.dependencies]\na = \"1\"\n"), [2]);
        assert_eq!(lines("[dependencies.serde]\nversion = \"1\"\n"), [1]);
    }

    #[test]
    fn a_reason_above_or_beside_is_enough() {
        assert!(lines("[dependencies]\n# why\nserde = \"1\"\nb = \"1\" # why\n").is_empty());
        assert!(lines("# why\n[dependencies.serde]\nversion = \"1\"\n").is_empty());
    }

    #[test]
    fn our_own_packages_and_other_sections_need_none() {
        assert!(lines("[dependencies]\na = { path = \"../a\" }\n").is_empty());
        assert!(lines("[package]\nname = \"a\"\n").is_empty());
    }

    #[test]
    fn an_entry_over_several_lines_is_one() {
        let text = "[dependencies]\n# why\na = { version = \"1\", features = [\n  \"b=c\",\n] }\n";
        assert!(lines(text).is_empty());
    }
}
