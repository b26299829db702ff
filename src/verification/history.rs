//! History (経過): what all runs say of one line, in order of time, and the story that it tells.

use std::collections::{HashMap, HashSet};

use super::{CLEAN_SCANS, Scan, clean_scans::Question, line::Line, turns};
use crate::{
    cases::{Case, lines::EndPoint, verdicts::Verdict},
    feeds::runs::Run,
    ids::FeedId,
    sightings::{Hit, Place, Spot},
    time::Moment,
};

/// What all runs say of one line, in order of time; `clean` are the runs of the clean ones.
pub(super) struct History<'a> {
    scans: Vec<(Moment, Scan)>,
    clean: Vec<&'a Run>,
}

/// Where and when a line was found.
struct Found<'a> {
    /// Hits of the line, in order of time, each at one of its cases.
    hits: Vec<(Moment, &'a Case)>,
    /// When somebody else was found where it had stood.
    others: Vec<Moment>,
    /// Any feed that ever saw the line may say that it is gone, whichever came first.
    feeds: HashSet<FeedId>,
}

impl<'a> Found<'a> {
    fn of(line: &'a Line, question: &Question<'_>, seen: &HashMap<Vec<u8>, Vec<Hit>>) -> Self {
        let mut found = Self { hits: Vec::new(), others: Vec::new(), feeds: HashSet::new() };
        for case in &line.members {
            let Some(place) = Spot(case.spot.clone()).place() else { continue };
            let of_case = seen.get(&case.spot).map_or(&[][..], Vec::as_slice);
            let own = |hit: &&Hit| hit.at <= question.at && question.terms.belongs(case, hit.at);
            for hit in of_case.iter().filter(own) {
                let elsewhere = question.changes_hands() && !line.may_stand_at(case, hit.at);
                if elsewhere || !question.held(&place, hit.at) {
                    found.others.push(hit.at);
                } else {
                    found.hits.push((hit.at, case));
                    found.feeds.insert(hit.feed);
                }
            }
        }
        found.hits.sort_by_key(|(hit, _)| *hit);
        found
    }

    /// Where the line was seen last before `run`, and how many hits lie before; nothing if it was
    /// seen never before, or in this run.
    fn missed_by(&self, run: &Run) -> Option<(usize, &'a Case)> {
        let before = self.hits.partition_point(|(hit, _)| *hit < run.from);
        let (_, case) = self.hits.get(before.checked_sub(1)?)?;
        let listed = self.hits.get(before).is_some_and(|(hit, _)| *hit <= run.to);
        (!listed).then_some((before, case))
    }
}

impl<'a> History<'a> {
    /// What the runs of `question` say of `line`, whose spots were `seen` so.
    pub(super) fn of(
        line: &Line,
        question: &Question<'a>,
        seen: &HashMap<Vec<u8>, Vec<Hit>>,
    ) -> Self {
        let end_point = EndPoint::at(&line.speaker.spot);
        let epochs = question.tokens.epochs(line);
        let found = Found::of(line, question, seen);
        let mut scans: Vec<_> = found.hits.iter().map(|(hit, _)| (*hit, Scan::Hit)).collect();
        let mut clean = Vec::new();
        // Silence since the same hit adds up; once a fix is proven, more of it says nothing new.
        let (mut since, mut in_a_row) = (0, 0);
        let first = found.hits.first().map_or(Moment(i64::MAX), |(hit, _)| *hit);
        for run in question.runs.iter().filter(|run| found.feeds.contains(&run.feed)) {
            if run.from <= first {
                continue;
            }
            let Some((before, case)) = found.missed_by(run) else { continue };
            if since != before {
                (since, in_a_row) = (before, 0);
            }
            let span = (run.from, run.to);
            // Somebody else at an address of the line is nothing for it; it may have come back.
            let unclear = || found.others.iter().any(|at| (run.from..=run.to).contains(at));
            let waits = || question.waits(end_point, span);
            if in_a_row >= CLEAN_SCANS || unclear() || waits() || !question.covers(run, case) {
                continue;
            }
            if !question.changes_hands() || question.tokens.know(&epochs, end_point, span) {
                in_a_row += 1;
                scans.push((run.to, Scan::Clean));
                clean.push(run);
            } else {
                in_a_row = 0;
                scans.push((run.to, Scan::Blind));
            }
        }
        scans.sort_by_key(|(moment, scan)| (*moment, *scan != Scan::Hit));
        Self { scans, clean }
    }

    /// How the line stood over time, since it was `first_seen`.
    pub(super) fn story(&self, first_seen: Moment) -> Vec<Verdict> {
        let turns = turns(first_seen, &self.scans, CLEAN_SCANS);
        let verdicts = turns.into_iter().map(|turn| {
            let (state, first_clean) = turn.verdict();
            let last_seen = self.last_hit_before(first_clean.unwrap_or(turn.since));
            Verdict { state, since: turn.since, first_clean, last_seen }
        });
        verdicts.collect()
    }

    /// The clean scans that a state rests on: the first ones after a hit, as many as a verdict
    /// takes. Later ones say nothing new, and a daily feed would heap them up.
    pub(super) fn evidence(&self) -> impl Iterator<Item = &'a Run> {
        self.clean.iter().copied()
    }

    /// The last hit before `moment`.
    fn last_hit_before(&self, moment: Moment) -> Option<Moment> {
        let before = self.scans.iter().take_while(|(at, _)| *at < moment);
        before.filter(|(_, scan)| *scan == Scan::Hit).last().map(|(at, _)| *at)
    }
}

impl Question<'_> {
    /// Whether addresses of the provider change hands.
    fn changes_hands(&self) -> bool {
        !self.policy.address_is_line()
    }

    /// Whether the provider held `place` at `at`, as far as declarations say: where another one had
    /// declared it for that time, whoever was found there, or not, was that one's customer.
    fn held(&self, place: &Place, at: Moment) -> bool {
        self.attributor.declared_isp(place.ip, at).is_none_or(|isp| isp == self.isp)
    }

    /// Whether a case was seen in the run that may be any line, until its provider speaks of it.
    fn waits(&self, end_point: EndPoint, run: (Moment, Moment)) -> bool {
        self.changes_hands() && self.unsettled.touches(end_point, run)
    }

    /// Whether `run` looked for what is wrong at the place of `case`, while its provider held it.
    fn covers(&self, run: &Run, case: &Case) -> bool {
        let place = Spot(case.spot.clone()).place();
        place.is_some_and(|at| {
            self.held(&at, run.to) && run.covers(at.ip, (at.proto, at.port), at.exposure.weakness)
        })
    }
}
