//! Attribution (帰属判定): which ISP served an address at a moment, and why we think so.
//!
//! Third stage: between a sighting and a case. What an ISP declared goes before the public table,
//! the longest prefix first; an AS that several ISPs announce decides nothing. *Unattributed* is a
//! normal outcome with a list of its own. Owns `network_editions`, `network_chunks`,
//! `unattributed`; reads the ISP register.

pub mod networks;
pub(crate) mod store;

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

use ipnet::IpNet;
use serde::Serialize;

use crate::{
    db::{Db, Tx},
    ids::IspId,
    isps::{self, DeclaredPrefix, LeasePolicy},
    sightings::Sighting,
    time::Moment,
};

use networks::Networks;

/// Who served an address (帰属), and why we think so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "帰属判定")]
pub struct Attribution {
    /// The ISP, if one is known.
    pub isp: Option<IspId>,
    /// The origin AS, if the table knows one.
    pub asn: Option<u32>,
    /// Why.
    pub basis: Basis,
    /// What kind of network it is: `declared`, `apartment`, `shared`, `table`, `special`,
    /// `unknown`.
    pub network_kind: &'static str,
    /// How long a line keeps an address there; nothing where nobody serves it.
    pub lease: Option<LeasePolicy>,
}

/// Why an address is held to be an ISP's (根拠).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// The ISP declared the prefix for that time.
    Declared,
    /// The public table names an AS that one ISP announces.
    Table,
    /// Nothing decides.
    None,
}

impl Basis {
    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Table => "table",
            Self::None => "none",
        }
    }
}

/// Everything that attribution asks, loaded once for many addresses.
#[derive(Debug)]
pub struct Attributor {
    declared: HashMap<u8, HashMap<IpNet, Vec<DeclaredPrefix>>>,
    lengths: Vec<u8>,
    by_asn: HashMap<u32, Option<IspId>>,
    leases: HashMap<IspId, LeasePolicy>,
    networks: Networks,
}

impl Attributor {
    /// Loads the register and the edition of the address table in force.
    pub async fn load(db: &Db) -> anyhow::Result<Self> {
        let networks = networks::in_force(db).await?;
        let attributor = Self::new(isps::prefixes(db).await?, &isps::asns(db).await?, networks);
        // Read last: whoever is registered meanwhile then has a policy, if no prefix yet.
        let registered = isps::all(db).await?;
        let leases = registered.into_iter().map(|isp| (isp.id, isp.lease_policy)).collect();
        Ok(Self { leases, ..attributor })
    }

    /// Loads what providers declared, without the address table: enough for
    /// [`Attributor::declared_isp`].
    pub async fn of_declarations(db: &Db) -> anyhow::Result<Self> {
        Ok(Self::new(isps::prefixes(db).await?, &[], Networks::default()))
    }

    fn new(prefixes: Vec<DeclaredPrefix>, asns: &[(i64, IspId)], networks: Networks) -> Self {
        let mut declared: HashMap<u8, HashMap<IpNet, Vec<DeclaredPrefix>>> = HashMap::new();
        for prefix in prefixes {
            let length = declared.entry(prefix.prefix.prefix_len()).or_default();
            length.entry(prefix.prefix).or_default().push(prefix);
        }
        let mut lengths: Vec<u8> = declared.keys().copied().collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        let mut by_asn: HashMap<u32, Option<IspId>> = HashMap::new();
        for (asn, isp) in asns {
            let Ok(asn) = u32::try_from(*asn) else { continue };
            // An AS that two providers announce, as wholesale carriers do, decides nothing.
            by_asn.entry(asn).and_modify(|one| *one = None).or_insert(Some(*isp));
        }
        Self { declared, lengths, by_asn, leases: HashMap::new(), networks }
    }

    /// Who served `ip` at `at`.
    pub fn attribute(&self, ip: IpAddr, at: Moment) -> Attribution {
        let range = self.networks.find(ip);
        let asn = range.as_ref().map(|range| range.asn);
        if let Some(held) = self.declared_at(ip, at) {
            return Attribution {
                isp: Some(held.isp),
                asn,
                basis: Basis::Declared,
                network_kind: kind_word(&held.kind),
                lease: self.leases.get(&held.isp).copied(),
            };
        }
        let isp = asn.and_then(|asn| self.by_asn.get(&asn).copied().flatten());
        Attribution {
            isp,
            asn,
            basis: if isp.is_some() { Basis::Table } else { Basis::None },
            network_kind: match asn {
                Some(_) => "table",
                None if is_special(ip) => "special",
                None => "unknown",
            },
            lease: isp.and_then(|isp| self.leases.get(&isp).copied()),
        }
    }

    /// The declared prefix, or the range of the table, that decides who served `ip` at `at`.
    pub fn prefix(&self, ip: IpAddr, at: Moment) -> Option<String> {
        let range =
            || self.networks.find(ip).map(|range| format!("{}-{}", range.first, range.last));
        self.declared_at(ip, at).map(|held| held.prefix.to_string()).or_else(range)
    }

    /// The ISP that declared `ip` for `at`, if one did.
    pub fn declared_isp(&self, ip: IpAddr, at: Moment) -> Option<IspId> {
        self.declared_at(ip, at).map(|held| held.isp)
    }

    /// The organisation behind an AS, as the table spells it.
    pub fn organisation(&self, asn: u32) -> Option<&str> {
        self.networks.organisation(asn)
    }

    /// The longest declared prefix over `ip` that held at `at`; of two equal ones the later
    /// declaration, since that is the correction.
    fn declared_at(&self, ip: IpAddr, at: Moment) -> Option<&DeclaredPrefix> {
        self.lengths.iter().find_map(|length| {
            let net = IpNet::new(ip, *length).ok()?.trunc();
            let held = self.declared[length].get(&net)?;
            held.iter().filter(|prefix| prefix.held_at(at)).max_by_key(|prefix| prefix.from)
        })
    }
}

fn kind_word(kind: &str) -> &'static str {
    match kind {
        "apartment" => "apartment",
        "shared" => "shared",
        _ => "declared",
    }
}

/// Private, shared (RFC 6598), loopback, link-local and documentation space: nobody's subscriber.
fn is_special(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_documentation()
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// A spot of a batch that nobody serves, from its first sighting in the batch to its last.
pub(crate) struct Unserved<'a> {
    attribution: &'a Attribution,
    first: &'a Sighting<'a>,
    last: &'a Sighting<'a>,
}

/// Keeps sightings that nobody serves, sorted by spot and time, on the list of the unattributed.
pub(crate) async fn record_unattributed(
    tx: &mut Tx,
    rows: &[(&Sighting<'_>, &Attribution)],
) -> crate::db::Result<()> {
    // PostgreSQL refuses a statement that names a key twice, so each spot goes in once.
    let spots: Vec<Unserved<'_>> = rows
        .chunk_by(|(a, _), (b, _)| a.spot == b.spot)
        .filter_map(|same| {
            let ((first, attribution), (last, _)) = (same.first()?, same.last()?);
            Some(Unserved { attribution, first, last })
        })
        .collect();
    store::insert_unattributed(tx, &spots).await
}

/// Which spots of `rows`, that nobody serves, stand on the list of the unattributed already.
pub(crate) async fn known(
    tx: &mut Tx,
    rows: &[(&Sighting<'_>, &Attribution)],
) -> crate::db::Result<HashSet<Vec<u8>>> {
    let mut spots: Vec<Vec<u8>> = rows.iter().map(|(sighting, _)| sighting.spot.to_vec()).collect();
    spots.dedup();
    store::known(tx, &spots).await
}

/// A line of the list of the unattributed (帰属不明).
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Unattributed {
    /// Where it was seen.
    pub spot: Vec<u8>,
    /// The origin AS, if known.
    pub asn: Option<i64>,
    /// What kind of network it is.
    pub network_kind: String,
    /// First sighting.
    pub first_seen: Moment,
    /// Latest sighting.
    pub last_seen: Moment,
}

/// The unattributed, latest first, at most `limit`.
pub async fn unattributed(db: &Db, limit: i64) -> crate::db::Result<Vec<Unattributed>> {
    store::unattributed(db, limit).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn isp(n: u128) -> IspId {
        IspId(uuid::Uuid::from_u128(n))
    }

    fn declared(n: u128, prefix: &str, from: &str, to: Option<&str>) -> DeclaredPrefix {
        DeclaredPrefix {
            isp: isp(n),
            prefix: prefix.parse().unwrap(),
            kind: "declared".into(),
            from: Moment::parse_day(from).unwrap(),
            to: to.map(|to| Moment::parse_day(to).unwrap()),
        }
    }

    #[test]
    fn a_transfer_at_midnight_in_japan_goes_to_the_right_isp_and_the_longest_prefix_wins() {
        let attributor = Attributor::new(
            vec![
                declared(1, "192.0.2.0/24", "2025-01-01", Some("2026-04-01")),
                declared(2, "192.0.2.0/24", "2026-04-01", None),
                declared(3, "192.0.2.128/25", "2025-01-01", None),
            ],
            &[],
            Networks::default(),
        );
        let at = |text: &str| Moment::parse_day(text).unwrap();
        let who = |ip: &str, t: &str| attributor.attribute(ip.parse().unwrap(), at(t)).isp;
        assert_eq!(who("192.0.2.1", "2026-03-31T23:59:59+09:00"), Some(isp(1)));
        assert_eq!(who("192.0.2.1", "2026-04-01T00:00:00+09:00"), Some(isp(2)));
        assert_eq!(who("192.0.2.200", "2026-04-01T00:00:00+09:00"), Some(isp(3)));
        assert_eq!(who("192.0.2.1", "2024-12-31T00:00:00+09:00"), None);
        let nobody = attributor.attribute("198.51.100.1".parse().unwrap(), at("2026-01-01"));
        assert_eq!((nobody.basis, nobody.network_kind), (Basis::None, "special"));
    }

    #[test]
    fn an_as_that_two_isps_announce_decides_nothing() {
        let mut networks = Networks::default();
        networks.push("192.0.2.0".parse().unwrap(), "192.0.2.255".parse().unwrap(), 64500);
        networks.push("198.51.100.0".parse().unwrap(), "198.51.100.255".parse().unwrap(), 64501);
        let asns = [(64500, isp(1)), (64500, isp(2)), (64501, isp(2))];
        let attributor = Attributor::new(vec![], &asns, networks);
        let of = |ip: &str| attributor.attribute(ip.parse().unwrap(), Moment(0));
        assert_eq!((of("192.0.2.9").isp, of("192.0.2.9").asn), (None, Some(64500)));
        assert_eq!(
            (of("198.51.100.9").isp, of("198.51.100.9").basis),
            (Some(isp(2)), Basis::Table)
        );
    }
}
