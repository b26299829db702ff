//! Term (同一視期間): how long a sighting at an address is taken for the same line's.
//!
//! Where the address is the line, for good. Where addresses change hands, until the end of the
//! month in Japan: whoever is found there in the next month may be somebody else, so that a case of
//! its own asks the ISP again, under an inquiry ID of its own. Once a token says that it is the
//! same line after all, the new case joins the old one. A calendar month, rather than a time since
//! the last sighting, gives the same cases in whatever order files arrive.

use std::collections::HashMap;

use super::Case;
use crate::{isps::LeasePolicy, time::Moment};

/// Term (同一視期間): 0 where the address is the line, else months since the year 0 in Japan.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type, serde::Serialize,
)]
#[sqlx(transparent)]
#[doc(alias = "同一視期間")]
pub struct Term(pub i64);

impl Term {
    /// No end: whoever is found at the address is the same line.
    pub const FOR_GOOD: Self = Self(0);

    /// The term of a sighting at `at` under that lease policy.
    pub fn of(lease: LeasePolicy, at: Moment) -> Self {
        if lease.address_is_line() { Self::FOR_GOOD } else { Self::month(at) }
    }

    /// The month of a moment.
    pub(super) fn month(at: Moment) -> Self {
        let day = at.in_japan();
        Self(i64::from(day.year()) * 12 + i64::from(day.month()))
    }
}

/// Which of several cases at one spot a sighting belongs to (検知の帰属案件).
///
/// An ISP's policy may change: a case for good then yields the months with a case of their own.
#[derive(Debug, Default)]
pub struct Terms<'a>(HashMap<&'a [u8], Vec<&'a Case>>);

impl<'a> Terms<'a> {
    /// The terms of these cases of one provider.
    pub fn of(cases: impl Iterator<Item = &'a Case>) -> Self {
        let mut terms: HashMap<&[u8], Vec<&Case>> = HashMap::new();
        for case in cases {
            terms.entry(&case.spot).or_default().push(case);
        }
        Self(terms)
    }

    /// The case that a sighting at `spot` at `at` belongs to.
    pub fn whose(&self, spot: &[u8], at: Moment) -> Option<&'a Case> {
        let cases = self.0.get(spot)?;
        let of = |term| cases.iter().copied().find(|case| case.term == term);
        of(Term::month(at)).or_else(|| of(Term::FOR_GOOD))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    #[test]
    fn a_month_ends_at_midnight_in_japan() {
        let lease = LeasePolicy::Dynamic(30);
        let (last, next) = (at("2026-04-30T14:59:59Z"), at("2026-04-30T15:00:00Z"));
        assert_ne!(Term::of(lease, last), Term::of(lease, next));
        assert_eq!(Term::of(lease, last), Term::of(lease, at("2026-04-01T00:00:00+09:00")));
    }

    #[test]
    fn an_address_that_is_the_line_stays_it_for_good() {
        let term = |at| Term::of(LeasePolicy::Static, at);
        assert_eq!(term(at("2026-04-30T00:00:00Z")), term(at("2029-01-01T00:00:00Z")));
    }
}
