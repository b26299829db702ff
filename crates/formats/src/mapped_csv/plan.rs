//! A mapping laid over the header of one file: what becomes of each cell.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;

use super::clock::Clock;
use super::mapping::{Columns, Key, Mapping, Required, unusable};
use crate::table::Word;
use crate::{Detail, Exposure, FileRefused, Kind, Reading, Weakness, credentials, text};

/// What becomes of a cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    Ignore,
    Key(Key),
    /// A text of [`Detail::NAMES`], by its place there.
    Text(usize),
    Extra(Arc<str>),
}

/// One column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) target: Target,
    /// Whether an unreadable cell refuses the row.
    pub(super) required: bool,
    pub(super) part: Option<Regex>,
    /// Whether no reader keeps its cells.
    pub(super) secret: bool,
    /// Whether they are hidden in a row that is refused.
    pub(super) masked: bool,
}

/// What becomes of each cell of a file.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) names: Vec<String>,
    pub(super) columns: Vec<Column>,
    pub(super) unknown: Vec<String>,
    pub(super) missing: Vec<String>,
    pub(super) constants: Vec<(Target, String)>,
    pub(super) clock: Clock,
    types: BTreeMap<String, String>,
}

/// Where the hash of a serial number goes.
fn serial() -> Target {
    Target::Text(Detail::NAMES.iter().position(|name| *name == "serial_hash").unwrap_or_default())
}

/// What one column holds by the words of a mapping.
fn target(word: &str) -> Result<Target, FileRefused> {
    let word = word.trim();
    if word.is_empty() || word == "__IGNORE__" || word == "ignore" {
        return Ok(Target::Ignore);
    }
    if let Some(key) = Key::read(word) {
        return Ok(Target::Key(key));
    }
    if let Some(at) = Detail::NAMES.iter().position(|name| *name == word) {
        return Ok(Target::Text(at));
    }
    let name = word.strip_prefix("extra.").filter(|name| !name.is_empty());
    let unknown = || unusable(format!("{word:?} is no field; extra.{word} keeps it as it is"));
    name.map(|name| Target::Extra(name.into())).ok_or_else(unknown)
}

fn code(name: &str) -> String {
    text::narrow(name).to_lowercase()
}

impl Plan {
    pub(super) fn of(
        mapping: &Mapping,
        names: Option<Vec<String>>,
        reading: Reading,
    ) -> Result<Self, FileRefused> {
        let mut missing = Vec::new();
        let (names, targets) = match (&mapping.columns, names) {
            (Columns::ByPosition(list), _) => {
                let targets = list.iter().map(|w| target(w)).collect::<Result<Vec<_>, _>>()?;
                (list.clone(), targets)
            }
            (Columns::ByName(map), names) => {
                let names: Vec<String> = names.unwrap_or_default();
                let lower: Vec<String> = names.iter().map(|n| code(n)).collect();
                let mut by_name = BTreeMap::new();
                for (name, word) in map {
                    if !lower.contains(&code(name)) {
                        missing.push(name.clone());
                    }
                    by_name.insert(code(name), target(word)?);
                }
                let extra = |name: &String| Target::Extra(name.as_str().into());
                let of = |(name, code): (&String, &String)| {
                    by_name.get(code).cloned().unwrap_or_else(|| extra(name))
                };
                let targets = names.iter().zip(&lower).map(of).collect();
                (names, targets)
            }
        };
        let mut this = Self {
            unknown: unknown(mapping, &names),
            missing,
            columns: Vec::new(),
            constants: Vec::new(),
            clock: Clock::of(mapping, reading)?,
            types: mapping.type_translation.clone(),
            names,
        };
        for (word, value) in &mapping.constants {
            this.constants.push((target(word)?, value.clone()));
        }
        this.lay(mapping, targets)?;
        this.check(mapping)?;
        Ok(this)
    }

    fn lay(&mut self, mapping: &Mapping, targets: Vec<Target>) -> Result<(), FileRefused> {
        let mut parts = Vec::new();
        for (word, pattern) in &mapping.column_regex_search {
            let bad = |e| unusable(format!("the pattern of {word} cannot be read: {e}"));
            parts.push((target(word)?, Regex::new(pattern).map_err(bad)?));
        }
        for (at, target) in targets.into_iter().enumerate() {
            let name = &self.names[at];
            let required = match &mapping.columns_required {
                None => true,
                Some(Required::Flags(flags)) => flags.get(at).copied().unwrap_or(true),
                Some(Required::Names(list)) => list.iter().any(|n| code(n) == code(name)),
            };
            let part = parts.iter().find(|(of, _)| *of == target).map(|(_, part)| part.clone());
            let told = |word: &str| word.split('.').any(credentials::is_credential);
            let withheld = credentials::is_withheld(name);
            let secret =
                told(name) || matches!(&target, Target::Extra(word) if told(word) || withheld);
            let masked = secret || withheld || target == serial();
            self.columns.push(Column { target, required, part, secret, masked });
        }
        Ok(())
    }

    /// Every key without which no row can be read must come from somewhere.
    fn check(&self, mapping: &Mapping) -> Result<(), FileRefused> {
        if let Some(Required::Names(list)) = &mapping.columns_required
            && let Some(lost) = list.iter().find(|n| !self.names.iter().any(|c| code(c) == code(n)))
        {
            return Err(FileRefused::MissingColumn(lost.clone()));
        }
        let from = |key: Key| {
            self.columns.iter().any(|c| c.target == Target::Key(key))
                || self.constants.iter().any(|(target, _)| *target == Target::Key(key))
        };
        for key in [Key::Ip, Key::DetectedAt] {
            if !from(key) {
                let lost = self.missing.first();
                return Err(match lost {
                    Some(name) => FileRefused::MissingColumn(name.clone()),
                    None => unusable(format!("no column is {key}")),
                });
            }
        }
        if !from(Key::Exposure) && !from(Key::Weakness) {
            let what = "no column and no constant is exposure or weakness_code";
            return Err(unusable(what.to_owned()));
        }
        for word in self.types.values() {
            self.exposure(word, None).ok_or_else(|| {
                unusable(format!("type_translation: {word:?} is no exposure like infected/mirai"))
            })?;
        }
        Ok(())
    }

    /// The exposure a word stands for.
    pub(super) fn exposure(&self, word: &str, kind: Option<&str>) -> Option<Exposure> {
        let word = self.types.get(word).map_or(word, String::as_str);
        let (weakness, own) = match word.split_once('/') {
            Some((weakness, own)) => (weakness, Some(own)),
            None => (word, None),
        };
        let weakness: Weakness = Word::read(weakness)?;
        let kind = own.or(kind).unwrap_or(weakness.code());
        Some(Exposure { weakness, kind: Kind::bent(kind) })
    }

    pub(super) fn credentials(&self) -> Vec<String> {
        let named = self.names.iter().zip(&self.columns);
        named.filter(|(_, column)| column.secret).map(|(name, _)| name.clone()).collect()
    }
}

/// Columns of the header the mapping does not name.
fn unknown(mapping: &Mapping, names: &[String]) -> Vec<String> {
    let Columns::ByName(map) = &mapping.columns else { return Vec::new() };
    let known: Vec<String> = map.keys().map(|name| code(name)).collect();
    names.iter().filter(|name| !known.contains(&code(name))).cloned().collect()
}
