//! Cases in apartment houses (マンション案件): where the device stands, who is told, and what waits.
//!
//! Brings together what the provider said of its buildings, what it reported of the place, and what
//! people said and decided; the latest word on the place counts. What the decision table leaves
//! open waits for an answer of the provider or of a person, and nothing is guessed. Owns no table;
//! reads `apartment_buildings`, `case_places`, `cases` and `line_reports`.

mod own;
pub mod waiting;

use std::collections::HashMap;

use anyhow::Context as _;
use formats::report_back::{self as wire, Placement, Recipient};

pub(super) use own::Own;

use super::store::apartments as store;
use crate::{
    app::App,
    attribution::{Attributor, Basis},
    cases::{
        Case,
        places::{self, Word},
    },
    db::{Db, Tx},
    ids::{CaseId, IspId},
    isps::{
        Kind,
        apartments::{
            AddressUse, Decision, Route,
            buildings::{self, Addressing, Building},
            contradiction::{self, Question, Reported, Weighed},
            known_route, register,
        },
    },
    sightings::{self, Ports, Spot},
    time::Moment,
};

/// Who says where a device stands, where it is the provider: in its register, or in a report.
pub(super) const REGISTER: &str = "register";
pub(super) const REPORT: &str = "report";

/// A case in an apartment house (マンション案件).
#[derive(Clone, Debug)]
#[doc(alias = "マンション案件")]
pub struct Placed {
    /// The label of the building, where the provider told of it.
    pub building: Option<String>,
    /// With whom the provider has its contract there.
    pub contract_party: Option<Recipient>,
    /// The label of the unit.
    pub unit: Option<String>,
    /// Where the device stands.
    pub placement: Placement,
    /// Who says so; nothing where nobody does.
    pub placed_by: Option<String>,
    /// How that part gets its addresses.
    pub used: Option<AddressUse>,
    /// What a person decided.
    pub decided: Option<Decision>,
    /// What becomes of it.
    pub route: Route,
    /// What is still to be answered.
    pub question: Option<Question>,
}

impl Placed {
    /// What becomes of it, in words that stand on the wire.
    pub fn route_word(&self) -> String {
        match self.route {
            Route::Tell(told) => {
                let told: Vec<&str> = match self.contract_party {
                    Some(party) if told.contains(&party) => vec![party.code()],
                    _ => told.iter().map(|one| one.code()).collect(),
                };
                format!("tell:{}", told.join("|"))
            }
            Route::Nobody(reason) => format!("nobody:{reason}"),
            Route::Decide => "decide".to_owned(),
            Route::OwnProvider => "own_provider".to_owned(),
        }
    }

    /// Holds a report on this case against the decision table: the place is what the report says,
    /// or else what is known here.
    pub fn weigh(&self, report: &wire::Report) -> Weighed {
        // A report that knows nothing of the place takes nothing back for itself.
        let said = report.placement.filter(|said| *said != Placement::Unknown);
        let reported = Reported {
            state: report.state,
            recipient: report.recipient,
            reason: report.reason_code,
        };
        let placement = said.unwrap_or(self.placement);
        let is_other_part = placement != self.placement && self.placement != Placement::Unknown;
        let used = self.used.filter(|_| !is_other_part);
        contradiction::contradiction(placement, used, self.decided, reported)
    }

    /// Why the provider may find nobody, as far as that is known.
    pub(super) fn reason_hint(&self) -> Option<wire::ReasonCode> {
        match self.route {
            Route::Nobody(reason) => Some(reason).filter(|one| *one != wire::ReasonCode::Pending),
            Route::Decide => Some(wire::ReasonCode::Pending),
            Route::Tell(_) | Route::OwnProvider => None,
        }
    }
}

/// Whose word on the place of a device counts (根拠).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sources {
    /// Whoever spoke last.
    All,
    /// People and the register: what is said of one report must not depend on which others came.
    ButReports,
}

/// The apartment houses of a provider (事業者のマンション), loaded once for many cases.
#[derive(Clone, Debug, Default)]
#[doc(alias = "事業者のマンション")]
pub struct Houses(Vec<Building>);

impl Houses {
    /// Those of `isp`.
    pub async fn of(db: &Db, isp: IspId) -> anyhow::Result<Self> {
        let mut tx = db.snapshot().await?;
        Ok(Self(register::of(&mut tx, isp).await?))
    }

    /// What is known of a case in an apartment house: the provider's register, then whoever spoke
    /// last.
    pub async fn place(&self, tx: &mut Tx, case: &Case) -> anyhow::Result<Placed> {
        let mut placed = self.place_all(tx, std::slice::from_ref(case)).await?;
        placed.pop().context("a case is placed")
    }

    /// The same of many cases of one provider, in a few statements for them all.
    pub(super) async fn place_all(
        &self,
        tx: &mut Tx,
        cases: &[Case],
    ) -> anyhow::Result<Vec<Placed>> {
        self.place_by(tx, cases, Sources::All).await
    }

    async fn place_by(
        &self,
        tx: &mut Tx,
        cases: &[Case],
        sources: Sources,
    ) -> anyhow::Result<Vec<Placed>> {
        let Some(isp) = cases.first().map(|case| case.isp_id) else { return Ok(Vec::new()) };
        let seen: Vec<_> =
            cases.iter().map(|case| (Spot(case.spot.clone()), case.last_seen)).collect();
        let ports = sightings::ports_of(tx, &seen).await?;
        let speakers: Vec<CaseId> =
            cases.iter().map(|case| case.line_of.unwrap_or(case.id)).collect();
        let words = places::histories(tx, isp, &speakers).await?;
        let reported = match sources {
            Sources::All => last_reports(tx, isp, &speakers).await?,
            Sources::ButReports => HashMap::new(),
        };
        let all = cases.iter().zip(ports).zip(&speakers);
        all.map(|((case, ports), speaker)| {
            let words = words.get(speaker).map(Vec::as_slice).unwrap_or_default();
            self.placed(case, ports, (words, reported.get(speaker).copied()))
        })
        .collect()
    }

    fn placed(
        &self,
        case: &Case,
        ports: Ports,
        (said, reported): (&[places::Said], Option<(Placement, Moment)>),
    ) -> anyhow::Result<Placed> {
        let place = case.place()?;
        let port = place.port.or(ports.calling);
        let found = buildings::find(&self.0, (place.ip, port), case.last_seen);
        let stands = places::Standing::of(said);
        let mut words: Vec<(Moment, Placement, Option<Addressing>, String)> = Vec::new();
        if let Some(said) = &stands.placed
            && let Word::Placed(Some((placement, used))) = said.word
        {
            words.push((said.at, placement, used, said.author.clone()));
        }
        words.extend(reported.map(|(placement, at)| (at, placement, None, REPORT.to_owned())));
        let told = found.as_ref().and_then(|one| one.placement);
        // A report that says "unknown" leaves what the register says.
        words.retain(|(_, placement, _, _)| *placement != Placement::Unknown || told.is_none());
        let last = words.iter().max_by_key(|(at, ..)| *at);
        let (placement, placed_by) = match (last, told) {
            (Some((_, placement, _, who)), _) => (*placement, Some(who.clone())),
            (None, Some(placement)) => (placement, Some(REGISTER.to_owned())),
            (None, None) => (Placement::Unknown, None),
        };
        // Only a person says how addresses are used against what the register says.
        let used = words.iter().find_map(|(_, _, used, _)| *used);
        // What the register says of another part of the house says nothing of this one.
        let part = found.as_ref().filter(|_| told.is_none_or(|told| told == placement));
        let used = used.or(part.and_then(|one| one.addressing));
        let used = used.map(|one| one.of_sighting(port.is_some()));
        let decided = stands.decided.and_then(|said| match said.word {
            Word::Decided(decision) => decision,
            Word::Placed(_) => None,
        });
        let question = contradiction::question(placement, used).filter(|_| decided.is_none());
        let route = decided.map_or_else(|| known_route(placement, used), Decision::route);
        let (building, contract_party, unit) = match found {
            Some(found) => (Some(found.building), found.contract_party, found.unit),
            None => (None, None, None),
        };
        Ok(Placed {
            building,
            contract_party,
            unit,
            placement,
            placed_by,
            used,
            decided,
            route,
            question,
        })
    }
}

/// Whether the provider declared the network of a case to be that of an apartment house then.
pub fn is_in_one(attributor: &Attributor, case: &Case) -> anyhow::Result<bool> {
    let attribution = attributor.attribute(case.place()?.ip, case.last_seen);
    let is_declared = attribution.basis == Basis::Declared;
    Ok(is_declared && attribution.network_kind == Kind::Apartment.word())
}

/// What the last report that stands and says something of the place says of it, by the case that
/// speaks for a line.
async fn last_reports(
    tx: &mut Tx,
    isp: IspId,
    speakers: &[CaseId],
) -> anyhow::Result<HashMap<CaseId, (Placement, Moment)>> {
    let columns = [wire::REQUIRED, wire::OPTIONAL].concat();
    let place = columns.iter().position(|column| *column == "placement").unwrap_or_default();
    let mut speaker_of: HashMap<CaseId, CaseId> = speakers.iter().map(|one| (*one, *one)).collect();
    speaker_of.extend(store::members(tx, isp, speakers).await?);
    let cases: Vec<CaseId> = speaker_of.keys().copied().collect();
    let mut reports = store::reports(tx, isp, &cases).await?;
    reports.sort_by_key(|one| (one.reported_at, one.received_at, one.version));
    let mut last = HashMap::new();
    for report in reports {
        let mut rows =
            csv::ReaderBuilder::new().has_headers(false).from_reader(report.body.as_bytes());
        let row = rows.records().next().transpose()?.unwrap_or_default();
        let word = row.get(place).filter(|word| !word.is_empty());
        if let (Some(word), Some(speaker)) = (word, speaker_of.get(&report.case_id)) {
            last.insert(*speaker, (word.parse()?, report.reported_at));
        }
    }
    Ok(last)
}

/// What is known of a case, if it is in an apartment house.
pub async fn of(db: &Db, case: &Case) -> anyhow::Result<Option<Placed>> {
    let attributor = Attributor::of_declarations(db).await?;
    if !is_in_one(&attributor, case)? {
        return Ok(None);
    }
    let houses = Houses::of(db, case.isp_id).await?;
    let mut tx = db.snapshot().await?;
    houses.place(&mut tx, case).await.map(Some)
}

/// The case is in no network that its provider declared to be that of an apartment house.
#[derive(Debug, thiserror::Error)]
#[error("the case is in no network declared to be of kind apartment")]
pub struct NotInAHouse;

/// Says where a device stands, or who is told; a case that another one of its line speaks for is
/// placed and decided with it. Tells whether that is a change, and how it stands then.
pub async fn say(
    app: &App,
    case: &Case,
    word: Word,
    said: (&str, &str),
) -> anyhow::Result<Result<(bool, Placed), NotInAHouse>> {
    if of(&app.db, case).await?.is_none() {
        return Ok(Err(NotInAHouse));
    }
    let mut which = case.reference();
    which.id = case.line_of.unwrap_or(which.id);
    let is_new = places::say(app, which, word, said).await?;
    let placed = of(&app.db, case).await?;
    Ok(placed.map(|placed| (is_new, placed)).ok_or(NotInAHouse))
}
