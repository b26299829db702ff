//! What a claim moves (申告の影響): addresses, and open cases whose provider could no longer read them.
//!
//! Told before anybody decides on a claim. A case stays with the provider to which it was
//! attributed; what was seen after a hand-over is no longer that provider's to read, and what is
//! seen from now on opens a case of the new one. Owns no table; reads the ISP register.

use std::collections::BTreeMap;

use super::store::moved as store;
use crate::{
    attribution::{
        announcers::{self, Announcer},
        hands::Hands,
        rights::{Rights, Seen},
    },
    db::Db,
    isps::{
        Register,
        claims::{Asked, Subject, Weighed},
        entry,
    },
    sightings::{Spot, mapped},
    time::Moment,
};

/// What a claim moves (申告の影響).
#[derive(Debug)]
#[doc(alias = "申告の影響")]
pub struct Moves {
    /// As of when addresses are counted.
    pub at: Moment,
    /// Who announces what is claimed, by the table of then.
    pub announced: Vec<Announcer>,
    /// How many addresses change hands.
    pub hands: Hands,
    /// How many open cases their provider could read before and could not afterwards.
    pub cases: Vec<MovedCases>,
}

/// Open cases that pass out of a provider's sight (異動する案件).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct MovedCases {
    /// The code of the provider whose cases they are.
    pub from: String,
    /// The code of the provider that held the addresses when they were seen last.
    pub to: Option<String>,
    /// How many.
    pub cases: u64,
}

/// What it moves if the register stands as `weighed` says; counted as of `now`, or of when it
/// begins where that is later.
pub async fn by_claim(
    db: &Db,
    asked: &Asked,
    weighed: &Weighed,
    now: Moment,
) -> anyhow::Result<Moves> {
    let at = asked.from.max(now);
    let at = if asked.to.is_some_and(|to| to <= at) { asked.from } else { at };
    let before = Register::load(db).await?;
    let after = entry::once(before.clone(), &weighed.after);
    let prefix = match &asked.subject {
        Subject::Prefix { prefix, .. } => Some(*prefix),
        Subject::Asn(_) => None,
    };
    let (announced, hands) = announcers::over(db, (&before, &after), prefix, at).await?;
    let cases = cases(db, asked, (before, after)).await?;
    Ok(Moves { at, announced, hands, cases })
}

async fn cases(
    db: &Db,
    asked: &Asked,
    (before, after): (Register, Register),
) -> anyhow::Result<Vec<MovedCases>> {
    let open = match &asked.subject {
        Subject::Prefix { prefix, .. } => {
            let [first, last] =
                [prefix.network(), prefix.broadcast()].map(|ip| mapped(ip).octets());
            store::open_within(db, &first, &last).await?
        }
        Subject::Asn(asn) => store::open_of_as(db, i64::from(*asn)).await?,
    };
    let codes: BTreeMap<_, _> = before.isps.iter().map(|isp| (isp.id, isp.code.clone())).collect();
    let (before, after) = (Rights::of(before), Rights::of(after));
    let mut counts: BTreeMap<(String, Option<String>), u64> = BTreeMap::new();
    for one in open {
        let Some(place) = Spot(one.spot).place() else { continue };
        let seen = Seen {
            ip: place.ip,
            asn: one.asn.and_then(|asn| u32::try_from(asn).ok()),
            at: one.last_seen,
        };
        if before.may_read(one.isp_id, seen) && !after.may_read(one.isp_id, seen) {
            let code = |isp| codes.get(&isp).cloned();
            let from = code(one.isp_id).unwrap_or_default();
            *counts.entry((from, after.holder(seen).and_then(code))).or_default() += 1;
        }
    }
    Ok(counts.into_iter().map(|((from, to), cases)| MovedCases { from, to, cases }).collect())
}
