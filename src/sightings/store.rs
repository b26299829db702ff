//! SQL of sightings: append, never edit.

use super::Sighting;
use crate::{
    db::{
        Tx,
        bulk::{self, Column, Target},
        on_tx,
    },
    ids::FileId,
    time::Moment,
};

const FIRST: Target = Target {
    table: "sightings",
    columns: "feed_file_id, row_no, line, spot, detected_at, port, severity, detail",
    conflict: "",
};

const AGAIN: Target = Target {
    table: "repeats",
    columns: "spot, detected_at, feed_file_id, line, port",
    conflict: "ON CONFLICT DO NOTHING",
};

/// Appends whole sightings.
pub(super) async fn insert_first(tx: &mut Tx, sightings: &[&Sighting]) -> anyhow::Result<()> {
    let columns = [
        Column::Bytes(sightings.iter().map(|s| s.file.0.as_bytes().to_vec()).collect()),
        Column::Int(sightings.iter().map(|s| s.row_no).collect()),
        Column::Int(sightings.iter().map(|s| s.row.line.cast_signed()).collect()),
        Column::Bytes(sightings.iter().map(|s| s.spot.0.clone()).collect()),
        Column::Int(sightings.iter().map(|s| s.row.detected_at).collect()),
        Column::IntOrNull(sightings.iter().map(|s| s.calling_port()).collect()),
        Column::Text(sightings.iter().map(|s| s.row.severity.code().to_owned()).collect()),
        Column::Text(
            sightings
                .iter()
                .map(|s| serde_json::to_string(&s.row.detail))
                .collect::<Result<_, _>>()?,
        ),
    ];
    bulk::insert(tx, FIRST, &columns).await?;
    Ok(())
}

/// Appends repeats: the time and the place in the file, for the spot is known.
pub(super) async fn insert_repeats(tx: &mut Tx, sightings: &[&Sighting]) -> sqlx::Result<()> {
    let columns = [
        Column::Bytes(sightings.iter().map(|s| s.spot.0.clone()).collect()),
        Column::Int(sightings.iter().map(|s| s.row.detected_at).collect()),
        Column::Bytes(sightings.iter().map(|s| s.file.0.as_bytes().to_vec()).collect()),
        Column::Int(sightings.iter().map(|s| s.row.line.cast_signed()).collect()),
        Column::IntOrNull(sightings.iter().map(|s| s.calling_port()).collect()),
    ];
    bulk::insert(tx, AGAIN, &columns).await?;
    Ok(())
}

/// The port of a sighting of `spot` at `at`, or of the one that opened the case.
pub(super) async fn calling_port(
    tx: &mut Tx,
    spot: &[u8],
    at: Moment,
    (file, row_no): (FileId, i64),
) -> sqlx::Result<Option<i64>> {
    const AGAIN: &str = "SELECT port FROM repeats WHERE spot = $1 AND detected_at = $2
         ORDER BY feed_file_id, line LIMIT 1";
    const FIRST: &str = "SELECT port FROM sightings WHERE feed_file_id = $1 AND row_no = $2";
    let again: Option<Option<i64>> = on_tx!(&mut *tx, conn => {
        sqlx::query_scalar(AGAIN).bind(spot).bind(at).fetch_optional(conn).await
    })?;
    if let Some(port) = again {
        return Ok(port);
    }
    let first: Option<Option<i64>> = on_tx!(tx, conn => {
        sqlx::query_scalar(FIRST).bind(file).bind(row_no).fetch_optional(conn).await
    })?;
    Ok(first.flatten())
}
