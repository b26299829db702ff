//! Trail (足取り): where and when a line was found, as what, and who else was found there.
//!
//! A line is found by its own cases, which its provider's tokens join. Where addresses change hands
//! and no token tells, the device itself may: what shows the same identity at another address, once
//! a run missed it at the first, is taken for the line's. That holds a line open and proves no fix,
//! for a device that got another key would be missed in the same way.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::IpAddr,
};

use formats::{Proto, Weakness};

use super::{
    clean_scans::Question,
    device::Stay,
    line::{Epochs, Line},
    same_device::SameDevice,
};
use crate::{
    cases::Case,
    feeds::runs::Run,
    ids::{CaseId, FeedId},
    sightings::{self, Hit, Place, Spot, identity::Identity},
    time::Moment,
};

/// What a run has to look for, and where. A line may show several of them.
///
/// Where the address is the line, each address shows a sign of its own; else each address family
/// does, at whatever address of it the line was seen last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sign {
    address: Option<IpAddr>,
    is_ipv4: bool,
    pub(super) port: (Proto, Option<u16>),
    pub(super) weakness: Weakness,
}

impl Sign {
    fn of(place: &Place, changes_hands: bool) -> Self {
        Self {
            address: (!changes_hands).then_some(place.ip),
            is_ipv4: place.ip.is_ipv4(),
            port: (place.proto, place.port),
            weakness: place.exposure.weakness,
        }
    }
}

/// A hit of a line: when, where, and as what.
pub(super) struct Found {
    pub(super) at: Moment,
    ip: IpAddr,
    pub(super) sign: Sign,
    /// Whether the device alone says so, by its identity.
    by_identity: bool,
}

/// Hits at each spot.
type Seen = HashMap<Vec<u8>, Vec<Hit>>;

/// A hit where a line had stood that no case of it has.
struct Doubtful<'a> {
    hit: &'a Hit,
    spot: &'a [u8],
    whose: Option<&'a Case>,
}

/// Where and when a line was found.
#[derive(Default)]
pub(super) struct Trail {
    /// In order of time.
    pub(super) hits: Vec<Found>,
    /// When somebody was found where it had stood who may be it or somebody else, in order.
    pub(super) others: Vec<Moment>,
    /// Any feed that ever saw the line may say that it is gone, whichever came first.
    pub(super) feeds: HashSet<FeedId>,
    /// The cases of others as which its device was seen, each with how that is known, since when.
    pub(super) same: BTreeMap<CaseId, SameDevice>,
    /// What its device showed as what, and where that was last.
    own: BTreeMap<(Identity, Vec<u8>), (Moment, IpAddr)>,
}

impl Trail {
    /// The trail of `line`, whose tokens lie under `epochs` and whose spots were `seen` so.
    pub(super) fn of(line: &Line, question: &Question<'_>, epochs: &Epochs, seen: &Seen) -> Self {
        let (mut trail, mut doubtful) = (Self::default(), Vec::new());
        for case in &line.members {
            let Some(place) = Spot(case.spot.clone()).place() else { continue };
            let sign = Sign::of(&place, question.changes_hands());
            let there = seen.get(&case.spot).map_or(&[][..], Vec::as_slice);
            for hit in there.iter().filter(|hit| hit.at <= question.at) {
                let whose = question.terms.whose(&case.spot, hit.at);
                if whose.is_none_or(|whose| whose.id != case.id) {
                    let another = |whose| question.tokens.tell_apart(epochs, whose);
                    let of_line = |whose: &Case| line.members.iter().any(|one| one.id == whose.id);
                    if !whose.is_some_and(|whose| of_line(whose) || another(whose)) {
                        doubtful.push(Doubtful { hit, spot: &case.spot, whose });
                    }
                    continue;
                }
                let elsewhere = question.changes_hands() && !line.may_stand_at(case, hit.at);
                if elsewhere || !question.held(place.ip, hit.at) {
                    trail.others.push(hit.at);
                } else {
                    trail.hits.push(Found { at: hit.at, ip: place.ip, sign, by_identity: false });
                    trail.feeds.insert(hit.feed);
                    trail.learn(hit, (&case.spot, place.ip), question);
                }
            }
        }
        for one in doubtful {
            if !trail.takes(&one, question) {
                trail.others.push(one.hit.at);
            }
        }
        trail.follow(line, question, epochs, seen);
        trail.hits.sort_by_key(|hit| hit.at);
        trail.others.sort_unstable();
        trail
    }

    /// Remembers by what its device is told from others.
    fn learn(&mut self, hit: &Hit, (spot, ip): (&[u8], IpAddr), question: &Question<'_>) {
        if !question.changes_hands() {
            return;
        }
        for identity in hit.identities.iter().filter(|one| question.devices.is_one(**one)) {
            let shown = (*identity, sightings::exposure_of(spot).to_owned());
            let last = self.own.entry(shown).or_insert((hit.at, ip));
            *last = (*last).max((hit.at, ip));
        }
    }

    /// Takes a hit for the line's whose device shows what the line's did; tells whether it is.
    fn takes(&mut self, one: &Doubtful<'_>, question: &Question<'_>) -> bool {
        let exposure = sightings::exposure_of(one.spot);
        let known = |identity: &&Identity| {
            self.own.keys().any(|(own, shown)| own == *identity && shown == exposure)
        };
        let identity = one.hit.identities.iter().find(known).copied();
        let place = Spot(one.spot.to_owned()).place();
        let (Some(identity), Some(whose), Some(place)) = (identity, one.whose, place) else {
            return false;
        };
        if !question.held(place.ip, one.hit.at) {
            return false;
        }
        let sign = Sign::of(&place, question.changes_hands());
        self.hits.push(Found { at: one.hit.at, ip: place.ip, sign, by_identity: true });
        self.feeds.insert(one.hit.feed);
        let again = SameDevice { later: whose.id, kind: identity.kind(), since: one.hit.at };
        let known = self.same.entry(whose.id).or_insert_with(|| again.clone());
        if again.since < known.since {
            *known = again;
        }
        true
    }

    /// Follows its device to other addresses, as long as each was left before the next came up.
    fn follow(&mut self, line: &Line, question: &Question<'_>, epochs: &Epochs, seen: &Seen) {
        for ((identity, exposure), (_, ip)) in self.own.clone() {
            for (from, to) in question.devices.steps_from(identity, ip) {
                if !self.left(&exposure, (from, to), question, seen) {
                    break;
                }
                for spot in to.spots.iter().filter(|spot| sightings::exposure_of(spot) == exposure)
                {
                    let there = seen.get(spot).map_or(&[][..], Vec::as_slice);
                    let its = there.iter().filter(|hit| hit.identities.contains(&identity));
                    for hit in its.filter(|hit| hit.at <= question.at) {
                        let whose = question.terms.whose(spot, hit.at);
                        let is_open = |whose: &&Case| {
                            line.members.iter().all(|one| one.id != whose.id)
                                && !question.tokens.tell_apart(epochs, whose)
                        };
                        if let Some(whose) = whose.filter(is_open) {
                            self.takes(&Doubtful { hit, spot, whose: Some(whose) }, question);
                        }
                    }
                }
            }
        }
    }

    /// Whether a run looked for it where it had stood, and missed it, before it came up elsewhere.
    fn left(
        &self,
        exposure: &[u8],
        (from, to): (&Stay, &Stay),
        question: &Question<'_>,
        seen: &Seen,
    ) -> bool {
        let spot = from.spots.iter().find(|spot| sightings::exposure_of(spot) == exposure);
        let Some(spot) = spot else { return false };
        let Some(place) = Spot(spot.clone()).place() else { return false };
        let sign = Sign::of(&place, question.changes_hands());
        let there = seen.get(spot).map_or(&[][..], Vec::as_slice);
        question.runs.iter().filter(|run| self.feeds.contains(&run.feed)).any(|run| {
            run.from > from.last
                && run.from <= to.first
                && question.covers(run, place.ip, &sign)
                && !there.iter().any(|hit| (run.from..=run.to).contains(&hit.at))
        })
    }

    /// Whether only its device says that the last of its first `before` hits is its own.
    pub(super) fn is_by_identity(&self, before: usize) -> bool {
        before.checked_sub(1).is_some_and(|last| self.hits[last].by_identity)
    }

    /// How many hits of the line, and how many of others, lie before `run`, which missed the line;
    /// nothing if the line was seen never before, or in this run, or if somebody was found where
    /// it had stood.
    pub(super) fn missed_by(&self, run: &Run) -> Option<(usize, usize)> {
        let before = self.hits.partition_point(|hit| hit.at < run.from);
        let listed = self.hits.get(before).is_some_and(|hit| hit.at <= run.to);
        let others = self.others.partition_point(|at| *at < run.from);
        let unclear = self.others.get(others).is_some_and(|at| *at <= run.to);
        (before > 0 && !listed && !unclear).then_some((before, others))
    }

    /// Where a sign of the line was among its first `before` hits.
    pub(super) fn address_of(&self, sign: &Sign, before: usize) -> Option<IpAddr> {
        let seen = self.hits[..before].iter().rev();
        let mut of_family = seen.filter(|hit| hit.sign.is_ipv4 == sign.is_ipv4);
        sign.address.or_else(|| of_family.next().map(|hit| hit.ip))
    }
}
