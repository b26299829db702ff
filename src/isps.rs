//! Internet providers (電気通信事業者): who serves which addresses, and how long a line keeps one.
//!
//! A register: attribution asks it who served an address at a moment, verification asks it whether
//! an address may be followed; notices ask it how a list is to reach its provider. A provider keeps
//! its own entry: it says whom the centre reaches, claims networks and proposes what it is to be
//! known by. Owns `isps`, `isp_asns`, `isp_prefixes`, `isp_imports`, `isp_contacts`,
//! `isp_contact_events`, `isp_claims`, `isp_proposals`, `isp_decisions`, `isp_keys`,
//! `isp_deliveries`, `log_terms`, `apartment_buildings`.

pub mod apartments;
pub mod claims;
pub mod contacts;
pub mod decisions;
pub mod delivery;
pub mod difference;
pub mod entry;
pub mod imports;
pub mod jobs;
pub mod keys;
pub mod log_terms;
pub mod pages;
pub mod register;
mod rows;
pub mod settings;
pub(crate) mod store;
pub mod upstream;
pub mod vouched;

use std::{fmt, str::FromStr};

use formats::report_back::Recipient;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::{access::tenancy::Tenant, db::Db, ids::IspId, time::Moment};

/// Internet provider (電気通信事業者).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "電気通信事業者")]
pub struct Isp {
    /// Its key.
    pub id: IspId,
    /// Its short name in commands and lists.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The code of the provider it sits behind, if any.
    pub upstream: Option<String>,
    /// How long a line keeps an address.
    #[sqlx(try_from = "String")]
    pub lease_policy: LeasePolicy,
    /// Its subscriber lines, where it says so.
    pub lines: Option<i64>,
    /// Whether others serve their subscribers under its AS numbers, and what it does for those.
    #[sqlx(try_from = "Option<String>")]
    pub wholesale: Wholesale,
    /// When an undone import took it off the register again; its cases stay.
    pub removed_at: Option<Moment>,
}

/// What a provider does for subscribers of others that use its addresses (卸提供), as a carrier of
/// IPoE lines (VNE) has them; written as nothing, `forwards`, `silent`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[doc(alias = "卸提供")]
pub enum Wholesale {
    /// It serves its own subscribers alone.
    #[default]
    Retail,
    /// It hands what is found in its addresses on to whoever serves them.
    Forwards,
    /// It does not.
    Silent,
}

impl Wholesale {
    /// The word in the register, where there is one.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Retail => None,
            Self::Forwards => Some("forwards"),
            Self::Silent => Some("silent"),
        }
    }
}

/// A text that says nothing about wholesale.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is neither empty nor forwards nor silent")]
pub struct NotWholesale(String);

impl TryFrom<Option<String>> for Wholesale {
    type Error = NotWholesale;

    fn try_from(word: Option<String>) -> Result<Self, NotWholesale> {
        match word.as_deref().unwrap_or_default() {
            "" => Ok(Self::Retail),
            "forwards" => Ok(Self::Forwards),
            "silent" => Ok(Self::Silent),
            _ => Err(NotWholesale(word.unwrap_or_default())),
        }
    }
}

/// How long a line keeps an address (アドレス割当方針); written `static`, `sticky:400`, `dynamic:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "アドレス割当方針")]
pub enum LeasePolicy {
    /// One line, one address, until the contract changes.
    Static,
    /// Kept for this many days on average; may still change.
    Sticky(u32),
    /// Handed on after this many days on average.
    Dynamic(u32),
}

impl LeasePolicy {
    /// Whether silence at an address says anything about the line that held it.
    pub fn address_is_line(self) -> bool {
        self == Self::Static
    }
}

/// A text that is no lease policy.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no lease policy; write static, sticky:DAYS or dynamic:DAYS")]
pub struct NotALeasePolicy(String);

impl FromStr for LeasePolicy {
    type Err = NotALeasePolicy;

    fn from_str(text: &str) -> Result<Self, NotALeasePolicy> {
        let bad = || NotALeasePolicy(text.to_owned());
        match text.split_once(':') {
            None if text == "static" => Ok(Self::Static),
            Some(("sticky", days)) => days.parse().map(Self::Sticky).map_err(|_| bad()),
            Some(("dynamic", days)) => days.parse().map(Self::Dynamic).map_err(|_| bad()),
            _ => Err(bad()),
        }
    }
}

impl TryFrom<String> for LeasePolicy {
    type Error = NotALeasePolicy;

    fn try_from(text: String) -> Result<Self, NotALeasePolicy> {
        text.parse()
    }
}

impl fmt::Display for LeasePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Static => f.write_str("static"),
            Self::Sticky(days) => write!(f, "sticky:{days}"),
            Self::Dynamic(days) => write!(f, "dynamic:{days}"),
        }
    }
}

/// What kind of network a declared prefix is (網種別).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[doc(alias = "網種別")]
pub enum Kind {
    /// Lines of its own.
    Declared,
    /// An apartment house with a network of its own.
    Apartment,
    /// Several lines share an address (CGN, MAP-E): only address, port and second name one.
    Shared,
    /// Others serve their subscribers there.
    Wholesale,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Declared, Self::Apartment, Self::Shared, Self::Wholesale];

    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Apartment => "apartment",
            Self::Shared => "shared",
            Self::Wholesale => "wholesale",
        }
    }
}

/// A word that is no kind of network.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is none of declared, apartment, shared, wholesale")]
pub struct NotAKind(String);

impl FromStr for Kind {
    type Err = NotAKind;

    fn from_str(word: &str) -> Result<Self, NotAKind> {
        let found = Self::ALL.into_iter().find(|kind| kind.word() == word);
        found.ok_or_else(|| NotAKind(word.to_owned()))
    }
}

/// A declared prefix (申告アドレスブロック) and the time for which it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredPrefix {
    /// Who declared it.
    pub isp: IspId,
    /// The prefix.
    pub prefix: IpNet,
    /// What kind of network it is.
    pub kind: Kind,
    /// From this moment on.
    pub from: Moment,
    /// Until this moment, which is no longer part of it; nothing = until further notice.
    pub to: Option<Moment>,
    /// What an apartment house is called, where the provider says so.
    pub name: Option<String>,
    /// Who is told of what is found in the parts of an apartment house that all share.
    pub notify: Option<Recipient>,
}

impl DeclaredPrefix {
    /// Whether the declaration held at `at`.
    pub fn held_at(&self, at: Moment) -> bool {
        is_within(at, self.from, self.to)
    }
}

/// An AS number (AS番号) that a provider announces, and the time for which it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "AS番号")]
pub struct AnnouncedAs {
    /// Who announces it.
    pub isp: IspId,
    /// The number.
    pub asn: u32,
    /// From this moment on.
    pub from: Moment,
    /// Until this moment, which is no longer part of it; nothing = until further notice.
    pub to: Option<Moment>,
}

impl AnnouncedAs {
    /// Whether the provider announced it at `at`.
    pub fn held_at(&self, at: Moment) -> bool {
        is_within(at, self.from, self.to)
    }
}

/// Whether what holds from one moment until another, if any, holds at `at`.
fn is_within(at: Moment, from: Moment, to: Option<Moment>) -> bool {
    from <= at && to.is_none_or(|to| at < to)
}

/// All providers by code.
pub async fn all(db: &Db) -> crate::db::Result<Vec<Isp>> {
    store::all(db).await
}

/// The provider with that code.
pub async fn by_code(db: &Db, code: &str) -> crate::db::Result<Option<Isp>> {
    store::by_code(db, code).await
}

/// What the register says of a provider, for itself.
pub async fn own(tenant: &Tenant) -> anyhow::Result<entry::Entry> {
    let register = Register::load(&tenant.app().db).await?;
    Ok(entry::entries(&register).remove(&tenant.isp()).unwrap_or_default())
}

/// All declared prefixes.
pub async fn prefixes(db: &Db) -> anyhow::Result<Vec<DeclaredPrefix>> {
    store::prefixes(db).await
}

/// Which providers announce which AS numbers, and when.
pub async fn asns(db: &Db) -> anyhow::Result<Vec<AnnouncedAs>> {
    store::asns(db).await
}

/// Everything that says who serves an address, loaded once.
#[derive(Clone, Debug, Default)]
pub struct Register {
    /// The providers.
    pub isps: Vec<Isp>,
    /// What they declared.
    pub prefixes: Vec<DeclaredPrefix>,
    /// The AS numbers they announce.
    pub asns: Vec<AnnouncedAs>,
}

impl Register {
    /// Loads it.
    pub async fn load(db: &Db) -> anyhow::Result<Self> {
        let (prefixes, asns) = (prefixes(db).await?, asns(db).await?);
        // Read last: whoever is registered meanwhile then has a policy, if no prefix yet.
        Ok(Self { isps: all(db).await?, prefixes, asns })
    }

    /// The provider of that key.
    pub fn isp(&self, id: IspId) -> Option<&Isp> {
        self.isps.iter().find(|isp| isp.id == id)
    }
}
