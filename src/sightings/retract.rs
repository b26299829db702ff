//! Retracting (検知の取消): the sightings of a file that was withdrawn leave, shelf by shelf.
//!
//! Sightings are never edited; a file that should never have come takes all of its own along.

use super::{Sighting, hits, kept, store, store::retract as sql};
use crate::{db::Tx, ids::FileId, time::Moment};

/// A sighting as the packed hits tell of it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// Its file.
    pub(crate) file: FileId,
    /// When that file came.
    pub(crate) came: Moment,
    /// The line of that file.
    pub(crate) line: i64,
    /// Where it was seen.
    pub(crate) spot: Vec<u8>,
    /// When.
    pub(crate) at: Moment,
}

/// The next shelves behind `after` on which a file has hits.
pub(crate) async fn shelves(
    tx: &mut Tx,
    file: FileId,
    after: &[u8],
    limit: i64,
) -> crate::db::Result<Vec<Vec<u8>>> {
    sql::shelves(tx, file, after, limit).await
}

/// All that is told on these shelves: by `own`, and by files that stand. What another file says
/// that is being withdrawn at the same time bears nothing out.
pub(crate) async fn told(
    tx: &mut Tx,
    own: Option<FileId>,
    shelves: &[Vec<u8>],
) -> crate::db::Result<Vec<Told>> {
    let mut all = Vec::new();
    for (shelf, from, body, file, came, withdrawn_at) in sql::on_shelves(tx, shelves).await? {
        if withdrawn_at.is_some() && own != Some(file) {
            continue;
        }
        all.extend(hits::unpack(&shelf, from, &body)?.into_iter().map(|hit| Told {
            file,
            came,
            line: hit.line,
            spot: hit.spot,
            at: hit.at,
        }));
    }
    Ok(all)
}

/// The shelves of these spots, each once.
pub(crate) fn shelves_of<'a>(spots: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let mut shelves: Vec<Vec<u8>> = spots.map(|spot| super::shelf_of(spot).to_vec()).collect();
    shelves.sort_unstable();
    shelves.dedup();
    shelves
}

/// Files that saw one of `spots` at `at`.
pub(crate) async fn seen_by(
    tx: &mut Tx,
    spots: &[Vec<u8>],
    at: Moment,
) -> crate::db::Result<Vec<FileId>> {
    let shelves = shelves_of(spots.iter().map(Vec::as_slice));
    let told = told(tx, None, &shelves).await?;
    let then = told.into_iter().filter(|one| one.at == at && spots.contains(&one.spot));
    Ok(then.map(|one| one.file).collect())
}

/// Drops the hits of a file on these shelves.
pub(crate) async fn drop_hits(
    tx: &mut Tx,
    file: FileId,
    shelves: &[Vec<u8>],
) -> crate::db::Result<()> {
    sql::delete_hits(tx, file, shelves).await
}

/// Drops what was kept whole of a file.
pub(crate) async fn drop_kept(tx: &mut Tx, file: FileId) -> crate::db::Result<()> {
    sql::delete_chunks(tx, file).await
}

/// Keeps sightings of one file whole that were no first ones before, and are now.
pub(crate) async fn keep(tx: &mut Tx, mut first: Vec<&Sighting<'_>>) -> anyhow::Result<()> {
    first.sort_unstable_by_key(|one| one.row_no);
    first.dedup_by_key(|one| one.row_no);
    let Some(file) = first.first().map(|one| one.file) else { return Ok(()) };
    // A row that begins a chunk is kept already.
    let kept: std::collections::HashSet<i64> =
        sql::first_rows(tx, file).await?.into_iter().collect();
    first.retain(|one| !kept.contains(&one.row_no));
    for chunk in first.chunks(kept::CHUNK) {
        if let (Some(begin), Some(end)) = (chunk.first(), chunk.last()) {
            let rows = (begin.row_no, end.row_no);
            store::insert_chunk(tx, file, rows, kept::pack(chunk)?).await?;
        }
    }
    Ok(())
}
