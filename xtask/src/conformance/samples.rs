//! Where the samples lie, and how they are opened.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::{env, iter};

use anyhow::{Context as _, Result};
use formats::{Detection, Reading, Row, Rows, shadowserver};
use serde_json::Value;

/// The samples were gathered before 2026-12-01T00:00:00Z; no row of them is dated later.
pub(super) const NOW: i64 = 1_796_083_200_000_000;

/// The folder `shared/data`: named by `TODOKE_SHARED`, or beside the project or above it.
pub(super) fn folder() -> Option<PathBuf> {
    let named = env::var_os("TODOKE_SHARED").map(|folder| PathBuf::from(folder).join("data"));
    let here = env::current_dir().ok()?;
    let near = here.ancestors().map(|folder| folder.join("shared/data"));
    named.into_iter().chain(near).find(|folder| folder.is_dir())
}

/// Files of a folder with one of these endings, by name; folders inside are walked too.
pub(super) fn files(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if path.is_dir() {
                open.push(path);
            } else if endings.contains(&ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The name of a file without its folder.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// A JSON file.
pub(super) fn json(path: &Path) -> Result<Value> {
    let text = fs::read(path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}

/// A text of an object, whatever its type; nothing where it is absent.
pub(super) fn text(object: &Value, key: &str) -> Option<String> {
    match object.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

/// The rows of a Shadowserver report: nothing stands for a refused one, and for the whole file if
/// it is refused.
pub(super) fn report(path: &Path) -> Result<Vec<Option<Detection>>> {
    let opened = shadowserver::open(&name_of(path), None, File::open(path)?, Reading::at(NOW));
    match opened {
        Ok(rows) => detections(rows),
        Err(_) => Ok(iter::once(None).collect()),
    }
}

/// The rows of anything that was opened.
pub(super) fn detections(rows: Rows) -> Result<Vec<Option<Detection>>> {
    let rows = rows.map(|row| {
        Ok(match row? {
            Row::Detection(one) => Some(*one),
            Row::Refused(_) => None,
        })
    });
    rows.collect()
}
