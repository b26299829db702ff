//! The providers (電気通信事業者) of the demo country: eight invented ISPs and their addresses.
//!
//! The addresses are those set aside for benchmarks (RFC 2544: 198.18.0.0/15) and documentation
//! (RFC 3849: 2001:db8::/32), the AS numbers those for documentation (RFC 5398), so that nothing
//! here can be mistaken for anybody's network. Owns no table.

use std::{fmt::Write as _, net::IpAddr};

use ipnet::IpNet;
use rand::RngExt as _;
use rand_chacha::ChaCha20Rng;

use super::campaign;

/// How long a line keeps an address (アドレス割当方針).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lease {
    /// For good.
    Static,
    /// This many days on average, mostly until the home device restarts.
    Sticky(u32),
    /// This many days on average.
    Dynamic(u32),
}

impl Lease {
    /// The policy as the ISP register spells it.
    pub fn word(self) -> String {
        match self {
            Self::Static => "static".to_owned(),
            Self::Sticky(days) => format!("sticky:{days}"),
            Self::Dynamic(days) => format!("dynamic:{days}"),
        }
    }

    /// Address changes per line and day.
    pub(super) fn moves_per_day(self) -> f64 {
        match self {
            Self::Static => 0.0,
            Self::Sticky(days) | Self::Dynamic(days) => 1.0 / f64::from(days),
        }
    }
}

/// How the register knows a block of addresses (申告区分).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declared {
    /// Declared by the ISP.
    Homes,
    /// Declared as serving apartment houses.
    Apartments,
    /// Not declared: the public address table alone tells whose it is.
    Not,
}

/// A block of addresses (アドレスブロック) of one ISP.
#[derive(Debug)]
pub(super) struct Block {
    prefix: &'static str,
    pub(super) declared: Declared,
    /// Devices drawn into it.
    pub(super) devices: usize,
    announced_by: u32,
}

impl Block {
    /// The block as a prefix.
    pub(super) fn net(&self) -> IpNet {
        self.prefix.parse().expect("the table below holds prefixes only, as its test shows")
    }

    /// Addresses in it that a scan tries; in IPv6, the entries of a hit list.
    pub(super) fn targets(&self) -> u64 {
        match self.net() {
            IpNet::V4(net) => 1 << (32 - net.prefix_len()),
            IpNet::V6(_) => 4096,
        }
    }

    /// Any address of it.
    pub(super) fn address(&self, rng: &mut ChaCha20Rng) -> IpAddr {
        match self.net() {
            IpNet::V4(net) => {
                let host: u32 = rng.random_range(1..(1_u32 << (32 - net.prefix_len())) - 1);
                IpAddr::from((u32::from(net.network()) + host).to_be_bytes())
            }
            IpNet::V6(net) => {
                let host = rng.random::<u128>() >> net.prefix_len();
                IpAddr::from((u128::from(net.network()) | host).to_be_bytes())
            }
        }
    }
}

/// An invented ISP (架空の電気通信事業者).
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) code: &'static str,
    name: &'static str,
    upstream: &'static str,
    asn: Option<u32>,
    pub(super) lease: Lease,
    subscribers: u32,
    pub(super) blocks: &'static [Block],
    /// Whether it acts on lists and reports back.
    pub(super) reports: bool,
}

const fn block(prefix: &'static str, devices: usize, announced_by: u32) -> Block {
    Block { prefix, declared: Declared::Homes, devices, announced_by }
}

const MINATO: u32 = 64_496;
const YAMABIKO: u32 = 64_497;
const SUZUNONE: u32 = 64_498;
const HAYATE: u32 = 64_499;
const AOBA: u32 = 64_500;
const SUMIKA: u32 = 64_501;
const TOOSE: u32 = 64_502;

/// The ISPs by code.
pub(super) static PROVIDERS: [Provider; 8] = [
    Provider {
        code: "isp-a",
        name: "みなと光",
        upstream: "",
        asn: Some(MINATO),
        lease: Lease::Dynamic(30),
        subscribers: 30_000,
        blocks: &[block("198.18.0.0/17", 950, MINATO)],
        reports: true,
    },
    Provider {
        code: "isp-b",
        name: "やまびこネット",
        upstream: "",
        asn: Some(YAMABIKO),
        lease: Lease::Sticky(200),
        subscribers: 29_000,
        blocks: &[block("198.18.128.0/18", 400, YAMABIKO), block("198.18.192.0/18", 350, YAMABIKO)],
        reports: true,
    },
    Provider {
        code: "isp-c",
        name: "すずのね通信",
        upstream: "",
        asn: Some(SUZUNONE),
        lease: Lease::Static,
        subscribers: 14_000,
        blocks: &[block("198.19.0.0/18", 450, SUZUNONE), block("2001:db8:c::/48", 150, SUZUNONE)],
        reports: true,
    },
    Provider {
        code: "isp-d",
        name: "はやてブロードバンド",
        upstream: "",
        asn: Some(HAYATE),
        lease: Lease::Dynamic(7),
        subscribers: 14_500,
        blocks: &[
            block("198.19.64.0/19", 260, HAYATE),
            Block { declared: Declared::Not, ..block("198.19.96.0/19", 190, HAYATE) },
        ],
        reports: true,
    },
    Provider {
        code: "isp-e",
        name: "あおば光",
        upstream: "",
        asn: Some(AOBA),
        lease: Lease::Dynamic(30),
        subscribers: 15_000,
        blocks: &[block("198.19.128.0/18", 450, AOBA)],
        reports: true,
    },
    Provider {
        code: "isp-f",
        name: "すみか集合住宅ネット",
        upstream: "",
        asn: Some(SUMIKA),
        lease: Lease::Static,
        subscribers: 3_800,
        blocks: &[
            block("198.19.224.0/21", 90, SUMIKA),
            Block { declared: Declared::Apartments, ..block("198.19.232.0/21", 210, SUMIKA) },
        ],
        reports: true,
    },
    Provider {
        code: "isp-g",
        name: "北みなとケーブル",
        upstream: "isp-a",
        asn: None,
        lease: Lease::Sticky(120),
        subscribers: 3_700,
        blocks: &[block("198.19.240.0/20", 200, MINATO)],
        reports: true,
    },
    Provider {
        code: "isp-h",
        name: "とおせネット",
        upstream: "",
        asn: Some(TOOSE),
        lease: Lease::Dynamic(30),
        subscribers: 7_600,
        blocks: &[block("198.19.192.0/19", 300, TOOSE)],
        reports: false,
    },
];

/// The place of the ISP with that code.
pub(super) fn place(code: &str) -> Option<usize> {
    PROVIDERS.iter().position(|provider| provider.code == code)
}

/// The ISP register (事業者台帳): one row per declared prefix.
pub(super) fn register_csv() -> String {
    let mut csv = String::from(
        "code,name,upstream,asns,lease_policy,lines,prefix,kind,valid_from,valid_to\r\n",
    );
    for provider in &PROVIDERS {
        let asn = provider.asn.map(|asn| asn.to_string()).unwrap_or_default();
        let Provider { code, name, upstream, subscribers, .. } = provider;
        let head =
            format!("{code},{name},{upstream},{asn},{},{subscribers}", provider.lease.word());
        for block in provider.blocks {
            let kind = match block.declared {
                Declared::Homes => "declared",
                Declared::Apartments => "apartment",
                Declared::Not => continue,
            };
            let _ = write!(csv, "{head},{},{kind},2024-04-01,\r\n", block.prefix);
        }
        campaign::register_rows(code, &head, &mut csv);
    }
    csv
}

/// The public address table (アドレス表): start, end, AS number, organisation; no header.
pub(super) fn network_table_csv() -> String {
    let mut csv = String::new();
    for block in PROVIDERS.iter().flat_map(|provider| provider.blocks) {
        let (net, asn) = (block.net(), block.announced_by);
        let owner = PROVIDERS.iter().find(|provider| provider.asn == Some(asn));
        let name = owner.map_or("", |provider| provider.name);
        let _ = write!(csv, "{},{},{asn},{name}\r\n", net.network(), net.broadcast());
    }
    csv
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blocks_are_set_aside_for_tests_and_do_not_overlap() {
        let blocks: Vec<IpNet> =
            PROVIDERS.iter().flat_map(|provider| provider.blocks).map(Block::net).collect();
        for (at, net) in blocks.iter().enumerate() {
            let set_aside = ["198.18.0.0/15", "2001:db8::/32"];
            assert!(set_aside.iter().any(|all| all.parse::<IpNet>().unwrap().contains(net)));
            assert_eq!(net.trunc(), *net);
            assert!(
                blocks[at + 1..].iter().all(|other| !other.contains(net) && !net.contains(other))
            );
        }
    }

    #[test]
    fn a_line_behind_an_upstream_is_announced_by_it() {
        let table = network_table_csv();
        assert!(table.contains("198.19.240.0,198.19.255.255,64496,みなと光"), "{table}");
        assert!(!register_csv().contains("198.19.96.0/19"));
    }
}
