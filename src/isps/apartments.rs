//! Apartment networks (マンションインターネット): who is told of a device in an apartment house.
//!
//! Where a device stands and how its part of the house gets its address decide together. Neither is
//! in a list of detections: the provider says it in its report. What nobody has looked at stays
//! open; nothing here is guessed. Owns `apartment_buildings`.

pub mod buildings;
pub mod contradiction;
pub mod register;
mod rows;

use std::{fmt, str::FromStr};

use formats::report_back::{Placement, ReasonCode, Recipient};

/// How a part of an apartment house gets its addresses (アドレスの使い方).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "アドレスの使い方")]
pub enum AddressUse {
    /// A public IPv4 address of its own (グローバルIP).
    Global,
    /// A private address behind the house's router, which forwards a port to it.
    PortForwarding,
    /// A private address to which nothing is forwarded: it was seen by what it sent.
    NotForwarded,
    /// An IPv4 address that several share by ports.
    PortShared {
        /// Whether the sighting says which port.
        port: bool,
    },
    /// IPv6.
    Ipv6 {
        /// Whether each home has a prefix of its own.
        per_home: bool,
    },
    /// A line of the tenant's own, from a provider of their choice.
    OwnProvider,
}

impl AddressUse {
    /// The word that stands in answers of commands.
    pub fn word(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::PortForwarding => "port_forwarding",
            Self::NotForwarded => "private",
            Self::PortShared { port: true } => "port_shared",
            Self::PortShared { port: false } => "port_shared_without_port",
            Self::Ipv6 { per_home: true } => "ipv6_per_home",
            Self::Ipv6 { per_home: false } => "ipv6_shared",
            Self::OwnProvider => "own_provider",
        }
    }
}

/// What becomes of a detection in an apartment house (注意喚起先).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "注意喚起先")]
pub enum Route {
    /// One of these is told: those with whom the provider has its contract.
    Tell(&'static [Recipient]),
    /// Nobody can be told, for this reason.
    Nobody(ReasonCode),
    /// A person decides, by the address translation log of the house.
    Decide,
    /// The tenant's own provider is told, the normal way.
    OwnProvider,
}

/// Owner, management company or association (オーナー、管理会社、管理組合).
pub const HOUSE: [Recipient; 3] =
    [Recipient::Owner, Recipient::ManagementCompany, Recipient::Association];

const TENANT: Route = Route::Tell(&[Recipient::Tenant]);

/// Who is told of a device that stands at `placement` and gets its address as `used`.
pub fn route(placement: Placement, used: AddressUse) -> Route {
    match (placement, used) {
        (Placement::Shared, _) => Route::Tell(&HOUSE),
        // The provider has to find out; until then it is open.
        (Placement::Both | Placement::Unknown, _) => Route::Nobody(ReasonCode::Pending),
        (Placement::Private, AddressUse::PortForwarding) => {
            Route::Nobody(ReasonCode::ApartmentSharedDevice)
        }
        (Placement::Private, AddressUse::PortShared { port: false }) => {
            Route::Nobody(ReasonCode::IpSharedNoPort)
        }
        (
            Placement::Private,
            AddressUse::Global
            | AddressUse::PortShared { port: true }
            | AddressUse::Ipv6 { per_home: true },
        ) => TENANT,
        (Placement::Private, AddressUse::NotForwarded | AddressUse::Ipv6 { per_home: false }) => {
            Route::Decide
        }
        (Placement::Private, AddressUse::OwnProvider) => Route::OwnProvider,
    }
}

/// The same where the use of addresses may be unknown: in a home the provider is asked for it.
pub fn known_route(placement: Placement, used: Option<AddressUse>) -> Route {
    match (placement, used) {
        (Placement::Shared, _) => Route::Tell(&HOUSE),
        (_, Some(used)) => route(placement, used),
        (_, None) => Route::Nobody(ReasonCode::Pending),
    }
}

/// What a person decided where the table has no answer (人の判断); written `house`, `tenant`,
/// `own_provider`, `nobody:REASON`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "人の判断")]
pub enum Decision {
    /// Owner, management company or association is told.
    House,
    /// The tenant is told.
    Tenant,
    /// The tenant's own provider is told.
    OwnProvider,
    /// Nobody can be told, for this reason.
    Nobody(ReasonCode),
}

impl Decision {
    /// A decision as it was kept; nothing where what was kept decides nothing.
    pub fn kept(text: &str) -> Result<Option<Self>, NotADecision> {
        match text.parse() {
            Ok(decision) => Ok(Some(decision)),
            Err(NotADecision::Open(_)) => Ok(None),
            Err(bad) => Err(bad),
        }
    }

    /// Where it leads.
    pub fn route(self) -> Route {
        match self {
            Self::House => Route::Tell(&HOUSE),
            Self::Tenant => TENANT,
            Self::OwnProvider => Route::OwnProvider,
            Self::Nobody(reason) => Route::Nobody(reason),
        }
    }
}

/// A text that is no decision.
#[derive(Debug, thiserror::Error)]
pub enum NotADecision {
    /// It names nobody.
    #[error("`{0}` is none of house, tenant, own_provider, nobody:REASON")]
    Word(String),
    /// Such a reason leaves it open: the provider is still looking, or a trial drew an arm.
    #[error(
        "`{0}` leaves it open who is told, and decides nothing; `--undo` takes a decision back"
    )]
    Open(String),
}

impl FromStr for Decision {
    type Err = NotADecision;

    fn from_str(text: &str) -> Result<Self, NotADecision> {
        let bad = || NotADecision::Word(text.to_owned());
        match text.split_once(':') {
            None if text == "house" => Ok(Self::House),
            None if text == "tenant" => Ok(Self::Tenant),
            None if text == "own_provider" => Ok(Self::OwnProvider),
            Some(("nobody", reason)) => match reason.parse().map_err(|_| bad())? {
                ReasonCode::Pending | ReasonCode::SuppressedByTrialArm => {
                    Err(NotADecision::Open(text.to_owned()))
                }
                reason => Ok(Self::Nobody(reason)),
            },
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::House => f.write_str("house"),
            Self::Tenant => f.write_str("tenant"),
            Self::OwnProvider => f.write_str("own_provider"),
            Self::Nobody(reason) => write!(f, "nobody:{reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const USES: [AddressUse; 8] = [
        AddressUse::Global,
        AddressUse::PortForwarding,
        AddressUse::NotForwarded,
        AddressUse::PortShared { port: true },
        AddressUse::PortShared { port: false },
        AddressUse::Ipv6 { per_home: true },
        AddressUse::Ipv6 { per_home: false },
        AddressUse::OwnProvider,
    ];

    #[test]
    fn what_all_share_is_told_to_owner_manager_or_association_whatever_the_address() {
        for used in USES {
            assert_eq!(route(Placement::Shared, used), Route::Tell(&HOUSE), "{used:?}");
        }
    }

    #[test]
    fn in_a_home_the_use_of_the_address_decides() {
        let routes = [
            TENANT,
            Route::Nobody(ReasonCode::ApartmentSharedDevice),
            Route::Decide,
            TENANT,
            Route::Nobody(ReasonCode::IpSharedNoPort),
            TENANT,
            Route::Decide,
            Route::OwnProvider,
        ];
        for (used, wanted) in USES.into_iter().zip(routes) {
            assert_eq!(route(Placement::Private, used), wanted, "{used:?}");
        }
    }

    #[test]
    fn a_decision_is_read_as_it_is_written() {
        for text in ["house", "tenant", "own_provider", "nobody:APARTMENT_SHARED_DEVICE"] {
            assert_eq!(text.parse::<Decision>().unwrap().to_string(), text);
        }
        for bad in ["", "owner", "nobody", "nobody:REASON"] {
            assert!(bad.parse::<Decision>().is_err(), "{bad}");
            assert!(Decision::kept(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nobody_decides_by_saying_that_it_is_open_or_that_a_trial_drew_it() {
        for open in ["nobody:PENDING", "nobody:SUPPRESSED_BY_TRIAL_ARM"] {
            assert!(matches!(open.parse::<Decision>(), Err(NotADecision::Open(_))), "{open}");
            assert_eq!(Decision::kept(open).unwrap(), None, "{open}");
        }
        assert_eq!(Decision::kept("tenant").unwrap(), Some(Decision::Tenant));
    }

    #[test]
    fn where_nobody_knows_the_place_the_provider_is_asked_and_nothing_guessed() {
        for placement in [Placement::Both, Placement::Unknown] {
            for used in USES {
                let open = Route::Nobody(ReasonCode::Pending);
                assert_eq!(route(placement, used), open, "{placement:?} {used:?}");
            }
        }
    }
}
