//! Line (回線): its cases, the one that speaks for it, and under which epochs its tokens lie.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::unsettled::Unsettled;
use crate::{
    cases::{Case, lines::EndPoint},
    ids::CaseId,
    time::Moment,
};

/// A line: the case that speaks for it, and all cases of it, in order of their first sighting.
pub(super) struct Line {
    pub(super) speaker: Case,
    pub(super) members: Vec<Case>,
}

impl Line {
    /// Whether a case is one of its own.
    pub(super) fn holds(&self, case: &Case) -> bool {
        self.members.iter().any(|member| member.id == case.id)
    }

    /// Its cases but the one that speaks for it.
    pub(super) fn others(&self) -> impl Iterator<Item = &Case> {
        self.members.iter().filter(|case| case.id != self.speaker.id)
    }

    /// Whether the line may have stood at the address of `case` at `moment`, as far as it was seen:
    /// where addresses change hands, whoever is found at one that the line has left is somebody
    /// else. Two addresses that came up at the same moment may both be its own.
    pub(super) fn may_stand_at(&self, case: &Case, moment: Moment) -> bool {
        let seen = || self.members.iter().filter(|member| member.first_seen <= moment);
        let latest = seen().map(|member| member.first_seen).max();
        let mut there = seen().filter(|member| Some(member.first_seen) == latest);
        there.any(|member| member.address() == case.address())
    }

    /// Whether another of its cases is to speak for it than so far: a late file may show that it
    /// was seen before.
    pub(super) fn has_new_speaker(&self) -> bool {
        self.members.iter().any(|case| case.line_of != self.spoken_for(case))
    }

    /// Each of its cases with the one that speaks for it so far.
    pub(super) fn links(&self) -> Vec<(CaseId, Option<CaseId>)> {
        self.members.iter().map(|case| (case.id, case.line_of)).collect()
    }

    fn spoken_for(&self, case: &Case) -> Option<CaseId> {
        (case.id != self.speaker.id).then_some(self.speaker.id)
    }
}

/// The lines of these cases, neighbours side by side; the earliest case of each speaks for it.
pub(super) fn of_cases(cases: Vec<Case>) -> Vec<Line> {
    let mut members: BTreeMap<CaseId, Vec<Case>> = BTreeMap::new();
    for case in cases {
        members.entry(case.line_of.unwrap_or(case.id)).or_default().push(case);
    }
    let line = |mut members: Vec<Case>| {
        members.sort_by(|a, b| (a.first_seen, &a.spot).cmp(&(b.first_seen, &b.spot)));
        Some(Line { speaker: members.first()?.clone(), members })
    };
    let mut lines: Vec<Line> = members.into_values().filter_map(line).collect();
    // Hits lie by address: neighbours are reviewed together.
    lines.sort_by(|a, b| a.speaker.spot.cmp(&b.speaker.spot));
    lines
}

/// Epochs of the keys under which a case, or a line, has tokens (トークンの世代).
pub(super) type Epochs = BTreeSet<String>;

/// The tokens of a provider's cases, by epoch.
pub(super) struct Tokens {
    by_case: HashMap<CaseId, Epochs>,
    strangers: HashMap<Epochs, Unsettled>,
}

impl Tokens {
    /// What is `bound` to the cases of `lines`.
    pub(super) fn of(bound: Vec<(CaseId, String)>, lines: &[Line]) -> Self {
        let mut by_case: HashMap<CaseId, Epochs> = HashMap::new();
        for (case, epoch) in bound {
            by_case.entry(case).or_default().insert(epoch);
        }
        let mut tokens = Self { by_case, strangers: HashMap::new() };
        let of_lines: BTreeSet<Epochs> = lines.iter().map(|line| tokens.epochs(line)).collect();
        tokens.strangers = of_lines
            .into_iter()
            .map(|epochs| (tokens.strangers_to(&epochs, lines), epochs))
            .map(|(strangers, epochs)| (epochs, strangers))
            .collect();
        tokens
    }

    /// The epochs under which a line has tokens.
    pub(super) fn epochs(&self, line: &Line) -> Epochs {
        let of_cases = line.members.iter().filter_map(|case| self.by_case.get(&case.id));
        of_cases.flatten().cloned().collect()
    }

    /// When cases were seen whose tokens cannot be compared with those of `epochs`.
    fn strangers_to(&self, epochs: &Epochs, lines: &[Line]) -> Unsettled {
        let mut strangers = Unsettled::default();
        for line in lines {
            let of_line = self.epochs(line);
            if of_line.is_empty() || !of_line.is_disjoint(epochs) {
                continue;
            }
            for case in &line.members {
                strangers.add(&case.spot, (case.first_seen, case.last_seen));
            }
        }
        strangers
    }

    /// Whether `case` is surely of another line than one with tokens of `epochs`, which it would
    /// have joined otherwise.
    pub(super) fn tell_apart(&self, epochs: &Epochs, case: &Case) -> bool {
        self.by_case.get(&case.id).is_some_and(|of_case| !of_case.is_disjoint(epochs))
    }

    /// Whether a line with tokens of `epochs` would be known wherever it was seen in `run`. Under
    /// another key of its provider it would pass for another line.
    pub(super) fn know(&self, epochs: &Epochs, end_point: EndPoint, run: (Moment, Moment)) -> bool {
        let strangers = self.strangers.get(epochs);
        !epochs.is_empty() && strangers.is_none_or(|strangers| !strangers.touches(end_point, run))
    }
}
