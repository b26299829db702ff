//! SQL of attribution: editions of the address table, the list of the unattributed.

use super::{Unattributed, Unserved};
use crate::{
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
pub(super) struct Edition {
    pub(super) id: EditionId,
    pub(super) sha256: String,
    pub(super) ranges: i64,
    pub(super) at: Moment,
}

/// Writes an edition with its chunks; an edition of the same content is put in force again.
pub(super) async fn insert_edition(
    tx: &mut Tx,
    edition: &Edition,
    chunks: Vec<Vec<u8>>,
) -> sqlx::Result<()> {
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
    Ok(())
}

/// The chunks of the edition applied last, in order.
pub(super) async fn chunks_in_force(db: &Db) -> sqlx::Result<Vec<Vec<u8>>> {
    const SQL: &str = "SELECT body FROM network_chunks WHERE edition_id =
         (SELECT id FROM network_editions ORDER BY applied_at DESC, id DESC LIMIT 1) ORDER BY no";
    on!(db, pool => sqlx::query_scalar(SQL).fetch_all(pool).await)
}

/// Puts sightings on the list; a spot that stands there gets its time widened.
pub(super) async fn insert_unattributed(tx: &mut Tx, spots: &[Unserved<'_>]) -> sqlx::Result<()> {
    let target = Target {
        table: "unattributed",
        columns: "spot, feed_file_id, row_no, asn, network_kind, first_seen, last_seen",
        conflict: "ON CONFLICT (spot) DO UPDATE SET
             first_seen = CASE WHEN excluded.first_seen < unattributed.first_seen
                 THEN excluded.first_seen ELSE unattributed.first_seen END,
             last_seen = CASE WHEN excluded.last_seen > unattributed.last_seen
                 THEN excluded.last_seen ELSE unattributed.last_seen END",
    };
    let asn = |one: &Unserved<'_>| one.attribution.asn.map(i64::from);
    let columns = [
        Column::Bytes(spots.iter().map(|one| one.first.spot.to_vec()).collect()),
        Column::Bytes(spots.iter().map(|one| one.first.file.0.as_bytes().to_vec()).collect()),
        Column::Int(spots.iter().map(|one| one.first.row_no).collect()),
        Column::IntOrNull(spots.iter().map(asn).collect()),
        Column::Text(spots.iter().map(|one| one.attribution.network_kind.to_owned()).collect()),
        Column::Int(spots.iter().map(|one| one.first.detected_at.0).collect()),
        Column::Int(spots.iter().map(|one| one.last.detected_at.0).collect()),
    ];
    bulk::insert(tx, target, columns).await?;
    Ok(())
}

/// The list, latest first.
pub(super) async fn unattributed(db: &Db, limit: i64) -> sqlx::Result<Vec<Unattributed>> {
    const SQL: &str = "SELECT spot, asn, network_kind, first_seen, last_seen FROM unattributed
         ORDER BY last_seen DESC, spot LIMIT $1";
    on!(db, pool => sqlx::query_as(SQL).bind(limit).fetch_all(pool).await)
}

/// Which of `spots` stand on the list.
pub(super) async fn known(
    tx: &mut Tx,
    spots: &[Vec<u8>],
) -> sqlx::Result<std::collections::HashSet<Vec<u8>>> {
    const SQL: &str = "SELECT spot FROM unattributed";
    let found = bulk::select_in::<(Vec<u8>,)>(tx, SQL, "spot", spots).await?;
    Ok(found.into_iter().map(|(spot,)| spot).collect())
}
