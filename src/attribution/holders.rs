//! Holders (保有者): the rule that says who serves an address, given who claims it at a moment.
//!
//! What an ISP declared goes before the public table, the longest prefix first; of two equal ones
//! the later declaration, since that is the correction. Where carriers sell lines wholesale, the
//! retail ISP that declares a longer prefix is the one; the carrier is asked where it forwards. A
//! contradiction decides nothing: a list in wrong hands is worse than none. Owns no table.

use std::collections::HashMap;

use super::{Attribution, Basis, Why};
use crate::{
    ids::IspId,
    isps::{
        AnnouncedAs, DeclaredPrefix, Isp, Kind, Register, Wholesale,
        upstream::{self, Above},
    },
    time::Moment,
};

/// Who announces an AS number.
#[derive(Clone, Copy, Debug)]
enum Announced {
    /// One ISP.
    By(IspId),
    /// Several, of which this one forwards to the others.
    Forwarded(IspId),
    /// Several, and nobody knows which.
    BySeveral,
}

/// What the register says of providers, for [`Holders::decide`].
pub(super) struct Holders<'a> {
    register: &'a Register,
    isps: HashMap<IspId, &'a Isp>,
    above: Above<'a>,
    by_asn: HashMap<u32, Vec<AnnouncedAs>>,
}

impl<'a> Holders<'a> {
    pub(super) fn of(register: &'a Register) -> Self {
        let isps: HashMap<IspId, &Isp> = register.isps.iter().map(|isp| (isp.id, isp)).collect();
        let mut by_asn: HashMap<u32, Vec<AnnouncedAs>> = HashMap::new();
        for one in &register.asns {
            by_asn.entry(one.asn).or_default().push(*one);
        }
        Self { register, above: upstream::above(&register.isps), isps, by_asn }
    }

    /// Every moment at which a provider begins or ceases to announce that AS.
    pub(super) fn changes_of(&self, asn: u32) -> impl Iterator<Item = Moment> {
        let all = self.by_asn.get(&asn).into_iter().flatten();
        all.flat_map(|one| [Some(one.from), one.to]).flatten()
    }

    /// Who serves an address at `at`: `declared` are the places in the register of all prefixes
    /// over it, and `asn` is what the table says.
    pub(super) fn decide(&self, declared: &[usize], asn: Option<u32>, at: Moment) -> Attribution {
        let over = || declared.iter().map(|place| &self.register.prefixes[*place]);
        let held = || over().filter(|prefix| prefix.held_at(at));
        let longest = held().map(|prefix| (prefix.prefix.prefix_len(), prefix.from)).max();
        let Some(longest) = longest else { return self.announced(asn, at) };
        let last = held().filter(|one| (one.prefix.prefix_len(), one.from) == longest);
        let last: Vec<&DeclaredPrefix> = last.collect();
        match self.lowest(&last) {
            Some(one) => self.declared(one, asn),
            None => Attribution { asn, ..Attribution::nobody(Why::Contradiction, "declared") },
        }
    }

    /// Of equal declarations the one whose provider sits behind all others: they sell it lines.
    fn lowest<'p>(&self, equal: &[&'p DeclaredPrefix]) -> Option<&'p DeclaredPrefix> {
        let code = |one: &DeclaredPrefix| self.isps.get(&one.isp).map(|isp| isp.code.as_str());
        let is_behind = |one: &DeclaredPrefix, other: &DeclaredPrefix| {
            let both = code(other).zip(code(one));
            both.is_some_and(|(upper, lower)| upstream::is_above(upper, lower, &self.above))
        };
        let is_lowest = |one: &&&DeclaredPrefix| {
            equal.iter().all(|other| other.isp == one.isp || is_behind(one, other))
        };
        equal.iter().find(is_lowest).copied()
    }

    fn declared(&self, one: &DeclaredPrefix, asn: Option<u32>) -> Attribution {
        let found = if one.kind == Kind::Wholesale {
            self.of_carrier(one.isp, Basis::Declared, Why::DeclaredCarrier)
        } else {
            self.served(one.isp, (Basis::Declared, one.kind.word()), Why::Declared)
        };
        Attribution { asn, ..found }
    }

    /// Who announces an AS at `at`, if anybody does.
    fn announcer(&self, asn: u32, at: Moment) -> Option<Announced> {
        let held = self.by_asn.get(&asn)?.iter().filter(|one| one.held_at(at));
        let mut isps: Vec<IspId> = held.map(|one| one.isp).collect();
        isps.sort_unstable();
        isps.dedup();
        let forwards = |isp: &IspId| {
            self.isps.get(isp).is_some_and(|isp| isp.wholesale == Wholesale::Forwards)
        };
        match isps[..] {
            [] => None,
            [one] => Some(Announced::By(one)),
            _ => {
                isps.retain(forwards);
                Some(match isps[..] {
                    [one] => Announced::Forwarded(one),
                    _ => Announced::BySeveral,
                })
            }
        }
    }

    fn announced(&self, asn: Option<u32>, at: Moment) -> Attribution {
        let Some(number) = asn else { return Attribution::nobody(Why::NotInTable, "unknown") };
        let found = match self.announcer(number, at) {
            None => Attribution::nobody(Why::Unregistered, "table"),
            Some(Announced::BySeveral) => Attribution::nobody(Why::AnnouncedBySeveral, "table"),
            Some(Announced::Forwarded(isp)) => {
                self.of_carrier(isp, Basis::Table, Why::AnnouncedCarrier)
            }
            Some(Announced::By(isp)) => match self.isps.get(&isp).map(|isp| isp.wholesale) {
                Some(Wholesale::Forwards | Wholesale::Silent) => {
                    self.of_carrier(isp, Basis::Table, Why::AnnouncedCarrier)
                }
                _ => self.served(isp, (Basis::Table, "table"), Why::Announced),
            },
        };
        Attribution { asn, ..found }
    }

    /// What is found at a carrier's address that no retail ISP declared.
    fn of_carrier(&self, isp: IspId, basis: Basis, why: Why) -> Attribution {
        let forwards = self.isps.get(&isp).is_some_and(|isp| isp.wholesale == Wholesale::Forwards);
        let kind = Kind::Wholesale.word();
        let found = if forwards {
            self.served(isp, (basis, kind), why)
        } else {
            Attribution::nobody(Why::SilentCarrier, kind)
        };
        Attribution { carrier: Some(isp), ..found }
    }

    fn served(&self, isp: IspId, (basis, kind): (Basis, &'static str), why: Why) -> Attribution {
        let lease = self.isps.get(&isp).map(|isp| isp.lease_policy);
        Attribution { isp: Some(isp), basis, lease, ..Attribution::nobody(why, kind) }
    }
}
