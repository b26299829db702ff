//! Cases (案件): one exposure until its outcome.
//!
//! Fourth stage: opens a case from an attributed sighting, extends or reopens it when the exposure
//! is seen again, binds it to a line by the ISP's token, and takes claims and verdicts that later
//! stages bring. Every change is a dated fact with its author, written in the transaction of the
//! change. Owns `case_rows`, `case_traits`, `case_times`, `case_numbers`, `case_shelves`,
//! `case_events`, `inquiry_ids`, `line_tokens`, `line_joins`, `case_places`, and shows the first
//! three as the view `cases`; the view `every_case` shows those too that were withdrawn.

pub mod claims;
pub mod devices;
pub mod inquiry_id;
pub mod lines;
pub mod moved;
pub mod open;
pub mod pages;
pub mod places;
pub(crate) mod register;
pub(crate) mod store;
pub mod term;
pub mod verdicts;
pub mod withdrawn;

use std::{fmt, str::FromStr};

use sqlx::FromRow;

use term::Term;

use crate::{
    db::{Db, Tx},
    ids::{CaseId, FeedId, FileId, IspId},
    sightings::{Place, Spot},
    time::Moment,
};

/// Which case (案件), and whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CaseRef {
    /// The ISP that owns it.
    pub isp: IspId,
    /// Its key.
    pub id: CaseId,
}

/// Case (案件): where it was seen, on which device, how it stands.
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "案件")]
pub struct Case {
    /// The ISP that owns it.
    pub isp_id: IspId,
    /// Its key.
    pub id: CaseId,
    /// The spot as bytes; see [`Case::place`].
    pub spot: Vec<u8>,
    /// For how long sightings there are this case.
    pub term: Term,
    /// The undertaking it belongs to: `notice`, `nicter`, `firmware`, `reflector`, `campaign`.
    pub stream: String,
    /// The feed that opened it, whose coverage decides its verdict.
    pub feed_id: FeedId,
    /// The file of the sighting that opened it.
    pub feed_file_id: FileId,
    /// The row of that file.
    pub row_no: i64,
    /// The maker, where the feed named one or a rule told it.
    pub maker: Option<String>,
    /// The model, where the feed named one or a rule told it.
    pub model: Option<String>,
    /// The kind of device (`router`, `camera`, `nas`, …), where the feed or a rule named one.
    pub device_kind: Option<String>,
    /// How surely the device is known, from 0 to 100.
    pub confidence: Option<i64>,
    /// Which rule says so: `feed` for the feed's own words.
    pub identified_by: Option<String>,
    /// How grave the exposure is.
    pub severity: String,
    /// The origin AS, where the table knows one.
    pub asn: Option<i64>,
    /// Why this ISP: `declared` or `table`.
    pub basis: String,
    /// The first sighting.
    pub first_seen: Moment,
    /// The latest sighting.
    pub last_seen: Moment,
    /// How it stands.
    #[sqlx(try_from = "String")]
    pub state: State,
    /// Since when.
    pub state_since: Moment,
    /// End of the first of the clean scans that its state rests on.
    pub first_clean: Option<Moment>,
    /// The earlier case of the same line that speaks for this one.
    pub line_of: Option<CaseId>,
}

impl Case {
    /// Which case this is.
    pub fn reference(&self) -> CaseRef {
        CaseRef { isp: self.isp_id, id: self.id }
    }

    /// The bytes of its spot that are its address.
    pub fn address(&self) -> &[u8] {
        crate::sightings::address_of(&self.spot)
    }

    /// Address, port and exposure.
    pub fn place(&self) -> anyhow::Result<Place> {
        let place = Spot(self.spot.clone()).place();
        place.ok_or_else(|| anyhow::anyhow!("case {} holds a malformed spot", self.id))
    }
}

/// How a case stands (状態). *Claimed* and *re-checked* are facts beside this, never a state of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "状態")]
pub enum State {
    /// Seen by the latest covering scan, or not yet scanned again.
    Open,
    /// Missed by one covering scan.
    CleanOnce,
    /// Missed by enough covering scans in a row (対処確認済).
    Verified,
    /// Seen again after it was verified (再発).
    Recurred,
    /// Nobody can tell: the address may have changed hands and no token follows the line (不明).
    Unknown,
}

/// The wire word of each state, in the order of the life.
pub const STATES: [(State, &str); 5] = [
    (State::Open, "open"),
    (State::CleanOnce, "clean_once"),
    (State::Verified, "verified"),
    (State::Recurred, "recurred"),
    (State::Unknown, "unknown"),
];

/// A word that names no state of a case.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no state; known are open, clean_once, verified, recurred, unknown")]
pub struct NotAState(pub String);

impl State {
    /// The wire word.
    pub fn word(self) -> &'static str {
        STATES.iter().find(|(state, _)| *state == self).map_or("open", |(_, word)| word)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for State {
    type Err = NotAState;

    fn from_str(word: &str) -> Result<Self, NotAState> {
        let known = STATES.iter().find(|(_, known)| *known == word);
        known.map(|(state, _)| *state).ok_or_else(|| NotAState(word.to_owned()))
    }
}

impl TryFrom<String> for State {
    type Error = NotAState;

    fn try_from(word: String) -> Result<Self, NotAState> {
        word.parse()
    }
}

/// A dated fact of a case (経過), with its author.
#[derive(Clone, Debug, FromRow)]
pub struct CaseEvent {
    /// When it became true.
    pub at: Moment,
    /// `opened`, `recurred`, `clean_once`, `verified`, `reopened`, `unknown`, `listed`, `joined`,
    /// `parted`, `claimed`, `withdrawn`.
    pub kind: String,
    /// Who says so: a feed file, an ISP's report, the visitor, the verification.
    pub author: String,
    /// More, where there is more.
    pub detail: Option<String>,
    /// When later evidence took it back, if any did.
    pub withdrawn_at: Option<Moment>,
}

/// The case that `which` names, if there is one.
pub async fn find(db: &Db, which: CaseRef) -> crate::db::Result<Option<Case>> {
    store::find(db, which).await
}

/// The case that `which` names, if it stands, as a transaction sees it.
pub(crate) async fn find_in(tx: &mut Tx, which: CaseRef) -> crate::db::Result<Option<Case>> {
    store::find_in(tx, which).await
}

/// The facts of a case that stand, in order of time.
pub async fn events(db: &Db, which: CaseRef) -> crate::db::Result<Vec<CaseEvent>> {
    let mut events = history(db, which).await?;
    events.retain(|event| event.withdrawn_at.is_none());
    Ok(events)
}

/// All facts of a case in order of time, with those that later evidence took back.
pub async fn history(db: &Db, which: CaseRef) -> crate::db::Result<Vec<CaseEvent>> {
    store::events(db, which).await
}

/// Which cases a list shows; every field narrows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this ISP's.
    pub isp: Option<IspId>,
    /// Only in this state.
    pub state: Option<State>,
    /// Only of this stream.
    pub stream: Option<String>,
    /// Only last seen at or after this.
    pub since: Option<Moment>,
    /// Only this case, whosever it is.
    pub id: Option<CaseId>,
}

/// Cases that pass `filter`, oldest first, at most `limit`.
pub async fn list(db: &Db, filter: &Filter, limit: i64) -> crate::db::Result<Vec<Case>> {
    store::list(db, filter, limit).await
}

/// How many cases were seen first at `until` or before.
pub async fn count(db: &Db, until: Moment) -> crate::db::Result<u64> {
    Ok(store::count(db, until).await?.cast_unsigned())
}

/// Writes on each case that it stands on a list now.
pub(crate) async fn listed(
    tx: &mut Tx,
    cases: &[CaseRef],
    at: Moment,
    list_id: &str,
) -> crate::db::Result<()> {
    store::write_listed(tx, cases, at, list_id).await
}
