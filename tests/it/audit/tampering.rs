//! Tampering: what the chain alone shows, and what only a checkpoint kept outside shows.

use std::fmt::Write as _;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use todoke::check::chain::{Broken, checkpoints::Key, export};

use crate::centre::{Centre, Engine};

/// Tries of each kind.
const TRIES: u32 = 1_000;
/// Leaves of the log that is tampered with.
const LEAVES: usize = 48;

/// A log as it was exported, line by line.
#[derive(Clone)]
struct Log {
    head: Value,
    leaves: Vec<Value>,
}

impl Log {
    fn read(text: &str) -> Self {
        let mut lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        Self { head: lines.next().unwrap(), leaves: lines.collect() }
    }

    /// As an export writes it; whoever tampers has the first line say what fits.
    fn written(mut self) -> Vec<u8> {
        self.head["leaves"] = self.leaves.len().into();
        self.head["hash"] = self.leaves.last().unwrap()["hash"].clone();
        let mut text = line(&self.head, &["format", "key", "leaves", "hash"]);
        for leaf in &self.leaves {
            let fields = ["no", "at", "by", "act", "on", "isp", "detail", "hash"];
            text += &line(leaf, &fields);
        }
        text.into_bytes()
    }

    /// Numbers and hashes made anew from that leaf on, as whoever holds the database can.
    fn chained_anew(mut self, from: usize) -> Self {
        for place in from..self.leaves.len() {
            let last = match place {
                0 => vec![0; 32],
                _ => unhex(self.leaves[place - 1]["hash"].as_str().unwrap()),
            };
            let leaf = &mut self.leaves[place];
            leaf["no"] = (place + 1).into();
            leaf["hash"] = hash(&last, leaf).into();
        }
        self
    }
}

fn line(object: &Value, fields: &[&str]) -> String {
    let pairs = fields.iter().map(|field| format!("\"{field}\":{}", object[field]));
    format!("{{{}}}\n", pairs.collect::<Vec<_>>().join(","))
}

/// The hash of a leaf, by `docs/formats/audit.md`.
fn hash(last: &[u8], leaf: &Value) -> String {
    let mut text = last.to_vec();
    for number in ["no", "at"] {
        text.extend(leaf[number].as_i64().unwrap().to_be_bytes());
    }
    for field in ["by", "act", "on", "isp", "detail"] {
        match leaf[field].as_str() {
            Some(field) => {
                text.extend((field.len() as u64).to_be_bytes());
                text.extend(field.as_bytes());
            }
            None => text.extend([0xff; 8]),
        }
    }
    Sha256::digest(&text).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()
}

/// A leaf that nobody noted.
fn made_up(rng: &mut ChaCha20Rng) -> Value {
    serde_json::json!({
        "no": 0, "at": rng.random_range(0..2_000_000_000_000_000_i64), "by": "desk-9",
        "act": "isp.import", "on": rng.random_range(0..9999).to_string(), "isp": null,
        "detail": null, "hash": "",
    })
}

/// Another value than stands there, in one field of a leaf.
fn alter(leaf: &mut Value, rng: &mut ChaCha20Rng) {
    match rng.random_range(0..6) {
        0 => leaf["at"] = (leaf["at"].as_i64().unwrap() + rng.random_range(1..9_000)).into(),
        1 => leaf["by"] = format!("{}x", leaf["by"].as_str().unwrap()).into(),
        2 => leaf["act"] = "case.list".into(),
        3 => leaf["on"] = "another list".into(),
        4 if leaf["isp"].is_null() => leaf["isp"] = "".into(),
        4 => leaf["isp"] = Value::Null,
        _ if leaf["detail"].is_null() => leaf["detail"] = "".into(),
        _ => leaf["detail"] = Value::Null,
    }
}

/// Flips one bit of the lines of leaves; gives the line it stands in, from 1.
fn flip(text: &mut [u8], rng: &mut ChaCha20Rng) -> usize {
    let first = text.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let place = rng.random_range(first..text.len());
    let line = text[..place].split(|byte| *byte == b'\n').count();
    text[place] ^= 1 << rng.random_range(0..8);
    line
}

type Tamper = fn(Log, &mut ChaCha20Rng) -> Vec<u8>;

/// The kinds, and whether the chain alone must show them.
const KINDS: [(&str, bool, Tamper); 9] = [
    ("a bit of a line flipped", true, |log, rng| {
        let mut text = log.written();
        flip(&mut text, rng);
        text
    }),
    ("a field altered", true, |mut log, rng| {
        let place = rng.random_range(0..LEAVES);
        alter(&mut log.leaves[place], rng);
        log.written()
    }),
    ("a leaf deleted", true, |mut log, rng| {
        log.leaves.remove(rng.random_range(0..LEAVES - 1));
        log.written()
    }),
    ("a leaf deleted, numbers mended", true, |mut log, rng| {
        log.leaves.remove(rng.random_range(0..LEAVES - 1));
        for (no, leaf) in (1..).zip(&mut log.leaves) {
            leaf["no"] = no.into();
        }
        log.written()
    }),
    ("a leaf inserted, its own hash right", true, |mut log, rng| {
        let place = rng.random_range(0..LEAVES);
        log.leaves.insert(place, made_up(rng));
        let mut mended = log.clone().chained_anew(place);
        log.leaves[place] = mended.leaves.swap_remove(place);
        log.written()
    }),
    ("two leaves swapped", true, |mut log, rng| {
        let one = rng.random_range(0..LEAVES);
        let other = (one + rng.random_range(1..LEAVES)) % LEAVES;
        log.leaves.swap(one, other);
        log.written()
    }),
    ("a leaf altered, the rest hashed anew", false, |mut log, rng| {
        let place = rng.random_range(0..LEAVES);
        alter(&mut log.leaves[place], rng);
        log.chained_anew(place).written()
    }),
    ("a leaf deleted, the rest hashed anew", false, |mut log, rng| {
        let place = rng.random_range(0..LEAVES);
        log.leaves.remove(place);
        log.chained_anew(place).written()
    }),
    ("the end cut off", false, |mut log, rng| {
        log.leaves.truncate(rng.random_range(1..LEAVES));
        log.written()
    }),
];

/// A log with a checkpoint in the middle and one at its end, the notes, and the key.
fn kept() -> (Log, String, Key) {
    kept_by(&Centre::open(Engine::Sqlite).unwrap())
}

fn kept_by(centre: &Centre) -> (Log, String, Key) {
    let before = centre.leaves().len();
    centre.notes(0, LEAVES / 2 - before);
    centre.does(&["audit", "checkpoint"]);
    centre.notes(LEAVES / 2 - before, LEAVES / 2);
    centre.does(&["audit", "checkpoint"]);
    let log = Log::read(&std::fs::read_to_string(centre.exports_log()).unwrap());
    assert_eq!(log.leaves.len(), LEAVES);
    let notes = std::fs::read_to_string(centre.checkpoints()).unwrap();
    let key = std::fs::read_to_string(centre.keeps_key()).unwrap();
    (log, notes, key.parse().unwrap())
}

fn verified(text: &[u8], notes: Option<&str>, key: &Key) -> Result<u64, Broken> {
    export(text, notes, std::slice::from_ref(key)).unwrap().map(|whole| whole.leaves)
}

#[test]
fn tampering_is_seen_by_the_chain_or_by_a_checkpoint_kept_outside() {
    let (log, notes, key) = kept();
    let whole = log.clone().written();
    assert_eq!(verified(&whole, Some(&notes), &key), Ok(LEAVES as u64));
    let mut rng = ChaCha20Rng::seed_from_u64(2026);
    println!("| tampering | tried | the chain alone | with a checkpoint |\n|---|---|---|---|");
    for (kind, by_chain, tamper) in KINDS {
        let (mut alone, mut outside) = (0, 0);
        for _ in 0..TRIES {
            let text = tamper(log.clone(), &mut rng);
            assert_ne!(text, whole, "{kind}");
            alone += u32::from(verified(&text, None, &key).is_err());
            outside += u32::from(verified(&text, Some(&notes), &key).is_err());
        }
        println!("| {kind} | {TRIES} | {alone} | {outside} |");
        assert_eq!(outside, TRIES, "{kind}");
        assert_eq!(alone, if by_chain { TRIES } else { 0 }, "{kind}");
    }
}

#[test]
fn the_first_broken_place_is_named() {
    let (log, _, key) = kept();
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    for _ in 0..TRIES {
        let mut text = log.clone().written();
        let line = flip(&mut text, &mut rng);
        let broken = verified(&text, None, &key).unwrap_err();
        let of_leaf = line - 1;
        let places = [format!("line {line}"), format!("leaf {of_leaf}")];
        assert!(places.contains(&broken.place), "{broken:?} where line {line} was changed");
    }
}

#[test]
fn a_bit_of_a_checkpoint_is_a_finding_or_the_note_counts_for_nothing() {
    let (log, notes, key) = kept();
    let whole = log.written();
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    let (mut found, mut unknown) = (0, 0);
    for _ in 0..TRIES {
        let mut bytes = notes.clone().into_bytes();
        let place = rng.random_range(0..bytes.len());
        bytes[place] ^= 1 << rng.random_range(0..8);
        let Ok(text) = String::from_utf8(bytes) else { continue };
        match export(&whole[..], Some(&text), std::slice::from_ref(&key)).unwrap() {
            Err(_) => found += 1,
            // The name or the number of the key: somebody else's note.
            Ok(whole) if whole.unknown == 1 && whole.checkpoints == 1 => unknown += 1,
            // An empty line more between two notes, or the white space at the very end.
            Ok(whole) => assert_eq!(whole.checkpoints, 2, "bit of byte {place}"),
        }
    }
    println!("of {TRIES} bits of notes {found} are found, {unknown} leave a note unknown");
    assert!(found > 700 && unknown > 10, "{found} {unknown}");
}

#[test]
fn a_checkpoint_under_another_key_proves_nothing() {
    let centre = Centre::open(Engine::Sqlite).unwrap();
    let (log, notes, _) = kept_by(&centre);
    let (_, _, stranger) = kept_by(&centre.another());
    let broken = verified(&log.written(), Some(&notes), &stranger).unwrap_err();
    assert_eq!(broken.place, "the checkpoints");
}
