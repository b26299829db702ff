//! SQL of lists on their way.

use crate::{
    db::{Db, Tx, on, on_tx},
    ids::{DeliveryId, IspId, NoticeId},
    isps::delivery::Way,
    notices::{
        Notice,
        dispatch::{Delivery, JOB, State},
    },
    time::Moment,
};

/// The key of a delivery.
pub(in crate::notices) type Key = (IspId, DeliveryId);

const DELIVERY: &str = "SELECT d.isp_id, d.id, d.notice_id, n.list_id, i.code AS isp, d.way,
         d.state, d.entered_at, d.attempts, d.target, d.form, d.made_at, d.sha256, d.bytes,
         d.answer, d.settled_at, j.due_at
     FROM deliveries d JOIN notices n ON n.isp_id = d.isp_id AND n.id = d.notice_id
     JOIN isps i ON i.id = d.isp_id
     LEFT JOIN jobs j ON j.subject = d.id AND j.kind = $1";

/// All deliveries, or those of a provider, oldest first.
pub(in crate::notices) async fn all(db: &Db, isp: Option<IspId>) -> sqlx::Result<Vec<Delivery>> {
    let sql = format!(
        "{DELIVERY} WHERE CAST($2 AS BYTEA) IS NULL OR d.isp_id = $2 ORDER BY d.entered_at, d.id"
    );
    on!(db, pool => {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        rows.bind(JOB).bind(isp).fetch_all(pool).await
    })
}

/// The delivery of that key, whosever it is.
pub(in crate::notices) async fn by_id(
    db: &Db,
    delivery: DeliveryId,
) -> sqlx::Result<Option<Delivery>> {
    let sql = format!("{DELIVERY} WHERE d.id = $2");
    on!(db, pool => {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        rows.bind(JOB).bind(delivery).fetch_optional(pool).await
    })
}

/// The same as it stands in this transaction.
pub(in crate::notices) async fn by_id_in(
    tx: &mut Tx,
    delivery: DeliveryId,
) -> sqlx::Result<Option<Delivery>> {
    let sql = format!("{DELIVERY} WHERE d.id = $2");
    on_tx!(tx, conn => {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        rows.bind(JOB).bind(delivery).fetch_optional(conn).await
    })
}

/// Whether a delivery of the list is not settled.
pub(in crate::notices) async fn is_on_its_way(tx: &mut Tx, notice: &Notice) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM deliveries
         WHERE isp_id = $1 AND notice_id = $2 AND state = 'waiting'";
    let waiting: i64 = on_tx!(tx, conn => sqlx::query_scalar(SQL)
        .bind(notice.isp_id).bind(notice.id).fetch_one(conn).await)?;
    Ok(waiting > 0)
}

/// Writes a delivery that waits.
pub(in crate::notices) async fn insert(
    tx: &mut Tx,
    key: Key,
    (notice, way): (NoticeId, Way),
    at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO deliveries
             (isp_id, id, notice_id, way, state, entered_at, attempts)
         VALUES ($1, $2, $3, $4, $5, $6, 0)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(key.0)
        .bind(key.1)
        .bind(notice)
        .bind(way.word())
        .bind(State::Waiting.word())
        .bind(at)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// The message of a delivery, of which the row tells what it is.
pub(in crate::notices) struct Made<'a> {
    pub(in crate::notices) way: Way,
    pub(in crate::notices) target: &'a str,
    pub(in crate::notices) form: &'a str,
    pub(in crate::notices) at: Moment,
    pub(in crate::notices) sha256: &'a str,
    pub(in crate::notices) bytes: i64,
    pub(in crate::notices) sealed: &'a [u8],
}

/// Keeps the message of a delivery.
pub(in crate::notices) async fn keep(tx: &mut Tx, key: Key, made: &Made<'_>) -> sqlx::Result<()> {
    const ROW: &str = "UPDATE deliveries SET way = $1, target = $2, form = $3, made_at = $4,
             sha256 = $5, bytes = $6
         WHERE isp_id = $7 AND id = $8";
    const MESSAGE: &str = "INSERT INTO delivery_messages (isp_id, delivery_id, sealed)
         VALUES ($1, $2, $3)";
    on_tx!(&mut *tx, conn => sqlx::query(ROW)
        .bind(made.way.word())
        .bind(made.target)
        .bind(made.form)
        .bind(made.at)
        .bind(made.sha256)
        .bind(made.bytes)
        .bind(key.0)
        .bind(key.1)
        .execute(conn)
        .await
        .map(|_| ()))?;
    on_tx!(tx, conn => sqlx::query(MESSAGE)
        .bind(key.0).bind(key.1).bind(made.sealed).execute(conn).await.map(|_| ()))
}

/// The sealed message of a delivery, if it was made.
pub(in crate::notices) async fn message(db: &Db, key: Key) -> sqlx::Result<Option<Vec<u8>>> {
    const SQL: &str = "SELECT sealed FROM delivery_messages WHERE isp_id = $1 AND delivery_id = $2";
    on!(db, pool => sqlx::query_scalar(SQL).bind(key.0).bind(key.1).fetch_optional(pool).await)
}

/// Drops the message of a delivery that the other side has.
pub(in crate::notices) async fn drop_message(tx: &mut Tx, key: Key) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM delivery_messages WHERE isp_id = $1 AND delivery_id = $2";
    on_tx!(tx, conn => sqlx::query(SQL).bind(key.0).bind(key.1).execute(conn).await.map(|_| ()))
}
