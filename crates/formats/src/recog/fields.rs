//! What a banner tells (指紋の項目): the fields of a fingerprint, filled from its groups.

use std::collections::BTreeMap;

use regex::bytes::Captures;

use super::xml::RawParam;

/// Bytes of a field; values that name each other in turn would otherwise grow without end.
const FIELD_MAX: usize = 4_096;

/// 指紋の一致: which fingerprint matched, and the fields it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias = "指紋の一致")]
pub struct Match<'d> {
    /// The place of the fingerprint in its file, from 0.
    pub no: usize,
    /// Its description.
    pub description: &'d str,
    /// The fields by name: `hw.vendor`, `hw.product`, `os.device`, `service.version`, …
    pub fields: BTreeMap<&'d str, String>,
}

impl Match<'_> {
    /// A field, if it is told and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }
}

/// A field of a fingerprint.
#[derive(Debug)]
pub(super) struct Param {
    name: String,
    source: Source,
}

/// Where its text comes from.
#[derive(Debug)]
enum Source {
    Group(usize),
    Fixed(String),
    /// A fixed text with names of other fields in braces.
    Composed(String),
}

/// The fields as they are used.
pub(super) fn params(raw: Vec<RawParam>) -> Vec<Param> {
    let one = |RawParam { pos, name, value }| {
        let source = match pos {
            0 if pieces(&value).any(|piece| matches!(piece, Piece::Field(_))) => {
                Source::Composed(value)
            }
            0 => Source::Fixed(value),
            group => Source::Group(group),
        };
        Param { name, source }
    };
    raw.into_iter().map(one).collect()
}

/// Fills fields: first those that need no other, then the composed ones in order of the file.
pub(super) fn fill<'d>(
    params: &'d [Param],
    groups: &Captures<'_>,
    protocol: Option<&str>,
) -> BTreeMap<&'d str, String> {
    let mut fields = BTreeMap::new();
    for param in params {
        let text = match &param.source {
            Source::Group(group) => match groups.get(*group) {
                Some(found) => String::from_utf8_lossy(found.as_bytes()).into_owned(),
                None => continue,
            },
            Source::Fixed(text) | Source::Composed(text) => text.clone(),
        };
        fields.insert(param.name.as_str(), text);
    }
    for param in params {
        if let Source::Composed(text) = &param.source {
            match composed(&param.name, text, &fields) {
                Some(text) => fields.insert(&param.name, text),
                None => fields.remove(param.name.as_str()),
            };
        }
    }
    fields.retain(|name, _| !name.starts_with("_tmp."));
    if let Some(protocol) = protocol {
        fields.entry("service.protocol").or_insert_with(|| protocol.to_owned());
    }
    fields
}

/// A text with the fields it names put in. Without one of them it tells nothing; only a missing
/// version leaves `-` in a platform name (CPE), which is how that says "any".
fn composed(name: &str, text: &str, fields: &BTreeMap<&str, String>) -> Option<String> {
    let mut whole = String::with_capacity(text.len());
    for piece in pieces(text) {
        let piece = match piece {
            Piece::Text(text) => text,
            Piece::Field(wanted) => match fields.get(wanted) {
                Some(found) => found,
                None if last(name) == "cpe23" && last(wanted) == "version" => "-",
                // Braces that name no field, as in a quantifier that is quoted, stay as they are.
                None if wanted.bytes().all(|byte| byte.is_ascii_digit()) => &text_of(wanted),
                None => return None,
            },
        };
        if whole.len() + piece.len() > FIELD_MAX {
            break;
        }
        whole.push_str(piece);
    }
    Some(whole)
}

/// The last part of a field's name.
fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn text_of(wanted: &str) -> String {
    format!("{{{wanted}}}")
}

enum Piece<'t> {
    Text(&'t str),
    Field(&'t str),
}

/// Splits a value at names in braces; a name holds neither space nor brace.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, after)) = named(rest) {
            rest = after;
            return Some(Piece::Field(name));
        }
        let later = rest.char_indices().skip(1).find(|(at, _)| named(&rest[*at..]).is_some());
        let (piece, after) = rest.split_at(later.map_or(rest.len(), |(at, _)| at));
        rest = after;
        Some(Piece::Text(piece))
    })
}

/// The name in braces that `text` begins with, and what follows it.
fn named(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('{')?.split_once('}')?;
    let plain = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '{');
    plain.then_some((name, after))
}
