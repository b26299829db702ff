//! Rule 10: a table is written by its owner alone, which `-- owner: <stage>` before each
//! `CREATE TABLE` in `migrations/` names.

use std::collections::HashMap;

use super::Finding;
use super::order;
use super::source::Text;
use super::tree::{File, Tree};

/// Finds tables without an owner, and writes by others.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut owners = HashMap::new();
    let migration = |file: &&File| file.path.starts_with("migrations/") && file.is_a("sql");
    let mut migrations: Vec<&File> = tree.files.iter().filter(migration).collect();
    // A table may change hands: the last migration that states its owner counts.
    migrations.sort_by(|a, b| a.path.cmp(&b.path));
    for file in migrations {
        findings.extend(read_owners(file, &mut owners));
    }
    for (file, source) in tree.sources() {
        let Some(module) = file.module().filter(|_| !file.is_test()) else { continue };
        for string in source.strings.iter().filter(|string| !string.test) {
            for (line, table) in written(string) {
                let Some(owner) = owners.get(&table).filter(|owner| *owner != module) else {
                    continue;
                };
                let advice = format!("`{table}` is written by `{owner}` alone: call a verb there");
                findings.push(Finding::new(&file.path, line, "tables", advice));
            }
        }
    }
    findings
}

/// Takes the owners a migration states; a statement without one is a finding.
fn read_owners(file: &File, owners: &mut HashMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut stated: Option<String> = None;
    for (number, line) in (1..).zip(file.text.lines()) {
        let comment = line.trim().strip_prefix("--").map(str::trim);
        if let Some(owner) = comment.and_then(|comment| comment.strip_prefix("owner:")) {
            stated = owner.split_whitespace().next().map(str::to_owned);
        }
        let Some(table) = comment.is_none().then(|| created(line)).flatten() else { continue };
        let advice = match stated.take() {
            None => format!("write `-- owner: <stage>` above `{table}`"),
            Some(owner) if order::standing(&owner).is_none() => format!("`{owner}` is no stage"),
            Some(owner) => {
                owners.insert(table, owner);
                continue;
            }
        };
        findings.push(Finding::new(&file.path, number, "tables", advice));
    }
    findings
}

/// The table a line creates.
fn created(line: &str) -> Option<String> {
    let words = words(line);
    let at = words.windows(2).position(|pair| is(&pair[0], "CREATE") && is(&pair[1], "TABLE"))?;
    let rest = words[at + 2..].iter();
    rest.map(|word| word.to_lowercase()).find(|word| !["if", "not", "exists"].contains(&&**word))
}

/// The tables an SQL text writes, each with its line.
fn written(string: &Text) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    for (offset, line) in string.written.lines().enumerate() {
        lines.extend(words(line).into_iter().map(|word| (string.line + offset, word)));
    }
    let at = |i: usize| lines.get(i).map_or("", |(_, word)| word.as_str());
    let mut written = Vec::new();
    for i in 0..lines.len() {
        let inserts =
            is(at(i), "INTO") && (1..=3).any(|back| i >= back && is(at(i - back), "INSERT"));
        let deletes = is(at(i), "FROM") && i > 0 && is(at(i - 1), "DELETE");
        if inserts || deletes || is(at(i), "UPDATE") {
            written.extend(lines.get(i + 1).map(|(line, table)| (*line, table.to_lowercase())));
        }
    }
    written
}

fn words(line: &str) -> Vec<String> {
    let split = line.split(|c: char| !c.is_alphanumeric() && c != '_');
    split.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn is(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    const MIGRATION: &str = "-- owner: cases\nCREATE TABLE IF NOT EXISTS cases (id BLOB);\n";

    fn found(path: &str, sql: &str) -> Vec<usize> {
        let source = format!("const SQL: &str = \"{sql}\";\n");
        let tree = Tree::planted(&[("migrations/0001_a.sql", MIGRATION), (path, &source)]);
        check(&tree).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_write_by_another_stage_is_found() {
        for sql in [
            "INSERT INTO cases (id) VALUES ($1)",
            "insert or ignore into cases VALUES ($1)",
            "UPDATE cases SET state = 'open'",
            "DELETE FROM cases WHERE id = $1",
        ] {
            assert_eq!(found("src/notices/store.rs", sql), [1], "{sql}");
            assert!(found("src/cases/store.rs", sql).is_empty(), "{sql}");
        }
        assert_eq!(found("src/notices/store.rs", "WITH a AS (b)\n DELETE\n FROM cases"), [3]);
    }

    #[test]
    fn a_table_that_changed_hands_is_written_by_whom_the_last_migration_names() {
        let later = MIGRATION.replace("cases\n", "notices\n");
        let write = |path: &str| {
            let source = "const SQL: &str = \"DELETE FROM cases\";\n";
            let migrations =
                [("migrations/0002_b.sql", &*later), ("migrations/0001_a.sql", MIGRATION)];
            check(&Tree::planted(&[&migrations[..], &[(path, source)]].concat())).len()
        };
        assert_eq!((write("src/notices/store.rs"), write("src/cases/store.rs")), (0, 1));
    }

    #[test]
    fn reading_and_locking_are_no_writes() {
        assert!(found("src/notices/store.rs", "SELECT id FROM cases FOR UPDATE").is_empty());
        assert!(found("src/notices/store.rs", "INSERT INTO a SELECT id FROM cases").is_empty());
    }

    #[test]
    fn a_table_without_a_known_owner_is_found() {
        for text in [
            "CREATE TABLE a (id BLOB);",
            "-- owner: cases\nCREATE TABLE a (b INT);\nCREATE TABLE c (d INT);",
            "-- owner: nobody\nCREATE TABLE a (id BLOB);",
        ] {
            assert_eq!(
                check(&Tree::planted(&[("migrations/0001_a.sql", text)])).len(),
                1,
                "{text}"
            );
        }
    }
}
