//! Conformance: every Shadowserver sample beside the repository through `todoke ingest`, with one
//! feed, on both engines. Skipped where the folder of samples is not there.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    builders::provider,
    centre::{Centre, Engine},
    data_folder::data_folder,
};

const FOLDERS: [&str; 3] =
    ["shadowserver-intelmq", "shadowserver-intelmq-legacy", "shadowserver-n6"];

fn samples(shared: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = FOLDERS
        .iter()
        .flat_map(|folder| fs::read_dir(shared.join(folder).join("csv")).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "csv"))
        .collect();
    files.sort();
    files
}

/// Names of the files that n6 refuses, and so must we.
fn refused_by_n6(shared: &Path) -> Vec<String> {
    let expected = fs::read_dir(shared.join("shadowserver-n6/expected")).unwrap();
    let mut names: Vec<String> = expected
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let told: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            told["events"] == "EXPECT_EXCEPTION"
        })
        .map(|path| path.with_extension("csv").file_name().unwrap().display().to_string())
        .collect();
    names.sort();
    names
}

/// Takes all samples in; gives what became of each, and the hash over the state.
fn taken_in(engine: Engine, files: &[PathBuf]) -> Option<(Vec<Value>, String)> {
    let mut centre = Centre::open(engine)?;
    centre.on("2026-12-01");
    centre.does(&["feed", "add", "all", "--format", "shadowserver", "--stream", "notice"]);
    centre.registers(&[provider("isp-a", "static", "0.0.0.0/1")]);
    let mut command = centre.command(&["ingest", "--feed", "all", "--json"]);
    let output = command.args(files).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "some are refused: {output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let taken = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!centre.cases().is_empty());
    Some((taken, centre.state_hash()))
}

fn number(file: &Value, field: &str) -> u64 {
    file[field].as_u64().unwrap()
}

/// The files that came for the first time; a sample that stands in two folders counts once.
fn checked(taken: &[Value], shared: &Path) -> String {
    let fresh: Vec<&Value> =
        taken.iter().filter(|file| file["already_ingested"] == false).collect();
    for file in &fresh {
        let parts = ["sightings", "repeats", "quarantined", "other_outcomes"];
        let sum: u64 = parts.iter().map(|part| number(file, part)).sum();
        assert_eq!(number(file, "rows"), sum, "{file}");
    }
    let refused = taken.iter().filter(|file| file["refused"].is_string());
    let mut refused: Vec<String> =
        refused.map(|file| file["file"].as_str().unwrap().to_owned()).collect();
    refused.sort();
    assert_eq!(refused, refused_by_n6(shared), "exactly what n6 refuses is refused");
    let names = ["rows", "sightings", "repeats", "quarantined"];
    let sums: BTreeMap<&str, u64> = names
        .into_iter()
        .map(|name| (name, fresh.iter().map(|file| number(file, name)).sum()))
        .collect();
    format!(
        "conformance: files {}, rows {}, sightings {}, repeats {}, quarantined {}, \
         refused files {}",
        taken.len(),
        sums["rows"],
        sums["sightings"],
        sums["repeats"],
        sums["quarantined"],
        refused.len()
    )
}

/// Rows of a file as another reader counts them.
fn counted(path: &Path) -> u64 {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).unwrap();
    reader.byte_records().map(Result::unwrap).count() as u64
}

#[test]
fn every_sample_goes_in_whole_and_alike_on_both_engines() {
    let Some(shared) = data_folder("") else { return };
    let files = samples(&shared);
    let (taken, hash) = taken_in(Engine::Sqlite, &files).expect("SQLite is always there");
    assert_eq!(taken.len(), files.len(), "no file is passed over");
    println!("{}", checked(&taken, &shared));
    for (path, file) in files.iter().zip(&taken) {
        if file["refused"].is_null() {
            assert_eq!(number(file, "rows"), counted(path), "{}", path.display());
        }
    }
    let Some((other, other_hash)) = taken_in(Engine::Postgres, &files) else {
        return println!("skipped: TODOKE_TEST_POSTGRES names no server");
    };
    assert_eq!(checked(&other, &shared), checked(&taken, &shared));
    assert_eq!(other_hash, hash);
}
