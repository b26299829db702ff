//! Who served an address (帰属), computed anew from the register and the address table.
//!
//! The rule of docs/operate/networks.md, asked of every declaration in turn. It knows the register
//! of now alone: what came before it was changed last may rightly say otherwise, so the check
//! compares only what came since.

use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, Ipv6Addr},
};

use ipnet::IpNet;

use super::{
    store::served::{self as store, Provider},
    table::Table,
};
use crate::{db::Tx, ids::IspId, time::Moment};

/// Kinds of report that name victims, samples or lists, and make no case.
const NO_CASE: [&str; 6] =
    ["ddos_victim", "ddos_target", "sandbox", "blocklist", "spam_url", "device_id"];

/// A prefix that was declared, or an AS number that is announced: by whom, and when.
struct Declared {
    isp: IspId,
    /// Whether others serve their subscribers there.
    is_wholesale: bool,
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
    providers: HashMap<IspId, Provider>,
    by_code: HashMap<String, IspId>,
    declared: HashMap<IpNet, Vec<Declared>>,
    /// Lengths of prefixes that anybody declared, of either family.
    lengths: BTreeSet<u8>,
    by_asn: HashMap<i64, Vec<Declared>>,
    table: Table,
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
        let (mut declared, mut by_asn) = (HashMap::new(), HashMap::new());
        for (isp, prefix, kind, from, to) in store::declared(tx).await? {
            let prefix = prefix.parse::<IpNet>()?.trunc();
            let one = Declared { isp, is_wholesale: kind == "wholesale", from, to };
            declared.entry(prefix).or_insert_with(Vec::new).push(one);
        }
        for (asn, isp, from, to) in store::asns(tx).await? {
            let one = Declared { isp, is_wholesale: false, from, to };
            by_asn.entry(asn).or_insert_with(Vec::new).push(one);
        }
        let providers = store::providers(tx).await?;
        Ok(Self {
            by_code: providers.iter().map(|one| (one.code.clone(), one.id)).collect(),
            providers: providers.into_iter().map(|one| (one.id, one)).collect(),
            lengths: declared.keys().map(IpNet::prefix_len).collect(),
            declared,
            by_asn,
            table: Table::read(tx).await?,
            changed_at: store::changed_at(tx).await?.unwrap_or(i64::MIN),
        })
    }

    /// Whose a hit at `spot` at `at` is.
    pub(super) fn owner(&self, spot: &[u8], at: i64) -> Owner {
        let address = spot.first_chunk().copied().unwrap_or_default();
        let asn = self.table.asn(&address, at);
        let equal = self.longest(Ipv6Addr::from(address).to_canonical(), at);
        let (isp, basis) = if equal.is_empty() {
            (asn.and_then(|asn| self.announcer(asn, at)), "table")
        } else {
            (self.holder(&equal), "declared")
        };
        let basis = if isp.is_some() { basis } else { "none" };
        let policy = isp.and_then(|isp| self.providers.get(&isp)).map(|one| &*one.lease_policy);
        let term = if policy.is_none_or(|policy| policy == "static") { 0 } else { month(at) };
        Owner { isp, term, asn, basis }
    }

    /// The declarations of the longest prefix over an address, of those the latest ones.
    fn longest(&self, ip: IpAddr, at: i64) -> Vec<&Declared> {
        for length in self.lengths.iter().rev() {
            let Ok(prefix) = IpNet::new(ip, *length) else { continue };
            let here = self.declared.get(&prefix.trunc()).into_iter().flatten();
            let mut held: Vec<&Declared> = here.filter(|one| one.holds(at)).collect();
            if let Some(latest) = held.iter().map(|one| one.from).max() {
                held.retain(|one| one.from == latest);
                return held;
            }
        }
        Vec::new()
    }

    /// Whose a prefix is that all of these declared from the same moment: the one's that sits
    /// behind all others, since they sell it lines.
    fn holder(&self, equal: &[&Declared]) -> Option<IspId> {
        let is_lowest = |one: &&&Declared| {
            let mut others = equal.iter().filter(|other| other.isp != one.isp);
            others.all(|other| self.is_behind(one.isp, other.isp))
        };
        let one = equal.iter().find(is_lowest)?;
        (!one.is_wholesale || self.sells_lines(one.isp) == Some("forwards")).then_some(one.isp)
    }

    /// Who is asked of an AS that the table names.
    fn announcer(&self, asn: i64, at: i64) -> Option<IspId> {
        let held = self.by_asn.get(&asn)?.iter().filter(|one| one.holds(at));
        let mut isps: BTreeSet<IspId> = held.map(|one| one.isp).collect();
        if isps.len() > 1 {
            isps.retain(|isp| self.sells_lines(*isp) == Some("forwards"));
        }
        let one = isps.pop_first().filter(|_| isps.is_empty())?;
        (self.sells_lines(one) != Some("silent")).then_some(one)
    }

    /// Whether a provider is a carrier whose AS numbers serve others' subscribers, and of which
    /// sort.
    fn sells_lines(&self, isp: IspId) -> Option<&str> {
        self.providers.get(&isp)?.wholesale.as_deref()
    }

    /// Whether `lower` sits behind `upper`, however many stand between them.
    fn is_behind(&self, lower: IspId, upper: IspId) -> bool {
        let mut at = lower;
        for _ in 0..self.providers.len() {
            let above = self.providers.get(&at).and_then(|one| one.upstream.as_deref());
            match above.and_then(|code| self.by_code.get(code)) {
                None => return false,
                Some(isp) if *isp == upper => return true,
                Some(isp) => at = *isp,
            }
        }
        false
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
