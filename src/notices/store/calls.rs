//! SQL of calls that were noted, and of those taken back.

use super::chasing::REMINDER;
use crate::{
    db::{Tx, on_tx},
    ids::{IspId, ReminderId},
    notices::chasing::Reminder,
    time::Moment,
};

/// It was noted, and nobody took it back.
const STANDS: &str = "m.state = 'noted' AND NOT EXISTS (SELECT 1 FROM reminders u
         WHERE u.isp_id = m.isp_id AND u.takes_back = m.id)";

/// What was noted of a provider and stands, the latest first, at most `limit`.
pub(in crate::notices) async fn latest(
    tx: &mut Tx,
    isp: IspId,
    limit: i64,
) -> sqlx::Result<Vec<Reminder>> {
    let sql =
        format!("{REMINDER} WHERE {STANDS} AND m.isp_id = $1 ORDER BY m.at DESC, m.id LIMIT $2");
    on_tx!(tx, conn => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(isp).bind(limit).fetch_all(conn).await
    })
}

/// What was noted under that key by that provider, if it stands.
pub(in crate::notices) async fn one(
    tx: &mut Tx,
    isp: IspId,
    id: ReminderId,
) -> sqlx::Result<Option<Reminder>> {
    let sql = format!("{REMINDER} WHERE {STANDS} AND m.isp_id = $1 AND m.id = $2");
    on_tx!(tx, conn => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(isp).bind(id).fetch_optional(conn).await
    })
}

/// Writes that it is taken back: a fact of its own, of the same list.
pub(in crate::notices) async fn take_back(
    tx: &mut Tx,
    isp: IspId,
    (id, which): (ReminderId, ReminderId),
    (at, author): (Moment, &str),
) -> sqlx::Result<()> {
    const SQL: &str =
        "INSERT INTO reminders (isp_id, id, notice_id, reason, state, way, at, author,
             takes_back)
         SELECT isp_id, $2, notice_id, reason, 'taken_back', way, $3, $4, id FROM reminders
          WHERE isp_id = $1 AND id = $5";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(isp)
        .bind(id)
        .bind(at)
        .bind(author)
        .bind(which)
        .execute(conn)
        .await
        .map(|_| ()))
}
