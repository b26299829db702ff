//! SQL of retracting sightings.

use crate::{
    db::{Tx, bulk, on_tx},
    ids::FileId,
    time::Moment,
};

/// The next shelves on which a file has hits, in order.
pub(in crate::sightings) async fn shelves(
    tx: &mut Tx,
    file: FileId,
    after: &[u8],
    limit: i64,
) -> sqlx::Result<Vec<Vec<u8>>> {
    const SQL: &str = "SELECT DISTINCT shelf FROM hits WHERE feed_file_id = $1 AND shelf > $2
         ORDER BY shelf LIMIT $3";
    on_tx!(tx, conn => {
        sqlx::query_scalar(SQL).bind(file).bind(after).bind(limit).fetch_all(conn).await
    })
}

/// A packed row of hits: shelf, beginning, body, its file, when that came and was withdrawn.
pub(in crate::sightings) type Row = (Vec<u8>, Moment, Vec<u8>, FileId, Moment, Option<Moment>);

/// Packed hits on these shelves.
pub(in crate::sightings) async fn on_shelves(
    tx: &mut Tx,
    shelves: &[Vec<u8>],
) -> sqlx::Result<Vec<Row>> {
    const SQL: &str = "SELECT h.shelf, h.from_at, h.body, h.feed_file_id, f.received_at,
             f.withdrawn_at
         FROM hits h JOIN feed_files f ON f.id = h.feed_file_id";
    bulk::select_in(tx, SQL, "h.shelf", shelves).await
}

/// Drops the hits of a file on these shelves.
pub(in crate::sightings) async fn delete_hits(
    tx: &mut Tx,
    file: FileId,
    shelves: &[Vec<u8>],
) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM hits WHERE feed_file_id = $1 AND shelf";
    bulk::delete_of(tx, SQL, file.0.as_bytes(), shelves).await.map(|_| ())
}

/// Drops what was kept whole of a file.
pub(in crate::sightings) async fn delete_chunks(tx: &mut Tx, file: FileId) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM sighting_chunks WHERE feed_file_id = $1";
    on_tx!(tx, conn => sqlx::query(SQL).bind(file).execute(conn).await.map(|_| ()))
}

/// The rows with which chunks of a file begin.
pub(in crate::sightings) async fn first_rows(tx: &mut Tx, file: FileId) -> sqlx::Result<Vec<i64>> {
    const SQL: &str = "SELECT first_row FROM sighting_chunks WHERE feed_file_id = $1";
    on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(file).fetch_all(conn).await)
}
