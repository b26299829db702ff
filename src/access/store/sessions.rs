//! SQL of sessions.

use sqlx::FromRow;

use super::accounts::ACCOUNT;
use crate::{
    access::{accounts::Account, doors::Level},
    db::{Db, Tx, on, on_tx},
    ids::AccountId,
    time::Moment,
};

/// A session with its account, as it is stored.
#[derive(FromRow)]
pub(in crate::access) struct Stored {
    #[sqlx(flatten)]
    pub(in crate::access) account: Account,
    #[sqlx(try_from = "String")]
    pub(in crate::access) level: Level,
    pub(in crate::access) opened_at: Moment,
    pub(in crate::access) seen_at: Moment,
    pub(in crate::access) ends_at: Moment,
    pub(in crate::access) ceremony: Option<Vec<u8>>,
}

/// The session of that hash.
pub(in crate::access) async fn find(db: &Db, tag: &[u8]) -> sqlx::Result<Option<Stored>> {
    let sql = format!(
        "SELECT {ACCOUNT}, o.level, o.opened_at, o.seen_at, o.ends_at, o.ceremony
           FROM account_sessions o JOIN accounts a ON a.id = o.account_id WHERE o.tag = $1"
    );
    on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tag).fetch_optional(pool).await
    })
}

/// Opens a session.
pub(in crate::access) async fn insert(
    tx: &mut Tx,
    (tag, account): (&[u8], AccountId),
    level: Level,
    (now, until): (Moment, Moment),
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO account_sessions
             (tag, account_id, level, opened_at, seen_at, ends_at)
         VALUES ($1, $2, $3, $4, $4, $5)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(tag)
        .bind(account)
        .bind(level.word())
        .bind(now)
        .bind(until)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Notes that a session was seen.
pub(in crate::access) async fn touch(tx: &mut Tx, tag: &[u8], now: Moment) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE account_sessions SET seen_at = $1 WHERE tag = $2";
    on_tx!(tx, conn => sqlx::query(SQL).bind(now).bind(tag).execute(conn).await.map(|_| ()))
}

/// Keeps what a ceremony has to remember, or forgets it.
pub(in crate::access) async fn remember(
    tx: &mut Tx,
    tag: &[u8],
    ceremony: Option<&[u8]>,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE account_sessions SET ceremony = $1 WHERE tag = $2";
    on_tx!(tx, conn => sqlx::query(SQL).bind(ceremony).bind(tag).execute(conn).await.map(|_| ()))
}

/// Ends a session.
pub(in crate::access) async fn end(tx: &mut Tx, tag: &[u8], now: Moment) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE account_sessions SET ends_at = $1, ceremony = $3
         WHERE tag = $2 AND ends_at > $1";
    let nothing: Option<&[u8]> = None;
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(now).bind(tag).bind(nothing).execute(conn).await.map(|_| ()))
}

/// Ends all sessions of an account.
pub(in crate::access) async fn end_all(
    tx: &mut Tx,
    account: AccountId,
    now: Moment,
) -> sqlx::Result<()> {
    const SQL: &str =
        "UPDATE account_sessions SET ends_at = $1 WHERE account_id = $2 AND ends_at > $1";
    on_tx!(tx, conn => sqlx::query(SQL).bind(now).bind(account).execute(conn).await.map(|_| ()))
}

/// Ends all sessions of an account but the one of that hash.
pub(in crate::access) async fn end_others(
    tx: &mut Tx,
    (account, own): (AccountId, &[u8]),
    now: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE account_sessions SET ends_at = $1
         WHERE account_id = $2 AND ends_at > $1 AND tag <> $3";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(now).bind(account).bind(own).execute(conn).await.map(|_| ()))
}

/// Forgets sessions that ended before.
pub(in crate::access) async fn sweep(tx: &mut Tx, before: Moment) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM account_sessions WHERE ends_at < $1";
    on_tx!(tx, conn => sqlx::query(SQL).bind(before).execute(conn).await.map(|_| ()))
}
