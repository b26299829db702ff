//! Trail (足取り): where and when a line was found, as what, and who else was found there.
//!
//! A line is found by its own cases, which its provider's tokens join. Where addresses change hands
//! and no token tells, the device itself may, by what it shows ([`following`](super::following)).
//! Such a hit says that the line is open; silence after it proves no fix, for a device that got
//! another key would be missed in the same way.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::IpAddr,
};

use formats::{Proto, Weakness};

use super::{
    clean_scans::Question,
    following::{Again, Shown},
    line::{Epochs, Line},
    same_device::SameDevice,
};
use crate::{
    feeds::runs::Run,
    ids::{CaseId, FeedId},
    sightings::{Hit, Place, Spot},
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
    pub(super) fn of(place: &Place, changes_hands: bool) -> Self {
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
}

impl Trail {
    /// The trail of `line`, whose tokens lie under `epochs` and whose spots were `seen` so.
    pub(super) fn of(
        line: &Line,
        question: &Question<'_>,
        epochs: &Epochs,
        seen: &HashMap<Vec<u8>, Vec<Hit>>,
    ) -> Self {
        let (mut trail, mut shown, mut doubtful) = (Self::default(), Shown::default(), Vec::new());
        for case in &line.members {
            let Some(place) = Spot(case.spot.clone()).place() else { continue };
            let sign = Sign::of(&place, question.changes_hands());
            let there = seen.get(&case.spot).map_or(&[][..], Vec::as_slice);
            let mut first = BTreeMap::new();
            for hit in there.iter().filter(|hit| hit.at <= question.at) {
                let whose = question.terms.whose(&case.spot, hit.at);
                if whose.is_none_or(|whose| whose.id != case.id) {
                    let another = |whose| question.tokens.tell_apart(epochs, whose);
                    if !whose.is_some_and(|whose| line.holds(whose) || another(whose)) {
                        doubtful.push((hit, (&case.spot[..], whose)));
                    }
                    continue;
                }
                let elsewhere = question.changes_hands() && !line.may_stand_at(case, hit.at);
                if elsewhere || !question.held(place.ip, hit.at) {
                    trail.others.push(hit.at);
                } else {
                    trail.hits.push(Found { at: hit.at, ip: place.ip, sign, by_identity: false });
                    trail.feeds.insert(hit.feed);
                    shown.learn(hit, (&case.spot, place.ip), &mut first);
                }
            }
        }
        for (hit, there) in doubtful {
            match shown.again(hit, there, question) {
                Some(again) => trail.take(again),
                None => trail.others.push(hit.at),
            }
        }
        for again in shown.elsewhere(line, question, epochs, &trail.feeds) {
            trail.take(again);
        }
        trail.hits.sort_by_key(|hit| hit.at);
        trail.others.sort_unstable();
        trail
    }

    /// Takes a hit for the line's that its device alone says is.
    fn take(&mut self, again: Again<'_>) {
        let Again { hit, place, same } = again;
        // Nobody is asked but where addresses change hands.
        let sign = Sign::of(&place, true);
        self.hits.push(Found { at: hit.at, ip: place.ip, sign, by_identity: true });
        self.feeds.insert(hit.feed);
        let known = self.same.entry(same.later).or_insert_with(|| same.clone());
        if same.since < known.since {
            *known = same;
        }
    }

    /// Whether only its device says where one of `signs` was last, among the first `before` hits.
    pub(super) fn is_by_identity(&self, before: usize, signs: &[Sign]) -> bool {
        signs.iter().any(|sign| self.last_of(sign, before).is_some_and(|hit| hit.by_identity))
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
        sign.address.or_else(|| self.last_of(sign, before).map(|hit| hit.ip))
    }

    /// The last hit in the address family of a sign, among the first `before`.
    fn last_of(&self, sign: &Sign, before: usize) -> Option<&Found> {
        self.hits[..before].iter().rev().find(|hit| hit.sign.is_ipv4 == sign.is_ipv4)
    }
}
