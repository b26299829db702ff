//! SQL of attribution: the list of the unattributed; editions of the address table lie below.

pub(super) mod editions;
pub(super) mod retract;

use super::unattributed::{Left, Unattributed, Unserved};
use crate::{
    db::{
        Db, Tx,
        bulk::{self, Column, Target},
        on, on_tx,
    },
    time::Moment,
};

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
    const SQL: &str = "SELECT spot, feed_file_id, row_no, asn, network_kind, first_seen, last_seen
         FROM unattributed
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

/// Lines of the list behind `after`, in the order of spots.
pub(super) async fn page(db: &Db, after: &[u8], limit: i64) -> sqlx::Result<Vec<Unattributed>> {
    const SQL: &str = "SELECT spot, feed_file_id, row_no, asn, network_kind, first_seen, last_seen
         FROM unattributed
         WHERE spot > $1 ORDER BY spot LIMIT $2";
    on!(db, pool => sqlx::query_as(SQL).bind(after).bind(limit).fetch_all(pool).await)
}

/// Narrows the time for which nobody serves a spot, if it stands as it was read.
pub(super) async fn narrow(
    tx: &mut Tx,
    line: &Left,
    (first, last): (Moment, Moment),
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE unattributed SET first_seen = $4, last_seen = $5
         WHERE spot = $1 AND first_seen = $2 AND last_seen = $3";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(&line.spot)
        .bind(line.was.0)
        .bind(line.was.1)
        .bind(first)
        .bind(last)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Takes a spot off the list, if it stands as it was read.
pub(super) async fn take_off(tx: &mut Tx, line: &Left) -> sqlx::Result<()> {
    const SQL: &str =
        "DELETE FROM unattributed WHERE spot = $1 AND first_seen = $2 AND last_seen = $3";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(&line.spot).bind(line.was.0).bind(line.was.1).execute(conn).await.map(|_| ()))
}
