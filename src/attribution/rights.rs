//! Rights (閲覧権): whether a provider may read what was seen at an address, at every read anew.
//!
//! A case belongs to the provider to which it was attributed when it came in, and stays so. Whether
//! that provider may still *read* of it follows from the register of today, asked as of the moment
//! of the sighting: who gave a prefix away reads nothing of it that was seen after the hand-over,
//! also where the hand-over was entered late; what was seen before it stays theirs. Lists, exports
//! and pages ask here. Owns no table; reads the ISP register.

use std::{collections::HashMap, net::IpAddr};

use super::{Attributor, Why, holders::Holders};
use crate::{db::Db, ids::IspId, isps::Register, time::Moment};

/// What was seen (検知の所在).
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Where.
    pub ip: IpAddr,
    /// The AS that the table named when it came in, if it did.
    pub asn: Option<u32>,
    /// When.
    pub at: Moment,
}

/// Who holds an AS from which moment on.
type Answers = Vec<(Moment, Option<IspId>)>;

/// Who may read what (閲覧権), from the register of today.
#[derive(Debug)]
#[doc(alias = "閲覧権")]
pub struct Rights {
    declared: Attributor,
    by_asn: HashMap<u32, Answers>,
}

impl Rights {
    /// Loads the register.
    pub async fn load(db: &Db) -> anyhow::Result<Self> {
        Ok(Self::of(Register::load(db).await?))
    }

    /// Those of this register.
    pub fn of(register: Register) -> Self {
        let holders = Holders::of(&register);
        let answers = |asn: u32| -> Answers {
            let mut times: Vec<Moment> = holders.changes_of(asn).collect();
            times.push(Moment(i64::MIN));
            times.sort_unstable();
            times.dedup();
            times.into_iter().map(|at| (at, holders.decide(&[], Some(asn), at).isp)).collect()
        };
        let by_asn = register.asns.iter().map(|one| (one.asn, answers(one.asn))).collect();
        Self { by_asn, declared: Attributor::new(register, &[]) }
    }

    /// Who held the address then: by what was declared, else by the AS that the table named.
    pub fn holder(&self, seen: Seen) -> Option<IspId> {
        let found = self.declared.attribute(seen.ip, seen.at);
        if found.why != Why::NotInTable {
            return found.isp;
        }
        let answers = self.by_asn.get(&seen.asn?)?;
        answers.iter().rev().find(|(from, _)| *from <= seen.at)?.1
    }

    /// Whether `isp` may read what was seen.
    pub fn may_read(&self, isp: IspId, seen: Seen) -> bool {
        self.holder(seen) == Some(isp)
    }

    /// What was declared, without the table.
    pub fn declarations(&self) -> &Attributor {
        &self.declared
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isps::{AnnouncedAs, DeclaredPrefix, Isp, Kind, LeasePolicy, Wholesale};

    const OLD: IspId = IspId(uuid::Uuid::from_u128(1));
    const NEW: IspId = IspId(uuid::Uuid::from_u128(2));

    fn register() -> Register {
        let isp = |id, code: &str| Isp {
            id,
            code: code.to_owned(),
            name: code.to_owned(),
            upstream: None,
            lease_policy: LeasePolicy::Static,
            lines: None,
            wholesale: Wholesale::Retail,
            removed_at: None,
        };
        let declared = |isp, from, to: Option<i64>| DeclaredPrefix {
            isp,
            prefix: "198.18.1.0/24".parse().unwrap(),
            kind: Kind::Declared,
            from: Moment(from),
            to: to.map(Moment),
            name: None,
            notify: None,
        };
        let announced = |isp, from, to: Option<i64>| AnnouncedAs {
            isp,
            asn: 64_500,
            from: Moment(from),
            to: to.map(Moment),
        };
        Register {
            isps: vec![isp(OLD, "old"), isp(NEW, "new")],
            prefixes: vec![declared(OLD, 0, Some(10)), declared(NEW, 10, None)],
            asns: vec![announced(OLD, 0, Some(20)), announced(NEW, 20, None)],
        }
    }

    #[test]
    fn the_right_to_read_passes_with_the_addresses_at_that_very_moment() {
        let rights = Rights::of(register());
        let seen = |at| Seen { ip: "198.18.1.7".parse().unwrap(), asn: None, at: Moment(at) };
        for (at, holder) in [(-1, None), (0, Some(OLD)), (9, Some(OLD)), (10, Some(NEW))] {
            assert_eq!(rights.holder(seen(at)), holder, "{at}");
            assert_eq!(rights.may_read(OLD, seen(at)), holder == Some(OLD), "{at}");
        }
    }

    #[test]
    fn where_nothing_was_declared_it_passes_with_the_as_number() {
        let rights = Rights::of(register());
        let seen = |asn, at| Seen { ip: "198.18.9.9".parse().unwrap(), asn, at: Moment(at) };
        assert!(rights.may_read(OLD, seen(Some(64_500), 19)));
        assert!(rights.may_read(NEW, seen(Some(64_500), 20)));
        assert!(!rights.may_read(OLD, seen(Some(64_500), 20)));
        assert_eq!(rights.holder(seen(Some(64_501), 20)), None, "nobody announces it");
        assert_eq!(rights.holder(seen(None, 20)), None);
    }
}
