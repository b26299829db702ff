//! Sightings that were kept whole (初回検知), as the check reads them.

use std::collections::HashMap;

use futures::TryStreamExt as _;

use super::{Findings, Kind, files::Checking, hits::Hit, store};
use crate::db::{
    Tx,
    packed::{Broken, Unpacking},
};

impl Checking<'_> {
    /// Sightings of the file that were kept whole, by row.
    pub(super) async fn kept(
        &self,
        tx: &mut Tx,
        findings: &mut Findings,
    ) -> anyhow::Result<HashMap<i64, u128>> {
        let (mut kept, mut doubled) = (HashMap::new(), 0);
        let mut chunks = store::chunks(tx, self.file.id);
        while let Some((body,)) = chunks.try_next().await? {
            let unpacked = match zstd::decode_all(&body[..]) {
                Ok(unpacked) => unpacked,
                Err(fault) => {
                    self.find(findings, Kind::Kept, fault.to_string());
                    continue;
                }
            };
            let each = |row, print| doubled += usize::from(kept.insert(row, print).is_some());
            if let Err(broken) = sightings(&unpacked, each) {
                self.find(findings, Kind::Kept, broken.to_string());
            }
        }
        if doubled > 0 {
            self.find(findings, Kind::Kept, format!("{doubled} sightings are kept twice"));
        }
        Ok(kept)
    }

    /// How many more sightings may be kept than the file counts, of which `cases` were opened by
    /// rows of it; notes those of which the opening is not kept.
    ///
    /// A row may open a case after its file was counted: once it is let out of quarantine, or once
    /// somebody is known to have served it. It is kept then, unless it was as the first of its
    /// spot.
    pub(super) async fn kept_later(
        &self,
        tx: &mut Tx,
        cases: i64,
        kept: &HashMap<i64, u128>,
        findings: &mut Findings,
    ) -> anyhow::Result<i64> {
        // A row may stand in for one of a file that was withdrawn.
        if self.file.undone > 0 {
            return Ok(i64::MAX);
        }
        let opened_later = cases.saturating_sub(self.told()("cases_opened"));
        if opened_later > 0 {
            let openings = store::openings(tx, self.file.id).await?;
            let lost = openings.iter().filter(|row| !kept.contains_key(*row)).count();
            if lost > 0 {
                let what = format!("the sightings that opened {lost} cases are not kept whole");
                self.find(findings, Kind::Kept, what);
            }
        }
        let released = self.quarantine.iter().filter(|one| one.released_at.is_some()).count();
        Ok(opened_later.max(0).saturating_add(i64::try_from(released)?))
    }
}

/// Hands sightings of an unpacked chunk to `take`: row and what identifies it. The layout stands
/// in `sightings/kept.rs`.
fn sightings(body: &[u8], mut take: impl FnMut(i64, u128)) -> Result<(), Broken> {
    let mut packed = Unpacking::new(body);
    while !packed.is_done() {
        let (row, line) = (packed.number()?, packed.number()?);
        let spot = packed.bytes()?.to_vec();
        let (at, port) = (packed.number()?, packed.number()?);
        packed.bytes()?;
        packed.bytes()?;
        let hit = Hit { spot, at, line, port, peer_port: 0, identities: Vec::new() };
        take(row, hit.print_kept());
    }
    Ok(())
}
