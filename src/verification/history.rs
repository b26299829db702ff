//! History (経過): what all runs say of one line, in order of time, and the story that it tells.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

use formats::{Proto, Weakness};

use super::{
    CLEAN_SCANS, Scan,
    clean_scans::Question,
    line::{Epochs, Line},
    turns,
};
use crate::{
    cases::{Case, lines::EndPoint, verdicts::Verdict},
    feeds::runs::Run,
    ids::FeedId,
    sightings::{Hit, Spot},
    time::Moment,
};

/// What all runs say of one line, in order of time; `clean` are the runs of the clean ones.
pub(super) struct History<'a> {
    scans: Vec<(Moment, Scan)>,
    clean: Vec<&'a Run>,
}

/// What a run has to look for: protocol, port and weakness. A line may show several of them.
type Sign = (Proto, Option<u16>, Weakness);

/// A hit of a line: when, where, and as what.
struct Found<'a> {
    at: Moment,
    case: &'a Case,
    sign: Sign,
}

/// Where and when a line was found.
struct Trail<'a> {
    /// In order of time.
    hits: Vec<Found<'a>>,
    /// When somebody was found where it had stood who may be it or somebody else, in order.
    others: Vec<Moment>,
    /// Any feed that ever saw the line may say that it is gone, whichever came first.
    feeds: HashSet<FeedId>,
}

impl<'a> Trail<'a> {
    fn of(
        line: &'a Line,
        question: &Question<'_>,
        epochs: &Epochs,
        seen: &HashMap<Vec<u8>, Vec<Hit>>,
    ) -> Self {
        let mut trail = Self { hits: Vec::new(), others: Vec::new(), feeds: HashSet::new() };
        for case in &line.members {
            let Some(place) = Spot(case.spot.clone()).place() else { continue };
            let sign = (place.proto, place.port, place.exposure.weakness);
            let there = seen.get(&case.spot).map_or(&[][..], Vec::as_slice);
            for hit in there.iter().filter(|hit| hit.at <= question.at) {
                let whose = question.terms.whose(&case.spot, hit.at);
                if whose.is_none_or(|whose| whose.id != case.id) {
                    let another = |whose| question.tokens.tell_apart(epochs, whose);
                    let of_line = |whose: &Case| line.members.iter().any(|one| one.id == whose.id);
                    if !whose.is_some_and(|whose| of_line(whose) || another(whose)) {
                        trail.others.push(hit.at);
                    }
                    continue;
                }
                let elsewhere = question.changes_hands() && !line.may_stand_at(case, hit.at);
                if elsewhere || !question.held(place.ip, hit.at) {
                    trail.others.push(hit.at);
                } else {
                    trail.hits.push(Found { at: hit.at, case, sign });
                    trail.feeds.insert(hit.feed);
                }
            }
        }
        trail.hits.sort_by_key(|hit| hit.at);
        trail.others.sort_unstable();
        trail
    }

    /// How many hits lie before `run`, which missed the line; nothing if the line was seen never
    /// before, or in this run, or if somebody was found where it had stood.
    fn missed_by(&self, run: &Run) -> Option<usize> {
        let before = self.hits.partition_point(|hit| hit.at < run.from);
        let listed = self.hits.get(before).is_some_and(|hit| hit.at <= run.to);
        let other = self.others.partition_point(|at| *at < run.from);
        let unclear = self.others.get(other).is_some_and(|at| *at <= run.to);
        (before > 0 && !listed && !unclear).then_some(before)
    }
}

/// Silence since one hit: how often each sign of the line was missed where it was seen last.
struct Silence {
    /// Hits before it.
    since: usize,
    /// The first hit since the line was fixed last; what it showed before is over.
    from: usize,
    missed: HashMap<Sign, u32>,
}

impl Silence {
    fn begin(trail: &Trail<'_>, since: usize, from: usize) -> Self {
        let signs = trail.hits[from..since].iter().map(|hit| (hit.sign, 0));
        Self { since, from, missed: signs.collect() }
    }

    /// How often all signs were missed.
    fn in_a_row(&self) -> u32 {
        self.missed.values().copied().min().unwrap_or(0)
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
        let trail = Trail::of(line, question, &epochs, seen);
        let mut scans: Vec<_> = trail.hits.iter().map(|hit| (hit.at, Scan::Hit)).collect();
        let (mut clean, mut resting) = (Vec::new(), 0);
        let mut silence = Silence::begin(&trail, 0, 0);
        for run in question.runs.iter().filter(|run| trail.feeds.contains(&run.feed)) {
            let Some(before) = trail.missed_by(run) else { continue };
            if silence.since != before {
                let fixed = silence.in_a_row() >= CLEAN_SCANS;
                let from = if fixed { silence.since } else { silence.from };
                silence = Silence::begin(&trail, before, from);
                resting = clean.len();
            }
            let span = (run.from, run.to);
            // Once a fix is proven, more silence says nothing new.
            let proven = silence.in_a_row() >= CLEAN_SCANS;
            if proven || question.waits(end_point, run) {
                continue;
            }
            let at = trail.hits[before - 1].case;
            let missed = silence.missed.keys().copied();
            let missed: Vec<Sign> = missed.filter(|sign| question.covers(run, at, *sign)).collect();
            if missed.is_empty() {
                continue;
            }
            if question.changes_hands() && !question.tokens.know(&epochs, end_point, span) {
                silence = Silence::begin(&trail, before, silence.from);
                clean.truncate(resting);
                scans.push((run.to, Scan::Blind));
                continue;
            }
            let so_far = silence.in_a_row();
            for sign in missed {
                silence.missed.entry(sign).and_modify(|missed| *missed += 1);
            }
            clean.push(run);
            if silence.in_a_row() > so_far {
                scans.push((run.to, Scan::Clean));
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

    /// Whether the provider held `ip` at `at`, as far as declarations say: where another one had
    /// declared it for that time, whoever was found there, or not, was that one's customer.
    fn held(&self, ip: IpAddr, at: Moment) -> bool {
        self.attributor.declared_isp(ip, at).is_none_or(|isp| isp == self.isp)
    }

    /// Whether a case was seen in the run that may be any line, until its provider speaks of it;
    /// or a row lists an address of the provider that nobody could read further.
    fn waits(&self, end_point: EndPoint, run: &Run) -> bool {
        let unread = || run.unread_at.iter().any(|ip| self.held(*ip, run.to));
        self.changes_hands() && (self.unsettled.touches(end_point, (run.from, run.to)) || unread())
    }

    /// Whether `run` looked for a sign at the address of `case`, while its provider held it.
    fn covers(&self, run: &Run, case: &Case, (proto, port, weakness): Sign) -> bool {
        let ip = Spot(case.spot.clone()).place().map(|place| place.ip);
        ip.is_some_and(|ip| self.held(ip, run.to) && run.covers(ip, (proto, port), weakness))
    }
}
