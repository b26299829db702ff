//! The address table (アドレス表) as the check reads it: every edition that stands, and its times.

use std::collections::{BTreeMap, HashMap};

use futures::TryStreamExt as _;

use super::store::served as store;
use crate::{db::Tx, ids::EditionId};

/// A range as it is stored: first and last address, IPv4 mapped into IPv6, and AS. An edition of
/// half a million ranges takes 18 MB so.
type Range = [u8; 36];

/// The table in all its editions.
pub(super) struct Table {
    /// From when on which edition holds; the first one for all time before, too.
    times: BTreeMap<i64, EditionId>,
    /// Ranges in order of their addresses. One that holds several times is there once.
    editions: HashMap<EditionId, Vec<Range>>,
}

impl Table {
    /// Reads it.
    pub(super) async fn read(tx: &mut Tx) -> anyhow::Result<Self> {
        // Of two from one date the later import takes the place of the other.
        let times: BTreeMap<i64, EditionId> = store::imports(tx).await?.into_iter().collect();
        let mut editions = HashMap::new();
        for edition in times.values() {
            if !editions.contains_key(edition) {
                editions.insert(*edition, ranges(tx, *edition).await?);
            }
        }
        Ok(Self { times, editions })
    }

    /// The AS of an address by the edition that holds at `at`.
    pub(super) fn asn(&self, address: &[u8; 16], at: i64) -> Option<i64> {
        let held = self.times.range(..=at).next_back().or(self.times.iter().next());
        let (_, edition) = held?;
        let ranges = self.editions.get(edition)?;
        let after = ranges.partition_point(|range| place(&range[..16]) <= place(address));
        let range = ranges[..after].last()?;
        let asn = range[32..].first_chunk().copied().map(u32::from_be_bytes)?;
        (place(address) <= place(&range[16..32])).then_some(i64::from(asn))
    }
}

async fn ranges(tx: &mut Tx, edition: EditionId) -> anyhow::Result<Vec<Range>> {
    let mut ranges: Vec<Range> = Vec::new();
    let mut chunks = store::chunks(tx, edition);
    while let Some((body,)) = chunks.try_next().await? {
        let body = zstd::decode_all(&body[..])?;
        ranges.extend(body.as_chunks().0);
    }
    ranges.shrink_to_fit();
    ranges.sort_unstable_by(|a, b| place(&a[..16]).cmp(&place(&b[..16])));
    Ok(ranges)
}

/// Where an address lies: all of IPv4 before all of IPv6, so that no range of the one spans any of
/// the other.
fn place(address: &[u8]) -> (bool, &[u8]) {
    let is_mapped = address.starts_with(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
    (!is_mapped, address)
}
