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
