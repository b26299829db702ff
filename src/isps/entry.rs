//! Entries (登録内容): what the register says of one provider, as a value.
//!
//! The file of a register, the store and an import that is remembered all come down to it, so that
//! they can be held against each other. Owns no table.

use std::collections::BTreeMap;

use formats::report_back::Recipient;
use serde::{Deserialize, Serialize};

use super::{AnnouncedAs, DeclaredPrefix, Isp, Kind, Register, Wholesale};
use crate::{ids::IspId, time::Moment};

/// A provider as the register has it (登録内容), kept as JSON with each import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[doc(alias = "登録内容")]
pub struct Entry {
    /// Its short name.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The code of the provider it sits behind.
    pub upstream: Option<String>,
    /// What it does for subscribers of others.
    pub wholesale: Wholesale,
    /// How long a line keeps an address.
    pub lease_policy: String,
    /// Its subscriber lines.
    pub lines: Option<i64>,
    /// The AS numbers it announces, by number and beginning.
    pub asns: Vec<Announced>,
    /// The prefixes it declared, by prefix and beginning.
    pub prefixes: Vec<Declared>,
}

/// A prefix of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// The prefix.
    pub prefix: ipnet::IpNet,
    /// What kind of network it is.
    pub kind: Kind,
    /// From this moment on.
    pub from: Moment,
    /// Until this moment.
    pub to: Option<Moment>,
    /// What an apartment house is called.
    pub name: Option<String>,
    /// Who is told of what all share there.
    pub notify: Option<Recipient>,
}

/// An AS number of an entry. An import that an older version remembers has the number alone, which
/// holds for all time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Remembered")]
pub struct Announced {
    /// The number.
    pub asn: u32,
    /// From this moment on.
    pub from: Moment,
    /// Until this moment.
    pub to: Option<Moment>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Remembered {
    Number(u32),
    Times { asn: u32, from: Moment, to: Option<Moment> },
}

impl From<Remembered> for Announced {
    fn from(remembered: Remembered) -> Self {
        match remembered {
            Remembered::Number(asn) => Self { asn, from: Moment(i64::MIN), to: None },
            Remembered::Times { asn, from, to } => Self { asn, from, to },
        }
    }
}

impl Announced {
    /// Whether its times were stated; a number without holds for all time.
    fn is_dated(&self) -> bool {
        self.from > Moment(i64::MIN) || self.to.is_some()
    }
}

/// Providers by code, nothing where one is not in the register.
pub type Standing = BTreeMap<String, Option<Entry>>;

impl Entry {
    /// Adds a prefix; the same one from the same moment is said anew.
    pub(super) fn declare(&mut self, new: Declared) {
        let key = |one: &Declared| (one.prefix, one.from);
        match self.prefixes.binary_search_by_key(&key(&new), key) {
            Ok(place) => self.prefixes[place] = new,
            Err(place) => self.prefixes.insert(place, new),
        }
    }

    /// Adds an AS number; the same one from the same moment is said anew. Rows of a provider repeat
    /// its numbers, so that one whose times are stated anywhere is not widened by the others.
    pub(super) fn announce(&mut self, new: Announced) {
        let mut others = self.asns.iter().filter(|one| one.asn == new.asn);
        if !new.is_dated() && others.any(Announced::is_dated) {
            return;
        }
        self.asns.retain(|one| one.asn != new.asn || (one.is_dated() && one.from != new.from));
        let key = |one: &Announced| (one.asn, one.from);
        let place = self.asns.partition_point(|one| key(one) < key(&new));
        self.asns.insert(place, new);
    }

    /// What is no prefix and no AS number, in words, which say all of it.
    pub(super) fn head(&self) -> String {
        let mut words = vec![format!("{:?}", self.name), self.lease_policy.clone()];
        words.extend(self.upstream.as_ref().map(|upstream| format!("behind {upstream}")));
        words.extend(self.wholesale.word().map(|word| format!("wholesale {word}")));
        words.extend(self.lines.map(|lines| format!("{lines} lines")));
        words.join(" ")
    }
}

/// Every provider of the register as an entry.
pub fn entries(register: &Register) -> BTreeMap<IspId, Entry> {
    let of_isp = |isp: &Isp| Entry {
        code: isp.code.clone(),
        name: isp.name.clone(),
        upstream: isp.upstream.clone(),
        wholesale: isp.wholesale,
        lease_policy: isp.lease_policy.to_string(),
        lines: isp.lines,
        ..Entry::default()
    };
    let mut entries: BTreeMap<IspId, Entry> =
        register.isps.iter().map(|isp| (isp.id, of_isp(isp))).collect();
    for AnnouncedAs { isp, asn, from, to } in register.asns.iter().copied() {
        entries.entry(isp).or_default().announce(Announced { asn, from, to });
    }
    for prefix in &register.prefixes {
        let DeclaredPrefix { isp, prefix, kind, from, to, name, notify } = prefix.clone();
        let declared = Declared { prefix, kind, from, to, name, notify };
        entries.entry(isp).or_default().declare(declared);
    }
    entries
}

/// The register once these providers stand as `after` says. Those that it lacks stay out.
#[must_use]
pub fn once(mut register: Register, after: &Standing) -> Register {
    for (code, entry) in after {
        let Some(isp) = register.isps.iter_mut().find(|isp| isp.code == *code) else { continue };
        let id = isp.id;
        if let Some(policy) = entry.as_ref().and_then(|entry| entry.lease_policy.parse().ok()) {
            isp.lease_policy = policy;
        }
        register.prefixes.retain(|one| one.isp != id);
        register.asns.retain(|one| one.isp != id);
        let Some(entry) = entry.clone() else { continue };
        register.prefixes.extend(entry.prefixes.into_iter().map(|one| {
            let Declared { prefix, kind, from, to, name, notify } = one;
            DeclaredPrefix { isp: id, prefix, kind, from, to, name, notify }
        }));
        register.asns.extend(entry.asns.into_iter().map(|one| {
            let Announced { asn, from, to } = one;
            AnnouncedAs { isp: id, asn, from, to }
        }));
    }
    register
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_remembered_by_an_older_version_has_its_numbers_for_all_time() {
        let remembered: Vec<Announced> =
            serde_json::from_str(r#"[64496, {"asn": 64497, "from": 7, "to": null}]"#).unwrap();
        let at = |asn, from| Announced { asn, from: Moment(from), to: None };
        assert_eq!(remembered, [at(64_496, i64::MIN), at(64_497, 7)]);
        let again = serde_json::to_string(&remembered).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Announced>>(&again).unwrap(), remembered);
    }

    #[test]
    fn a_number_whose_times_are_stated_is_not_widened_by_rows_that_repeat_it() {
        let asn = |from, to: Option<i64>| Announced {
            asn: 64_496,
            from: Moment(from),
            to: to.map(Moment),
        };
        let (always, first, then) = (asn(i64::MIN, None), asn(i64::MIN, Some(5)), asn(9, None));
        for rows in [[always, first, then], [first, always, then], [then, first, always]] {
            let mut entry = Entry::default();
            rows.into_iter().for_each(|row| entry.announce(row));
            assert_eq!(entry.asns, [first, then]);
        }
    }
}
