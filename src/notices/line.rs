//! A line (通知明細) and what stands on it: one case as its provider is told of it.
//!
//! Owns no table; reads `cases`, what campaigns name, and what providers declared.

use std::collections::HashMap;

use formats::report_back::{Placement, ReasonCode};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::{apartments::Houses, prepare::IDENTIFY_DAYS, store, wordings};
use crate::{
    access::keys::to_hex,
    app::App,
    attribution::{
        Attribution, Attributor, Basis,
        rights::{Rights, Seen},
    },
    campaigns::enrol::{self, Named},
    cases::Case,
    db::Tx,
    ids::{CaseId, IspId},
    isps::{self, Isp, Kind, upstream},
    sightings::{self, Spot},
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

/// The case where the line of `case` was seen last, whichever case speaks for it: there a line that
/// moved is looked up.
pub(super) async fn latest(tx: &mut Tx, case: &Case) -> crate::db::Result<Case> {
    store::latest_of_line(tx, case.reference()).await
}

/// What all lines of one list of a provider share.
pub(crate) struct Listing {
    app: App,
    isp: IspId,
    rights: Rights,
    /// The rule with the whole table, loaded where the register alone says no.
    table: OnceCell<Attributor>,
    upstream_path: Vec<String>,
    report_by: Moment,
    now: Moment,
    campaigns: HashMap<CaseId, Named>,
    houses: Houses,
    template_version: Option<String>,
}

impl Listing {
    /// For a list of `isp` with a report due by then.
    pub(crate) async fn of(app: &App, isp: &Isp, report_by: Moment) -> anyhow::Result<Self> {
        let rights = Rights::load(&app.db).await?;
        let isps = isps::all(&app.db).await?;
        let upstream_path = upstream::path(&isp.code, &upstream::above(&isps));
        let (now, campaigns) = (app.now(), enrol::named(&app.db, isp.id).await?);
        let houses = Houses::of(&app.db, isp.id).await?;
        let template_version = wordings::edition(&wordings::list(app).await?, now);
        let (app, isp, table) = (app.clone(), isp.id, OnceCell::new());
        Ok(Self {
            app,
            isp,
            rights,
            table,
            upstream_path,
            report_by,
            now,
            campaigns,
            houses,
            template_version,
        })
    }

    /// The campaign under which a case is listed.
    pub(super) fn campaign_of(&self, case: CaseId) -> Option<&Named> {
        self.campaigns.get(&case)
    }

    /// Whether the provider declared the address for when it was seen.
    pub(super) fn is_declared(&self, seen: Seen) -> bool {
        self.rights.may_read(self.isp, seen)
    }

    /// Whether the provider may read today of what was seen: who gave the addresses away before it
    /// was seen may not.
    pub(super) async fn may_read(&self, seen: Seen) -> anyhow::Result<bool> {
        if self.rights.may_read(self.isp, seen) {
            return Ok(true);
        }
        // The AS of the case is that of its first sighting; the table may have changed since.
        let table = self.table.get_or_try_init(|| Attributor::load(&self.app)).await?;
        Ok(table.attribute(seen.ip, seen.at).isp == Some(self.isp))
    }

    /// What stands on the line of `case`; nothing where the provider may not read of it.
    pub(super) async fn line(
        &self,
        tx: &mut Tx,
        case: &Case,
        action: &str,
    ) -> anyhow::Result<Option<LineBody>> {
        let latest = latest(tx, case).await?;
        let asn = latest.asn.and_then(|asn| u32::try_from(asn).ok());
        let (spot, at) = (Spot(latest.spot.clone()), latest.last_seen);
        let ports = sightings::ports(tx, &spot, at).await?;
        let campaign = self.campaign_of(case.id);
        // A deadline that is over would ask for what nobody can do.
        let report_by = campaign.map(|named| named.report_by);
        let report_by = report_by.filter(|by| (self.now..self.report_by).contains(by));
        let body = LineBody {
            action: action.to_owned(),
            stream: case.stream.clone(),
            first_seen: case.first_seen,
            last_seen: at,
            identify_by: at.plus_days(IDENTIFY_DAYS).min(report_by.unwrap_or(self.report_by)),
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
        };
        let Some(place) = spot.place() else { return Ok(Some(body)) };
        if !self.may_read(Seen { ip: place.ip, asn, at }).await? {
            return Ok(None);
        }
        let body = hints(body, self.rights.declarations().attribute(place.ip, at));
        if body.network_kind.as_deref() != Some(Kind::Apartment.word()) {
            return Ok(Some(body));
        }
        // Whether it stands in a home or in a part that all share, no list of detections says: here
        // stands what the provider or a person said of it before.
        let placed = self.houses.place(tx, &latest).await?;
        let (placement_hint, reason_hint) = (Some(placed.placement), placed.reason_hint());
        Ok(Some(LineBody { placement_hint, reason_hint, ..body }))
    }
}
