//! A line (通知明細) and what stands on it: one case as its provider is told of it.
//!
//! Owns no table; reads `cases`, what campaigns name, and what providers declared.

use std::{cmp::Reverse, collections::HashMap};

use anyhow::Context as _;
use formats::report_back::{Placement, ReasonCode};
use serde::{Deserialize, Serialize};

use super::{
    apartments::Houses,
    readable::Reader,
    store::{self, NewLine},
    wordings,
};
use crate::{
    access::keys::to_hex,
    app::App,
    attribution::{Attribution, Basis, rights::Seen},
    campaigns::enrol::{self, Named},
    cases::Case,
    db::Tx,
    ids::{CaseId, IspId},
    isps::{self, Isp, Kind, log_terms, upstream},
    sightings::{self, Ports, Spot},
    time::Moment,
};

/// What stands on a line (通知明細), kept so that every export gives the same bytes.
///
/// The inquiry ID is not here: it is kept sealed with its case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LineBody {
    /// `new`, `repeat` for a case that recurred since it was listed, `withdrawn` for one that was
    /// listed by mistake, or `corrected` for one that stands by another sighting.
    pub action: String,
    /// The undertaking.
    pub stream: String,
    /// Where it was seen last, as the hexadecimal digits of a spot.
    pub spot: String,
    /// First sighting.
    pub first_seen: Moment,
    /// Latest sighting, which the ISP looks up in its logs.
    pub last_seen: Moment,
    /// By when the ISP should look.
    pub identify_by: Moment,
    /// The port an infected device called from at its latest sighting.
    pub calling_port: Option<u16>,
    /// How grave.
    pub severity: String,
    /// The maker.
    pub maker: Option<String>,
    /// The kind of device.
    pub device_kind: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The port on the other side at its latest sighting.
    #[serde(default)]
    pub peer_port: Option<u16>,
    /// The provider above the ISP, on lists that name no path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// The providers above the ISP when the list was prepared, the topmost first.
    #[serde(default)]
    pub upstream_path: Vec<String>,
    /// What kind of network the ISP declared it to be for that time.
    #[serde(default)]
    pub network_kind: Option<String>,
    /// Where the device may stand, as far as the kind of network says.
    #[serde(default)]
    pub placement_hint: Option<Placement>,
    /// Why the ISP may find no line.
    #[serde(default)]
    pub reason_hint: Option<ReasonCode>,
    /// The campaign that names the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// By when its ISP is asked to report, where that is before the rest of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_by: Option<Moment>,
    /// The edition of the kit that was in force when the list was prepared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_version: Option<String>,
}

impl LineBody {
    /// Where and when it was seen last, given the AS of its case; nothing where the spot names no
    /// place.
    pub(super) fn seen(&self, asn: Option<i64>) -> Option<Seen> {
        let place = Spot::from_hex(&self.spot)?.place()?;
        let asn = asn.and_then(|asn| u32::try_from(asn).ok());
        Some(Seen { ip: place.ip, asn, at: self.last_seen })
    }

    /// The line of `case`, as it is written.
    pub(super) fn on_line_of(self, case: CaseId) -> anyhow::Result<NewLine> {
        let body = serde_json::to_string(&self)?;
        let (seen_at, report_by) = (self.last_seen, self.report_by);
        Ok(NewLine { case, seen_at, report_by, model: self.model, body })
    }
}

/// What the ISP declared of the network, and what follows from it.
fn hints(body: LineBody, attribution: Attribution) -> LineBody {
    if attribution.basis != Basis::Declared {
        return body;
    }
    let port = Spot::from_hex(&body.spot).and_then(|spot| spot.place()?.port);
    let no_port = port.or(body.calling_port).is_none();
    let kind = attribution.network_kind;
    LineBody {
        network_kind: Some(kind.to_owned()),
        reason_hint: (kind == Kind::Shared.word() && no_port).then_some(ReasonCode::IpSharedNoPort),
        ..body
    }
}

/// The cases where the lines of these were seen last, whichever case speaks for each: there a line
/// that moved is looked up.
async fn latest_of(tx: &mut Tx, isp: IspId, cases: &[&Case]) -> crate::db::Result<Vec<Case>> {
    let speakers: Vec<Vec<u8>> = cases.iter().map(|case| case.id.0.as_bytes().to_vec()).collect();
    let mut latest: HashMap<CaseId, Case> = HashMap::new();
    for member in store::members(tx, isp, &speakers).await? {
        let Some(speaker) = member.line_of else { continue };
        let order = |case: &Case| (case.last_seen, Reverse(case.spot.clone()));
        match latest.get(&speaker) {
            Some(known) if order(known) >= order(&member) => {}
            _ => drop(latest.insert(speaker, member)),
        }
    }
    let of = |case: &&Case| match latest.remove(&case.id) {
        Some(other) if (other.last_seen, &case.spot) > (case.last_seen, &other.spot) => other,
        _ => (*case).clone(),
    };
    Ok(cases.iter().map(of).collect())
}

/// The case where the line of `case` was seen last.
pub(super) async fn latest(tx: &mut Tx, case: &Case) -> crate::db::Result<Case> {
    let mut latest = latest_of(tx, case.isp_id, &[case]).await?;
    Ok(latest.pop().unwrap_or_else(|| case.clone()))
}

/// What all lines of one list of a provider share.
pub(crate) struct Listing {
    isp: IspId,
    reader: Reader,
    upstream_path: Vec<String>,
    report_by: Moment,
    now: Moment,
    campaigns: HashMap<CaseId, Named>,
    houses: Houses,
    template_version: Option<String>,
    log_days: i64,
}

impl Listing {
    /// For a list of `isp` with a report due by then.
    pub(crate) async fn of(app: &App, isp: &Isp, report_by: Moment) -> anyhow::Result<Self> {
        let reader = Reader::of(app, isp.id).await?;
        let isps = isps::all(&app.db).await?;
        let upstream_path = upstream::path(&isp.code, &upstream::above(&isps));
        let (now, campaigns) = (app.now(), enrol::named(&app.db, isp.id, app.now()).await?);
        let houses = Houses::of(&app.db, isp.id).await?;
        let template_version = wordings::edition(&wordings::list(app).await?, now);
        let mut tx = app.db.snapshot().await?;
        let log_days = log_terms::days(&mut tx, isp.id).await?;
        Ok(Self {
            isp: isp.id,
            reader,
            upstream_path,
            report_by,
            now,
            campaigns,
            houses,
            template_version,
            log_days,
        })
    }

    /// The campaign under which a case is listed.
    pub(super) fn campaign_of(&self, case: CaseId) -> Option<&Named> {
        self.campaigns.get(&case)
    }

    /// What stands on the line of `case`; nothing where the provider may not read of it.
    pub(super) async fn line(
        &self,
        tx: &mut Tx,
        case: &Case,
        action: &str,
    ) -> anyhow::Result<Option<LineBody>> {
        let mut lines = self.lines(tx, &[(case, action)]).await?;
        lines.pop().context("a case has a line")
    }

    /// What stands on the lines of these cases, in a few statements for them all; nothing for those
    /// that the provider may not read of.
    pub(super) async fn lines(
        &self,
        tx: &mut Tx,
        cases: &[(&Case, &str)],
    ) -> anyhow::Result<Vec<Option<LineBody>>> {
        let all: Vec<&Case> = cases.iter().map(|(case, _)| *case).collect();
        let latest = latest_of(tx, self.isp, &all).await?;
        let seen: Vec<_> =
            latest.iter().map(|case| (Spot(case.spot.clone()), case.last_seen)).collect();
        let ports = sightings::ports_of(tx, &seen).await?;
        let mut lines = Vec::with_capacity(cases.len());
        for (((case, seen), latest), ports) in cases.iter().zip(&seen).zip(&latest).zip(ports) {
            let body = self.body(*case, seen, ports);
            lines.push(self.judged((latest, seen), body).await?);
        }
        self.place(tx, &latest, &mut lines).await?;
        Ok(lines)
    }

    /// Says on the lines in apartment houses where their devices stand, as far as anybody said so.
    async fn place(
        &self,
        tx: &mut Tx,
        latest: &[Case],
        lines: &mut [Option<LineBody>],
    ) -> anyhow::Result<()> {
        let kind = Some(Kind::Apartment.word());
        let mut within: Vec<(&Case, &mut LineBody)> = Vec::new();
        for (case, line) in latest.iter().zip(lines) {
            within.extend(line.as_mut().map(|line| (case, line)));
        }
        within.retain(|(_, line)| line.network_kind.as_deref() == kind);
        // Whether it stands in a home or in a part that all share, no list of detections says: here
        // stands what the provider or a person said of it before.
        let cases: Vec<Case> = within.iter().map(|(case, _)| (*case).clone()).collect();
        let placed = self.houses.place_all(tx, &cases).await?;
        for ((_, line), placed) in within.into_iter().zip(placed) {
            line.placement_hint = Some(placed.placement);
            line.reason_hint = placed.reason_hint();
        }
        Ok(())
    }

    /// A line with what was declared of its network; nothing where the provider may not read of it.
    async fn judged(
        &self,
        (latest, (spot, at)): (&Case, &(Spot, Moment)),
        body: LineBody,
    ) -> anyhow::Result<Option<LineBody>> {
        let asn = latest.asn.and_then(|asn| u32::try_from(asn).ok());
        let Some(place) = spot.place() else { return Ok(Some(body)) };
        if !self.reader.may_read(Seen { ip: place.ip, asn, at: *at }).await? {
            return Ok(None);
        }
        Ok(Some(hints(body, self.reader.declarations().attribute(place.ip, *at))))
    }

    fn body(&self, (case, action): (&Case, &str), seen: &(Spot, Moment), ports: Ports) -> LineBody {
        let (spot, at) = (&seen.0, seen.1);
        let campaign = self.campaign_of(case.id);
        // A deadline that is over would ask for what nobody can do.
        let report_by = campaign.map(|named| named.report_by.end_of_day());
        let report_by = report_by.filter(|by| *by < self.report_by && !by.is_day_over(self.now));
        let identify_by = at.plus_days(self.log_days).min(report_by.unwrap_or(self.report_by));
        LineBody {
            action: action.to_owned(),
            stream: case.stream.clone(),
            first_seen: case.first_seen,
            last_seen: at,
            identify_by,
            spot: to_hex(&spot.0),
            calling_port: ports.calling,
            severity: case.severity.clone(),
            maker: case.maker.clone(),
            device_kind: case.device_kind.clone(),
            model: case.model.clone(),
            peer_port: ports.peer,
            upstream: None,
            upstream_path: self.upstream_path.clone(),
            network_kind: None,
            placement_hint: None,
            reason_hint: None,
            campaign: campaign.map(|named| named.name.clone()),
            report_by,
            template_version: self.template_version.clone(),
        }
    }
}
