//! Attribution (帰属判定): which ISP served an address at a moment, and why we think so.
//!
//! Third stage: between a sighting and a case. What an ISP declared goes before the public table,
//! the longest prefix first; an AS that several ISPs announce decides nothing. Both are asked as
//! they stood at the time of the sighting. *Unattributed* is a normal outcome with a list of its
//! own. Owns `network_editions`, `network_chunks`, `network_imports`, `unattributed`; reads the ISP
//! register.

pub mod announcers;
mod attributor;
pub mod editions;
pub mod hands;
mod holders;
pub mod identify;
pub mod lookup;
pub mod networks;
pub(crate) mod retract;
pub mod rights;
pub mod spans;
pub(crate) mod store;
pub mod unattributed;

use std::net::IpAddr;

use serde::Serialize;

use crate::{ids::IspId, isps::LeasePolicy};

pub use attributor::{Attributor, Edition};

/// Who served an address (帰属), and why we think so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "帰属判定")]
pub struct Attribution {
    /// The ISP, if one is known.
    pub isp: Option<IspId>,
    /// The origin AS, if the table knows one.
    pub asn: Option<u32>,
    /// What it rests on.
    pub basis: Basis,
    /// Why it is so, or why nobody is named.
    pub why: Why,
    /// The carrier that sells lines wholesale there, where no retail ISP is known.
    pub carrier: Option<IspId>,
    /// What kind of network it is: `declared`, `apartment`, `shared`, `wholesale`, `table`,
    /// `special`, `unknown`.
    pub network_kind: &'static str,
    /// How long a line keeps an address there; nothing where nobody serves it.
    pub lease: Option<LeasePolicy>,
}

/// The rule that an attribution follows (判定理由).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "判定理由")]
pub enum Why {
    /// The ISP declared the longest prefix.
    Declared,
    /// A carrier that forwards declared it as sold wholesale, and no retail ISP a longer one.
    DeclaredCarrier,
    /// Two ISPs declared the same prefix from the same moment, and neither sits behind the other.
    Contradiction,
    /// The ISP alone announces the AS.
    Announced,
    /// A carrier that forwards announces the AS, and no retail ISP declared a prefix.
    AnnouncedCarrier,
    /// A carrier sells lines wholesale there and does not forward.
    SilentCarrier,
    /// Several ISPs announce the AS.
    AnnouncedBySeveral,
    /// The table knows the AS, the register does not.
    Unregistered,
    /// Neither the register nor the table knows the address.
    NotInTable,
}

impl Attribution {
    fn nobody(why: Why, network_kind: &'static str) -> Self {
        let (isp, asn, carrier, lease) = (None, None, None, None);
        Self { isp, asn, basis: Basis::None, why, carrier, network_kind, lease }
    }
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

#[cfg(test)]
mod tests;
