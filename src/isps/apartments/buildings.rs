//! Buildings (建物): how apartment houses are built, as far as their provider says.
//!
//! A building has parts, each with a prefix, perhaps a range of ports, and a way in which it gets
//! its addresses. The most specific part that held at a moment tells of a sighting; where two are
//! equally specific and say different things, nobody knows, and neither is taken. Owns no table.

use std::{fmt, net::IpAddr, str::FromStr};

use formats::report_back::{Placement, Recipient};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::AddressUse;
use crate::{isps::is_within, time::Moment};

/// How a part of a building gets its addresses (アドレスの配り方).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[doc(alias = "アドレスの配り方")]
pub enum Addressing {
    /// A public IPv4 address of its own.
    Global,
    /// A private address behind the house's router, which forwards ports to it.
    PortForwarding,
    /// A private address to which nothing is forwarded.
    Private,
    /// An IPv4 address that several share by ports.
    PortShared,
    /// IPv6, a prefix for each home.
    Ipv6PerHome,
    /// IPv6, one prefix for several homes.
    Ipv6Shared,
    /// A line of the tenant's own, from a provider of their choice.
    OwnProvider,
}

impl Addressing {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Global,
        Self::PortForwarding,
        Self::Private,
        Self::PortShared,
        Self::Ipv6PerHome,
        Self::Ipv6Shared,
        Self::OwnProvider,
    ];

    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::PortForwarding => "port_forwarding",
            Self::Private => "private",
            Self::PortShared => "port_shared",
            Self::Ipv6PerHome => "ipv6_per_home",
            Self::Ipv6Shared => "ipv6_shared",
            Self::OwnProvider => "own_provider",
        }
    }

    /// As what it counts for a sighting that says a port, or says none.
    pub fn of_sighting(self, port: bool) -> AddressUse {
        match self {
            Self::Global => AddressUse::Global,
            Self::PortForwarding => AddressUse::PortForwarding,
            Self::Private => AddressUse::NotForwarded,
            Self::PortShared => AddressUse::PortShared { port },
            Self::Ipv6PerHome => AddressUse::Ipv6 { per_home: true },
            Self::Ipv6Shared => AddressUse::Ipv6 { per_home: false },
            Self::OwnProvider => AddressUse::OwnProvider,
        }
    }

    /// Whether such addresses are IPv6 ones; nothing where they may be either.
    fn is_v6(self) -> Option<bool> {
        match self {
            Self::Ipv6PerHome | Self::Ipv6Shared => Some(true),
            Self::OwnProvider => None,
            _ => Some(false),
        }
    }

    /// Whether a prefix can be given out so.
    pub(super) fn fits(self, prefix: &IpNet) -> bool {
        self.is_v6().is_none_or(|v6| v6 == matches!(prefix, IpNet::V6(_)))
    }
}

/// A word that is no way to give out addresses.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is none of global, port_forwarding, private, port_shared, ipv6_per_home, ipv6_shared, \
     own_provider"
)]
pub struct NotAddressing(String);

impl FromStr for Addressing {
    type Err = NotAddressing;

    fn from_str(word: &str) -> Result<Self, NotAddressing> {
        let known = Self::ALL.into_iter().find(|one| one.word() == word);
        known.ok_or_else(|| NotAddressing(word.to_owned()))
    }
}

impl TryFrom<String> for Addressing {
    type Error = NotAddressing;

    fn try_from(word: String) -> Result<Self, NotAddressing> {
        word.parse()
    }
}

impl fmt::Display for Addressing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A part of a building (区画): a unit, or the building as a whole where no unit is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[doc(alias = "区画")]
pub struct Part {
    /// The provider's own label of the unit.
    pub unit: Option<String>,
    /// Whether it is one that all share or a home, where the provider says so.
    pub placement: Option<Placement>,
    /// Its addresses.
    pub prefix: IpNet,
    /// The first and last of its ports, where it has but some.
    pub ports: Option<(u16, u16)>,
    /// How it gets its addresses.
    pub addressing: Addressing,
    /// From this moment on.
    pub from: Moment,
    /// Until this moment, which is no longer part of it.
    pub to: Option<Moment>,
}

impl Part {
    fn has(&self, ip: IpAddr, port: Option<u16>, at: Moment) -> bool {
        let is_port = |(first, last)| port.is_some_and(|port| (first..=last).contains(&port));
        self.prefix.contains(&ip)
            && self.ports.is_none_or(is_port)
            && is_within(at, self.from, self.to)
    }

    /// How specific it is: by its prefix, then by its ports.
    fn closeness(&self) -> (u8, u16) {
        let ports = self.ports.map_or(0, |(first, last)| u16::MAX - (last - first));
        (self.prefix.prefix_len(), ports)
    }

    /// Whether both would tell of the same sighting and neither is more specific.
    pub(super) fn clashes(&self, other: &Self) -> bool {
        let meet = |(a, b): (u16, u16), (c, d): (u16, u16)| a <= d && c <= b;
        let ports = match (self.ports, other.ports) {
            (Some(own), Some(others)) => meet(own, others),
            (None, None) => true,
            _ => false,
        };
        let ends_before = |a: &Self, b: &Self| a.to.is_some_and(|to| to <= b.from);
        self.prefix == other.prefix
            && ports
            && self.closeness() == other.closeness()
            && !ends_before(self, other)
            && !ends_before(other, self)
    }
}

/// A building (建物) as its provider says it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[doc(alias = "建物")]
pub struct Building {
    /// The provider's own label.
    pub label: String,
    /// What it is called.
    pub name: Option<String>,
    /// With whom the provider has its contract: owner, management company or association.
    pub contract_party: Option<Recipient>,
    /// Its parts.
    pub parts: Vec<Part>,
}

/// What a provider says of the place of a sighting (建物と区画).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The label of the building.
    pub building: String,
    /// With whom the provider has its contract there.
    pub contract_party: Option<Recipient>,
    /// The label of the unit, if it is known.
    pub unit: Option<String>,
    /// Whether it is one that all share or a home, where the provider says so.
    pub placement: Option<Placement>,
    /// How it gets its addresses; nothing where two parts say different things.
    pub addressing: Option<Addressing>,
}

/// The part that tells of a sighting at `ip` and `port` at `at`, if a building has one.
pub fn find(
    buildings: &[Building],
    (ip, port): (IpAddr, Option<u16>),
    at: Moment,
) -> Option<Found> {
    let all = buildings.iter().flat_map(|one| one.parts.iter().map(move |part| (one, part)));
    let held: Vec<_> = all.filter(|(_, part)| part.has(ip, port, at)).collect();
    let closest = held.iter().map(|(_, part)| part.closeness()).max()?;
    let mut told = held.into_iter().filter(|(_, part)| part.closeness() == closest);
    let (building, part) = told.next()?;
    let mut found = Found {
        building: building.label.clone(),
        contract_party: building.contract_party,
        unit: part.unit.clone(),
        placement: part.placement,
        addressing: Some(part.addressing),
    };
    for (other, part) in told {
        let same = other.label == found.building;
        found.contract_party = found.contract_party.filter(|_| same);
        found.unit = found.unit.filter(|unit| same && part.unit.as_ref() == Some(unit));
        found.placement = found.placement.filter(|one| part.placement == Some(*one));
        found.addressing = found.addressing.filter(|one| part.addressing == *one);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(unit: &str, prefix: &str, ports: Option<(u16, u16)>, addressing: Addressing) -> Part {
        Part {
            unit: (!unit.is_empty()).then(|| unit.to_owned()),
            placement: None,
            prefix: prefix.parse().unwrap(),
            ports,
            addressing,
            from: Moment(10),
            to: None,
        }
    }

    fn house(parts: Vec<Part>) -> Vec<Building> {
        let contract_party = Some(Recipient::Association);
        vec![Building { label: "b1".into(), name: None, contract_party, parts }]
    }

    fn at(houses: &[Building], ip: &str, port: Option<u16>) -> Option<Found> {
        find(houses, (ip.parse().unwrap(), port), Moment(20))
    }

    #[test]
    fn the_most_specific_part_tells_and_its_time_counts() {
        let houses = house(vec![
            part("", "192.0.2.0/24", None, Addressing::Private),
            part("u1", "192.0.2.7/32", None, Addressing::Global),
            part("u2", "192.0.2.8/32", Some((1024, 2047)), Addressing::PortShared),
        ]);
        let used = |ip, port| at(&houses, ip, port).unwrap().addressing;
        assert_eq!(used("192.0.2.9", None), Some(Addressing::Private));
        assert_eq!(used("192.0.2.7", None), Some(Addressing::Global));
        assert_eq!(used("192.0.2.8", Some(2000)), Some(Addressing::PortShared));
        assert_eq!(used("192.0.2.8", None), Some(Addressing::Private), "no port names no unit");
        assert_eq!(at(&houses, "198.51.100.1", None), None);
        assert_eq!(find(&houses, ("192.0.2.7".parse().unwrap(), None), Moment(9)), None);
    }

    #[test]
    fn of_two_parts_that_say_different_things_neither_is_taken() {
        let houses = house(vec![
            part("u1", "192.0.2.7/32", None, Addressing::Global),
            part("u2", "192.0.2.7/32", None, Addressing::Private),
        ]);
        let found = at(&houses, "192.0.2.7", None).unwrap();
        assert_eq!((found.unit, found.addressing), (None, None));
        assert_eq!(found.contract_party, Some(Recipient::Association));
        assert!(houses[0].parts[0].clashes(&houses[0].parts[1]));
    }
}
