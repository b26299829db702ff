//! The chain of the audit log (監査記録の検証): whether what the log says is what was noted then.
//!
//! Works on an export without any database, and on the leaves of the store; shares nothing with
//! what writes them, and follows `docs/formats/audit.md` alone. A chain by itself shows each change
//! inside it. That its end is missing, or that all of it was written anew, shows only against a
//! checkpoint that was kept outside; see [`checkpoints`].

pub mod checkpoints;

use std::io::{BufRead, Read as _};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use checkpoints::{Checkpoint, Key};

/// The longest line of an export.
const LINE_MAX: u64 = 1 << 20;

/// The first place at which a log does not hold together (不整合箇所).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[doc(alias = "不整合箇所")]
pub struct Broken {
    /// Which leaf or line.
    pub place: String,
    /// Why.
    pub why: String,
}

impl Broken {
    pub(super) fn at(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self { place: place.into(), why: why.into() }
    }
}

/// A log that holds together (検証結果).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Whole {
    /// Its leaves.
    pub leaves: u64,
    /// The hash of the last one, in hexadecimal digits.
    pub hash: String,
    /// Checkpoints that it was held against.
    pub checkpoints: usize,
    /// The time of the last of them.
    pub signed_until: Option<String>,
    /// Notes that no key signed which counts; they say nothing.
    pub unknown: usize,
}

/// A leaf as an export writes it: these fields in this order, and no other.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Leaf {
    pub(crate) no: i64,
    pub(crate) at: i64,
    pub(crate) by: String,
    pub(crate) act: String,
    pub(crate) on: String,
    pub(crate) isp: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) hash: String,
}

/// The first line of an export.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    key: String,
    leaves: u64,
    hash: String,
}

impl Leaf {
    /// What its hash must be, behind a leaf of the hash `last`.
    pub(crate) fn hash_behind(&self, last: &[u8; 32]) -> [u8; 32] {
        let mut text = Vec::with_capacity(256);
        text.extend_from_slice(last);
        text.extend_from_slice(&self.no.to_be_bytes());
        text.extend_from_slice(&self.at.to_be_bytes());
        let present = [&self.by, &self.act, &self.on].map(Some);
        for field in present.into_iter().chain([self.isp.as_ref(), self.detail.as_ref()]) {
            match field {
                Some(field) => {
                    text.extend_from_slice(&(field.len() as u64).to_be_bytes());
                    text.extend_from_slice(field.as_bytes());
                }
                None => text.extend_from_slice(&[0xff; 8]),
            }
        }
        Sha256::digest(&text).into()
    }
}

/// Follows a chain leaf by leaf.
pub(crate) struct Chain<'a> {
    no: i64,
    hash: [u8; 32],
    signed: &'a [Checkpoint],
}

impl<'a> Chain<'a> {
    /// Before the first leaf; the checkpoints stand in the order of their numbers.
    pub(crate) fn new(signed: &'a [Checkpoint]) -> Self {
        Self { no: 0, hash: [0; 32], signed }
    }

    /// Goes on to the next leaf.
    pub(crate) fn add(&mut self, leaf: &Leaf) -> Result<(), Broken> {
        let (no, place) = (self.no + 1, format!("leaf {}", self.no + 1));
        if leaf.no != no {
            let why = format!("the leaf that stands here has the number {}", leaf.no);
            return Err(Broken::at(place, why));
        }
        let hash = leaf.hash_behind(&self.hash);
        if leaf.hash != hex(&hash) {
            let why = "its hash follows neither from its fields nor from the leaf before it";
            return Err(Broken::at(place, why));
        }
        (self.no, self.hash) = (no, hash);
        for signed in self.signed.iter().filter(|signed| signed.no == no) {
            if signed.hash != hash {
                let why = format!(
                    "at {} another one was signed: leaves up to here were written anew",
                    signed.time
                );
                return Err(Broken::at(place, why));
            }
        }
        Ok(())
    }

    /// Ends the chain.
    pub(crate) fn end(self) -> Result<Whole, Broken> {
        if let Some(signed) = self.signed.iter().find(|signed| signed.no > self.no) {
            let place = format!("the end, behind leaf {}", self.no);
            let why = format!("at {} there were {} leaves: some are gone", signed.time, signed.no);
            return Err(Broken::at(place, why));
        }
        Ok(Whole {
            leaves: self.no.cast_unsigned(),
            hash: hex(&self.hash),
            checkpoints: self.signed.len(),
            signed_until: self.signed.iter().map(|signed| signed.time.clone()).max(),
            unknown: 0,
        })
    }
}

/// Verifies an export. Checkpoints count where one of `keys` signed them; without keys, where the
/// key that the export itself names did, which proves less.
pub fn export(
    mut file: impl BufRead,
    notes: Option<&str>,
    keys: &[Key],
) -> std::io::Result<Result<Whole, Broken>> {
    let first = match line(&mut file, 1)? {
        Ok(first) => first,
        Err(broken) => return Ok(Err(broken)),
    };
    let (head, own) = match head(&first) {
        Ok(head) => head,
        Err(broken) => return Ok(Err(broken)),
    };
    let own = [own];
    let keys = if keys.is_empty() { &own[..] } else { keys };
    let known = notes.map_or(Ok(Default::default()), |notes| checkpoints::known(notes, keys));
    let (signed, unknown) = match known {
        Ok(known) => known,
        Err(broken) => return Ok(Err(broken)),
    };
    let verified = leaves(&mut file, &head, Chain::new(&signed))?;
    Ok(verified.map(|whole| Whole { unknown, ..whole }))
}

fn leaves(
    file: &mut impl BufRead,
    head: &Head,
    mut chain: Chain<'_>,
) -> std::io::Result<Result<Whole, Broken>> {
    let mut number = 1;
    while !file.fill_buf()?.is_empty() {
        number += 1;
        let leaf = line(file, number)?.and_then(|text| as_written(&text, number));
        if let Err(broken) = leaf.and_then(|leaf: Leaf| chain.add(&leaf)) {
            return Ok(Err(broken));
        }
    }
    let (last, hash) = (chain.no.cast_unsigned(), hex(&chain.hash));
    // A checkpoint says more of a missing end than the first line does, so it is asked first.
    let whole = chain.end();
    if whole.is_ok() && (last, &hash) != (head.leaves, &head.hash) {
        let why = format!("the first line speaks of {} leaves and another end", head.leaves);
        return Ok(Err(Broken::at(format!("the end, behind leaf {last}"), why)));
    }
    Ok(whole)
}

fn head(text: &str) -> Result<(Head, Key), Broken> {
    let head: Head = as_written(text, 1)?;
    if head.format != "todoke/audit/1" {
        return Err(Broken::at("line 1", "it names no format that is known: todoke/audit/1"));
    }
    let key = head.key.parse().map_err(|why| Broken::at("line 1", format!("its key {why}")))?;
    Ok((head, key))
}

/// The next line, without its end.
fn line(file: &mut impl BufRead, number: u64) -> std::io::Result<Result<String, Broken>> {
    let bad = |why: &str| Ok(Err(Broken::at(format!("line {number}"), why)));
    let mut text = Vec::new();
    file.take(LINE_MAX).read_until(b'\n', &mut text)?;
    if text.pop() != Some(b'\n') {
        return bad("it breaks off, or is longer than any leaf");
    }
    match String::from_utf8(text) {
        Ok(text) => Ok(Ok(text)),
        Err(_) => bad("it is no UTF-8"),
    }
}

/// Reads a line that must be written as exports write it, to the byte.
fn as_written<T>(text: &str, number: u64) -> Result<T, Broken>
where
    T: for<'t> Deserialize<'t> + Serialize,
{
    let place = || format!("line {number}");
    let read: T = serde_json::from_str(text).map_err(|why| Broken::at(place(), why.to_string()))?;
    match serde_json::to_string(&read) {
        Ok(again) if again == text => Ok(read),
        _ => Err(Broken::at(place(), "it is not written as an export writes it")),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |four: u8| char::from(DIGITS[usize::from(four)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
