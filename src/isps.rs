//! Internet providers (電気通信事業者): who serves which addresses, and how long a line keeps one.
//!
//! A register: attribution asks it who served an address at a moment, verification asks it whether
//! an address may be followed. Owns `isps`, `isp_asns`, `isp_prefixes`.

pub mod register;
pub(crate) mod store;

use std::{fmt, str::FromStr};

use ipnet::IpNet;
use sqlx::FromRow;

use crate::{db::Db, ids::IspId, time::Moment};

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

/// A declared prefix (申告アドレスブロック) and the time for which it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredPrefix {
    /// Who declared it.
    pub isp: IspId,
    /// The prefix.
    pub prefix: IpNet,
    /// `declared`, `apartment` or `shared`, what kind of network it is.
    pub kind: String,
    /// From this moment on.
    pub from: Moment,
    /// Until this moment, which is no longer part of it; nothing = until further notice.
    pub to: Option<Moment>,
}

impl DeclaredPrefix {
    /// Whether the declaration held at `at`.
    pub fn held_at(&self, at: Moment) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }
}

/// All providers by code.
pub async fn all(db: &Db) -> crate::db::Result<Vec<Isp>> {
    store::all(db).await
}

/// The provider with that code.
pub async fn by_code(db: &Db, code: &str) -> crate::db::Result<Option<Isp>> {
    store::by_code(db, code).await
}

/// All declared prefixes.
pub async fn prefixes(db: &Db) -> anyhow::Result<Vec<DeclaredPrefix>> {
    store::prefixes(db).await
}

/// Which providers announce which AS numbers.
pub async fn asns(db: &Db) -> crate::db::Result<Vec<(i64, IspId)>> {
    store::asns(db).await
}
