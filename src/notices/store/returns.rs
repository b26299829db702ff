//! SQL of mails that came back, and of the mailbox that they came to.

use uuid::Uuid;

use crate::{
    db::{Db, Tx, on, on_tx},
    notices::dispatch::returns::Came,
    time::Moment,
};

/// Writes that the mail of these bytes was taken, which speaks of that message; tells whether it is
/// the first time.
pub(in crate::notices) async fn insert(
    tx: &mut Tx,
    (sha256, message): (&[u8], Uuid),
    kind: &str,
    at: Moment,
) -> sqlx::Result<bool> {
    const SQL: &str = "INSERT INTO returned_mails (sha256, kind, came_at, message_id)
         VALUES ($1, $2, $3, $4) ON CONFLICT (sha256) DO NOTHING";
    let done = on_tx!(tx, conn => sqlx::query(SQL)
        .bind(sha256)
        .bind(kind)
        .bind(at)
        .bind(&message.as_bytes()[..])
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// Whether a mail of the mailbox was looked at, and why it was refused, if it was.
pub(in crate::notices) async fn item(db: &Db, item: &str) -> sqlx::Result<Option<Option<String>>> {
    const SQL: &str = "SELECT refused FROM bounce_items WHERE item = $1";
    on!(db, pool => sqlx::query_scalar(SQL).bind(item).fetch_optional(pool).await)
}

/// Writes that a mail of the mailbox was looked at.
pub(in crate::notices) async fn insert_item(
    tx: &mut Tx,
    item: &str,
    at: Moment,
    refused: Option<&str>,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO bounce_items (item, looked_at, refused) VALUES ($1, $2, $3)
         ON CONFLICT (item) DO NOTHING";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(item).bind(at).bind(refused).execute(conn).await.map(|_| ()))
}

/// Writes how a run ended; said twice, it is written once.
pub(in crate::notices) async fn insert_run(
    tx: &mut Tx,
    (fence, at): (i64, Moment),
    came: Came,
    fault: Option<&str>,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO bounce_runs (fence, ended_at, taken, known, refused, fault)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (fence) DO NOTHING";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(fence)
        .bind(at)
        .bind(came.taken)
        .bind(came.known)
        .bind(came.refused)
        .bind(fault)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Whether the run under that lease is written.
pub(in crate::notices) async fn has_ended(tx: &mut Tx, fence: i64) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM bounce_runs WHERE fence = $1";
    let ended: i64 = on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(fence).fetch_one(conn).await)?;
    Ok(ended > 0)
}
