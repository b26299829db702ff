//! Who served an address (帰属), computed anew from the register and the address table.
//!
//! Knows the register of now alone. What came before it was changed last may rightly say
//! otherwise, so the check compares only what came since.

use std::{collections::HashMap, net::IpAddr};

use ipnet::IpNet;

use super::store;
use crate::{db::Tx, ids::IspId, time::Moment};

/// Kinds of report that name victims, samples or lists, and make no case.
const NO_CASE: [&str; 6] =
    ["ddos_victim", "ddos_target", "sandbox", "blocklist", "spam_url", "device_id"];

/// A declared prefix or an AS number, at its place: whose it is, and when.
struct Declared {
    isp: IspId,
    from: i64,
    to: Option<i64>,
}

impl Declared {
    fn holds(&self, at: i64) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }
}

/// The register and the table.
pub(super) struct Register {
    /// By bits of address and first address, IPv4 mapped into IPv6.
    declared: HashMap<(u32, u128), Vec<Declared>>,
    /// Bits of addresses that anybody declared, most first.
    bits: Vec<u32>,
    by_asn: HashMap<i64, Vec<Declared>>,
    /// Whether addresses of a provider stay with their lines.
    is_static: HashMap<IspId, bool>,
    /// First and last address, AS; in order.
    table: Vec<(u128, u128, i64)>,
    /// When it was changed last.
    pub(super) changed_at: i64,
}

/// Whose a hit is, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) isp: Option<IspId>,
    pub(super) term: i64,
    pub(super) asn: Option<i64>,
    pub(super) basis: &'static str,
}

impl Register {
    /// Reads it.
    pub(super) async fn read(tx: &mut Tx) -> anyhow::Result<Self> {
        let (applied_at, chunks) = store::table(tx).await?;
        let mut table = Vec::new();
        for chunk in chunks {
            let body = zstd::decode_all(&chunk[..])?;
            table.extend(body.chunks_exact(36).map(range));
        }
        table.sort_unstable();
        let mut declared: HashMap<_, Vec<Declared>> = HashMap::new();
        for (isp, prefix, from, to) in store::declared(tx).await? {
            let prefix: IpNet = prefix.parse()?;
            let spare = if prefix.addr().is_ipv4() { 96 } else { 0 };
            let key = (u32::from(prefix.prefix_len()) + spare, number(prefix.network()));
            declared.entry(key).or_default().push(Declared { isp, from, to });
        }
        let mut bits: Vec<u32> = declared.keys().map(|(bits, _)| *bits).collect();
        bits.sort_unstable_by(|a, b| b.cmp(a));
        bits.dedup();
        let mut by_asn: HashMap<_, Vec<Declared>> = HashMap::new();
        for (asn, isp, from, to) in store::asns(tx).await? {
            by_asn.entry(asn).or_default().push(Declared { isp, from, to });
        }
        let (mut is_static, mut changed_at) = (HashMap::new(), applied_at.unwrap_or(i64::MIN));
        for (isp, policy, at) in store::isps(tx).await? {
            is_static.insert(isp, policy == "static");
            changed_at = changed_at.max(at);
        }
        changed_at = changed_at.max(store::changed_at(tx).await?);
        Ok(Self { declared, bits, by_asn, is_static, table, changed_at })
    }

    /// Whose a hit at `spot` at `at` is.
    pub(super) fn owner(&self, spot: &[u8], at: i64) -> Owner {
        let address = spot.first_chunk().copied().map_or(0, u128::from_be_bytes);
        let after = self.table.partition_point(|(first, _, _)| *first <= address);
        let range = self.table[..after].last().filter(|(_, last, _)| address <= *last);
        let asn = range.map(|(_, _, asn)| *asn);
        let (isp, basis) = match self.declared(address, at) {
            Some(isp) => (Some(isp), "declared"),
            // An AS that two announce decides nothing.
            None => match asn.and_then(|asn| self.announcer(asn, at)) {
                Some(isp) => (Some(isp), "table"),
                None => (None, "none"),
            },
        };
        let is_static = isp.is_none_or(|isp| self.is_static.get(&isp) == Some(&true));
        Owner { isp, term: if is_static { 0 } else { month(at) }, asn, basis }
    }

    fn announcer(&self, asn: i64, at: i64) -> Option<IspId> {
        let mut held = self.by_asn.get(&asn)?.iter().filter(|one| one.holds(at));
        let one = held.next()?.isp;
        held.all(|other| other.isp == one).then_some(one)
    }

    fn declared(&self, address: u128, at: i64) -> Option<IspId> {
        self.bits.iter().find_map(|bits| {
            let first = address & u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            let here = self.declared.get(&(*bits, first))?.iter();
            let held = here.filter(|one| one.holds(at));
            held.max_by_key(|one| one.from).map(|one| one.isp)
        })
    }
}

/// Whether nobody could mend what the kind of a spot says, so that no case is opened.
pub(super) fn opens_no_case(spot: &[u8]) -> bool {
    let kind = spot.get(20..).unwrap_or_default();
    NO_CASE.iter().any(|none| kind.starts_with(none.as_bytes()))
}

/// Months since the year 0 in Japan.
fn month(at: i64) -> i64 {
    let day = Moment(at).in_japan();
    i64::from(day.year()) * 12 + i64::from(day.month())
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// First and last address and AS of 36 bytes.
fn range(bytes: &[u8]) -> (u128, u128, i64) {
    let address = |from: usize| bytes[from..].first_chunk().copied().map_or(0, u128::from_be_bytes);
    let asn = bytes[32..].first_chunk().copied().map_or(0, u32::from_be_bytes);
    (address(0), address(16), i64::from(asn))
}
