//! SQL of editions of the address table and of their imports.

use crate::{
    attribution::editions::Import,
    db::{
        Db, Tx,
        bulk::{self, Column, Target},
        on, on_tx,
    },
    ids::EditionId,
    time::Moment,
};

/// An edition about to be written.
#[derive(Debug)]
pub(in crate::attribution) struct NewEdition {
    pub(in crate::attribution) id: EditionId,
    pub(in crate::attribution) sha256: String,
    pub(in crate::attribution) ranges: i64,
    pub(in crate::attribution) at: Moment,
}

/// Writes an edition with its chunks, unless one of the same content is there; gives its key.
pub(in crate::attribution) async fn insert_edition(
    tx: &mut Tx,
    edition: &NewEdition,
    chunks: Vec<Vec<u8>>,
) -> sqlx::Result<EditionId> {
    const SQL: &str = "INSERT INTO network_editions (id, sha256, ranges, applied_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (sha256) DO UPDATE SET applied_at = excluded.applied_at RETURNING id";
    let id: EditionId = on_tx!(&mut *tx, conn => sqlx::query_scalar(SQL)
        .bind(edition.id)
        .bind(&edition.sha256)
        .bind(edition.ranges)
        .bind(edition.at)
        .fetch_one(conn)
        .await)?;
    let target = Target {
        table: "network_chunks",
        columns: "edition_id, no, body",
        conflict: "ON CONFLICT DO NOTHING",
    };
    let numbers = (0..).take(chunks.len()).collect();
    let ids = vec![id.0.as_bytes().to_vec(); chunks.len()];
    let columns = [Column::Bytes(ids), Column::Int(numbers), Column::Bytes(chunks)];
    bulk::insert(tx, target, columns).await?;
    Ok(id)
}

/// Says that an edition holds from a moment.
pub(in crate::attribution) async fn insert_import(
    tx: &mut Tx,
    no: i64,
    (edition, from): (EditionId, Moment),
    at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO network_imports (no, edition_id, valid_from, imported_at)
         VALUES ($1, $2, $3, $4)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(no).bind(edition).bind(from).bind(at).execute(conn).await.map(|_| ()))
}

/// The number of the last import; 0 before the first.
pub(in crate::attribution) async fn last(db: &Db) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT COALESCE(MAX(no), 0) FROM network_imports";
    on!(db, pool => sqlx::query_scalar(SQL).fetch_one(pool).await)
}

/// All imports, the latest first.
pub(in crate::attribution) async fn imports(db: &Db) -> sqlx::Result<Vec<Import>> {
    const SQL: &str = "SELECT i.no, i.edition_id, e.sha256, e.ranges, i.valid_from, i.imported_at,
             i.undone_at, i.undone_by, i.undone_reason
          FROM network_imports i JOIN network_editions e ON e.id = i.edition_id
         ORDER BY i.no DESC";
    on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)
}

/// The chunks of an edition, in order.
pub(in crate::attribution) async fn chunks(
    db: &Db,
    edition: EditionId,
) -> sqlx::Result<Vec<Vec<u8>>> {
    const SQL: &str = "SELECT body FROM network_chunks WHERE edition_id = $1 ORDER BY no";
    on!(db, pool => sqlx::query_scalar(SQL).bind(edition).fetch_all(pool).await)
}

/// Says that an import was undone; one that is no longer the last that stands counts as a clash.
pub(in crate::attribution) async fn undo(
    tx: &mut Tx,
    no: i64,
    (author, reason): (&str, &str),
    at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE network_imports
            SET undone_at = $2, undone_by = $3, undone_reason = $4
         WHERE no = $1 AND undone_at IS NULL
           AND no = (SELECT MAX(no) FROM network_imports WHERE undone_at IS NULL)";
    let done = on_tx!(tx, conn => sqlx::query(SQL)
        .bind(no).bind(at).bind(author).bind(reason)
        .execute(conn).await.map(|done| done.rows_affected()))?;
    if done == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}
