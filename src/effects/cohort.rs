//! The cohort (追跡集団): lines, what happened to each, and the span in which each was fixed.
//!
//! A fix is known only to lie between two scans: after the latest sighting, and by the end of the
//! first of the clean scans that prove it. What was seen again, is open, or was missed once is
//! followed until its latest sighting. A line is left out of curves, and counted, where nobody
//! could ever tell: its address changes hands and no token follows it. Such lines are only ever
//! seen unfixed, so that keeping them would pull every curve to "nothing helps".
//!
//! Follow-up ends at the close of the last scan but one that can be read for the provider. Later
//! than that a fix cannot be proven yet while a device can still be seen, and counting the one
//! without the other would make every recent month look bad.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use effect::turnbull::Span;

use super::{By, Scope, fixes, store};
use crate::{
    cases::{State, lines::EndPoint},
    db::Db,
    feeds::runs,
    ids::{CaseId, FeedId, IspId},
    isps::LeasePolicy,
    manuals,
    time::Moment,
    verification::{CLEAN_SCANS, clean_scans::SETTLE_DAYS, unsettled::Unsettled},
    web::texts::Lang,
};

/// A line with all that is known of it (回線の経過).
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Line {
    /// Code of its ISP.
    pub isp: String,
    /// The undertaking that found it.
    pub stream: String,
    /// The model of the device, where the feed named one.
    pub model: Option<String>,
    /// How it stands.
    pub state: State,
    /// Since when.
    pub state_since: Moment,
    /// The latest sighting at any of its addresses.
    pub last_seen: Moment,
    /// End of the first clean scan that a verified fix rests on.
    pub first_clean: Option<Moment>,
    /// Fixes that were proven, earliest first: last sighting before, end of the first clean scan.
    pub fixes: Vec<(Moment, Moment)>,
    /// Whether silence can mean a fix: the address is the line, or a token follows it.
    pub followable: bool,
    /// Where follow-up ends; nothing when its feed never said what it covered.
    pub until: Option<Moment>,
    /// What became of it after it was put on a list.
    pub notice: Option<Notice>,
    /// Its inquiry ID was entered.
    pub came: bool,
    /// Every step that was marked was marked as done, and one was.
    pub finished: bool,
    /// The person said that it is done.
    pub claimed: bool,
}

/// A line's way through the ISP (通知の経過).
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Notice {
    /// Time zero: the first list with the line on it was prepared.
    pub prepared_at: Moment,
    /// The ISP fetched one of its lists.
    pub fetched: bool,
    /// The ISP found the subscriber.
    pub identified: bool,
    /// The subscriber was told.
    pub warned: bool,
    /// The notice arrived.
    pub delivered: bool,
    /// Whether the ISP said anything.
    pub reported: bool,
    /// How the subscriber was told, else what the ISP said instead, else `no_report`.
    pub channel: String,
    /// The arm, from the earliest list on which the ISP named one.
    pub arm: Option<String>,
}

/// Where a line stands in a curve (観測).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Observation {
    /// Followed: the fix lies in this span of days after the list.
    Followed(Span),
    /// On no list.
    Unlisted,
    /// Its address changes hands and no token follows it.
    Untraceable,
    /// Listed too late for a scan to have proven anything yet.
    TooRecent,
    /// Gone before the list was made: no warning can have done that.
    BeforeList,
}

impl Line {
    /// Whether its fix was proven by `as_of`.
    pub fn verified(&self, as_of: Moment) -> bool {
        self.state == State::Verified && self.state_since <= as_of
    }

    /// Its place in a curve, in whole days: the left end cut off, the right end filled up.
    pub fn observation(&self) -> Observation {
        let Some(notice) = &self.notice else { return Observation::Unlisted };
        if !self.followable {
            return Observation::Untraceable;
        }
        let zero = notice.prepared_at;
        let fix = self.first_fix(zero);
        if fix.is_none() && self.gone_before(zero) {
            return Observation::BeforeList;
        }
        let Some(until) = self.until.filter(|until| *until > zero) else {
            return Observation::TooRecent;
        };
        let days = |seen: Moment| seen.min(until).days_since(zero).max(0.0).floor();
        Observation::Followed(match fix.filter(|(_, clean)| *clean <= until) {
            Some((seen, clean)) => Span::between(days(seen), clean.days_since(zero).ceil()),
            None => Span::after(days(self.last_seen)),
        })
    }

    /// The first fix that was proven and lies after `zero`: last sighting, first clean scan. What
    /// came back later was fixed all the same; recurrence is counted for itself.
    fn first_fix(&self, zero: Moment) -> Option<(Moment, Moment)> {
        let now = self.verified_now().map(|clean| (self.last_seen, clean));
        self.fixes.iter().copied().chain(now).find(|(_, clean)| *clean > zero)
    }

    fn gone_before(&self, zero: Moment) -> bool {
        self.verified_now().is_some_and(|clean| clean <= zero)
    }

    fn verified_now(&self) -> Option<Moment> {
        let clean = self.first_clean.filter(|clean| *clean > self.last_seen);
        clean.filter(|_| self.state == State::Verified)
    }

    /// The group it belongs to.
    pub fn group(&self, by: By) -> String {
        let notice = self.notice.as_ref();
        match by {
            By::Channel => notice.map_or("unlisted", |notice| &notice.channel).to_owned(),
            By::Arm => {
                notice.and_then(|notice| notice.arm.clone()).unwrap_or_else(|| "none".to_owned())
            }
            By::Isp => self.isp.clone(),
            By::Model => self.model.clone().unwrap_or_else(|| "unknown".to_owned()),
            By::Stream => self.stream.clone(),
        }
    }
}

/// Lines in the scope with all that is known of them.
pub(super) async fn lines(db: &Db, scope: &Scope) -> anyhow::Result<Vec<Line>> {
    let speakers = store::speakers(db, scope).await?;
    let mut notices = notices(store::listings(db, scope.as_of).await?);
    let came: HashSet<_> = store::came(db, scope.as_of).await?.into_iter().collect();
    let claimed: HashSet<_> = store::claimed(db, scope.as_of).await?.into_iter().collect();
    let finished = finished(store::marks(db, scope.as_of).await?);
    let mut fixes = fixes::proven(store::proofs(db, scope.as_of).await?);
    let mut follow_up = FollowUp::read(db, scope.as_of).await?;
    let whole = |speaker: store::Speaker| {
        let key = (speaker.isp_id, speaker.id);
        let lease: LeasePolicy = speaker.lease_policy.parse()?;
        Ok(Line {
            isp: speaker.isp,
            stream: speaker.stream,
            model: speaker.model,
            state: speaker.state.parse()?,
            state_since: speaker.state_since,
            last_seen: speaker.last_seen,
            first_clean: speaker.first_clean,
            fixes: fixes.remove(&key).unwrap_or_default(),
            followable: lease.address_is_line() || speaker.has_token == 1,
            until: follow_up.end(speaker.isp_id, speaker.feed_id, EndPoint::at(&speaker.spot)),
            notice: notices.remove(&key),
            came: came.contains(&key),
            finished: finished.contains(&key),
            claimed: claimed.contains(&key),
        })
    };
    speakers.into_iter().map(whole).collect()
}

/// All standings of each line as one way; they come earliest first.
fn notices(listings: Vec<store::Listing>) -> HashMap<(IspId, CaseId), Notice> {
    let mut ways: HashMap<(IspId, CaseId), Notice> = HashMap::new();
    for listing in listings {
        let state = listing.state.as_deref();
        let warned = state == Some("notified");
        let fetched = listing.fetched_at.is_some();
        let channel = match state {
            Some("notified") => listing.channel.clone().unwrap_or_else(|| "other".to_owned()),
            Some(other) => other.to_owned(),
            None => "no_report".to_owned(),
        };
        let way = ways.entry((listing.isp_id, listing.speaker)).or_insert_with(|| Notice {
            prepared_at: listing.prepared_at,
            fetched: false,
            identified: false,
            warned: false,
            delivered: false,
            reported: false,
            channel: "no_report".to_owned(),
            arm: None,
        });
        // The first telling says how a line was told; what came before it was no telling.
        if !way.warned && (warned || !way.reported) {
            way.channel = channel;
        }
        way.fetched |= fetched;
        way.identified |= listing.identified.as_deref() == Some("yes") || warned;
        way.warned |= warned;
        way.delivered |= warned && listing.delivery.as_deref() == Some("delivered");
        way.reported |= state.is_some();
        way.arm = way.arm.take().or(listing.arm);
    }
    ways
}

/// Lines that did every step of a manual; a step counts as it was marked last.
fn finished(marks: Vec<store::Mark>) -> HashSet<(IspId, CaseId)> {
    let mut done: BTreeMap<(IspId, CaseId, String), BTreeSet<i64>> = BTreeMap::new();
    for mark in marks {
        let steps = done.entry((mark.isp_id, mark.speaker, mark.manual)).or_default();
        // A step that is not needed is behind the person like one that was done.
        if ["done", "not_needed"].contains(&mark.outcome.as_str()) {
            steps.insert(mark.step)
        } else {
            steps.remove(&mark.step)
        };
    }
    // An infected device has steps beyond those of a weak one; the manual of the weak one decides.
    let due = |id: &str| manuals::named(id).map(|manual| manual.steps(Lang::Ja, false).len());
    let all = done
        .into_iter()
        .filter(|((_, _, manual), steps)| due(manual).is_some_and(|due| steps.len() >= due));
    all.map(|((isp, line, _), _)| (isp, line)).collect()
}

/// Where follow-up ends, per provider and feed.
struct FollowUp {
    runs: HashMap<FeedId, Vec<(Moment, Moment)>>,
    unsettled: HashMap<IspId, Unsettled>,
    ends: HashMap<(IspId, FeedId, EndPoint), Option<Moment>>,
}

impl FollowUp {
    async fn read(db: &Db, as_of: Moment) -> anyhow::Result<Self> {
        let mut runs: HashMap<FeedId, Vec<_>> = HashMap::new();
        for run in runs::heard_by(db, as_of).await?.into_iter().rev() {
            if !run.parts.is_empty() {
                runs.entry(run.feed).or_default().push((run.from, run.to));
            }
        }
        let mut unsettled: HashMap<_, Unsettled> = HashMap::new();
        for (isp, seen, spot) in store::unsettled(db, as_of.plus_days(-SETTLE_DAYS), as_of).await? {
            unsettled.entry(isp).or_default().add(&spot, seen);
        }
        Ok(Self { runs, unsettled, ends: HashMap::new() })
    }

    /// The close of the last run after which enough others came to prove a fix.
    ///
    /// A run with a case that the ISP has not spoken of yet proves nothing: that case may be the
    /// very line that seems clean.
    fn end(&mut self, isp: IspId, feed: FeedId, end_point: EndPoint) -> Option<Moment> {
        *self.ends.entry((isp, feed, end_point)).or_insert_with(|| {
            let unsettled = self.unsettled.get(&isp);
            let waits = |from: Moment, to: Moment| {
                unsettled.is_some_and(|unsettled| unsettled.touches(end_point, (from, to)))
            };
            let runs = self.runs.get(&feed)?.iter();
            let mut settled = runs.filter(|(from, to)| !waits(*from, *to));
            settled.nth(CLEAN_SCANS as usize - 1).map(|(_, to)| *to)
        })
    }
}
