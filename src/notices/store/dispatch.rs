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
         d.state, d.entered_at, d.attempts, d.server, d.target, d.sealed_target, d.form,
         d.key_fingerprint, d.edition, d.made_at, d.sha256, d.bytes, d.answer, d.settled_at,
         j.due_at
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

/// Whether a delivery of the list is not settled, or is being carried at `now`.
pub(in crate::notices) async fn is_on_its_way(
    tx: &mut Tx,
    notice: &Notice,
    now: Moment,
) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM deliveries d
         WHERE d.isp_id = $1 AND d.notice_id = $2 AND (d.state = 'waiting' OR EXISTS
             (SELECT 1 FROM jobs j
               WHERE j.kind = $3 AND j.subject = d.id AND j.leased_until > $4))";
    let waiting: i64 = on_tx!(tx, conn => sqlx::query_scalar(SQL)
        .bind(notice.isp_id).bind(notice.id).bind(JOB).bind(now).fetch_one(conn).await)?;
    Ok(waiting > 0)
}

/// The last delivery of each list that was not fetched since; of one provider, or of all.
pub(in crate::notices) async fn last_of_lists(
    tx: &mut Tx,
    isp: Option<IspId>,
) -> sqlx::Result<Vec<Delivery>> {
    let sql = format!(
        "{DELIVERY} WHERE (CAST($2 AS BYTEA) IS NULL OR d.isp_id = $2)
           AND d.state IN ('waiting', 'refused', 'bounced')
           AND NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.isp_id = d.isp_id
               AND o.notice_id = d.notice_id AND o.id <> d.id
               AND (o.entered_at > d.entered_at OR (o.entered_at = d.entered_at AND o.id > d.id)))
           AND NOT EXISTS (SELECT 1 FROM whole_lists w WHERE w.isp_id = d.isp_id
               AND w.notice_id = d.notice_id AND w.at >= d.entered_at)
         ORDER BY d.entered_at, d.id"
    );
    on_tx!(tx, conn => {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        rows.bind(JOB).bind(isp).fetch_all(conn).await
    })
}

/// Deliveries of the list that were refused.
pub(in crate::notices) async fn refused(
    tx: &mut Tx,
    notice: &Notice,
) -> sqlx::Result<Vec<DeliveryId>> {
    const SQL: &str = "SELECT id FROM deliveries
         WHERE isp_id = $1 AND notice_id = $2 AND state = 'refused' ORDER BY id";
    on_tx!(tx, conn => sqlx::query_scalar(SQL)
        .bind(notice.isp_id).bind(notice.id).fetch_all(conn).await)
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
    pub(in crate::notices) server: &'a str,
    pub(in crate::notices) target: &'a [u8],
    pub(in crate::notices) form: &'a str,
    pub(in crate::notices) key: Option<&'a str>,
    pub(in crate::notices) edition: &'a str,
    pub(in crate::notices) at: Moment,
    pub(in crate::notices) sha256: &'a str,
    pub(in crate::notices) bytes: i64,
    pub(in crate::notices) sealed: &'a [u8],
}

/// Keeps the message of a delivery, in the place of one that was made before.
pub(in crate::notices) async fn keep(tx: &mut Tx, key: Key, made: &Made<'_>) -> sqlx::Result<()> {
    const ROW: &str = "UPDATE deliveries SET way = $1, sealed_target = $2, form = $3, made_at = $4,
             sha256 = $5, bytes = $6, server = $9, key_fingerprint = $10, edition = $11,
             target = NULL
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
        .bind(made.server)
        .bind(made.key)
        .bind(made.edition)
        .execute(conn)
        .await
        .map(|_| ()))?;
    drop_message(tx, key).await?;
    on_tx!(tx, conn => sqlx::query(MESSAGE)
        .bind(key.0).bind(key.1).bind(made.sealed).execute(conn).await.map(|_| ()))
}

/// The sealed message of a delivery, if it was made.
pub(in crate::notices) async fn message(tx: &mut Tx, key: Key) -> sqlx::Result<Option<Vec<u8>>> {
    const SQL: &str = "SELECT sealed FROM delivery_messages WHERE isp_id = $1 AND delivery_id = $2";
    on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(key.0).bind(key.1).fetch_optional(conn).await)
}

/// Drops the message of a delivery that the other side has.
pub(in crate::notices) async fn drop_message(tx: &mut Tx, key: Key) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM delivery_messages WHERE isp_id = $1 AND delivery_id = $2";
    on_tx!(tx, conn => sqlx::query(SQL).bind(key.0).bind(key.1).execute(conn).await.map(|_| ()))
}

/// Deliveries of which the target stands in the clear, at most `limit`: their providers and keys,
/// the target, and the last answer.
pub(in crate::notices) async fn clear(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Clear>> {
    const SQL: &str = "SELECT isp_id, id, target, answer FROM deliveries
         WHERE target IS NOT NULL ORDER BY id LIMIT $1";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(limit).fetch_all(conn).await)
}

/// A delivery of which the target stands in the clear.
#[derive(sqlx::FromRow)]
pub(in crate::notices) struct Clear {
    pub(in crate::notices) isp_id: IspId,
    pub(in crate::notices) id: DeliveryId,
    pub(in crate::notices) target: String,
    pub(in crate::notices) answer: Option<String>,
}

/// Puts the sealed target in the place of the clear one, and an answer that names nobody.
pub(in crate::notices) async fn set_sealed(
    tx: &mut Tx,
    key: Key,
    (server, sealed): (&str, &[u8]),
    answer: Option<&str>,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE deliveries SET server = $1, sealed_target = $2, answer = $3,
             target = NULL
         WHERE isp_id = $4 AND id = $5";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(server)
        .bind(sealed)
        .bind(answer)
        .bind(key.0)
        .bind(key.1)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// What is said in the events of a delivery, each with its number.
pub(in crate::notices) async fn details(
    tx: &mut Tx,
    key: Key,
) -> sqlx::Result<Vec<(i64, Option<String>)>> {
    const SQL: &str = "SELECT no, detail FROM delivery_events
         WHERE isp_id = $1 AND delivery_id = $2";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(key.0).bind(key.1).fetch_all(conn).await)
}

/// Takes an address out of what an event says.
pub(in crate::notices) async fn set_detail(
    tx: &mut Tx,
    key: Key,
    (no, detail): (i64, &str),
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE delivery_events SET detail = $1
         WHERE isp_id = $2 AND delivery_id = $3 AND no = $4";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(detail).bind(key.0).bind(key.1).bind(no).execute(conn).await.map(|_| ()))
}
