//! Preparing (作成): which cases go on an ISP's next list.

use formats::report_back::{Placement, ReasonCode};
use serde::{Deserialize, Serialize};

use super::{Notice, store};
use crate::{
    access::keys::to_hex,
    app::App,
    attribution::{Attribution, Attributor, Basis},
    cases::{Case, CaseRef, inquiry_id, listed},
    db::retry,
    ids::NoticeId,
    isps::{self, Isp, Kind, upstream},
    sightings::{self, Spot},
    time::Moment,
};

/// Days the ISP has to report.
pub const REPORT_DAYS: i64 = 30;
/// Days after a sighting by which the ISP should identify the line: logs last about six months. Who
/// reports has identified, so that it is never later than the report.
pub const IDENTIFY_DAYS: i64 = 150;
/// Lines of one list; what is over goes on the next.
pub const LINES_MAX: i64 = 100_000;

/// What stands on a line (通知明細), kept so that every export gives the same bytes.
///
/// The inquiry ID is not here: it is kept sealed with its case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LineBody {
    /// `new`, or `repeat` for a case that recurred since it was listed.
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
        // Whether it stands in a home or in a part that all share, no list of detections says.
        placement_hint: (kind == Kind::Apartment.word()).then_some(Placement::Unknown),
        reason_hint: (kind == Kind::Shared.word() && no_port).then_some(ReasonCode::IpSharedNoPort),
        ..body
    }
}

/// Prepares the next list of `isp`; nothing when no case waits.
///
/// A case waits when it is open and stands on no list, or recurred after it was listed. A case that
/// another one of its line speaks for is never listed again.
pub async fn for_isp(app: &App, isp: &Isp) -> anyhow::Result<Option<Notice>> {
    for _ in 1..retry::TRIES {
        match prepare(app, isp).await {
            Err(fault) if retry::is_worth_asking(&fault) => {}
            done => return done,
        }
    }
    prepare(app, isp).await
}

async fn prepare(app: &App, isp: &Isp) -> anyhow::Result<Option<Notice>> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    // Counted before the cases are read: of two that prepare at once, either both take the same
    // number and one starts over, or the later one sees the lines of the earlier.
    let number = store::count(&mut tx, isp.id).await? + 1;
    let waiting = store::waiting(&mut tx, isp.id, LINES_MAX).await?;
    if waiting.is_empty() {
        return Ok(None);
    }
    let notice = Notice {
        isp_id: isp.id,
        id: NoticeId(app.fresh_id()),
        list_id: format!("{}-{}-{number:03}", isp.code, now.date_jst().replace('-', "")),
        prepared_at: now,
        report_by: now.plus_days(REPORT_DAYS),
        lines: i64::try_from(waiting.len())?,
    };
    store::insert(&mut tx, &notice).await?;
    let attributor = Attributor::of_declarations(&app.db).await?;
    let isps = isps::all(&app.db).await?;
    let upstream_path = upstream::path(&isp.code, &upstream::above(&isps));
    let mut lines = Vec::with_capacity(waiting.len());
    for (case, listings) in &waiting {
        let which = CaseRef { isp: isp.id, id: case.id };
        inquiry_id::issue(app, &mut tx, which).await?;
        // A line that moved is looked up where it was seen last, whichever case speaks for it.
        let latest = store::latest_of_line(&mut tx, which).await?;
        let (spot, at) = (Spot(latest.spot), latest.last_seen);
        let ports = sightings::ports(&mut tx, &spot, at).await?;
        let attribution = spot.place().map(|place| attributor.attribute(place.ip, at));
        let spot = to_hex(&spot.0);
        let identify_by = at.plus_days(IDENTIFY_DAYS).min(notice.report_by);
        let body = LineBody {
            spot,
            calling_port: ports.calling,
            peer_port: ports.peer,
            last_seen: at,
            identify_by,
            upstream_path: upstream_path.clone(),
            ..body(case, *listings)
        };
        let body = match attribution {
            Some(attribution) => hints(body, attribution),
            None => body,
        };
        lines.push((case.id, serde_json::to_string(&body)?));
    }
    store::insert_lines(&mut tx, &notice, &lines).await?;
    let cases: Vec<_> = waiting.iter().map(|(case, _)| case.reference()).collect();
    listed(&mut tx, &cases, now, &notice.list_id).await?;
    tx.commit().await?;
    Ok(Some(notice))
}

fn body(case: &Case, listings: i64) -> LineBody {
    LineBody {
        action: if listings == 0 { "new" } else { "repeat" }.to_owned(),
        stream: case.stream.clone(),
        first_seen: case.first_seen,
        last_seen: case.last_seen,
        identify_by: case.last_seen.plus_days(IDENTIFY_DAYS),
        spot: String::new(),
        calling_port: None,
        severity: case.severity.clone(),
        maker: case.maker.clone(),
        device_kind: case.device_kind.clone(),
        model: case.model.clone(),
        peer_port: None,
        upstream: None,
        upstream_path: Vec::new(),
        network_kind: None,
        placement_hint: None,
        reason_hint: None,
    }
}
