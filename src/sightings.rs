//! Sightings (検知): an exposure seen at an address, port and time; never edited.
//!
//! Second stage: takes the rows that `feeds` understood, gives each its [`Spot`], and keeps the
//! first sighting of a spot whole and later ones as counted repeats. Owns `sightings`, `repeats`.

pub(crate) mod store;

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
};

use formats::{Detection, Exposure, Kind, Proto, Weakness};

use crate::{
    db::{Tx, bulk},
    ids::{FeedId, FileId},
    time::Moment,
};

/// Spot (検知箇所): address, protocol, port and exposure in one key that sorts by address.
///
/// Sixteen bytes of address (IPv4 mapped, RFC 4291 2.5.5.2), one of protocol, two of port, one of
/// weakness, then the kind. An infected device calls from a new port each time, so its port is 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "検知箇所")]
pub struct Spot(pub Vec<u8>);

/// What a spot says when it is taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The device's address.
    pub ip: IpAddr,
    /// The device's protocol.
    pub proto: Proto,
    /// The device's port; nothing for an infection.
    pub port: Option<u16>,
    /// What is wrong.
    pub exposure: Exposure,
}

impl Spot {
    /// The spot of a detection.
    pub fn of(row: &Detection) -> Self {
        let port = if row.exposure.weakness == Weakness::Infected { None } else { row.port };
        Self::at(row.ip, row.proto, port, &row.exposure)
    }

    /// The spot of an exposure at an address, protocol and port.
    pub fn at(ip: IpAddr, proto: Proto, port: Option<u16>, exposure: &Exposure) -> Self {
        let kind = exposure.kind.as_str().as_bytes();
        let mut key = Vec::with_capacity(20 + kind.len());
        key.extend_from_slice(&mapped(ip).octets());
        key.push(proto.number());
        key.extend_from_slice(&port.unwrap_or(0).to_be_bytes());
        let place = Weakness::ALL.iter().position(|w| *w == exposure.weakness);
        key.push(u8::try_from(place.unwrap_or(0)).unwrap_or(0));
        key.extend_from_slice(kind);
        Self(key)
    }

    /// The spot of these hexadecimal digits, or nothing.
    pub fn from_hex(digits: &str) -> Option<Self> {
        let pairs = digits.as_bytes().chunks_exact(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        pairs.map(byte).collect::<Option<_>>().map(Self)
    }

    /// Address, port and exposure again; nothing if these bytes are no spot.
    pub fn place(&self) -> Option<Place> {
        let (address, rest) = self.0.split_at_checked(16)?;
        let (fixed, kind) = rest.split_at_checked(4)?;
        let address: [u8; 16] = address.try_into().ok()?;
        let port = u16::from_be_bytes([fixed[1], fixed[2]]);
        let kind = std::str::from_utf8(kind).ok()?;
        Some(Place {
            ip: Ipv6Addr::from(address).to_canonical(),
            proto: Proto::from_number(fixed[0]),
            port: (port != 0).then_some(port),
            exposure: Exposure {
                weakness: *Weakness::ALL.get(usize::from(fixed[3]))?,
                kind: Kind::new(kind).ok()?,
            },
        })
    }
}

/// An address as sixteen bytes, IPv4 mapped into IPv6.
pub fn mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

/// A row with its place in its file and its spot.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// The file it stands in.
    pub file: FileId,
    /// Its number among the rows of that file, from 1.
    pub row_no: i64,
    /// Where it was seen.
    pub spot: Spot,
    /// The understood row.
    pub row: Detection,
}

impl Sighting {
    /// The port an infected device called from, which its ISP needs where lines share an address;
    /// the port of any other exposure stands in its spot.
    fn calling_port(&self) -> Option<i64> {
        let infected = self.row.exposure.weakness == Weakness::Infected;
        self.row.port.filter(|_| infected).map(i64::from)
    }
}

/// The port that the device at `spot` called from at `at`, if a sighting of then kept one.
pub(crate) async fn calling_port(
    tx: &mut Tx,
    spot: &[u8],
    at: Moment,
    opening: (FileId, i64),
) -> crate::db::Result<Option<u16>> {
    let port = store::calling_port(tx, spot, at, opening).await?;
    Ok(port.and_then(|port| u16::try_from(port).ok()))
}

/// Keeps `first` whole and `again` as counted repeats, in the caller's transaction.
pub(crate) async fn record(
    tx: &mut Tx,
    first: &[&Sighting],
    again: &[&Sighting],
) -> anyhow::Result<()> {
    for slice in first.chunks(bulk::SLICE) {
        store::insert_first(tx, slice).await?;
    }
    for slice in again.chunks(bulk::SLICE) {
        store::insert_repeats(tx, slice).await?;
    }
    Ok(())
}

/// That a feed saw a spot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    /// When.
    pub(crate) at: Moment,
    /// Which feed.
    pub(crate) feed: FeedId,
}

/// All hits at each of `spots`, sorted by time; `firsts` are those that no repeat tells of.
pub(crate) async fn hits_of(
    tx: &mut Tx,
    spots: &[Vec<u8>],
    firsts: Vec<(Vec<u8>, Moment, FeedId)>,
) -> crate::db::Result<HashMap<Vec<u8>, Vec<Hit>>> {
    const SQL: &str = "SELECT r.spot, r.detected_at, f.feed_id FROM repeats r
         JOIN feed_files f ON f.id = r.feed_file_id";
    let mut seen: HashMap<Vec<u8>, Vec<Hit>> = HashMap::new();
    let repeats: Vec<(Vec<u8>, Moment, FeedId)> = bulk::select_in(tx, SQL, "r.spot", spots).await?;
    for (spot, at, feed) in firsts.into_iter().chain(repeats) {
        seen.entry(spot).or_default().push(Hit { at, feed });
    }
    seen.values_mut().for_each(|hits| hits.sort_unstable());
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_gives_back_what_went_in() {
        let exposure: Exposure = "weak_credentials/telnet".parse().unwrap();
        for ip in ["192.0.2.7", "2001:db8::7"] {
            let ip: IpAddr = ip.parse().unwrap();
            let spot = Spot::at(ip, Proto::Tcp, Some(23), &exposure);
            let place = spot.place().unwrap();
            assert_eq!((place.ip, place.port, place.exposure), (ip, Some(23), exposure.clone()));
        }
    }
}
