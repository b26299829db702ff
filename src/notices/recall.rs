//! Recalls (取消): what was listed by mistake is taken back.
//!
//! A list counts as sent once it was handed out, or a report on it came. A line that nobody outside
//! has seen vanishes, and a list without lines is withdrawn. A line that was sent stays, marked as
//! taken back, and the next list of its provider has a line for it under the same inquiry ID: its
//! action is `withdrawn`, or `corrected` where the case stands by other sightings than the one of
//! which the provider was told. Owns `line_recalls`.

use std::collections::HashMap;

use sqlx::FromRow;

use super::{
    line::{self, LineBody, Listing},
    store::recall as store,
};
use crate::{
    app::App,
    cases::{CaseRef, find_in},
    db::Tx,
    ids::{CaseId, IspId, NoticeId},
    isps::Isp,
    sightings::{self, Spot},
    time::Moment,
};

/// The action of a line that takes another one back.
pub(super) const WITHDRAWN: &str = "withdrawn";
/// The action of a line that says anew what another one said by mistake.
pub(super) const CORRECTED: &str = "corrected";

/// A line on which a case stands.
#[derive(Clone, Copy, Debug, FromRow)]
pub(crate) struct Listed {
    /// The ISP.
    pub(crate) isp_id: IspId,
    /// The list.
    pub(crate) notice_id: NoticeId,
    /// The record on it.
    pub(crate) record_no: i64,
    /// The case.
    pub(crate) case_id: CaseId,
    /// Whether anybody outside has seen it.
    pub(crate) is_sent: bool,
}

/// The lines on which these cases stand.
pub(crate) async fn listed(tx: &mut Tx, cases: &[CaseId]) -> crate::db::Result<Vec<Listed>> {
    let keys: Vec<Vec<u8>> = cases.iter().map(|case| case.0.as_bytes().to_vec()).collect();
    store::listed(tx, &keys).await
}

/// Lines of these cases that were sent, stand, and tell of a sighting that is gone: whoever held
/// the address at that moment is not the one to be warned.
pub(crate) async fn unfounded(
    tx: &mut Tx,
    cases: &[CaseId],
    is_gone: impl Fn(&Spot, Moment) -> bool,
) -> anyhow::Result<Vec<Listed>> {
    let keys: Vec<Vec<u8>> = cases.iter().map(|case| case.0.as_bytes().to_vec()).collect();
    let mut lines = Vec::new();
    for line in store::standing(tx, &keys).await?.into_iter().filter(|line| line.listed.is_sent) {
        let body: LineBody = serde_json::from_str(&line.body)?;
        let is_word_of_it = body.action != WITHDRAWN
            && Spot::from_hex(&body.spot).is_some_and(|spot| is_gone(&spot, body.last_seen));
        if is_word_of_it {
            lines.push(line.listed);
        }
    }
    Ok(lines)
}

/// Takes lines back: those that were sent are marked, the others vanish.
pub(crate) async fn take_back(
    tx: &mut Tx,
    lines: &[Listed],
    at: Moment,
    word: (&str, &str),
) -> crate::db::Result<()> {
    for line in lines {
        if line.is_sent {
            store::insert(tx, line, at, word).await?;
        } else {
            store::drop_line(tx, line, at).await?;
        }
    }
    Ok(())
}

/// Says anew what stands on lines that nobody outside has seen, where their case no longer bears it
/// out. Gives how many these were.
pub(crate) async fn correct_unsent(app: &App, tx: &mut Tx, isps: &[Isp]) -> anyhow::Result<u64> {
    let mut corrected = 0;
    let by_id: HashMap<IspId, &Isp> = isps.iter().map(|isp| (isp.id, isp)).collect();
    let mut list: Option<(NoticeId, Listing)> = None;
    for unsent in store::unsent(tx).await? {
        let case = CaseRef { isp: unsent.isp_id, id: unsent.case_id };
        let (Some(isp), Some(case)) = (by_id.get(&unsent.isp_id), find_in(tx, case).await?) else {
            continue;
        };
        let told: LineBody = serde_json::from_str(&unsent.body)?;
        let latest = line::latest(tx, &case).await?;
        let spot = Spot::from_hex(&told.spot);
        let is_told = match &spot {
            Some(spot) => sightings::is_told(tx, spot, told.last_seen).await?,
            None => false,
        };
        let is_true = is_told
            && told.first_seen >= case.first_seen
            && told.last_seen <= latest.last_seen
            && (&told.stream, &told.severity) == (&case.stream, &case.severity)
            && (&told.maker, &told.model) == (&case.maker, &case.model)
            && told.device_kind == case.device_kind;
        if is_true {
            continue;
        }
        // Lines come list by list: what they share is read once for each.
        let listing = match list.take_if(|(id, _)| *id == unsent.notice_id) {
            Some((_, listing)) => listing,
            None => Listing::of(app, isp, unsent.report_by).await?,
        };
        match listing.line(tx, &case, &told.action).await? {
            Some(body) => store::set_body(tx, &unsent, &body.on_line_of(case.id)?).await?,
            None => store::drop_line(tx, &unsent.listed(), app.now()).await?,
        }
        list = Some((unsent.notice_id, listing));
        corrected += 1;
    }
    Ok(corrected)
}
