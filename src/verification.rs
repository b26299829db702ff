//! Verification (対処確認): has it been fixed?
//!
//! Eleventh stage: reads sightings, scan coverage and lines, and says of each case how it stands.
//! The rule is a plain function, [`after`]; it never calls silence clean unless a run covered the
//! very place, and never calls an address fixed that may have changed hands. The whole history is
//! read each time, so the order in which files arrive does not matter. Owns `clean_scans` and
//! `same_devices`; reads `cases`, `hits`, `scan_coverage`, `line_tokens`; writes verdicts by
//! `cases::verdicts::conclude`.

pub mod clean_scans;
mod device;
pub mod evidence;
mod following;
mod history;
mod line;
pub mod same_device;
pub(crate) mod store;
mod trail;
pub(crate) mod unsettled;

use crate::{cases, time::Moment};

/// Covering scans in a row that must miss a case before its fix is verified (対処確認済).
///
/// One is too few: when a scan misses a tenth of the live devices, a tenth would look fixed.
pub const CLEAN_SCANS: u32 = 2;

/// Where a case stands (判定).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Seen by the latest covering scan, or not scanned since.
    Open,
    /// Missed by `scans` covering scans in a row, too few for a verdict.
    Clean {
        /// How many in a row.
        scans: u32,
        /// When the first of them ended.
        first: Moment,
    },
    /// Missed by enough covering scans in a row.
    Verified {
        /// When the first of them ended: the fix lies before.
        first_clean: Moment,
    },
    /// Seen again after it was verified.
    Recurred,
    /// Missed by a scan whose silence says nothing of it.
    Unknown,
}

/// What one scan says of one case (走査結果).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// It listed the case.
    Hit,
    /// It covered the place and did not list the case (検知なし).
    Clean,
    /// It covered the place and did not list the case, but the line may have left the place, and
    /// nobody would know it where it stands now.
    Blind,
    /// It did not cover the place.
    NotCovered,
}

/// Where a case stands after one more scan, which ended at `at`; `k` is mostly [`CLEAN_SCANS`].
pub fn after(state: State, scan: Scan, at: Moment, k: u32) -> State {
    let (scans, first) = match (state, scan) {
        (_, Scan::NotCovered) | (State::Verified { .. }, Scan::Clean | Scan::Blind) => {
            return state;
        }
        (State::Verified { .. } | State::Recurred, Scan::Hit) => return State::Recurred,
        (_, Scan::Hit) => return State::Open,
        (_, Scan::Blind) => return State::Unknown,
        (State::Clean { scans, first }, Scan::Clean) => (scans + 1, first),
        (_, Scan::Clean) => (1, at),
    };
    if scans < k { State::Clean { scans, first } } else { State::Verified { first_clean: first } }
}

/// How a line stood from a moment on, as its scans alone say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// How it stands.
    pub state: State,
    /// Since when.
    pub since: Moment,
}

/// Every change of standing over a history of scans, sorted by time, from the first sighting on.
pub fn turns(opened: Moment, history: &[(Moment, Scan)], k: u32) -> Vec<Turn> {
    let mut turns = Vec::new();
    let mut now = Turn { state: State::Open, since: opened };
    for (at, scan) in history {
        let state = after(now.state, *scan, *at, k);
        if std::mem::discriminant(&state) == std::mem::discriminant(&now.state) {
            now.state = state;
        } else {
            turns.push(std::mem::replace(&mut now, Turn { state, since: *at }));
        }
    }
    turns.push(now);
    turns
}

impl Turn {
    /// The verdict in the words of a case, and the end of the first of its clean scans.
    pub fn verdict(self) -> (cases::State, Option<Moment>) {
        match self.state {
            State::Open => (cases::State::Open, None),
            State::Recurred => (cases::State::Recurred, None),
            State::Unknown => (cases::State::Unknown, None),
            State::Clean { first, .. } => (cases::State::CleanOnce, Some(first)),
            State::Verified { first_clean } => (cases::State::Verified, Some(first_clean)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scan() -> impl Strategy<Value = Scan> {
        prop_oneof![
            Just(Scan::Hit),
            Just(Scan::Clean),
            Just(Scan::Clean),
            Just(Scan::Blind),
            Just(Scan::NotCovered)
        ]
    }

    proptest! {
        #[test]
        fn verified_needs_k_clean_covering_scans_since_the_last_hit(
            scans in proptest::collection::vec(scan(), 0..30), k in 1_u32..4
        ) {
            let history: Vec<_> = (1..).map(Moment).zip(scans.iter().copied()).collect();
            let turn = *turns(Moment(0), &history, k).last().unwrap();
            let since_hit: Vec<_> = scans.iter().rev().take_while(|s| **s != Scan::Hit).collect();
            let rows = since_hit.split(|scan| **scan == Scan::Blind);
            let clean = |row: &[&Scan]| row.iter().filter(|scan| ***scan == Scan::Clean).count();
            let verified = matches!(turn.state, State::Verified { .. });
            prop_assert_eq!(verified, rows.map(clean).any(|clean| clean >= k as usize));
        }

        #[test]
        fn scans_that_say_nothing_of_a_line_never_make_it_clean(
            scans in proptest::collection::vec(scan(), 0..30)
        ) {
            let blind = scans.iter().map(|s| if *s == Scan::Clean { Scan::Blind } else { *s });
            let history: Vec<_> = (1..).map(Moment).zip(blind).collect();
            for turn in turns(Moment(0), &history, 2) {
                prop_assert!(matches!(turn.state, State::Open | State::Unknown));
            }
        }

        #[test]
        fn scans_that_did_not_cover_change_nothing(
            scans in proptest::collection::vec(scan(), 0..30)
        ) {
            let all: Vec<_> = (1..).map(Moment).zip(scans.iter().copied()).collect();
            let covering: Vec<_> =
                all.iter().copied().filter(|(_, s)| *s != Scan::NotCovered).collect();
            prop_assert_eq!(turns(Moment(0), &all, 2), turns(Moment(0), &covering, 2));
        }
    }
}
