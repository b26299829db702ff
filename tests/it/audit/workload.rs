//! A random workload: whatever is done in whatever order, leaves and deeds are the same.

use std::collections::{BTreeMap, BTreeSet};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use crate::{
    actors::SCANNER,
    builders::{csv, hit, provider},
    centre::{Centre, on_both_engines},
};

/// Commands of a run.
const STEPS: usize = 90;
/// Who acts.
const PEOPLE: [&str; 3] = ["desk-1", "desk-2", "editor-1"];

/// What is known of the centre without asking it.
#[derive(Default)]
struct Model {
    /// The registers that were imported, the one in force last.
    registers: Vec<u8>,
    feeds: BTreeSet<String>,
    mappings: BTreeMap<&'static str, &'static str>,
    ways: BTreeSet<String>,
    files: BTreeSet<u32>,
    dismissed: BTreeSet<u32>,
}

impl Model {
    /// Does something, and gives the leaves that it must leave, as `ACT ON`; `*` is any object.
    #[expect(clippy::too_many_lines, reason = "one arm for each command that is drawn")]
    fn step(&mut self, centre: &Centre, by: &str, rng: &mut ChaCha20Rng) -> Vec<String> {
        let run = |args: &[&str]| {
            let mut command = centre.command(args);
            let done = command.arg("--json").env("USER", by).output().unwrap();
            assert!(done.status.code().is_some_and(|code| code < 2), "{args:?}: {done:?}");
            String::from_utf8(done.stdout).unwrap()
        };
        let no = rng.random_range(0..4_u8);
        let one = |did: bool, leaf: &str| if did { vec![leaf.to_owned()] } else { Vec::new() };
        let file = u32::from(no);
        match rng.random_range(0..14) {
            0 => {
                let rows = [provider("isp-a", "static", &format!("198.18.{no}.0/24"))];
                run(&["isp", "import", &centre.file("isps.csv", csv(&rows))]);
                let is_new = self.registers.last() != Some(&no);
                if is_new {
                    self.registers.push(no);
                }
                one(is_new, "isp.import *")
            }
            1 => {
                run(&["isp", "undo", "--reason", "x", "--by", by]);
                one(self.registers.pop().is_some(), "isp.undo *")
            }
            2 => {
                let name = format!("feed-{no}");
                run(&["feed", "add", &name, "--format", "scan-list", "--stream", "notice"]);
                one(self.feeds.insert(name.clone()), &format!("feed.add {name}"))
            }
            3 => {
                let sample = "検知日時,IPアドレス\n2026/03/01 09:05:00,198.18.0.1\n";
                let sample = centre.file("sample.csv", sample);
                let weakness = ["infected", "weak_credentials"][usize::from(no % 2)];
                let constant = format!("weakness_code={weakness}");
                let constants = ["--constant", "zone=JST", "--constant", &constant];
                let save = ["--save", "jp", "--by", by];
                run(&[&["feed", "map", &sample][..], &constants, &save].concat());
                one(self.mappings.insert("jp", weakness) != Some(weakness), "feed.map jp")
            }
            4 => {
                let (path, name) = (centre.desk().display().to_string(), format!("way-{no}"));
                let kind = ["--kind", "folder", "--path", &path, "--every", "1h", "--name", &name];
                run(&[&["feed", "way", "add", SCANNER][..], &kind].concat());
                let name = format!("{SCANNER}/{name}");
                one(self.ways.insert(name.clone()), &format!("way.add {name}"))
            }
            5 | 6 => {
                let way = format!("{SCANNER}/way-{no}");
                let verb = ["pause", "resume", "remove"][rng.random_range(0..3)];
                run(&["feed", "way", verb, &way]);
                let did = self.ways.contains(&way);
                if verb == "remove" {
                    self.ways.remove(&way);
                }
                one(did, &format!("way.{verb} {way}"))
            }
            7 | 8 => {
                let row = hit("r1", "2026-03-30T10:00:00+09:00", "nowhere").with("port", 20 + file);
                let path = centre.file(&format!("{file}.csv"), csv(&[row]));
                run(&["ingest", "--feed", SCANNER, &path]);
                one(self.files.insert(file), "file.enter *")
            }
            9 | 10 if !self.files.contains(&file) => Vec::new(),
            9 | 10 => {
                let files = "SELECT name FROM feed_files ORDER BY received_at, id";
                assert!(centre.stored(files).contains(&format!("{file}.csv")));
                let all = run(&["feed", "files"]);
                let all = all.lines().map(|line| serde_json::from_str(line).unwrap());
                let all: Vec<serde_json::Value> = all.collect();
                let known = all.iter().find(|one| one["file"] == format!("{file}.csv")).unwrap();
                let id = known["id"].as_str().unwrap();
                let verb = ["dismiss", "reopen"][usize::from(rng.random_bool(0.5))];
                run(&["quarantine", verb, id, "--reason", "x", "--by", by]);
                let did = match verb {
                    "dismiss" => self.dismissed.insert(file),
                    _ => self.dismissed.remove(&file),
                };
                one(did, &format!("quarantine.{verb} {id}"))
            }
            11 => {
                run(&["quarantine", "list"]);
                vec!["quarantine.list all".to_owned()]
            }
            12 => {
                run(&["unattributed"]);
                vec!["unattributed.list all".to_owned()]
            }
            _ => {
                let quiet: [&[&str]; 5] = [
                    &["case", "list"],
                    &["isp", "list"],
                    &["lookup", "198.18.0.1"],
                    &["case", "show", "00000000-0000-7000-8000-000000000000"],
                    &["notice", "prepare", "--isp", "nobody"],
                ];
                run(quiet[rng.random_range(0..quiet.len())]);
                Vec::new()
            }
        }
    }
}

on_both_engines! {
    fn leaves_are_the_deeds_of_a_random_workload(centre) {
        centre.does(&["feed", "add", SCANNER, "--format", "scan-list", "--stream", "notice"]);
        let mut rng = ChaCha20Rng::seed_from_u64(4);
        let (mut model, mut wanted) = (Model::default(), Vec::new());
        let before = centre.leaves().len();
        for _ in 0..STEPS {
            let by = PEOPLE[rng.random_range(0..PEOPLE.len())];
            let leaves = model.step(&centre, by, &mut rng);
            wanted.extend(leaves.into_iter().map(|leaf| format!("{leaf} {by}")));
        }
        let left = centre.leaves().split_off(before);
        let is = |(wanted, left): (&String, &String)| {
            wanted.split_once('*').map_or(wanted == left, |(begin, end)| {
                left.starts_with(begin) && left.ends_with(end)
            })
        };
        assert_eq!(left.len(), wanted.len(), "{left:#?} and not {wanted:#?}");
        for pair in wanted.iter().zip(&left) {
            assert!(is(pair), "{pair:?}");
        }
        println!("{STEPS} commands, {} leaves", left.len());
        assert!(left.len() > STEPS / 3);
        centre.does(&["audit", "verify"]);
    }
}
