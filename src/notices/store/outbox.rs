//! SQL of what leaves by itself, lists and reminders alike: how it stands, and what happened to it.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::{
    db::{Db, Tx, on, on_tx},
    ids::{DeliveryId, IspId, ReminderMailId},
    notices::dispatch::{Event, State},
    time::Moment,
};

/// The key of something that leaves by itself, and where that stands.
pub(in crate::notices) trait Key: Copy {
    /// The table.
    const ROWS: &'static str;
    /// That of what happened to it.
    const EVENTS: &'static str;
    /// The column there that names it.
    const WHICH: &'static str;

    /// Whose it is, and which one.
    fn parts(self) -> (IspId, Uuid);
}

impl Key for (IspId, DeliveryId) {
    const ROWS: &'static str = "deliveries";
    const EVENTS: &'static str = "delivery_events";
    const WHICH: &'static str = "delivery_id";

    fn parts(self) -> (IspId, Uuid) {
        (self.0, self.1.0)
    }
}

impl Key for (IspId, ReminderMailId) {
    const ROWS: &'static str = "reminder_mails";
    const EVENTS: &'static str = "reminder_mail_events";
    const WHICH: &'static str = "mail_id";

    fn parts(self) -> (IspId, Uuid) {
        (self.0, self.1.0)
    }
}

/// Writes how it stands after a try.
pub(in crate::notices) async fn set_state<K: Key>(
    tx: &mut Tx,
    key: K,
    (state, tries): (State, i64),
    answer: &str,
    settled: Option<Moment>,
) -> sqlx::Result<()> {
    let (isp, id) = key.parts();
    let sql = format!(
        "UPDATE {} SET state = $1, attempts = attempts + $2, answer = $3, settled_at = $4
         WHERE isp_id = $5 AND id = $6",
        K::ROWS
    );
    on_tx!(tx, conn => sqlx::query(AssertSqlSafe(sql))
        .bind(state.word())
        .bind(tries)
        .bind(answer)
        .bind(settled)
        .bind(isp)
        .bind(&id.as_bytes()[..])
        .execute(conn)
        .await
        .map(|_| ()))
}

/// What is said of it.
pub(in crate::notices) struct Word<'a> {
    pub(in crate::notices) kind: &'a str,
    pub(in crate::notices) detail: Option<&'a str>,
    pub(in crate::notices) by: &'a str,
    pub(in crate::notices) fence: Option<i64>,
}

/// Appends what happened.
pub(in crate::notices) async fn append<K: Key>(
    tx: &mut Tx,
    key: K,
    at: Moment,
    word: Word<'_>,
) -> sqlx::Result<()> {
    let ((isp, id), events, which) = (key.parts(), K::EVENTS, K::WHICH);
    let sql = format!(
        "INSERT INTO {events} (isp_id, {which}, no, at, kind, detail, author, fence)
         SELECT $1, $2, (SELECT COUNT(*) + 1 FROM {events}
             WHERE isp_id = $1 AND {which} = $2), $3, $4, $5, $6, CAST($7 AS BIGINT)"
    );
    on_tx!(tx, conn => sqlx::query(AssertSqlSafe(sql))
        .bind(isp)
        .bind(&id.as_bytes()[..])
        .bind(at)
        .bind(word.kind)
        .bind(word.detail)
        .bind(word.by)
        .bind(word.fence)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Whether what came of the try under that lease is written: the answer to a commit that nobody saw
/// end.
pub(in crate::notices) async fn is_written<K: Key>(
    tx: &mut Tx,
    key: K,
    fence: i64,
) -> sqlx::Result<bool> {
    let (isp, id) = key.parts();
    let sql = format!(
        "SELECT COUNT(*) FROM {} WHERE isp_id = $1 AND {} = $2 AND fence = $3",
        K::EVENTS,
        K::WHICH
    );
    let written: i64 = on_tx!(tx, conn => sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(isp).bind(&id.as_bytes()[..]).bind(fence).fetch_one(conn).await)?;
    Ok(written > 0)
}

/// What happened to it, oldest first.
pub(in crate::notices) async fn events<K: Key>(db: &Db, key: K) -> sqlx::Result<Vec<Event>> {
    let (isp, id) = key.parts();
    let sql = format!(
        "SELECT at, kind, detail, author FROM {} WHERE isp_id = $1 AND {} = $2 ORDER BY no",
        K::EVENTS,
        K::WHICH
    );
    on!(db, pool => sqlx::query_as(AssertSqlSafe(sql))
        .bind(isp).bind(&id.as_bytes()[..]).fetch_all(pool).await)
}
