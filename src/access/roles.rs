//! Roles (役割): what a person of the centre may do, as a table and nowhere else.

use std::{fmt, str::FromStr};

/// A role (役割).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "役割")]
pub enum Role {
    /// Takes files in: sees addresses and raw files, works quarantine, approves batches.
    Intake,
    /// Makes accounts and tokens; sees that files came, and no address.
    Administrator,
}

/// Something that not everybody may do (操作).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// See which files came and what became of them, in numbers.
    SeeFeeds,
    /// See rows and raw files, which bear addresses.
    ReadRaw,
    /// Close, reopen, mend and retry rows in quarantine.
    WorkQuarantine,
    /// Let a batch pass the volume gate, or withdraw it.
    Approve,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::SeeFeeds, Self::ReadRaw, Self::WorkQuarantine, Self::Approve];
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Intake, Self::Administrator];

    /// Whether this role may do it.
    pub fn may(self, act: Act) -> bool {
        match (self, act) {
            (Self::Intake, _) | (Self::Administrator, Act::SeeFeeds) => true,
            // Who makes accounts can make one for intake, under a name that then stands everywhere.
            (Self::Administrator, Act::ReadRaw | Act::WorkQuarantine | Act::Approve) => false,
        }
    }

    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Administrator => "administrator",
        }
    }
}

/// A word that names no role.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no role; there are intake and administrator")]
pub struct NotARole(String);

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Role {
    type Err = NotARole;

    fn from_str(word: &str) -> Result<Self, NotARole> {
        let known = Self::ALL.into_iter().find(|role| role.word() == word);
        known.ok_or_else(|| NotARole(word.to_owned()))
    }
}

impl TryFrom<String> for Role {
    type Error = NotARole;

    fn try_from(word: String) -> Result<Self, NotARole> {
        word.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_for_intake_alone() {
        let may = |role: Role| Act::ALL.map(|act| role.may(act));
        assert_eq!(may(Role::Intake), [true; 4]);
        assert_eq!(may(Role::Administrator), [true, false, false, false]);
    }
}
