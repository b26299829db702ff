//! Lines (回線): cases that carry the same line token are followed as one, whatever the address.
//!
//! The token is made by the ISP under its own key and says nothing here. The earliest case of a
//! line speaks for it; joining is a link, so that a wrong token can be taken back. Tokens of
//! different epochs are never compared: a provider that changes its key tells a line in both to
//! carry it over. A weakness and an infection of one line are joined apart:
//! the one may end while the other lasts.

mod bind;

use formats::Weakness;

use super::{CaseRef, store};
use crate::{
    db::Tx,
    ids::{CaseId, IspId},
    sightings::Spot,
    time::Moment,
};

/// End point (終点): what has to end for a case to be fixed.
///
/// A restart drives an infection out and leaves the weakness; neither is read for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "終点")]
pub enum EndPoint {
    /// The device can be reached, or entered, no more.
    WeaknessClosed,
    /// The device attacks nobody any more.
    InfectionGone,
}

impl EndPoint {
    /// Every end point.
    pub const ALL: [Self; 2] = [Self::WeaknessClosed, Self::InfectionGone];

    /// The end point of what is looked for.
    pub fn of(weakness: Weakness) -> Self {
        match weakness {
            Weakness::Infected => Self::InfectionGone,
            _ => Self::WeaknessClosed,
        }
    }

    /// The end point of a case at a spot, given as bytes.
    pub fn at(spot: &[u8]) -> Self {
        let place = Spot(spot.to_owned()).place();
        place.map_or(Self::WeaknessClosed, |place| Self::of(place.exposure.weakness))
    }
}

/// A line token (回線トークン) with the epoch of the key it was made under.
#[derive(Clone, Debug)]
#[doc(alias = "回線トークン")]
pub struct LineToken<'a> {
    /// Which key of the ISP; tokens of different epochs never match.
    pub epoch: &'a str,
    /// HMAC-SHA-256 of the line under that key.
    pub token: [u8; 32],
    /// When the ISP says so.
    pub said_at: Moment,
}

pub(crate) use bind::bind_all;

/// How often lines of a provider were joined or parted so far, as this transaction sees it.
pub(crate) async fn joins(tx: &mut Tx, isp: IspId) -> crate::db::Result<i64> {
    store::tokens::joins(tx, isp).await
}

/// Lets the earliest case of the line of `case` speak for the others of its end point. Whatever
/// shares a token is one line, so that one with tokens of two epochs holds both together.
pub(super) async fn join(
    tx: &mut Tx,
    case: CaseRef,
    at: Moment,
    author: &str,
) -> anyhow::Result<()> {
    let line = store::tokens::sharing(tx, case).await?;
    for end_point in EndPoint::ALL {
        let of_line = line.iter().filter(|(_, _, spot)| EndPoint::at(spot) == end_point);
        let cases: Vec<_> = of_line.map(|(id, line_of, _)| (*id, *line_of)).collect();
        follow_first(tx, case.isp, &cases, at, author).await?;
    }
    Ok(())
}

/// Lets the first of these cases, each with the one that speaks for it so far, speak for them all.
pub(crate) async fn follow_first(
    tx: &mut Tx,
    isp: IspId,
    cases: &[(CaseId, Option<CaseId>)],
    at: Moment,
    author: &str,
) -> crate::db::Result<()> {
    let Some((speaker, _)) = cases.first().copied() else { return Ok(()) };
    for (id, line_of) in cases.iter().copied() {
        let wanted = (id != speaker).then_some(speaker);
        if line_of == wanted {
            continue;
        }
        let member = CaseRef { isp, id };
        store::set_line_of(tx, member, wanted).await?;
        let (kind, detail) = match wanted {
            Some(speaker) => ("joined", speaker.to_string()),
            None => ("parted", "speaks for its line".to_owned()),
        };
        let event = store::Event { at, kind, author, detail: Some(&detail) };
        store::write_event(tx, member, event).await?;
    }
    Ok(())
}
