//! What a look-up of an address costs in several structures: `cargo xtask bench attribution`.
//!
//! Takes a list of addresses, one a line, and the files of an address table; prints one JSON object
//! per structure. All of them run in turns within one process, and the least of several rounds
//! counts, so that their ratios hold on a busy machine.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on may say so")]

use std::{fs::File, hint::black_box, io::Read, net::IpAddr, time::Instant};

use ipnet::{IpNet, Ipv4Net, Ipv4Subnets, Ipv6Net, Ipv6Subnets};
use prefix_trie::PrefixMap;
use serde_json::json;
use todoke::{
    attribution::{Attributor, Edition, networks::Networks, spans::Spans},
    ids::IspId,
    isps::{AnnouncedAs, DeclaredPrefix, Isp, Kind, LeasePolicy, Register, Wholesale},
    time::Moment,
};

const ROUNDS: usize = 7;

/// A structure under measure: its name, and a sum over all look-ups that no compiler leaves out.
type Look<'a> = (&'static str, Box<dyn Fn() -> u64 + 'a>);

fn main() {
    let mut args = std::env::args().skip(1);
    let list = std::fs::read_to_string(args.next().expect("a list of addresses")).unwrap();
    let open = |path: String| -> (String, Box<dyn Read>) {
        let file = Box::new(File::open(&path).unwrap());
        (path, file)
    };
    let networks = Networks::read(args.map(open).collect()).unwrap();
    let asked: Vec<IpAddr> = list.lines().map(|line| line.parse().unwrap()).collect();
    let v4: Vec<u32> = asked.iter().copied().filter_map(bits4).collect();
    let v6: Vec<u128> = asked.iter().copied().filter_map(bits6).collect();
    measure("IPv4", v4.len(), &of_v4(&networks, &v4));
    measure("IPv6", v6.len(), &of_v6(&networks, &v6));
    let begin = Instant::now();
    let register = register(&networks);
    let edition = Edition { from: Moment(0), networks };
    let attributor = Attributor::new(register, &[edition]);
    let built = begin.elapsed().as_secs_f64();
    let at = Moment(1_800_000_000_000_000);
    for (family, is_v4) in [("IPv4", true), ("IPv6", false)] {
        let asked: Vec<IpAddr> = asked.iter().filter(|ip| ip.is_ipv4() == is_v4).copied().collect();
        let asn = |ip: &IpAddr| u64::from(attributor.attribute(*ip, at).asn.unwrap_or(0));
        let whole: Look<'_> = ("whole attribution", Box::new(|| asked.iter().map(asn).sum()));
        measure(family, asked.len(), &[whole]);
    }
    println!("{}", json!({ "structure": "whole attribution", "built_seconds": built }));
}

fn measure(family: &str, count: usize, looks: &[Look<'_>]) {
    if count == 0 {
        return;
    }
    let mut least = vec![f64::INFINITY; looks.len()];
    let mut sums = vec![0; looks.len()];
    for _ in 0..ROUNDS {
        for (place, (_, look)) in looks.iter().enumerate() {
            let begin = Instant::now();
            sums[place] = black_box(look());
            least[place] = least[place].min(begin.elapsed().as_secs_f64());
        }
    }
    assert!(sums.iter().all(|sum| *sum == sums[0]), "structures differ: {sums:?}");
    for (place, (name, _)) in looks.iter().enumerate() {
        let nanoseconds = least[place] * 1e9 / count as f64;
        let line = json!({
            "family": family, "structure": name, "lookups": count, "ns": nanoseconds,
            "ratio": least[place] / least[0],
        });
        println!("{line}");
    }
}

fn bits4(ip: IpAddr) -> Option<u32> {
    if let IpAddr::V4(v4) = ip { Some(v4.to_bits()) } else { None }
}

fn bits6(ip: IpAddr) -> Option<u128> {
    if let IpAddr::V6(v6) = ip { Some(v6.to_bits()) } else { None }
}

/// Where ranges begin, with their AS, 0 for gaps.
fn cuts<T: Ord + Copy>(ranges: &[(T, T, u32)], next: impl Fn(T) -> Option<T>) -> Vec<(T, u32)> {
    let mut cuts: Vec<(T, u32)> = Vec::new();
    for (first, last, asn) in ranges {
        if cuts.last().is_some_and(|(start, _)| start == first) {
            cuts.pop();
        }
        cuts.push((*first, *asn));
        cuts.extend(next(*last).map(|next| (next, 0)));
    }
    cuts
}

fn searched<T: Ord + Copy>(ranges: &[(T, T, u32)], ip: T) -> u64 {
    let after = ranges.partition_point(|(first, _, _)| *first <= ip);
    let range = ranges[..after].last().filter(|(_, last, _)| ip <= *last);
    range.map_or(0, |(_, _, asn)| u64::from(*asn))
}

/// Addresses in order walk the ranges once; whoever asks has to put them in order first.
fn walked<T: Ord + Copy>(ranges: &[(T, T, u32)], asked: &[T]) -> u64 {
    let mut sorted = asked.to_vec();
    sorted.sort_unstable();
    let (mut sum, mut place) = (0, 0);
    for ip in sorted {
        while ranges.get(place).is_some_and(|(_, last, _)| *last < ip) {
            place += 1;
        }
        if let Some((_, _, asn)) = ranges.get(place).filter(|(first, _, _)| *first <= ip) {
            sum += u64::from(*asn);
        }
    }
    sum
}

fn of_v4<'a>(networks: &Networks, asked: &'a [u32]) -> Vec<Look<'a>> {
    let ranges = networks.v4().to_vec();
    let mut trie: PrefixMap<Ipv4Net, u32> = PrefixMap::new();
    for (first, last, asn) in &ranges {
        Ipv4Subnets::new((*first).into(), (*last).into(), 0).for_each(|net| {
            trie.insert(net, *asn);
        });
    }
    let spans = Spans::new(cuts(&ranges, |last| last.checked_add(1)));
    let walk = ranges.clone();
    let host = |ip: u32| Ipv4Net::new(ip.into(), 32).unwrap();
    vec![
        ("sorted ranges", Box::new(move || asked.iter().map(|ip| searched(&ranges, *ip)).sum())),
        (
            "prefix-trie",
            Box::new(move || {
                let asn = |ip: &u32| trie.get_lpm(&host(*ip)).map_or(0, |(_, asn)| *asn);
                asked.iter().map(|ip| u64::from(asn(ip))).sum()
            }),
        ),
        ("batch in order", Box::new(move || walked(&walk, asked))),
        (
            "indexed spans",
            Box::new(move || asked.iter().map(|ip| u64::from(spans.find(*ip))).sum()),
        ),
    ]
}

fn of_v6<'a>(networks: &Networks, asked: &'a [u128]) -> Vec<Look<'a>> {
    let ranges = networks.v6().to_vec();
    let mut trie: PrefixMap<Ipv6Net, u32> = PrefixMap::new();
    for (first, last, asn) in &ranges {
        Ipv6Subnets::new((*first).into(), (*last).into(), 0).for_each(|net| {
            trie.insert(net, *asn);
        });
    }
    let spans = Spans::new(cuts(&ranges, |last| last.checked_add(1)));
    let walk = ranges.clone();
    let host = |ip: u128| Ipv6Net::new(ip.into(), 128).unwrap();
    vec![
        ("sorted ranges", Box::new(move || asked.iter().map(|ip| searched(&ranges, *ip)).sum())),
        (
            "prefix-trie",
            Box::new(move || {
                let asn = |ip: &u128| trie.get_lpm(&host(*ip)).map_or(0, |(_, asn)| *asn);
                asked.iter().map(|ip| u64::from(asn(ip))).sum()
            }),
        ),
        ("batch in order", Box::new(move || walked(&walk, asked))),
        (
            "indexed spans",
            Box::new(move || asked.iter().map(|ip| u64::from(spans.find(*ip))).sum()),
        ),
    ]
}

/// A register in which every tenth AS is an ISP's, and each ISP declares a prefix of its own.
fn register(networks: &Networks) -> Register {
    let mut asns: Vec<u32> = networks.v4().iter().map(|(_, _, asn)| *asn).collect();
    asns.sort_unstable();
    asns.dedup();
    let mut register = Register::default();
    for (number, asn) in (1_u32..).zip(asns.into_iter().step_by(10)) {
        let id = IspId(uuid::Uuid::from_u128(number.into()));
        register.isps.push(Isp {
            id,
            code: format!("as{asn}"),
            name: format!("Provider {asn}"),
            upstream: None,
            lease_policy: LeasePolicy::Dynamic(30),
            lines: None,
            wholesale: Wholesale::Retail,
            removed_at: None,
        });
        register.asns.push(AnnouncedAs { isp: id, asn, from: Moment(i64::MIN), to: None });
        let prefix = Ipv4Net::new(number.wrapping_mul(0x9e37_79b9).into(), 24).unwrap().trunc();
        register.prefixes.push(DeclaredPrefix {
            isp: id,
            prefix: IpNet::V4(prefix),
            kind: Kind::Declared,
            from: Moment(0),
            to: None,
            name: None,
            notify: None,
        });
    }
    register
}
