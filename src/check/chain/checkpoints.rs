//! Checkpoints (監査証跡の確認点) as they come back from outside: read, and their signatures checked.
//!
//! They are notes by C2SP's signed-note, one behind the other with an empty line between. Whoever
//! verifies names the keys that count; a note that none of them signed says nothing.

use std::str::FromStr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::signature::{ED25519, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};

use super::{Broken, hex};

/// A key that signs notes (検証鍵), written `NAME+ID+KEY`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "検証鍵")]
pub struct Key {
    name: String,
    id: [u8; 4],
    point: [u8; 32],
}

/// Why a line is no key.
#[derive(Debug, thiserror::Error)]
pub enum NotAKey {
    /// Not three parts.
    #[error("is not written as NAME+ID+KEY")]
    Parts,
    /// Not Ed25519.
    #[error("is no Ed25519 key")]
    Kind,
    /// The ID follows from name and key, and is another.
    #[error("is damaged: its ID does not follow from name and key")]
    Id,
}

impl FromStr for Key {
    type Err = NotAKey;

    fn from_str(line: &str) -> Result<Self, NotAKey> {
        let mut parts = line.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NotAKey::Parts);
        };
        let key = STANDARD.decode(key).map_err(|_| NotAKey::Kind)?;
        let point: [u8; 32] = match key.split_first() {
            Some((1, point)) => point.try_into().map_err(|_| NotAKey::Kind)?,
            _ => return Err(NotAKey::Kind),
        };
        let text = [name.as_bytes(), b"\n\x01", &point].concat();
        let whole: [u8; 32] = Sha256::digest(&text).into();
        let [a, b, c, d, ..] = whole;
        if id != hex(&[a, b, c, d]) {
            return Err(NotAKey::Id);
        }
        Ok(Self { name: name.to_owned(), id: [a, b, c, d], point })
    }
}

/// What a note says of the log (確認点).
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "確認点")]
pub struct Checkpoint {
    /// The number of the last leaf then.
    pub(super) no: i64,
    /// Its hash.
    pub(super) hash: [u8; 32],
    /// When it was signed, as the note says it.
    pub(super) time: String,
}

/// What [`all`] gives; that no note is signed by a key that was given is a finding.
pub fn known(text: &str, keys: &[Key]) -> Result<(Vec<Checkpoint>, usize), Broken> {
    let (signed, unknown) = all(text, keys)?;
    if signed.is_empty() {
        let why = format!("none of {unknown} notes is signed by a key that was given");
        return Err(Broken::at("the checkpoints", why));
    }
    Ok((signed, unknown))
}

/// The notes of a file that one of `keys` signed, by number, and how many others there are.
pub fn all(text: &str, keys: &[Key]) -> Result<(Vec<Checkpoint>, usize), Broken> {
    let (mut signed, mut unknown) = (Vec::new(), 0);
    let mut lines = (1..).zip(text.lines()).peekable();
    loop {
        while lines.next_if(|(_, line)| line.is_empty()).is_some() {}
        let Some((first, _)) = lines.peek().copied() else { break };
        let place = || format!("line {first} of the checkpoints");
        let mut body = Vec::new();
        while let Some((_, line)) = lines.next_if(|(_, line)| !line.is_empty()) {
            body.push(line);
        }
        lines.next();
        let mut signatures = Vec::new();
        while let Some((_, line)) = lines.next_if(|(_, line)| !line.is_empty()) {
            signatures.push(line);
        }
        let note = format!("{}\n", body.join("\n"));
        match is_signed(&note, &signatures, keys).map_err(|why| Broken::at(place(), why))? {
            Some(key) => {
                let read = read(&body, &key.name);
                signed.push(read.ok_or_else(|| Broken::at(place(), "it is no checkpoint"))?);
            }
            None => unknown += 1,
        }
    }
    signed.sort_by_key(|one: &Checkpoint| one.no);
    Ok((signed, unknown))
}

/// The key that signed a note; a signature in the name of a key that does not hold is a finding.
fn is_signed<'k>(
    note: &str,
    signatures: &[&str],
    keys: &'k [Key],
) -> Result<Option<&'k Key>, String> {
    if signatures.is_empty() {
        return Err("it is no signed note".to_owned());
    }
    for line in signatures {
        let parts = line.strip_prefix("— ").and_then(|rest| rest.split_once(' '));
        let signed = parts.and_then(|(name, text)| Some((name, STANDARD.decode(text).ok()?)));
        let Some((name, bytes)) = signed else { return Err("it is no signed note".to_owned()) };
        let Some((id, signature)) = bytes.split_first_chunk::<4>() else { continue };
        let by = keys.iter().find(|key| key.name == name && key.id == *id);
        if let Some(key) = by {
            let point = UnparsedPublicKey::new(&ED25519, &key.point);
            let holds = point.verify(note.as_bytes(), signature);
            return holds.map(|()| Some(key)).map_err(|_| {
                format!("the signature of {name} does not hold: the note was changed")
            });
        }
    }
    Ok(None)
}

fn read(body: &[&str], origin: &str) -> Option<Checkpoint> {
    let [name, no, hash, more @ ..] = body else { return None };
    if *name != origin {
        return None;
    }
    let time = more.iter().find_map(|line| line.strip_prefix("time "));
    Some(Checkpoint {
        no: no.parse().ok().filter(|no| *no >= 0)?,
        hash: STANDARD.decode(hash).ok()?.try_into().ok()?,
        time: time?.to_owned(),
    })
}
