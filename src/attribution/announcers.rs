//! Announcers (広告元): which AS the table names over a prefix, and who in the register announces it.
//!
//! Whoever decides on a claim reads it beside the claim: a prefix that another network announces is
//! worth a question. Owns no table; reads the ISP register.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;
use serde::Serialize;

use super::{
    editions,
    hands::{self, Hands},
    networks::Networks,
};
use crate::{db::Db, isps::Register, time::Moment};

/// An AS over some of a prefix (広告元).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[doc(alias = "広告元")]
pub struct Announcer {
    /// The number.
    pub asn: u32,
    /// The organisation behind it, as the table spells it.
    pub organisation: Option<String>,
    /// The codes of the providers that announce it at that moment, by the register.
    pub isps: Vec<String>,
    /// How many IPv4 addresses of the prefix, or IPv6 networks of 64 bits, begun ones counted.
    pub addresses: u64,
}

/// Who announces parts of `prefix` at `at`, by the edition of the table that holds then; and how
/// many addresses change hands when the register stands as the second one instead of the first.
/// Without a prefix all addresses are looked at.
pub async fn over(
    db: &Db,
    (before, after): (&Register, &Register),
    prefix: Option<IpNet>,
    at: Moment,
) -> anyhow::Result<(Vec<Announcer>, Hands)> {
    let (networks, _) = editions::at(db, at).await?;
    let Some(prefix) = prefix else {
        return Ok((Vec::new(), hands::of_registers(&networks, (before, after), None, at)));
    };
    let networks = networks.around(&prefix);
    let hands = hands::of_registers(&networks, (before, after), Some(&prefix), at);
    Ok((found(&networks, before, (prefix, at)), hands))
}

fn found(
    networks: &Networks,
    register: &Register,
    (prefix, at): (IpNet, Moment),
) -> Vec<Announcer> {
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    for range in networks.ranges() {
        let first = range.first.max(prefix.network());
        let last = range.last.min(prefix.broadcast());
        if range.first.is_ipv4() == prefix.network().is_ipv4() && first <= last {
            let count = counts.entry(range.asn).or_default();
            *count = count.saturating_add(how_many(first, last));
        }
    }
    let announcer = |(asn, addresses): (u32, u64)| {
        let held = register.asns.iter().filter(|one| one.asn == asn && one.held_at(at));
        let mut isps: Vec<String> =
            held.filter_map(|one| Some(register.isp(one.isp)?.code.clone())).collect();
        isps.sort();
        isps.dedup();
        let organisation = networks.organisation(asn).map(str::to_owned);
        Announcer { asn, organisation, isps, addresses }
    };
    counts.into_iter().map(announcer).collect()
}

fn how_many(first: IpAddr, last: IpAddr) -> u64 {
    match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => u64::from(last.to_bits() - first.to_bits()) + 1,
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            let networks = (last.to_bits() >> 64) - (first.to_bits() >> 64);
            u64::try_from(networks).unwrap_or(u64::MAX).saturating_add(1)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn only_what_lies_in_the_prefix_counts() {
        let file: Box<dyn Read> = Box::new(
            "198.18.0.0,198.18.0.255,64500,One\n198.18.1.0,198.18.3.255,64501,Two\n\
             2001:db8::,2001:db8:0:3:ffff:ffff:ffff:ffff,64500,One\n"
                .as_bytes(),
        );
        let networks = Networks::read(vec![("table.csv".to_owned(), file)]).unwrap();
        let over = |prefix: &str| -> Vec<(u32, u64)> {
            let found =
                found(&networks, &Register::default(), (prefix.parse().unwrap(), Moment(0)));
            found.into_iter().map(|one| (one.asn, one.addresses)).collect()
        };
        assert_eq!(over("198.18.0.128/25"), [(64_500, 128)]);
        assert_eq!(over("198.18.0.0/23"), [(64_500, 256), (64_501, 256)]);
        assert_eq!(over("2001:db8::/63"), [(64_500, 2)]);
        assert_eq!(over("203.0.113.0/24"), []);
    }
}
