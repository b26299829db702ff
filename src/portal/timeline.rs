//! The timeline (これまでのこと): what happened to a case, as one story that holds together.
//!
//! A review withdraws the verdicts that later evidence upsets, but between the evidence and the
//! review both stand. How the case stands now is therefore what the story is told backwards from: a
//! fact that cannot have led there is left out.

use crate::{
    cases::{CaseEvent, State},
    time::Moment,
};

/// What became true on a day (出来事).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "出来事")]
pub enum What {
    /// The device was found, for the first time or at another address of its line.
    Opened,
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
            Self::Claimed => "claimed",
            Self::CleanOnce => "clean-once",
            Self::Verified => "verified",
            Self::Recurred => "recurred",
            Self::Reopened => "reopened",
            Self::Unknown => "unknown",
        }
    }

    /// What a fact of a case is to the person; work between the centre and the ISP is nothing.
    fn of_kind(kind: &str) -> Option<Self> {
        Some(match kind {
            "opened" => Self::Opened,
            "claimed" => Self::Claimed,
            "clean_once" => Self::CleanOnce,
            "verified" => Self::Verified,
            "recurred" => Self::Recurred,
            "reopened" => Self::Reopened,
            "unknown" => Self::Unknown,
            _ => return None,
        })
    }

    fn is_verdict(self) -> bool {
        !matches!(self, Self::Opened | Self::Claimed)
    }

    /// Whether this verdict can have stood until `next` took its place.
    fn leads_to(self, next: Self) -> bool {
        use What::{CleanOnce, Recurred, Reopened, Unknown, Verified};
        match next {
            // Two in a row without a sighting between them tell of one clean stretch, which the
            // later one dates; a verified case is clean until it is seen again.
            CleanOnce | Unknown => matches!(self, Recurred | Reopened),
            Verified => matches!(self, CleanOnce | Recurred | Reopened),
            // A verified case that is seen again recurs, and is not merely open again.
            Reopened => matches!(self, CleanOnce | Unknown | Recurred | Reopened),
            Recurred | What::Opened | What::Claimed => true,
        }
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

/// How a case stands, as far as the story needs it.
#[derive(Clone, Copy, Debug)]
pub struct Stands {
    /// How.
    pub state: State,
    /// Since when.
    pub since: Moment,
    /// When the first of the clean scans ended that this rests on.
    pub first_clean: Option<Moment>,
    /// The first sighting.
    pub first_seen: Moment,
}

impl Stands {
    /// The end of the story, which is certain; `facts` tell whether an open case was ever shut.
    fn end(self, facts: &[Happened]) -> Vec<Happened> {
        let at = |on, what| Happened { on, what };
        let since = self.since;
        match self.state {
            State::Verified => {
                let first = self.first_clean.filter(|first| *first < since);
                let first = first.map(|first| at(first, What::CleanOnce));
                first.into_iter().chain([at(since, What::Verified)]).collect()
            }
            State::CleanOnce => vec![at(since, What::CleanOnce)],
            State::Unknown => vec![at(since, What::Unknown)],
            State::Recurred => vec![at(since, What::Recurred)],
            State::Open => {
                let reopened = at(since, What::Reopened);
                let shut = since > self.first_seen && facts.contains(&reopened);
                if shut { vec![reopened] } else { Vec::new() }
            }
        }
    }

    /// Whether `what` agrees with how silence is read at the place of this case: where it says
    /// something it never said nothing, and the other way round.
    fn agrees_with(self, what: What) -> bool {
        match self.state {
            State::CleanOnce | State::Verified => what != What::Unknown,
            State::Unknown => !matches!(what, What::CleanOnce | What::Verified),
            State::Open | State::Recurred => true,
        }
    }
}

/// The facts that still stand, in order of time; `facts` are sorted by it.
pub fn story(stands: Stands, facts: &[Happened]) -> Vec<Happened> {
    let mut told: Vec<Happened> =
        facts.iter().copied().filter(|fact| !fact.what.is_verdict()).collect();
    match told.iter_mut().find(|fact| fact.what == What::Opened) {
        // An older file may have come after the one that opened the case.
        Some(opened) => opened.on = opened.on.min(stands.first_seen),
        None => told.push(Happened { on: stands.first_seen, what: What::Opened }),
    }
    let end = stands.end(facts);
    if let Some(mut next) = end.first().copied() {
        for fact in facts.iter().rev().filter(|fact| fact.what.is_verdict()) {
            let before = fact.on < next.on && fact.on > stands.first_seen;
            if before && fact.what.leads_to(next.what) && stands.agrees_with(fact.what) {
                told.push(*fact);
                next = *fact;
            }
        }
    }
    told.extend(end);
    told.sort_by_key(|fact| fact.on);
    // Two addresses of one line that were found on one day are one line to the person.
    told.dedup_by(|next, before| {
        next.what == before.what && next.on.date_jst() == before.on.date_jst()
    });
    told
}

#[cfg(test)]
mod tests {
    use super::{What::*, *};

    /// A day of the story.
    fn day(no: i64) -> Moment {
        Moment(0).plus_days(no)
    }

    fn told(stands: (State, i64, Option<i64>), facts: &[(i64, What)]) -> Vec<(i64, What)> {
        let (state, since, first_clean) = stands;
        let first_clean = first_clean.map(day);
        let stands = Stands { state, since: day(since), first_clean, first_seen: day(1) };
        let opened = Happened { on: day(1), what: Opened };
        let facts = facts.iter().map(|(on, what)| Happened { on: day(*on), what: *what });
        let mut facts: Vec<Happened> = std::iter::once(opened).chain(facts).collect();
        facts.sort_by_key(|fact| fact.on);
        let story = story(stands, &facts);
        story.iter().map(|fact| (fact.on.0 / day(1).0, fact.what)).collect()
    }

    #[test]
    fn a_story_without_surprises_is_told_whole() {
        let facts = [
            (2, CleanOnce),
            (3, Reopened),
            (4, Claimed),
            (5, CleanOnce),
            (6, Verified),
            (9, Recurred),
        ];
        let all: Vec<_> = std::iter::once((1, Opened)).chain(facts).collect();
        assert_eq!(told((State::Recurred, 9, None), &facts), all);
        assert_eq!(told((State::Verified, 6, Some(5)), &facts), all[..all.len() - 1]);
        assert_eq!(told((State::CleanOnce, 5, Some(5)), &facts[..4]), all[..5]);
    }

    #[test]
    fn a_verdict_whose_scan_was_taken_back_is_gone() {
        let facts = [(5, CleanOnce), (6, Verified)];
        assert_eq!(
            told((State::CleanOnce, 5, Some(5)), &facts),
            [(1, Opened), (5, CleanOnce)],
            "the second scan does not count"
        );
        let back = [(1, Reopened), (5, CleanOnce), (6, Verified)];
        assert_eq!(told((State::Open, 1, None), &back), [(1, Opened)], "neither scan counts");
    }

    #[test]
    fn a_late_file_that_saw_the_device_between_two_clean_scans_moves_the_proof() {
        let facts = [(5, CleanOnce), (6, Verified), (7, CleanOnce), (8, Verified)];
        assert_eq!(
            told((State::Verified, 8, Some(7)), &facts),
            [(1, Opened), (7, CleanOnce), (8, Verified)]
        );
        let seen = [(5, CleanOnce), (6, Reopened), (6, Verified), (7, CleanOnce), (8, Verified)];
        assert_eq!(
            told((State::Verified, 8, Some(7)), &seen),
            [(1, Opened), (5, CleanOnce), (6, Reopened), (7, CleanOnce), (8, Verified)]
        );
    }

    #[test]
    fn a_recurrence_that_was_somebody_elses_device_is_gone() {
        let facts = [(5, CleanOnce), (6, Verified), (9, Recurred), (12, CleanOnce)];
        assert_eq!(
            told((State::Verified, 6, Some(5)), &facts),
            [(1, Opened), (5, CleanOnce), (6, Verified)]
        );
    }

    #[test]
    fn a_verified_fix_before_a_mere_reopening_was_none() {
        let facts = [(5, CleanOnce), (6, Verified), (9, Recurred), (9, Reopened)];
        assert_eq!(
            told((State::Open, 9, None), &facts),
            [(1, Opened), (5, CleanOnce), (9, Reopened)]
        );
    }

    #[test]
    fn what_nobody_could_tell_is_told_once_the_line_is_followed() {
        let facts = [(5, Unknown), (6, Unknown), (6, Verified)];
        assert_eq!(
            told((State::Verified, 6, Some(5)), &facts),
            [(1, Opened), (5, CleanOnce), (6, Verified)],
            "the first clean scan is dated though no review ever wrote it"
        );
        assert_eq!(told((State::Unknown, 6, None), &facts), [(1, Opened), (6, Unknown)]);
    }

    #[test]
    fn an_older_file_dates_the_finding() {
        let stands =
            Stands { state: State::Open, since: day(4), first_clean: None, first_seen: day(2) };
        let opened = Happened { on: day(4), what: Opened };
        assert_eq!(story(stands, &[opened]), [Happened { on: day(2), what: Opened }]);
    }

    mod any {
        use super::*;
        use proptest::prelude::*;

        fn what() -> impl Strategy<Value = What> {
            prop_oneof![
                Just(CleanOnce),
                Just(Verified),
                Just(Recurred),
                Just(Reopened),
                Just(Unknown)
            ]
        }

        proptest! {
            /// Whatever stands in the store, no line says the opposite of how the case stands.
            #[test]
            fn no_story_contradicts_how_the_case_stands(
                state in 0_usize..5,
                since in 2_i64..20,
                first in 0_i64..5,
                facts in proptest::collection::vec((1_i64..25, what()), 0..12)
            ) {
                let state = crate::cases::STATES[state].0;
                let first_clean = (since - first).max(2);
                let lines = told((state, since, Some(first_clean)), &facts);
                let verdicts: Vec<_> = lines.iter().filter(|(_, what)| what.is_verdict()).collect();
                prop_assert!(verdicts.windows(2).all(|two| two[0].1.leads_to(two[1].1)
                    || (two[0].1, two[1].1) == (CleanOnce, Verified)));
                let last = verdicts.last().map(|(_, what)| *what);
                let expected: &[Option<What>] = match state {
                    State::Open => &[None, Some(Reopened)],
                    State::CleanOnce => &[Some(CleanOnce)],
                    State::Verified => &[Some(Verified)],
                    State::Recurred => &[Some(Recurred)],
                    State::Unknown => &[Some(Unknown)],
                };
                prop_assert!(expected.contains(&last), "{state} ends with {last:?}");
                prop_assert!(verdicts.iter().all(|(on, _)| *on <= since));
            }
        }
    }
}
