//! Sightings (検知): an exposure seen at an address, port and time; never edited.
//!
//! Second stage: takes the rows that `feeds` understood, gives each its [`Spot`], keeps of each
//! where, when and as which device it was seen, and the first sighting of a case whole. Owns
//! `hits`, `sighting_chunks`.

pub(crate) mod hits;
pub mod identity;
pub(crate) mod kept;
pub(crate) mod retract;
mod sheaf;
pub(crate) mod store;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    net::{IpAddr, Ipv6Addr},
};

use anyhow::Context as _;
use formats::{Exposure, Kind, Proto, Severity, Weakness};

use crate::{
    db::{Db, Tx, bulk, packed::Broken, state_hash},
    ids::{FeedId, FileId},
    time::Moment,
};

use hits::Seen;
use identity::Identity;
pub use kept::Kept;
pub use sheaf::Sheaf;

/// Spot (検知箇所): address, protocol, port and exposure in one key that sorts by address.
///
/// Sixteen bytes of address (IPv4 mapped, RFC 4291 2.5.5.2), one of protocol, two of port, one of
/// weakness, then the kind. An infected device calls from a new port each time, so its port is 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "検知箇所")]
pub struct Spot(pub Vec<u8>);

/// Bytes of a spot that name its shelf: all of an address but its last two bytes. Lists of a
/// country put hundreds of spots on a shelf, and none holds more than 65,536 addresses.
pub(crate) const SHELF: usize = 14;

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
    /// The spot of an exposure at an address, protocol and port.
    pub fn at(ip: IpAddr, proto: Proto, port: Option<u16>, exposure: &Exposure) -> Self {
        let mut key = Vec::with_capacity(20 + exposure.kind.as_str().len());
        push_spot(&mut key, ip, proto, port, exposure);
        Self(key)
    }

    /// The shelf it lies on: the first fourteen bytes, which neighbours in 65,536 addresses share.
    pub fn shelf(&self) -> &[u8] {
        shelf_of(&self.0)
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

/// Appends the bytes of a spot.
fn push_spot(to: &mut Vec<u8>, ip: IpAddr, proto: Proto, port: Option<u16>, exposure: &Exposure) {
    to.extend_from_slice(&mapped(ip).octets());
    to.push(proto.number());
    to.extend_from_slice(&port.unwrap_or(0).to_be_bytes());
    let place = Weakness::ALL.iter().position(|w| *w == exposure.weakness);
    to.push(u8::try_from(place.unwrap_or(0)).unwrap_or(0));
    to.extend_from_slice(exposure.kind.as_str().as_bytes());
}

fn shelf_of(spot: &[u8]) -> &[u8] {
    spot.get(..SHELF).unwrap_or(spot)
}

/// The bytes of a spot that are its address.
pub(crate) fn address_of(spot: &[u8]) -> &[u8] {
    spot.get(..16).unwrap_or(spot)
}

/// The bytes of a spot behind its address: protocol, port and exposure.
pub(crate) fn exposure_of(spot: &[u8]) -> &[u8] {
    spot.get(16..).unwrap_or_default()
}

/// An address as sixteen bytes, IPv4 mapped into IPv6.
pub fn mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

/// A row with its place in its file and its spot, borrowed from the [`Sheaf`] it lies on.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// The file it stands in.
    pub file: FileId,
    /// Its number among the rows of that file, from 1.
    pub row_no: i64,
    /// The line of its file where it begins.
    pub line: i64,
    /// Where it was seen: the bytes of a [`Spot`].
    pub spot: &'a [u8],
    /// When.
    pub detected_at: Moment,
    /// The port an infected device called from, which its ISP needs where lines share an address;
    /// the port of any other exposure stands in its spot.
    pub calling_port: Option<u16>,
    /// The port on the other side, where the row names one.
    pub peer_port: Option<u16>,
    /// How grave it is.
    pub severity: Severity,
    /// What else the row said, packed; see [`kept`].
    pub(crate) detail: &'a [u8],
    /// What tells the device from all others, [`Identity`] by [`Identity`].
    pub(super) identities: &'a [u8],
}

impl<'a> Sighting<'a> {
    /// The address of the device.
    pub fn ip(&self) -> IpAddr {
        Ipv6Addr::from_bits(self.address()).to_canonical()
    }

    /// The address as a number, IPv4 mapped into IPv6.
    fn address(&self) -> u128 {
        u128::from_be_bytes(self.spot.first_chunk().copied().unwrap_or_default())
    }

    /// The fine kind of the exposure.
    pub fn kind(&self) -> &'a [u8] {
        self.spot.get(20..).unwrap_or_default()
    }

    /// The shelf its spot lies on; see [`Spot::shelf`].
    pub fn shelf(&self) -> &'a [u8] {
        shelf_of(self.spot)
    }

    /// What tells its spot from others of the shelf.
    pub fn rest(&self) -> &'a [u8] {
        &self.spot[self.shelf().len()..]
    }
}

/// The ports of a sighting that its spot does not name (ポート): where lines share an address, its
/// ISP finds the line by them and the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ports {
    /// The port an infected device called from.
    pub(crate) calling: Option<u16>,
    /// The port on the other side.
    pub(crate) peer: Option<u16>,
}

/// The ports that each of these sightings kept, given by spot and time; of several of one moment
/// the lowest of each, whichever file came first. Each shelf is read once.
pub(crate) async fn ports_of(
    tx: &mut Tx,
    seen: &[(Spot, Moment)],
) -> crate::db::Result<Vec<Ports>> {
    let mut shelves: BTreeMap<&[u8], (Moment, Moment)> = BTreeMap::new();
    let mut wanted: HashMap<&[u8], BTreeMap<Moment, Ports>> = HashMap::new();
    for (spot, at) in seen {
        let span = shelves.entry(spot.shelf()).or_insert((*at, *at));
        *span = (span.0.min(*at), span.1.max(*at));
        wanted.entry(&spot.0).or_default().insert(*at, Ports::default());
    }
    for (shelf, span) in shelves {
        for (from, body) in store::hits_within(tx, shelf, span).await? {
            for hit in hits::unpack(shelf, from, &body)? {
                let found =
                    wanted.get_mut(hit.spot.as_slice()).and_then(|all| all.get_mut(&hit.at));
                if let Some(ports) = found {
                    let lowest = |one: Option<u16>, other| one.into_iter().chain(other).min();
                    ports.calling = lowest(ports.calling, hit.port);
                    ports.peer = lowest(ports.peer, hit.peer_port);
                }
            }
        }
    }
    let of = |(spot, at): &(Spot, Moment)| wanted.get(spot.0.as_slice())?.get(at).copied();
    Ok(seen.iter().map(|one| of(one).unwrap_or_default()).collect())
}

/// Whether a file that stands tells of a sighting at `spot` at just that moment.
pub(crate) async fn is_told(tx: &mut Tx, spot: &Spot, at: Moment) -> crate::db::Result<bool> {
    Ok(!seen_at(tx, spot, at).await?.is_empty())
}

/// All that is told of a spot at one moment.
async fn seen_at(tx: &mut Tx, spot: &Spot, at: Moment) -> crate::db::Result<Vec<hits::Seen>> {
    let mut seen = Vec::new();
    for (from, body) in store::hits_around(tx, spot.shelf(), at).await? {
        let hits = hits::unpack(spot.shelf(), from, &body)?;
        seen.extend(hits.into_iter().filter(|hit| hit.at == at && hit.spot == spot.0));
    }
    Ok(seen)
}

/// Keeps of `rows` of one file, sorted by spot and time, where and when, in the caller's
/// transaction; and `first`, some of them, whole.
pub(crate) async fn record(
    tx: &mut Tx,
    rows: &[&Sighting<'_>],
    first: Vec<&Sighting<'_>>,
) -> anyhow::Result<()> {
    let mut shelves = hits::pack(rows).peekable();
    while shelves.peek().is_some() {
        store::insert_hits(tx, shelves.by_ref().take(bulk::SLICE).collect()).await?;
    }
    keep_whole(tx, first).await
}

/// Keeps some sightings of one file whole, of which none is yet.
pub(crate) async fn keep_whole(tx: &mut Tx, mut first: Vec<&Sighting<'_>>) -> anyhow::Result<()> {
    first.sort_unstable_by_key(|one| one.row_no);
    for chunk in first.chunks(kept::CHUNK) {
        if let (Some(begin), Some(end)) = (chunk.first(), chunk.last()) {
            let rows = (begin.row_no, end.row_no);
            store::insert_chunk(tx, begin.file, rows, kept::pack(chunk)?).await?;
        }
    }
    Ok(())
}

/// The sighting that was kept whole of a row of a file, if one was.
pub async fn whole(db: &Db, file: FileId, row_no: i64) -> anyhow::Result<Option<Kept>> {
    for body in store::chunks_with(db, file, row_no).await? {
        let chunk = kept::unpack(&body)
            .with_context(|| format!("the sightings of file {file} around row {row_no}"))?;
        if let Some(kept) = chunk.into_iter().find(|kept| kept.row_no == row_no) {
            return Ok(Some(kept));
        }
    }
    Ok(None)
}

/// The packed hits of a shelf, for whoever reads the whole store: spot, moment, calling port, and
/// what tells the device from others.
pub fn unpack(shelf: &[u8], from: i64, body: &[u8]) -> Result<Vec<state_hash::Seen>, Broken> {
    let hits = hits::unpack(shelf, Moment(from), body)?;
    let seen = |hit: Seen| {
        let identities = hit.identities.iter().flat_map(|one| one.0).collect();
        (hit.spot, hit.at.0, hit.port.map_or(0, i64::from), identities)
    };
    Ok(hits.into_iter().map(seen).collect())
}

/// That a feed saw a spot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    /// When.
    pub(crate) at: Moment,
    /// Which feed.
    pub(crate) feed: FeedId,
    /// What tells the device from all others, as far as the row said.
    pub(crate) identities: Vec<Identity>,
}

/// All hits at each of `spots`, sorted by time.
pub(crate) async fn hits_of(
    tx: &mut Tx,
    spots: &[Vec<u8>],
) -> crate::db::Result<HashMap<Vec<u8>, Vec<Hit>>> {
    let mut seen: HashMap<Vec<u8>, Vec<Hit>> =
        spots.iter().map(|spot| (spot.clone(), Vec::new())).collect();
    let shelves: BTreeSet<&[u8]> = spots.iter().map(|spot| shelf_of(spot)).collect();
    let shelves: Vec<Vec<u8>> = shelves.into_iter().map(<[u8]>::to_vec).collect();
    // A few shelves at a time: their histories are long.
    for some in shelves.chunks(64) {
        for (shelf, from, body, feed) in store::hits_on(tx, some).await? {
            for hit in hits::unpack(&shelf, from, &body)? {
                if let Some(hits) = seen.get_mut(&hit.spot) {
                    hits.push(Hit { at: hit.at, feed, identities: hit.identities });
                }
            }
        }
    }
    seen.values_mut().for_each(|hits| hits.sort_unstable());
    Ok(seen)
}

/// Hands each identity that was seen by `until` to `take`, with where and when.
pub(crate) async fn identified(
    db: &Db,
    until: Moment,
    mut take: impl FnMut(Identity, &[u8], Moment),
) -> crate::db::Result<()> {
    store::identified(db, until, |(shelf, from, body)| {
        for hit in hits::unpack(&shelf, from, &body)? {
            let seen = hit.identities.iter().filter(|_| hit.at <= until);
            seen.for_each(|identity| take(*identity, &hit.spot, hit.at));
        }
        Ok(())
    })
    .await
}

/// The files that saw something on the shelves of `spots`.
pub(crate) async fn files_of(tx: &mut Tx, spots: &[Vec<u8>]) -> crate::db::Result<HashSet<FileId>> {
    let shelves: BTreeSet<&[u8]> = spots.iter().map(|spot| shelf_of(spot)).collect();
    let shelves: Vec<Vec<u8>> = shelves.into_iter().map(<[u8]>::to_vec).collect();
    store::files_on(tx, &shelves).await
}

#[cfg(test)]
mod tests {
    use formats::Detection;

    use super::*;

    /// A row made of an address, a time, a port, and whether it is an infection.
    pub(super) fn detection(row_no: i64, row: (u32, i64, u16, bool)) -> Detection {
        let (address, at, port, infected) = row;
        let exposure = if infected { "infected/mirai" } else { "weak_credentials/telnet" };
        let detail =
            formats::Detail { hostname: Some("ホスト".into()), ..formats::Detail::default() };
        Detection {
            line: row_no.unsigned_abs() + 1,
            detected_at: at,
            ip: std::net::Ipv4Addr::from(address).into(),
            port: (port != 0).then_some(port),
            proto: Proto::Tcp,
            peer_ip: None,
            peer_port: Some(port.wrapping_add(1)).filter(|port| *port != 0),
            exposure: exposure.parse().unwrap(),
            outcome: formats::Outcome::Detected,
            severity: formats::Severity::High,
            severity_from_row: false,
            detail,
        }
    }

    /// Such rows, numbered from `from`, laid on a sheaf.
    pub(super) fn sheaf(from: i64, rows: &[(u32, i64, u16, bool)]) -> Sheaf {
        let mut sheaf = Sheaf::of(FileId(uuid::Uuid::from_u128(1)));
        (from..).zip(rows).for_each(|(no, row)| sheaf.lay(no, &detection(no, *row)));
        sheaf
    }

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
