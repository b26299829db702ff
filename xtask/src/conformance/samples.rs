//! Where the samples lie, how they are opened, and which were.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use formats::{FileRefused, Reading, Row, Rows};
use serde_json::Value;

use super::outcome::{Refusal, Taken};
use super::visited::FOLDERS;

/// The samples were gathered before 2026-12-01T00:00:00Z; no row of them is dated later.
pub(super) const NOW: i64 = 1_796_083_200_000_000;

/// How every sample is read.
pub(super) const READING: Reading = Reading::at(NOW);

/// A reader of whole files.
pub(super) type Open = fn(Cursor<Vec<u8>>, Reading) -> Result<Rows, FileRefused>;

/// 試験資料: the folder of samples, and which files of it were opened.
pub(super) struct Samples {
    root: PathBuf,
    opened: RefCell<BTreeSet<String>>,
}

impl Samples {
    /// The folder `shared/data`: named by `TODOKE_SHARED`, or beside the project or above it.
    /// `None` where there is none; a fault where one of its folders is missing.
    pub(super) fn find() -> Result<Option<Self>> {
        let named = env::var_os("TODOKE_SHARED").map(|folder| PathBuf::from(folder).join("data"));
        let here = env::current_dir()?;
        let near = here.ancestors().map(|folder| folder.join("shared/data"));
        let found = named.into_iter().chain(near).find(|folder| folder.is_dir());
        found.map(Self::at).transpose()
    }

    /// The samples in that folder.
    pub(super) fn at(root: PathBuf) -> Result<Self> {
        let missing: Vec<_> = FOLDERS.into_iter().filter(|at| !root.join(at).is_dir()).collect();
        ensure!(missing.is_empty(), "of the samples, these folders are missing: {missing:?}");
        Ok(Self { root, opened: RefCell::default() })
    }

    /// Files of a folder with one of these endings, by name and with their folder; folders inside
    /// are walked too. Without an ending, all files.
    pub(super) fn files(&self, folder: &str, endings: &[&str]) -> Result<Vec<String>> {
        let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
        while let Some(folder) = open.pop() {
            let entries = fs::read_dir(self.root.join(&folder)).with_context(|| folder.clone())?;
            for entry in entries {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let path = format!("{folder}/{name}");
                if entry.file_type()?.is_dir() {
                    open.push(path);
                } else if endings.is_empty() || endings.iter().any(|end| name.ends_with(end)) {
                    found.push(path);
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// All files of the folders that hold samples of formats; what else lies beside those, folders
    /// as one, so that a new folder has to be thought of.
    pub(super) fn all(&self) -> Result<Vec<String>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if FOLDERS.contains(&name.as_str()) {
                all.extend(self.files(&name, &[])?);
            } else {
                all.push(if entry.file_type()?.is_dir() { name + "/" } else { name });
            }
        }
        all.sort();
        Ok(all)
    }

    /// Where a file lies; from now on it counts as opened.
    pub(super) fn open(&self, file: &str) -> PathBuf {
        self.opened.borrow_mut().insert(file.to_owned());
        self.root.join(file)
    }

    /// The files that were opened.
    pub(super) fn opened(&self) -> BTreeSet<String> {
        self.opened.borrow().clone()
    }

    /// Whether the file is there.
    pub(super) fn has(&self, file: &str) -> bool {
        self.root.join(file).is_file()
    }

    /// The bytes of a file.
    pub(super) fn bytes(&self, file: &str) -> Result<Vec<u8>> {
        fs::read(self.open(file)).with_context(|| file.to_owned())
    }

    /// A JSON file.
    pub(super) fn json(&self, file: &str) -> Result<Value> {
        serde_json::from_slice(&self.bytes(file)?).with_context(|| file.to_owned())
    }
}

/// The name of a file without its folder.
pub(super) fn name_of(file: &str) -> &str {
    file.rsplit_once('/').map_or(file, |(_, name)| name)
}

/// What lies below that folder.
pub(super) fn below<'a>(file: &'a str, folder: &str) -> &'a str {
    Path::new(file).strip_prefix(folder).ok().and_then(Path::to_str).unwrap_or(file)
}

/// A text of an object, whatever its type; nothing where it is absent.
pub(super) fn text(object: &Value, key: &str) -> Option<String> {
    match object.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

/// The objects of a JSON list; none where it is no list.
pub(super) fn list<'a>(object: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    object.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// The rows that a reader makes of a file. One that it refuses as a whole counts as one refused
/// row, and so does the end of a file that breaks off.
pub(super) fn taken(reader: &str, opened: Result<Rows, FileRefused>) -> Vec<Taken> {
    let refusal = |code, words: &dyn ToString| {
        Err(Refusal { code, words: format!("as {reader}: {}", words.to_string()) })
    };
    match opened {
        Err(why) => vec![refusal(why.code(), &why)],
        Ok(rows) => rows
            .map(|row| match row {
                Ok(Row::Detection(one)) => Ok(*one),
                Ok(Row::Refused(why)) => refusal(why.reason.code(), &why),
                Err(why) => refusal("broken_off", &why),
            })
            .collect(),
    }
}

/// The rows that a reader makes of these bytes.
pub(super) fn read(reader: &str, open: Open, bytes: Vec<u8>) -> Vec<Taken> {
    taken(reader, open(Cursor::new(bytes), READING))
}

/// Reads the whole of an input, and tells why where that fails.
pub(super) fn read_out(mut input: impl Read) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    match input.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(why) => Err(Refusal { code: "broken_off", words: why.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_named() {
        let told = Samples::at(PathBuf::from("/nowhere")).map(drop).unwrap_err().to_string();
        assert!(told.contains("misp"), "{told}");
    }

    #[test]
    fn a_refused_file_counts_as_one_row_and_names_its_reader() {
        let rows = read("XARF", formats::xarf::open, Vec::new());
        let words = rows[0].as_ref().map(|_| ()).map_err(|one| one.words.clone());
        assert_eq!(words, Err("as XARF: the file is empty".to_owned()));
    }
}
