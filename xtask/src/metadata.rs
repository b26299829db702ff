//! What `cargo metadata` says about our packages and those we depend on.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::processes;

/// The JSON of `cargo metadata` for `targets`, from the lock file as it stands.
pub(crate) fn read(targets: &[String]) -> Result<Value> {
    let mut command = processes::cargo(&["metadata", "--format-version", "1", "--locked"]);
    for target in targets {
        command.args(["--filter-platform", target]);
    }
    let text = processes::output(&mut command)?;
    serde_json::from_str(&text).context("cargo metadata prints no JSON")
}

/// The list at `key`; empty where there is none.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// The text at `key`; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The packages the graph really uses; `packages` also lists those of other platforms.
pub(crate) fn used(metadata: &Value) -> Vec<&Value> {
    let nodes = list(&metadata["resolve"], "nodes");
    let used = |package: &&Value| nodes.iter().any(|node| node["id"] == package["id"]);
    list(metadata, "packages").iter().filter(used).collect()
}

/// Our own packages.
pub(crate) fn members(metadata: &Value) -> Vec<&Value> {
    let ids = list(metadata, "workspace_members");
    let own = |package: &&Value| ids.contains(&package["id"]);
    list(metadata, "packages").iter().filter(own).collect()
}
