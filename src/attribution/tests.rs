//! The attributor against a naive predicate: one that looks at every declaration and every range.

use std::collections::HashSet;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use rand::{Rng, RngExt as _, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha20Rng;

use super::{networks::Networks, *};
use crate::{
    isps::{AnnouncedAs, DeclaredPrefix, Isp, Kind, Register, Wholesale},
    time::Moment,
};

fn id(n: u128) -> IspId {
    IspId(uuid::Uuid::from_u128(n))
}

fn isp(n: u128) -> Isp {
    Isp {
        id: id(n),
        code: format!("isp-{n}"),
        name: format!("Provider {n}"),
        upstream: None,
        lease_policy: LeasePolicy::Dynamic(30),
        lines: None,
        wholesale: Wholesale::Retail,
        removed_at: None,
    }
}

fn declared(n: u128, prefix: &str, (from, to): (&str, Option<&str>)) -> DeclaredPrefix {
    DeclaredPrefix {
        isp: id(n),
        prefix: prefix.parse().unwrap(),
        kind: Kind::Declared,
        from: Moment::parse_day(from).unwrap(),
        to: to.map(|to| Moment::parse_day(to).unwrap()),
        name: None,
        notify: None,
    }
}

fn announced(asn: u32, n: u128, (from, to): (&str, Option<&str>)) -> AnnouncedAs {
    let day = |day| Moment::parse_day(day).unwrap();
    AnnouncedAs { isp: id(n), asn, from: day(from), to: to.map(day) }
}

fn always(asn: u32, n: u128) -> AnnouncedAs {
    AnnouncedAs { isp: id(n), asn, from: Moment(i64::MIN), to: None }
}

fn edition(from: &str, csv: &'static str) -> Edition {
    let networks =
        Networks::read(vec![("table.csv".to_owned(), Box::new(csv.as_bytes()))]).unwrap();
    Edition { from: Moment::parse_day(from).unwrap(), networks }
}

fn register(isps: impl IntoIterator<Item = Isp>, prefixes: Vec<DeclaredPrefix>) -> Register {
    Register { isps: isps.into_iter().collect(), prefixes, asns: Vec::new() }
}

#[test]
fn a_transfer_at_midnight_in_japan_goes_to_the_right_isp_and_the_longest_prefix_wins() {
    let prefixes = vec![
        declared(1, "192.0.2.0/24", ("2025-01-01", Some("2026-04-01"))),
        declared(2, "192.0.2.0/24", ("2026-04-01", None)),
        declared(3, "192.0.2.128/25", ("2025-01-01", None)),
    ];
    let attributor = Attributor::new(register((1..4).map(isp), prefixes), &[]);
    let at = |text: &str| Moment::parse_day(text).unwrap();
    let who = |ip: &str, t: &str| attributor.attribute(ip.parse().unwrap(), at(t)).isp;
    assert_eq!(who("192.0.2.1", "2026-03-31T23:59:59.999999+09:00"), Some(id(1)));
    assert_eq!(who("192.0.2.1", "2026-04-01T00:00:00+09:00"), Some(id(2)));
    assert_eq!(who("192.0.2.200", "2026-04-01T00:00:00+09:00"), Some(id(3)));
    assert_eq!(who("192.0.2.1", "2024-12-31T00:00:00+09:00"), None);
    let nobody = attributor.attribute("198.51.100.1".parse().unwrap(), at("2026-01-01"));
    assert_eq!((nobody.basis, nobody.network_kind), (Basis::None, "special"));
}

#[test]
fn of_two_equal_prefixes_the_later_declaration_wins_and_a_contradiction_decides_nothing() {
    let prefix = "192.0.2.0/24";
    let later =
        vec![declared(1, prefix, ("2025-01-01", None)), declared(2, prefix, ("2025-06-01", None))];
    let same =
        vec![declared(1, prefix, ("2025-01-01", None)), declared(2, prefix, ("2025-01-01", None))];
    let (ip, now) = ("192.0.2.1".parse().unwrap(), Moment::parse_day("2026-01-01").unwrap());
    let of = |isps: [Isp; 2], prefixes| {
        Attributor::new(register(isps, prefixes), &[]).attribute(ip, now)
    };
    assert_eq!(of([isp(1), isp(2)], later).isp, Some(id(2)));
    let contradiction = of([isp(1), isp(2)], same.clone());
    assert_eq!((contradiction.isp, contradiction.why), (None, Why::Contradiction));
    // Who sits behind the other is the one that has the subscribers.
    let behind = Isp { upstream: Some("isp-2".into()), ..isp(1) };
    assert_eq!(of([behind, isp(2)], same).isp, Some(id(1)));
}

#[test]
fn an_as_that_two_isps_announce_decides_nothing_unless_one_of_them_forwards() {
    let table = "192.0.2.0,192.0.2.255,64500,A\n198.51.100.0,198.51.100.255,64501,B\n";
    let edition = [edition("2026-01-01", table)];
    let asns = vec![always(64500, 1), always(64500, 2), always(64501, 2)];
    let of = |first: Isp, ip: &str| {
        let register = Register { isps: vec![first, isp(2)], prefixes: vec![], asns: asns.clone() };
        Attributor::new(register, &edition).attribute(ip.parse().unwrap(), Moment(0))
    };
    let several = of(isp(1), "192.0.2.9");
    assert_eq!((several.isp, several.asn), (None, Some(64500)));
    let one = of(isp(1), "198.51.100.9");
    assert_eq!((one.isp, one.basis), (Some(id(2)), Basis::Table));
    let carrier = of(Isp { wholesale: Wholesale::Forwards, ..isp(1) }, "192.0.2.9");
    assert_eq!((carrier.isp, carrier.network_kind), (Some(id(1)), "wholesale"));
    let silent = of(Isp { wholesale: Wholesale::Silent, ..isp(1) }, "192.0.2.9");
    assert_eq!(silent.isp, None);
}

#[test]
fn an_as_changes_hands_at_midnight_in_japan() {
    let mut register = register((1..3).map(isp), Vec::new());
    register.asns = vec![
        announced(64500, 1, ("2025-01-01", Some("2026-04-01"))),
        announced(64500, 2, ("2026-04-01", None)),
    ];
    let edition = [edition("2026-01-01", "192.0.2.0,192.0.2.255,64500,A\n")];
    let attributor = Attributor::new(register, &edition);
    let at = |at: &str| {
        attributor.attribute("192.0.2.9".parse().unwrap(), Moment::parse_day(at).unwrap())
    };
    assert_eq!(at("2026-03-31T23:59:59.999999+09:00").isp, Some(id(1)));
    assert_eq!(at("2026-04-01T00:00:00+09:00").isp, Some(id(2)));
    let before = at("2024-12-31T23:59:59+09:00");
    assert_eq!((before.isp, before.why), (None, Why::Unregistered));
}

#[test]
fn the_edition_that_held_then_is_asked_and_the_first_one_for_all_time_before() {
    let editions = [
        edition("2026-02-01", "203.0.113.0,203.0.113.255,64500,A\n"),
        edition("2026-03-01", "203.0.113.0,203.0.113.127,64501,B\n"),
    ];
    let attributor = Attributor::new(Register::default(), &editions);
    let asn = |ip: &str, at: &str| {
        attributor.attribute(ip.parse().unwrap(), Moment::parse_day(at).unwrap()).asn
    };
    assert_eq!(asn("203.0.113.1", "2020-01-01"), Some(64500));
    assert_eq!(asn("203.0.113.1", "2026-02-28T23:59:59.999999+09:00"), Some(64500));
    assert_eq!(asn("203.0.113.1", "2026-03-01T00:00:00+09:00"), Some(64501));
    assert_eq!(asn("203.0.113.200", "2026-03-01T00:00:00+09:00"), None);
}

/// Midnights in Japan, at which everything in a made-up world begins and ends.
const DAYS: [&str; 5] = ["2025-10-01", "2025-12-31", "2026-01-01", "2026-02-28", "2026-04-01"];

/// Addresses close together, so that prefixes lie within each other and ranges touch them.
fn address(rng: &mut ChaCha20Rng) -> IpAddr {
    if rng.random_bool(0.3) {
        let low = u128::from(rng.random::<u16>()) << [0, 8, 56, 104][rng.random_range(0..4)];
        return std::net::Ipv6Addr::from_bits(0x2001_0db8 << 96 ^ low).into();
    }
    std::net::Ipv4Addr::from_bits(0xc633_0000 ^ rng.random_range(0..0x0400)).into()
}

fn prefix(rng: &mut ChaCha20Rng) -> IpNet {
    let edges = [0, 1, 8, 16, 22, 23, 24, 25, 28, 30, 31, 32];
    match address(rng) {
        IpAddr::V4(ip) => Ipv4Net::new(ip, *edges.choose(rng).unwrap()).unwrap().trunc().into(),
        IpAddr::V6(ip) => {
            let edges = [0, 3, 20, 21, 24, 32, 48, 56, 64, 112, 120, 127, 128];
            Ipv6Net::new(ip, *edges.choose(rng).unwrap()).unwrap().trunc().into()
        }
    }
}

fn day(rng: &mut ChaCha20Rng) -> Moment {
    Moment::parse_day(DAYS.choose(rng).unwrap()).unwrap()
}

/// A world of six providers, one of them behind another, one a carrier that forwards and one that
/// does not.
fn world(rng: &mut ChaCha20Rng) -> (Register, Vec<Edition>) {
    let mut isps: Vec<Isp> = (1..7).map(isp).collect();
    isps[1].upstream = Some("isp-1".into());
    isps[4].wholesale = Wholesale::Forwards;
    isps[5].wholesale = Wholesale::Silent;
    let mut prefixes: Vec<DeclaredPrefix> = Vec::new();
    for _ in 0..rng.random_range(0..40) {
        let from = if rng.random_bool(0.3) { Moment(i64::MIN) } else { day(rng) };
        let to = Some(day(rng)).filter(|to| *to > from && rng.random_bool(0.5));
        let kind = *Kind::ALL.choose(rng).unwrap();
        let (isp, prefix) = (isps.choose(rng).unwrap().id, prefix(rng));
        let one = DeclaredPrefix { isp, prefix, kind, from, to, name: None, notify: None };
        let key = |one: &DeclaredPrefix| (one.isp, one.prefix, one.from);
        if prefixes.iter().all(|other| key(other) != key(&one)) {
            prefixes.push(one);
        }
    }
    let mut asns: Vec<AnnouncedAs> = Vec::new();
    for _ in 0..12 {
        let from = if rng.random_bool(0.5) { Moment(i64::MIN) } else { day(rng) };
        let to = Some(day(rng)).filter(|to| *to > from && rng.random_bool(0.5));
        let (isp, asn) = (isps.choose(rng).unwrap().id, rng.random_range(64500..64506));
        let key = |one: &AnnouncedAs| (one.isp, one.asn, one.from);
        let one = AnnouncedAs { isp, asn, from, to };
        if asns.iter().all(|other| key(other) != key(&one)) {
            asns.push(one);
        }
    }
    let mut editions: Vec<Edition> = Vec::new();
    for from in DAYS.iter().take(rng.random_range(0..4)) {
        let mut networks = Networks::default();
        let mut at = 0xc633_0000_u32;
        while at < 0xc633_0400 {
            let first = at + rng.random_range(0..60);
            let last = first + rng.random_range(0..120);
            let asn = rng.random_range(64500..64507);
            let ip = |bits| IpAddr::from(std::net::Ipv4Addr::from_bits(bits));
            networks.push(ip(first), ip(last), asn);
            at = last + 1;
        }
        editions.push(Edition { from: Moment::parse_day(from).unwrap(), networks });
    }
    (Register { isps, prefixes, asns }, editions)
}

/// Who served `ip` at `at`, worked out anew from everything that anybody said.
fn naive(register: &Register, editions: &[Edition], ip: IpAddr, at: Moment) -> Option<IspId> {
    let wholesale = |id: IspId| register.isp(id).unwrap().wholesale;
    let held: Vec<&DeclaredPrefix> = register
        .prefixes
        .iter()
        .filter(|one| one.prefix.contains(&ip) && one.held_at(at))
        .collect();
    let best = held.iter().map(|one| (one.prefix.prefix_len(), one.from)).max();
    if let Some(best) = best {
        let key = |one: &DeclaredPrefix| (one.prefix.prefix_len(), one.from);
        let best: Vec<_> = held.into_iter().filter(|one| key(one) == best).collect();
        let one = match &best[..] {
            [one] => one,
            // The second provider of a world sits behind the first.
            [one, other] if (one.isp, other.isp) == (id(1), id(2)) => other,
            [one, other] if (one.isp, other.isp) == (id(2), id(1)) => one,
            _ => return None,
        };
        let served = one.kind != Kind::Wholesale || wholesale(one.isp) == Wholesale::Forwards;
        return served.then_some(one.isp);
    }
    let then = editions.iter().rev().find(|one| one.from <= at).or(editions.first())?;
    let range = then.networks.ranges().find(|range| range.first <= ip && ip <= range.last)?;
    let announced = register.asns.iter().filter(|one| one.asn == range.asn && one.held_at(at));
    let by: HashSet<IspId> = announced.map(|one| one.isp).collect();
    let by: Vec<IspId> = by.into_iter().collect();
    if let [one] = by[..] {
        return (wholesale(one) != Wholesale::Silent).then_some(one);
    }
    by.into_iter().find(|isp| wholesale(*isp) == Wholesale::Forwards)
}

#[test]
fn a_hundred_thousand_sightings_go_where_a_naive_predicate_sends_them() {
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    let (mut events, mut served, mut contradictions) = (0, 0, 0);
    while events < 100_000 {
        let (register, editions) = world(&mut rng);
        let attributor = Attributor::new(register.clone(), &editions);
        for _ in 0..1_000 {
            let ip = match register.prefixes.choose(&mut rng) {
                Some(one) if rng.random_bool(0.3) => edge(one.prefix, &mut rng),
                _ => address(&mut rng),
            };
            let at = Moment(day(&mut rng).0 + rng.random_range(-1..=1));
            let found = attributor.attribute(ip, at);
            let wanted = naive(&register, &editions, ip, at);
            assert_eq!(found.isp, wanted, "{ip} at {}: {found:?} of {register:?}", at.rfc3339());
            assert_eq!(found.basis == Basis::None, found.isp.is_none(), "{found:?}");
            events += 1;
            served += u32::from(wanted.is_some());
            contradictions += u32::from(found.why == Why::Contradiction);
        }
    }
    assert!(served > 20_000 && contradictions > 100, "{served} served, {contradictions}");
}

/// The first or last address of a prefix, or one beside it.
fn edge(net: IpNet, rng: &mut impl Rng) -> IpAddr {
    let step = rng.random_range(0..3);
    match (net.network(), net.broadcast(), rng.random_bool(0.5)) {
        (IpAddr::V4(first), _, true) => {
            std::net::Ipv4Addr::from_bits(first.to_bits().saturating_sub(step)).into()
        }
        (_, IpAddr::V4(last), _) => {
            std::net::Ipv4Addr::from_bits(last.to_bits().saturating_add(step)).into()
        }
        (IpAddr::V6(first), _, true) => {
            std::net::Ipv6Addr::from_bits(first.to_bits().saturating_sub(step.into())).into()
        }
        (_, IpAddr::V6(last), _) => {
            std::net::Ipv6Addr::from_bits(last.to_bits().saturating_add(step.into())).into()
        }
    }
}

#[test]
fn addresses_of_a_provider_are_its_prefixes_and_its_ranges_each_counted_once() {
    let table = "192.0.2.0,192.0.3.255,64500,A\n198.51.100.0,198.51.100.9,64501,B\n\
        2001:db8::,2001:db8::ffff,64500,A\n";
    let prefixes = vec![
        declared(1, "192.0.2.0/24", ("2025-01-01", None)),
        declared(1, "192.0.2.0/28", ("2025-01-01", None)),
        declared(1, "203.0.113.0/30", ("2025-01-01", Some("2026-01-01"))),
        declared(2, "203.0.113.0/30", ("2026-01-01", None)),
    ];
    let mut register = register((1..4).map(isp), prefixes);
    register.asns = vec![always(64500, 1), always(64501, 2), always(64501, 1)];
    let attributor = Attributor::new(register, &[edition("2025-01-01", table)]);
    let of = |n, at: &str| {
        let all = attributor.addresses(Moment::parse_day(at).unwrap());
        all.get(&id(n)).copied().unwrap_or_default()
    };
    assert_eq!((of(1, "2025-06-01"), of(1, "2026-06-01")), (512 + 4 + 1, 512 + 1));
    assert_eq!((of(2, "2026-06-01"), of(3, "2026-06-01")), (4, 0));
}
