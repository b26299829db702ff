//! SQL of reminders that go out as mail.

use crate::{
    db::{Db, Tx, on, on_tx},
    ids::{ContactId, IspId, ReminderMailId},
    notices::{
        dispatch::State,
        reminders::{JOB, ReminderMail},
    },
    time::Moment,
};

/// The key of such a mail.
pub(in crate::notices) type Key = (IspId, ReminderMailId);

const MAIL: &str = "SELECT m.isp_id, m.id, i.code AS isp, m.body, m.state, m.entered_at,
         m.attempts, m.way, m.lang, m.made_at, m.sha256, m.answer, m.settled_at, j.due_at
     FROM reminder_mails m JOIN isps i ON i.id = m.isp_id
     LEFT JOIN jobs j ON j.subject = m.id AND j.kind = $1";

/// All such mails, or those of a provider, oldest first.
pub(in crate::notices) async fn all(
    db: &Db,
    isp: Option<IspId>,
) -> sqlx::Result<Vec<ReminderMail>> {
    let sql = format!(
        "{MAIL} WHERE CAST($2 AS BYTEA) IS NULL OR m.isp_id = $2 ORDER BY m.entered_at, m.id"
    );
    on!(db, pool => {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        rows.bind(JOB).bind(isp).fetch_all(pool).await
    })
}

/// The mail of that key, whosever it is.
pub(in crate::notices) async fn by_id(
    tx: &mut Tx,
    mail: ReminderMailId,
) -> sqlx::Result<Option<ReminderMail>> {
    let sql = format!("{MAIL} WHERE m.id = $2");
    on_tx!(tx, conn => {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        rows.bind(JOB).bind(mail).fetch_optional(conn).await
    })
}

/// Writes a mail that waits.
pub(in crate::notices) async fn insert(
    tx: &mut Tx,
    key: Key,
    (topic, body): (&str, &str),
    at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO reminder_mails
             (isp_id, id, topic, body, state, entered_at, attempts)
         VALUES ($1, $2, $3, $4, $5, $6, 0)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(key.0)
        .bind(key.1)
        .bind(topic)
        .bind(body)
        .bind(State::Waiting.word())
        .bind(at)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// The message of a mail, of which the row tells what it is.
pub(in crate::notices) struct Made<'a> {
    pub(in crate::notices) way: &'a str,
    pub(in crate::notices) lang: &'a str,
    pub(in crate::notices) at: Moment,
    pub(in crate::notices) sha256: &'a str,
    pub(in crate::notices) target: &'a [u8],
    pub(in crate::notices) sealed: &'a [u8],
}

/// Keeps the message of a mail.
pub(in crate::notices) async fn keep(tx: &mut Tx, key: Key, made: &Made<'_>) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE reminder_mails SET way = $1, lang = $2, made_at = $3, sha256 = $4,
             target = $5, sealed = $6
         WHERE isp_id = $7 AND id = $8";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(made.way)
        .bind(made.lang)
        .bind(made.at)
        .bind(made.sha256)
        .bind(made.target)
        .bind(made.sealed)
        .bind(key.0)
        .bind(key.1)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// To whom a mail went or goes, sealed, and its sealed message while it is kept.
#[derive(sqlx::FromRow)]
pub(in crate::notices) struct Kept {
    pub(in crate::notices) target: Option<Vec<u8>>,
    pub(in crate::notices) sealed: Option<Vec<u8>>,
}

/// What is kept of a mail that was made.
pub(in crate::notices) async fn kept(tx: &mut Tx, key: Key) -> sqlx::Result<Option<Kept>> {
    const SQL: &str = "SELECT target, sealed FROM reminder_mails WHERE isp_id = $1 AND id = $2";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(key.0).bind(key.1).fetch_optional(conn).await)
}

/// Drops the message of a mail that needs not be sent again.
pub(in crate::notices) async fn drop_message(tx: &mut Tx, key: Key) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE reminder_mails SET sealed = NULL WHERE isp_id = $1 AND id = $2";
    on_tx!(tx, conn => sqlx::query(SQL).bind(key.0).bind(key.1).execute(conn).await.map(|_| ()))
}

/// A step at which a provider is asked to confirm a contact.
pub(in crate::notices) type Step = (ContactId, Moment, String);

/// The steps of all contacts that were taken: their mail reached somebody, is on its way, or was
/// found to reach nobody later than `since`.
pub(in crate::notices) async fn steps(tx: &mut Tx, since: Moment) -> sqlx::Result<Vec<Step>> {
    const SQL: &str = "SELECT s.contact_id, s.confirmed_until, s.step FROM contact_reminders s
         LEFT JOIN reminder_mails m ON m.isp_id = s.isp_id AND m.id = s.mail_id
         WHERE m.id IS NULL OR m.state NOT IN ('refused', 'bounced') OR m.settled_at > $1";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(since).fetch_all(conn).await)
}

/// Writes by which mail a step is taken; the mail before it, which reached nobody, keeps its row.
pub(in crate::notices) async fn insert_step(
    tx: &mut Tx,
    (isp, mail): Key,
    (contact, until, step): (ContactId, Moment, &str),
    at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO contact_reminders
             (isp_id, contact_id, confirmed_until, step, at, mail_id)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (isp_id, contact_id, confirmed_until, step)
         DO UPDATE SET at = excluded.at, mail_id = excluded.mail_id";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(isp).bind(contact).bind(until).bind(step).bind(at).bind(mail)
        .execute(conn).await.map(|_| ()))
}
