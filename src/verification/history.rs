//! History (経過): what all runs say of one line, in order of time, and the story that it tells.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

use super::{
    CLEAN_SCANS, Scan,
    clean_scans::Question,
    line::Line,
    same_device::SameDevice,
    trail::{Sign, Trail},
    turns,
};
use crate::{
    cases::{lines::EndPoint, verdicts::Verdict},
    feeds::runs::Run,
    sightings::Hit,
    time::Moment,
};

/// What all runs say of one line, in order of time; `clean` are the runs of the clean ones.
pub(super) struct History<'a> {
    scans: Vec<(Moment, Scan)>,
    clean: Vec<&'a Run>,
    /// As which cases of others its device was seen.
    pub(super) same: BTreeSet<SameDevice>,
}

/// The silence since a hit, while runs are read one after the other.
struct Silence<'a> {
    trail: Trail,
    /// Hits of the line before it.
    since: usize,
    /// Hits of others before the latest run of it that was read.
    others: usize,
    /// The first hit since the line was fixed last; what it showed before is over.
    from: usize,
    /// How often each sign was missed in a row.
    missed: HashMap<Sign, u32>,
    /// Clean runs before it.
    resting: usize,
    clean: Vec<&'a Run>,
    scans: Vec<(Moment, Scan)>,
}

impl<'a> Silence<'a> {
    fn of(trail: Trail) -> Self {
        let scans = trail.hits.iter().map(|hit| (hit.at, Scan::Hit)).collect();
        let (clean, missed) = (Vec::new(), HashMap::new());
        Self { trail, since: 0, others: 0, from: 0, missed, resting: 0, clean, scans }
    }

    /// How often all signs were missed.
    fn in_a_row(&self) -> u32 {
        self.missed.values().copied().min().unwrap_or(0)
    }

    fn is_proven(&self) -> bool {
        self.in_a_row() >= CLEAN_SCANS
    }

    /// Goes on to a run before which the line was seen `since` times, and others so often.
    fn reaches(&mut self, since: usize, others: usize) {
        if since == self.since {
            return self.hears_of(others);
        }
        if self.is_proven() {
            self.from = self.since;
        }
        (self.since, self.others, self.resting) = (since, others, self.clean.len());
        self.begin();
    }

    /// Others who were found where the line had stood may be the line: what was missed before is
    /// no longer missed in a row.
    fn hears_of(&mut self, others: usize) {
        if others > self.others && !self.is_proven() {
            if self.in_a_row() > 0 {
                self.scans.push((self.trail.others[others - 1], Scan::Blind));
            }
            self.begin();
        }
        self.others = others;
    }

    /// From `at` on nobody can tell whether the line is silent.
    fn goes_blind(&mut self, at: Moment) {
        self.scans.push((at, Scan::Blind));
        self.begin();
    }

    fn begin(&mut self) {
        let signs = self.trail.hits[self.from..self.since].iter().map(|hit| (hit.sign, 0));
        self.missed = signs.collect();
        self.clean.truncate(self.resting);
    }

    /// `run` missed these signs.
    fn misses(&mut self, run: &'a Run, signs: &[Sign]) {
        let so_far = self.in_a_row();
        for sign in signs {
            self.missed.entry(*sign).and_modify(|missed| *missed += 1);
        }
        self.clean.push(run);
        if self.in_a_row() > so_far {
            self.scans.push((run.to, Scan::Clean));
        }
    }

    /// What it tells once all runs are read.
    fn ends(mut self) -> History<'a> {
        if self.since == self.trail.hits.len() && self.since > 0 {
            self.hears_of(self.trail.others.len());
        }
        self.scans.sort_by_key(|(moment, scan)| (*moment, *scan != Scan::Hit));
        let same = self.trail.same.into_values().collect();
        History { scans: self.scans, clean: self.clean, same }
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
        let feeds = trail.feeds.clone();
        let mut silence = Silence::of(trail);
        for run in question.runs.iter().filter(|run| feeds.contains(&run.feed)) {
            let Some((before, others)) = silence.trail.missed_by(run) else { continue };
            silence.reaches(before, others);
            // Once a fix is proven, more silence says nothing new.
            if silence.is_proven() || question.waits(end_point, run) {
                continue;
            }
            let covered = |sign: &&Sign| {
                let ip = silence.trail.address_of(sign, before);
                ip.is_some_and(|ip| question.covers(run, ip, sign))
            };
            let signs: Vec<Sign> = silence.missed.keys().filter(covered).copied().collect();
            // Where only its device says where it is, it may have got another key since.
            let known = || {
                !silence.trail.is_by_identity(before, &signs)
                    && question.tokens.know(&epochs, end_point, (run.from, run.to))
            };
            if signs.is_empty() {
                continue;
            }
            if question.changes_hands() && !known() {
                silence.goes_blind(run.to);
            } else {
                silence.misses(run, &signs);
            }
        }
        silence.ends()
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
    pub(super) fn changes_hands(&self) -> bool {
        !self.policy.address_is_line()
    }

    /// Whether the provider held `ip` at `at`, as far as declarations say: where another one had
    /// declared it for that time, whoever was found there, or not, was that one's customer.
    pub(super) fn held(&self, ip: IpAddr, at: Moment) -> bool {
        self.attributor.declared_isp(ip, at).is_none_or(|isp| isp == self.isp)
    }

    /// Whether a case was seen in the run that may be any line, until its provider speaks of it;
    /// or a row lists an address of the provider that nobody could read further.
    fn waits(&self, end_point: EndPoint, run: &Run) -> bool {
        let own = |ip: IpAddr| match self.attributor.declared_isp(ip, run.to) {
            Some(isp) => isp == self.isp,
            None => run.reaches(ip),
        };
        self.changes_hands()
            && (self.unsettled.touches(end_point, (run.from, run.to))
                || run.unread_at.iter().any(|ip| own(*ip)))
    }

    /// Whether `run` looked for a sign at `ip`, while its provider held that address.
    pub(super) fn covers(&self, run: &Run, ip: IpAddr, sign: &Sign) -> bool {
        self.held(ip, run.to) && run.covers(ip, sign.port, sign.weakness)
    }
}
