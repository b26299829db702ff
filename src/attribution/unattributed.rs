//! The unattributed (帰属不明): spots that nobody was known to serve when they were seen.
//!
//! Each stands once, from its first such sighting to its last. Once a register or a table knows
//! more, those that somebody served at the time become cases by the way of every sighting; see
//! `cli::unattributed`. Owns `unattributed` within attribution.

use std::collections::HashSet;

use super::{Attribution, store};
use crate::{
    db::{Db, Tx},
    ids::FileId,
    sightings::Sighting,
    time::Moment,
};

/// A spot of a batch that nobody serves, from its first sighting in the batch to its last.
pub(crate) struct Unserved<'a> {
    pub(super) attribution: &'a Attribution,
    pub(super) first: &'a Sighting<'a>,
    pub(super) last: &'a Sighting<'a>,
}

/// Keeps sightings that nobody serves, sorted by spot and time, on the list of the unattributed.
pub(crate) async fn record(
    tx: &mut Tx,
    rows: &[(&Sighting<'_>, &Attribution)],
) -> crate::db::Result<()> {
    // PostgreSQL refuses a statement that names a key twice, so each spot goes in once.
    let spots: Vec<Unserved<'_>> = rows
        .chunk_by(|(a, _), (b, _)| a.spot == b.spot)
        .filter_map(|same| {
            let ((first, attribution), (last, _)) = (same.first()?, same.last()?);
            Some(Unserved { attribution, first, last })
        })
        .collect();
    store::insert_unattributed(tx, &spots).await
}

/// Which spots of `rows`, that nobody serves, stand on the list of the unattributed already.
pub(crate) async fn known(
    tx: &mut Tx,
    rows: &[(&Sighting<'_>, &Attribution)],
) -> crate::db::Result<HashSet<Vec<u8>>> {
    let mut spots: Vec<Vec<u8>> = rows.iter().map(|(sighting, _)| sighting.spot.to_vec()).collect();
    spots.dedup();
    store::known(tx, &spots).await
}

/// A line of the list of the unattributed (帰属不明).
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Unattributed {
    /// Where it was seen.
    pub spot: Vec<u8>,
    /// The file of the sighting that is kept whole.
    pub feed_file_id: FileId,
    /// Its row there.
    pub row_no: i64,
    /// The origin AS, if known.
    pub asn: Option<i64>,
    /// What kind of network it is.
    pub network_kind: String,
    /// First sighting.
    pub first_seen: Moment,
    /// Latest sighting.
    pub last_seen: Moment,
}

/// The unattributed, latest first, at most `limit`.
pub async fn list(db: &Db, limit: i64) -> crate::db::Result<Vec<Unattributed>> {
    store::unattributed(db, limit).await
}

/// Lines of the list in the order of their spots, behind `after`, at most `limit`.
pub(crate) async fn page(
    db: &Db,
    after: &[u8],
    limit: i64,
) -> crate::db::Result<Vec<Unattributed>> {
    store::page(db, after, limit).await
}

/// What is left of a line of the list that was looked at again.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    /// The spot.
    pub(crate) spot: Vec<u8>,
    /// From when to when nobody served it, as the list had it when it was looked at.
    pub(crate) was: (Moment, Moment),
    /// From when to when nobody did; nothing where somebody always did.
    pub(crate) is: Option<(Moment, Moment)>,
}

/// Writes what is left of lines. One to which a sighting was added meanwhile stays as it is.
pub(crate) async fn keep(tx: &mut Tx, lines: &[Left]) -> crate::db::Result<()> {
    for line in lines {
        match line.is {
            Some(time) => store::narrow(tx, line, time).await?,
            None => store::take_off(tx, line).await?,
        }
    }
    Ok(())
}
