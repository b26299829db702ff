//! Cases in apartment houses (マンション案件): where the device stands, who is told, and what waits.
//!
//! Brings together what the provider said of its buildings, what it reported of the place, and what
//! people said and decided; the latest word on the place counts. What the decision table leaves
//! open waits for an answer of the provider or of a person, and nothing is guessed. Owns no table;
//! reads `apartment_buildings`, `case_places`, `cases` and `line_reports`.

use formats::report_back::{self as wire, Placement, Recipient};
use ipnet::IpNet;

use super::store::apartments as store;
use crate::{
    attribution::{Attributor, Basis},
    cases::{
        Case, CaseRef, find_in,
        places::{self, Word},
    },
    db::{Db, Tx},
    ids::IspId,
    isps::{
        self, Kind,
        apartments::{
            AddressUse, Decision, Route,
            buildings::{self, Addressing, Building},
            contradiction::{self, Question, Reported, Weighed},
            known_route, register,
        },
    },
    sightings::{self, Spot},
    time::Moment,
};

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
    /// or else what was known before.
    pub fn weigh(&self, report: &wire::Report) -> Weighed {
        // A report that knows nothing of the place takes nothing back for itself.
        let said = report.placement.filter(|said| *said != Placement::Unknown);
        let reported = Reported {
            state: report.state,
            recipient: report.recipient,
            reason: report.reason_code,
        };
        let placement = said.unwrap_or(self.placement);
        contradiction::contradiction(placement, self.used, self.decided, reported)
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
        let place = case.place()?;
        let seen = [(Spot(case.spot.clone()), case.last_seen)];
        let ports = sightings::ports_of(tx, &seen).await?;
        let port = place.port.or(ports.first().and_then(|ports| ports.calling));
        let found = buildings::find(&self.0, (place.ip, port), case.last_seen);
        let speaker = CaseRef { isp: case.isp_id, id: case.line_of.unwrap_or(case.id) };
        let stands = places::Standing::of(&places::history(tx, speaker).await?);
        let mut words: Vec<(Moment, Placement, Option<Addressing>, String)> = Vec::new();
        if let Some(said) = &stands.placed
            && let Word::Placed(Some((placement, used))) = said.word
        {
            words.push((said.at, placement, used, said.author.clone()));
        }
        let reported = last_report(tx, speaker).await?;
        words.extend(reported.map(|(placement, at)| (at, placement, None, "report".to_owned())));
        let told = found.as_ref().and_then(|one| one.placement);
        // A report that says "unknown" leaves what the register says.
        words.retain(|(_, placement, _, _)| *placement != Placement::Unknown || told.is_none());
        let last = words.iter().max_by_key(|(at, ..)| *at);
        let (placement, placed_by) = match (last, told) {
            (Some((_, placement, _, who)), _) => (*placement, Some(who.clone())),
            (None, Some(placement)) => (placement, Some("register".to_owned())),
            (None, None) => (Placement::Unknown, None),
        };
        // Only a person says how addresses are used against what the register says.
        let used = words.iter().find_map(|(_, _, used, _)| *used);
        let used = used.or(found.as_ref().and_then(|one| one.addressing));
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

    /// Holds a report on a case in an apartment network against the decision table; see
    /// [`is_in_one`] and [`Placed::weigh`].
    pub async fn weigh(
        &self,
        tx: &mut Tx,
        case: CaseRef,
        report: &wire::Report,
    ) -> anyhow::Result<Weighed> {
        match find_in(tx, case).await? {
            Some(case) => Ok(self.place(tx, &case).await?.weigh(report)),
            None => Ok(Weighed::Fits),
        }
    }
}

/// Whether the provider declared the network of a case to be that of an apartment house then.
pub fn is_in_one(attributor: &Attributor, case: &Case) -> anyhow::Result<bool> {
    let attribution = attributor.attribute(case.place()?.ip, case.last_seen);
    let is_declared = attribution.basis == Basis::Declared;
    Ok(is_declared && attribution.network_kind == Kind::Apartment.word())
}

/// What the last report that says something of the place says of it.
async fn last_report(tx: &mut Tx, case: CaseRef) -> anyhow::Result<Option<(Placement, Moment)>> {
    let columns = [wire::REQUIRED, wire::OPTIONAL].concat();
    let place = columns.iter().position(|column| *column == "placement").unwrap_or_default();
    for (body, at) in store::reports(tx, case).await? {
        let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(body.as_bytes());
        let row = rows.records().next().transpose()?.unwrap_or_default();
        if let Some(word) = row.get(place).filter(|word| !word.is_empty()) {
            return Ok(Some((word.parse()?, at)));
        }
    }
    Ok(None)
}

/// A case that waits for an answer, and for which.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The code of its provider.
    pub isp: String,
    /// The case.
    pub case: Case,
    /// What is known of it.
    pub placed: Placed,
    /// What is not.
    pub question: Question,
}

/// Cases in apartment houses that wait for an answer, at most `limit` of each provider.
pub async fn waiting(db: &Db, limit: i64) -> anyhow::Result<Vec<Waiting>> {
    let attributor = Attributor::of_declarations(db).await?;
    let prefixes = isps::prefixes(db).await?;
    let mut waiting = Vec::new();
    for isp in isps::all(db).await? {
        let own = prefixes.iter().filter(|one| one.isp == isp.id && one.kind == Kind::Apartment);
        let mut own: Vec<IpNet> = own.map(|one| one.prefix).collect();
        own = IpNet::aggregate(&own);
        if own.is_empty() {
            continue;
        }
        let houses = Houses::of(db, isp.id).await?;
        let mut tx = db.snapshot().await?;
        for prefix in own {
            for case in store::open_in(&mut tx, isp.id, prefix, limit).await? {
                if !is_in_one(&attributor, &case)? {
                    continue;
                }
                let placed = houses.place(&mut tx, &case).await?;
                if let Some(question) = placed.question {
                    let isp = isp.code.clone();
                    waiting.push(Waiting { isp, case, placed, question });
                }
            }
        }
    }
    Ok(waiting)
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
