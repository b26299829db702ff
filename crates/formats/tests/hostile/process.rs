//! Reads one file in a process of its own and measures it.
//!
//! The process is this test programme again, told by its environment what to read: so the reader
//! measured is the reader tested, and no other test shares its memory.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use formats::unpack::Limits;
use formats::{Encoding, FileRefused, Reading, Row, scan_list, unfold};

/// 2026-11-23T00:00:00Z in microseconds.
pub(crate) const NOW: i64 = 1_795_392_000_000_000;
/// More memory than this above an idle reader is a fault, in KiB.
const KIB_MAX: u64 = 64 << 10;
/// So long may one file take, the start of its process included, built without optimisation and
/// with other tests beside it.
const SECONDS_MAX: u64 = 30;
const FILE: &str = "FORMATS_HOSTILE_FILE";

/// What a reader makes of a delivery.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Rows understood.
    pub(crate) good: usize,
    /// Refusals of rows and of files, by their reason.
    pub(crate) refused: Vec<(String, usize)>,
    /// The words of the last refusal of a file.
    pub(crate) told: String,
    /// What was unfolded in all.
    pub(crate) bytes: u64,
}

/// Counts what is read.
struct Counted<R>(R, std::sync::Arc<AtomicUsize>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.fetch_add(read, Ordering::Relaxed);
        Ok(read)
    }
}

/// The child: reads the file it is told and prints its answer.
#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn child() {
    let path = PathBuf::from(std::env::var_os(FILE).expect("a file to read"));
    let name = path.file_name().unwrap().to_str().unwrap();
    let name = name.split_once('-').unwrap().1;
    let (mut good, mut refused) = (0, BTreeMap::<&str, usize>::new());
    let bytes = std::sync::Arc::new(AtomicUsize::new(0));
    let mut told = String::new();
    let mut refuse = |why: FileRefused| {
        told = match &why {
            FileRefused::Io(fault) => fault.to_string(),
            why => why.to_string(),
        };
        *refused.entry(why.code()).or_default() += 1;
    };
    let parts = unfold(name, &path, Limits::UPLOAD).unwrap_or_else(|why| {
        refuse(why);
        Vec::new()
    });
    let mut reasons = BTreeMap::<&str, usize>::new();
    for part in parts {
        let reading = Reading::at(NOW).encoded(Encoding::Auto);
        let open = |opened| scan_list::open(Counted(opened, bytes.clone()), reading);
        match part.open().and_then(open) {
            Ok(rows) => {
                for row in rows {
                    match row {
                        Ok(Row::Detection(_)) => good += 1,
                        Ok(Row::Refused(row)) => {
                            *reasons.entry(row.reason.code()).or_default() += 1;
                        }
                        Err(fault) => refuse(fault.into()),
                    }
                }
            }
            Err(why) => refuse(why),
        }
    }
    for (reason, count) in reasons {
        *refused.entry(reason).or_default() += count;
    }
    let bytes = bytes.load(Ordering::Relaxed);
    let answer = serde_json::json!({
        "good": good, "refused": refused, "told": told, "bytes": bytes, "kib": peak_kib(),
    });
    println!("\nANSWER {answer}");
}

/// The most memory this process ever held, in KiB; nothing where the system does not say.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Reads `bytes`, delivered as `name`, in a process of its own; holds time and memory to their
/// bounds.
pub(crate) fn answer(name: &str, bytes: &[u8]) -> Answer {
    let (idle, _) = read("idle.csv", b"scan_run\n");
    let begun = Instant::now();
    let (kib, answer) = read(name, bytes);
    let took = begun.elapsed();
    match (idle, kib) {
        (Some(idle), Some(kib)) => {
            let more = kib.saturating_sub(idle);
            println!(
                "{name}: {} KiB, {more} KiB above idle, {took:?}, {answer:?}",
                bytes.len() >> 10
            );
            assert!(more <= KIB_MAX, "{name}: {more} KiB above an idle reader");
        }
        _ => println!("skipped: no /proc, so the memory of {name} is not measured"),
    }
    assert!(took.as_secs() < SECONDS_MAX, "{name} takes {took:?}");
    answer
}

fn read(name: &str, bytes: &[u8]) -> (Option<u64>, Answer) {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let file = format!("hostile_{}_{number}-{name}", std::process::id());
    let path = std::env::temp_dir().join(file);
    std::fs::write(&path, bytes).unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "process::child", "--nocapture", "--test-threads=1"])
        .env(FILE, &path)
        .output()
        .unwrap();
    std::fs::remove_file(&path).unwrap();
    let out = String::from_utf8_lossy(&child.stdout);
    let told = out.lines().find_map(|line| line.strip_prefix("ANSWER "));
    let failed =
        || panic!("{name}: {}\n{out}\n{}", child.status, String::from_utf8_lossy(&child.stderr));
    let told: serde_json::Value = serde_json::from_str(told.unwrap_or_else(failed)).unwrap();
    let refused = told["refused"].as_object().unwrap().iter();
    let count = |n: &serde_json::Value| usize::try_from(n.as_u64().unwrap()).unwrap();
    let answer = Answer {
        good: count(&told["good"]),
        refused: refused.map(|(reason, n)| (reason.clone(), count(n))).collect(),
        told: told["told"].as_str().unwrap().to_owned(),
        bytes: told["bytes"].as_u64().unwrap(),
    };
    (told["kib"].as_u64(), answer)
}
