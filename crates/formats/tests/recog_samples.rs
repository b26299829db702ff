//! Every example that the public databases bring along; skipped where they are not there.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{
    fs,
    time::{Duration, Instant},
};

use formats::recog::{BANNER_MAX, Database, Told};

#[path = "../../../tests/support/data_folder.rs"]
mod data_folder;

/// Names of files with databases and their texts.
fn databases() -> Vec<(String, String, Database)> {
    let Some(folder) = data_folder::data_folder("recog/xml") else { return Vec::new() };
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|end| end == "xml")).collect();
    files.sort();
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let database = Database::read(&name, &text).unwrap_or_else(|no| panic!("{name}: {no}"));
        (name, text, database)
    };
    files.into_iter().map(read).collect()
}

#[test]
fn every_public_database_loads_and_every_example_of_it_holds() {
    let all = databases();
    if all.is_empty() {
        return;
    }
    let (mut examples, mut caught_before) = (0, 0);
    let mut failing: Vec<String> = Vec::new();
    for (name, text, database) in &all {
        assert_eq!(database.not_understood, [], "{name}");
        for example in Database::examples(text).unwrap() {
            examples += 1;
            if let Err(why) = database.holds(&example) {
                failing.push(format!("{name}, fingerprint {}: {why}", example.of));
            }
            if let Told::Here(banner) = &example.told {
                let first = database.first(banner).map(|one| one.no);
                caught_before += usize::from(first.is_some_and(|no| no < example.of));
            }
        }
    }
    let fingerprints: usize = all.iter().map(|(_, _, database)| database.len()).sum();
    println!("{fingerprints} fingerprints, {examples} examples, {caught_before} caught before");
    assert_eq!((all.len(), fingerprints, examples), (22, 1_579, 2_155));
    // `docs/formats/recog.md` says that none fails; one that does belongs into a table there.
    assert_eq!(failing, [""; 0]);
    assert_eq!(caught_before, 0);
}

/// Banners made to hold an engine up: half-matches of what the patterns repeat.
fn hostile() -> Vec<Vec<u8>> {
    let fill = |unit: &[u8]| unit.iter().copied().cycle().take(2 * BANNER_MAX).collect::<Vec<u8>>();
    let mut banners: Vec<Vec<u8>> =
        ["a", "0", " ", "\n", "1.1", "a ", "FTP server ", "SSH-2.0-", "ab0. -_/"]
            .iter()
            .map(|unit| fill(unit.as_bytes()))
            .collect();
    let mut seed = 1_u32;
    let noise = |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_be_bytes()[0]
    };
    banners.push((0..BANNER_MAX).map(noise).collect());
    banners
}

#[test]
fn no_banner_holds_a_database_up() {
    // What an unoptimised engine takes on a busy machine says little, so its bound is generous.
    let bound = Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 50 });
    let mut longest = (Duration::ZERO, String::new());
    for (name, _, database) in databases() {
        for banner in hostile() {
            // The quickest of three: the machine has others to serve, and a first use fills caches.
            let once = |_| {
                let begun = Instant::now();
                let _ = database.first(&banner);
                begun.elapsed()
            };
            let took = (0..3).map(once).min().unwrap();
            if took > longest.0 {
                longest = (took, format!("{name}, {:?}", String::from_utf8_lossy(&banner[..8])));
            }
            assert!(took < bound, "{name} takes {took:?}");
        }
    }
    println!("the longest took {longest:?}");
}
