//! Following (追跡): hits that the device of a line alone says are the line's, by what it shows.
//!
//! Asked only where addresses change hands. A hit where the line had stood counts if it shows the
//! same identity; one at another address counts if the device came there step by step, each place
//! found empty before the next one came up. A case that its provider gave to another line ends the
//! walk: its word counts more.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    net::IpAddr,
};

use super::{
    clean_scans::Question,
    device::Stay,
    line::{Epochs, Line},
    same_device::SameDevice,
    trail::Sign,
};
use crate::{
    cases::Case,
    ids::FeedId,
    sightings::{
        self, Hit, Place, Spot,
        identity::{Identity, Kind},
    },
    time::Moment,
};

/// What the device of a line showed, as what, and at which addresses (提示した識別値).
#[derive(Debug, Default)]
pub(super) struct Shown {
    since: Option<Moment>,
    at: BTreeMap<(Identity, Vec<u8>), BTreeSet<IpAddr>>,
}

/// A hit of a case of others that is taken for the line's.
pub(super) struct Again<'a> {
    pub(super) hit: &'a Hit,
    pub(super) place: Place,
    pub(super) same: SameDevice,
}

impl Shown {
    /// Remembers what a hit of the line shows. Of each kind `first` holds what its case showed
    /// first: within a month somebody else may come to stand at the address.
    pub(super) fn learn(
        &mut self,
        hit: &Hit,
        (spot, ip): (&[u8], IpAddr),
        first: &mut BTreeMap<Kind, Identity>,
    ) {
        self.since = Some(self.since.map_or(hit.at, |since| since.min(hit.at)));
        for identity in &hit.identities {
            if first.entry(identity.kind()).or_insert(*identity) == identity {
                let exposure = sightings::exposure_of(spot).to_owned();
                self.at.entry((*identity, exposure)).or_default().insert(ip);
            }
        }
    }

    /// A hit at `spot`, of a case of others, as the line's: if its device showed the same there.
    pub(super) fn again<'a>(
        &self,
        hit: &'a Hit,
        (spot, whose): (&[u8], Option<&Case>),
        question: &Question<'_>,
    ) -> Option<Again<'a>> {
        let (place, exposure) = (Spot(spot.to_owned()).place()?, sightings::exposure_of(spot));
        let is_known = |identity: &&Identity| {
            question.devices.is_one(**identity, place.ip.is_ipv4())
                && self.at.keys().any(|(own, shown)| own == *identity && shown == exposure)
        };
        let identity = hit.identities.iter().find(is_known)?;
        let is_later = self.since.is_some_and(|since| since <= hit.at);
        if !is_later || !question.changes_hands() || !question.held(place.ip, hit.at) {
            return None;
        }
        let same = SameDevice { later: whose?.id, kind: identity.kind(), since: hit.at };
        Some(Again { hit, place, same })
    }

    /// The hits to which the device leads elsewhere.
    pub(super) fn elsewhere<'a>(
        &self,
        line: &Line,
        question: &Question<'a>,
        epochs: &Epochs,
        feeds: &HashSet<FeedId>,
    ) -> Vec<Again<'a>> {
        let mut all = Vec::new();
        if !question.changes_hands() {
            return all;
        }
        for ((identity, exposure), own) in &self.at {
            let mut is_reached = false;
            for (from, to) in question.devices.steps(*identity) {
                is_reached |= own.contains(&from.ip);
                is_reached &= left(exposure, (from, to), question, feeds);
                if !is_reached {
                    continue;
                }
                let there = of_others(line, question, of_exposure(to, exposure), *identity);
                is_reached = !there.iter().any(|one| question.tokens.tell_apart(epochs, one.whose));
                let its = there.iter().filter(|_| is_reached);
                all.extend(
                    its.filter_map(|one| {
                        self.again(one.hit, (one.spot, Some(one.whose)), question)
                    }),
                );
            }
        }
        all
    }
}

/// A hit of a case of others.
struct OfOthers<'a> {
    hit: &'a Hit,
    spot: &'a [u8],
    whose: &'a Case,
}

/// The hits with `identity` at these spots that are of cases of others.
fn of_others<'a>(
    line: &Line,
    question: &Question<'a>,
    spots: impl Iterator<Item = &'a Vec<u8>>,
    identity: Identity,
) -> Vec<OfOthers<'a>> {
    let mut all = Vec::new();
    for spot in spots {
        let hits = question.devices.hits_at(spot).iter().filter(|hit| hit.at <= question.at);
        for hit in hits.filter(|hit| hit.identities.contains(&identity)) {
            let whose = question.terms.whose(spot, hit.at);
            if let Some(whose) = whose.filter(|case| !line.holds(case)) {
                all.push(OfOthers { hit, spot, whose });
            }
        }
    }
    all
}

/// As what a device was seen at a stay, as far as that is this exposure.
fn of_exposure<'a>(stay: &'a Stay, exposure: &[u8]) -> impl Iterator<Item = &'a Vec<u8>> {
    stay.spots.iter().filter(move |spot| sightings::exposure_of(spot) == exposure)
}

/// Whether a run looked for it where it had stood, and missed it, before it came up elsewhere.
fn left(
    exposure: &[u8],
    (from, to): (&Stay, &Stay),
    question: &Question<'_>,
    feeds: &HashSet<FeedId>,
) -> bool {
    let Some(spot) = of_exposure(from, exposure).next() else { return false };
    let Some(place) = Spot(spot.clone()).place() else { return false };
    let sign = Sign::of(&place, question.changes_hands());
    let there = question.devices.hits_at(spot);
    question.runs.iter().filter(|run| feeds.contains(&run.feed)).any(|run| {
        run.from > from.last
            && run.from <= to.first
            && question.covers(run, place.ip, &sign)
            && !there.iter().any(|hit| (run.from..=run.to).contains(&hit.at))
    })
}
