//! Difference (差分): what an import changes in the register, told before anybody relies on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::entry::{Announced, Declared, Entry, Standing};
use crate::time::Moment;

/// What an import changes in the register (台帳の差分).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[doc(alias = "台帳の差分")]
pub struct Difference {
    /// Providers that come in or go.
    pub providers: Counts,
    /// Their declared prefixes.
    pub prefixes: Counts,
    /// Their AS numbers.
    pub asns: Counts,
    /// Each change.
    pub changes: Vec<Change>,
}

/// How many are added, removed, changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Not there before.
    pub added: u64,
    /// There before alone.
    pub removed: u64,
    /// There before and after, and not alike.
    pub changed: u64,
}

/// One change (変更点).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The code of the provider.
    pub isp: String,
    /// `provider`, `prefix` or `asn`.
    pub what: String,
    /// `added`, `removed` or `changed`.
    pub change: String,
    /// What it is about, and how it stands afterwards.
    pub value: String,
}

impl Difference {
    /// What leads from `before` to `after`, which name the same providers.
    pub fn between(before: &Standing, after: &Standing) -> Self {
        let mut difference = Self::default();
        for (code, new) in after {
            let old = before.get(code).and_then(Option::as_ref);
            difference.provider(code, old, new.as_ref());
        }
        difference
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    fn provider(&mut self, code: &str, old: Option<&Entry>, new: Option<&Entry>) {
        let heads = |entry: Option<&Entry>| -> BTreeMap<(), String> {
            entry.map(|entry| ((), entry.head())).into_iter().collect()
        };
        self.compare((code, "provider"), &heads(old), &heads(new));
        let asns = |entry: Option<&Entry>| -> BTreeMap<(u32, Moment), String> {
            let asns = entry.map_or(&[][..], |entry| &entry.asns);
            let words =
                |one: &Announced| with_times(vec![format!("AS{}", one.asn)], one.from, one.to);
            asns.iter().map(|one| ((one.asn, one.from), words(one))).collect()
        };
        self.compare((code, "asn"), &asns(old), &asns(new));
        let prefixes = |entry: Option<&Entry>| -> BTreeMap<(String, Moment), String> {
            let prefixes = entry.map_or(&[][..], |entry| &entry.prefixes);
            prefixes.iter().map(|one| ((one.prefix.to_string(), one.from), words(one))).collect()
        };
        self.compare((code, "prefix"), &prefixes(old), &prefixes(new));
    }

    fn compare<K: Ord>(
        &mut self,
        (isp, what): (&str, &str),
        old: &BTreeMap<K, String>,
        new: &BTreeMap<K, String>,
    ) {
        let mut counts = Counts::default();
        let mut note = |change: &str, value: &String| {
            let (isp, what) = (isp.to_owned(), what.to_owned());
            let value = value.clone();
            self.changes.push(Change { isp, what, change: change.to_owned(), value });
        };
        for (key, value) in old {
            if !new.contains_key(key) {
                counts.removed += 1;
                note("removed", value);
            }
        }
        for (key, value) in new {
            match old.get(key) {
                None => {
                    counts.added += 1;
                    note("added", value);
                }
                Some(before) if before != value => {
                    counts.changed += 1;
                    note("changed", value);
                }
                Some(_) => {}
            }
        }
        let sum = match what {
            "provider" => &mut self.providers,
            "asn" => &mut self.asns,
            _ => &mut self.prefixes,
        };
        sum.added += counts.added;
        sum.removed += counts.removed;
        sum.changed += counts.changed;
    }
}

/// A declaration in words, which say all of it: where they are alike, nothing changed.
fn words(one: &Declared) -> String {
    let mut words = vec![one.prefix.to_string(), one.kind.word().to_owned()];
    words.extend(one.name.as_ref().map(|name| format!("{name:?}")));
    words.extend(one.notify.map(|whom| format!("told to {whom}")));
    with_times(words, one.from, one.to)
}

fn with_times(mut words: Vec<String>, from: Moment, to: Option<Moment>) -> String {
    if from > Moment(i64::MIN) {
        words.push(format!("from {}", from.rfc3339()));
    }
    words.extend(to.map(|to| format!("to {}", to.rfc3339())));
    words.join(" ")
}
