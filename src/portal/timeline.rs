//! The timeline (これまでのこと): what happened to a line, as one story that holds together.
//!
//! Verdicts are told as the facts of the case that speaks for the line: a review withdraws what
//! later evidence upset, so what stands is one story. No fact is written of a device that is merely
//! seen once more, or at another address of its line; the person asks for both, so they are told
//! beside the facts.

use crate::{cases::CaseEvent, time::Moment};

/// What became true on a day (出来事).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "出来事")]
pub enum What {
    /// The device was found for the first time.
    Opened,
    /// It was found again, and nothing had been said that this would upset.
    Seen,
    /// The person said that it is done.
    Claimed,
    /// A covering scan found nothing.
    CleanOnce,
    /// Enough covering scans in a row found nothing.
    Verified,
    /// Seen again after that.
    Recurred,
    /// Seen again before enough scans had found nothing.
    Reopened,
    /// Nobody can tell any more.
    Unknown,
}

impl What {
    /// The word in keys of texts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Seen => "seen",
            Self::Claimed => "claimed",
            Self::CleanOnce => "clean-once",
            Self::Verified => "verified",
            Self::Recurred => "recurred",
            Self::Reopened => "reopened",
            Self::Unknown => "unknown",
        }
    }

    /// What a fact of a case is to the person; work between the centre and the ISP is nothing, and
    /// when the line was found is told by its cases.
    fn of_kind(kind: &str) -> Option<Self> {
        Some(match kind {
            "claimed" => Self::Claimed,
            "clean_once" => Self::CleanOnce,
            "verified" => Self::Verified,
            "recurred" => Self::Recurred,
            "reopened" => Self::Reopened,
            "unknown" => Self::Unknown,
            _ => return None,
        })
    }

    /// Whether it tells that the device was found.
    fn is_find(self) -> bool {
        matches!(self, Self::Opened | Self::Seen | Self::Recurred | Self::Reopened)
    }
}

/// A line of the timeline: a day and what became true on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happened {
    /// The day.
    pub on: Moment,
    /// What.
    pub what: What,
}

impl Happened {
    /// What a fact tells the person, if anything.
    pub fn of(fact: &CaseEvent) -> Option<Self> {
        What::of_kind(&fact.kind).map(|what| Self { on: fact.at, what })
    }
}

/// The story of `facts` that stand and of when the line was `found`, in order of time: the first
/// find opens it, and each day has one line of a kind.
pub fn story(mut facts: Vec<Happened>, mut found: Vec<Moment>) -> Vec<Happened> {
    found.sort_unstable();
    let mut what = What::Opened;
    for on in found {
        let same_day = |fact: &&Happened| fact.on.date_jst() == on.date_jst();
        if !facts.iter().filter(same_day).any(|fact| fact.what.is_find()) {
            facts.push(Happened { on, what });
        }
        what = What::Seen;
    }
    facts.sort_by_key(|fact| fact.on);
    facts.dedup_by(|next, before| {
        next.what == before.what && next.on.date_jst() == before.on.date_jst()
    });
    facts
}

#[cfg(test)]
mod tests {
    use super::{What::*, *};

    /// A day of the story.
    fn day(no: i64) -> Moment {
        Moment(0).plus_days(no)
    }

    fn told(facts: &[(i64, What)], found: &[i64]) -> Vec<(i64, What)> {
        let facts = facts.iter().map(|(on, what)| Happened { on: day(*on), what: *what });
        let story = story(facts.collect(), found.iter().map(|on| day(*on)).collect());
        story.iter().map(|fact| (fact.on.0 / day(1).0, fact.what)).collect()
    }

    #[test]
    fn each_find_of_a_line_is_told_in_its_place() {
        assert_eq!(
            told(&[(4, Claimed), (7, CleanOnce)], &[6, 1, 3]),
            [(1, Opened), (3, Seen), (4, Claimed), (6, Seen), (7, CleanOnce)]
        );
    }

    #[test]
    fn a_find_that_a_verdict_tells_is_not_told_twice() {
        let facts = [(2, CleanOnce), (3, Reopened), (5, CleanOnce), (6, Verified), (9, Recurred)];
        let all: Vec<_> = std::iter::once((1, Opened)).chain(facts).collect();
        assert_eq!(told(&facts, &[1, 3, 9]), all);
    }

    #[test]
    fn two_addresses_of_a_line_found_on_one_day_are_one_find() {
        assert_eq!(told(&[], &[1, 1, 5, 5]), [(1, Opened), (5, Seen)]);
    }
}
