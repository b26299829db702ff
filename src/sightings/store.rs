//! SQL of sightings: append, never edit.

pub(super) mod retract;

use futures::TryStreamExt as _;

use super::hits::Packed;
use crate::{
    db::{
        Db, Tx,
        bulk::{self, Column, Target},
        on, on_tx,
    },
    ids::{FeedId, FileId},
    time::Moment,
};

const CHUNKS: Target = Target {
    table: "sighting_chunks",
    columns: "feed_file_id, first_row, last_row, body",
    conflict: "",
};

const HITS: Target = Target {
    table: "hits",
    columns: "shelf, feed_file_id, first_row, from_at, to_at, identified, body",
    conflict: "",
};

/// Appends a chunk of sightings with the numbers of its first and last row.
pub(super) async fn insert_chunk(
    tx: &mut Tx,
    file: FileId,
    (first, last): (i64, i64),
    body: Vec<u8>,
) -> sqlx::Result<()> {
    let columns = [
        Column::Bytes(vec![file.0.as_bytes().to_vec()]),
        Column::Int(vec![first]),
        Column::Int(vec![last]),
        Column::Bytes(vec![body]),
    ];
    bulk::insert(tx, CHUNKS, columns).await?;
    Ok(())
}

/// Chunks of a file in which the row of that number may stand.
pub(super) async fn chunks_with(db: &Db, file: FileId, row_no: i64) -> sqlx::Result<Vec<Vec<u8>>> {
    const SQL: &str = "SELECT body FROM sighting_chunks
         WHERE feed_file_id = $1 AND first_row <= $2 AND last_row >= $2";
    on!(db, pool => sqlx::query_scalar(SQL).bind(file).bind(row_no).fetch_all(pool).await)
}

/// Appends packed hits.
pub(super) async fn insert_hits(tx: &mut Tx, hits: Vec<Packed>) -> sqlx::Result<()> {
    let columns = [
        Column::Bytes(hits.iter().map(|one| one.shelf.clone()).collect()),
        Column::Bytes(hits.iter().map(|one| one.file.0.as_bytes().to_vec()).collect()),
        Column::Int(hits.iter().map(|one| one.first_row).collect()),
        Column::Int(hits.iter().map(|one| one.from.0).collect()),
        Column::Int(hits.iter().map(|one| one.to.0).collect()),
        Column::Int(hits.iter().map(|one| one.identified).collect()),
        Column::Bytes(hits.into_iter().map(|one| one.body).collect()),
    ];
    bulk::insert(tx, HITS, columns).await?;
    Ok(())
}

/// A packed row of hits with the feed that saw them: shelf, beginning, body, feed.
pub(super) type Row = (Vec<u8>, Moment, Vec<u8>, FeedId);

/// Packed hits on these shelves.
pub(super) async fn hits_on(tx: &mut Tx, shelves: &[Vec<u8>]) -> sqlx::Result<Vec<Row>> {
    const SQL: &str = "SELECT h.shelf, h.from_at, h.body, f.feed_id FROM hits h
         JOIN feed_files f ON f.id = h.feed_file_id";
    bulk::select_in(tx, SQL, "h.shelf", shelves).await
}

/// The files that have hits on these shelves.
pub(super) async fn files_on(
    tx: &mut Tx,
    shelves: &[Vec<u8>],
) -> sqlx::Result<std::collections::HashSet<FileId>> {
    const SQL: &str = "SELECT DISTINCT feed_file_id FROM hits";
    let files = bulk::select_in::<(FileId,)>(tx, SQL, "shelf", shelves).await?;
    Ok(files.into_iter().map(|(file,)| file).collect())
}

/// Packed hits on a shelf around a moment, in order of files: beginning and body.
pub(super) async fn hits_around(
    tx: &mut Tx,
    shelf: &[u8],
    at: Moment,
) -> sqlx::Result<Vec<(Moment, Vec<u8>)>> {
    const SQL: &str = "SELECT from_at, body FROM hits
         WHERE shelf = $1 AND from_at <= $2 AND to_at >= $2 ORDER BY feed_file_id, first_row";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(shelf).bind(at).fetch_all(conn).await)
}

/// The packed rows of a shelf that may tell of a moment within that span.
pub(super) async fn hits_within(
    tx: &mut Tx,
    shelf: &[u8],
    (first, last): (Moment, Moment),
) -> sqlx::Result<Vec<(Moment, Vec<u8>)>> {
    const SQL: &str = "SELECT from_at, body FROM hits
         WHERE shelf = $1 AND from_at <= $3 AND to_at >= $2 ORDER BY feed_file_id, first_row";
    on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(shelf).bind(first).bind(last).fetch_all(conn).await
    })
}

/// A packed row of hits without its feed: shelf, beginning, body.
type Bare = (Vec<u8>, Moment, Vec<u8>);

/// Hands each packed row to `take` that begins by `until` and tells of devices.
pub(super) async fn identified(
    db: &Db,
    until: Moment,
    mut take: impl FnMut(Bare) -> sqlx::Result<()>,
) -> sqlx::Result<()> {
    const SQL: &str = "SELECT shelf, from_at, body FROM hits
         WHERE identified > 0 AND from_at <= $1";
    on!(db, pool => {
        let mut rows = sqlx::query_as::<_, Bare>(SQL).bind(until).fetch(pool);
        while let Some(row) = rows.try_next().await? {
            take(row)?;
        }
        Ok(())
    })
}
