//! Dependencies nobody names: by cargo-machete where it is installed, else by looking for the
//! crate's name among the words of the package's sources.
//!
//! A dependency that is there for its features alone is listed in the package's
//! `[package.metadata.cargo-machete] ignored`, which both readers respect.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::metadata::{list, text};
use crate::{metadata, processes};

/// Looks through all our packages. True when every dependency is used.
pub(crate) fn run() -> Result<bool> {
    if processes::works("cargo", &["machete", "--version"]) {
        println!("unused: by cargo-machete");
        return Ok(processes::run(&mut processes::cargo(&["machete"]))?.success());
    }
    println!("unused: cargo-machete is not installed, so xtask looks for the names itself");
    let metadata = metadata::read(&[])?;
    let mut good = true;
    for member in metadata::members(&metadata) {
        let manifest = Path::new(text(member, "manifest_path"));
        let folder = manifest.parent().context("a manifest in no folder")?;
        let mut words = HashSet::new();
        for part in ["src", "tests", "benches", "examples", "build.rs"] {
            read_words(&folder.join(part), &mut words)?;
        }
        for name in unused(member, list(&metadata["resolve"], "nodes"), &words) {
            good = false;
            println!("unused: {}: no source names `{name}`", text(member, "name"));
        }
    }
    Ok(good)
}

/// Direct dependencies of `member` whose crate is not among `words`.
fn unused(member: &Value, nodes: &[Value], words: &HashSet<String>) -> Vec<String> {
    let ignored = list(&member["metadata"]["cargo-machete"], "ignored");
    let kept = |name: &str| ignored.iter().any(|entry| entry.as_str() == Some(name));
    let node = nodes.iter().find(|node| node["id"] == member["id"]);
    let mut unused: Vec<String> = node
        .map_or(&[][..], |node| list(node, "deps"))
        .iter()
        .map(|dependency| text(dependency, "name"))
        .filter(|name| !words.contains(*name) && !kept(name) && !kept(&name.replace('_', "-")))
        .map(str::to_owned)
        .collect();
    unused.sort();
    unused
}

fn read_words(path: &Path, words: &mut HashSet<String>) -> Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
            read_words(&entry?.path(), words)?;
        }
    } else if path.extension().is_some_and(|end| end == "rs") && path.exists() {
        let source = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            let split = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.extend(split.map(str::to_owned));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{HashSet, unused};

    #[test]
    fn a_dependency_no_source_names_is_found() {
        let ignored = json!({ "ignored": ["for-its-features"] });
        let member = json!({ "id": "1", "metadata": { "cargo-machete": ignored } });
        let deps = json!([{ "name": "used" }, { "name": "for_its_features" }, { "name": "idle" }]);
        let nodes = [json!({ "id": "1", "deps": deps })];
        let words = HashSet::from(["used".to_owned()]);
        assert_eq!(unused(&member, &nodes, &words), ["idle"]);
    }
}
