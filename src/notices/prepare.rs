//! Preparing (作成): which cases go on an ISP's next list.

use serde::{Deserialize, Serialize};

use super::{Notice, store};
use crate::{
    access::keys::to_hex,
    app::App,
    cases::{Case, CaseRef, inquiry_id, listed},
    db::retry,
    ids::NoticeId,
    isps::Isp,
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
    /// The provider that the ISP sat behind when the list was prepared.
    #[serde(default)]
    pub upstream: Option<String>,
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
    let mut lines = Vec::with_capacity(waiting.len());
    for (case, listings) in &waiting {
        let which = CaseRef { isp: isp.id, id: case.id };
        inquiry_id::issue(app, &mut tx, which).await?;
        // A line that moved is looked up where it was seen last, whichever case speaks for it.
        let latest = store::latest_of_line(&mut tx, which).await?;
        let (spot, at) = (Spot(latest.spot), latest.last_seen);
        let calling_port = sightings::calling_port(&mut tx, &spot, at).await?;
        let spot = to_hex(&spot.0);
        let identify_by = at.plus_days(IDENTIFY_DAYS).min(notice.report_by);
        let body = body(isp, case, *listings);
        let body = LineBody { spot, calling_port, last_seen: at, identify_by, ..body };
        lines.push((case.id, serde_json::to_string(&body)?));
    }
    store::insert_lines(&mut tx, &notice, &lines).await?;
    let cases: Vec<_> = waiting.iter().map(|(case, _)| case.reference()).collect();
    listed(&mut tx, &cases, now, &notice.list_id).await?;
    tx.commit().await?;
    Ok(Some(notice))
}

fn body(isp: &Isp, case: &Case, listings: i64) -> LineBody {
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
        upstream: isp.upstream.clone(),
    }
}
