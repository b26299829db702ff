//! Clean scans (検知なし): reviewing cases against the runs that covered them.
//!
//! A line is followed whatever its address, so a run can only be read for a line once the ISP has
//! said which line each new case of that run belongs to: until then, or until its deadline, a case
//! that waits for its report may be the very line that seems clean.

use anyhow::ensure;
use serde::Serialize;

use super::{
    device::Devices,
    evidence::{self, CleanScan, Kept},
    history::History,
    line::{self, Line, Tokens},
    same_device, store,
    unsettled::Unsettled,
};
use crate::{
    app::App,
    attribution::Attributor,
    audit::{self, Deed},
    cases::{
        self, lines,
        term::Terms,
        verdicts::{self, Facts},
    },
    db::retry,
    feeds::runs::{self, Run},
    ids::IspId,
    isps::{self, Isp, LeasePolicy},
    sightings,
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

/// How often a provider is reviewed anew because its lines were joined otherwise meanwhile.
const TRIES: usize = 5;

/// Reviews all cases against all runs that ended by `at`, provider by provider.
pub async fn review(app: &App, at: Moment, keep: Keep) -> anyhow::Result<Review> {
    if keep == Keep::Written {
        audit::note_first(app, Deed::new("case.verify", "all")).await?;
    }
    let runs = runs::heard(&app.db, at, app.now().max(at)).await?;
    let (mut review, mut busy) = (Review::default(), Vec::new());
    let known = Known {
        runs: &runs,
        attributor: &Attributor::of_declarations(&app.db).await?,
        devices: &Devices::read(&app.db, at).await?,
    };
    for isp in isps::all(&app.db).await? {
        let mut done = None;
        for _ in 0..TRIES {
            done = review_isp(app, &isp, &known, (at, keep)).await?;
            if done.is_some() {
                break;
            }
        }
        match done {
            Some(done) => review.add(done),
            None => busy.push(isp.code),
        }
    }
    let busy = busy.join(", ");
    ensure!(busy.is_empty(), "reports of {busy} kept coming in: review again, all else is done");
    Ok(review)
}

/// What is known of all providers.
struct Known<'a> {
    runs: &'a [Run],
    attributor: &'a Attributor,
    devices: &'a Devices,
}

/// Reviews the cases of a provider; nothing if its lines were joined otherwise meanwhile.
async fn review_isp(
    app: &App,
    isp: &Isp,
    known: &Known<'_>,
    (at, keep): (Moment, Keep),
) -> anyhow::Result<Option<Review>> {
    let joins = {
        let mut tx = app.db.begin().await?;
        lines::joins(&mut tx, isp.id).await?
    };
    let mut cases = store::cases_of(&app.db, isp.id).await?;
    cases.retain(|case| case.first_seen <= at);
    let lines = line::of_cases(cases);
    let mut unsettled = Unsettled::default();
    let since = at.plus_days(-SETTLE_DAYS);
    for (first, last, spot) in store::unsettled(&app.db, isp.id, since).await? {
        unsettled.add(&spot, (first, last));
    }
    let question = Question {
        isp: isp.id,
        policy: isp.lease_policy,
        runs: known.runs,
        attributor: known.attributor,
        devices: known.devices,
        terms: Terms::of(lines.iter().flat_map(|line| &line.members)),
        tokens: Tokens::of(store::tokens(&app.db, isp.id).await?, &lines),
        unsettled,
        at,
        now: app.now(),
        joins,
        facts: verdicts::standing(&app.db, isp.id).await?,
        kept: evidence::kept(&app.db, isp.id).await?,
        links: same_device::kept(&app.db, isp.id).await?,
        keep,
    };
    let mut review = Review::default();
    for part in lines.chunks(PART) {
        match retry::until_settled(|| review_part(app, part, &question)).await? {
            Some(part) => review.add(part),
            None => return Ok(None),
        }
    }
    Ok(Some(review))
}

/// Lines of one transaction.
const PART: usize = 2_000;

/// What is asked of every line of a provider.
pub(super) struct Question<'a> {
    pub(super) isp: IspId,
    pub(super) policy: LeasePolicy,
    pub(super) runs: &'a [Run],
    pub(super) attributor: &'a Attributor,
    pub(super) devices: &'a Devices,
    pub(super) terms: Terms<'a>,
    pub(super) tokens: Tokens,
    pub(super) unsettled: Unsettled,
    pub(super) at: Moment,
    now: Moment,
    joins: i64,
    facts: Facts,
    kept: Kept,
    links: same_device::Kept,
    keep: Keep,
}

/// Reviews some lines in a transaction of their own; nothing if reports came since they were read.
async fn review_part(
    app: &App,
    lines: &[Line],
    question: &Question<'_>,
) -> crate::db::Result<Option<Review>> {
    let &Question { isp, now, .. } = question;
    let mut review = Review::default();
    let all = || lines.iter().flat_map(|line| &line.members);
    let mut tx = app.db.begin().await?;
    // Nobody takes sightings in between reading them here and saying what they mean.
    cases::register::hold(&mut tx).await?;
    if lines::joins(&mut tx, isp).await? != question.joins {
        return Ok(None);
    }
    let spots: Vec<Vec<u8>> = all().map(|case| case.spot.clone()).collect();
    let seen = sightings::hits_of(&mut tx, &spots).await?;
    let mut clean = Vec::new();
    for line in lines {
        if line.has_new_speaker() {
            lines::follow_first(&mut tx, isp, &line.links(), now, "verification").await?;
        }
        let history = History::of(line, question, &seen);
        let story = history.story(line.speaker.first_seen);
        let case = line.speaker.reference();
        clean.extend(history.evidence().map(|run| CleanScan::of(case, run)));
        let members = line.members.iter().map(|case| case.id);
        let links = (history.same, &question.links);
        same_device::keep(&mut tx, isp, (case.id, members), links).await?;
        let others: Vec<_> = line.others().collect();
        let of_line = (&line.speaker, &others[..]);
        let changed = verdicts::conclude(&mut tx, of_line, &story, &question.facts, now).await?;
        review.count(story.last().map_or(cases::State::Open, |last| last.state));
        review.changed += u64::from(changed);
    }
    evidence::keep(&mut tx, isp, all().map(|case| case.id), (clean, &question.kept)).await?;
    if question.keep == Keep::Written {
        tx.commit().await?;
    }
    Ok(Some(review))
}

impl Review {
    fn add(&mut self, part: Self) {
        self.cases += part.cases;
        self.open += part.open;
        self.clean_once += part.clean_once;
        self.verified += part.verified;
        self.recurred += part.recurred;
        self.unknown += part.unknown;
        self.changed += part.changed;
    }

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
