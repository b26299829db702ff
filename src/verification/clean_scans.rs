//! Clean scans (検知なし): reviewing cases against the runs that covered them.
//!
//! A line is followed whatever its address, so a run can only be read for a line once the ISP has
//! said which line each new case of that run belongs to: until then, or until its deadline, a case
//! that waits for its report may be the very line that seems clean.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::{
    CLEAN_SCANS, Scan,
    evidence::{self, CleanScan, Kept},
    store, turns,
    unsettled::Unsettled,
};
use crate::{
    app::App,
    attribution::Attributor,
    cases::{
        self, Case,
        lines::EndPoint,
        term::Terms,
        verdicts::{self, Facts, Verdict},
    },
    feeds::coverage::{self, Run},
    ids::{CaseId, IspId},
    isps::{self, LeasePolicy},
    sightings::{self, Hit, Place, Spot},
    time::Moment,
};

/// Days after which a case that no report came for no longer holds a line's verdict back.
pub const SETTLE_DAYS: i64 = 45;

/// How many cases stand how after a review.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Review {
    /// Cases reviewed.
    pub cases: u64,
    /// Still seen, or not scanned since.
    pub open: u64,
    /// Missed once.
    pub clean_once: u64,
    /// Verified fixed.
    pub verified: u64,
    /// Seen again after they were verified.
    pub recurred: u64,
    /// Nobody can tell.
    pub unknown: u64,
    /// Cases whose verdict changed.
    pub changed: u64,
}

/// Whether a review is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Its verdicts are written.
    Written,
    /// It only answers what was known at a time that is past.
    Computed,
}

/// Reviews all cases against all runs that ended by `at`, provider by provider.
pub async fn review(app: &App, at: Moment, keep: Keep) -> anyhow::Result<Review> {
    let runs = coverage::heard(&app.db, at, app.now().max(at)).await?;
    let mut review = Review::default();
    let attributor = Attributor::of_declarations(&app.db).await?;
    for isp in isps::all(&app.db).await? {
        let mut cases = store::cases_of(&app.db, isp.id).await?;
        cases.retain(|case| case.first_seen <= at);
        let lines = into_lines(cases);
        let terms = Terms::of(lines.iter().flat_map(|line| &line.members));
        let policy = isp.lease_policy;
        let facts = verdicts::standing(&app.db, isp.id).await?;
        let kept = evidence::kept(&app.db, isp.id).await?;
        let tokens = store::with_token(&app.db, isp.id).await?;
        let mut unsettled = Unsettled::default();
        for (first, last, spot) in
            store::unsettled(&app.db, isp.id, at.plus_days(-SETTLE_DAYS)).await?
        {
            unsettled.add(&spot, (first, last));
        }
        let question = Question {
            isp: isp.id,
            policy,
            runs: &runs,
            attributor: &attributor,
            terms,
            tokens,
            unsettled,
            facts,
            kept,
            at,
            keep,
        };
        for part in lines.chunks(PART) {
            review_lines(app, part, &question, &mut review).await?;
        }
    }
    Ok(review)
}

/// Lines of one transaction.
const PART: usize = 2_000;

/// A line: the case that speaks for it, and all cases of it.
struct Line {
    speaker: Case,
    members: Vec<Case>,
}

impl Line {
    /// Its cases but the one that speaks for it.
    fn others(&self) -> impl Iterator<Item = &Case> {
        self.members.iter().filter(|case| case.id != self.speaker.id)
    }

    /// Whether the line may have stood at the address of `case` at `moment`, as far as it was seen:
    /// where addresses change hands, whoever is found at one that the line has left is somebody
    /// else. Two addresses that came up at the same moment may both be its own.
    fn may_stand_at(&self, case: &Case, moment: Moment) -> bool {
        let seen = self.members.iter().map(|case| case.first_seen);
        seen.filter(|first| *first <= moment).max() == Some(case.first_seen)
    }
}

fn into_lines(cases: Vec<Case>) -> Vec<Line> {
    let mut members: BTreeMap<CaseId, Vec<Case>> = BTreeMap::new();
    for case in cases {
        members.entry(case.line_of.unwrap_or(case.id)).or_default().push(case);
    }
    let speaking = members.into_iter().filter_map(|(id, members)| {
        let speaker = members.iter().find(|case| case.id == id)?.clone();
        Some(Line { speaker, members })
    });
    let mut lines: Vec<Line> = speaking.collect();
    // Hits lie by address: neighbours are reviewed together.
    lines.sort_by(|a, b| a.speaker.spot.cmp(&b.speaker.spot));
    lines
}

/// What is asked of every line of a provider.
struct Question<'a> {
    isp: IspId,
    policy: LeasePolicy,
    runs: &'a [Run],
    attributor: &'a Attributor,
    terms: Terms<'a>,
    tokens: HashSet<CaseId>,
    unsettled: Unsettled,
    facts: Facts,
    kept: Kept,
    at: Moment,
    keep: Keep,
}

async fn review_lines(
    app: &App,
    lines: &[Line],
    question: &Question<'_>,
    review: &mut Review,
) -> anyhow::Result<()> {
    let &Question { isp, policy, keep, .. } = question;
    let now = app.now();
    let all = || lines.iter().flat_map(|line| &line.members);
    let mut tx = app.db.begin().await?;
    // Nobody takes sightings in between reading them here and saying what they mean.
    cases::register::hold(&mut tx).await?;
    let spots: Vec<Vec<u8>> = all().map(|case| case.spot.clone()).collect();
    let seen = sightings::hits_of(&mut tx, &spots).await?;
    let mut clean = Vec::new();
    for line in lines {
        let has_token = |case: &Case| question.tokens.contains(&case.id);
        let followed = policy.address_is_line() || line.members.iter().any(has_token);
        let history = history(line, question, &seen);
        let case = line.speaker.reference();
        let story = history.story(line, followed);
        clean.extend(history.evidence().map(|run| CleanScan::of(case, run)));
        review.count(story.last().map_or(cases::State::Open, |verdict| verdict.state));
        let others: Vec<_> = line.others().collect();
        let of_line = (&line.speaker, &others[..]);
        let changed = verdicts::conclude(&mut tx, of_line, &story, &question.facts, now).await?;
        review.changed += u64::from(changed);
    }
    evidence::keep(&mut tx, isp, all().map(|case| case.id), (clean, &question.kept)).await?;
    if keep == Keep::Written {
        tx.commit().await?;
    }
    Ok(())
}

impl Review {
    fn count(&mut self, state: cases::State) {
        self.cases += 1;
        match state {
            cases::State::Open => self.open += 1,
            cases::State::CleanOnce => self.clean_once += 1,
            cases::State::Verified => self.verified += 1,
            cases::State::Recurred => self.recurred += 1,
            cases::State::Unknown => self.unknown += 1,
        }
    }
}

/// What all runs say of one line, in order of time; `clean` are the runs of the clean ones.
struct History<'a> {
    scans: Vec<(Moment, Scan)>,
    clean: Vec<&'a Run>,
}

impl History<'_> {
    /// How the line stood over time. Where silence says nothing, one unknown follows another.
    fn story(&self, line: &Line, followed: bool) -> Vec<Verdict> {
        let turns = turns(line.speaker.first_seen, &self.scans, CLEAN_SCANS);
        let verdicts = turns.into_iter().map(|turn| {
            let (state, first_clean) = turn.verdict(followed);
            let last_seen = self.last_hit_before(first_clean.unwrap_or(turn.since));
            Verdict { state, since: turn.since, first_clean, last_seen }
        });
        let mut verdicts: Vec<_> = verdicts.collect();
        verdicts.dedup_by_key(|verdict| verdict.state);
        verdicts
    }

    /// The clean scans that a state rests on: the first ones after a hit, as many as a verdict
    /// takes. Later ones say nothing new, and a daily feed would heap them up.
    fn evidence(&self) -> impl Iterator<Item = &Run> {
        let (mut in_a_row, mut clean) = (0, self.clean.iter());
        self.scans.iter().filter_map(move |(_, scan)| {
            in_a_row = if *scan == Scan::Clean { in_a_row + 1 } else { 0 };
            let run = if *scan == Scan::Clean { clean.next()? } else { return None };
            (in_a_row <= CLEAN_SCANS).then_some(*run)
        })
    }

    /// The last hit before `moment`.
    fn last_hit_before(&self, moment: Moment) -> Option<Moment> {
        let before = self.scans.iter().take_while(|(at, _)| *at < moment);
        before.filter(|(_, scan)| *scan == Scan::Hit).last().map(|(at, _)| *at)
    }
}

impl Question<'_> {
    /// Whether the provider held `place` at `at`, as far as declarations say: where another one had
    /// declared it for that time, whoever was found there, or not, was that one's customer.
    fn held(&self, place: &Place, at: Moment) -> bool {
        self.attributor.declared_isp(place.ip, at).is_none_or(|isp| isp == self.isp)
    }
}

fn history<'a>(
    line: &Line,
    question: &Question<'a>,
    seen: &HashMap<Vec<u8>, Vec<Hit>>,
) -> History<'a> {
    let changes_hands = !question.policy.address_is_line();
    let end_point = EndPoint::at(&line.speaker.spot);
    // Hits of the line, and moments at which somebody else was found where it had stood.
    let (mut hits, mut others) = (Vec::new(), Vec::new());
    // Any feed that ever saw the line may say that it is gone, whichever came first.
    let mut feeds = HashSet::new();
    for case in &line.members {
        let Some(place) = Spot(case.spot.clone()).place() else { continue };
        let of_case = seen.get(&case.spot).map_or(&[][..], Vec::as_slice);
        let own = |hit: &&Hit| hit.at <= question.at && question.terms.belongs(case, hit.at);
        for hit in of_case.iter().filter(own) {
            let held = question.held(&place, hit.at);
            if !held || (changes_hands && !line.may_stand_at(case, hit.at)) {
                others.push(hit.at);
                continue;
            }
            hits.push((hit.at, case));
            feeds.insert(hit.feed);
        }
    }
    hits.sort_by_key(|(hit, _)| *hit);
    let mut scans: Vec<(Moment, Scan)> = hits.iter().map(|(hit, _)| (*hit, Scan::Hit)).collect();
    let mut clean = Vec::new();
    for run in question.runs.iter().filter(|run| feeds.contains(&run.feed)) {
        // Before the run the line stood where it was seen last; only a run over that place counts.
        let before = hits.partition_point(|(hit, _)| *hit < run.from);
        let Some((_, case)) = before.checked_sub(1).map(|last| hits[last]) else { continue };
        let listed = hits[before..].iter().any(|(hit, _)| *hit <= run.to);
        // Somebody else at an address of the line is nothing for it; the line may have come back.
        let unclear = others.iter().any(|at| (run.from..=run.to).contains(at));
        let waits = changes_hands && question.unsettled.touches(end_point, (run.from, run.to));
        if listed || unclear || waits {
            continue;
        }
        let place: Option<Place> = Spot(case.spot.clone()).place();
        let covers = |at: Place| {
            question.held(&at, run.to)
                && run.covers(at.ip, (at.proto, at.port), at.exposure.weakness)
        };
        if place.is_some_and(covers) {
            scans.push((run.to, Scan::Clean));
            clean.push(run);
        }
    }
    scans.sort_by_key(|(moment, scan)| (*moment, *scan != Scan::Hit));
    History { scans, clean }
}
