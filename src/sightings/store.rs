//! SQL of sightings: append, never edit.

use super::Sighting;
use crate::db::{
    Tx,
    bulk::{self, Column, Target},
};

const FIRST: Target = Target {
    table: "sightings",
    columns: "feed_file_id, row_no, line, spot, detected_at, port, severity, detail",
    conflict: "",
};

const AGAIN: Target = Target {
    table: "repeats",
    columns: "spot, detected_at, feed_file_id, line",
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
        Column::IntOrNull(sightings.iter().map(|s| s.row.port.map(i64::from)).collect()),
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
    ];
    bulk::insert(tx, AGAIN, &columns).await?;
    Ok(())
}
