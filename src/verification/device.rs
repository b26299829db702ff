//! Devices (個体): which identities are one device's alone, and where it stood one after the other.
//!
//! A maker that puts the same key into each device of a model makes that key say nothing. What is
//! seen at two addresses of a family at once, or in turn, is common, whoever serves them; a device
//! that moved was at one address to its end before it came up at the next. Whether the first one
//! was looked at in between, and found empty, is for the [`following`](super::following) to ask.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    net::{IpAddr, Ipv6Addr},
};

use crate::{
    db::Db,
    sightings::{self, Hit, identity::Identity},
    time::Moment,
};

/// A time at one address (滞在): from the first sighting there to the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stay {
    pub(super) ip: IpAddr,
    pub(super) first: Moment,
    pub(super) last: Moment,
    /// As what it was seen there.
    pub(super) spots: Vec<Vec<u8>>,
}

/// What identities tell of devices (個体).
#[derive(Debug, Default)]
pub(super) struct Devices {
    /// Those that several devices show, with the family in which they do: whether IPv4.
    common: HashSet<(Identity, bool)>,
    /// Stays in a family of those that are one device's there and moved, in order of time.
    moved: HashMap<Identity, Vec<Vec<Stay>>>,
    /// All hits where these were seen.
    hits: HashMap<Vec<u8>, Vec<Hit>>,
}

/// When each identity was seen at each spot, from the first time to the last.
type Told = HashMap<(Identity, Vec<u8>), (Moment, Moment)>;

impl Devices {
    /// What was seen by `until`, of all providers: a key that two of them see is common too.
    pub(super) async fn read(db: &Db, until: Moment) -> crate::db::Result<Self> {
        let mut told = Told::new();
        sightings::identified(db, until, |identity, spot, at| {
            let span = told.entry((identity, spot.to_owned())).or_insert((at, at));
            *span = (span.0.min(at), span.1.max(at));
        })
        .await?;
        let mut devices = Self::of(told);
        let stays = devices.moved.values().flatten().flatten();
        let spots: BTreeSet<&Vec<u8>> = stays.flat_map(|stay| &stay.spots).collect();
        let spots: Vec<Vec<u8>> = spots.into_iter().cloned().collect();
        let mut tx = db.begin().await?;
        devices.hits = sightings::hits_of(&mut tx, &spots).await?;
        Ok(devices)
    }

    fn of(told: Told) -> Self {
        let mut told: Vec<_> = told.into_iter().collect();
        told.sort_unstable();
        let mut devices = Self::default();
        for same in told.chunk_by(|a, b| a.0.0 == b.0.0) {
            let identity = same[0].0.0;
            let stays = stays(same.iter().map(|((_, spot), span)| (&spot[..], *span)));
            for is_ipv4 in [true, false] {
                let of_family = stays.iter().filter(|stay| stay.ip.is_ipv4() == is_ipv4);
                let stays: Vec<Stay> = of_family.cloned().collect();
                if overlap(&stays) {
                    devices.common.insert((identity, is_ipv4));
                } else if stays.len() > 1 {
                    devices.moved.entry(identity).or_default().push(stays);
                }
            }
        }
        devices
    }

    /// Whether only one device shows it in that address family, as far as was seen.
    pub(super) fn is_one(&self, identity: Identity, is_ipv4: bool) -> bool {
        !self.common.contains(&(identity, is_ipv4))
    }

    /// The steps that a device took, each from one stay to the next one of the family, in order.
    pub(super) fn steps(&self, identity: Identity) -> impl Iterator<Item = (&Stay, &Stay)> {
        let families = self.moved.get(&identity).into_iter().flatten();
        families.flat_map(|stays| stays.iter().zip(&stays[1..]))
    }

    /// All hits at a spot where a device was seen that moved, in order of time.
    pub(super) fn hits_at(&self, spot: &[u8]) -> &[Hit] {
        self.hits.get(spot).map_or(&[], Vec::as_slice)
    }
}

/// The stays of what was seen at these spots, which are sorted, in order of time.
fn stays<'a>(seen: impl Iterator<Item = (&'a [u8], (Moment, Moment))>) -> Vec<Stay> {
    let mut stays: Vec<Stay> = Vec::new();
    for (spot, (first, last)) in seen {
        let address = sightings::address_of(spot).try_into().map_or(0, u128::from_be_bytes);
        let ip = Ipv6Addr::from_bits(address).to_canonical();
        match stays.last_mut().filter(|stay| stay.ip == ip) {
            Some(stay) => {
                stay.first = stay.first.min(first);
                stay.last = stay.last.max(last);
                stay.spots.push(spot.to_owned());
            }
            None => stays.push(Stay { ip, first, last, spots: vec![spot.to_owned()] }),
        }
    }
    stays.sort_by_key(|stay| stay.first);
    stays
}

/// Whether two of these stays, which are in order of time, share a moment.
fn overlap(stays: &[Stay]) -> bool {
    let mut until: Option<Moment> = None;
    stays.iter().any(|stay| {
        let meets = until.is_some_and(|until| stay.first <= until);
        until = until.max(Some(stay.last));
        meets
    })
}

#[cfg(test)]
mod tests {
    use formats::{Exposure, Proto};
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::sightings::Spot;

    const KEY: Identity = Identity([7; 16]);

    fn spot(host: u8, port: u16) -> Vec<u8> {
        let exposure: Exposure = "weak_credentials/ssh".parse().unwrap();
        Spot::at([192, 0, 2, host].into(), Proto::Tcp, Some(port), &exposure).0
    }

    fn devices(seen: &[(u8, u16, i64)]) -> Devices {
        let mut told = Told::new();
        for (host, port, at) in seen {
            let at = Moment(*at);
            let span = told.entry((KEY, spot(*host, *port))).or_insert((at, at));
            *span = (span.0.min(at), span.1.max(at));
        }
        Devices::of(told)
    }

    fn steps(devices: &Devices) -> Vec<(IpAddr, IpAddr)> {
        devices.steps(KEY).map(|(from, to)| (from.ip, to.ip)).collect()
    }

    #[test]
    fn a_device_that_moves_takes_a_step_and_what_is_seen_in_turn_takes_none() {
        let moved = devices(&[(1, 22, 1), (1, 22, 2), (9, 22, 3), (5, 22, 4)]);
        let at = |host: u8| IpAddr::from([192, 0, 2, host]);
        assert_eq!(steps(&moved), [(at(1), at(9)), (at(9), at(5))]);
        assert!(moved.is_one(KEY, true));
        let in_turn = devices(&[(1, 22, 1), (9, 22, 2), (1, 22, 3)]);
        assert!(!in_turn.is_one(KEY, true) && steps(&in_turn).is_empty());
        assert!(steps(&devices(&[(1, 22, 1), (1, 2222, 5)])).is_empty(), "it stayed");
    }

    #[test]
    fn a_device_with_an_address_of_each_family_is_one_and_moves_in_each() {
        let exposure: Exposure = "weak_credentials/ssh".parse().unwrap();
        let second = |ip: &str| Spot::at(ip.parse().unwrap(), Proto::Tcp, Some(22), &exposure).0;
        let at = |from, to| (Moment(from), Moment(to));
        let told = [
            ((KEY, spot(1, 22)), at(1, 4)),
            ((KEY, second("2001:db8::1")), at(1, 9)),
            ((KEY, spot(9, 22)), at(5, 9)),
        ];
        let devices = Devices::of(told.into());
        assert!(devices.is_one(KEY, true) && devices.is_one(KEY, false));
        assert_eq!(steps(&devices).len(), 1);
    }

    proptest! {
        #[test]
        fn a_key_is_common_once_two_addresses_show_it_at_once_or_in_turn(
            seen in vec((0_u8..4, 0_i64..9), 1..9),
        ) {
            let told: Vec<_> = seen.iter().map(|(host, at)| (*host, 22, *at)).collect();
            let devices = devices(&told);
            let between = |host: u8, at: i64| {
                let of = |it: fn(&i64, &i64) -> bool| {
                    seen.iter().any(|(one, when)| *one == host && it(when, &at))
                };
                of(|when, at| when <= at) && of(|when, at| when >= at)
            };
            let common = seen.iter().any(|(host, at)| {
                seen.iter().any(|(other, _)| other != host && between(*other, *at))
            });
            prop_assert_eq!(devices.is_one(KEY, true), !common);
        }
    }
}
