//! The address table (アドレス表): address → AS → organisation, in dated editions.
//!
//! Input is CSV `start,end,asn,org` without header, both ends inclusive. The public table has
//! faults: blocks that are missing, and ranges that overlap. Where two overlap the narrower one
//! wins, so that the answer never hangs on the order of rows. An edition is kept as packed,
//! compressed chunks: half a million ranges load in a fraction of a second.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    io::Read,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use anyhow::{Context as _, ensure};
use ipnet::IpNet;

/// A range of addresses with one origin AS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first address.
    pub first: IpAddr,
    /// The last address, part of the range.
    pub last: IpAddr,
    /// The origin AS.
    pub asn: u32,
}

/// An edition of the table in memory: about 10 MB for the whole Internet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    v4: Vec<(u32, u32, u32)>,
    v6: Vec<(u128, u128, u32)>,
    organisations: HashMap<u32, String>,
}

impl Networks {
    /// Reads CSV files, each with its name, and puts the ranges in order, overlaps resolved.
    pub fn read(files: Vec<(String, Box<dyn Read>)>) -> anyhow::Result<Self> {
        let mut networks = Self::default();
        for (name, file) in files {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(file);
            for record in reader.records() {
                let record = record.with_context(|| format!("{name} is no CSV"))?;
                let line = record.position().map_or(0, csv::Position::line);
                let field = |n: usize| record.get(n).unwrap_or_default();
                let bad = || format!("{name}, line {line}: start, end and asn are due");
                let first: IpAddr = field(0).parse().with_context(bad)?;
                let last: IpAddr = field(1).parse().with_context(bad)?;
                let asn: u32 = field(2).parse().with_context(bad)?;
                ensure!(
                    first <= last && first.is_ipv4() == last.is_ipv4(),
                    "{name}, line {line}: {first} to {last} is no range"
                );
                networks.push(first, last, asn);
                networks.organisations.entry(asn).or_insert_with(|| field(3).to_owned());
            }
        }
        disjoin(&mut networks.v4);
        disjoin(&mut networks.v6);
        Ok(networks)
    }

    /// Adds a range; the caller keeps ranges in order and apart.
    pub(super) fn push(&mut self, first: IpAddr, last: IpAddr, asn: u32) {
        match (first, last) {
            (IpAddr::V4(a), IpAddr::V4(b)) => self.v4.push((a.to_bits(), b.to_bits(), asn)),
            (IpAddr::V6(a), IpAddr::V6(b)) => self.v6.push((a.to_bits(), b.to_bits(), asn)),
            _ => {}
        }
    }

    /// How many ranges it has.
    pub fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The range that holds `ip`.
    pub fn find(&self, ip: IpAddr) -> Option<Range> {
        match ip {
            IpAddr::V4(v4) => holding(&self.v4, v4.to_bits()).map(range4),
            IpAddr::V6(v6) => holding(&self.v6, v6.to_bits()).map(range6),
        }
    }

    /// The organisation behind an AS.
    pub fn organisation(&self, asn: u32) -> Option<&str> {
        self.organisations.get(&asn).map(String::as_str)
    }

    /// What it says of addresses of `net`, and of those around in the same ranges.
    #[must_use]
    pub fn around(&self, net: &IpNet) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        match net {
            IpNet::V4(net) => {
                let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
                v4.extend(self.v4.iter().filter(|(a, b, _)| *a <= last && first <= *b));
            }
            IpNet::V6(net) => {
                let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
                v6.extend(self.v6.iter().filter(|(a, b, _)| *a <= last && first <= *b));
            }
        }
        Self { v4, v6, organisations: self.organisations.clone() }
    }

    /// Its IPv4 ranges with their AS, in order and apart.
    pub fn v4(&self) -> &[(u32, u32, u32)] {
        &self.v4
    }

    /// The same of IPv6.
    pub fn v6(&self) -> &[(u128, u128, u32)] {
        &self.v6
    }

    /// All of its ranges.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Range> {
        self.v4.iter().map(range4).chain(self.v6.iter().map(range6))
    }
}

fn range4(&(first, last, asn): &(u32, u32, u32)) -> Range {
    let ip = |bits| IpAddr::V4(Ipv4Addr::from_bits(bits));
    Range { first: ip(first), last: ip(last), asn }
}

fn range6(&(first, last, asn): &(u128, u128, u32)) -> Range {
    let ip = |bits| IpAddr::V6(Ipv6Addr::from_bits(bits));
    Range { first: ip(first), last: ip(last), asn }
}

fn holding<T: Ord + Copy>(ranges: &[(T, T, u32)], ip: T) -> Option<&(T, T, u32)> {
    let after = ranges.partition_point(|(first, _, _)| *first <= ip);
    ranges[..after].last().filter(|(_, last, _)| ip <= *last)
}

/// Whole numbers that addresses are made of.
trait Bits: Ord + Copy + std::ops::Sub<Output = Self> {
    /// The one before or behind it, if there is one.
    fn step(self, by: i8) -> Option<Self>;
}

impl Bits for u32 {
    fn step(self, by: i8) -> Option<Self> {
        self.checked_add_signed(i32::from(by))
    }
}

impl Bits for u128 {
    fn step(self, by: i8) -> Option<Self> {
        self.checked_add_signed(i128::from(by))
    }
}

/// Puts ranges in order and apart: where some overlap the narrowest one keeps the overlap, of equal
/// ones the lower AS number.
///
/// Goes through the addresses once, from where one range begins to where the next does, with those
/// at hand that reach that far.
fn disjoin<T: Bits>(ranges: &mut Vec<(T, T, u32)>) {
    ranges.sort_unstable();
    let mut apart: Vec<(T, T, u32)> = Vec::with_capacity(ranges.len());
    let mut open: BinaryHeap<Reverse<(T, u32, T)>> = BinaryHeap::new();
    let mut behind = ranges.iter().peekable();
    while let Some(&&(mut at, _, _)) = behind.peek() {
        while let Some((first, last, asn)) = behind.next_if(|range| range.0 == at) {
            open.push(Reverse((*last - *first, *asn, *last)));
        }
        let until = behind.peek().and_then(|next| next.0.step(-1));
        while let Some(Reverse((_, asn, last))) = open.peek().copied() {
            if last < at {
                open.pop();
                continue;
            }
            let end = until.map_or(last, |until| last.min(until));
            apart.push((at, end, asn));
            match end.step(1) {
                Some(next) if until.is_none_or(|until| next <= until) => at = next,
                _ => break,
            }
        }
    }
    *ranges = apart;
}

const CHUNK: usize = 50_000;

/// Chunk 0 holds `asn TAB organisation` lines, the others ranges of 36 bytes each.
pub(super) fn pack(networks: &Networks) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut names: Vec<_> = networks.organisations.iter().collect();
    names.sort_unstable();
    let line = |(asn, org): &(&u32, &String)| format!("{asn}\t{}", org.replace('\n', " "));
    let names = names.iter().map(line).collect::<Vec<_>>().join("\n");
    let mut chunks = vec![zstd::encode_all(names.as_bytes(), 3)?];
    let ranges: Vec<Range> = networks.ranges().collect();
    for part in ranges.chunks(CHUNK) {
        let mut body = Vec::with_capacity(part.len() * 36);
        for range in part {
            body.extend(crate::sightings::mapped(range.first).octets());
            body.extend(crate::sightings::mapped(range.last).octets());
            body.extend(range.asn.to_be_bytes());
        }
        chunks.push(zstd::encode_all(&body[..], 3)?);
    }
    Ok(chunks)
}

pub(super) fn unpack(chunks: &[Vec<u8>]) -> anyhow::Result<Networks> {
    let mut networks = Networks::default();
    let Some((names, ranges)) = chunks.split_first() else { return Ok(networks) };
    let names = String::from_utf8(zstd::decode_all(&names[..])?)?;
    for line in names.lines() {
        let (asn, org) = line.split_once('\t').context("a stored organisation is malformed")?;
        networks.organisations.insert(asn.parse()?, org.to_owned());
    }
    for chunk in ranges {
        let body = zstd::decode_all(&chunk[..])?;
        for range in body.chunks_exact(36) {
            let ip = |from: usize| -> anyhow::Result<IpAddr> {
                let octets: [u8; 16] = range[from..from + 16].try_into()?;
                Ok(Ipv6Addr::from(octets).to_canonical())
            };
            networks.push(ip(0)?, ip(16)?, u32::from_be_bytes(range[32..36].try_into()?));
        }
    }
    Ok(networks)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn read(csv: &'static str) -> Networks {
        Networks::read(vec![("table.csv".to_owned(), Box::new(csv.as_bytes()))]).unwrap()
    }

    #[test]
    fn where_two_ranges_overlap_the_narrower_one_wins_whatever_the_order() {
        let one = "192.0.2.0,192.0.2.255,64500,Wide\n192.0.2.64,192.0.2.127,64501,Narrow\n";
        let other = "192.0.2.64,192.0.2.127,64501,Narrow\n192.0.2.0,192.0.2.255,64500,Wide\n";
        for csv in [one, other] {
            let networks = read(csv);
            let asn = |ip: &str| networks.find(ip.parse().unwrap()).map(|r| r.asn);
            assert_eq!(asn("192.0.2.63"), Some(64500));
            assert_eq!(asn("192.0.2.64"), Some(64501));
            assert_eq!(asn("192.0.2.127"), Some(64501));
            assert_eq!(asn("192.0.2.128"), Some(64500));
            assert_eq!(asn("192.0.3.0"), None);
        }
    }

    #[test]
    fn of_equal_ranges_inside_a_wider_one_the_lower_number_stays() {
        let networks = read(
            "192.0.2.0,192.0.2.255,64500,Wide\n192.0.2.0,192.0.2.15,64502,Twice\n\
             192.0.2.0,192.0.2.15,64501,Once\n",
        );
        let asn = |ip: &str| networks.find(ip.parse().unwrap()).map(|range| range.asn);
        assert_eq!([asn("192.0.2.3"), asn("192.0.2.16")], [Some(64501), Some(64500)]);
        assert_eq!(networks.len(), 2);
    }

    proptest! {
        #[test]
        fn each_address_is_of_the_narrowest_range_that_holds_it(
            ranges in vec((0_u32..24, 0_u32..24, 1_u32..5), 0..9), from_end: bool,
        ) {
            let place = |at: u32| if from_end { u32::MAX - 24 + at } else { at };
            let range = |(a, b, asn): &(u32, u32, u32)| (place(*a.min(b)), place(*a.max(b)), *asn);
            let ranges: Vec<_> = ranges.iter().map(range).collect();
            let mut apart = ranges.clone();
            disjoin(&mut apart);
            prop_assert!(apart.iter().all(|range| range.0 <= range.1));
            prop_assert!(apart.windows(2).all(|pair| pair[0].1 < pair[1].0));
            for ip in (0..=24).map(place) {
                let narrowest = ranges.iter().filter(|range| range.0 <= ip && ip <= range.1);
                let narrowest = narrowest.min_by_key(|range| (range.1 - range.0, range.2));
                let found = holding(&apart, ip).map(|range| range.2);
                prop_assert_eq!(found, narrowest.map(|range| range.2), "{}", ip);
            }
        }
    }

    #[test]
    fn an_edition_packs_and_unpacks_to_itself() {
        let old = read("192.0.2.0,192.0.2.255,64500,A\n2001:db8::,2001:db8::ff,64501,B\n");
        assert_eq!(unpack(&pack(&old).unwrap()).unwrap(), old);
        assert_eq!(old.organisation(64501), Some("B"));
    }
}
