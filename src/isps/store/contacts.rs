//! SQL of contacts.

use sqlx::FromRow;

use crate::{
    db::{Tx, on_tx},
    ids::{ContactId, IspId},
    time::Moment,
};

/// A version of a contact.
#[derive(FromRow)]
pub(in crate::isps) struct Version {
    pub(in crate::isps) isp_id: IspId,
    pub(in crate::isps) id: ContactId,
    #[sqlx(rename = "version")]
    pub(in crate::isps) no: i64,
    pub(in crate::isps) role: String,
    pub(in crate::isps) body: Vec<u8>,
    pub(in crate::isps) written_at: Moment,
    pub(in crate::isps) written_by: String,
}

/// Something that happened to a contact, about to be written.
pub(in crate::isps) struct NewEvent<'a> {
    pub(in crate::isps) isp_id: IspId,
    pub(in crate::isps) contact_id: ContactId,
    pub(in crate::isps) no: i64,
    pub(in crate::isps) version: i64,
    pub(in crate::isps) at: Moment,
    pub(in crate::isps) kind: &'a str,
    pub(in crate::isps) author: &'a str,
    pub(in crate::isps) reason: Option<&'a str>,
}

/// Something that happened to a contact.
#[derive(FromRow)]
pub(in crate::isps) struct Event {
    pub(in crate::isps) isp_id: IspId,
    pub(in crate::isps) contact_id: ContactId,
    pub(in crate::isps) no: i64,
    pub(in crate::isps) version: i64,
    pub(in crate::isps) at: Moment,
    pub(in crate::isps) kind: String,
    pub(in crate::isps) author: String,
    pub(in crate::isps) reason: Option<String>,
}

/// Adds a version; one of that number that stands already counts as a clash.
pub(in crate::isps) async fn insert(
    tx: &mut Tx,
    one: &Version,
    mail_tag: &[u8],
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO isp_contacts
             (isp_id, id, version, role, mail_tag, body, written_at, written_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(one.isp_id)
        .bind(one.id)
        .bind(one.no)
        .bind(&one.role)
        .bind(mail_tag)
        .bind(&one.body)
        .bind(one.written_at)
        .bind(&one.written_by)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Adds what happened; an event of that number that stands already counts as a clash.
pub(in crate::isps) async fn insert_event(tx: &mut Tx, one: &NewEvent<'_>) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO isp_contact_events
             (isp_id, contact_id, no, version, at, kind, author, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(one.isp_id)
        .bind(one.contact_id)
        .bind(one.no)
        .bind(one.version)
        .bind(one.at)
        .bind(one.kind)
        .bind(one.author)
        .bind(one.reason)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// All versions, of one provider or of all, those of a contact in order.
pub(in crate::isps) async fn versions(
    tx: &mut Tx,
    isp: Option<IspId>,
) -> sqlx::Result<Vec<Version>> {
    const SQL: &str = "SELECT isp_id, id, version, role, body, written_at, written_by
         FROM isp_contacts";
    let of_one = isp.map_or("", |_| " WHERE isp_id = $1");
    let sql = format!("{SQL}{of_one} ORDER BY isp_id, id, version");
    on_tx!(tx, conn => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        match isp {
            Some(isp) => query.bind(isp).fetch_all(conn).await,
            None => query.fetch_all(conn).await,
        }
    })
}

/// All that happened, of one provider or of all, that of a contact in order.
pub(in crate::isps) async fn events(tx: &mut Tx, isp: Option<IspId>) -> sqlx::Result<Vec<Event>> {
    const SQL: &str = "SELECT isp_id, contact_id, no, version, at, kind, author, reason
         FROM isp_contact_events";
    let of_one = isp.map_or("", |_| " WHERE isp_id = $1");
    let sql = format!("{SQL}{of_one} ORDER BY isp_id, contact_id, no");
    on_tx!(tx, conn => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        match isp {
            Some(isp) => query.bind(isp).fetch_all(conn).await,
            None => query.fetch_all(conn).await,
        }
    })
}

/// The versions with that mail address, each with the code of its provider.
pub(in crate::isps) async fn tagged(
    tx: &mut Tx,
    tag: &[u8],
) -> sqlx::Result<Vec<(IspId, ContactId, i64, Option<String>)>> {
    const SQL: &str = "SELECT c.isp_id, c.id, c.version, i.code FROM isp_contacts c
         LEFT JOIN isps i ON i.id = c.isp_id WHERE c.mail_tag = $1";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(tag).fetch_all(conn).await)
}

/// All versions of the contacts that had that mail address once, those of a contact in order.
pub(in crate::isps) async fn versions_tagged(
    tx: &mut Tx,
    tag: &[u8],
) -> sqlx::Result<Vec<Version>> {
    const SQL: &str = "SELECT v.isp_id, v.id, v.version, v.role, v.body, v.written_at, v.written_by
         FROM (SELECT DISTINCT isp_id, id FROM isp_contacts WHERE mail_tag = $1) t
         JOIN isp_contacts v ON v.isp_id = t.isp_id AND v.id = t.id
         ORDER BY v.isp_id, v.id, v.version";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(tag).fetch_all(conn).await)
}

/// All that happened to those, that of a contact in order.
pub(in crate::isps) async fn events_tagged(tx: &mut Tx, tag: &[u8]) -> sqlx::Result<Vec<Event>> {
    const SQL: &str = "SELECT e.isp_id, e.contact_id, e.no, e.version, e.at, e.kind, e.author,
             e.reason
         FROM (SELECT DISTINCT isp_id, id FROM isp_contacts WHERE mail_tag = $1) t
         JOIN isp_contact_events e ON e.isp_id = t.isp_id AND e.contact_id = t.id
         ORDER BY e.isp_id, e.contact_id, e.no";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(tag).fetch_all(conn).await)
}
