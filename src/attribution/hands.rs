//! Hands (保有者の異動): how many addresses another edition of the table, or another
//! register, gives to somebody else.
//!
//! Counted span by span by the rule that attributes sightings, so that what a provider declared,
//! and the table cannot change, does not count. Owns no table; reads the ISP register.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;
use serde::Serialize;

use super::{Attributor, Edition, networks::Networks};
use crate::{ids::IspId, isps::Register, time::Moment};

/// How many addresses change hands (異動するアドレス数).
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[doc(alias = "異動するアドレス数")]
pub struct Hands {
    /// IPv4 addresses that go from one registered ISP to another.
    pub addresses_changing_hands: u64,
    /// IPv6 networks of 64 bits that do.
    pub networks_changing_hands: u64,
    /// From whom to whom, those that nobody serves before or afterwards too.
    pub hands: Vec<Move>,
}

/// Addresses that go from one to another.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Move {
    /// The code of the ISP that served them; nothing where nobody did.
    pub from: Option<String>,
    /// The code of the ISP that serves them.
    pub to: Option<String>,
    /// IPv4 addresses.
    pub addresses: u64,
    /// IPv6 networks of 64 bits, begun ones counted.
    pub networks: u64,
}

type Counts = BTreeMap<(Option<IspId>, Option<IspId>), (u64, u64)>;

/// What changes hands at `at` when `new` takes the place of `old`.
pub(super) fn between(
    register: &Register,
    (old, new): (&Networks, &Networks),
    at: Moment,
) -> Hands {
    let attributor = |networks: &Networks| {
        let edition = Edition { from: Moment(i64::MIN), networks: networks.clone() };
        Attributor::new(register.clone(), &[edition])
    };
    moved(register, (&attributor(old), &attributor(new)), at)
}

/// What changes hands at `at` when the register stands as `new` instead of `old`, in the addresses
/// of `within` or in all of them.
pub(super) fn of_registers(
    networks: &Networks,
    (old, new): (&Register, &Register),
    within: Option<&IpNet>,
    at: Moment,
) -> Hands {
    let attributor = |register: &Register| {
        let mut register = register.clone();
        if let Some(net) = within {
            register.prefixes.retain(|one| one.prefix.contains(net) || net.contains(&one.prefix));
        }
        let edition = Edition { from: Moment(i64::MIN), networks: networks.clone() };
        Attributor::new(register, &[edition])
    };
    moved(old, (&attributor(old), &attributor(new)), at)
}

fn moved(register: &Register, (old, new): (&Attributor, &Attributor), at: Moment) -> Hands {
    let moved = |ip: IpAddr| {
        let (from, to) = (old.attribute(ip, at).isp, new.attribute(ip, at).isp);
        (from != to).then_some((from, to))
    };
    let mut counts = Counts::new();
    let (v4, v6) = (old.starts(), new.starts());
    for (first, last) in spans(v4.0, v6.0, u32::MAX) {
        if let Some(whose) = moved(Ipv4Addr::from_bits(first).into()) {
            counts.entry(whose).or_default().0 += u64::from(last - first) + 1;
        }
    }
    for (first, last) in spans(v4.1, v6.1, u128::MAX) {
        if let Some(whose) = moved(Ipv6Addr::from_bits(first).into()) {
            let networks = u64::try_from((last >> 64) - (first >> 64)).unwrap_or(u64::MAX);
            let count = &mut counts.entry(whose).or_default().1;
            *count = count.saturating_add(networks.saturating_add(1));
        }
    }
    told(register, &counts)
}

/// First and last address of each span that neither list of beginnings cuts.
fn spans<T: Ord + Copy + From<u8> + std::ops::Sub<Output = T>>(
    one: &[T],
    other: &[T],
    end: T,
) -> Vec<(T, T)> {
    let mut starts: Vec<T> = one.iter().chain(other).copied().collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).map(|next| *next - T::from(1)).chain([end]);
    starts.iter().copied().zip(ends).collect()
}

fn told(register: &Register, counts: &Counts) -> Hands {
    let code = |isp: Option<IspId>| Some(register.isp(isp?)?.code.clone());
    let mut hands = Hands::default();
    for (&(from, to), &(addresses, networks)) in counts {
        if from.is_some() && to.is_some() {
            hands.addresses_changing_hands += addresses;
            hands.networks_changing_hands = hands.networks_changing_hands.saturating_add(networks);
        }
        hands.hands.push(Move { from: code(from), to: code(to), addresses, networks });
    }
    hands.hands.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
    hands
}
