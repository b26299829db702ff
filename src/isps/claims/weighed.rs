//! Weighing (照合): what a claim changes in the register, and whose declarations stand against it.
//!
//! Plain functions over the register as a value. Two declarations of one address at one moment are
//! ordinary where the wider one's provider sells lines wholesale there, or is the upstream of the
//! other one's: then the longest prefix decides, and both are marked by what they are. Any other
//! two are a conflict. Owns no table.

use std::{collections::BTreeMap, mem};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Act, Asked, ClaimRefused, Subject};
use crate::{
    isps::{
        Kind, Register, Wholesale,
        difference::Difference,
        entry::{self, Announced, Declared, Entry, Standing},
        upstream::{self, Above},
    },
    time::Moment,
};

/// How the declaration of another provider lies to what is claimed (重なり方).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// It is the same.
    Same,
    /// It lies within what is claimed.
    Narrower,
    /// What is claimed lies within it.
    Wider,
}

/// A declaration of another provider that stands against a claim (競合).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[doc(alias = "競合")]
pub struct Conflict {
    /// The other provider's code.
    pub isp: String,
    /// Its prefix or AS number.
    pub what: String,
    /// How it lies to what is claimed.
    pub how: How,
    /// From when it declared it.
    pub from: Moment,
    /// Until when.
    pub to: Option<Moment>,
}

impl Conflict {
    /// In words.
    pub fn told(&self) -> String {
        let how = match self.how {
            How::Same => "the same",
            How::Narrower => "a part of it",
            How::Wider => "what it lies in",
        };
        format!("{} declared {how}, {}", self.isp, self.what)
    }
}

/// What becomes of declarations that stand against a claim (競合の解決).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "競合の解決")]
pub enum Resolution {
    /// Nothing: there are none, or their providers give them back first.
    None,
    /// They end for that time; of a wider one the claimed part goes, as the longest prefix decides.
    HandOver,
    /// They stand, and both are marked as standing beside each other.
    Beside,
}

/// What a claim changes (照合結果).
#[derive(Clone, Debug)]
#[doc(alias = "照合結果")]
pub struct Weighed {
    /// Declarations that stand against it.
    pub conflicts: Vec<Conflict>,
    /// Those of them that stand beside it afterwards, marked so by the decision.
    pub beside: Vec<Conflict>,
    /// What it changes in the register.
    pub difference: Difference,
    /// How the providers that it touches stand.
    pub before: Standing,
    /// How they stand afterwards.
    pub after: Standing,
}

type Times = (Moment, Option<Moment>);

/// Whether two times have a moment in common.
pub(super) fn is_together(one: Times, other: Times) -> bool {
    one.1.is_none_or(|end| other.0 < end) && other.1.is_none_or(|end| one.0 < end)
}

/// What the claim of the provider with that code changes in `register`.
pub fn weigh(
    register: &Register,
    (code, asked): (&str, &Asked),
    resolution: Resolution,
) -> Result<Weighed, ClaimRefused> {
    let mut all = by_code(register);
    let above = upstream::above(&register.isps);
    if !all.contains_key(code) {
        return Err(ClaimRefused::NotRegistered(code.to_owned()));
    }
    let conflicts = match asked.act {
        Act::Take => conflicts(&all, &above, (code, asked)),
        Act::GiveBack => Vec::new(),
    };
    let before = all.clone();
    let mut beside = conflicts.clone();
    if resolution == Resolution::HandOver {
        // A wider one still serves what lies around: the longest prefix decides.
        beside.retain(|one| one.how == How::Wider);
        for one in conflicts.iter().filter(|one| one.how != How::Wider) {
            if let Some(entry) = all.get_mut(&one.isp) {
                cut(entry, &one.what, (asked.from, asked.to));
            }
        }
    }
    if let Some(entry) = all.get_mut(code) {
        take(entry, asked)?;
    }
    let (before, after) = touched(before, all);
    let difference = Difference::between(&before, &after);
    if difference.is_empty() {
        return Err(ClaimRefused::Stands);
    }
    Ok(Weighed { conflicts, beside, difference, before, after })
}

/// The providers that stand in the register, by code.
fn by_code(register: &Register) -> BTreeMap<String, Entry> {
    let mut entries = entry::entries(register);
    let standing = register.isps.iter().filter(|isp| isp.removed_at.is_none());
    standing.filter_map(|isp| Some((isp.code.clone(), entries.remove(&isp.id)?))).collect()
}

/// Those that differ, before and after.
fn touched(
    before: BTreeMap<String, Entry>,
    mut after: BTreeMap<String, Entry>,
) -> (Standing, Standing) {
    let (mut old, mut new) = (Standing::new(), Standing::new());
    for (code, entry) in before {
        let Some(changed) = after.remove(&code).filter(|changed| *changed != entry) else {
            continue;
        };
        old.insert(code.clone(), Some(entry));
        new.insert(code, Some(changed));
    }
    (old, new)
}

/// Writes what is asked for into the provider's own entry.
fn take(entry: &mut Entry, asked: &Asked) -> Result<(), ClaimRefused> {
    let (from, to) = (asked.from, asked.to);
    let what = match &asked.subject {
        Subject::Prefix { prefix, .. } => prefix.to_string(),
        Subject::Asn(asn) => as_number(*asn),
    };
    let is_cut = cut(entry, &what, (from, to));
    match (asked.act, &asked.subject) {
        (Act::GiveBack, _) if !is_cut => return Err(ClaimRefused::NothingToGive),
        (Act::GiveBack, _) => {}
        (Act::Take, Subject::Prefix { prefix, kind, name, notify }) => {
            let (name, notify) = (name.clone(), *notify);
            entry.declare(Declared { prefix: *prefix, kind: *kind, from, to, name, notify });
        }
        (Act::Take, Subject::Asn(asn)) => put(&mut entry.asns, Announced { asn: *asn, from, to }),
    }
    Ok(())
}

fn put(asns: &mut Vec<Announced>, new: Announced) {
    asns.retain(|one| (one.asn, one.from) != (new.asn, new.from));
    let place = asns.partition_point(|one| (one.asn, one.from) < (new.asn, new.from));
    asns.insert(place, new);
}

fn as_number(asn: u32) -> String {
    format!("AS{asn}")
}

/// Ends for that time what `entry` says of exactly this prefix or AS number; what it said of the
/// time before and afterwards stays. Whether it said anything.
fn cut(entry: &mut Entry, what: &str, times: Times) -> bool {
    let (mut is_cut, mut rest) = (false, Vec::new());
    for one in mem::take(&mut entry.prefixes) {
        if one.prefix.to_string() != what || !is_together((one.from, one.to), times) {
            entry.prefixes.push(one);
            continue;
        }
        is_cut = true;
        for (from, to) in left((one.from, one.to), times) {
            rest.push(Declared { from, to, ..one.clone() });
        }
    }
    for one in rest {
        // Where another declaration begins at that very moment, it decided before, too.
        if !entry.prefixes.iter().any(|old| (old.prefix, old.from) == (one.prefix, one.from)) {
            entry.declare(one);
        }
    }
    let mut rest = Vec::new();
    for one in mem::take(&mut entry.asns) {
        if as_number(one.asn) != what || !is_together((one.from, one.to), times) {
            entry.asns.push(one);
            continue;
        }
        is_cut = true;
        let all = left((one.from, one.to), times).into_iter();
        rest.extend(all.map(|(from, to)| Announced { asn: one.asn, from, to }));
    }
    for one in rest {
        if !entry.asns.iter().any(|old| (old.asn, old.from) == (one.asn, one.from)) {
            put(&mut entry.asns, one);
        }
    }
    is_cut
}

/// What is left of `whole` without `times`.
fn left(whole: Times, times: Times) -> Vec<Times> {
    let mut left = Vec::new();
    if whole.0 < times.0 {
        left.push((whole.0, Some(times.0)));
    }
    if let Some(end) = times.1
        && whole.1.is_none_or(|last| last > end)
    {
        left.push((end, whole.1));
    }
    left
}

/// Declarations of others that stand against what is claimed.
fn conflicts(
    all: &BTreeMap<String, Entry>,
    above: &Above<'_>,
    (code, asked): (&str, &Asked),
) -> Vec<Conflict> {
    let mut found = Vec::new();
    for (isp, entry) in all.iter().filter(|(isp, _)| *isp != code) {
        match &asked.subject {
            Subject::Prefix { prefix, kind, .. } => {
                let mine = Laid { isp: code, prefix, kind: *kind, from: asked.from };
                found.extend(entry.prefixes.iter().filter_map(|one| {
                    let how = how(&one.prefix, prefix)?;
                    let other = Laid { isp, prefix: &one.prefix, kind: one.kind, from: one.from };
                    let is_ordinary =
                        is_ordinary(&mine, &other, above) || is_ordinary(&other, &mine, above);
                    let what = one.prefix.to_string();
                    let (isp, from, to) = (isp.clone(), one.from, one.to);
                    (!is_ordinary).then_some(Conflict { isp, what, how, from, to })
                }));
            }
            Subject::Asn(asn) => {
                let sells = |code: &str| {
                    all.get(code).is_some_and(|one| one.wholesale != Wholesale::Retail)
                };
                if sells(isp) || sells(code) {
                    continue;
                }
                let same = entry.asns.iter().filter(|one| one.asn == *asn);
                found.extend(same.map(|one| Conflict {
                    isp: isp.clone(),
                    what: as_number(one.asn),
                    how: How::Same,
                    from: one.from,
                    to: one.to,
                }));
            }
        }
    }
    found.retain(|one| is_together((one.from, one.to), (asked.from, asked.to)));
    found.sort();
    found
}

fn how(other: &IpNet, claimed: &IpNet) -> Option<How> {
    if other == claimed {
        Some(How::Same)
    } else if claimed.contains(other) {
        Some(How::Narrower)
    } else {
        other.contains(claimed).then_some(How::Wider)
    }
}

/// A declaration, as far as it matters beside another.
struct Laid<'a> {
    isp: &'a str,
    prefix: &'a IpNet,
    kind: Kind,
    from: Moment,
}

/// Whether `lower` lies in `upper` as a retail provider's prefix does in that of its carrier or
/// upstream, so that the rule gives it the subscribers.
fn is_ordinary(lower: &Laid<'_>, upper: &Laid<'_>, above: &Above<'_>) -> bool {
    let lies = upper.prefix.contains(lower.prefix)
        // Of equal prefixes the one that began later decides.
        && (upper.prefix != lower.prefix || lower.from >= upper.from);
    let sells = upper.kind == Kind::Wholesale && lower.kind != Kind::Wholesale;
    lies && (sells || upstream::is_above(upper.isp, lower.isp, above))
}

#[cfg(test)]
mod tests;
