//! Ways in: files come by themselves, each once, and a source in trouble is left alone for a while.

mod folder;
mod mailbox;
mod reports;
mod schedule;
mod taxii;

use std::{
    fs,
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    actors::SCANNER,
    builders::{csv, hit, provider},
    centre::{Answer, Centre},
};

const DAY: &str = "2026-04-01";

/// A list with one device, which its number tells apart.
fn list(number: usize) -> String {
    let ip = format!("198.18.{}.{}", number / 200, 1 + number % 200);
    csv(&[hit("r1", "2026-03-30T10:00:00+09:00", &ip)])
}

impl Centre {
    /// Has the scanner's feed, and a provider that serves its devices.
    fn is_ready(&self) -> &Self {
        self.serves(&[provider("isp-a", "static", "198.18.0.0/16")])
    }

    /// A file that nobody else may read.
    fn secret(&self, name: &str, text: &str) -> String {
        let file = self.file(name, text);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        file
    }

    /// Makes a way of the scanner's feed that runs every hour.
    #[track_caller]
    fn has_way(&self, kind: &str, options: &[&str]) -> Answer {
        let head = ["feed", "way", "add", SCANNER, "--kind", kind, "--every", "1h"];
        self.does(&[&head, options].concat())
    }

    fn runs_way(&self, name: &str) -> Answer {
        self.tries(&["feed", "way", "run", &format!("{SCANNER}/{name}")])
    }

    /// Does what is due; gives what it said of ways.
    fn works(&self) -> Vec<Value> {
        let answer = self.tries(&["work", "--once"]);
        assert!(answer.status < 2, "{answer:?}");
        answer.lines.into_iter().filter(|line| !line["way"].is_null()).collect()
    }

    #[track_caller]
    fn way(&self, name: &str) -> Value {
        let ways = self.does(&["feed", "way", "list"]).lines;
        let found = ways.iter().find(|way| way["name"] == name);
        found.unwrap_or_else(|| panic!("no way {name} among {ways:?}")).clone()
    }

    /// The bytes of all files that came, by name.
    fn archived(&self) -> Vec<(String, Vec<u8>)> {
        let files = self.does(&["feed", "files"]).lines;
        let mut all: Vec<_> = files
            .iter()
            .map(|file| {
                let hash = file["sha256"].as_str().unwrap();
                let path = self.data().join("archive").join(format!("{hash}.zst"));
                let mut raw = Vec::new();
                let packed = fs::File::open(path).unwrap();
                zstd::Decoder::new(packed).unwrap().read_to_end(&mut raw).unwrap();
                (file["file"].as_str().unwrap().to_owned(), raw)
            })
            .collect();
        all.sort();
        all
    }

    /// Starts a node that works until it is told to stop.
    fn node(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
}

/// Files that came, in already, refused.
fn came(line: &Value) -> [i64; 3] {
    ["files", "known", "refused"].map(|name| line[name].as_i64().unwrap())
}

#[track_caller]
fn fault(line: &Value) -> &str {
    line["fault"].as_str().unwrap_or_else(|| panic!("no fault in {line}"))
}

/// Waits until something holds, and fails when it does not come to hold.
#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_mins(1), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Tells a process to stop, as the system does; gives its exit status.
fn stops(mut child: Child) -> Option<i32> {
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    child.wait().unwrap().code()
}
