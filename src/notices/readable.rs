//! Readable lines (閲覧可否): what a provider may still read of a list, asked at every read.
//!
//! The register may learn late that addresses had passed to somebody else when they were seen. A
//! line of which the provider was never told then leaves the list, and its case waits again; one
//! that it has is marked as withdrawn for as long as the register says so. Owns no table.

use std::collections::HashSet;

use super::{
    Notice,
    line::{LineBody, Listing},
    recall::{self, Listed},
    store::{self, StoredLine},
};
use crate::{app::App, attribution::rights::Seen, db::Tx, isps::Isp, sightings::Spot};

/// Lines of a list that its provider may not read.
#[derive(Debug, Default)]
pub(super) struct Unreadable {
    /// Their records.
    pub(super) records: HashSet<i64>,
    /// Whether the provider has them already.
    pub(super) is_sent: bool,
    lines: Vec<Listed>,
}

/// Which of the lines of a list its provider may not read today.
pub(super) async fn unreadable(
    app: &App,
    tx: &mut Tx,
    (notice, isp): (&Notice, &Isp),
    lines: &[(StoredLine, LineBody)],
) -> anyhow::Result<Unreadable> {
    let listing = Listing::of(app, isp, notice.report_by).await?;
    let mut doubtful = Vec::new();
    for (line, body) in lines {
        let place = Spot::from_hex(&body.spot).and_then(|spot| spot.place());
        let seen = place.map(|place| Seen { ip: place.ip, asn: None, at: body.last_seen });
        doubtful.extend(seen.filter(|seen| !listing.is_declared(*seen)).map(|seen| (line, seen)));
    }
    if doubtful.is_empty() {
        return Ok(Unreadable::default());
    }
    let asns = store::asns(tx, notice).await?;
    let mut found = Unreadable::default();
    for (line, seen) in doubtful {
        let asn = asns.get(&line.case_id).and_then(|asn| u32::try_from(*asn).ok());
        if !listing.may_read(Seen { asn, ..seen }).await? {
            found.records.insert(line.record_no);
            found.lines.push(Listed {
                isp_id: notice.isp_id,
                notice_id: notice.id,
                record_no: line.record_no,
                case_id: line.case_id,
                is_sent: false,
            });
        }
    }
    if let Some(first) = found.lines.first() {
        let listed = recall::listed(tx, &[first.case_id]).await?;
        found.is_sent = listed.iter().any(|one| one.notice_id == notice.id && one.is_sent);
    }
    Ok(found)
}

/// Takes lines of which the provider was never told off the list: their cases wait again.
pub(super) async fn drop_untold(
    app: &App,
    tx: &mut Tx,
    unreadable: &Unreadable,
) -> crate::db::Result<()> {
    recall::take_back(tx, &unreadable.lines, app.now(), ("register", "handed over")).await
}
