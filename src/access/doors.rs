//! Doors (通行条件): who may use an address of the site, as a value that stands beside each route.
//!
//! The router is built of routes that each name their door, so that the matrix of route, role and
//! membership is read off the router itself and cannot lack a route. Owns no table.

use std::fmt;

use super::roles::{Act, Role};

/// Who may use a route (通行条件).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "通行条件")]
pub enum Door {
    /// Everybody; among them whoever entered an inquiry ID, which the handler looks at itself.
    Public,
    /// Whoever gave the first of two factors, or came by a link: what leads to the second.
    Entering,
    /// Whoever is signed in, whatever the role: the own account.
    Member,
    /// Whoever of the centre has a role that may do this.
    May(Act),
    /// Whoever of a provider has a role that may do this, within that provider.
    Provider(Act),
    /// A machine whose token is good for a feed.
    FeedToken,
    /// A machine whose token is good for a provider, within that provider.
    ProviderToken,
}

/// How an account stands (アカウントの状態).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "アカウントの状態")]
pub enum Standing {
    /// Invited: has not shown a second factor yet.
    Invited,
    /// Confirmed: has both factors.
    Confirmed,
    /// Shut out until somebody lets it in again.
    Suspended,
    /// Over for good.
    Ended,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Invited, Self::Confirmed, Self::Suspended, Self::Ended];

    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Confirmed => "confirmed",
            Self::Suspended => "suspended",
            Self::Ended => "ended",
        }
    }
}

/// How far whoever holds a session has shown who they are (認証の段階).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "認証の段階")]
pub enum Level {
    /// By a password or a one-time link.
    First,
    /// By a second factor too.
    Full,
}

impl Level {
    /// The word in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Full => "full",
        }
    }
}

impl TryFrom<String> for Level {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        match word.as_str() {
            "first" => Ok(Self::First),
            "full" => Ok(Self::Full),
            _ => Err(word),
        }
    }
}

/// Who stands before a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The role of the account.
    pub role: Role,
    /// How the account stands.
    pub standing: Standing,
    /// How far the session got.
    pub level: Level,
}

/// What a door answers (通行の可否).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The handler decides what comes next.
    Opens,
    /// Sign in first.
    SignIn,
    /// Show a second factor first.
    SecondFactor,
    /// Not with this role.
    Forbidden,
    /// Only with a token.
    NoToken,
}

impl Door {
    /// What this door answers to whoever holds a session, if somebody does. Machines show tokens,
    /// which no session replaces.
    pub fn answer(self, holder: Option<Holder>) -> Answer {
        if self == Self::Public {
            return Answer::Opens;
        }
        if matches!(self, Self::FeedToken | Self::ProviderToken) {
            return Answer::NoToken;
        }
        let in_force =
            |holder: &Holder| matches!(holder.standing, Standing::Invited | Standing::Confirmed);
        let Some(holder) = holder.filter(in_force) else { return Answer::SignIn };
        if self == Self::Entering {
            return Answer::Opens;
        }
        if holder.standing != Standing::Confirmed || holder.level != Level::Full {
            return Answer::SecondFactor;
        }
        let opens = match self {
            Self::May(act) => !holder.role.is_of_provider() && holder.role.may(act),
            Self::Provider(act) => holder.role.is_of_provider() && holder.role.may(act),
            _ => true,
        };
        if opens { Answer::Opens } else { Answer::Forbidden }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public => f.write_str("everybody"),
            Self::Entering => f.write_str("first factor"),
            Self::Member => f.write_str("own account"),
            Self::May(act) => write!(f, "centre: {act:?}"),
            Self::Provider(act) => write!(f, "provider: {act:?}"),
            Self::FeedToken => f.write_str("token of a feed"),
            Self::ProviderToken => f.write_str("token of a provider"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(role: Role, standing: Standing, level: Level) -> Holder {
        Holder { role, standing, level }
    }

    #[test]
    fn behind_a_role_nobody_gets_without_both_factors_and_an_account_in_force() {
        for act in Act::ALL {
            for door in [Door::May(act), Door::Provider(act)] {
                for role in Role::ALL {
                    for standing in Standing::ALL {
                        for level in [Level::First, Level::Full] {
                            let opens = door.answer(Some(holder(role, standing, level)));
                            let whole = standing == Standing::Confirmed && level == Level::Full;
                            let of_provider = matches!(door, Door::Provider(_));
                            let may = role.may(act) && role.is_of_provider() == of_provider;
                            assert_eq!(opens == Answer::Opens, whole && may);
                        }
                    }
                }
                assert_eq!(door.answer(None), Answer::SignIn);
            }
        }
    }

    #[test]
    fn a_session_never_stands_in_for_a_token() {
        let best = Some(holder(Role::IspManager, Standing::Confirmed, Level::Full));
        for door in [Door::FeedToken, Door::ProviderToken] {
            assert_eq!(door.answer(best), Answer::NoToken);
        }
    }
}
