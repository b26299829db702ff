//! What we may depend on, as `deny.toml` says: by cargo-deny where it is installed, and by a
//! smaller reading of the same file where it is not, since installing it takes minutes.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;
use toml::Table;

use crate::metadata::{list, text};
use crate::{licence, metadata, processes};

/// How `cargo metadata` names what comes from crates.io, by whatever mirror it came.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks licences, bans and sources. True when nothing is denied.
pub(crate) fn run() -> Result<bool> {
    if processes::works("cargo", &["deny", "--version"]) {
        println!("deny: by cargo-deny");
        let args = ["deny", "--offline", "check", "bans", "licenses", "sources"];
        return Ok(processes::run(&mut processes::cargo(&args))?.success());
    }
    println!("deny: cargo-deny is not installed, so xtask reads deny.toml itself");
    let rules = fs::read_to_string("deny.toml").context("cannot read deny.toml")?;
    let rules: Table = rules.parse().context("deny.toml is not TOML")?;
    let metadata = metadata::read(&strings(&rules, &["graph", "targets"]))?;
    let doubles = doubles(&metadata);
    if !doubles.is_empty() {
        println!("deny: warning: in several versions: {}", doubles.join(", "));
    }
    let findings = findings(&rules, &metadata);
    for finding in &findings {
        println!("deny: {finding}");
    }
    println!("deny: {} packages looked at", metadata::used(&metadata).len());
    Ok(findings.is_empty())
}

/// Everything `rules` deny among the packages.
fn findings(rules: &Table, metadata: &Value) -> Vec<String> {
    let mut findings = Vec::new();
    let banned = names(rules, &["bans", "deny"]);
    for package in metadata::used(metadata) {
        let name = text(package, "name");
        let version = text(package, "version");
        if !licensed(rules, package) {
            let licence = text(package, "license");
            findings.push(format!("{name} {version}: licence `{licence}` is not on the list"));
        }
        if banned.iter().any(|banned| banned == name) {
            findings.push(format!("{name} {version}: banned; deny.toml says why"));
        }
        // Packages by path have no source: they are ours.
        if package["source"].as_str().is_some_and(|source| source != CRATES_IO) {
            findings.push(format!("{name} {version}: not from crates.io"));
        }
    }
    for member in metadata::members(metadata) {
        for dependency in list(member, "dependencies") {
            if text(dependency, "req") == "*" && dependency["path"].is_null() {
                let (member, name) = (text(member, "name"), text(dependency, "name"));
                findings.push(format!("{member}: `{name}` has no version"));
            }
        }
    }
    findings
}

fn licensed(rules: &Table, package: &Value) -> bool {
    let name = text(package, "name");
    let mut allowed = strings(rules, &["licenses", "allow"]);
    let mut expression = text(package, "license").to_owned();
    for exception in tables(rules, &["licenses", "exceptions"]) {
        if crate_name(exception) == name {
            allowed.extend(strings(exception, &["allow"]));
        }
    }
    for clarified in tables(rules, &["licenses", "clarify"]) {
        if crate_name(clarified) == name {
            let stated = clarified.get("expression").and_then(toml::Value::as_str);
            stated.unwrap_or_default().clone_into(&mut expression);
        }
    }
    licence::satisfied(&expression, &|licence| allowed.iter().any(|allowed| allowed == licence))
}

/// Names that occur in more than one version.
fn doubles(metadata: &Value) -> Vec<&str> {
    let mut names: Vec<&str> =
        metadata::used(metadata).iter().map(|package| text(package, "name")).collect();
    names.sort_unstable();
    let mut doubles: Vec<&str> =
        names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    doubles.dedup();
    doubles
}

fn at<'a>(table: &'a Table, path: &[&str]) -> Option<&'a toml::Value> {
    let (first, rest) = path.split_first()?;
    let value = table.get(*first)?;
    if rest.is_empty() { Some(value) } else { at(value.as_table()?, rest) }
}

fn items<'a>(table: &'a Table, path: &[&str]) -> &'a [toml::Value] {
    at(table, path).and_then(toml::Value::as_array).map_or(&[], Vec::as_slice)
}

fn strings(table: &Table, path: &[&str]) -> Vec<String> {
    items(table, path).iter().filter_map(|item| Some(item.as_str()?.to_owned())).collect()
}

fn tables<'a>(table: &'a Table, path: &[&str]) -> Vec<&'a Table> {
    items(table, path).iter().filter_map(toml::Value::as_table).collect()
}

/// Entries that are either a name or a table with one.
fn names(table: &Table, path: &[&str]) -> Vec<String> {
    let tables = tables(table, path).into_iter().map(|entry| crate_name(entry).to_owned());
    tables.chain(strings(table, path)).collect()
}

/// The crate an entry is about; cargo-deny takes both keys.
fn crate_name(entry: &Table) -> &str {
    let name = entry.get("crate").or_else(|| entry.get("name"));
    name.and_then(toml::Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{CRATES_IO, Table, doubles, findings};

    const RULES: &str = r#"
        [licenses]
        allow = ["MIT"]
        exceptions = [{ crate = "copyleft", allow = ["MPL-2.0"] }]
        [bans]
        deny = [{ crate = "openssl-sys", reason = "rustls" }]
    "#;

    fn said_of(name: &str, licence: &str, source: &str) -> Vec<String> {
        let package = json!({
            "id": "1", "name": name, "version": "1.0.0", "license": licence, "source": source
        });
        let metadata = json!({
            "packages": [
                package,
                { "id": "2", "name": "of-another-platform", "license": "none", "source": null },
            ],
            "resolve": { "nodes": [{ "id": "1" }] },
        });
        findings(&RULES.parse::<Table>().unwrap(), &metadata)
    }

    #[test]
    fn a_package_in_order_raises_nothing() {
        assert!(said_of("fine", "MIT OR GPL-3.0", CRATES_IO).is_empty());
        assert!(said_of("copyleft", "MPL-2.0", CRATES_IO).is_empty());
    }

    #[test]
    fn a_licence_a_ban_and_a_foreign_source_are_each_found() {
        assert!(said_of("other", "MPL-2.0", CRATES_IO)[0].contains("licence `MPL-2.0`"));
        assert!(said_of("openssl-sys", "MIT", CRATES_IO)[0].contains("banned"));
        assert!(said_of("fine", "MIT", "git+https://example.org/x")[0].contains("crates.io"));
    }

    #[test]
    fn a_dependency_without_version_is_found_unless_it_is_ours() {
        let metadata = json!({
            "packages": [{ "id": "1", "name": "own", "license": "MIT", "dependencies": [
                { "name": "any", "req": "*" },
                { "name": "beside", "req": "*", "path": "beside" },
            ] }],
            "resolve": { "nodes": [{ "id": "1" }] },
            "workspace_members": ["1"],
        });
        let found = findings(&RULES.parse::<Table>().unwrap(), &metadata);
        assert_eq!(found, ["own: `any` has no version"]);
    }

    #[test]
    fn a_package_in_two_versions_is_named_once() {
        let metadata = json!({
            "packages": [{ "id": "1", "name": "a" }, { "id": "2", "name": "a" }],
            "resolve": { "nodes": [{ "id": "1" }, { "id": "2" }] },
        });
        assert_eq!(doubles(&metadata), ["a"]);
    }
}
