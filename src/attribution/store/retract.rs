//! SQL of retracting what nobody serves.

use crate::{
    db::{Tx, on_tx},
    ids::FileId,
    time::Moment,
};

/// Says anew when a spot was seen.
pub(in crate::attribution) async fn set_times(
    tx: &mut Tx,
    spot: &[u8],
    (first, last): (Moment, Moment),
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE unattributed SET first_seen = $1, last_seen = $2 WHERE spot = $3";
    on_tx!(tx, conn => {
        sqlx::query(SQL).bind(first).bind(last).bind(spot).execute(conn).await.map(|_| ())
    })
}

/// Takes a spot off the list.
pub(in crate::attribution) async fn delete(tx: &mut Tx, spot: &[u8]) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM unattributed WHERE spot = $1";
    on_tx!(tx, conn => sqlx::query(SQL).bind(spot).execute(conn).await.map(|_| ()))
}

/// Spots that stand there by the word of a file.
pub(in crate::attribution) async fn named_by(
    tx: &mut Tx,
    file: FileId,
    limit: i64,
) -> sqlx::Result<Vec<Vec<u8>>> {
    const SQL: &str =
        "SELECT spot FROM unattributed WHERE feed_file_id = $1 ORDER BY spot LIMIT $2";
    on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(file).bind(limit).fetch_all(conn).await)
}

/// Says by whose word a spot stands there.
pub(in crate::attribution) async fn set_file(
    tx: &mut Tx,
    spot: &[u8],
    file: FileId,
    row_no: i64,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE unattributed SET feed_file_id = $1, row_no = $2 WHERE spot = $3";
    on_tx!(tx, conn => {
        sqlx::query(SQL).bind(file).bind(row_no).bind(spot).execute(conn).await.map(|_| ())
    })
}
